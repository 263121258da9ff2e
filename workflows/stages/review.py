"""A caseworker answers a doubt. Lifting needs one person, refusing needs two who agree."""

from models.errors import Refused
from workflows.casefile import CaseFile
from workflows.events import ApplicationRefused, CorrectionAsked, DoubtLifted, RefusalProposed
from workflows.evidence import DoubtAnswer

REASONS = {
    "lift": ("same_household", "moved", "error_of_the_other", "nothing_found"),
    "correct": ("person_lives_elsewhere", "person_declared_twice"),
    "refuse": ("false_declaration", "duplicate_application"),
}


def decide(case: CaseFile, answer: DoubtAnswer) -> DoubtLifted | CorrectionAsked | RefusalProposed | ApplicationRefused:
    """What the verdict comes to. Raises Refused for an unknown verdict or reason, or a second opinion from the same person."""
    if answer.reason not in REASONS.get(answer.verdict, ()):
        known = "; ".join(f"{verdict}: {', '.join(reasons)}" for verdict, reasons in REASONS.items())
        raise Refused("unknown_reason", f"'{answer.verdict}' with reason '{answer.reason}' is not known. Known are {known}.")
    if answer.verdict == "lift":
        return DoubtLifted(reason=answer.reason)
    if answer.verdict == "correct":
        return CorrectionAsked(reason=answer.reason)
    return refuse(case, answer)


def refuse(case: CaseFile, answer: DoubtAnswer) -> RefusalProposed | ApplicationRefused:
    """The first to say so proposes, the second decides."""
    proposed = case.last_here(RefusalProposed)
    if proposed is None:
        return RefusalProposed(reason=answer.reason)
    if proposed.actor == answer.by:
        raise Refused("needs_second_person", "A refusal needs a second caseworker; you proposed it.")
    return ApplicationRefused(reason=answer.reason, proposed_by=proposed.actor)
