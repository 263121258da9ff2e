"""Bars of the last hour, as the paths of an SVG."""

from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 4, 40  # of a minute, with the gap to the next one; of the highest bar


class Chart(NamedTuple):
    """The paths of the bars and of the minutes without a figure, their width, and the highest value."""

    bars: str
    gaps: str
    width: int
    most: int


def chart(values: Sequence[int | None], direction: str) -> Chart:
    """A bar for each value, the first where reading begins; None: there is no figure."""
    most = max((each for each in values if each is not None), default=0)
    places = range(len(values)) if direction == "ltr" else reversed(range(len(values)))
    bars, gaps = [], []
    for place, value in zip(places, values, strict=True):
        if value is None:
            gaps.append(bar(place, HEIGHT))
        elif value:
            bars.append(bar(place, max(1, HEIGHT * value / most)))
    return Chart("".join(bars), "".join(gaps), WIDTH * len(values), most)


def bar(place: int, height: float) -> str:
    """A bar that stands on the ground."""
    return f"M{place * WIDTH} {HEIGHT}v-{height:.3g}h{WIDTH - 1}V{HEIGHT}z"
