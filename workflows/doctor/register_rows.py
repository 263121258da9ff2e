"""What a case wrote into the register, beside what `workflows/engine/projections.py` makes of its events; and the
persons it holds.
"""

from typing import Any

from psycopg.types.range import Range
from sqlmodel import SQLModel

from models import tables  # noqa: F401 - fills the metadata
from workflows.doctor.recomputed import Recomputed
from workflows.engine.projections import REGISTER, Projection, Transition
from workflows.engine.record import holds_persons as holds_at
from workflows.events import NothingSuspicious
from workflows.history.retelling import GONE, Told


def compare_register(case: Recomputed) -> None:
    """Every row that its events make, in every column, and no other."""
    for table in REGISTER:
        compare_table(case, table)
    compare_claims(case)


def compare_table(case: Recomputed, table: Projection) -> None:
    """One table. Of what was erased, rows are there, whatever they say."""
    keys = [column.name for column in SQLModel.metadata.tables[table.name].primary_key]
    stand = {tuple(row[key] for key in keys): row for row in case.found.get(table.name, [])}
    told = [each for each in case.told if not (table.of_body and each.before.body is GONE)]
    for row in rows_of(table, told):
        said = stand.pop(tuple(row[key] for key in keys), None)
        if said is None:
            case.wrong(table.name, "")
        else:
            compare_row(case, table.name, said, row)
    silent = case.events[len(case.told) :] if len(told) == len(case.told) else case.events
    if any(table.on and each.kind == table.on.__name__ for each in silent) != bool(stand):
        case.wrong(table.name, "")


def rows_of(table: Projection, told: list[Told]) -> list[dict[str, Any]]:
    """What these events make of it, by column."""
    moves = [Transition(each.before, each.stored.sealed(each.event), ()) for each in told]
    return [dict(zip(table.columns.split(", "), row, strict=True)) for row in table.rows_of(moves)]


def compare_row(case: Recomputed, table: str, said: dict[str, Any], should: dict[str, Any]) -> None:
    """One row; the name of a member may be gone by law."""
    if table == "household_member" and said["name"] is None and case.may_be_gone():
        should = {**should, "name": None}
    case.differ(table, {name: as_written(value) for name, value in said.items()}, should)


def as_written(value: Any) -> Any:
    """A range without an end as `projections.py` writes it."""
    return f"[{value.lower},)" if isinstance(value, Range) and value.upper is None and value.bounds == "[)" else value


def compare_claims(case: Recomputed) -> None:
    """It holds every member from when nothing was suspicious until it came to where it holds nobody, and nobody else
    ever.
    """
    said = {(row["idcs"], row["household_id"]) for row in case.found.get("person_claim", [])}
    body = case.body
    if body:
        holds = {(idcs, case.now.household_id or 0) for idcs in body.persons} if holds_persons(case) else set()
    else:
        holds = said if holds_there(case, case.now.stage) else set()
    for _ in said ^ holds:
        case.wrong("person_claim", "")


def holds_persons(case: Recomputed) -> bool:
    """Whether it was found unsuspicious since it was last where it holds nobody."""
    holds = False
    for each in case.told:
        there = each.after is not None and holds_there(case, each.after.stage)
        holds = there and (holds or isinstance(each.event, NothingSuspicious))
    return holds


def holds_there(case: Recomputed, stage: str) -> bool:
    """Whether its kind holds persons at this stage; one that no flow knows may."""
    try:
        return holds_at(case.now.kind, stage)
    except LookupError:
        return True
