"""Disturbances between the strikes, which kill nothing: faults of the register, a slow gateway, a deployment."""

from collections.abc import Callable, Mapping, Sequence

from trials.chaos.hosts import SPLIT
from trials.chaos.poison import set_register_faults
from trials.chaos.staff import Operators
from trials.chaos.system import RunningSystem
from trials.generator.answers import Json

SLOW_SECONDS = 6.0  # longer than one call may take
OF_EACH = 3  # persons


def heads(bodies: Sequence[Json], share: float) -> list[str]:
    """The heads of some households that file at about this share of the way."""
    start = round(share * len(bodies))
    return [
        next(member["idcs"] for member in body["members"] if member["relationship"] == "head")
        for body in bodies[start : start + OF_EACH]
    ]


def planned(system: RunningSystem, operators: Operators, kills: int) -> Mapping[int, list[Callable[[], None]]]:
    """The disturbances before each strike, by the place of the strike."""
    faulty, silent = heads(system.people.by_hand, 0.05), heads(system.people.by_hand, 0.3)

    def mend() -> None:
        """Ends the faults of the register; operators now resume the parked cases."""
        set_register_faults()
        operators.mended = True

    turns: list[tuple[float, Callable[[], None]]] = [
        (0.0, lambda: set_register_faults(faulty=faulty)),
        (0.2, lambda: set_register_faults(silent=silent, faulty=faulty)),
        (0.35, lambda: set_register_faults(faulty=faulty)),
        (0.35, lambda: system.slow_gateway("drip", SLOW_SECONDS)),
        (0.5, lambda: system.deploy(SPLIT, "east")),
        (0.65, mend),
        (0.8, lambda: system.slow_gateway("freeze", SLOW_SECONDS)),
    ]
    plan: dict[int, list[Callable[[], None]]] = {}
    for share, disturb in turns:
        plan.setdefault(round(share * kills), []).append(disturb)
    return plan
