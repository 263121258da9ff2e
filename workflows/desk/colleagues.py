"""Who works in a territory: the people whose cases somebody looks for there, and to whom they give some."""

from collections.abc import Sequence
from typing import NamedTuple

from models.database import Connection
from workflows.staff.roles import CASEWORKER, POPULATION_OFFICER, SUPERVISOR, Territory

MOST = 200  # names in one list: with more, whoever looks says first in which region or province
HOLDING = (CASEWORKER, SUPERVISOR, POPULATION_OFFICER)  # the roles of those who hold cases
FIND = """
    select id, name from staff_account a
    where locked_at is null and exists (select from staff_role r where r.account_id = a.id and r.role = any(%s)
        and exists (select from unnest(%s::smallint[], %s::text[]) as area (region, province)
            where (area.region is null or r.region is null or r.region = area.region)
            and (area.province is null or r.province is null or r.province = area.province)))
    order by name, id limit %s
"""
NAMED = "select id, name from staff_account where id = %s"


class Colleague(NamedTuple):
    """Somebody with an account: its number, and their name."""

    account: int
    name: str


def colleagues(connection: Connection, areas: Sequence[Territory]) -> list[Colleague] | None:
    """Who may hold cases in one of these territories, by name; None where they are too many for one list."""
    regions, provinces = [each.region for each in areas], [each.province for each in areas]
    found = connection.execute(FIND, [list(HOLDING), regions, provinces, MOST + 1]).fetchall()
    return None if len(found) > MOST else [Colleague(*each) for each in found]


def colleague(connection: Connection, account: int) -> Colleague | None:
    """The person of this account; None where there is none."""
    row = connection.execute(NAMED, [account]).fetchone()
    return Colleague(*row) if row else None
