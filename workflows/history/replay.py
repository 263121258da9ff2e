"""Computing every decision again from what was stored, and comparing to the last byte."""

from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import NamedTuple

import msgspec

from models.database import Connection
from models.errors import SijilError
from workflows.engine.chain import encode
from workflows.evidence import KINDS as EVIDENCE_KINDS
from workflows.evidence import Evidence
from workflows.flows import stage_of
from workflows.history.keyranges import FIRST_KEY, KeyRange, Snapshots, key_ranges
from workflows.history.retelling import GONE, History, StoredEvent, Told, histories, is_decision

AT_ONCE = 500  # cases
FIRST = 20  # mismatches that are told
SINCE = "and exists (select from event where case_id = cases.id and at >= %(since)s)"
CASES = """
    select id, coalesce((select min(reference) from receipt where case_id = cases.id), 'case ' || id) from cases
    where id > %(after)s and id <= %(upto)s {since} order by id
"""
# What a decision may end in that rests on evidence or a past which are not those of that day.
UNDECIDABLE = (SijilError, LookupError, ValueError, ArithmeticError, AssertionError, TypeError, msgspec.MsgspecError)


class Mismatch(NamedTuple):
    """A decision that is not the one computed today. The reference is the case's number where the receipt is gone."""

    reference: str
    seq: int
    kind: str


@dataclass(slots=True)
class Replay:
    """How many decisions were computed again, which differ, and how many could not be: their facts are erased, or those
    that they rest on.
    """

    decisions: int = 0
    erased: int = 0
    differing: int = 0
    mismatches: list[Mismatch] = field(default_factory=list)  # the first: a million take no more memory than twenty
    upto: int = FIRST_KEY  # the last case that was looked at

    def differs(self, mismatch: Mismatch) -> None:
        """One more."""
        self.differing += 1
        if len(self.mismatches) < FIRST:
            self.mismatches.append(mismatch)


def replay(connection: Connection) -> Replay:
    """Every decision of every case, all within the caller's transaction."""
    result = Replay()
    replay_by_ranges(lambda: nullcontext(connection), result)
    return result


def replay_by_ranges(snapshots: Snapshots, result: Replay, since: datetime | None = None) -> None:
    """The same, each range of cases in a snapshot of its own. Goes on after the case that `result` came to.

    `since`: only cases to which something happened since then, each from its beginning.
    """
    for connection, keys in key_ranges(snapshots, "cases", result.upto, AT_ONCE):
        replay_range(connection, keys, since, result)
        result.upto = keys.upto


def replay_range(connection: Connection, at: KeyRange, since: datetime | None, result: Replay) -> None:
    """The cases of one range."""
    statement = CASES.format(since=SINCE if since else "")
    references = dict(connection.execute(statement, {**at._asdict(), "since": since}).fetchall())
    if references:
        for case_id, history in histories(connection, list(references)).items():
            replay_case(references[case_id], history, result)


def replay_case(reference: str, history: History, result: Replay) -> None:
    """Decides anew at each event of one case."""
    for stored, _ in history.unsealed():
        result.differs(Mismatch(reference, stored.seq, "body"))
    told = list(takewhile(lambda each: each.before.body is not GONE, history.retell()))
    for each in told:
        if is_decision(each.stored.kind):
            result.decisions += 1
            if decided(each) != (each.stored.facts or "").encode():
                result.differs(Mismatch(reference, each.stored.seq, each.stored.kind))
    rest = history.events[len(told) :]
    if rest and is_unreadable(rest[0]):
        result.differs(Mismatch(reference, rest[0].seq, rest[0].kind))
    result.erased += sum(is_decision(stored.kind) for stored in rest)


def is_unreadable(stored: StoredEvent) -> bool:
    """Whether an event that is whole says nothing."""
    return stored.is_whole and stored.event() is None


def decided(told: Told) -> bytes | None:
    """What the stage decides today on the evidence of that day; None where it decides nothing."""
    file = told.before
    try:
        where = stage_of(file.kind, file.stage)
        evidence = evidence_of(told.stored)
        return encode(where.handlers[type(evidence)](file, evidence))
    except UNDECIDABLE:
        return None


def evidence_of(stored: StoredEvent) -> Evidence:
    """What was known. Raises what msgspec raises, and LookupError, where that cannot be read."""
    text = (stored.evidence or "").encode()
    tag = msgspec.json.decode(text, type=dict[str, object])["type"]
    evidence: Evidence = msgspec.json.decode(text, type=EVIDENCE_KINDS[str(tag)])
    return evidence
