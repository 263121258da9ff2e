"""A change of a registered household: what changed and since when, then the same questions, of what changed alone."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, RawBody
from litestar.response import Redirect, Template

from models import clock
from models.database import Connection, transaction
from models.days import day_of
from models.errors import Refused
from web.applying.visit import CHECK, MEMBERS, apply_place
from web.asked import PARTS_OF_DATE, Asked, FieldProblem, Wrong, read_typed
from web.contestable import chosen_of, contestable_of
from web.households import declaration_of, is_stranger
from web.queries import Status, status_of
from web.threaded import in_thread
from web.visits import WRONG, Form, Place, page_of_visit, place_of, require_visit, see, see_wrong
from workflows.bodies.change import CONFIRMATION, FORGOTTEN
from workflows.casework.changes import first_day_of, refuse_stranger, registered_household
from workflows.intake.drafts import Answers, answers_in, begin_with
from workflows.intake.receipts import find
from workflows.intake.visits import Visit, keep_draft

OF_FORGOTTEN = f"member_joined.{FORGOTTEN}"  # which counts from the household's first day in the register
# What a household may say has changed, with its cause where it has one, and where its questions begin. Another head or
# declarant, and the end of a household, are declared at a desk.
CHANGES = {
    "moved": "milieu",
    "contact": "contact",
    "bills": "water",
    "belongings": "things",
    "member_joined.birth": MEMBERS,
    "member_joined.marriage": MEMBERS,
    "member_joined.arrival": MEMBERS,
    OF_FORGOTTEN: MEMBERS,
    "member_left.death": MEMBERS,
    "member_left.divorce": MEMBERS,
    "member_left.departure": MEMBERS,
}
CANNOT = "cannot"  # of the address that says that nothing can be changed here
WHAT = Asked("what", "what", "choice", None)
SINCE = Asked("true_from", "true_from", "date", None)
SAID = {"what", *(f"{SINCE.field}.{part}" for part in PARTS_OF_DATE)}  # the fields of the page


def may_change(case: Status) -> bool:
    """Whether this is the receipt of something that came to a registered household."""
    return case.kind in ("registration", "update") and case.stage == "notified" and not case.household_gone


@get("/{language:str}/status/{reference:str}/change", include_in_schema=False)
@in_thread
def ask_change(request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str]) -> Template:
    """What changed, and since when; what to do at a desk where it is nothing of that."""
    place = place_of(language, reference, "change")
    with transaction() as connection:
        visit = require_visit(connection, request, place)
        case = status_of(connection, reference)
        problems: Sequence[FieldProblem] = ()
        if request.query_params.get(WRONG) == CANNOT:
            return change_page(connection, place, visit, case, status=422, cannot=True)
        if WRONG in request.query_params and SAID & visit.draft.typed.keys():
            *_, problems = read_change(connection, case, visit.draft.typed)
        return change_page(connection, place, visit, case, status=422 if problems else 200, problems=problems)


def change_page(
    connection: Connection, place: Place, visit: Visit, case: Status, *, status: int = 200, **context: Any
) -> Template:
    """Renders it, with the values that somebody meant to contest before they said that they have changed since."""
    left = is_stranger(connection, case)
    declared = None if left else declaration_of(connection, case)
    chosen = chosen_of(contestable_of(declared), visit.draft.typed.get("value", [])) if declared else []
    given: dict[str, Any] = {"problems": [], "typed": visit.draft.typed, "cannot": False, **context}
    given |= {"may_change": may_change(case) and not left, "changes": list(CHANGES), "since": SINCE}
    return page_of_visit("change.html", place, visit, status=status, case=case, chosen=chosen, **given)


@post("/{language:str}/status/{reference:str}/change", include_in_schema=False)
@in_thread
def begin_change(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str], body: RawBody
) -> Redirect:
    """Opens the questions about what changed, with what the register has."""
    place, form = place_of(language, reference, "change"), Form(body)
    with transaction() as connection:
        visit = require_visit(connection, request, place, form)
        case = status_of(connection, place.reference)
        said, kept = form.typed, without(visit.draft.typed, SAID)
        what, day, problems = read_change(connection, case, said)
        keep_draft(
            connection, visit.token, msgspec.structs.replace(visit.draft, typed=kept | said if problems else kept)
        )
        if problems:
            return see_wrong(place)
        if not may_change(case):
            return see(place)
        try:
            answers = registered_answers(connection, place.reference)
        except Refused:
            keep_draft(connection, visit.token, msgspec.structs.replace(visit.draft, typed=kept | said))
            return Redirect(f"{place.address}?{WRONG}={CANNOT}", status_code=303)
        answers.change, _, answers.cause = what.partition(".")
        answers.true_from = day
        begin_with(connection, place.reference, answers, clock.now())
    return see(apply_place(language, place.reference, CHANGES[what]))


@post("/{language:str}/status/{reference:str}/confirm", include_in_schema=False)
@in_thread
def begin_confirmation(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str], body: RawBody
) -> Redirect:
    """Opens a last look at the whole declaration as the register has it, to be confirmed or corrected."""
    place, form, now = place_of(language, reference, "change"), Form(body), clock.now()
    with transaction() as connection:
        require_visit(connection, request, place, form)
        case = status_of(connection, place.reference)
        if not may_change(case):
            return see(place)
        try:
            answers = registered_answers(connection, place.reference)
        except Refused:
            return Redirect(f"{place.address}?{WRONG}={CANNOT}", status_code=303)
        answers.change, answers.true_from = CONFIRMATION, day_of(now).isoformat()
        begin_with(connection, place.reference, answers, now)
    return see(apply_place(language, place.reference, CHECK))


def read_change(
    connection: Connection, case: Status, typed: Mapping[str, Sequence[str]]
) -> tuple[str, str, Sequence[FieldProblem]]:
    """What changed and since when, and what is wrong with what was said of it."""
    what, day, problems = next(iter(typed.get("what", ())), ""), "", []
    if what == OF_FORGOTTEN:
        return what, first_day_shown(connection, case), []
    if what not in CHANGES:
        problems.append(FieldProblem("what", "choose", about=WHAT))
    try:
        day = read_typed(SINCE, typed, day_of(clock.now()))
        require_registered(connection, case, what, date.fromisoformat(day))
    except Wrong as wrong:
        problems.append(FieldProblem(SINCE.field, wrong.code, wrong.values, SINCE))
    return what, day, problems


def require_registered(connection: Connection, case: Status, what: str, day: date) -> None:
    """Raises Wrong for a day before the household's first one in the register: who was there by then was forgotten."""
    first = first_day_shown(connection, case)
    if first and f"{day}" < first:
        code = "joined_before" if what.startswith("member_joined.") else "before_register"
        raise Wrong(code, day=day, first=date.fromisoformat(first))


def first_day_shown(connection: Connection, case: Status) -> str:
    """The household's first day in the register, for who may change it; '' for anybody else."""
    shown = may_change(case) and not is_stranger(connection, case)
    first = first_day_of(connection, case.household_id or 0) if shown else None
    return f"{first}" if first else ""


def without(typed: Mapping[str, list[str]], names: Collection[str]) -> dict[str, list[str]]:
    """What was typed, without these fields."""
    return {name: values for name, values in typed.items() if name not in names}


def registered_answers(connection: Connection, reference: str) -> Answers:
    """The household as it is registered now. Raises Refused where it is not, or the reader is no member of it."""
    case = find(connection, reference)
    refuse_stranger(connection, case)
    known = registered_household(connection, case)
    answers = answers_in(known.declaration)
    answers.based_on, answers.key = known.version, secrets.token_urlsafe(16)
    return answers


HANDLERS = [ask_change, begin_change, begin_confirmation]
