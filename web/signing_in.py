"""Signing in by a code to the household's phone, in place of the receipt's secret: there is no password.

Whoever asks sees the same page whether a household is known or not: else strangers could find out who is registered.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from litestar import Request, get, post
from litestar.datastructures import Cookie
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, RawBody
from litestar.response import Redirect, Template

from models import clock
from models.database import Connection, transact, transaction
from tasks.wake import wake
from web.asked import FieldProblem
from web.language import offered, render_page, written_in
from web.threaded import in_thread
from web.visits import WRONG, Form, Place, cookie_of, refuse_foreign, see, token_in
from workflows.flows import DELIVERY
from workflows.identifiers.typed import Mistake, NotAnIdentifier, identifier
from workflows.intake.codes import (
    LIFE,
    TooManyCodes,
    Tried,
    Verdict,
    Wanted,
    ask,
    household_of,
    last_try,
    prove,
    reached_at,
    try_to_open,
)
from workflows.intake.receipts import is_whole
from workflows.intake.visits import LONGEST, OWN, Draft, end, started

COOKIE = "__Host-code"
WAY = "/{language:str}/sign-in"
MOST_TYPED = 200  # characters of what is looked up
TYPED, MOST_COOKIE = "__Host-typed", 4_000  # the cookie that keeps what was typed and not taken, and its characters
KEPT = timedelta(minutes=5)
TOO_MANY = "too_many_codes"


@get(WAY, sync_to_thread=False, include_in_schema=False)
def sign_in(request: Request[Any, Any, Any], language: FromPath[str]) -> Template:
    """Asks whose file it is, and whether anybody else uses this phone; says what was wrong with what was typed."""
    kept = kept_typed(request)
    typed, wrong = kept.first("who"), request.query_params.get(WRONG, "")
    code = wrong if wrong == TOO_MANY else wrong_with(typed) if wrong else None
    if code is None or TYPED not in request.cookies:
        return sign_in_page(require(language))
    status = 429 if code == TOO_MANY else 422
    return sign_in_page(require(language), [FieldProblem("who", code)], kept, status=status)


@post(WAY, include_in_schema=False)
@in_thread
def send_code(request: Request[Any, Any, Any], language: FromPath[str], body: RawBody) -> Template | Redirect:
    """Sends a code to the household's phone, if it is known and has one, and leads to the page that takes it."""
    form = Form(body)
    refuse_foreign(request)
    typed = form.first("who")[:MOST_TYPED].strip()
    if wrong_with(typed):
        return see_wrong_typed(require(language), form)
    own_phone = form.first("own") == "yes"

    def asked(connection: Connection) -> str:
        reference, phone = reached_at(connection, typed)
        wanted = Wanted(reference, phone, written_in(require(language)), address_of(request), own_phone)
        return ask(connection, wanted, clock.now(), code_token_in(request))

    try:
        token = transact(asked)
    except TooManyCodes:
        return see_wrong_typed(language, form, TOO_MANY)
    wake(DELIVERY)
    cookies = [code_cookie(token), typed_cookie(None)]
    return Redirect(f"/{language}/sign-in/code", status_code=303, cookies=cookies)


def see_wrong_typed(language: str, form: Form, code: str = "1") -> Redirect:
    """Leads to the page that says what is wrong: it has an address, so that going back leads to a page.

    Nobody has a visit yet who types here, so this browser keeps what was typed, for a few minutes.
    """
    return Redirect(f"/{language}/sign-in?{WRONG}={code}", status_code=303, cookies=[typed_cookie(form)])


def kept_typed(request: Request[Any, Any, Any]) -> Form:
    """What was typed on the page that asks whose file it is, and not taken."""
    try:
        return Form(urlsafe_b64decode(request.cookies.get(TYPED, "")[:MOST_COOKIE]))
    except ValueError:
        return Form(b"")


def typed_cookie(form: Form | None) -> Cookie:
    """The cookie that keeps it; of what was taken nothing is kept."""
    typed = {"who": form.first("who")[:MOST_TYPED].strip(), "own": form.first("own")[:3]} if form else {}
    lasts = int(KEPT.total_seconds()) if form else 0
    return Cookie(
        TYPED,
        "/",
        urlsafe_b64encode(urlencode(typed).encode()).decode(),
        max_age=lasts,
        secure=True,
        httponly=True,
        samesite="strict",
    )


@get(f"{WAY}/code", include_in_schema=False)
@in_thread
def ask_code(request: Request[Any, Any, Any], language: FromPath[str]) -> Template | Redirect:
    """Asks for the code, and says where the one that was typed opened nothing."""
    if not code_token_in(request) and request.query_params.get(WRONG) != Verdict.OVER.value:
        return Redirect(f"/{require(language)}/sign-in", status_code=303)
    with transaction() as connection:
        problems = problems_told(connection, request, code_token_in(request))
    return code_page(require(language), problems, status=422 if problems else 200)


@post(f"{WAY}/code", include_in_schema=False)
@in_thread
def open_by_code(request: Request[Any, Any, Any], language: FromPath[str], body: RawBody) -> Template | Redirect:
    """Opens the household's file with the code."""
    form = Form(body)
    refuse_foreign(request)
    with transaction() as connection:
        tried = try_to_open(connection, code_token_in(request), form.first("code"), clock.now())
        if tried.verdict is Verdict.RIGHT:
            return opened(connection, request, require(language), tried)
    return Redirect(f"/{require(language)}/sign-in/code?{WRONG}={tried.verdict.value}", status_code=303)


def wrong_with(typed: str) -> str | None:
    """The code of what is wrong with what is neither a reference nor an identifier; None: nothing is."""
    if not typed or is_whole(typed):
        return None if typed else "nobody"
    try:
        identifier(typed)
    except NotAnIdentifier as wrong:
        return "who" if wrong.mistake is Mistake.LETTERS else wrong.mistake
    return None


def opened(connection: Connection, request: Request[Any, Any, Any], language: str, tried: Tried) -> Redirect:
    """The visit that a right code opens: of all cases of the household."""
    now = clock.now()
    end(connection, token_in(request))
    prove(connection, tried.reference, now)
    household = household_of(connection, tried.reference)
    token = started(
        connection, tried.reference, now, Draft(), household, own_phone=tried.own_phone, number=tried.number
    )
    longest = OWN[1] if tried.own_phone else LONGEST
    return see(Place(language, tried.reference), [cookie_of(token, longest), no_code_cookie()])


def problems_told(connection: Connection, request: Request[Any, Any, Any], token: str) -> list[FieldProblem]:
    """What the page of a code says that leads on from a refused one.

    A refusal has an address, so that going back leads to a page and never to a browser's error about a form. What it
    says stands in the row of the code: of one that was asked for since, nothing was refused.
    """
    if WRONG not in request.query_params:
        return []
    tried = last_try(connection, token, clock.now())
    return [problem_of(tried)] if tried else []


def problem_of(tried: Tried) -> FieldProblem:
    """What a page says of a code that opens nothing."""
    if tried.verdict is Verdict.OVER:
        return FieldProblem("code", "code_over")
    return FieldProblem("code", "code", {"left": str(tried.left)})


def sign_in_page(
    language: str, problems: list[FieldProblem] | None = None, kept: Form | None = None, *, status: int = 200
) -> Template:
    """The page that asks whose file it is."""
    typed = {"typed": kept.first("who") if kept else "", "own": kept.first("own") if kept else ""}
    return render_page("sign_in.html", language, status=status, path="sign-in", problems=problems or [], **typed)


def code_page(language: str, problems: list[FieldProblem] | None = None, *, status: int = 200) -> Template:
    """The page that asks for the code."""
    minutes = int(LIFE.total_seconds()) // 60
    return render_page(
        "sign_in_code.html", language, status=status, path="sign-in/code", problems=problems or [], minutes=minutes
    )


def require(language: str) -> str:
    """The language, if it is one of ours. Raises NotFoundException."""
    if language not in offered():
        raise NotFoundException
    return language


def address_of(request: Request[Any, Any, Any]) -> str:
    """The address that a request comes from."""
    return request.client.host if request.client else ""


def code_token_in(request: Request[Any, Any, Any]) -> str:
    """What the browser holds that asked for a code; empty where it asked for none."""
    return request.cookies.get(COOKIE, "")[:100]


def code_cookie(token: str) -> Cookie:
    """The cookie of who asked for a code: the code serves in this browser alone."""
    return Cookie(COOKIE, "/", token, max_age=int(LIFE.total_seconds()), secure=True, httponly=True, samesite="strict")


def no_code_cookie() -> Cookie:
    """The cookie that takes the place of that one and is gone at once."""
    return Cookie(COOKIE, "/", "", max_age=0, secure=True, httponly=True, samesite="strict")


HANDLERS = [sign_in, send_code, ask_code, open_by_code]
