"""Reads an identifier as people type it, on pages, in files, by the API and at the command line: the same everywhere.

Digits of any script are taken, and blanks and hyphens between them. A mistake is told as what it is. Pure.
"""

from collections.abc import Mapping
from enum import StrEnum
from unicodedata import category, decimal

from models.errors import Refused
from workflows.bodies.text import canonical
from workflows.identifiers.verhoeff import check_digit

DIGITS = 10
MINUS = "\u2212"


class Mistake(StrEnum):
    """What is wrong with a typed identifier; the pages' catalogues know each as `wrong.CODE`."""

    LETTERS = "idcs_letters"
    LENGTH = "idcs_length"
    CHECK_DIGIT = "idcs_check_digit"
    FIRST_DIGIT = "idcs_first_digit"


SENTENCES: Mapping[Mistake, str] = {
    Mistake.LETTERS: "Must hold digits alone.",
    Mistake.LENGTH: "Must have ten digits, no more and no fewer.",
    Mistake.CHECK_DIGIT: "Has one wrong digit, or two that are swapped.",
    Mistake.FIRST_DIGIT: "Must not begin with 0 or 1: no identifier does.",
}


class NotAnIdentifier(ValueError):
    """A typed text is no identifier, for this reason; the error does not hold the text."""

    def __init__(self, mistake: Mistake) -> None:
        super().__init__(SENTENCES[mistake])
        self.mistake = mistake


def identifier(typed: str) -> str:
    """The ten digits of a typed identifier. Raises NotAnIdentifier."""
    digits = typed if typed.isascii() and typed.isdigit() else digits_alone(typed)
    if len(digits) != DIGITS:
        raise NotAnIdentifier(Mistake.LENGTH)
    if check_digit(int(digits[:-1])) != int(digits[-1]):
        raise NotAnIdentifier(Mistake.CHECK_DIGIT)
    if digits[0] in "01":
        raise NotAnIdentifier(Mistake.FIRST_DIGIT)
    return digits


def require_identifier(typed: str) -> str:
    """The same, where a whole page or command asks for it. Raises Refused, by the code of the mistake."""
    try:
        return identifier(typed)
    except NotAnIdentifier as wrong:
        said = str(wrong)
        raise Refused(wrong.mistake, f"The identifier {said[0].lower()}{said[1:]}") from None


def digits_alone(typed: str) -> str:
    """The digits, as 0 to 9, without the blanks and hyphens between them. Raises NotAnIdentifier."""
    kept = [each for each in canonical(typed) if not is_between(each)]
    if not all(map(str.isdecimal, kept)):
        raise NotAnIdentifier(Mistake.LETTERS)
    return "".join(str(decimal(each)) for each in kept)


def is_between(letter: str) -> bool:
    """Whether people write this between groups of digits: a blank, a hyphen or a dash of any kind."""
    return letter.isspace() or letter == MINUS or category(letter) == "Pd"
