"""Audit entries for tests: plain ones, written and committed."""

from datetime import UTC, datetime, timedelta
from typing import Any

from models.database import transaction
from workflows.audit.acts import Act
from workflows.audit.entries import Entry, record_all
from workflows.audit.sealing import seal_all

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def an_entry(number: int = 0, **changes: Any) -> Entry:
    """An officer looked at case 7, so many seconds after noon."""
    given: dict[str, Any] = {
        "at": NOON + timedelta(seconds=number),
        "actor": "officer:0123456789abcdef",
        "role": "caseworker",
        "act": Act.READ_CASE,
        "case_ids": [7],
        "count": 1,
    }
    return Entry(**{**given, **changes})


def written(*entries: Entry) -> None:
    """Writes these, in a transaction of its own."""
    with transaction() as connection:
        record_all(connection, entries)


def sealed(*entries: Entry) -> None:
    """Writes these, and seals all that there is."""
    written(*entries)
    seal_all()
