"""The rows that say where a case stands, who asked, and what was declared."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from workflows.casefile import CaseFile
from workflows.doctor.recomputed import CaseNow, Recomputed
from workflows.engine.lanes import ALLOWANCE, rank
from workflows.engine.opening import hash_of, sealed_key
from workflows.engine.record import QueueState, parked_state, queue_state
from workflows.events.event import DOCUMENTS, CaseErased, ChangeInvited, ConfirmationReminded, Event, MessageRepeated
from workflows.flows import FLOWS, PARKED, stage_of
from workflows.flows.grammar import MACHINE, OTHER_CASE, OTHER_HOUSEHOLD
from workflows.history.retelling import GONE, is_decision
from workflows.intake.receipts import OPENED_BY_US
from workflows.intake.submit import ended_stages
from workflows.queue.timers import astray

DAY = timedelta(days=1)
STANDS: tuple[type[Event], ...] = (CaseErased, *DOCUMENTS, ConfirmationReminded, ChangeInvited)


def compare_case(case: Recomputed) -> None:
    """The row of `cases`: by its file where that can be told, else by the kinds of its events."""
    now, last = case.now, case.events[-1] if case.events else None
    if last is None:
        return  # `versions_off` counts it
    case.differ("cases", now._asdict(), {"version": last.seq, "head": last.hash, "submitted_at": case.events[0].at})
    if case.file is None:
        compare_stage(case)
        return
    at = placed(case)
    case.differ("cases", now._asdict(), row_of(case.file, at, now.waiting))
    compare_applicant(case)
    compare_proof(case)
    if now.stage == at.stage and not is_timed_right(now, at):
        case.wrong("cases", "due_at" if now.due_at else "rank")


def row_of(file: CaseFile, at: QueueState, waiting: bool) -> dict[str, Any]:
    """What the row says of a file that stands there, or waits for its turn."""
    return {
        "kind": file.kind,
        "lane": file.lane,
        "household_id": file.household_id,
        "body_number": file.body_number,
        "stage": at.stage,
        "open": at.open,
        "machine": at.machine and not waiting,
        "queue": at.queue,
        "deadline": at.deadline,
        "stage_since": at.stage_since,
        "parent_id": file.parent.case_id if file.parent else None,
        "parent_seq": file.parent.seq if file.parent else None,
    }


def compare_applicant(case: Recomputed) -> None:
    """Who asks, and where: as the body in force says. The applicant may be gone by law, and goes with the body."""
    now, body = case.now, case.body
    if body:
        case.differ("cases", now._asdict(), body.territory._asdict())
    gone = now.applicant_idcs is None and case.may_be_gone("case_body")
    if not gone and now.applicant_idcs != (body.applicant if body else None):
        case.wrong("cases", "applicant_idcs")


def compare_proof(case: Recomputed) -> None:
    """Since when a phone is shown: from the first event on, as that says, or since a code that came later."""
    opened: Any = case.told[0].event if case.told else None
    if opened is None:
        return
    begun, shown = case.now.submitted_at, case.now.proved_at
    if shown != begun if opened.proved else shown is not None and shown <= begun:
        case.wrong("cases", "proved_at")


def placed(case: Recomputed) -> QueueState:
    """Where its last event put it; what came beside its flow leaves a case where it stands."""
    last = [each for each in case.told if not leaves_alone(each.event)][-1]
    assert last.after is not None
    if last.after.stage == PARKED:
        return parked_state(last.stored.at, last.after.stage_since, last.after.lane)
    return set_anew(case.now, last.after, queue_state(last.after, last.stored.at), last.stored.at)


def leaves_alone(event: Event) -> bool:
    """Whether an event leaves the row of its case as it stands, but for version and head."""
    return isinstance(event, STANDS) or (isinstance(event, MessageRepeated) and not event.renews)


def set_anew(now: CaseNow, file: CaseFile, at: QueueState, moved_at: datetime) -> QueueState:
    """The same, with a timer that the sweep may have set anew because it lay weeks astray (queue/timers.py), and none
    that somebody moved by less.
    """
    step = stage_of(file.kind, file.stage)
    if step.within and now.deadline and not -DAY <= now.deadline - step.within - file.stage_since <= astray():
        return queue_state(msgspec.structs.replace(file, deadline=now.deadline), moved_at)
    due = now.due_at or now.rank - ALLOWANCE[now.lane]
    if step.every and at.due_at and abs(due - step.every - at.due_at) > astray():
        return at._replace(due_at=due)
    return at


def is_timed_right(now: CaseNow, at: QueueState) -> bool:
    """Whether its rank and timer are those it was given, or those of the timer that rang since."""
    rang = at.due_at and rank(now.lane, at.due_at)
    if now.due_at:
        return (now.due_at, now.rank) == (at.due_at, at.rank)
    woken = (
        now.ready
        and now.stage in FLOWS[now.kind].stages
        and stage_of(now.kind, now.stage).owner in (OTHER_CASE, OTHER_HOUSEHOLD)
    )
    return woken or now.rank == (rang or at.rank)


def compare_stage(case: Recomputed) -> None:
    """Of what was erased, the kinds are left: where the last decision may have led, and what the flow says of that
    stage.
    """
    now = case.now
    if now.kind not in FLOWS or now.stage not in possible_stages(case):
        case.wrong("cases", "stage")
        return
    step = stage_of(now.kind, now.stage)
    should = {"open": step.open, "machine": step.owner == MACHINE and not now.waiting, "queue": step.queue}
    case.differ("cases", now._asdict(), should)


def possible_stages(case: Recomputed) -> set[str]:
    """Where the last decision may have led, by its kind; where none was taken, where the flow begins."""
    flow = FLOWS[case.now.kind]
    decided = [each.kind for each in case.events if is_decision(each.kind)]
    if not decided:
        return {flow.first}
    return {
        to for step in flow.stages.values() for event, to in step.transitions.items() if event.__name__ == decided[-1]
    }


def compare_bodies(case: Recomputed) -> None:
    """Each as its event took it, none beside them, and gone only by law."""
    for _, number in case.history.unsealed():
        case.wrong("case_body", "body" if number in case.history.bodies else "")
    taken = taken_at(case)
    for number, stored in case.history.bodies.items():
        if stored.body is None and not case.may_be_gone("case_body"):
            case.wrong("case_body", "body")
        if stored.household_id != case.now.household_id:
            case.wrong("case_body", "household_id")
        body = case.history.body(number)
        if stored.phone != (body.contact.phone if body and body is not GONE else None):
            case.wrong("case_body", "phone")
        if case.file and stored.made_at != taken.get(number):
            case.wrong("case_body", "made_at" if number in taken else "")


def taken_at(case: Recomputed) -> dict[int, datetime]:
    """When each body was taken, by its number."""
    files = [(each.after.body_number, each.stored.at) for each in reversed(case.told) if each.after]
    return dict(files)


def compare_receipts(case: Recomputed) -> None:
    """One, with the reference and the key that the first event holds, and the hash of the first body."""
    receipts = case.found.get("receipt", [])
    if len(receipts) != 1:
        case.wrong("receipt", "")
        return
    (receipt,) = receipts
    first = case.history.bodies.get(1)
    gone = receipt["body_hash"] == b""
    if gone != (first is not None and first.body is None) or (gone and not case.may_be_gone("case_body")):
        case.wrong("receipt", "body_hash")
    if not gone and first and first.body is not None and receipt["body_hash"] != hash_of(first.body):
        case.wrong("receipt", "body_hash")
    if case.told and receipt["reference"] != case.told[0].before.reference:
        case.wrong("receipt", "reference")
    if not is_key_right(case, receipt):
        case.wrong("receipt", "idempotency_key")


def is_key_right(case: Recomputed, receipt: dict[str, Any]) -> bool:
    """Whether the key is the one that was sent, was freed when the case had ended, or is erased with the body."""
    key, first = receipt["idempotency_key"], case.history.bodies.get(1)
    if receipt["body_hash"] == b"":
        return bool(key == f"erased:{receipt['reference']}" or key.startswith(OPENED_BY_US))
    if key == f"ended:{receipt['reference']}":
        return any(each.after and each.after.stage in ended_stages(case.now.kind) for each in case.told)
    event: Any = case.told[0].event if case.told else None
    return event is None or first is None or first.salt is None or event.key == sealed_key(first.salt, key)
