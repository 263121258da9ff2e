"""An officer sees a person beside those who look alike, and says whether one of them is the same."""

from models.errors import Problem, Refused
from workflows.casefile import CaseFile
from workflows.events.enrolment import EnrolledAlready, EnrolmentAttested, FoundAnother, LikelyDuplicates
from workflows.evidence import DuplicateVerdict


def decide(case: CaseFile, verdict: DuplicateVerdict) -> FoundAnother | EnrolledAlready:
    """Not the officer who attested it: who issues an identifier twice would need a second person. Raises Refused."""
    attested = case.past[EnrolmentAttested].actor
    if verdict.by == attested:
        raise Refused("needs_second_person", "You attested this enrolment: another officer tells people apart.")
    if verdict.vouches:
        raise Refused("vouches", "You vouch for this person: another officer has to act on this enrolment.")
    seen = [each.idcs for each in case.last(LikelyDuplicates).candidates]
    if verdict.same and verdict.same not in seen:
        text = "This is none of the people who were found."
        raise Refused("not_found_alike", text, problems=[Problem("same", text)])
    if verdict.same:
        return EnrolledAlready(idcs=verdict.same, attested_by=attested)
    before = case.last(FoundAnother).others if FoundAnother in case.past else ()
    return FoundAnother(others=tuple(dict.fromkeys((*before, *seen))), attested_by=attested)
