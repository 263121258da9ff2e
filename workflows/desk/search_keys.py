"""By what a person is found: their identifier, and each reading of their name in which the scripts agree.

A name's key holds its consonants, given name beside family name, so that Khalid Benali is found as خالد بنعلي. Whatever
a key finds is compared once more by the whole name (workflows/matching/names.py).
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

from workflows.bodies.body import Body
from workflows.bodies.declaration import Declaration, Member
from workflows.matching.spelling import is_arabic, skeletons

SEARCH = "case_id, keys"  # the columns of desk_search
FIND_BY = f"""
    insert into desk_search ({SEARCH}) values (%s, %s) on conflict (case_id) do update set keys = excluded.keys
"""


class TypedName(NamedTuple):
    """A name as somebody types it to find a person, split into given and family name in one way."""

    given_name_ar: str | None = None
    family_name_ar: str | None = None
    given_name_la: str | None = None
    family_name_la: str | None = None


def keys_of_body(body: Body) -> list[str]:
    """The keys of everybody whom a body declares; none of one that declares no household."""
    declared = getattr(body, "declaration", None)
    return keys_of(declared.members) if isinstance(declared, Declaration) else []


def keys_of(members: Iterable[Member]) -> list[str]:
    """The keys of these members, each once."""
    found: dict[str, None] = {}
    for member in members:
        found[member.idcs] = None
        for given, family in (
            (member.given_name_ar, member.family_name_ar),
            (member.given_name_la, member.family_name_la),
        ):
            if given and family:
                found |= dict.fromkeys(name_keys(given, family))
    return list(found)


def name_keys(given: str, family: str) -> Iterator[str]:
    """The keys of a name, one for each way to read its parts."""
    return (f"{one}.{other}" for one, other in product(skeletons(given), skeletons(family)))


def typed_names(text: str) -> list[TypedName]:
    """Every way to split what was typed into a given and a family name, in either order."""
    words = text.split()
    splits = [(" ".join(words[:place]), " ".join(words[place:])) for place in range(1, len(words))]
    both = dict.fromkeys([*splits, *((family, given) for given, family in splits)])
    return [TypedName(*pair) if is_arabic(text) else TypedName(None, None, *pair) for pair in both]


def keys_of_typed(names: Sequence[TypedName]) -> list[str]:
    """The keys by which these are found."""
    found = [each for name in names for each in name_keys(*[part for part in name if part is not None])]
    return list(dict.fromkeys(found))
