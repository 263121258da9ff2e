"""What becomes of an upheld appeal once a worker carried its decision out: the index, and which event tells of it."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from models.days import day_of
from workflows.bodies.change import Change
from workflows.casefile import CaseFile
from workflows.events.appeal import AppealUpheld, CorrectionMade, CorrectionOpened, NothingToCorrect
from workflows.events.event import Event
from workflows.evidence import TimePassed
from workflows.policies import index_in_force
from workflows.policies.rules import in_force
from workflows.scoring.formula import RULES
from workflows.stages.conclude import correction, decide


class Foretold(NamedTuple):
    """The kind of the event that ends the appeal, and the index of the household's corrected entry; None: there is no
    entry. The index is the one that follows from what is declared: the population register may still say otherwise.
    """

    event: type[Event]
    score: Decimal | None = None


def foretold(file: CaseFile, now: datetime) -> Foretold | None:
    """What becomes of an appeal that was upheld; None of any other case, and where nothing is left to be done."""
    if file.stage != "decided" or AppealUpheld not in file.past:
        return None
    opened = decide(file, TimePassed(at=now))
    if not isinstance(opened, CorrectionOpened):
        return Foretold(NothingToCorrect)
    change = correction(file, opened).body
    assert isinstance(change, Change)
    day = change.rules_of(day_of(now))
    return Foretold(CorrectionMade, RULES[in_force(RULES)](change.declaration, day, index_in_force(day)).score)
