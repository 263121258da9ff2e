"""What a person of the staff sees of one case, of whatever kind: its file, the register's answer, its past and its
messages, and the cases around it. Reads only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from psycopg.rows import class_row

from models.database import Connection
from models.errors import NotFound
from workflows.bodies.change import UPDATE, Change
from workflows.bodies.declaration import Declaration, Member
from workflows.bodies.merging import Difference, differences, fields_changed
from workflows.casefile import CaseFile
from workflows.engine.load import COLUMNS, CaseRow, case_files
from workflows.events.event import KINDS, Event
from workflows.events.registration import (
    IdentityConfirmed,
    IdentityDoubted,
    IdentityNotConfirmed,
    MembersMismatched,
    PersonsVerified,
    ScoreComputed,
)
from workflows.evidence import Compared, RegisterAnswer, RegisteredPerson
from workflows.flows import FLOWS
from workflows.registers.households import declarations

ROW = f"select {COLUMNS} from cases where id = %s"
ANSWER = """
    select evidence::text from event where case_id = %s and kind = any(%s) and evidence is not null
    order by seq desc limit 1
"""
EVENTS = "select seq, at, kind, actor, facts::text as facts from event where case_id = %s order by seq"
MESSAGES = """
    select m.seq, m.template, m.channel, m.language, m.recipient, m.body, m.status, m.sent_at, m.due_at, m.tries,
        m.error, m.delivery, m.delivery_at, l.id is not null as set_aside, b.done_at as printed_at
    from message m left join letter l on l.id = m.id left join letter_batch b on b.number = l.batch
    where m.case_id = %s order by m.seq, m.template
"""
TEXTS = "select seq, text from case_text where case_id = %s"
BODIES = "select number, body::text from case_body where case_id = %s and body is not null order by number"
# The other cases of its household, the one that opened it, and those that it opened.
RELATED = """
    with related (id) as (
        select id from cases where household_id = %(household)s and kind <> 'registration'
        union select registered_by from household where id = %(household)s
        union select id from cases where parent_id = %(id)s
        union select %(parent)s::bigint
    )
    select r.reference, c.kind, c.stage, c.open, c.submitted_at, c.stage_since,
        case when c.parent_id = %(id)s then 'opened' when c.id = %(parent)s then 'opened_by' else 'household' end as how
    from related join cases c using (id) join receipt r on r.case_id = c.id
    where c.id <> %(id)s order by c.id desc limit 50
"""


class Message(NamedTuple):
    """A message of the case, and what became of it."""

    seq: int
    template: str
    channel: str
    language: str
    recipient: str | None
    body: str | None  # None: erased
    status: str
    sent_at: datetime | None
    due_at: datetime
    tries: int
    error: str | None
    delivery: str | None = None
    delivery_at: datetime | None = None
    set_aside: bool = False  # a letter that waits for a printer, or was given to one
    printed_at: datetime | None = None


class Happened(NamedTuple):
    """An event of the case: what it says (None: erased), the person's words that it took, and what it changed, with the
    names of the members since then.
    """

    seq: int
    at: datetime
    kind: str
    actor: str
    event: Event | None
    text: str | None = None
    changed: tuple[Difference, ...] = ()
    members: tuple[str, ...] = ()


class Related(NamedTuple):
    """Another case: of the same household, the one that opened this, or one that this opened (`how`)."""

    reference: str
    kind: str
    stage: str
    open: bool
    submitted_at: datetime
    stage_since: datetime
    how: str


class SeenMember(NamedTuple):
    """A member as declared, beside the population register's verdicts; `doubt`: why the two do not agree."""

    place: int
    declared: Member
    asked: bool  # whether the register was asked about this declaration
    compared: Compared | None  # what it said; None: it was not asked, or knows no such identifier
    doubt: str = ""
    registered: RegisteredPerson | None = None  # what it keeps now, for a reader who must see both


@dataclass(frozen=True, slots=True)
class CaseView:
    """One case as the staff see it."""

    row: CaseRow
    file: CaseFile
    events: Sequence[Happened]
    messages: Sequence[Message]
    related: Sequence[Related]
    members: Sequence[SeenMember] = field(default=())
    register_away: bool = False  # whether the population register, asked for the reader, gave no answer

    @property
    def declaration(self) -> Declaration | None:
        """The household as it is declared; None of a kind that declares none."""
        found = getattr(self.file.body, "declaration", None)
        return found if isinstance(found, Declaration) else None

    def beside(self, stored: Mapping[str, RegisteredPerson]) -> "CaseView":
        """The case with what the population register keeps of these persons, by their identifiers."""
        members = [each._replace(registered=stored.get(each.declared.idcs)) for each in self.members]
        return replace(self, members=members)

    def without_register(self) -> "CaseView":
        """The case, of which the population register gives no answer now."""
        return replace(self, register_away=True)

    @property
    def score(self) -> ScoreComputed | None:
        """The index as it was computed last; None where it was not."""
        return self.file.last(ScoreComputed) if ScoreComputed in self.file.past else None

    @property
    def actors(self) -> set[str]:
        """The pseudonyms of everybody who did something."""
        return {each.actor for each in self.events}


def case_view(connection: Connection, case_id: int) -> CaseView:
    """One case. Raises NotFound where it was erased."""
    row = connection.execute(ROW, [case_id]).fetchone()
    if row is None:
        raise NotFound("There is no such case.")
    case = CaseRow(*row)
    (file,) = case_files(connection, [case])
    with connection.cursor(row_factory=class_row(Message)) as cursor:
        messages = cursor.execute(MESSAGES, [case_id]).fetchall()
    with connection.cursor(row_factory=class_row(Related)) as cursor:
        wanted = {"id": case_id, "household": case.household_id, "parent": case.parent_id}
        related = cursor.execute(RELATED, wanted).fetchall()
    return CaseView(case, file, happened(connection, case), messages, related, seen_members(connection, file))


def happened(connection: Connection, case: CaseRow) -> list[Happened]:
    """Every event in order, with the words that a person said and what a new declaration changed."""
    texts = dict(connection.execute(TEXTS, [case.id]).fetchall())
    changes = changes_by_body(connection, case)
    found = []
    for seq, at, kind, actor, facts in connection.execute(EVENTS, [case.id]).fetchall():
        event = msgspec.json.decode(facts, type=KINDS[kind]) if facts and kind in KINDS else None
        changed = changes.get(getattr(event, "body", 0), ((), ()))
        found.append(Happened(seq, at, kind, actor, event, texts.get(seq), *changed))
    return found


def changes_by_body(connection: Connection, case: CaseRow) -> dict[int, tuple[tuple[Difference, ...], tuple[str, ...]]]:
    """What each body changed of the declaration before it, and the names of its members, by the body's number.

    The first one of a change changed the version that its sender saw; any other first one changed nothing.
    """
    if case.body_number < 2 and case.kind != UPDATE:
        return {}
    bodies = {number: FLOWS[case.kind].body.restored(body) for number, body in connection.execute(BODIES, [case.id])}
    declared = {number: getattr(body, "declaration", None) for number, body in bodies.items()}
    if isinstance(first := bodies.get(1), Change) and case.household_id is not None:
        seen = (case.household_id, first.based_on)
        declared[0] = declarations(connection, [seen]).get(seen)
    return {
        number: (differences(before, now, fields_changed(before, now)), tuple(each.name for each in now.members))
        for number, now in declared.items()
        if (before := declared.get(number - 1)) is not None and now is not None
    }


def seen_members(connection: Connection, file: CaseFile) -> list[SeenMember]:
    """Each member of a declaration beside the register's last answer; none of a kind that declares no household."""
    declared = getattr(file.body, "declaration", None)
    if not isinstance(declared, Declaration):
        return []
    kinds = [each for each in (PersonsVerified, MembersMismatched, IdentityDoubted) if each in file.past]
    answer = register_answer(connection, file, [each.__name__ for each in kinds]) if kinds else None
    doubts = doubts_of(file)
    return [
        SeenMember(
            place,
            member,
            answer is not None,
            answer.persons[place] if answer else None,
            doubts.get(place, ""),
        )
        for place, member in enumerate(declared.members)
    ]


def register_answer(connection: Connection, file: CaseFile, kinds: list[str]) -> RegisterAnswer | None:
    """What the population register answered last; None where that was erased, or was about an older declaration."""
    row = connection.execute(ANSWER, [file.id, kinds]).fetchone()
    found = msgspec.json.decode(row[0], type=RegisterAnswer) if row else None
    return found if found and len(found.persons) == len(file.declaration.members) else None


def doubts_of(file: CaseFile) -> dict[int, str]:
    """Why members do not agree with the register, by their place; none once all of them do."""
    kinds = (PersonsVerified, IdentityConfirmed, IdentityDoubted, MembersMismatched, IdentityNotConfirmed)
    if not any(kind in file.past for kind in kinds):
        return {}
    match file.latest(*kinds).event:
        case MembersMismatched() | IdentityNotConfirmed() as asked:
            return {each.member: each.reason for each in asked.mismatches}
        case IdentityDoubted() as doubted:
            return {each.member: each.code for each in doubted.doubts}
    return {}


def said(event: Event | None) -> dict[str, Any]:
    """What an event says in codes that people read: reasons, values, findings and what is asked for."""
    names = (
        "reason",
        "about",
        "asked",
        "outcome",
        "findings",
        "found",
        "doubts",
        "mismatches",
        "signals",
        "to",
        "score",
        "why",
        "shows",
        "channel",
        "reminder",
    )
    return {name: found for name in names if (found := getattr(event, name, None)) not in (None, "", ())}
