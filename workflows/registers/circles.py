"""Who waits in a circle: each household of it waits for the next, so that none would ever go first. Pure."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Wait(NamedTuple):
    """A case of a household waits for another household."""

    case_id: int
    household: int
    held_by: int


def in_circles(waits: Iterable[Wait]) -> set[int]:
    """The cases that wait for a household which waits for theirs, directly or by others.

    Two households are in one circle where each leads to the other. Kosaraju's way finds them all in one walk forth and
    one back, so that a long chain takes no longer than it is: Aho, Hopcroft and Ullman, Data Structures and
    Algorithms, 1983, section 6.7.
    """
    every = list(waits)
    onward: dict[int, list[int]] = {}
    back: dict[int, list[int]] = {}
    for each in every:
        onward.setdefault(each.household, []).append(each.held_by)
        back.setdefault(each.held_by, []).append(each.household)
    circle: dict[int, int] = {}  # by household, one that stands for all of its circle
    seen: set[int] = set()
    finished = [each for start in onward for each in walk(start, onward, seen)]
    seen = set()
    for start in reversed(finished):
        circle |= dict.fromkeys(walk(start, back, seen), start)
    return {each.case_id for each in every if circle[each.household] == circle[each.held_by]}


def walk(start: int, ways: dict[int, list[int]], seen: set[int]) -> Iterator[int]:
    """The households that can be reached and were not seen before, each after all that it leads to."""
    if start in seen:
        return
    seen.add(start)
    path = [(start, iter(ways.get(start, ())))]
    while path:
        here, further = path[-1]
        following = next((each for each in further if each not in seen), None)
        if following is None:
            path.pop()
            yield here
        else:
            seen.add(following)
            path.append((following, iter(ways.get(following, ()))))
