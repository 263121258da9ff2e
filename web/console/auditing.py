"""The audit for auditors: who read or did what, to which records, when and why; the newest first.

What is searched for by identifier or phone is sent by a form, so that it stands in no address. Each search is noted.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from litestar import Request, get, post
from litestar.response import Template

from models import clock
from models.database import Connection, transaction
from models.days import midnight
from models.errors import Refused
from web.console.pages import page, reader_of
from web.errors import status_of
from workflows.audit.acts import Act, Purpose
from workflows.audit.sealing import seal_for
from workflows.audit.search import PAGE, Wanted, actors_of, of_person, of_phone, search
from workflows.intake.receipts import find
from workflows.staff.guard import permit
from workflows.staff.noting import Doing, note_reading

Asked = Request[Any, Any, Any]
SEAL_SECONDS = 0.2  # so that what was just done is found, though no supervisor runs
IN_ADDRESS = ("staff", "act", "reference", "since", "until", "before")


@get("/audit", opt={"act": "read_audit"}, sync_to_thread=True)
def read_audit(request: Asked) -> Template:
    """A page of the audit, by what stands in the address."""
    return shown(
        request, {"person": "", "phone": ""} | {name: request.query_params.get(name, "") for name in IN_ADDRESS}
    )


@post("/audit", opt={"act": "read_audit"}, sync_to_thread=True, status_code=200)
def search_person(request: Asked) -> Template:
    """What was done with the records of a person, who is named by identifier or phone."""
    form = request.state.form
    return shown(request, {name: form.get(name) for name in (*IN_ADDRESS, "person", "phone")})


def shown(request: Asked, typed: Mapping[str, str]) -> Template:
    """The page with what was found, or why it could not be searched."""
    who, now = reader_of(request), clock.now()
    seal_for(SEAL_SECONDS)
    try:
        with transaction() as connection:
            role = permit(who, "read_audit")  # of the whole country
            wanted, persons = wanted_by(connection, typed)
            found = search(connection, wanted)
            doing = Doing(Act.READ_AUDIT, now, role=role, purpose=Purpose.AUDIT, detail={"entries": len(found)})
            note_reading(connection, who, doing, persons)
    except Refused as refused:
        return page(request, "audit.html", status=status_of(refused), typed=typed, found=(), acts=Act, refused=refused)
    older = found[-1].position if len(found) == PAGE else None
    by_person = bool(typed.get("person") or typed.get("phone"))
    return page(request, "audit.html", typed=typed, found=found, acts=Act, older=older, by_person=by_person)


def wanted_by(connection: Connection, typed: Mapping[str, str]) -> tuple[Wanted, list[str]]:
    """What is searched for, and the pseudonyms of the persons among it. Raises Refused."""
    persons: list[str] = []
    cases: list[int] = []
    for name, look in (("person", of_person), ("phone", of_phone)):
        if typed.get(name):
            pseudonym, theirs = look(connection, typed[name])
            persons.append(pseudonym)
            cases += theirs
    act, before = typed.get("act", ""), typed.get("before", "")
    wanted = Wanted(
        act=Act(act) if act in set(Act) else None,
        since=day_in(typed.get("since", "")),
        until=day_in(typed.get("until", ""), 1),
        actors=actors_of(typed["staff"]) if typed.get("staff") else (),
        case_ids=[find(connection, typed["reference"]).id] if typed.get("reference") else (),
        persons=persons,
        of_persons=cases,
        before=int(before) if before.isascii() and before.isdecimal() and len(before) < 19 else None,
    )
    return wanted, persons


def day_in(text: str, later: int = 0) -> datetime | None:
    """The moment at which a day begins in Morocco, so many days later; None for no day. Raises Refused."""
    if not text:
        return None
    try:
        return midnight(date.fromisoformat(text) + timedelta(days=later))
    except (ValueError, OverflowError):
        raise Refused("bad_day", "A day is written as 2026-11-30.") from None


HANDLERS = [read_audit, search_person]
