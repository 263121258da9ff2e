"""Names reduced to what their spelling variants share: within a script a key that keeps vowels, across scripts
consonants alone.

No list of known names: a method must work on names that it has not seen. The consonant skeleton follows the
measurements in docs/decisions/0006: over real Moroccan names in both scripts it told pairs apart far better than
transliteration.
"""

import re
import unicodedata
from functools import lru_cache

from workflows.bodies.text import canonical

ARABIC = re.compile(r"[\u0621-\u064a\u066e-\u06d5]")
MARKS = re.compile(
    r"[\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u08d3-\u08ff\u0640]"
)  # vowel signs, doubling, stretching
# Letters of other keyboards, and of Maghrebi writing, as the letters that they are in Morocco; some are a ta marbuta at
# the end of a word.
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
# The article grown onto a word: Elfassi, Alaoui's El-, and before a sun letter its double: Ettazi, Errahmani.
ARTICLE_LA = re.compile(r"\b(?:el|al|l(?=[^aeiouy])|e(?=([tdrzsnlc])\1))(?=\w{3})", re.IGNORECASE)
ARTICLE_AR = re.compile(r"\bال(?=\w{3})")
KNOWN_ARABIC = re.compile(rf"[\u0621-\u063a\u0641-\u064a{''.join(map(chr, SAME_LETTER))}]+")
KNOWN_LATIN = re.compile(r"[a-z]+")
DOUBLE = re.compile(r"(.)\1+")
SERVANT = re.compile(r"^abd[aei]?l?(?=.)")  # Abdel-, Abdul-, Abder-, Abd-: what follows is the name


@lru_cache(maxsize=20_000)
def folded(name: str) -> str:
    """A name whatever keyboard and code points it was typed with: composed, in ordinary letters, without vowel signs
    and unseen marks.
    """
    plain = MARKS.sub("", canonical(unicodedata.normalize("NFKC", name)))
    return plain if plain.isascii() else FINAL_HEH.sub("ة", plain).translate(KEYBOARDS)


def is_read(name: str) -> bool:
    """Whether it has letters, all of one script, and every one counts when names are compared."""
    plain = folded(name)
    known = KNOWN_ARABIC if is_arabic(plain) else KNOWN_LATIN
    letters = [each for each in plain if unicodedata.category(each) in ("Lu", "Ll", "Lt", "Lo")]
    return "" not in spellings(plain) and all(known.fullmatch(base_letters(each)) for each in letters)


def is_arabic(text: str) -> bool:
    """Whether it is written in Arabic letters."""
    return bool(ARABIC.search(text))


def bare(name: str) -> str:
    """A name whose words have lost the article grown onto them.

    Elias loses more than that: so both readings are compared.
    """
    return (ARTICLE_AR if is_arabic(name) else ARTICLE_LA).sub("", name)


@lru_cache(maxsize=20_000)
def spellings(name: str) -> frozenset[str]:
    """What the usual spellings of a name within its script have in common, with and without articles; vowels are kept,
    in three classes.
    """
    name = folded(name)
    reduce = arabic_spelling if is_arabic(name) else latin_spelling
    readings = (
        name,
        name.replace(GAF, "ك"),
    )  # where a keyboard has no gaf it is written as a kaf or a qaf; SAME_LETTER has the qaf
    return frozenset(reduce(each) for reading in readings for each in (reading, bare(reading)))


@lru_cache(maxsize=20_000)
def skeletons(name: str) -> frozenset[str]:
    """Consonants alone, by classes that both scripts share, in each way that the name can be read."""
    name = folded(name)
    readings = [name, bare(name)]
    if is_arabic(name):
        readings += [each.removesuffix("ة") + "ت" for each in readings if each.endswith("ة")]  # Najat, Hayat
    else:
        readings += [
            re.sub("th", "tah", each, flags=re.IGNORECASE) for each in readings if "th" in each.lower()
        ]  # Fathi is no Fati
    return frozenset(map(skeleton, readings))


def arabic_letters(name: str) -> str:
    """One form for each letter, no vowel signs, words run together."""
    return "".join(re.findall(r"[\u0621-\u064a]+", name.translate(SAME_LETTER)))


def arabic_spelling(name: str) -> str:
    """Arabic: a hamza makes no difference, nor whether a final ta marbuta has its dots."""
    plain = arabic_letters(name).replace("ء", "")
    for prefix in ("عبدال", "عبد"):
        if plain.startswith(prefix) and len(plain) > len(prefix) + 1:
            return "عبد " + plain.removeprefix(prefix)
    return plain


def latin_letters(name: str) -> str:
    """Lower case, no accents, groups of letters that stand for one sound as one letter; words without their article."""
    text = base_letters(name.lower().replace("ç", "s"))
    words = re.findall(r"[a-z]+", text.replace("'", "").replace("’", ""))
    without = [
        word for i, word in enumerate(words) if not (word in ("el", "al", "l") and (i == 0 or words[i - 1] != "abd"))
    ]
    return "".join(without or words)


def base_letters(text: str) -> str:
    """Lower case without accents; letters that are no letter with an accent, such as ø, by what they are read as."""
    return "".join(
        each
        for each in unicodedata.normalize("NFKD", text.lower().translate(LATIN_ALONE))
        if not unicodedata.combining(each)
    )


def latin_sounds(name: str) -> str:
    """Groups of letters as one sound each."""
    text = HARD_C.sub("k", SOFT_C.sub("s", latin_letters(name).replace("x", "ks")))
    for group, sound in LATIN_GROUPS:
        text = text.replace(group, sound)
    return text


def latin_spelling(name: str) -> str:
    """Latin: a, e, and all other vowels as i; doubles once; a silent final e or h, and an i before two consonants, left
    out.
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
    """The consonants of one reading."""
    if is_arabic(name):
        plain = arabic_letters(name).removesuffix("ه")
        plain = re.sub(r"^عبدال(?=..)", "عبد", plain)
        sounds = "".join(ARABIC_CLASS.get(letter, "") for letter in plain)
    else:
        sounds = re.sub(r"^(abd)(?:e|u|a)?l(?=..)", r"\1", re.sub(r"h$", "", latin_sounds(name)))
        sounds = re.sub(r"[aeiouyw]", "", sounds)
    return DOUBLE.sub(r"\1", sounds)
