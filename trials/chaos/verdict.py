"""The count when all is over.

It goes by the receipts and answers that people hold and by the gateway's log, not by what the engine says of itself.
Every count is the length of a list that names the cases, so that each can be looked into.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from models.database import Connection, transaction
from trials.chaos import promises
from trials.chaos.crowd import PLANTED
from trials.chaos.observed import CaseStatus, Check, Observed
from trials.chaos.registrars import behind
from trials.generator.answers import Json
from workflows import doctor
from workflows.doctor.findings import Findings
from workflows.events.event import KINDS
from workflows.flows import CHANGE_INVITED, FLOWS, PARKED, places
from workflows.flows.grammar import BESIDES, MACHINE
from workflows.history import audit, replay

# The stages, after their kind, in which a case may be when nothing moves any more. `waits_stuck` counts those that wait
# for another case or household in vain.
MAY_REST = {(kind, stage.name) for kind, stage in places() if stage.owner != MACHINE} | {
    (kind, PARKED) for kind in FLOWS
}
SHOWN = 20  # cases of each count
CAME_TO_NOTHING = ("withdrawn", "lapsed", "rejected", "void")  # how a change may end that changes nothing
ONCE = ("review", "update_review")  # messages that a review which comes back does not owe again
# Of the counts of `sijil doctor`, those that chaos tells apart.
OF_DOCTOR = ("children_missing", "children_doubled", "waits_stuck", "periods_overlapping", "periods_changed")

STATUSES = """
    select r.reference, c.id, c.kind, c.stage, d.body->>'commune' from receipt r join cases c on c.id = r.case_id
    left join case_body d on (d.case_id, d.number) = (c.id, c.body_number)
"""
STILL = "select id, kind, stage from cases where machine or ready or waiting"
# A case that goes back, as a person or another case sends it, goes through stages again: in each round, each decides
# once.
TWICE = """
    select case_id, kind from (
        select case_id, kind, count(*) filter (where kind = any(%s)) over (partition by case_id order by seq) as round
        from event
    ) as by_round where kind <> all(%s) group by case_id, round, kind having count(*) > 1
"""
GOES_BACK = [
    "CorrectionReceived",
    "RegisterChanged",
    "CaseReopened",
    "ReviewCleared",
    "CaseResumed",
    "ChangeRebased",
    "ChangeOvertaken",
    "PersonsLost",
    "PersonLetGo",
    "PersonNotLetGo",
    "AppealTextAdded",
    "AppealAssigned",
    "HandedBack",
    "InformationGiven",
    "InformationNotGiven",
    "ProposalReturned",
    "CommissionFound",
    "CorrectionAwaited",
    "CorrectionRetried",
]
# By time alone, or by what happens elsewhere.
AGAIN = [
    "ReviewOverdue",
    "AppealReminded",
    "CommissionOverdue",
    "CorrectionOverdue",
    "ChangeKeptOpen",
    "ChangeInvited",
]
INVITED = "ChangeInvited"  # which no flow has
ROWS_TWICE = """
    select coalesce(s.case_id, e.case_id), 'scores and decisions'
    from (select case_id, count(*) as times from score group by 1) as s
    full join (select case_id, count(*) as times from event where kind = 'ScoreComputed' group by 1) as e
        using (case_id)
    where s.times is distinct from e.times
    union all select registered_by, 'households' from household group by 1 having count(*) > 1
    union all select case_id, 'household versions' from household_version group by case_id, replaces having count(*) > 1
"""
INVITED_TWICE = f"""
    select case_id, facts ->> 'position' from event where kind = '{INVITED}' group by 1, 2 having count(*) > 1
"""
ENDS = """
    select c.stage, count(*) from cases c join receipt r on r.case_id = c.id where r.reference = any(%s)
    group by 1 order by 1
"""
MESSAGES = "select case_id, template, id::text from message"
OWED = """
    select c.kind, e.case_id, e.kind, count(*), (b.body->>'known_phone') is not null from event e
    join cases c on c.id = e.case_id left join case_body b on (b.case_id, b.number) = (c.id, c.body_number)
    where c.parent_id is null group by 1, 2, 3, 5
"""


def count(seen: Observed, anchors: Path) -> tuple[dict[str, int], dict[str, list[str]]]:
    """Counts the applications by stage and the broken promises; names the first cases of each broken promise."""
    with transaction() as connection:
        statuses = {reference: CaseStatus(*rest) for reference, *rest in connection.execute(STATUSES)}
        found = {name: list(check(connection, seen, statuses)) for name, check in CHECKS.items()}
        found |= examined(connection)
        audited = audit.verify(connection, anchors)
        found["chain_breaks"] = padded([str(each) for each in audited.breaks], audited.broken)
        replayed = replay.replay(connection)
        found["replay_mismatches"] = padded([str(each) for each in replayed.mismatches], replayed.differing)
    stages = Counter(statuses[reference].stage for reference in seen.receipts.values() if reference in statuses)
    rests = sorted(stage for kind, stage in MAY_REST if kind == "registration")
    counts = {stage: stages[stage] for stage in rests} | {name: len(cases) for name, cases in found.items()}
    return counts, {name: cases[:SHOWN] for name, cases in found.items() if cases}


def ends(references: Collection[str]) -> dict[str, int]:
    """How many of these cases came to rest at which stage."""
    with transaction() as connection:
        return dict(connection.execute(ENDS, [list(references)]).fetchall())


def padded(named: list[str], times: int) -> list[str]:
    """A list as long as the count, of which only the first are named."""
    return [*named, *["one more"] * times][:times]


def lost(connection: Connection, seen: Observed, statuses: Mapping[str, CaseStatus]) -> Iterator[str]:
    """Finds applications without a receipt, lost changes, and cases that neither ended nor wait for people."""
    for body in seen.bodies:
        reference = seen.receipts.get(body["application"], "no receipt")
        status = statuses.get(reference)
        if status is None or status[1:3] not in MAY_REST:
            yield f"{body['application']} {reference} {status}"
    yield from (f"{name} {reference}" for name, reference in seen.references if reference not in statuses)
    yield from (f"case {case_id} {kind} is {stage}" for case_id, kind, stage in connection.execute(STILL))


def duplicate_events(connection: Connection, seen: Observed, statuses: Mapping[str, CaseStatus]) -> Iterator[str]:
    """Finds decisions, or rows that follow from them, that are there twice."""
    for statement, parameters in ((TWICE, [GOES_BACK, AGAIN]), (ROWS_TWICE, None)):
        yield from (f"case {case_id} {what}" for case_id, what in connection.execute(statement, parameters))


def double_persons(connection: Connection, seen: Observed, statuses: Mapping[str, CaseStatus]) -> Iterator[str]:
    """Finds persons in two registered applications, by the declarations that citizens sent last."""
    changed: dict[str, list[str]] = defaultdict(list)
    for update, declared in seen.updates.items():
        changed[declared.registration].append(update)
    registered: dict[str, list[str]] = defaultdict(list)
    for body in seen.bodies:
        reference = seen.receipts.get(body["application"], "")
        for idcs in persons_of(reference, body, changed[reference], seen, statuses):
            registered[idcs].append(reference)
    yield from (
        f"one person in {' and '.join(references)}" for references in registered.values() if len(references) > 1
    )


def persons_of(
    reference: str, body: Json, updates: Sequence[str], seen: Observed, statuses: Mapping[str, CaseStatus]
) -> set[str]:
    """Who is in a household by what its people sent and were told; nobody where it is not, or no more, registered.

    Whoever leaves by a change that is still open may be with another household already, to whom a caseworker gave them.
    """
    status = statuses.get(reference)
    ends = {update: statuses[update].stage for update in updates if update in statuses}
    if status is None or status.stage != "notified" or "removed" in ends.values():
        return set()
    persons = {member["idcs"] for member in seen.answers.sent.get(status.commune or "", body)["members"]}
    for update, stage in ends.items():
        intent = seen.updates[update].intent
        persons |= {member["idcs"] for member in intent.joining} if stage == "notified" else set()
        persons -= intent.leaving if stage not in CAME_TO_NOTHING else set()
    return persons


def reached(connection: Connection, seen: Observed) -> Iterator[tuple[int, str, int, int]]:
    """By case and template: how many messages the history owes, and how many different ones reached the gateway."""
    sent = Counter(
        (case_id, template)
        for case_id, template, reference in connection.execute(MESSAGES)
        if seen.delivered[reference]
    )
    owed: Counter[tuple[int, str]] = Counter()
    for kind, case_id, event, times, besides in connection.execute(OWED):
        if event == INVITED:  # whoever was told besides of a change is not invited to declare another
            owed[case_id, CHANGE_INVITED.template] += times
        elif message := FLOWS[kind].messages.get(KINDS[event]):
            for template in (message.template, *([message.template + BESIDES] if besides else [])):
                owed[case_id, template] += times
    yield from ((*key, owed[key], sent[key]) for key in sorted(owed.keys() | sent.keys()))


def messages_missing(connection: Connection, seen: Observed, statuses: Mapping[str, CaseStatus]) -> Iterator[str]:
    """Finds messages that are owed and that the gateway never got. A review that comes back owes no second one."""
    for case_id, template, owed, sent in reached(connection, seen):
        if sent < (min(owed, 1) if template.removesuffix(BESIDES) in ONCE else owed):
            yield f"case {case_id} {template}: {sent} of {owed}"


def duplicate_messages(connection: Connection, seen: Observed, statuses: Mapping[str, CaseStatus]) -> Iterator[str]:
    """Finds messages that the gateway got twice, that nobody was owed, or that no ledger holds."""
    known = {reference for *_, reference in connection.execute(MESSAGES)}
    yield from (
        f"message {reference}, {times} times" for reference, times in seen.delivered.items() for _ in range(times - 1)
    )
    yield from (f"message {reference} of no ledger" for reference in seen.delivered if reference not in known)
    yield from (
        f"case {case_id} {template}: {sent} of {owed}"
        for case_id, template, owed, sent in reached(connection, seen)
        for _ in range(sent - owed)
    )


def life_events_missed(connection: Connection, seen: Observed, statuses: Mapping[str, CaseStatus]) -> Iterator[str]:
    """Finds life events that were never applied, or twice: by the position, and by what was made of each."""
    if missed := behind(connection, seen.register):
        yield f"{abs(missed)} events"
    yield from (f"case {case_id}, position {position}" for case_id, position in connection.execute(INVITED_TWICE))


def examined(connection: Connection) -> dict[str, list[str]]:
    """What `sijil doctor` counts: some of it told apart, all else as `orphans`."""
    findings = doctor.examine_by_ranges(lambda: nullcontext(connection), Findings())
    found: dict[str, list[str]] = {name: [] for name in ("orphans", *OF_DOCTOR)}
    for name, times in findings.counts.items():
        places = padded([f"{name} {place}" for place in findings.places.get(name, [])], times)
        found[name if name in OF_DOCTOR else "orphans"] += places
    return found


def parked_innocent(connection: Connection, seen: Observed, statuses: Mapping[str, CaseStatus]) -> Iterator[str]:
    """Finds parked cases other than the planted one."""
    for key, reference in seen.references:
        if key != PLANTED and reference in statuses and statuses[reference].stage == PARKED:
            yield f"{reference} (case {statuses[reference].case_id})"


def waited_longer(connection: Connection, seen: Observed, statuses: Mapping[str, CaseStatus]) -> Iterator[str]:
    """Finds cases that waited for a register's answer for longer than their back-off."""
    yield from (f"case {case_id}" for case_id in sorted(seen.late))


CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        lost,
        duplicate_events,
        duplicate_messages,
        messages_missing,
        double_persons,
        parked_innocent,
        life_events_missed,
        waited_longer,
        promises.answers_lost,
        promises.answers_doubled,
        promises.withdrawn_undone,
        promises.lapsed_early,
        promises.refused_by_one,
        promises.refused_unheard,
        promises.receipts_changed,
        promises.worked_while_paused,
    )
}
ZERO = (*CHECKS, "orphans", *OF_DOCTOR, "chain_breaks", "replay_mismatches")


def shown(found: Mapping[str, list[str]]) -> dict[str, Any]:
    """The broken promises for the result of the command; empty where none was broken."""
    return {"wrong": dict(found)} if found else {}
