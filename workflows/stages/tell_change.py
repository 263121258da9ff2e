"""The household is told the outcome of its change; a programme's threshold that it meets no more is said as a loss."""

from workflows.casefile import CaseFile
from workflows.events.update import ChangeTold, HouseholdChanged, LossTold
from workflows.evidence import TimePassed


def decide(case: CaseFile, evidence: TimePassed) -> ChangeTold | LossTold:
    """Every change is told; the status page says what moved, and why a programme was lost."""
    changed = case.last(HouseholdChanged)
    return LossTold(programmes=changed.lost) if changed.lost else ChangeTold()
