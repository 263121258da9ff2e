"""Whatever changes and corrections come, at whatever times: of every moment, the register knows one version, and keeps
what it knew.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.days import MOROCCO, day_of, midnight
from models.errors import Refused
from workflows.registers.periods import Period, PeriodChange, Span, changed, replaced, true_from

DECLARED = datetime(2026, 2, 11, 14, 30, tzinfo=UTC)
FIRST = date(2026, 2, 11)
DAYS = 60  # over the end of Ramadan 2026, when the country's offset changes


@dataclass
class Row:
    """A row of household_period."""

    span: Span
    known_since: datetime
    known_until: datetime | None = None


@dataclass
class Register:
    """One household's rows, written as `period_rows.py` writes them."""

    rows: list[Row] = field(default_factory=lambda: [Row(Span(1, DECLARED), DECLARED)])

    def known_now(self) -> list[Period]:
        return [Period(n, row.known_since, row.span) for n, row in enumerate(self.rows) if row.known_until is None]

    def write(self, change: PeriodChange) -> None:
        for number in change.closed:
            assert self.rows[number].known_until is None
            assert self.rows[number].known_since < change.at, "an empty range"
            self.rows[number].known_until = change.at
        self.rows += [Row(span, change.at) for span in change.added]

    def known_at(self, moment: datetime) -> dict[date, tuple[int, ...]]:
        """What was known at a moment: for each day the versions that were true, by a moment within it."""
        return {day: tuple(self.versions(moment, midnight(day) + timedelta(hours=22))) for day in days()}

    def versions(self, known: datetime, true: datetime) -> Iterable[int]:
        for row in self.rows:
            if within(known, row.known_since, row.known_until) and within(true, row.span.since, row.span.until):
                yield row.span.version

    def moments(self) -> list[datetime]:
        """All moments at which something began to be known."""
        return sorted({row.known_since for row in self.rows})


def within(moment: datetime, since: datetime, until: datetime | None) -> bool:
    return since <= moment and (until is None or moment < until)


def days() -> list[date]:
    return [FIRST + timedelta(days=n) for n in range(DAYS + 2)]


Step = tuple[
    str, int, timedelta, frozenset[int]
]  # what happens, from which day, how much later, to which versions by place
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["change", "change", "correction"]),
        st.integers(0, DAYS),
        # A clock may stand still or go back.
        st.sampled_from([timedelta(days=2), timedelta(hours=1), timedelta(0), timedelta(hours=-3)]),
        st.frozensets(st.integers(0, 4), max_size=3),
    ),
    max_size=7,
)


def each_becomes(version: int, known: Iterable[Period]) -> dict[int, int]:
    """Whatever version was true, this one is in its place."""
    return {each.span.version: version for each in known}


def apply(register: Register, step: Step, version: int, now: datetime) -> dict[date, int]:
    """Writes a step; what should be known afterwards."""
    kind, offset, _, wrong = step
    day, known = FIRST + timedelta(days=offset), register.known_now()
    before = {each: versions[0] for each, versions in register.known_at(register.moments()[-1]).items()}
    if kind == "change":
        register.write(changed(known, each_becomes(version, known), day, now))
        return {each: version if each >= day else held for each, held in before.items()}
    there = sorted({each.span.version for each in known})
    held_by = {there[place]: version + place for place in wrong if place < len(there)}
    register.write(changed(known, held_by, day, now))
    return {each: held_by.get(held, held) if each >= day else held for each, held in before.items()}


@given(STEPS)
def test_of_every_moment_one_version_is_known_and_nothing_that_was_known_changes(steps: list[Step]) -> None:
    register, now, version = Register(), DECLARED + timedelta(days=DAYS + 2), 1
    for step in steps:
        now, version = now + step[2], version + 10
        earlier = {moment: register.known_at(moment) for moment in register.moments()}
        should = apply(register, step, version, now)

        assert {moment: register.known_at(moment) for moment in earlier} == earlier
        assert register.known_at(register.moments()[-1]) == {day: (held,) for day, held in should.items()}


@given(STEPS)
def test_a_change_touches_no_period_that_was_over_or_stays_as_it_is(steps: list[Step]) -> None:
    register, now, version = Register(), DECLARED + timedelta(days=DAYS + 2), 1
    for step in steps:
        now, version, before = now + step[2], version + 10, len(register.rows)
        known = {each.number for each in register.known_now()}
        apply(register, step, version, now)

        added = {row.span for row in register.rows[before:]}
        closed = {register.rows[number].span for number in known if register.rows[number].known_until}
        assert not added & closed
        in_order = sorted((each.span for each in register.known_now()), key=lambda span: span.since)
        assert all(one.until == other.since for one, other in pairwise(in_order))
        assert all(one.version != other.version for one, other in pairwise(in_order)), "cut without need"
        assert all(each.until is None or each.until > midnight(FIRST + timedelta(days=step[1])) for each in closed)
        assert all(each.since in (DECLARED, midnight(day_of(each.since))) for each in added)


@given(st.integers(0, DAYS), st.integers(0, DAYS))
def test_a_household_ends_with_a_day_and_is_known_to_have_been_there(first: int, last: int) -> None:
    register, now = Register(), DECLARED + timedelta(days=DAYS)
    register.write(changed(register.known_now(), {1: 2}, FIRST + timedelta(days=first), now))
    until = FIRST + timedelta(days=last)
    before = register.known_at(now)
    register.write(
        replaced(register.known_now(), true_from(register.known_now(), until, now), (), now + timedelta(hours=1))
    )

    assert register.known_at(now) == before
    assert register.known_at(now + timedelta(hours=1)) == {
        day: versions if day < until else () for day, versions in before.items()
    }


def test_a_day_to_come_and_one_before_the_first_are_refused() -> None:
    known = Register().known_now()
    just_after_midnight = datetime(2026, 4, 20, 0, 30, tzinfo=MOROCCO).astimezone(UTC)  # the 19th in UTC
    assert changed(known, {1: 2}, date(2026, 4, 20), just_after_midnight).added
    assert changed(known, {1: 2}, FIRST, just_after_midnight).added

    for day, code in ((date(2026, 4, 21), "day_in_future"), (FIRST - timedelta(days=1), "day_before_first")):
        with pytest.raises(Refused) as refused:
            changed(known, {1: 2}, day, just_after_midnight)
        assert refused.value.code == code


def test_a_change_on_the_first_day_leaves_nothing_of_the_old_version() -> None:
    change = changed(Register().known_now(), {1: 2}, FIRST, DECLARED + timedelta(hours=1))
    assert change == PeriodChange(DECLARED + timedelta(hours=1), (0,), (Span(2, DECLARED),))


def test_a_change_reaches_every_later_version_that_it_names_and_no_other() -> None:
    register, now = Register(), DECLARED + timedelta(days=DAYS)
    for version, day in ((2, date(2026, 3, 1)), (3, date(2026, 3, 10)), (4, date(2026, 3, 20))):
        known = register.known_now()
        register.write(changed(known, each_becomes(version, known), day, now))

    change = changed(register.known_now(), {1: 5, 2: 6, 4: 7}, date(2026, 2, 20), now + timedelta(days=1))

    bounds = [DECLARED, *(midnight(date(2026, *day)) for day in ((2, 20), (3, 1), (3, 10), (3, 20)))]
    assert change.added == (
        Span(1, bounds[0], bounds[1]),
        Span(5, bounds[1], bounds[2]),
        Span(6, bounds[2], bounds[3]),
        Span(7, bounds[4]),
    )
    assert len(change.closed) == 3
