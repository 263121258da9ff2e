"""The row of a case at the desk, beside what the case and its events say."""

from typing import Any

from workflows.desk.items import (
    BY_SUPERVISOR,
    FIRST,
    HELD_BY_EVENTS,
    OPERATOR,
    PARKED_CASES,
    item_of,
    of_people,
    waits_for,
)
from workflows.desk.search_keys import keys_of_body
from workflows.doctor.recomputed import CaseNow, Recomputed
from workflows.flows import FLOWS, PARKED
from workflows.flows.appeal import FLOW as APPEAL
from workflows.history.retelling import GONE
from workflows.policies import targets


def compare_item(case: Recomputed) -> None:
    """One row for a case that waits for people, as its events say; of another case, one that waits for nobody or none.

    What people said at the desk itself stays as it is: a priority, and who holds what the events give to nobody.
    """
    now = case.now
    if now.kind not in FLOWS or now.stage not in (*FLOWS[now.kind].stages, PARKED):
        return  # `cases_changed` counts it
    (row,) = case.found.get("desk_item", [None])  # its key is the case
    if not of_people(now.kind, now.stage):
        if row is not None:
            compare_done(case, row)
        return
    if row is None:
        case.wrong("desk_item", "")
        return
    case.differ("desk_item", row, of_row(now))
    if row["due_at"] not in due_moments(now):
        case.wrong("desk_item", "due_at")
    said = of_parked() if now.stage == PARKED else of_events(case)
    by_hand = ("priority", "why") if row["why"] == BY_SUPERVISOR else ()
    case.differ("desk_item", row, {name: value for name, value in said.items() if name not in by_hand})


def of_row(now: CaseNow) -> dict[str, Any]:
    """What the row of the case says."""
    return {
        "kind": now.kind,
        "stage": now.stage,
        "waits_for": waits_for(now.kind, now.stage),
        "since": now.stage_since,
        "region": now.region,
        "province": now.province,
        "version": now.version,
    }


def of_parked() -> dict[str, Any]:
    """What every parked case says."""
    return {"queue": PARKED_CASES, "waits_for": OPERATOR, "priority": FIRST, "why": PARKED}


def of_events(case: Recomputed) -> dict[str, Any]:
    """What the events say, and the body; nothing where they cannot be told."""
    file, now = case.file, case.now
    if file is None or file.body is GONE or file.stage != now.stage:
        return {}
    item = item_of(file, now.stage_since, now.deadline)
    said: dict[str, Any] = {name: getattr(item, name) for name in ("queue", "priority", "why", "language")}
    said |= {"barred": item.barred.split(), "flags": item.flags.split()}
    return said | ({"holder": item.holder} if now.kind == APPEAL.kind and now.stage in HELD_BY_EVENTS else {})


def due_moments(now: CaseNow) -> list[Any]:
    """When the item may be due: at the end of its term, else by one of the targets that there were."""
    return [now.deadline] if now.deadline else [now.stage_since + each[now.stage] for each in targets()]


def compare_done(case: Recomputed, row: dict[str, Any]) -> None:
    """It waits for nobody; if it says that somebody decided it, that is an event of the case."""
    if row["waits_for"] is not None:
        case.wrong("desk_item", "waits_for")
    done = row["done_at"], row["done_by"], row["done_as"]
    if any(done) and done not in [(each.at, each.actor, each.kind) for each in case.events]:
        case.wrong("desk_item", "done_as")


def compare_keys(case: Recomputed) -> None:
    """By what its people are found: as the body in force says, and gone only by law."""
    found = [each["keys"] for each in case.found.get("desk_search", [])]
    if case.file is None:
        return
    if case.body is None:
        if any(found) and case.may_be_gone():
            case.wrong("desk_search", "keys")
        return
    keys = keys_of_body(case.body)
    if set(found[0] if found else []) != set(keys) and not (case.may_be_gone("case_body") and not any(found)):
        case.wrong("desk_search", "keys")
