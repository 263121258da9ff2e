"""Reads what pages and the API show of a case; it reads no names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

import msgspec

from models.database import Connection, read_rows
from models.days import MOROCCO
from models.errors import NotFound
from workflows.engine.reached import PROVED, TELLING_MESSAGES, telling_parameters
from workflows.events.appeal import AppealRejected, AppealSetAside, AppealUpheld, Finding, InformationAsked
from workflows.events.event import KINDS, Event
from workflows.events.registration import (
    ApplicationRefused,
    CorrectionAsked,
    IdentityNotConfirmed,
    MembersMismatched,
    RefusalProposed,
)
from workflows.flows import places
from workflows.intake.receipts import OPENED_BY_REGISTER, OPENED_BY_US, normal
from workflows.matching.births import PRECISIONS
from workflows.matching.verdict import NAMES

# Everything that a status is made of, in one statement: `d` has the last event of each kind, and the decision that the
# case stands at; `appeal` is the last one against that decision.
STATUS = f"""
    select r.reference, c.id, c.kind, c.household_id, c.stage, c.version, c.submitted_at, c.stage_since, c.deadline,
        starts_with(r.idempotency_key, %(ours)s) as unasked,
        starts_with(r.idempotency_key, %(told)s) as by_register,
        exists (select from household_end e where e.household_id = c.household_id) as gone,
        d.kinds, d.moments, outcome.kind as outcome, outcome.said, appeal.open, appeal.set_aside, proof.told, proof.at
    from receipt r join cases c on c.id = r.case_id
    cross join lateral (
        select c.id as case_id, array_agg(last.kind) as kinds, array_agg(last.at) as moments,
            max(last.seq) filter (where concat_ws('/', c.kind, c.stage, last.kind) = any(%(decisions)s)) as seq
        from (select kind, max(at) as at, max(seq) as seq from event where case_id = c.id group by kind) as last
    ) as d
    left join lateral (
        select e.kind, e.facts ->> 'outcome' as said from event e
        where c.kind = 'appeal' and e.case_id = c.id and e.kind = any(%(outcomes)s) order by e.seq desc limit 1
    ) as outcome on true
    left join lateral (
        select a.open, exists (select from event e where e.case_id = a.id and e.kind = 'AppealSetAside') as set_aside
        from cases a join case_body b on (b.case_id, b.number) = (a.id, a.body_number)
        where concat_ws('/', c.kind, c.stage) = any(%(contestable)s) and a.kind = 'appeal'
            and a.household_id = c.household_id and (b.body ->> 'case')::bigint = c.id
            and (b.body ->> 'seq')::int >= coalesce(d.seq, 0)
        order by a.id desc limit 1
    ) as appeal on true
    left join lateral (
        select true as told, {PROVED} as at from {TELLING_MESSAGES} where d.seq is not null having count(*) > 0
    ) as proof on true
    where r.reference
"""
ONE = f"{STATUS} = %(reference)s"
# The planner does not see how many there are: else it would plan each time anew, which takes longer than to read them.
SEVERAL = f"{STATUS} = any(array(select unnest(%(references)s::text[])))"
# The last event that gives reasons.
LAST_WITH_REASONS = (
    "select kind, facts::text from event where case_id = %s and kind = any(%s) order by seq desc limit 1"
)
# The events of the decision that a case stands at, which may be contested.
DECISIONS = {
    ("registration", "rejected"): ("ApplicationRefused",),
    ("registration", "needs_correction"): ("MembersMismatched", "IdentityNotConfirmed", "CorrectionAsked"),
    ("registration", "notified"): ("ScoreComputed",),
    ("update", "rejected"): ("ApplicationRefused",),
    ("update", "needs_correction"): ("MembersMismatched", "IdentityNotConfirmed", "CorrectionAsked"),
    ("update", "notified"): ("ScoreComputed",),
}
OUTCOMES = {"AppealSetAside": "set_aside", "AppealRejected": "rejected", "NothingToCorrect": "without_entry"}
DECISIONS_ON_APPEALS = (AppealUpheld, AppealSetAside, AppealRejected)
CORRECTION = """
    select s.score_computed, s.score_corrected, (b.body ->> 'true_from')::date::timestamp at time zone %s
    from score_correction s join cases c on c.id = s.case_id
    left join case_body b on (b.case_id, b.number) = (c.id, c.body_number) where s.case_id = %s
"""
GIVE_REASONS = (
    MembersMismatched,
    IdentityNotConfirmed,
    CorrectionAsked,
    RefusalProposed,
    ApplicationRefused,
    InformationAsked,
    *DECISIONS_ON_APPEALS,
)
# A decision on an appeal gives its reasons until the end, whatever the machine makes of it meanwhile.
AFTER_DECISION = {("appeal", stage) for stage in ("effective", "correction_blocked", "notified")}
# Why a member does not agree with the population register.
MISMATCHES = ("unknown", "deceased", "name_differs", "birth_date_differs")
# Where one part of a birth date or of a name differs.
PARTS_OF_BIRTHS = {part: f"birth_{part}_differs" for part in PRECISIONS}
PARTS_OF_NAMES = {part: f"{part}_differs" for part in NAMES}
MEMBER = re.compile(r"members\[([0-9]+)\]")
OPEN, SET_ASIDE = "open", "set_aside"  # what an appeal makes of the decision that it contests
# Where a change has more to show to whoever has the secret: what it conflicts with, what it came to.
WITH_MORE = {("update", "conflicting"), ("update", "notified")}
UNKNOWN = "There is no application with this reference and secret."


@dataclass(frozen=True, slots=True)
class Status:
    """The stage of an application, and the events that led to it."""

    case_id: int
    reference: str
    kind: str
    household_id: int | None  # None: it is about none
    stage: str
    version: int
    submitted_at: datetime
    stage_since: datetime
    deadline: datetime | None
    reached: dict[str, datetime] = field(hash=False)  # when the last event of each kind happened
    came_to: str | None = None  # of an appeal: its outcome; erased: none
    unasked: bool = False  # the agency opened it: a review of the household's entry
    by_register: bool = False  # so it did, because the population register told of something
    household_gone: bool = False  # it was in the register and is no more
    contested: str = ""  # by an appeal against its decision: "open" or "set_aside"
    told: bool = False  # a message told the decision that it stands at
    proved_at: datetime | None = None  # when the delivery of that was proved; None: nothing proves it

    @property
    def has_reasons(self) -> bool:
        """Whether its stage has reasons to show."""
        return (self.kind, self.stage) in stages_with_reasons() and self.contested != SET_ASIDE

    @property
    def has_more(self) -> bool:
        """Whether its stage has something to show to whoever has the secret."""
        return self.has_reasons or (self.kind, self.stage) in WITH_MORE


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a correction is needed, why an application may be or was refused, or what an appeal came to, as a code.

    `field` is a path of the declaration: of a member, of a contested value; or what the reason is about as a whole.
    """

    field: str
    reason: str
    differs: tuple[str, ...] = ()  # of a name "given_name", "family_name", of a birth date "year", "month", "day"

    @property
    def said(self) -> str:
        """The reason in whose words it is told: of a name or a birth date by its part, where only one differs."""
        return (PARTS_OF_BIRTHS | PARTS_OF_NAMES)[self.differs[0]] if len(self.differs) == 1 else self.reason

    @property
    def member(self) -> int | None:
        """The member's position in the declaration; None where it is about none."""
        found = MEMBER.match(self.field)
        return int(found[1]) if found else None

    @property
    def part(self) -> str:
        """The part of the declaration that it is about; empty where it is about none, or about a member."""
        part = self.field.partition(".")[0]
        return "" if part in ("members", "asked") or self.member is not None else part

    @property
    def value(self) -> str:
        """Which value of the declaration it is about, whosever it is; empty where it is about none, or about a part."""
        name = MEMBER.sub("members", self.field)
        return name if "." in name else ""


class Correction(NamedTuple):
    """The index as it was computed and as an appeal corrected it, and from when that counts."""

    computed: Decimal
    corrected: Decimal
    since: datetime


@cache
def stages_with_reasons() -> set[tuple[str, str]]:
    """The stages, each after its kind of case, to which an event with reasons leads."""
    led_to = {
        (kind, to) for kind, stage in places() for event, to in stage.transitions.items() if event in GIVE_REASONS
    }
    return led_to | AFTER_DECISION


def status_of(connection: Connection, reference: str) -> Status:
    """The status of an application by its reference, however the reader typed it. Raises NotFound."""
    row = connection.execute(ONE, {"reference": normal(reference), **asked_of_statuses()}).fetchone()
    if row is None:
        raise NotFound(UNKNOWN)
    return status_in(row)


def statuses_of(references: Sequence[str]) -> dict[str, Status]:
    """The statuses of these references, in their written form, as far as they exist, read in one journey."""
    rows = read_rows(SEVERAL, {"references": list(references), **asked_of_statuses()})
    return {row[0]: status_in(row) for row in rows}


@cache
def asked_of_statuses() -> dict[str, Any]:
    """What the statements of statuses ask for beside the references."""
    return {
        "ours": OPENED_BY_US,
        "told": OPENED_BY_REGISTER,
        "decisions": ["/".join((*at, kind)) for at, kinds in DECISIONS.items() for kind in kinds],
        "contestable": ["/".join(at) for at in DECISIONS],
        "outcomes": ["AppealUpheld", *OUTCOMES],
        **telling_parameters(),
    }


def status_in(row: tuple[Any, ...]) -> Status:
    """The status that a row of STATUS holds."""
    *case, unasked, by_register, gone, kinds, moments, outcome, said, is_open, set_aside, told, proved_at = row
    reference, case_id, kind, household_id, stage, version, submitted_at, since, deadline = case
    return Status(
        case_id,
        reference,
        kind,
        household_id,
        stage,
        version,
        submitted_at,
        since,
        deadline,
        reached=dict(zip(kinds or (), moments or (), strict=True)),
        came_to=OUTCOMES.get(outcome, said),
        unasked=unasked,
        by_register=by_register,
        household_gone=gone,
        contested=OPEN if is_open else SET_ASIDE if set_aside else "",
        told=bool(told),
        proved_at=proved_at,
    )


def reasons_of(connection: Connection, case: Status) -> tuple[Reason, ...]:
    """The reasons to show to a reader who has the secret; none where there are none or they were erased."""
    row = (
        connection.execute(LAST_WITH_REASONS, [case.case_id, [each.__name__ for each in GIVE_REASONS]]).fetchone()
        if case.has_reasons
        else None
    )
    if row is None or row[1] is None:
        return ()
    return tuple(reasons_in(msgspec.json.decode(row[1], type=KINDS[row[0]])))


def correction_of(connection: Connection, case: Status) -> Correction | None:
    """The correction that an appeal brought, for a reader who has the secret; None where there is none, or it is
    erased.
    """
    row = connection.execute(CORRECTION, [MOROCCO.key, case.case_id]).fetchone()
    return Correction(*row) if row and row[2] else None


def last_facts(connection: Connection, case_id: int, *kinds: type[Event]) -> Any:
    """The last event of these kinds; None where there is none, or its facts were erased."""
    row = connection.execute(LAST_WITH_REASONS, [case_id, [each.__name__ for each in kinds]]).fetchone()
    return msgspec.json.decode(row[1], type=KINDS[row[0]]) if row and row[1] else None


def reasons_in(event: Event) -> list[Reason]:
    """The reasons that an event gives."""
    match event:
        case MembersMismatched() | IdentityNotConfirmed():
            return [Reason(f"members[{each.member}]", each.reason, each.differs) for each in event.mismatches]
        case InformationAsked():
            return [Reason("asked", code) for code in event.asked]
        case AppealUpheld() | AppealSetAside() | AppealRejected():
            return [reason_of(each) for each in event.findings]
        case CorrectionAsked() | RefusalProposed() | ApplicationRefused():
            return [Reason(path, event.reason) for path in event.about or ("members",)]
    raise LookupError(f"{type(event).__name__} gives no reasons.")


def reason_of(finding: Finding) -> Reason:
    """The reason of a finding on an appeal."""
    return Reason(finding.path, finding.reason)
