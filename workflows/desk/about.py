"""What a case at the desk is about, as codes: why it was sent to people, or which decision an appeal contests."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from models.database import Connection
from workflows.events.enrolment import EnrolmentReturned, LikelyDuplicates
from workflows.events.event import KINDS, Event
from workflows.events.registration import (
    CorrectionAsked,
    DuplicateSuspected,
    IdentityDoubted,
    IdentityNotConfirmed,
    MembersMismatched,
    RefusalProposed,
    ReviewReopened,
)
from workflows.events.update import ChangeConflicts, DepartureDeclared, NewPhoneAnnounced, RemovalAnnounced
from workflows.flows.appeal import FLOW as APPEAL

# Each case alone, so that a case with many events costs no more than another one.
WHY = """
    select wanted.id, e.kind, e.facts::text from unnest(%s::bigint[]) as wanted (id)
    cross join lateral (select kind, facts from event where case_id = wanted.id and kind = any(%s)
        order by seq desc limit 1) as e
    where e.facts is not null
"""
CONTESTED = """
    select case_id, body ->> 'decision', body ->> 'programme', body -> 'contested' from case_body
    where case_id = any(%s) and number = 1 and body is not null
"""
CONFLICT, REMOVAL, NEW_PHONE, ALIKE = "change_conflicts", "removal", "new_phone", "likely_duplicates"
TELLING = (
    DuplicateSuspected,
    ReviewReopened,
    MembersMismatched,
    IdentityDoubted,
    IdentityNotConfirmed,
    CorrectionAsked,
    RefusalProposed,
    ChangeConflicts,
    DepartureDeclared,
    RemovalAnnounced,
    NewPhoneAnnounced,
    EnrolmentReturned,
    LikelyDuplicates,
)


class Point(NamedTuple):
    """One thing that a case is about: a code, the members that it names (from 1 on), a programme, and how many values
    it contests.
    """

    code: str
    members: tuple[int, ...] = ()
    programme: str = ""
    values: int = 0


def about(connection: Connection, cases: Iterable[tuple[int, str]]) -> dict[int, Sequence[Point]]:
    """What these cases, with their kinds, are about; nothing of one whose events or words are erased."""
    kinds = dict(cases)
    appeals = [case_id for case_id, kind in kinds.items() if kind == APPEAL.kind]
    others = [case_id for case_id, kind in kinds.items() if kind != APPEAL.kind]
    found: dict[int, Sequence[Point]] = {}
    if appeals:
        for case_id, decision, programme, contested in connection.execute(CONTESTED, [appeals]):
            found[case_id] = (Point(f"appeal_{decision}", (), programme or "", len(contested or ())),)
    if others:
        for case_id, kind, facts in connection.execute(WHY, [others, [each.__name__ for each in TELLING]]):
            found[case_id] = tuple(points(msgspec.json.decode(facts, type=KINDS[kind])))
    return found


def points(event: Event) -> Iterator[Point]:
    """What an event says that people look at, with the members that it names."""
    if isinstance(event, DuplicateSuspected | ReviewReopened):
        yield from (Point(each.code, counted(each.members)) for each in event.signals)
    elif isinstance(event, MembersMismatched | IdentityNotConfirmed):
        yield from together((each.reason, each.member) for each in event.mismatches)
    elif isinstance(event, IdentityDoubted):
        yield from together((each.code, each.member) for each in event.doubts)
    elif isinstance(event, CorrectionAsked | RefusalProposed | EnrolmentReturned):
        yield Point(event.reason)
    elif isinstance(event, ChangeConflicts):
        yield Point(CONFLICT)
    elif isinstance(event, DepartureDeclared):
        yield Point("own_departure")
    elif isinstance(event, RemovalAnnounced):
        yield Point(REMOVAL)
    elif isinstance(event, NewPhoneAnnounced):
        yield Point(NEW_PHONE)
    elif isinstance(event, LikelyDuplicates):
        yield Point(ALIKE)


def together(found: Iterable[tuple[str, int]]) -> Iterator[Point]:
    """One point for each reason, with its members."""
    members: dict[str, list[int]] = {}
    for reason, member in found:
        members.setdefault(reason, []).append(member)
    yield from (Point(reason, counted(those)) for reason, those in members.items())


def counted(members: Iterable[int]) -> tuple[int, ...]:
    """Members as people count them."""
    return tuple(member + 1 for member in members)
