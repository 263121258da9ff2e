"""Whether a case stands as a household saw it: what only came beside or reminds it makes nothing stale."""

from models.database import Connection, scalar
from workflows.events.event import DOCUMENTS, REMINDING, Event
from workflows.events.registration import CorrectionReminded, HearingReminded
from workflows.events.update import ChangeKeptOpen

# A reminder brings the household back to what it began: that must still be there, and be taken.
KINDS: tuple[type[Event], ...] = (*DOCUMENTS, *REMINDING, CorrectionReminded, HearingReminded, ChangeKeptOpen)
UNMOVED = [each.__name__ for each in KINDS]
SINCE = """
    select exists (select from event where (case_id, seq) = (%s, %s))
        and not exists (select from event where case_id = %s and seq > %s and kind <> all(%s))
"""
NEXT = "select min(seq) from event where case_id = %s and seq > %s and kind <> all(%s)"


def stands_since(connection: Connection, case_id: int, version: int) -> bool:
    """Whether nothing but that happened to a case since it had this version."""
    return bool(scalar(connection, SINCE, [case_id, version, case_id, version, UNMOVED]))


def next_step(connection: Connection, case_id: int, version: int) -> int | None:
    """The sequence of the first event after this version, that aside; None where there is none."""
    found: int | None = scalar(connection, NEXT, [case_id, version, UNMOVED])
    return found
