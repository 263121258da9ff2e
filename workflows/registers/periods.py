"""When each version of a household is true: which periods a change closes, and which it adds. Pure.

A period says how long a version is true (`valid`) and since when that is known (`known`). A change overwrites no
period: it ends the knowledge of those that it touches, and adds what is known instead. So the register can tell at any
time what it held to be true at an earlier moment.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from models.days import day_of, midnight
from models.errors import Refused

INSTANT = timedelta(microseconds=1)  # the least by which PostgreSQL tells two moments apart


class Span(NamedTuple):
    """How long a version is true (`until` None: it is still true)."""

    version: int
    since: datetime
    until: datetime | None = None


class Period(NamedTuple):
    """A span that is known now: its number among the household's periods, and since when it is known."""

    number: int
    known_since: datetime
    span: Span


class PeriodChange(NamedTuple):
    """What a change writes: the numbers of periods that are known no longer, and the spans that are known instead."""

    at: datetime  # until when the closed ones were known, and since when the added ones are
    closed: tuple[int, ...]
    added: tuple[Span, ...]


def changed(periods: Sequence[Period], versions: Mapping[int, int], day: date, now: datetime) -> PeriodChange:
    """From a day on, new versions are true in the place of these.

    `periods`: all that are known now of the household; `versions`: the new one for each that is true no longer; the
    others stay. Raises what `true_from` raises.
    """
    since = true_from(periods, day, now)
    spans = [each._replace(version=versions.get(each.version, each.version)) for each in spans_from(periods, since)]
    return replaced(periods, since, spans, now)


def replaced(periods: Sequence[Period], since: datetime, spans: Iterable[Span], now: datetime) -> PeriodChange:
    """From a moment on these spans are true, in place of all that is known now of that time; none: the household ended.

    A period that stays as it is, is neither closed nor added.
    """
    true_now = joined([*spans_before(periods, since), *spans])
    known_before = {each.span for each in periods}
    return PeriodChange(
        # Later than what is known already, even if a clock went back: nothing is known for no time, or less.
        at=max([now, *(each.known_since + INSTANT for each in periods)]),
        closed=tuple(each.number for each in periods if each.span not in true_now),
        added=tuple(each for each in true_now if each not in known_before),
    )


def true_from(periods: Sequence[Period], day: date, now: datetime) -> datetime:
    """The moment from which a change is true that is said to be true from this day on: its midnight in Casablanca.

    On the household's first day, it is the moment with which its first version begins. Raises Refused for a future day
    and for one before the household's first.
    """
    if day > day_of(now):
        raise Refused("day_in_future", f"{day} is in the future. Give a day that has begun in Morocco.")
    first = min((each.span.since for each in periods), default=None)
    if first is None or day < day_of(first):
        raise Refused("day_before_first", f"{day} is before the first day for which the household is registered.")
    return max(midnight(day), first)


def spans_before(periods: Iterable[Period], moment: datetime) -> list[Span]:
    """What is known of the time before this moment: the remainder of a change from then on."""
    spans = [each.span for each in periods if each.span.since < moment]
    return [each if ended_by(each, moment) else each._replace(until=moment) for each in spans]


def spans_from(periods: Iterable[Period], moment: datetime) -> list[Span]:
    """What is known of the time from this moment on."""
    spans = [each.span for each in periods if not ended_by(each.span, moment)]
    return [each._replace(since=max(each.since, moment)) for each in spans]


def ended_by(span: Span, moment: datetime) -> bool:
    """Whether the span is over at this moment."""
    return span.until is not None and span.until <= moment


def joined(spans: Iterable[Span]) -> list[Span]:
    """The spans in their order in time; two of one version that meet are one."""
    together: list[Span] = []
    for each in sorted(spans, key=lambda span: span.since):
        last = together[-1] if together else None
        if last and (last.version, last.until) == (each.version, each.since):
            together[-1] = last._replace(until=each.until)
        else:
            together.append(each)
    return together
