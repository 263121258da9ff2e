"""Reads the history of one case for operators and caseworkers: its events, messages and failure, in codes.

It names nobody of the household.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from psycopg.rows import dict_row

from models.database import Connection
from workflows.events.event import KINDS, CaseParked, CaseResumed
from workflows.flows import FLOWS, PARKED, stage_of
from workflows.intake.receipts import find
from workflows.staff.signatures import names_of

CASE = """
    select c.id, r.reference, c.kind, c.stage, c.stage_since, c.version, c.lane, c.open, c.queue, c.ready, c.due_at,
        c.deadline, c.submitted_at
    from cases c join receipt r on r.case_id = c.id where c.id = %s
"""
EVENTS = "select seq, at, kind, actor as by, facts::text as facts from event where case_id = %s order by seq"
MESSAGES = """
    select m.seq, m.template, m.channel, m.status, m.sent_at, m.tries, m.error, m.delivery, m.delivery_at,
        b.done_at as printed_at
    from message m left join letter l on l.id = m.id left join letter_batch b on b.number = l.batch
    where m.case_id = %s order by m.seq
"""
DIGEST_LENGTH = 64  # characters
FAILURE = "select stage, tries, error, at, parked, unanswered_since from case_failure where case_id = %s"


def timeline(connection: Connection, reference: str) -> dict[str, Any]:
    """A case with its `events`, each with the stage that it led to, its `messages` and its last `failure`.

    Raises NotFound.
    """
    case_id = find(connection, reference).id
    with connection.cursor(row_factory=dict_row) as cursor:
        case = cursor.execute(CASE, [case_id]).fetchone()
        assert case is not None
        events = cursor.execute(EVENTS, [case_id]).fetchall()
        messages = cursor.execute(MESSAGES, [case_id]).fetchall()
        failure = cursor.execute(FAILURE, [case_id]).fetchone()
    names, stage = names_of(connection, {each["by"] for each in events}), ""
    for each in events:
        facts = None if each["facts"] is None else msgspec.json.decode(each["facts"])
        stage = leads_to(case["kind"], stage, each["kind"], facts or {})
        each |= {
            "by": names.get(each["by"], each["by"]),
            "stage": stage,
            "facts": facts if facts is None else shortened(facts),
        }
    return {name: value for name, value in case.items() if name != "id"} | {
        "events": events,
        "messages": messages,
        "failure": failure,
    }


def leads_to(kind: str, stage: str, event: str, facts: Mapping[str, Any]) -> str:
    """The stage to which an event of this kind leads; the case's own stage where the flow gives none."""
    if not stage:
        return FLOWS[kind].first if kind in FLOWS else ""
    if event == CaseParked.__name__:
        return PARKED
    if event == CaseResumed.__name__:
        return str(facts.get("stage", ""))
    if stage == PARKED or kind not in FLOWS or stage not in FLOWS[kind].stages:
        return stage
    return stage_of(kind, stage).transitions.get(KINDS[event], stage) if event in KINDS else stage


def shortened(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts with the length in place of each list, codes aside, and without digests, which people cannot read."""
    readable = {
        name: value
        for name, value in facts.items()
        if name not in ("type", "idcs", "others") and not (isinstance(value, str) and len(value) >= DIGEST_LENGTH)
    }
    return {name: counted(value) for name, value in readable.items()}


def counted(value: Any) -> Any:
    """A list of codes (fields, programmes) in one text; any other list, and what holds others, as its length."""
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return len(value) if isinstance(value, list | dict) else value
