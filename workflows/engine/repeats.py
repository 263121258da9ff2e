"""Repeats messages on which a term hangs and of which nothing proves that they arrived: a second text message, then a
letter.

Nothing waits for that but two partial indexes of the ledger: a message that was delivered, or was repeated, is in
neither. Whoever sweeps locks the cases first and the messages after, as the engine does, so that of two at once one
repeats a message; a report that comes in between takes it from both.
"""

from collections.abc import Collection, Mapping, Sequence, Set
from datetime import datetime
from typing import NamedTuple

from models.arrays import array, columns
from models.database import Connection
from workflows.casefile import CaseFile
from workflows.engine.load import COLUMNS, CaseRow, case_files, past_events
from workflows.engine.progress import CaseInProgress, apply
from workflows.engine.reached import TELLING
from workflows.engine.work import write, write_in_place
from workflows.events.event import MessageRepeated, Recorded
from workflows.evidence import NoProof
from workflows.flows import FLOWS, PARKED, move, stage_of, templates_to_prove
from workflows.flows.grammar import BESIDES
from workflows.policies import newest_terms
from workflows.registers.ports import Notices

SMS, LETTER = "sms", "letter"
MOST = 100  # cases of one transaction
# What is known not to have arrived waits for nothing.
WAITING = """
    (select case_id from message where needs_proof and status = 'sent' and delivery is null and sent_at <= %(before)s
        and case_id <> all(%(left_alone)s) order by sent_at limit %(most)s)
    union
    (select case_id from message where needs_proof and (status = 'failed' or delivery = 'undelivered')
        and case_id <> all(%(left_alone)s) limit %(most)s)
"""
LOCK_CASES = (
    f"select {COLUMNS} from cases where id = any(%s) and stage <> '{PARKED}' order by id for update skip locked"
)
LOCK_MESSAGES = """
    select case_id, seq, template, sent_at,
        case when status = 'failed' then 'failed' when delivery is null then 'silent' else 'undelivered' end,
        body is null
    from message where case_id = any(%(cases)s) and needs_proof and (status = 'failed'
        or status = 'sent' and (delivery = 'undelivered' or delivery is null and sent_at <= %(before)s))
    order by case_id, seq, template for update
"""
DELIVERED = "select case_id, seq from message where case_id = any(%s) and delivery = 'delivered' and template = any(%s)"
# When each case was contested last, at the desk, by the household or in its name: then it knows of the decision.
CONTESTED = """
    select (b.body ->> 'case')::bigint, max(a.submitted_at)
    from cases a join case_body b on (b.case_id, b.number) = (a.id, a.body_number)
    where a.kind = 'appeal' and a.household_id = any(%s) and (b.body ->> 'case')::bigint = any(%s) group by 1
"""
FOLLOWED = """
    update message m set needs_proof = false
    from unnest(%s::bigint[], %s::int[], %s::text[]) as done (case_id, seq, template)
    where (m.case_id, m.seq, m.template) = (done.case_id, done.seq, done.template)
"""


class Unproved(NamedTuple):
    """A message of which nothing proves that it arrived: its key, when it was sent, and what is known of it."""

    case_id: int
    seq: int
    template: str
    sent: datetime | None
    state: str
    is_erased: bool


class Past(NamedTuple):
    """What a case has behind it: its events, the messages that were delivered, and when it was contested last."""

    events: Mapping[int, Recorded]  # by sequence
    delivered: Set[int]  # by the sequence of their event
    contested: datetime | None

    @property
    def at_desk(self) -> bool:
        """Whether an officer filed the case, who saw who declares it."""
        return getattr(self.events[min(self.events)].event, "channel", "") == "office"

    def first_of(self, seq: int) -> int:
        """The sequence of the event that made the first message owed of those that this one repeats."""
        event = self.events[seq].event
        return event.of if isinstance(event, MessageRepeated) else seq

    def chain(self, first: int) -> list[int]:
        """The first message and those that repeat it, by the sequences of their events."""
        repeated = [(seq, each.event) for seq, each in self.events.items()]
        return [first, *(seq for seq, event in repeated if isinstance(event, MessageRepeated) and event.of == first)]


def waiting(connection: Connection, now: datetime, left_alone: Collection[int] = ()) -> list[int]:
    """The cases with messages that are to be repeated, up to MOST of each sort; without those that are left alone."""
    given = {"before": proof_by(now), "left_alone": list(left_alone), "most": MOST}
    return [case_id for (case_id,) in connection.execute(WAITING, given)]


def proof_by(now: datetime) -> datetime:
    """What was sent before is repeated, if nothing proves its delivery."""
    return now - newest_terms()["delivery"].within


def repeat(connection: Connection, case_ids: Sequence[int], now: datetime, notices: Notices) -> int:
    """Repeats what is to be repeated in these cases, and returns how many messages that made owed. The caller commits.

    It passes over cases that somebody else has locked.
    """
    rows = [CaseRow(*row) for row in connection.execute(LOCK_CASES, [list(case_ids)])]
    given = {"cases": [row.id for row in rows], "before": proof_by(now)}
    unproved = [Unproved(*row) for row in connection.execute(LOCK_MESSAGES, given)] if rows else []
    if not unproved:
        return 0
    connection.execute(FOLLOWED, columns([each[:3] for each in unproved]))
    whole = [each for each in unproved if not each.is_erased]
    at_hand = {each.case_id for each in whole}
    cases = cases_of(connection, [row for row in rows if row.id in at_hand])
    pasts = pasts_of(connection, list(cases.values()))
    for each in whole:
        repeat_in(cases[each.case_id], each, pasts[each.case_id], now, notices)
    record_repeats(connection, [each for each in cases.values() if each.transitions], now, notices)
    return sum(len(each.messages) for case in cases.values() for each in case.transitions)


def cases_of(connection: Connection, rows: Sequence[CaseRow]) -> dict[int, CaseInProgress]:
    """The cases of these rows, by their numbers."""
    files = case_files(connection, rows)
    return {row.id: CaseInProgress(file, row.head, row) for file, row in zip(files, rows, strict=True)}


def pasts_of(connection: Connection, cases: Sequence[CaseInProgress]) -> dict[int, Past]:
    """What each of these cases has behind it."""
    ids = [each.file.id for each in cases]
    households = [each.file.household_id for each in cases if each.file.household_id]
    events = past_events(connection, ids)
    delivered: dict[int, set[int]] = {}
    for case_id, seq in connection.execute(DELIVERED, [array(ids), sorted(templates_to_prove())]):
        delivered.setdefault(case_id, set()).add(seq)
    contested = dict(connection.execute(CONTESTED, [array(households), array(ids)]).fetchall()) if households else {}
    return {
        each: Past(
            {event.seq: event for event in events.get(each, ())}, delivered.get(each, set()), contested.get(each)
        )
        for each in ids
    }


def repeat_in(case: CaseInProgress, unproved: Unproved, past: Past, now: datetime, notices: Notices) -> None:
    """Repeats a message of a case: by a text message once, then by letter. Not where nothing hangs on it any more."""
    first = past.first_of(unproved.seq)
    chain = past.chain(first)
    to_besides = unproved.template.endswith(BESIDES)
    if not past.delivered.isdisjoint(chain) or not hangs(case.file, past, first) or (to_besides and past.at_desk):
        return
    told, within = past.events[first], stage_of(case.file.kind, case.file.stage).within
    by_letter = len(chain) > 1 or not (to_besides or case.file.body.contact.phone)
    event = MessageRepeated(
        of=first,
        event=type(told.event).__name__,
        first=told.at,
        channel=LETTER if by_letter else SMS,
        renews=within is not None,
        counts_from=now + newest_terms()["post"].within if by_letter and within else None,
    )
    evidence = NoProof(at=now, seq=unproved.seq, sent=unproved.sent, state=unproved.state)
    apply(case, event, move(case.file.kind, case.file.stage, event), evidence, notices)


def hangs(file: CaseFile, past: Past, first: int) -> bool:
    """Whether a term hangs on this message still: the case stands where its event led, and nobody contested it since.

    Whoever answered or appealed knows what it said.
    """
    stage, stages = FLOWS[file.kind].first, set()
    for seq in sorted(past.events):
        stage = move(file.kind, stage, past.events[seq].event).stage
        if seq >= first:
            stages.add(stage)
    told = past.events[first]
    answered = isinstance(told.event, TELLING) and past.contested is not None and past.contested >= told.at
    return stages == {file.stage} and not answered


def record_repeats(connection: Connection, cases: Sequence[CaseInProgress], now: datetime, notices: Notices) -> None:
    """Records the events of these cases. Where no term begins anew, a case stays in its queue as it stands."""
    anew = [case for case in cases if any(renews(each.sealed.recorded) for each in case.transitions)]
    write(connection, anew, now, notices)
    write_in_place(connection, [case for case in cases if case not in anew])


def renews(recorded: Recorded) -> bool:
    """Whether the term of the stage begins anew with this event."""
    return isinstance(recorded.event, MessageRepeated) and recorded.event.renews
