"""Which programmes' thresholds a score meets."""

from collections.abc import Iterable
from decimal import Decimal

from workflows.events.registration import ProgrammeEligibility
from workflows.policies import threshold_of_version


def eligibilities(score: Decimal, thresholds: Iterable[str]) -> tuple[ProgrammeEligibility, ...]:
    """For each of these versions of thresholds, whether the unrounded score is at or below it (S <= threshold)."""
    found = [threshold_of_version(version) for version in thresholds]
    return tuple(
        ProgrammeEligibility(each.programme, each.version, each.threshold, score <= each.threshold) for each in found
    )
