"""The reasons of a likely duplicate as sentences for a person; none holds a value of either record.

The sentences are the keys of the console's catalogue `console_duplicates`, too, which has them in the other languages.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from workflows.matching.duplicates.scoring import Reason, Zone

ZONES: Mapping[str, str] = {
    Zone.SAME_CARD: "The same identity card, and a birth date that agrees: look here first",
    Zone.PROBABLE: "Probably the same person",
    Zone.POSSIBLE: "Possibly the same person",
    "enrolled_together": "Very alike, and enrolled in the same moment",  # of a candidate whom no search found
}
TURNED = "Given name and family name are in each other's place"
GIVEN = {
    "equal": "The given name is the same",
    "spelling": "The given name is the same in another spelling",
    "across": "The given name is the same, in Arabic letters on one side and in Latin letters on the other",
    "near": "The given name is nearly the same",
    "slip": "One letter of the given name differs",
    "slips": "Two letters of the given name differ",
    "far": "The given name is hardly alike",
    "other": "The given name is another one",
    "swapped": TURNED,
    "unknown": "The given name is not known on both sides",
}
FAMILY = {
    "equal": "The family name is the same",
    "spelling": "The family name is the same in another spelling",
    "across": "The family name is the same, in Arabic letters on one side and in Latin letters on the other",
    "near": "The family name is nearly the same",
    "slip": "One letter of the family name differs",
    "slips": "Two letters of the family name differ",
    "far": "The family name is hardly alike",
    "other": "The family name is another one",
    "swapped": TURNED,
    "unknown": "The family name is not known on both sides",
}
HOMES = {
    "both": "Telephone and address are the same",
    "phone": "The telephone is the same",
    "house": "The address is the same",
    "street": "The address is the same, but has no number",
    "area": "The commune or the place of birth is the same; no address is known on both sides",
    "commune": "The commune is the same, but not the address",
    "apart": "The commune or the place of birth is another one",
    "unknown": "Neither commune nor place of birth is known on both sides",
}
PHONES = {"other": "The telephone numbers differ", "unknown": "One side has no telephone"}
BIRTHS = {
    "same": "The birth dates are the same",
    "same_first": "Both birth dates are the first of January of one year, which often stands for an unknown day",
    "same_month": "Month and year of birth are the same; one side knows no day",
    "same_year": "The year of birth is the same; one side knows no more",
    "first_of_january": "The years of birth are the same; one side says the first of January, often for an unknown day",
    "swapped": "Day and month of birth are in each other's place",
    "one_digit": "One digit of the birth date differs",
    "same_years": "The year of birth is the same; neither side knows more",
    "year_digit": "One digit of the year of birth differs; one side knows no day",
    "years_digit": "One digit of the year of birth differs; neither side knows more",
    "near": "The birth dates differ, by no more than two or three years",
    "different": "The birth dates differ",
    "years_differ": "The years of birth differ; one side knows no day",
    "years_other": "The years of birth differ; neither side knows more",
    "unknown": "One side has no birth date",
}
CARDS = {
    "equal": "The identity card is the same",
    "one_sign": "One sign of the identity card's number differs",
    "other": "The identity cards differ",
    "unknown": "One side has no identity card",
}
SEXES = {"equal": "The sex is the same", "other": "The sex differs", "unknown": "One side does not say the sex"}
GUARD = "Brothers, sisters and twins share all but the given name: this is never more than possible"
REGISTERED = "How seldom somebody who comes is registered already, among so many people"
SENTENCES = {
    "given": GIVEN,
    "family": FAMILY,
    "shared": HOMES,
    "phone": PHONES,
    "birth": BIRTHS,
    "card": CARDS,
    "sex": SEXES,
}


class Side(StrEnum):
    """What a reason speaks for."""

    FOR = "What speaks for the same person"
    AGAINST = "What speaks against it"
    UNKNOWN = "What is not known"


# What speaks against one person; whatever else is known speaks for it.
AGAINST = {
    "given": ("far", "other"),
    "family": ("far", "other"),
    "shared": ("apart",),
    "phone": ("other",),
    "birth": ("near", "different", "year_digit", "years_differ", "years_other"),
    "card": ("other",),
    "sex": ("other",),
}


class Said(NamedTuple):
    """A reason, or a part of one, in words."""

    side: Side
    sentence: str


def said_of(code: str) -> Iterator[Said]:
    """What a reason says of the two records; nothing for one that says nothing of them, or that has no words.

    The family names and what is shared of a home are one reason, and two sentences.
    """
    field, _, level = code.partition(".")
    if field == "guard":
        yield Said(Side.AGAINST, GUARD)
    levels = zip(("family", "shared"), level.split("."), strict=False) if field == "home" else [(field, level)]
    for name, one in levels:
        if sentence := SENTENCES.get(name, {}).get(one):
            yield Said(side_of(name, one), sentence)


def side_of(field: str, level: str) -> Side:
    """What a level speaks for."""
    if level == "unknown":
        return Side.UNKNOWN
    return Side.AGAINST if level in AGAINST[field] else Side.FOR


def sentence(reason: Reason) -> str:
    """What one comparison says, in one line."""
    return REGISTERED if reason.field == "registered" else "; ".join(each.sentence for each in said_of(reason.code))
