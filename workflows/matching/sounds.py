"""Writes a word of a name as sounds, one sign each: a letter or a group of letters of either script.

A sign of Latin script is a small Latin letter or a capital, one of Arabic script an Arabic letter; so the two never mix
up, and a word of one script is compared with one of the other by how often the one sign stands for the other.
"""

import re
import unicodedata

# Latin letters that have no accent to take off, and the letters by which they are read.
READ_AS = str.maketrans(
    {
        "æ": "ae", "œ": "oe", "ø": "o", "ß": "ss", "ð": "d", "đ": "d", "þ": "th", "ħ": "h", "ı": "i", "ł": "l",
        "ŋ": "n", "ɛ": "a", "ɣ": "gh", "ç": "s", "ə": "e", "ʷ": "",
    }
)  # fmt: skip
# A group of letters that stands for one sound. The first that fits counts: tch is no ch. The h of th and dh is a sign
# of its own, which is mostly silent and may be an h (Othmane, Fathi).
GROUPS = (
    ("tch", "C"), ("sch", "C"), ("ch", "C"), ("sh", "C"), ("kh", "X"), ("gh", "G"), ("dj", "j"), ("th", "tʰ"),
    ("dh", "dʰ"),
    ("ph", "f"), ("ck", "k"), ("qu", "k"), ("eau", "o"), ("oo", "U"), ("ou", "U"), ("ee", "I"),
    ("x", "ks"), ("v", "f"), ("p", "b"),
)  # fmt: skip
SOFT_C = re.compile(r"c(?=[eiy])")
SOFT_GU = re.compile(r"gu(?=[eiy])")
SEAM = "|"  # between a particle and a word, where their letters would make a group: Abd|Hamid has no dh
FIRST_RH = re.compile(r"(?:^|(?<=\|))rh(?=[aeiouy])")
LAST_AE = re.compile(r"(?<=.a)e$")  # Asmae, Sanae: an aa with a hamza
CONSONANT_OU = re.compile(r"ou(?=[aeiy])")
DOUBLE = re.compile(r"([^aeiou])\1+|a{2,}|i{2,}|u{2,}")
FIRST = str.maketrans("aeiouUI", "àèìòùùì")
LAST = str.maketrans("aeiouyhUI", "áéíóúíḥúí")
# A letter of Arabic script that another keyboard or another country writes for it.
ONE_FORM = str.maketrans("أإآٱیکگؤئڭڤپچ", "اااايكڭويڭفبج", "ءٰ")
LAST_AR = str.maketrans("اي", "ٱې")
# Within a word the sounds of its ends are plain ones: where a name is read without blanks.
INNER = str.maketrans("àèìòùáéíóúḥٱېىة", "aeiouaeiouhاياا")
# The consonants of both scripts in classes that they share, each class by one letter.
SHARED = (
    "bب", "tتثط", "jج", "hحهḥ", "xخX", "dدذضظ", "rر", "zز", "sسص", "cشC", "gغG", "fف", "kقكڭgqc", "lل", "mم", "nن",
)  # fmt: skip
CLASSES = {sign: each[0] for each in SHARED for sign in each}


def plain_latin(text: str) -> str:
    """Latin letters without accents, in lower case."""
    text = text.lower().translate(READ_AS)
    if text.isascii():
        return text
    return "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))


def latin_sounds(word: str) -> str:
    """The sounds of a word in plain Latin letters."""
    word = FIRST_RH.sub("gh", LAST_AE.sub("", word))
    word = SOFT_C.sub("s", SOFT_GU.sub("g", CONSONANT_OU.sub("W", word)))
    for group, sound in GROUPS:
        if group in word:
            word = word.replace(group, sound)
    word = DOUBLE.sub(lambda found: found[0][0], word.replace("c", "k").replace(SEAM, ""))
    return word[:1].translate(FIRST) + word[1:-1] + word[-1].translate(LAST) if len(word) > 1 else word


def arabic_sounds(word: str) -> str:
    """The sounds of a word in Arabic letters, each letter in one form."""
    word = word.translate(ONE_FORM) or word
    return word[:-1] + word[-1].translate(LAST_AR) if len(word) > 1 else word


def consonants(sounds: str) -> str:
    """The consonants in the classes that both scripts share, each once where it is doubled."""
    found = ""
    for sign in sounds:
        each = CLASSES.get(sign, "")
        if each and each != found[-1:]:
            found += each
    return found
