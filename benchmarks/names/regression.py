"""Logistic regression by Newton's method, and what a ranking is worth; small enough to need no library."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import exp

RIDGE, ROUNDS = 1e-4, 60
Row = Sequence[float]


def chance(weights: Sequence[float], row: Row) -> float:
    """How likely the row is a match; the row begins with 1."""
    odds = sum(weight * value for weight, value in zip(weights, row, strict=True))
    return 1 / (1 + exp(-max(-30.0, min(30.0, odds))))


def fitted(rows: Sequence[Row], answers: Sequence[int], counts: Sequence[float]) -> list[float]:
    """The weights under which the answers are the likeliest; `counts`: how often each row counts."""
    weights = [0.0] * len(rows[0])
    for _ in range(ROUNDS):
        step = newton(weights, rows, answers, counts)
        weights = [weight + by for weight, by in zip(weights, step, strict=True)]
        if max(map(abs, step)) < 1e-4:
            break
    return weights


def newton(weights: list[float], rows: Sequence[Row], answers: Sequence[int], counts: Sequence[float]) -> list[float]:
    """One step towards them."""
    size = len(weights)
    slope = [0.0] * size
    bend = [[0.0] * size for _ in range(size)]
    for row, answer, count in zip(rows, answers, counts, strict=True):
        likely = chance(weights, row)
        rest, curve = count * (answer - likely), count * max(likely * (1 - likely), 1e-6)
        for i, value in enumerate(row):
            slope[i] += rest * value
            for j, other in enumerate(row):
                bend[i][j] += curve * value * other
    for i in range(1, size):
        slope[i] -= RIDGE * len(rows) * weights[i]
        bend[i][i] += RIDGE * len(rows)
    return solved(bend, slope)


def solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """The solution of a set of linear equations, by Gauss and Jordan."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for i in range(len(rows)):
        best = max(range(i, len(rows)), key=lambda place: abs(rows[place][i]))
        rows[i], rows[best] = rows[best], rows[i]
        for k in range(len(rows)):
            if k != i:
                factor = rows[k][i] / rows[i][i]
                rows[k] = [value - factor * pivot for value, pivot in zip(rows[k], rows[i], strict=True)]
    return [row[-1] / row[i] for i, row in enumerate(rows)]


def auc(matches: Sequence[float], others: Sequence[float]) -> float:
    """The area under the ROC curve: how often a match scores above another pair."""
    ranked = sorted(others)
    below = sum(bisect_left(ranked, score) + bisect_right(ranked, score) for score in matches) / 2
    return below / len(matches) / len(ranked)


def found_at(matches: Sequence[float], others: Sequence[float], false: float) -> float:
    """Which share of the matches is found where so small a share of other pairs is let through."""
    limit = sorted(others, reverse=True)[int(false * len(others))]
    return sum(score > limit for score in matches) / len(matches)
