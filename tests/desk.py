"""Puts items on the desk in tests, each with a receipt, without the cases behind them."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from models import clock
from models.database import transaction

ITEM = """
    insert into desk_item (case_id, kind, queue, stage, waits_for, due_at, since, priority, why, holder, barred, region,
        province, language, flags, version, done_at, done_by, done_as)
    values (%(id)s, %(kind)s, %(queue)s, %(stage)s, %(waits_for)s, %(due_at)s, %(since)s, %(priority)s, %(why)s,
        %(holder)s, %(barred)s, %(region)s, %(province)s, %(language)s, %(flags)s, 1, %(done_at)s, %(done_by)s,
        %(done_as)s)
"""
RECEIPT = "insert into receipt (reference, case_id, idempotency_key, body_hash) values (%s, %s, %s, '')"
ORDINARY: dict[str, Any] = {
    "kind": "registration",
    "queue": "reviews",
    "stage": "under_review",
    "waits_for": "staff",
    "priority": 3,
    "why": "ordinary",
    "holder": None,
    "barred": [],
    "region": 6,
    "province": "MA-CAS",
    "language": "ar",
    "flags": [],
    "done_at": None,
    "done_by": None,
    "done_as": None,
}


def reference_of(case_id: int) -> str:
    """The reference of an item."""
    return f"RSU-{case_id:04d}-0000-0000"


def on_desk(case_ids: Iterable[int], **changes: Any) -> None:
    """Items due in as many hours as their numbers say, and begun a day ago."""
    now = clock.now()
    with transaction() as connection:
        for case_id in case_ids:
            times = {"due_at": now + timedelta(hours=case_id), "since": now - timedelta(days=1)}
            connection.execute(ITEM, {"id": case_id, **ORDINARY, **times, **changes})
            connection.execute(RECEIPT, [reference_of(case_id), case_id, f"test:{case_id}"])


def decided(case_ids: Iterable[int], by: str, **changes: Any) -> None:
    """Items that somebody decided, the later the higher their number."""
    for case_id in case_ids:
        done = {"done_at": clock.now() - timedelta(hours=1000 - case_id), "done_by": by, "done_as": "ReviewCleared"}
        on_desk([case_id], **{"waits_for": None, "stage": "scored", **done, **changes})
