"""What people said in their own words, beside the digests that its events hold."""

from typing import Any

from workflows.doctor.recomputed import Recomputed
from workflows.engine.texts import sealed_text
from workflows.events.event import KINDS, Event, TextTaken
from workflows.history.retelling import StoredEvent


def compare_texts(case: Recomputed) -> None:
    """Each as the event that took it sealed it, none beside them, and gone only by law."""
    found = {row["seq"]: row for row in case.found.get("case_text", [])}
    for stored in case.events:
        if not issubclass(KINDS.get(stored.kind, Event), TextTaken):
            continue
        row = found.pop(stored.seq, None)
        if row is None:
            case.wrong("case_text", "")
        elif not (case.may_be_gone("case_body") if row["text"] is None else is_sealed_by(stored, row)):
            case.wrong("case_text", "text")
    for _ in found:
        case.wrong("case_text", "")


def is_sealed_by(stored: StoredEvent, row: dict[str, Any]) -> bool:
    """Whether its bytes are those that the event took; of an erased event nobody can tell."""
    event = stored.event() if stored.is_whole else None
    if not isinstance(event, TextTaken):
        return True
    return row["salt"] is not None and sealed_text(row["salt"], row["text"]) == event.digest
