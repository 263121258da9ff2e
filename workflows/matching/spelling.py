"""Names reduced to what their spelling variants share: within a script a key that keeps vowels, across scripts consonants alone.

No list of known names: a method must work on names that it has not seen. The consonant skeleton follows the measurements in
docs/decisions/0006: over real Moroccan names in both scripts it told pairs apart far better than transliteration.
"""

import re
import unicodedata
from functools import lru_cache

ARABIC = re.compile(r"[\u0600-\u06ff]")
MARKS = re.compile(r"[\u064b-\u065f\u0670\u0640]")  # vowel signs, doubling, stretching
SAME_LETTER = str.maketrans("أإآٱىیکگؤئةڭڤپچ", "ااااييكقويهقفبش")
ARABIC_CLASS = {
    "ب": "b", "ت": "t", "ث": "t", "ج": "j", "ح": "h", "خ": "x", "د": "d", "ذ": "d", "ر": "r", "ز": "z", "س": "s", "ش": "c", "ص": "s",
    "ض": "d", "ط": "t", "ظ": "d", "غ": "q", "ف": "f", "ق": "k", "ك": "k", "ل": "l", "م": "m", "ن": "n", "ه": "h",
}  # fmt: skip
LATIN_GROUPS = (
    ("kh", "x"), ("tch", "c"), ("ch", "c"), ("sh", "c"), ("dj", "j"), ("th", "t"), ("dh", "d"), ("ph", "f"),
    ("ck", "k"), ("qu", "k"), ("q", "k"), ("gh", "q"), ("rh", "q"), ("g", "k"), ("p", "b"), ("v", "f"),
)  # fmt: skip
SOFT_C = re.compile(r"(?<![st])c(?=[eiy])")
HARD_C = re.compile(r"(?<!t)(?<!s)c(?![hk])")
# The article grown onto a word: Elfassi, Alaoui's El-, and before a sun letter its double: Ettazi, Errahmani.
ARTICLE_LA = re.compile(r"\b(?:el|al|l(?=[^aeiouy])|e(?=([tdrzsnlc])\1))(?=\w{3})", re.IGNORECASE)
ARTICLE_AR = re.compile(r"\bال(?=\w{3})")
DOUBLE = re.compile(r"(.)\1+")
SERVANT = re.compile(r"^abd[aei]?l?(?=.)")  # Abdel-, Abdul-, Abder-, Abd-: what follows is the name


def is_arabic(text: str) -> bool:
    """Whether it is written in Arabic letters."""
    return bool(ARABIC.search(text))


def bare(name: str) -> str:
    """A name whose words have lost the article grown onto them. Elias loses more than that: so both readings are compared."""
    return (ARTICLE_AR if is_arabic(name) else ARTICLE_LA).sub("", name)


@lru_cache(maxsize=20_000)
def spellings(name: str) -> frozenset[str]:
    """What the usual spellings of a name within its script have in common, with and without articles; vowels are kept, in three classes."""
    reduce = arabic_spelling if is_arabic(name) else latin_spelling
    return frozenset((reduce(name), reduce(bare(name))))


@lru_cache(maxsize=20_000)
def skeletons(name: str) -> frozenset[str]:
    """Consonants alone, by classes that both scripts share, in each way that the name can be read."""
    readings = [name, bare(name)]
    if is_arabic(name):
        readings += [each.removesuffix("ة") + "ت" for each in readings if each.endswith("ة")]  # Najat, Hayat
    else:
        readings += [re.sub("th", "tah", each, flags=re.IGNORECASE) for each in readings if "th" in each.lower()]  # Fathi is no Fati
    return frozenset(map(skeleton, readings))


def arabic_letters(name: str) -> str:
    """One form for each letter, no vowel signs, words run together."""
    plain = MARKS.sub("", unicodedata.normalize("NFKC", name)).translate(SAME_LETTER)
    return "".join(re.findall(r"[\u0621-\u064a]+", plain))


def arabic_spelling(name: str) -> str:
    """Arabic: a hamza makes no difference, nor whether a final ta marbuta has its dots."""
    plain = arabic_letters(name).replace("ء", "")
    for prefix in ("عبدال", "عبد"):
        if plain.startswith(prefix) and len(plain) > len(prefix) + 1:
            return "عبد " + plain.removeprefix(prefix)
    return plain


def latin_letters(name: str) -> str:
    """Lower case, no accents, groups of letters that stand for one sound as one letter; words without their article."""
    text = unicodedata.normalize("NFKC", name).lower().replace("ç", "s")
    text = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    words = re.findall(r"[a-z]+", text.replace("'", "").replace("’", ""))
    words = [word for i, word in enumerate(words) if not (word in ("el", "al", "l") and (i == 0 or words[i - 1] != "abd") and len(words) > 1)]
    return "".join(words)


def latin_sounds(name: str) -> str:
    """Groups of letters as one sound each."""
    text = HARD_C.sub("k", SOFT_C.sub("s", latin_letters(name).replace("x", "ks")))
    for group, sound in LATIN_GROUPS:
        text = text.replace(group, sound)
    return text


def latin_spelling(name: str) -> str:
    """Latin: a, e, and all other vowels as i; doubles once; a silent final e or h, and an i before two consonants, left out."""
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
