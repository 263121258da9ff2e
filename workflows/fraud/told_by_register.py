"""The population register told of a death or of two entries of one person, and no machine can say what follows."""

from workflows.casefile import CaseFile
from workflows.events.registration import ReviewCleared, Signal
from workflows.events.update import RegisterTold
from workflows.evidence import ScreeningAnswer

CODE = "told_by_register"
WHY = "the population register told of a death, or of two entries of one person"
INNOCENT = "the household did nothing; the register may be wrong, and then it takes that back"
NEEDS_A_PERSON = True


def signal(case: CaseFile, answer: ScreeningAnswer) -> Signal | None:
    """Who died must not be declared any more; two entries of one person are looked at once."""
    if RegisterTold not in case.past:
        return None
    told, persons = case.body.life_event, case.declaration.persons
    looked_at = ReviewCleared in case.past
    if told.kind == "death":
        if told.idcs not in persons or (looked_at and case.body.ends_household and len(persons) == 1):
            return None
    elif looked_at:
        return None
    found = [place for place, idcs in enumerate(persons) if idcs in (told.idcs, told.other)]
    return Signal(code=CODE, members=tuple(found))
