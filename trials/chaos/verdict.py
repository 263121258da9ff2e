"""What is counted when all is over: by what people hold and were told, and by the gateway's own log, not by what the
engine says of itself.

Every count is the length of a list that names the cases, so that each can be looked into.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from models.database import Connection, transaction
from trials.chaos import promises
from trials.chaos.answers import Answers
from trials.chaos.staff import Pause
from trials.generator.answers import Json
from workflows import doctor
from workflows.doctor.findings import Findings
from workflows.events import KINDS
from workflows.flows import FLOWS
from workflows.history import audit, replay

MAY_REST = {
    "notified",
    "needs_correction",
    "under_review",
    "lapsed",
    "rejected",
    "withdrawn",
    "parked",
}  # when nothing moves any more
PLANTED = "planted"  # the key of the one that ends its process
SHOWN = 20  # of each count

STANDINGS = """
    select r.reference, c.id, c.stage, d.body->>'commune' from receipt r join cases c on c.id = r.case_id
    left join case_body d on (d.case_id, d.number) = (c.id, c.body_number)
"""
# Back from a person, a case goes through the machine's stages anew: until it is sent back again, each decides once.
TWICE = """
    select case_id, kind from (
        select case_id, kind, count(*) filter (where kind = any(%s)) over (partition by case_id order by seq) as turn
            from event
    ) as told where kind <> 'ReviewOverdue' group by case_id, turn, kind having count(*) > 1
"""
GOES_BACK = ["CorrectionReceived", "CaseReopened", "ReviewCleared", "CaseResumed"]
ROWS_TWICE = """
    select coalesce(s.case_id, e.case_id), 'scores and decisions' from (select case_id, count(*) as times
        from score group by 1) as s
        full join (select case_id, count(*) as times from event where kind = 'ScoreComputed' group by 1) as e
            using (case_id)
        where s.times is distinct from e.times
    union all select registered_by, 'households' from household group by 1 having count(*) > 1
    union all select case_id, 'household versions' from household_version group by 1 having count(*) > 1
"""
MESSAGES = "select case_id, template, id::text from message"
OWED = """
    select c.kind, e.case_id, e.kind, count(*) from event e join cases c on c.id = e.case_id
    where c.parent_id is null group by 1, 2, 3
"""


class Standing(NamedTuple):
    """Where a case stands, and the commune of the declaration in force, which bears the mark of a correction."""

    case_id: int
    stage: str
    commune: str | None


@dataclass
class Held:
    """What is known outside of the engine.

    `receipts`: reference by the sender's key; `delivered`: how often the gateway wrote each reference down.
    """

    receipts: Mapping[str, str]
    bodies: list[Json]
    delivered: Counter[str]
    changed: list[str] = field(default_factory=list)
    answers: Answers = field(default_factory=Answers)
    pauses: list[Pause] = field(default_factory=list)


Wrong = Callable[
    [Connection, Held, Mapping[str, Standing]], Iterator[str]
]  # names each case of which a promise was broken


def count(held: Held, anchors: Path) -> tuple[dict[str, int], dict[str, list[str]]]:
    """Where the applications stand, every count of the proof, and the first cases of each that is not zero."""
    with transaction() as connection:
        standings = {reference: Standing(*rest) for reference, *rest in connection.execute(STANDINGS)}
        found = {name: list(check(connection, held, standings)) for name, check in CHECKS.items()}
        audited = audit.verify(connection, anchors)
        found["chain_breaks"] = padded([str(each) for each in audited.breaks], audited.broken)
        replayed = replay.replay(connection)
        found["replay_mismatches"] = padded([str(each) for each in replayed.mismatches], replayed.differing)
    stages = Counter(standings[reference].stage for reference in held.receipts.values() if reference in standings)
    counts = {stage: stages[stage] for stage in sorted(MAY_REST)} | {name: len(cases) for name, cases in found.items()}
    return counts, {name: cases[:SHOWN] for name, cases in found.items() if cases}


def padded(named: list[str], times: int) -> list[str]:
    """As many as were counted, where only the first ones are named."""
    return [*named, *["one more"] * times][:times]


def lost(connection: Connection, held: Held, standings: Mapping[str, Standing]) -> Iterator[str]:
    """Who got no receipt within the time, and whose application neither ended nor waits for a person."""
    for body in held.bodies:
        reference = held.receipts.get(body["application"], "no receipt")
        standing = standings.get(reference)
        if standing is None or standing.stage not in MAY_REST:
            yield f"{body['application']} {reference} {standing}"


def duplicate_events(connection: Connection, held: Held, standings: Mapping[str, Standing]) -> Iterator[str]:
    """Decisions, and what follows from them, that are there twice."""
    for statement, parameters in ((TWICE, [GOES_BACK]), (ROWS_TWICE, None)):
        yield from (f"case {case_id} {what}" for case_id, what in connection.execute(statement, parameters))


def double_persons(connection: Connection, held: Held, standings: Mapping[str, Standing]) -> Iterator[str]:
    """Persons who stand in two applications that were both registered, by what the citizens sent last."""
    registered: dict[str, list[str]] = {}
    for body in held.bodies:
        reference = held.receipts.get(body["application"], "")
        standing = standings.get(reference)
        if standing and standing.stage == "notified":
            for member in held.answers.sent.get(standing.commune or "", body)["members"]:
                registered.setdefault(member["idcs"], []).append(reference)
    yield from (
        f"one person in {' and '.join(references)}" for references in registered.values() if len(references) > 1
    )


def reached(connection: Connection, held: Held) -> Iterator[tuple[int, str, int, int]]:
    """By case and template: how many messages the history owes, and how many reached the gateway, each counted once."""
    sent = Counter(
        (case_id, template)
        for case_id, template, reference in connection.execute(MESSAGES)
        if held.delivered[reference]
    )
    owed: Counter[tuple[int, str]] = Counter()
    for kind, case_id, event, times in connection.execute(OWED):
        if message := FLOWS[kind].messages.get(KINDS[event]):
            owed[case_id, message.template] += times
    yield from ((*key, owed[key], sent[key]) for key in sorted(owed.keys() | sent.keys()))


def messages_missing(connection: Connection, held: Held, standings: Mapping[str, Standing]) -> Iterator[str]:
    """What somebody is owed and the gateway never wrote down. A review that comes back need not be told again."""
    for case_id, template, owed, sent in reached(connection, held):
        if sent < (min(owed, 1) if template == "review" else owed):
            yield f"case {case_id} {template}: {sent} of {owed}"


def duplicate_messages(connection: Connection, held: Held, standings: Mapping[str, Standing]) -> Iterator[str]:
    """What the gateway wrote down twice, what nobody was owed, and what stands in no ledger."""
    known = {reference for *_, reference in connection.execute(MESSAGES)}
    yield from (
        f"message {reference}, {times} times" for reference, times in held.delivered.items() for _ in range(times - 1)
    )
    yield from (f"message {reference} of no ledger" for reference in held.delivered if reference not in known)
    yield from (
        f"case {case_id} {template}: {sent} of {owed}"
        for case_id, template, owed, sent in reached(connection, held)
        for _ in range(sent - owed)
    )


def orphans(connection: Connection, held: Held, standings: Mapping[str, Standing]) -> Iterator[str]:
    """Whatever `sijil doctor` counts."""
    findings = doctor.examine_by_ranges(lambda: nullcontext(connection), Findings())
    for name, times in findings.counts.items():
        yield from padded([f"{name} {place}" for place in findings.places.get(name, [])], times)


def parked_innocent(connection: Connection, held: Held, standings: Mapping[str, Standing]) -> Iterator[str]:
    """Parked, and not the planted one."""
    for key, reference in held.receipts.items():
        if key != PLANTED and reference in standings and standings[reference].stage == "parked":
            yield f"{reference} (case {standings[reference].case_id})"


CHECKS: dict[str, Wrong] = {
    check.__name__: check
    for check in (
        lost,
        duplicate_events,
        duplicate_messages,
        messages_missing,
        double_persons,
        orphans,
        parked_innocent,
        promises.answers_lost,
        promises.answers_doubled,
        promises.withdrawn_undone,
        promises.lapsed_early,
        promises.refused_by_one,
        promises.receipts_changed,
        promises.worked_while_paused,
    )
}
ZERO = (*CHECKS, "chain_breaks", "replay_mismatches")


def shown(found: Mapping[str, list[str]]) -> dict[str, Any]:
    """What was wrong, as it is printed; nothing where all was well."""
    return {"wrong": dict(found)} if found else {}
