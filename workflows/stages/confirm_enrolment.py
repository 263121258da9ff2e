"""A second officer confirms what the first one attested, or gives it back to the centre."""

from models.errors import Problem, Refused
from workflows.casefile import CaseFile
from workflows.events.enrolment import EnrolmentAttested, EnrolmentConfirmed, EnrolmentReturned
from workflows.evidence import EnrolmentVerdict

RETURNED = ("papers_not_seen", "differs_from_papers", "person_not_seen", "not_readable")


def decide(case: CaseFile, verdict: EnrolmentVerdict) -> EnrolmentConfirmed | EnrolmentReturned:
    """Neither the officer who attested it, nor somebody on whose word it rests. Raises Refused."""
    attested = case.past[EnrolmentAttested].actor
    if verdict.by == attested:
        raise Refused("needs_second_person", "An enrolment needs a second officer; you attested it.")
    if verdict.vouches:
        raise Refused("vouches", "You vouch for this person: another officer has to act on this enrolment.")
    if verdict.confirms:
        return EnrolmentConfirmed(attested_by=attested)
    if verdict.reason not in RETURNED:
        text = f"There is no reason '{verdict.reason}'. There are {', '.join(RETURNED)}."
        raise Refused("unknown_reason", text, problems=[Problem("reason", "Must be one of these.")])
    return EnrolmentReturned(reason=verdict.reason, attested_by=attested)
