"""The population register of chaos, which ends each process that asks for one certain person.

For a while it gives no answer, or has a fault, for some others. `SIJIL_POPULATION_REGISTER` names it as any other
register; the engine does not know that it is special.
"""

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

from models.errors import Unavailable
from models.settings import settings
from tasks.registers.population import RemoteRegister
from trials.generator import identifiers
from workflows.evidence import Compared
from workflows.registers.population import LocalRegister
from workflows.registers.ports import Answer, DeclaredPerson

POISON = identifiers.idcs(identifiers.SEEDS, 0, 0)  # of the seed whose numbers are nobody's
ANSWER_SECONDS = 0.03  # a slow answer leaves batches open, in which a strike can hit


class PoisonedRegister(LocalRegister):
    """The local register, slower, and deadly for a process that asks for one person."""

    def compare(self, people: Sequence[DeclaredPerson]) -> Sequence[Compared | None]:
        """See `ports.PopulationRegister`."""
        die_or_fail(people)
        time.sleep(ANSWER_SECONDS)
        return super().compare(people)


class PoisonedRemote(RemoteRegister):
    """The same, of a register elsewhere, which is slow itself."""

    def compare(self, people: Sequence[DeclaredPerson]) -> Sequence[Compared | Answer | None]:
        """See `ports.PopulationRegister`."""
        die_or_fail(people)
        return super().compare(people)


def die_or_fail(people: Sequence[DeclaredPerson]) -> None:
    """Ends the process that asks about the poisonous person; raises what the faults of the moment say."""
    idcs = {each.idcs for each in people}
    if POISON in idcs:
        os._exit(1)
    silent, faulty = register_faults()
    if silent.intersection(idcs):
        raise Unavailable("The register gives no answer about one of these.")
    if faulty.intersection(idcs):
        raise ArithmeticError("planted")


def faults_file() -> Path:
    """The file with the persons for whom the register gives no answer, and those for whom it has a fault."""
    return settings().home / "register.json"


def register_faults() -> tuple[set[str], set[str]]:
    """The persons for whom the register gives no answer now, and those for whom it has a fault."""
    try:
        faults = json.loads(faults_file().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return set(), set()
    return set(faults["silent"]), set(faults["faulty"])


def set_register_faults(silent: Sequence[str] = (), faulty: Sequence[str] = ()) -> None:
    """Sets the persons for whom the register gives no answer, and those for whom it has a fault, for all processes."""
    fresh = faults_file().with_suffix(".new")
    fresh.parent.mkdir(parents=True, exist_ok=True)
    fresh.write_text(json.dumps({"silent": list(silent), "faulty": list(faulty)}), encoding="utf-8")
    fresh.replace(faults_file())
