"""The one place that adds a territory to a query: which cases somebody may see, of all that the query would find."""

from typing import Any

from workflows.staff.guard import Acting
from workflows.staff.rights import RIGHTS
from workflows.staff.roles import COUNTRY

Parameters = dict[str, Any]
EVERYWHERE: Parameters = {"everywhere": True, "regions": [], "provinces": []}


def in_territory(cases: str = "cases") -> str:
    """The condition that a case of this table, or alias of it, belongs to whoever asks; `within` gives its parameters.

    A query with it cannot run without them.
    """
    where = f"{cases}.region = any(%(regions)s::smallint[]) or {cases}.province = any(%(provinces)s::text[])"
    return f"(%(everywhere)s::bool or {where})"


def of_case_in_territory(case_id: str) -> str:
    """The same condition for a row of another table, by its column that holds the number of the case."""
    where = in_territory("theirs").removeprefix("(%(everywhere)s::bool or ").removesuffix(")")
    return f"(%(everywhere)s::bool or exists (select from cases theirs where theirs.id = {case_id} and ({where})))"


def within(who: Acting, act: str) -> Parameters:
    """Where somebody may do this act, as the parameters of the conditions above: nowhere without a role for it."""
    if who.unproved or who.is_owner:
        return EVERYWHERE
    places = {each.territory for each in who.grants if each.role in RIGHTS[act]}
    return {
        "everywhere": COUNTRY in places,
        "regions": sorted(each.region for each in places if each.region is not None and each.province is None),
        "provinces": sorted(each.province for each in places if each.province is not None),
    }
