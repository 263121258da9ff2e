"""The canonical form of a text, by which two texts are the same, and the numbers that a text may hold."""

import re
import unicodedata

EASTERN_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
# Joiners and variation selectors, which by category are no format characters.
UNSEEN_MARKS = re.compile("[\u034f\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")  # no sign before it, nothing between thousands, no exponent
WHOLE_NUMBER = re.compile(r"-?[0-9]{1,9}")


def canonical(text: str) -> str:
    """A text in the one form in which it is kept and compared.

    Composed (Unicode NFC), with 0-9 for Arabic-Indic digits, trimmed, every kind of blank a plain one, and without
    format characters: marks of direction, joiners and the like, which nobody sees or types on purpose.
    """
    if text.isascii():
        return text.strip()
    seen = UNSEEN_MARKS.sub("", "".join(map(visible, text)))
    return unicodedata.normalize("NFC", seen.translate(EASTERN_DIGITS)).strip()


def visible(letter: str) -> str:
    """A blank for a separator of any kind, nothing for a format character, any other letter as it is."""
    kind = unicodedata.category(letter)
    return " " if kind[0] == "Z" else "" if kind == "Cf" else letter


def whole_number(text: str) -> int | str:
    """A whole number from its digits; any other text as it is, for a model to refuse."""
    return int(text) if WHOLE_NUMBER.fullmatch(text) else text
