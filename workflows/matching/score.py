"""One scorer for two names in either script: from 0 (another name) to 1 (the same), with reasons.

    read both names as words                              words.py
    for each word of one and of the other:                align.py
        the least cost to make one of the other           model.json
    pair the words off, the most alike first
    weigh what agrees, what contradicts and what is missing: a logistic regression of FEATURES

Neither order of the two names nor that of their words' typing matters; equal names need no comparison. A name that is
known in one script is compared as it is: nobody writes it in the other.
"""

from collections.abc import Iterable
from math import exp
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein

from workflows.matching.align import EQUAL, NOTHING, Likeness, likeness
from workflows.matching.model import KINDS, Model, load
from workflows.matching.sounds import INNER
from workflows.matching.words import Name, Word, name_of

FEATURES = ("constant", "agreeing", "contradicting", "unlikely", "bones")
AGREEING = FEATURES.index("agreeing")
ALIKE = 0.35  # from so much on, two words are a pair
LONGEST_JOINED = 60  # sounds of a whole name, where it is read as one word
NEAR_JOINED = 0.75
CUT = 0.5  # at most, where a name is longer than anybody's
ONE_WORD = 0.5  # at most, where names of several words share but one
KEPT = 200_000  # compared words that are remembered


class Pair(NamedTuple):
    """A word of each name that met, by their places."""

    left: int
    right: int
    like: Likeness


class Match(NamedTuple):
    """The score of two names, with their words and which of them met."""

    score: float
    left: Name
    right: Name
    pairs: tuple[Pair, ...]
    features: tuple[float, ...]  # as FEATURES names them; none where the names are equal or one is empty


class Scorer:
    """Compares names by one model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.rules = {scripts: (model.table(kind), model.words[kind]) for scripts, kind in KINDS.items()}
        self.known: dict[tuple[Word, Word], Likeness] = {}

    def score(self, a: str, b: str) -> float:
        """How alike two names are."""
        left, right = name_of(a), name_of(b)
        if left.plain == right.plain:
            return 1.0 if left.words else 0.0
        return self.compared(left, right).score

    def match(self, a: str, b: str) -> Match:
        """The same, with what it rests on."""
        left, right = name_of(a), name_of(b)
        if left.plain == right.plain:
            pairs = tuple([Pair(place, place, EQUAL) for place in range(len(left.words))])
            return Match(1.0 if left.words else 0.0, left, right, pairs, ())
        return self.compared(left, right)

    def compared(self, left: Name, right: Name) -> Match:
        """Compares two names that differ, in an order of their own, so that the answer is the same in both."""
        if right.plain < left.plain:
            turned = self.compared(right, left)
            pairs = sorted(Pair(pair.right, pair.left, pair.like) for pair in turned.pairs)
            return turned._replace(left=left, right=right, pairs=tuple(pairs))
        if not left.words or not right.words:
            return Match(0.0, left, right, (), ())
        pairs = self.paired(left.words, right.words)
        found = self.features(left.words, right.words, pairs)
        if len(left.words) != len(right.words):
            one = self.as_one_word(left.words, right.words)
            if one and one[AGREEING] > found[AGREEING]:
                found, pairs = one, []
        score = min(self.chance(found, kind_of(left, right)), ONE_WORD if little_shared(left, right, pairs) else 1.0)
        return Match(min(score, CUT) if left.cut or right.cut else score, left, right, tuple(pairs), found)

    def chance(self, found: tuple[float, ...], kind: str) -> float:
        """The score of these features."""
        odds = sum([weight * value for weight, value in zip(self.model.names[kind], found, strict=True)])
        return 1 / (1 + exp(-max(-30.0, min(30.0, odds))))

    def like(self, left: Word, right: Word) -> Likeness:
        """How alike two words are; remembered in both directions."""
        found = self.known.get((left, right))
        if found is None:
            if len(self.known) >= KEPT:
                self.known.clear()
            found = self.known[left, right] = self.known[right, left] = self.compare(left, right)
        return found

    def compare(self, left: Word, right: Word) -> Likeness:
        """How alike two words are, in an order of their own."""
        if left.sounds == right.sounds and left.script == right.script:
            return EQUAL
        if (right.script, right.sounds) < (left.script, left.sounds):
            left, right = right, left
        rules = self.rules.get((left.script, right.script))
        return likeness(left, right, *rules) if rules else NOTHING

    def paired(self, left: tuple[Word, ...], right: tuple[Word, ...]) -> list[Pair]:
        """The words that meet, each once, the most alike and the heaviest first."""
        found = [
            (like.sounds * (one.weight + other.weight), -abs(i - j), -i, -j, like)
            for i, one in enumerate(left)
            for j, other in enumerate(right)
            if (like := self.like(one, other)).sounds >= ALIKE
        ]
        found.sort(reverse=True)
        taken_left, taken_right, pairs = set(), set(), []
        for _, _, i, j, like in found:
            if i not in taken_left and j not in taken_right:
                taken_left.add(i)
                taken_right.add(j)
                pairs.append(Pair(-i, -j, like))
        return sorted(pairs)

    def features(self, left: tuple[Word, ...], right: tuple[Word, ...], pairs: list[Pair]) -> tuple[float, ...]:
        """What the score rests on, each by the weight of the words."""
        ours, theirs = sum([word.weight for word in left]), sum([word.weight for word in right])
        lost = [ours, theirs, ours, theirs]  # by sounds, then by chance
        for i, j, like in pairs:
            lost[0] -= left[i].weight * like.sounds
            lost[1] -= right[j].weight * like.sounds
            lost[2] -= left[i].weight * like.chance
            lost[3] -= right[j].weight * like.chance
        smaller = min(ours, theirs)
        return (
            1.0,
            1 - (lost[0] + lost[1]) / (ours + theirs),
            min(lost[0], lost[1]) / smaller,
            min(lost[2], lost[3]) / smaller,
            bones_alike(left, right, pairs),
        )

    def as_one_word(self, left: tuple[Word, ...], right: tuple[Word, ...]) -> tuple[float, ...] | None:
        """The features of two names that are read as one word each, where one of them may have a blank more."""
        if left[0].script > right[0].script:
            left, right = right, left
        one, other = as_word(left), as_word(right)
        rules = self.rules.get((one.script, other.script))
        if not rules or len(one.sounds) > LONGEST_JOINED or len(other.sounds) > LONGEST_JOINED:
            return None
        bones = Levenshtein.normalized_similarity(one.bones[0], other.bones[0], score_cutoff=NEAR_JOINED)
        if not bones:
            return None
        like = likeness(one, other, *rules)
        return (1.0, like.sounds, 1 - like.sounds, 1 - like.chance, bones)


def little_shared(left: Name, right: Name, pairs: list[Pair]) -> bool:
    """Whether one word alone met another, and one of the names has more."""
    return len(pairs) == 1 and len(left.words) + len(right.words) > 2


def as_word(words: tuple[Word, ...]) -> Word:
    """A name written without blanks; of no script where it has words of two."""
    sounds = "".join([word.sounds[word.bare :] for word in words])
    sounds = sounds[:1] + sounds[1:-1].translate(INNER) + sounds[-1:] if len(sounds) > 1 else sounds
    script = words[0].script if len({word.script for word in words}) == 1 else "other"
    return Word(sounds, script, sounds, (bones_of(words),), 1.0, ((0, 0.0),))


def kind_of(left: Name, right: Name) -> str:
    """How the scripts of two names stand to each other; by their first words."""
    one, other = sorted((left.words[0].script, right.words[0].script))
    return KINDS.get((one, other), "across")


def bones_alike(left: tuple[Word, ...], right: tuple[Word, ...], pairs: list[Pair]) -> float:
    """How alike the consonants of both names are, each word beside the one that it met."""
    if any(pair.left != pair.right for pair in pairs):
        met = {pair.right: pair.left for pair in pairs}
        order = sorted(range(len(right)), key=lambda place: (met.get(place, place), place))
        right = tuple([right[place] for place in order])
    return Levenshtein.normalized_similarity(bones_of(left), bones_of(right))


def bones_of(words: Iterable[Word]) -> str:
    """All consonants of a name, without articles."""
    return "".join([word.bones[-1] for word in words if word.bones])


SCORER = Scorer(load())
score, match = SCORER.score, SCORER.match
