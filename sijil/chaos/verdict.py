"""What is counted when all is over: by the receipts that citizens hold and the gateway's own log, not by what the engine says of itself."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models.database import Connection, raw, transaction, value
from notifications.notices import OWED_KINDS
from sijil.generator.answers import Json
from workflows import doctor
from workflows.history import audit, replay

# Where a case may stand when nothing moves any more, and the message that its declarant is then owed beside the receipt's.
TOLD = {"notified": "registered", "needs_correction": "correction", "under_review": "review", "parked": None}
ZERO = ("lost", "duplicate_events", "duplicate_messages", "messages_missing", "double_persons", "orphans", "chain_breaks", "replay_mismatches")

STANDINGS = "select r.reference, c.id, c.stage from receipt r join cases c on c.id = r.case_id"
TWICE = "select coalesce(sum(times - 1), 0) from (select count(*) as times from event group by case_id, kind having count(*) > 1) as repeated"
ROWS_TWICE = """
    select (select count(*) from (select case_id from score group by case_id having count(*) > 1) as s)
        + (select count(*) from (select registered_by from household group by registered_by having count(*) > 1) as h)
        + (select count(*) from (select case_id from household_version group by case_id having count(*) > 1) as v)
"""
MESSAGES = "select case_id, template, id::text from message"


def count(receipts: Mapping[str, str], bodies: Sequence[Json], delivered: Counter[str], anchors: Path) -> dict[str, int]:
    """Every count of the proof. `receipts`: reference by the sender's key; `delivered`: how often the gateway wrote each reference down."""
    with transaction() as session:
        connection = raw(session)
        stands = {reference: (case_id, stage) for reference, case_id, stage in connection.execute(STANDINGS)}
        stages = {key: stands[reference][1] for key, reference in receipts.items() if reference in stands}
        by_stage = Counter(stages.values())
        return {
            "notified": by_stage["notified"], "needs_correction": by_stage["needs_correction"], "under_review": by_stage["under_review"],
            "parked": by_stage["parked"],
            "lost": len(bodies) - sum(by_stage[stage] for stage in TOLD),  # with whoever got no receipt within the time
            "duplicate_events": int(value(connection, TWICE)) + int(value(connection, ROWS_TWICE)),
            "double_persons": len(registered_twice(stages, bodies)),
            **of_messages(connection, dict(stands.values()), delivered),
            "orphans": sum(doctor.examine(connection, OWED_KINDS).values()),
            "chain_breaks": audit.verify(connection, anchors).broken,
            "replay_mismatches": replay.replay(connection).differing,
        }  # fmt: skip


def registered_twice(stages: Mapping[str, str], bodies: Sequence[Json]) -> list[str]:
    """Persons that stand in two applications which were both registered."""
    times = Counter(member["idcs"] for body in bodies if stages.get(body["application"]) == "notified" for member in body["members"])
    return [idcs for idcs, often in times.items() if often > 1]


def of_messages(connection: Connection, stages: Mapping[int, str], delivered: Counter[str]) -> dict[str, int]:
    """Each declarant gets one message of each kind that is owed: `missing` never reached the gateway, `duplicate` did so more than once."""
    reached: Counter[tuple[int, str]] = Counter()
    for case_id, template, reference in connection.execute(MESSAGES):
        reached[case_id, template] += delivered[reference]
    owed: set[tuple[int, Any]] = {(case_id, template) for case_id, stage in stages.items() for template in ("received", TOLD.get(stage)) if template}
    return {
        "messages_missing": sum(not reached[each] for each in owed),
        "duplicate_messages": sum(times - 1 for times in reached.values() if times > 1) + sum(times for key, times in reached.items() if key not in owed),
    }
