"""Which script a name is in, and its ordinary letters, whichever keyboard it was typed on."""

import re
import unicodedata
from functools import lru_cache

from workflows.bodies.text import canonical

ARABIC = re.compile(r"[\u0621-\u064a\u066e-\u06d5]")
# Vowel signs, doubling, stretching.
MARKS = re.compile(r"[\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u08d3-\u08ff\u0640]")
# Letters of other keyboards and of Maghrebi writing, each as the letter that it is in Morocco. Some are a ta marbuta
# at the end of a word.
FINAL_HEH = re.compile(r"[ەۀۂۃ]\b")
KEYBOARDS = str.maketrans("ھہەۀۂۃڢڡڥڧٯݣڨگڪےۓںژڜ", "ههههههفففققڭڭڭكيينجش")
LATIN_ALONE = str.maketrans(
    {
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "ß": "ss",
        "ð": "d",
        "đ": "d",
        "þ": "th",
        "ħ": "h",
        "ı": "i",
        "ł": "l",
        "ŋ": "n",
        "ɛ": "a",
        "ɣ": "gh",
    }
)
SAME_LETTER = str.maketrans("أإآٱىیکگؤئةڭڤپچ", "ااااييكقويهقفبش")
KNOWN_ARABIC = re.compile(rf"[\u0621-\u063a\u0641-\u064a{''.join(map(chr, SAME_LETTER))}]+")
KNOWN_LATIN = re.compile(r"[a-z]+")


@lru_cache(maxsize=20_000)
def folded(name: str) -> str:
    """A name in ordinary letters, composed, without vowel signs and unseen marks, whichever keyboard it comes from."""
    plain = MARKS.sub("", canonical(unicodedata.normalize("NFKC", name)))
    return plain if plain.isascii() else FINAL_HEH.sub("ة", plain).translate(KEYBOARDS)


def is_arabic(text: str) -> bool:
    """Whether a text has Arabic letters."""
    return not text.isascii() and bool(ARABIC.search(text))


def is_read(name: str) -> bool:
    """Whether a name has letters, all of one script, of which every one counts when names are compared."""
    plain = folded(name)
    known = KNOWN_ARABIC if is_arabic(plain) else KNOWN_LATIN
    letters = [each for each in plain if unicodedata.category(each) in ("Lu", "Ll", "Lt", "Lo")]
    return any(each != "ء" for each in letters) and all(known.fullmatch(base_letters(each)) for each in letters)


def base_letters(text: str) -> str:
    """A text in lower case without accents; a letter such as ø becomes the letters by which it is read."""
    return "".join(
        each
        for each in unicodedata.normalize("NFKD", text.lower().translate(LATIN_ALONE))
        if not unicodedata.combining(each)
    )
