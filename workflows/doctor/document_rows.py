"""The documents of a case, beside what its events say of them.

Which are missing and which nobody gave is counted by kinds of events alone (ranges.py): an erasure hides neither.
"""

from typing import Any

from workflows.doctor.recomputed import Recomputed
from workflows.documents.sealing import known_keys, wrap_opens
from workflows.events.event import DocumentAdded, DocumentRemoved
from workflows.history.retelling import StoredEvent

ABOUT = ("moment", "shows", "media_type", "size", "pages")


def compare_documents(case: Recomputed) -> None:
    """Each as its event says, sealed as it came, and gone only by law or because its household took it back."""
    events = {each.seq: each for each in case.events}
    for row in case.found.get("document", []):
        came = events.get(row["seq"])
        if came is None or came.kind != DocumentAdded.__name__:
            continue  # `documents_without_event` counts it
        case.differ("document", row, {"at": came.at, "actor": came.actor})
        compare_facts(case, row, came)
        compare_content(case, row, came, events.get(row["removed_seq"] or 0))


def compare_facts(case: Recomputed, row: dict[str, Any], came: StoredEvent) -> None:
    """What its event says of it; of an erased event nobody can tell."""
    event = came.event() if came.is_whole else None
    if isinstance(event, DocumentAdded):
        case.differ("document", row, {"id": event.document, **{name: getattr(event, name) for name in ABOUT}})


def compare_content(case: Recomputed, row: dict[str, Any], came: StoredEvent, went: StoredEvent | None) -> None:
    """What is sealed, and its key: there as they came, or gone together, for a reason."""
    event = came.event() if came.is_whole else None
    if row["sealed"] is None:
        if (
            row["wrapped_key"] is not None
            or row["has_digest"]
            or not (is_removed(row, went) or case.may_be_gone("document"))
        ):
            case.wrong("document", "content")
        return
    erased = any(each.kind == "CaseErased" for each in case.events)
    if erased or went is not None or (isinstance(event, DocumentAdded) and row["sealed"] != event.digest):
        case.wrong("document", "content")
    if row["wrapped_key"] is None or not row["has_digest"]:
        case.wrong("document", "wrapped_key" if row["has_digest"] else "digest")
    elif not is_wrapped(row):
        case.wrong("document", "wrapped_key")


def is_removed(row: dict[str, Any], went: StoredEvent | None) -> bool:
    """Whether an event says that its household took it back."""
    if went is None or went.kind != DocumentRemoved.__name__:
        return False
    event = went.event() if went.is_whole else None
    return event is None or (isinstance(event, DocumentRemoved) and event.document == row["id"])


def is_wrapped(row: dict[str, Any]) -> bool:
    """Whether its key opens; where we lack the key that wraps it, `documents_without_key` says so."""
    key_id = row["key_id"]
    return key_id not in known_keys() or wrap_opens(row["id"], row["of_case"], row["wrapped_key"], key_id)
