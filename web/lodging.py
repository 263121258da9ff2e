"""A citizen contests a decision on pages: which values, what they should be, their own words, a last look, the receipt.

Each page is shown by a GET and takes its form by a POST that ends in a redirect, so that back, reload and another
language work. What was typed waits in the visit until the appeal is sent.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, get_args

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, RawBody
from litestar.response import Redirect, Template

from models import clock
from models.database import Connection, transact, transaction
from models.days import day_of
from models.errors import NotFound, Refused
from models.patterns import LONGEST_TEXT
from notifications.notices import notices
from tasks.wake import wake_after_intake
from web.acting import CANNOT, problems_of_text, reason_of, words_of
from web.asked import SHOULD, Asked, FieldProblem, read_values
from web.contestable import chosen_of, contestable_of, contested_in, focused
from web.households import declaration_of, is_stranger
from web.queries import Status, status_of
from web.terms import answer_within, lodged_until
from web.threaded import in_thread
from web.visits import WRONG, Form, Place, cookie_of, page_of_visit, place_of, require_visit, see, see_wrong, token_in
from workflows.bodies.appeal import AppealBody, Ground
from workflows.bodies.declaration import Declaration
from workflows.bodies.reading import valid
from workflows.casework.appeals import Lodging, lodge
from workflows.intake.receipts import secret_for
from workflows.intake.visits import Draft, Visit, go_on_to, keep_draft, lock

# The decision that a case stands at and that its receipt contests.
DECISION = {"rejected": "refusal", "needs_correction": "correction", "notified": "index"}
INDEX = "index"
VALUE_WRONG = "value_wrong"  # the ground of an appeal that names values
GROUNDS = tuple(each for each in get_args(Ground) if each != VALUE_WRONG)
APPEAL, VALUES, CHECK, RECEIPT = "appeal", "appeal/values", "appeal/check", "appeal/receipt"
WAY = "/{language:str}/status/{reference:str}/"


@dataclass(frozen=True, slots=True)
class Contest:
    """What a visit may contest: the case, the decision, what was declared, and what was typed so far."""

    place: Place
    visit: Visit
    case: Status
    decision: str
    declaration: Declaration | None

    @property
    def values(self) -> list[Asked]:
        """The values that the decision rests on; none where it rests on no value."""
        return contestable_of(self.declaration) if self.declaration and self.decision == INDEX else []

    @property
    def chosen(self) -> list[Asked]:
        """Those that the citizen chose."""
        return chosen_of(self.values, self.visit.draft.typed.get("value", []))

    @property
    def draft(self) -> Draft:
        """What was typed so far."""
        return self.visit.draft

    def page(self, template: str, *, status: int = 200, **context: Any) -> Template:
        """One of the pages."""
        given: dict[str, Any] = {"problems": [], "typed": self.draft.typed, "key": self.draft.key, **context}
        term = lodged_until(self.case)
        return page_of_visit(
            template,
            self.place,
            self.visit,
            status=status,
            case=self.case,
            decision=self.decision,
            term=term,
            late=bool(term and term.until and day_of(clock.now()) > day_of(term.until)),
            **given,
        )


def contest_of(
    connection: Connection, request: Request[Any, Any, Any], place: Place, form: Form | None = None
) -> Contest | None:
    """What this visit may contest; None where nothing can be contested now. Raises what `require_visit` raises."""
    visit = require_visit(connection, request, place, form)
    case = status_of(connection, place.reference)
    if form is not None and form.first("key"):  # of a form that was shown before the visit was over
        visit = visit._replace(draft=with_typed(visit.draft, form))
    decision = decision_open_to(connection, case)
    return Contest(place, visit, case, decision, declaration_of(connection, case)) if decision else None


def decision_open_to(connection: Connection, case: Status) -> str:
    """The decision that this case's receipt contests. Empty where there is none, where an appeal against it is open or
    set it aside, and for whoever left the household: they are not shown what it declares.
    """
    if case.kind == "appeal" or case.contested or case.household_gone or is_stranger(connection, case):
        return ""
    return DECISION.get(case.stage, "")


def with_typed(draft: Draft, form: Form) -> Draft:
    """A draft with what a form says anew."""
    said = {name: values for name, values in form.typed.items() if name != "key"}
    return msgspec.structs.replace(draft, typed=draft.typed | said, key=form.first("key")[:80] or draft.key)


@get(WAY + APPEAL, include_in_schema=False)
@in_thread
def choose(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str], value: FromQuery[str] = ""
) -> Template | Redirect:
    """The first page of an appeal: what is wrong, what may be asked, and what happens meanwhile."""
    with transaction() as connection:
        contest = contest_of(connection, request, place_of(language, reference, APPEAL))
        if contest is None:
            return see(place_of(language, reference))
        problems = problems_of_choice(contest) if WRONG in request.query_params else []
        return first_page(contest, value, problems=problems, status=422 if problems else 200)


def first_page(contest: Contest, value: str = "", **context: Any) -> Template:
    """Renders the page on which a citizen chooses values; without values, on which they say why."""
    if contest.decision != INDEX:
        return contest.page("appeal_reason.html", grounds=GROUNDS, most=LONGEST_TEXT, **context)
    focus = focused(contest.values, value) or contest.chosen
    typed = contest.draft.typed | ({"value": [focus[0].path]} if value and len(focus) == 1 else {})
    rest = [each for each in contest.values if each not in focus]
    return contest.page("appeal_choose.html", **({"typed": typed} | context), focus=focus, rest=rest)


@post(WAY + APPEAL, include_in_schema=False)
@in_thread
def chosen(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str], body: RawBody
) -> Template | Redirect:
    """Keeps what was chosen; a value that has changed since is no mistake, and the next page says so."""
    place, form = place_of(language, reference, APPEAL), Form(body)
    with transaction() as connection:
        contest = contest_of(connection, request, place, form)
        if contest is None:
            return see(place.at(""))
        draft = fresh(contest.draft, form, ("value", "since") if contest.decision == INDEX else ("ground", "text"))
        keep_draft(connection, contest.visit.token, draft)
        if problems_of_choice(replace(contest, visit=contest.visit._replace(draft=draft))):
            return see_wrong(place)
    if contest.decision != INDEX:
        return see(place.at(CHECK))
    return see(place.at("change" if form.first("since") == "changed" else VALUES))


def fresh(draft: Draft, form: Form, names: Sequence[str]) -> Draft:
    """The draft in which these fields are as the form has them, with the key of one appeal."""
    typed = {name: values for name, values in draft.typed.items() if name not in names and name != "said"}
    typed |= {name: form.fields[name] for name in names if name in form.fields}
    return Draft(typed=typed, key=draft.key or secrets.token_urlsafe(16), lodged=draft.lodged)


def problems_of_choice(contest: Contest) -> list[FieldProblem]:
    """What is missing on the first page."""
    typed = contest.draft
    if contest.decision != INDEX:
        missing = not set(typed.typed.get("ground", ())) & set(GROUNDS)
        found = [FieldProblem("ground", "choose_ground")] if missing else []
        return found + problems_of_text(typed.first("text"), "text", required=False)
    found = [] if contest.chosen else [FieldProblem("value", "choose_value")]
    return found + ([] if typed.first("since") in ("wrong", "changed") else [FieldProblem("since", "choose")])


@get(WAY + VALUES, include_in_schema=False)
@in_thread
def ask_values(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str]
) -> Template | Redirect:
    """What each chosen value should be, and the citizen's own words."""
    place = place_of(language, reference, VALUES)
    with transaction() as connection:
        contest = contest_of(connection, request, place)
        if contest is None or not contest.chosen:
            return see(place.at(APPEAL if contest else ""))
        problems = problems_of_values(contest) if WRONG in request.query_params else []
        shown: dict[str, Any] = {"chosen": contest.chosen, "most": LONGEST_TEXT, "problems": problems}
        return contest.page("appeal_values.html", status=422 if problems else 200, **shown)


def problems_of_values(contest: Contest) -> list[FieldProblem]:
    """What is wrong with what the values should be, and with the citizen's own words."""
    _, problems = read_values(contest.chosen, contest.draft.typed, day_of(clock.now()))
    return problems + problems_of_text(contest.draft.first("text"), "text", required=False)


@post(WAY + VALUES, include_in_schema=False)
@in_thread
def given_values(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str], body: RawBody
) -> Template | Redirect:
    """Keeps what the values should be, or shows what is wrong with them."""
    place, form = place_of(language, reference, VALUES), Form(body)
    with transaction() as connection:
        contest = contest_of(connection, request, place, form)
        if contest is None or not contest.chosen:
            return see(place.at(APPEAL if contest else ""))
        names = [name for name in (*contest.draft.typed, *form.fields) if name.startswith(SHOULD)]
        draft = fresh(contest.draft, form, (*names, "text"))
        keep_draft(connection, contest.visit.token, draft)
        if problems_of_values(replace(contest, visit=contest.visit._replace(draft=draft))):
            return see_wrong(place)
    return see(place.at(CHECK))


@get(WAY + CHECK, include_in_schema=False)
@in_thread
def check(request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str]) -> Template | Redirect:
    """The last look before the appeal is sent."""
    place = place_of(language, reference, CHECK)
    with transaction() as connection:
        contest = contest_of(connection, request, place)
        if contest is None:
            return see(place.at(""))
        code = request.query_params.get(WRONG, "")
        return check_page(contest, cannot=code, status=422) if code in CANNOT else check_page(contest)


def check_page(contest: Contest, **context: Any) -> Template | Redirect:
    """Renders the last look; the page before it where something is missing there."""
    said, problems = read_values(contest.chosen, contest.draft.typed, day_of(clock.now()))
    if contest.decision == INDEX and contest.draft.first("since") != "wrong":
        return see(contest.place.at(APPEAL))
    if contest.decision == INDEX and (problems or not said):
        return see(contest.place.at(VALUES if contest.chosen else APPEAL))
    if contest.decision != INDEX and not contest.draft.typed.get("ground"):
        return see(contest.place.at(APPEAL))
    given: dict[str, Any] = {"cannot": "", **context}
    grounds = [each for each in GROUNDS if each in contest.draft.typed.get("ground", ())]
    return contest.page("appeal_check.html", chosen=contest.chosen, said=said, grounds=grounds, **given)


@post(WAY + CHECK, include_in_schema=False)
@in_thread
def send(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str], body: RawBody
) -> Template | Redirect:
    """Lodges the appeal, once however often the button is pressed; its receipt is the next page, after the commit."""
    place, form = place_of(language, reference, CHECK), Form(body)
    try:
        lodged = transact(lambda connection: sent(connection, request, place, form))
    except (Refused, NotFound) as error:
        return not_sent(request, place, form, error)
    if not lodged:
        return see(place.at(""))
    wake_after_intake()
    return see(place.at(RECEIPT))


def sent(connection: Connection, request: Request[Any, Any, Any], place: Place, form: Form) -> str:
    """The reference of the appeal that was lodged, now or by the same form before; empty: nothing can be contested."""
    lock(connection, token_in(request))
    visit = require_visit(connection, request, place, form)
    if visit.draft.lodged and form.first("key") in ("", visit.draft.key):
        return visit.draft.lodged
    contest = contest_of(connection, request, place, form)
    if contest is None:
        return ""
    lodging = Lodging(body_of(contest), contest.draft.key, on_page=True)
    accepted = lodge(connection, lodging, clock.now(), notices)
    keep_draft(connection, visit.token, Draft(key=contest.draft.key, lodged=accepted.reference))
    return accepted.reference


def body_of(contest: Contest) -> AppealBody:
    """The appeal as the API would be sent it. Raises Refused where something is missing."""
    typed = contest.draft.typed
    said, problems = read_values(contest.chosen, typed, day_of(clock.now()))
    if problems:
        raise Refused("not_valid")
    by_value = contest.decision == INDEX
    text = words_of(contest.draft.first("text"))
    appeal = {
        "decision": contest.decision,
        "grounds": [VALUE_WRONG] if by_value else [each for each in GROUNDS if each in typed.get("ground", ())],
        "contested": [
            {"path": path, "should_be": value}
            for each in contest.chosen
            for path, value in contested_in(each, said[each.path]).items()
        ],
        "reference": contest.place.reference,
        "secret": secret_for(contest.place.reference),
    }
    return valid(AppealBody, appeal | ({"text": text} if text else {}))


def not_sent(request: Request[Any, Any, Any], place: Place, form: Form, error: Refused | NotFound) -> Redirect:
    """Leads to the last look, with why the appeal could not be sent."""
    code = reason_of(error) if isinstance(error, Refused) else "erased"
    with transaction() as connection:
        contest = contest_of(connection, request, place, form)
        if contest is None:
            return see(place.at(""))
        keep_draft(connection, contest.visit.token, contest.draft)
    return Redirect(f"{place.address}?{WRONG}={code}", status_code=303)


@get(WAY + RECEIPT, include_in_schema=False)
@in_thread
def receipt(request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str]) -> Template | Redirect:
    """The receipt of the appeal that this visit sent, to print; without its secret where a code opened the visit."""
    place = place_of(language, reference, RECEIPT)
    with transaction() as connection:
        visit = require_visit(connection, request, place)
        if not visit.draft.lodged:
            return see(place.at(""))
        appeal = status_of(connection, visit.draft.lodged)
    secret = "" if visit.by_code else secret_for(appeal.reference)
    return page_of_visit("appeal_receipt.html", place, visit, appeal=appeal, secret=secret, due=due_of(appeal))


def due_of(appeal: Status) -> datetime:
    """By when the appeal is answered, if nothing is asked."""
    return appeal.submitted_at + answer_within()


@post(WAY + "appeal/follow", include_in_schema=False)
@in_thread
def follow(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str], body: RawBody
) -> Redirect:
    """Ends this visit and begins one of the appeal that it sent, whose receipt was just shown; documents may follow."""
    place, form = place_of(language, reference), Form(body)
    with transaction() as connection:
        visit = require_visit(connection, request, place, form)
        if not visit.draft.lodged:
            return see(place)
        token, longest = go_on_to(connection, visit, visit.draft.lodged, clock.now())
    to = "documents" if form.first("then") == "documents" else ""
    return see(place_of(language, visit.draft.lodged, to), [cookie_of(token, longest)])


HANDLERS = [choose, chosen, ask_values, given_values, check, send, receipt, follow]
