"""The population register of this proof: it ends whoever asks for one certain person, and for a while has no answer, or
a fault, for some others.

It stands where any register stands, behind the port that `SIJIL_POPULATION_REGISTER` names; the engine knows nothing of
it.
"""

import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from models.errors import Unavailable
from models.settings import settings
from workflows.evidence import RegisteredPerson
from workflows.registers.population import LocalRegister
from workflows.registers.ports import Answer

POISON = "0000000000"  # no real identifier begins with 0
ANSWER_SECONDS = 0.03  # a register takes its time, which leaves batches open to be struck


class PoisonedRegister(LocalRegister):
    """The local register, slower, and deadly for one question."""

    def persons(self, idcs: Sequence[str]) -> Mapping[str, RegisteredPerson | Answer]:
        """See `ports.PopulationRegister`."""
        if POISON in idcs:
            os._exit(1)
        time.sleep(ANSWER_SECONDS)
        silent, faulty = trouble()
        if silent.intersection(idcs):
            raise Unavailable("The register gives no answer about one of these.")
        if faulty.intersection(idcs):
            raise ArithmeticError("planted")
        return super().persons(idcs)


def note() -> Path:
    """Where it stands about whom there is no answer, and about whom a fault."""
    return settings().home / "register.json"


def trouble() -> tuple[set[str], set[str]]:
    """About whom there is no answer now, and about whom a fault."""
    try:
        told = json.loads(note().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return set(), set()
    return set(told["silent"]), set(told["faulty"])


def set_trouble(silent: Sequence[str] = (), faulty: Sequence[str] = ()) -> None:
    """From now on; at once for all who ask."""
    fresh = note().with_suffix(".new")
    fresh.parent.mkdir(parents=True, exist_ok=True)
    fresh.write_text(json.dumps({"silent": list(silent), "faulty": list(faulty)}), encoding="utf-8")
    fresh.replace(note())
