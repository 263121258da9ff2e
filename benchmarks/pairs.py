"""Measures the engine under a burden and without it, in pairs; the median of the ratios counts."""

from collections.abc import Callable
from statistics import median
from typing import Any

from benchmarks.prepared import Say

Measure = Callable[[], tuple[float, float]]  # cases a second, and over how many seconds


def ratio(pairs: int, burdened: Measure, free: Measure, say: Say) -> dict[str, Any]:
    """The median of the ratios, and every single one. The one that goes first changes from pair to pair."""
    values: list[tuple[float, float]] = []
    for number in range(1, pairs + 1):
        if number % 2:
            without, with_it = free(), burdened()
        else:
            with_it, without = burdened(), free()
        values.append((with_it[0], without[0]))
        rates = f"{with_it[0]:.0f} against {without[0]:.0f} cases/s, over {with_it[1]:.0f} and {without[1]:.0f} s"
        say(f"pair {number}: ratio {with_it[0] / without[0]:.3f}, {rates}")
    ratios = [with_it / without for with_it, without in values]
    return {
        "ratio": round(median(ratios), 3),
        "pairs": [round(each, 3) for each in ratios],
        "burdened": round(median(each for each, _ in values), 1),
        "free": round(median(each for _, each in values), 1),
    }
