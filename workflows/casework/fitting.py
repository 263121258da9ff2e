"""Which answers to a review make sense: those for its cause, and those that do not bring it back."""

from collections.abc import Collection, Sequence

from workflows.casefile import CaseFile
from workflows.casework.reviews import RelatedCase
from workflows.fraud import HANDED_OVER, SIGNALS, own_departure, raised, same_cause, told_by_register
from workflows.stages.review import REASONS

# What can come of a review for another household's appeal alone, and of an adult's own departure alone.
OF_OUR_MISTAKE = ("nothing_found", "value_in_doubt")
OF_DEPARTURE = ("moved", "nothing_found", "false_declaration")
# Of what the population register told: of a death that only its people can say what follows from, of one that leaves
# nobody, and of two entries of one person.
OF_DEATH, OF_LAST_DEATH = ("member_died",), ("nothing_found",)
OF_ENTRIES = ("nothing_found", "person_declared_twice", "value_in_doubt")


def fits(file: CaseFile, verdict: str, reason: str, others: Sequence[RelatedCase]) -> bool:
    """Whether this answer can be meant, and the review does not come back after it."""
    return reason in reasons_that_fit(file) and (verdict != "clear" or is_cleared_by(reason, others))


def reasons_that_fit(file: CaseFile) -> Collection[str]:
    """The reasons that can be meant: of a review for one cause alone, few."""
    if needing(file) == {own_departure.CODE}:
        return OF_DEPARTURE
    if needing(file) == {told_by_register.CODE}:
        return of_register(file)
    return OF_OUR_MISTAKE if is_our_mistake(file) else of_others(file)


def of_others(file: CaseFile) -> Collection[str]:
    """Every reason, but for that of a death where none was told."""
    told = told_by_register.CODE in needing(file)
    return [reason for reasons in REASONS.values() for reason in reasons if told or reason not in OF_DEATH]


def of_register(file: CaseFile) -> Collection[str]:
    """The reasons that can be meant of a review that the population register brought about."""
    if file.body.life_event.kind != "death":
        return OF_ENTRIES
    return OF_LAST_DEATH if file.body.ends_household and len(file.declaration.members) == 1 else OF_DEATH


def is_our_mistake(file: CaseFile) -> bool:
    """Whether it is reviewed for nothing but what an appeal of another household showed."""
    return needing(file) == {same_cause.CODE}


def needing(file: CaseFile) -> set[str]:
    """The signals for which a person must look."""
    return {signal.code for signal in raised(file) if SIGNALS[signal.code].NEEDS_A_PERSON}


def is_cleared_by(reason: str, others: Sequence[RelatedCase]) -> bool:
    """Whether a review that is cleared for this reason stays so."""
    if reason == HANDED_OVER:
        return let_go_by_all(others)
    return not any(other.holds for other in others)


def let_go_by_all(others: Sequence[RelatedCase]) -> bool:
    """Whether every household that holds a member is about to let them go, by a change that is under way."""
    return any(other.holds for other in others) and all(other.holds == other.lets_go for other in others)
