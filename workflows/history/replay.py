"""Replay: computes every decision again from its stored evidence, and compares it to the last byte."""

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
NAMED = 20  # mismatches that a replay names
SINCE = "and exists (select from event where case_id = cases.id and at >= %(since)s)"
CASES = """
    select id, coalesce((select min(reference) from receipt where case_id = cases.id), 'case ' || id) from cases
    where id > %(after)s and id <= %(upto)s {since} order by id
"""
# Errors of a decision whose evidence or history is not that of the day on which it was decided.
UNDECIDABLE = (SijilError, LookupError, ValueError, ArithmeticError, AssertionError, TypeError, msgspec.MsgspecError)


class Mismatch(NamedTuple):
    """A stored decision that differs from the one computed now.

    The reference is the case's number where the receipt is gone.
    """

    reference: str
    seq: int
    kind: str


@dataclass(slots=True)
class Replay:
    """How many decisions were computed again, and which of them differ.

    `erased` counts those that could not be computed, because their facts or those before them are erased.
    """

    decisions: int = 0
    erased: int = 0
    differing: int = 0
    mismatches: list[Mismatch] = field(default_factory=list)  # the first ones, so that a million need no memory
    upto: int = FIRST_KEY  # the last case that it looked at

    def add(self, mismatch: Mismatch) -> None:
        """Counts a mismatch, and keeps it if it is among the first."""
        self.differing += 1
        if len(self.mismatches) < NAMED:
            self.mismatches.append(mismatch)


def replay(connection: Connection) -> Replay:
    """Replays every case within the caller's transaction."""
    result = Replay()
    replay_by_ranges(lambda: nullcontext(connection), result)
    return result


def replay_by_ranges(snapshots: Snapshots, result: Replay, since: datetime | None = None) -> None:
    """Replays each range of cases in a snapshot of its own, and adds to `result`, after the last case that it has.

    `since`: replays only the cases with an event since then, each from its beginning.
    """
    for connection, keys in key_ranges(snapshots, "cases", result.upto, AT_ONCE):
        replay_range(connection, keys, since, result)
        result.upto = keys.upto


def replay_range(connection: Connection, at: KeyRange, since: datetime | None, result: Replay) -> None:
    """Replays the cases of one range."""
    statement = CASES.format(since=SINCE if since else "")
    references = dict(connection.execute(statement, {**at._asdict(), "since": since}).fetchall())
    if references:
        for case_id, history in histories(connection, list(references)).items():
            replay_case(references[case_id], history, result)


def replay_case(reference: str, history: History, result: Replay) -> None:
    """Computes each decision of one case again."""
    for stored, _ in history.unsealed():
        result.add(Mismatch(reference, stored.seq, "body"))
    told = list(takewhile(lambda each: each.before.body is not GONE, history.retell()))
    for each in told:
        if is_decision(each.stored.kind):
            result.decisions += 1
            if decided_again(each) != (each.stored.facts or "").encode():
                result.add(Mismatch(reference, each.stored.seq, each.stored.kind))
    rest = history.events[len(told) :]
    if rest and is_unreadable(rest[0]):
        result.add(Mismatch(reference, rest[0].seq, rest[0].kind))
    result.erased += sum(is_decision(stored.kind) for stored in rest)


def is_unreadable(stored: StoredEvent) -> bool:
    """Whether an event with all its bytes cannot be read."""
    return stored.is_whole and stored.event() is None


def decided_again(told: Told) -> bytes | None:
    """The facts that the stage decides now on the stored evidence; None where it cannot decide."""
    file = told.before
    try:
        stage = stage_of(file.kind, file.stage)
        evidence = evidence_of(told.stored)
        return encode(stage.handlers[type(evidence)](file, evidence))
    except UNDECIDABLE:
        return None


def evidence_of(stored: StoredEvent) -> Evidence:
    """The stored evidence of an event. Raises LookupError or an error of msgspec where it cannot be read."""
    text = (stored.evidence or "").encode()
    tag = msgspec.json.decode(text, type=dict[str, object])["type"]
    evidence: Evidence = msgspec.json.decode(text, type=EVIDENCE_KINDS[str(tag)])
    return evidence
