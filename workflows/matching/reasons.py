"""Why two names score as they do, for people to read: which word met which, and which letters differ."""

from typing import NamedTuple

from workflows.matching.align import steps
from workflows.matching.model import KINDS
from workflows.matching.score import SCORER, Match, Scorer, little_shared
from workflows.matching.words import LIGHT, Word

# Signs of sounds that are no letters, as people would write them.
WRITTEN = dict(
    zip("CXGUIWʰàèìòùáéíóúḥٱې", ("ch", "kh", "gh", "ou", "ee", "ou", *"haeiouaeiouh", "ا", "ي"), strict=True)
)
CHEAP = 0.1  # a difference that costs no more is the usual way to write one letter in the other script


class Reason(NamedTuple):
    """One word of either name or one of each ("" for none), and how they met.

    `how`: "equal", "spelling", "initial", "title" (of little weight), "missing" (of one name alone), "one_word" (the
    names are read without blanks); `letters`: what differs within them, as "d/dh" or "a/-".
    """

    left: str
    right: str
    how: str
    likeness: float
    letters: tuple[str, ...] = ()


def reasons(match: Match, scorer: Scorer = SCORER) -> list[Reason]:
    """The reasons of a score, in the order of the first name."""
    left, right = match.left.words, match.right.words
    if (
        not match.pairs
        and match.score > 0
        and left
        and right
        and len(left) != len(right)
        and not little_shared(match.left, match.right, [])
    ):
        joined = scorer.as_one_word(left, right)
        if joined == match.features:
            return [Reason(text_of(left), text_of(right), "one_word", round(joined[1], 3))]
    met = {pair.left: pair for pair in match.pairs}
    taken = {pair.right for pair in match.pairs}
    found = [
        of_pair(word, right[met[place].right], met[place].like.sounds, scorer)
        if place in met
        else alone(word.text, "", word)
        for place, word in enumerate(left)
    ]
    return found + [alone("", word.text, word) for place, word in enumerate(right) if place not in taken]


def alone(left: str, right: str, word: Word) -> Reason:
    """A word that met none."""
    return Reason(left, right, "title" if word.weight == LIGHT else "missing", 0.0)


def of_pair(left: Word, right: Word, likeness: float, scorer: Scorer) -> Reason:
    """Two words that met."""
    if left.sounds == right.sounds and left.script == right.script:
        return Reason(left.text, right.text, "equal", 1.0)
    if left.initial or right.initial:
        return Reason(left.text, right.text, "initial", round(likeness, 3))
    return Reason(left.text, right.text, "spelling", round(likeness, 3), letters(left, right, scorer))


def letters(left: Word, right: Word, scorer: Scorer) -> tuple[str, ...]:
    """The differences between two words that cost anything, from where both begin at the least cost."""
    if left.script > right.script:
        return tuple(["/".join(reversed(each.split("/"))) for each in letters(right, left, scorer)])
    kind = KINDS.get((left.script, right.script))
    if not kind:
        return ()
    table = scorer.model.table(kind)
    ways = [
        (sum(step.cost for step in way) + cost + price, way)
        for i, cost in left.starts
        for j, price in right.starts
        for way in [steps(left.sounds[i:], right.sounds[j:], table)]
    ]
    _, way = min(ways, key=lambda each: each[0])
    return tuple([f"{written(step.left)}/{written(step.right)}" for step in way if step.cost > CHEAP])


def written(sign: str) -> str:
    """A sound as people write it; a dash for none."""
    return WRITTEN.get(sign, sign) or "-"


def text_of(words: tuple[Word, ...]) -> str:
    """The words of a name beside each other."""
    return " ".join(word.text for word in words)
