"""Reduces names to what their spelling variants share: a key with vowels in one script, consonants across scripts.

There is no list of known names, because a method must work on names that it has not seen. The measurements in
docs/decisions/0006 chose the consonants: over real Moroccan names in both scripts they told pairs apart far better than
a transliteration.
"""

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
GAF = "ڭ"
SAME_LETTER = str.maketrans("أإآٱىیکگؤئةڭڤپچ", "ااااييكقويهقفبش")
ARABIC_CLASS = {
    "ب": "b",
    "ت": "t",
    "ث": "t",
    "ج": "j",
    "ح": "h",
    "خ": "x",
    "د": "d",
    "ذ": "d",
    "ر": "r",
    "ز": "z",
    "س": "s",
    "ش": "c",
    "ص": "s",
    "ض": "d",
    "ط": "t",
    "ظ": "d",
    "غ": "q",
    "ف": "f",
    "ق": "k",
    "ك": "k",
    "ل": "l",
    "م": "m",
    "ن": "n",
    "ه": "h",
}
LATIN_GROUPS = (
    ("kh", "x"),
    ("tch", "c"),
    ("ch", "c"),
    ("sh", "c"),
    ("dj", "j"),
    ("th", "t"),
    ("dh", "d"),
    ("ph", "f"),
    ("ck", "k"),
    ("qu", "k"),
    ("q", "k"),
    ("gh", "q"),
    ("rh", "q"),
    ("g", "k"),
    ("p", "b"),
    ("v", "f"),
)
SOFT_C = re.compile(r"(?<![st])c(?=[eiy])")
HARD_C = re.compile(r"(?<!t)(?<!s)c(?![hk])")
# The article joined to a word (Elfassi), or before a sun letter the letter's double (Ettazi, Errahmani).
ARTICLE_LA = re.compile(r"\b(?:el|al|l(?=[^aeiouy])|e(?=([tdrzsnlc])\1))(?=\w{3})", re.IGNORECASE)
ARTICLE_AR = re.compile(r"\bال(?=\w{3})")
KNOWN_ARABIC = re.compile(rf"[\u0621-\u063a\u0641-\u064a{''.join(map(chr, SAME_LETTER))}]+")
KNOWN_LATIN = re.compile(r"[a-z]+")
DOUBLE = re.compile(r"(.)\1+")
SERVANT = re.compile(r"^abd[aei]?l?(?=.)")  # Abdel-, Abdul-, Abder-, Abd-: what follows is the name


@lru_cache(maxsize=20_000)
def folded(name: str) -> str:
    """A name in ordinary letters, composed, without vowel signs and unseen marks, whichever keyboard it comes from."""
    plain = MARKS.sub("", canonical(unicodedata.normalize("NFKC", name)))
    return plain if plain.isascii() else FINAL_HEH.sub("ة", plain).translate(KEYBOARDS)


def is_read(name: str) -> bool:
    """Whether a name has letters, all of one script, of which every one counts when names are compared."""
    plain = folded(name)
    known = KNOWN_ARABIC if is_arabic(plain) else KNOWN_LATIN
    letters = [each for each in plain if unicodedata.category(each) in ("Lu", "Ll", "Lt", "Lo")]
    return "" not in spellings(plain) and all(known.fullmatch(base_letters(each)) for each in letters)


def is_arabic(text: str) -> bool:
    """Whether a text has Arabic letters."""
    return not text.isascii() and bool(ARABIC.search(text))


def bare(name: str) -> str:
    """A name without the articles joined to its words.

    Elias loses letters of its own so; therefore names are compared with and without articles.
    """
    return (ARTICLE_AR if is_arabic(name) else ARTICLE_LA).sub("", name)


@lru_cache(maxsize=20_000)
def spellings(name: str) -> frozenset[str]:
    """The keys that the usual spellings of a name in one script share, with and without articles.

    A key keeps the vowels, in three classes.
    """
    name = folded(name)
    reduce = arabic_spelling if is_arabic(name) else latin_spelling
    # Keyboards without a gaf write it as a kaf or a qaf; SAME_LETTER knows the qaf.
    readings = (name, name.replace(GAF, "ك"))
    return frozenset(reduce(each) for reading in readings for each in (reading, bare(reading)))


@lru_cache(maxsize=20_000)
def skeletons(name: str) -> frozenset[str]:
    """A name's consonants, in classes that both scripts share, for each way to read the name."""
    name = folded(name)
    readings = [name, bare(name)]
    if is_arabic(name):
        readings += [each.removesuffix("ة") + "ت" for each in readings if each.endswith("ة")]  # Najat, Hayat
    else:  # Fathi is not Fati
        readings += [re.sub("th", "tah", each, flags=re.IGNORECASE) for each in readings if "th" in each.lower()]
    return frozenset(map(skeleton, readings))


def arabic_letters(name: str) -> str:
    """The letters in one form each, without vowel signs and blanks."""
    return "".join(re.findall(r"[\u0621-\u064a]+", name.translate(SAME_LETTER)))


def arabic_spelling(name: str) -> str:
    """The key of an Arabic spelling, in which neither a hamza nor the dots of a final ta marbuta count."""
    plain = arabic_letters(name).replace("ء", "")
    for prefix in ("عبدال", "عبد"):
        if plain.startswith(prefix) and len(plain) > len(prefix) + 1:
            return "عبد " + plain.removeprefix(prefix)
    return plain


def latin_letters(name: str) -> str:
    """The letters in lower case without accents and blanks; articles that stand alone are left out."""
    text = base_letters(name.lower().replace("ç", "s"))
    words = re.findall(r"[a-z]+", text.replace("'", "").replace("’", ""))
    without = [
        word for i, word in enumerate(words) if not (word in ("el", "al", "l") and (i == 0 or words[i - 1] != "abd"))
    ]
    return "".join(without or words)


def base_letters(text: str) -> str:
    """A text in lower case without accents; a letter such as ø becomes the letters by which it is read."""
    return "".join(
        each
        for each in unicodedata.normalize("NFKD", text.lower().translate(LATIN_ALONE))
        if not unicodedata.combining(each)
    )


def latin_sounds(name: str) -> str:
    """The letters of a name with each group that stands for one sound as one letter."""
    text = HARD_C.sub("k", SOFT_C.sub("s", latin_letters(name).replace("x", "ks")))
    for group, sound in LATIN_GROUPS:
        text = text.replace(group, sound)
    return text


def latin_spelling(name: str) -> str:
    """The key of a Latin spelling: vowels other than a and e become i, and a double letter counts once.

    A silent final e or h is left out, and so is an i or e at the beginning before two consonants.
    """
    text = re.sub(r"(?<=.)(?:e|h|eh)$", "", latin_sounds(name))
    text = re.sub(r"ou|ee|oo|[ioyuw]", "i", text)
    text = re.sub(r"[ae]i(?=[^aei])", "i", DOUBLE.sub(r"\1", text))
    text = re.sub(r"^[ie](?=[^aei]{2})", "", text)
    for assimilated in ("abder", "abdes", "abden", "abdez", "abdet", "abded", "abdec", "abdir", "abdar"):
        if text.startswith(assimilated) and len(text) > len(assimilated) + 1:
            return "abd " + assimilated[-1] + text.removeprefix(assimilated)
    servant = SERVANT.match(text)
    return "abd " + text[servant.end() :] if servant and len(text) - servant.end() > 1 else text


def skeleton(name: str) -> str:
    """The consonants of one reading of a name."""
    if is_arabic(name):
        plain = arabic_letters(name).removesuffix("ه")
        plain = re.sub(r"^عبدال(?=..)", "عبد", plain)
        sounds = "".join(ARABIC_CLASS.get(letter, "") for letter in plain)
    else:
        sounds = re.sub(r"^(abd)(?:e|u|a)?l(?=..)", r"\1", re.sub(r"h$", "", latin_sounds(name)))
        sounds = re.sub(r"[aeiouyw]", "", sounds)
    return DOUBLE.sub(r"\1", sounds)
