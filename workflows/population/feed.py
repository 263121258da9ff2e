"""The feed of life events: one order for all, by positions that are given after the commit, without gaps.

A number that an event got as it was written would be no order: a transaction with a lower number may commit later, and
whoever had read on to the higher one would never see it. So events are sealed as the entries of the audit are.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from models.database import Connection
from workflows.audit.sealing import Chain
from workflows.engine.hashes import timestamp
from workflows.population.partners import Partner
from workflows.population.tokens import tokens

LABEL = b"sijil.person_event.1"
FIELDS = "e.id, e.xact, e.at, e.kind, e.idcs, e.other_idcs, e.happened_on, e.fields, e.actor, e.commitment"
PAGE = f"""
    select s.position, {FIELDS} from person_event_seal s join person_event e on e.id = s.entry_id
    where s.position > %s order by s.position limit %s
"""
compact = json.JSONEncoder(separators=(",", ":")).encode


def line(row: Sequence[Any]) -> str:
    """All columns of an event as one JSON array, to the byte as it is hashed."""
    number, xact, at, kind, idcs, other, on, fields, actor, commitment = row
    day = on.isoformat() if on else None
    return compact([number, xact, timestamp(at), kind, idcs, other, day, fields, actor, bytes(commitment).hex()])


FEED = Chain("person_event", "person_event_seal", FIELDS, line, LABEL)


class Page(NamedTuple):
    """Some events in their order, and whom they are about.

    `next`: the cursor with which to go on; `more`: whether there were more just now.
    """

    events: list[dict[str, Any]]
    about: list[str]
    next: int
    more: bool


def page(connection: Connection, partner: Partner, after: int, limit: int) -> Page:
    """The events after a position that the partner is told, of the next `limit` that there are."""
    rows = connection.execute(PAGE, [after, limit + 1]).fetchall()
    read, named = rows[:limit], names_for(partner)
    told = [row for row in read if partner.policy.tells(row[4])]
    about = list(dict.fromkeys(idcs for row in told for idcs in row[5:7] if idcs))
    return Page([shown(row, named) for row in told], about, read[-1][0] if read else after, len(rows) > limit)


def names_for(partner: Partner) -> Callable[[str], dict[str, str]]:
    """How the partner is told of whom an event is: by its token, and where it may read records by the identifier."""
    token = tokens(partner.salt)
    if partner.policy.records:
        return lambda idcs: {"token": token(idcs), "idcs": idcs}
    return lambda idcs: {"token": token(idcs)}


def shown(row: Sequence[Any], named: Callable[[str], dict[str, str]]) -> dict[str, Any]:
    """An event as a partner is told it: what happened to whom and what changed, and no value."""
    position, _, _, at, kind, idcs, other, on, fields, *_ = row
    told: dict[str, Any] = {"position": position, "at": at, "kind": kind, "person": named(idcs)}
    if other:
        told["other"] = named(other)
    if on:
        told["on"] = on
    return {**told, "fields": fields} if fields else told
