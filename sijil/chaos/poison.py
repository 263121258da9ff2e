"""The planted case: the population register of this proof ends whoever asks for one certain person.

It stands where any register stands, behind the port that `SIJIL_POPULATION_REGISTER` names; the engine knows nothing of it.
"""

import os
import time
from collections.abc import Mapping, Sequence

from workflows.evidence import RegisteredPerson
from workflows.population import LocalRegister

POISON = "0000000000"  # no real identifier begins with 0
ANSWER_SECONDS = 0.03  # a register takes its time, which leaves batches open to be struck


class PoisonedRegister(LocalRegister):
    """The local register, slower, and deadly for one question."""

    def persons(self, idcs: Sequence[str]) -> Mapping[str, RegisteredPerson]:
        """See `ports.PopulationRegister`."""
        if POISON in idcs:
            os._exit(1)
        time.sleep(ANSWER_SECONDS)
        return super().persons(idcs)
