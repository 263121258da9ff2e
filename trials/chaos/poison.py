"""The population register of chaos, which ends each process that asks for one certain person.

For a while it gives no answer, or has a fault, for some others. `SIJIL_POPULATION_REGISTER` names it as any other
register; the engine does not know that it is special.
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
ANSWER_SECONDS = 0.03  # a slow answer leaves batches open, in which a strike can hit


class PoisonedRegister(LocalRegister):
    """The local register, slower, and deadly for a process that asks for one person."""

    def persons(self, idcs: Sequence[str]) -> Mapping[str, RegisteredPerson | Answer]:
        """See `ports.PopulationRegister`."""
        if POISON in idcs:
            os._exit(1)
        time.sleep(ANSWER_SECONDS)
        silent, faulty = register_faults()
        if silent.intersection(idcs):
            raise Unavailable("The register gives no answer about one of these.")
        if faulty.intersection(idcs):
            raise ArithmeticError("planted")
        return super().persons(idcs)


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
