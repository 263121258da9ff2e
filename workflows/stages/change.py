"""A registered household changes: its new version is in force from a day on, and what moved by that is said."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from msgspec import UNSET

from models.days import day_of
from workflows.bodies.change import CORRECTION, Change
from workflows.casefile import CaseFile
from workflows.events.registration import Contribution, PersonsLost, ProgrammeEligibility, ScoreComputed
from workflows.events.update import (
    ChangeOvertaken,
    EarlierVersion,
    HouseholdChanged,
    HouseholdEnded,
    HouseholdGone,
    KnownSpan,
    MovedVariable,
    PastChange,
    UnreachedVersion,
)
from workflows.evidence import HouseholdState, RulesOfDay
from workflows.policies import index_in_force, index_of_version, thresholds_in_force
from workflows.policies.rules import in_force, version_of
from workflows.registers import periods
from workflows.registers.periods import Period, PeriodChange, Span
from workflows.registers.ports import Ports
from workflows.scoring.eligibility import eligibilities
from workflows.scoring.formula import RULES


def gather(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, HouseholdState]:
    """What the register knows of each household, and the thresholds that count for its change."""
    known = ports.register.households([case.household_id or 0 for case in batch])
    lost = ports.register.persons_lost(batch)
    today, rules = day_of(ports.now), in_force(RULES)
    return {
        case.id: HouseholdState(
            at=ports.now,
            rules=rules,
            lost=True if case.id in lost else UNSET,
            thresholds=rules_of_day(case.body.rules_of(today)).thresholds,
            earlier=tuple(rules_of_day(case.body.rules_for(each, today)) for each in case.body.earlier),
            **known[case.household_id or 0]._asdict(),
        )
        for case in batch
    }


def rules_of_day(day: date) -> RulesOfDay:
    """The index and the thresholds in force on a day."""
    return RulesOfDay(index_in_force(day).version, tuple(each.version for each in thresholds_in_force(day)))


def decide(
    case: CaseFile, state: HouseholdState
) -> HouseholdChanged | HouseholdEnded | ChangeOvertaken | HouseholdGone | PersonsLost:
    """A household that asked for it leaves the register; any other has a new version from its day on.

    Where the household changed while people looked at this change, it is compared again, lest it undo the other one.
    """
    change: Change = case.body
    if not state.last_version:
        return HouseholdGone()
    if state.last_version != change.based_on:
        return ChangeOvertaken(version=state.last_version)
    if state.lost:
        return PersonsLost()
    known = [
        Period(each.number, each.known_since, Span(each.version, each.since, each.until)) for each in state.periods
    ]
    if change.ends_household:
        ended = periods.replaced(known, periods.true_from(known, change.true_from, state.at), [], state.at)
        return HouseholdEnded(cause=change.cause or "", past=facts_of(ended))
    return changed(case, change, state, known)


def changed(case: CaseFile, change: Change, state: HouseholdState, known: Sequence[Period]) -> HouseholdChanged:
    """The new version, with what moved, and the older versions that it corrects."""
    scored = case.last(ScoreComputed)
    earlier, unreached = earlier_versions(change, state, known)
    version = state.last_version + len(earlier) + 1
    versions = {each.replaces: each.version for each in earlier} | {state.last_version: version}
    met = eligibilities(scored.score, state.thresholds)
    return HouseholdChanged(
        version=version,
        score=scored.score,
        score_before=state.score,
        eligibilities=met,
        moved=moved(state.contributions, scored.contributions) if state.policy else (),
        gained=tuple(name for name in names_met(met) if name not in state.met),
        lost=tuple(name for name in state.met if name not in names_met(met)),
        earlier=tuple(earlier),
        unreached=tuple(unreached),
        corrects=state.last_version if change.change == CORRECTION else 0,
        past=facts_of(periods.changed(known, versions, change.true_from, state.at)),
    )


def earlier_versions(
    change: Change, state: HouseholdState, known: Sequence[Period]
) -> tuple[list[EarlierVersion], list[UnreachedVersion]]:
    """The older versions as the change has them, each scored by the rules that count for it.

    A version that is true of no time from the change's day on needs none in its place.
    """
    since = periods.true_from(known, change.true_from, state.at)
    reached = {each.version for each in periods.spans_from(known, since)}
    earlier: list[EarlierVersion] = []
    unreached: list[UnreachedVersion] = []
    for each, rules in zip(change.earlier, state.earlier, strict=True):
        compute = RULES[version_of(state, RULES)]
        day = change.rules_for(each, day_of(state.at))
        score = compute(each.declaration, day, index_of_version(rules.index)).score
        if each.version in reached:
            version = state.last_version + len(earlier) + 1
            earlier.append(EarlierVersion(version, each.version, score, eligibilities(score, rules.thresholds)))
        else:
            unreached.append(UnreachedVersion(each.version, score))
    return earlier, unreached


def names_met(met: Iterable[ProgrammeEligibility]) -> list[str]:
    """The programmes whose threshold is met."""
    return [each.programme for each in met if each.eligible]


def moved(before: Sequence[Contribution], after: Sequence[Contribution]) -> tuple[MovedVariable, ...]:
    """The variables that have another value or count otherwise, in the order of their names."""
    old, new = by_variable(before), by_variable(after)
    pairs = [(name, old.get(name), new.get(name)) for name in sorted(old.keys() | new.keys())]
    return tuple(
        MovedVariable(name, value(was), value(now), product(was), product(now))
        for name, was, now in pairs
        if was != now
    )


def by_variable(contributions: Iterable[Contribution]) -> dict[str, Contribution]:
    """The terms of a sum by their variables."""
    return {each.variable: each for each in contributions}


def value(term: Contribution | None) -> Decimal | None:
    """The value of a variable that counts."""
    return term.value if term else None


def product(term: Contribution | None) -> Decimal | None:
    """What it adds to the sum."""
    return term.product if term else None


def facts_of(change: PeriodChange) -> PastChange:
    """A change of periods as an event holds it."""
    return PastChange(change.at, change.closed, tuple(KnownSpan(*each) for each in change.added))
