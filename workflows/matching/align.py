"""Compares two words of names sound by sound, at the least cost (a weighted edit distance)."""

from collections.abc import Mapping, Sequence
from math import exp
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein

from workflows.matching.model import Table
from workflows.matching.words import ARTICLE, Word

Seeds = Sequence[tuple[int, float]]
NO_SEEDS: Mapping[int, Seeds] = {}
NO_SWAPS: Mapping[str, float] = {}
SHARED_BONES = 0.34  # words whose consonants agree less are not looked at more closely
SAME_INITIAL = 0.8


class Likeness(NamedTuple):
    """How alike two words are, from 0 to 1: by their sounds, and how likely they are one name."""

    sounds: float
    chance: float


class Step(NamedTuple):
    """One sound of either word, or one of each ("" for none), and what it cost."""

    left: str
    right: str
    cost: float


NOTHING, EQUAL = Likeness(0.0, 0.0), Likeness(1.0, 1.0)


def likeness(left: Word, right: Word, table: Table, weights: Sequence[float]) -> Likeness:
    """How alike two words are that are not equal, the one of Arabic script on the left."""
    if left.initial or right.initial:
        alike = table.swaps.get(left.sounds[:1], {}).get(right.sounds[:1], 1.0) < 0.35
        return Likeness(SAME_INITIAL, SAME_INITIAL) if alike else NOTHING
    if not share_bones(left.bones, right.bones):
        return NOTHING
    cost, whole = distance(left, right, table), size(left, right, table)
    share = cost / whole
    odds = weights[0] + weights[1] * cost + weights[2] * share + weights[3] * min(whole, 5.0)
    return Likeness(max(0.0, 1 - share), 1 / (1 + exp(-max(-30.0, min(30.0, odds)))))


def share_bones(left: Sequence[str], right: Sequence[str]) -> bool:
    """Whether the consonants are near each other, with or without an article."""
    for one in left:
        for other in right:
            if not one or not other or Levenshtein.normalized_similarity(one, other, score_cutoff=SHARED_BONES):
                return True
    return False


def size(left: Word, right: Word, table: Table) -> float:
    """How much there is to match; articles count for nothing."""
    return max(table.whole(left.sounds[article(left) :], right.sounds[article(right) :]), 1.0)


def article(word: Word) -> int:
    """How many sounds at the beginning are an article."""
    return next((start for start, cost in word.starts if cost == ARTICLE), 0)


def distance(left: Word, right: Word, table: Table) -> float:
    """The least cost to make one word of the other, from wherever each may begin."""
    if len(left.starts) == len(right.starts) == 1:
        return walked(left.sounds, right.sounds, table)
    seeds: dict[int, list[tuple[int, float]]] = {}
    for i, cost in left.starts:
        seeds[i] = [(j, cost + price) for j, price in right.starts]
    return walked(left.sounds, right.sounds, table, seeds)


def walked(left: str, right: str, table: Table, seeds: Mapping[int, Seeds] = NO_SEEDS) -> float:
    """The least cost from one word to the other; `seeds`: cells in which one may begin, for each row, with the cost."""
    alone = [table.right.get(each, 1.0) for each in right]
    row = [0.0]
    for price in alone:
        row.append(row[-1] + price)
    if seeds:
        sow(row, seeds[0], alone)
    for place, sign in enumerate(left, 1):
        swap, price = table.swaps.get(sign, NO_SWAPS).get, table.left.get(sign, 1.0)
        before = row[0]
        best = before + price
        after = [best]
        for other, added, above in zip(right, alone, row[1:], strict=True):
            best += added
            swapped = before + swap(other, 1.0)
            if swapped < best:
                best = swapped
            if above + price < best:
                best = above + price
            after.append(best)
            before = above
        row = after
        if place in seeds:
            sow(row, seeds[place], alone)
    return row[-1]


def sow(row: list[float], seeds: Seeds, alone: Sequence[float]) -> None:
    """Lets a row begin in these cells, where that is cheaper."""
    for place, cost in seeds:
        while place < len(row) and cost < row[place]:
            row[place] = cost
            cost += alone[place] if place < len(alone) else 0.0
            place += 1


def steps(left: str, right: str, table: Table) -> list[Step]:
    """The cheapest way from one word to the other, sound by sound."""
    found: list[Step] = []
    rows = [[walked(left[:i], right[:j], table) for j in range(len(right) + 1)] for i in range(len(left) + 1)]
    i, j = len(left), len(right)
    while i or j:
        here = rows[i][j]
        ways = []
        if i and j:
            cost = table.swaps.get(left[i - 1], {}).get(right[j - 1], 1.0)
            ways.append((abs(rows[i - 1][j - 1] + cost - here), i - 1, j - 1, cost))
        if i:
            cost = table.left.get(left[i - 1], 1.0)
            ways.append((abs(rows[i - 1][j] + cost - here), i - 1, j, cost))
        if j:
            cost = table.right.get(right[j - 1], 1.0)
            ways.append((abs(rows[i][j - 1] + cost - here), i, j - 1, cost))
        _, k, m, cost = min(ways, key=lambda way: way[0])
        found.append(Step(left[k:i], right[m:j], cost))
        i, j = k, m
    return found[::-1]
