"""An officer at a centre saw the person and the papers, and completed the enrolment."""

from models.errors import Problem, Refused
from workflows.casefile import CaseFile
from workflows.events.enrolment import EnrolmentAttested
from workflows.evidence import Attestation

OBJECTIONS = {
    "unknown": "The register knows no such person.",
    "deceased": "This person is not alive any more.",
    "not_of_age": "This person is not of age.",
    "no_card": "The register knows no national card of this person.",
    "another_card": "The register knows another national card of this person.",
    "one_person": "This is the other witness, under another identifier.",
    "applicant": "This is the person who is to be enrolled.",
    "officer": "This is you: another officer has to act on this enrolment.",
}


def decide(case: CaseFile, form: Attestation) -> EnrolmentAttested:
    """Attested where nothing stands in the way of those who vouch for the person. Raises Refused."""
    problems = [Problem(each.field, OBJECTIONS[code]) for each in form.vouchers for code in each.objections]
    if problems:
        text = "Who vouches for this person cannot do so; problems names each field."
        raise Refused("cannot_vouch", text, problems=problems)
    return EnrolmentAttested(body=form.number, digest=form.digest)
