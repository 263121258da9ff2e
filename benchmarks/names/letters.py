"""Learns which sounds of one script stand for which of the other: expectation maximisation over aligned words.

The model is a stochastic edit distance without memory (Ristad and Yianilos 1998): each pair of words is made by steps,
a sound of each or of one alone, and the chance of each step is what the pairs themselves make likeliest.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from workflows.matching.sounds import CLASSES
from workflows.matching.words import ARTICLE, Word

Step = tuple[str, str]
Chances = dict[Step, float]
FIRST_VOWELS = (("ع", "ì"), ("ع", "ù"), ("ا", "ù"), ("ا", "ò"))  # Imad, Issam: rare in the training, not in life
GAF = (
    "ك",
    "g",
)  # Regragui, Glaoui: Morocco writes a g as a kaf where Algeria writes a qaf, and the training is Algeria's
UNWRITTEN = ("", "W")  # Souad, Mouad: a short ou before a vowel that is an ain
SEEN: dict[Step, float] = {UNWRITTEN: 5.0, GAF: 100.0}
ROUNDS, LEAST, UNLIKELY = 8, 1e-7, 0.06
# What people write that the training pairs hold seldom or never; counts of a third of a sight each.
HABITS: tuple[Step, ...] = (
    ("ڭ", "g"), ("ڭ", "k"), ("خ", "h"), ("خ", "k"), ("غ", "r"), ("غ", "g"), ("ج", "g"), ("ذ", "z"), ("ظ", "z"),
    ("ض", "z"), ("ث", "s"), ("ص", "z"), ("ق", "q"), ("ك", "q"), ("ج", "z"), ("ع", "h"), ("ح", "ḥ"),
    ("ه", "ḥ"),
    ("ع", "ì"), ("ع", "i"), ("ع", "ù"), ("ع", "u"), ("ع", "o"), ("ا", "ù"), ("ا", "ò"), ("ا", "o"),
)  # fmt: skip


def learnt(pairs: Sequence[tuple[Word, Word, float]]) -> Chances:
    """The chance of each step, from pairs of words that count so much each."""
    chances = first_guess(pairs)
    smooth = {step: smoothing(step) for step in chances}
    for _ in range(ROUNDS):
        counts: dict[Step, float] = defaultdict(float, smooth)
        for left, right, weight in pairs:
            count(left, right, weight, chances, counts)
        total = sum(counts.values())
        chances = {step: value / total for step, value in counts.items()}
    return chances


def first_guess(pairs: Sequence[tuple[Word, Word, float]]) -> Chances:
    """Sounds of one class are more likely to meet."""
    lefts = sorted({sign for left, _, _ in pairs for sign in left.sounds} | {step[0] for step in HABITS})
    rights = sorted({sign for _, right, _ in pairs for sign in right.sounds} | {step[1] for step in HABITS})
    guess = {(left, right): 20.0 if same_class(left, right) else 1.0 for left in lefts for right in rights}
    guess |= {(left, ""): 3.0 for left in lefts} | {("", right): 3.0 for right in rights}
    total = sum(guess.values())
    return {step: value / total for step, value in guess.items()}


def same_class(left: str, right: str) -> bool:
    """Whether two sounds are the same consonant, roughly."""
    return left in CLASSES and CLASSES[left] == CLASSES.get(right)


def smoothing(step: Step) -> float:
    """How often a step counts as seen without having been."""
    if step in SEEN:
        return SEEN[step]
    if step in HABITS:
        return 2.0 if step in FIRST_VOWELS else 0.3
    return 0.05 if "" in step else 0.025 if same_class(*step) else 0.001


def count(left: Word, right: Word, weight: float, chances: Chances, counts: dict[Step, float]) -> None:
    """Adds how often each step is expected in a pair of words, from where they are likeliest to begin."""
    ways = [(left.sounds[i:], right.sounds[j:]) for i in articles(left) for j in articles(right)]
    tables = [(forward(*way, chances), way) for way in ways]
    ahead, (one, other) = max(
        tables, key=lambda table: table[0][-1][-1] ** (1 / (len(table[1][0]) + len(table[1][1]) + 1))
    )
    likely = ahead[-1][-1]
    if likely ** (1 / (len(one) + len(other) + 1)) < UNLIKELY:
        return  # the words mean the same and sound otherwise
    behind = forward(one[::-1], other[::-1], chances)
    for i in range(len(one) + 1):
        for j in range(len(other) + 1):
            for step, k, m in steps_from(one, other, i, j):
                rest = behind[len(one) - k][len(other) - m]
                counts[step] += weight * ahead[i][j] * chances.get(step, LEAST) * rest / likely


def articles(word: Word) -> list[int]:
    """Where a word may begin, before or behind an article."""
    return [start for start, cost in word.starts if cost in (0.0, ARTICLE)]


def steps_from(one: str, other: str, i: int, j: int) -> Iterable[tuple[Step, int, int]]:
    """The steps that lead on from a place in both words, with the places to which they lead."""
    if i < len(one):
        yield (one[i], ""), i + 1, j
    if j < len(other):
        yield ("", other[j]), i, j + 1
    if i < len(one) and j < len(other):
        yield (one[i], other[j]), i + 1, j + 1


def forward(one: str, other: str, chances: Chances) -> list[list[float]]:
    """How likely the beginnings of two words are made, for each two of them."""
    table = [[0.0] * (len(other) + 1) for _ in range(len(one) + 1)]
    table[0][0] = 1.0
    for i in range(len(one) + 1):
        for j in range(len(other) + 1):
            for step, k, m in steps_from(one, other, i, j):
                table[k][m] += table[i][j] * chances.get(step, LEAST)
    return table
