"""By what a person is found: their identifier, and keys of their name in which its spellings and the scripts agree.

Every two words of a name make a key, in either order, so that Khalid Benali is found as خالد بنعلي and by a part of a
longer name. Whatever a key finds is compared once more by the whole name (workflows/matching/score.py).
"""

from collections.abc import Iterable

from workflows.bodies.body import Body
from workflows.bodies.declaration import Declaration, Member
from workflows.bodies.enrolment import Enrolment
from workflows.matching.keys import name_keys
from workflows.matching.verdict import names_of

SEARCH = "case_id, keys"  # the columns of desk_search
FIND_BY = f"""
    insert into desk_search ({SEARCH}) values (%s, %s) on conflict (case_id) do update set keys = excluded.keys
"""


def keys_of_body(body: Body) -> list[str]:
    """The keys of everybody whom a body declares; none of one that declares nobody."""
    if isinstance(body, Enrolment):
        return list(dict.fromkeys(key for name in names_of(body) for key in keys_of_name(name)))
    declared = getattr(body, "declaration", None)
    return keys_of(declared.members) if isinstance(declared, Declaration) else []


def keys_of(members: Iterable[Member]) -> list[str]:
    """The keys of these members, each once."""
    found: dict[str, None] = {}
    for member in members:
        found[member.idcs] = None
        for name in names_of(member):
            found |= dict.fromkeys(keys_of_name(name))
    return list(found)


def keys_of_name(name: str) -> list[str]:
    """The keys of a name as it is declared or typed, in an order of their own."""
    return sorted(name_keys(name))
