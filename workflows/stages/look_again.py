"""The population register changed what it keeps of a member who did not agree with it: it is asked again."""

from workflows.casefile import CaseFile
from workflows.events.registration import RegisterChanged
from workflows.evidence import RegisterChange


def decide(case: CaseFile, change: RegisterChange) -> RegisterChanged:
    """The case goes on by itself; whether the members agree now is for the register to say."""
    return RegisterChanged(members=change.members)
