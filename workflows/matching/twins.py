"""People of one batch who are the same: none of them stands in the register yet, where they would be found."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Protocol

from workflows.matching.births import Birth, BirthVerdict, compare_births
from workflows.matching.duplicates.keys import keys_of as searched_by
from workflows.matching.duplicates.record import Record, record_about
from workflows.matching.duplicates.scoring import Context, Matcher
from workflows.matching.keys import name_keys
from workflows.matching.verdict import Named, NameVerdict, compare_names, names_of

ONE_BIRTH = (
    BirthVerdict.SAME,
    BirthVerdict.SAME_MONTH,
    BirthVerdict.SAME_YEAR,
    BirthVerdict.FIRST_OF_JANUARY,
    BirthVerdict.SWAPPED,
)


class Newcomer(Named, Protocol):
    """A person who has no identifier yet, as an enrolment declares them."""

    @property
    def birth_date(self) -> date:
        """The day of birth; of a year alone, its first day."""

    @property
    def birth_precision(self) -> str:
        """How much of it is known."""

    @property
    def sex(self) -> str:
        """As papers have it."""

    @property
    def cin(self) -> str | None:
        """The number of the national card, of who has one."""


def earlier_twins(people: Sequence[Newcomer], context: Context) -> list[int | None]:
    """For each of these people, the place of the first one before who may be the same and has no twin; None: nobody.

    Whom the register would find as a likely duplicate, had they come one after the other, is one here, too.
    """
    seen: dict[str | int, list[int]] = {}
    found: list[int | None] = []
    records = [record_about(each) for each in people]
    for place, person in enumerate(people):
        keys: list[str | int] = [*keys_of(person), *searched_by(records[place])]
        nearby = dict.fromkeys(other for key in keys for other in seen.get(key, ()))
        matcher = Matcher(records[place], context)
        twin = next(
            (
                other
                for other in sorted(nearby)
                if are_alike(people[other], person) or is_likely(matcher, records[other])
            ),
            None,
        )
        found.append(twin)
        if twin is None:
            for key in keys:
                seen.setdefault(key, []).append(place)
    return found


def are_alike(one: Newcomer, other: Newcomer) -> bool:
    """Whether two people may be the same: by their card, or by name, birth and sex."""
    if one.cin and one.cin == other.cin:
        return True
    return (
        one.sex == other.sex
        and compare_births(birth_of(one), birth_of(other)) in ONE_BIRTH
        and compare_names(one, other).verdict is NameVerdict.SAME
    )


def is_likely(matcher: Matcher, other: Record) -> bool:
    """Whether somebody would be found as a likely duplicate, were they registered."""
    like = matcher.compare(other)
    return like is not None and like.zone is not None


def birth_of(person: Newcomer) -> Birth:
    """When somebody was born, as exactly as is known."""
    return Birth(person.birth_date, person.birth_precision)


def keys_of(person: Newcomer) -> Iterator[str]:
    """By what somebody who may be the same is found."""
    if person.cin:
        yield f"card {person.cin}"
    for name in names_of(person):
        yield from name_keys(name)
