"""The way in and out: the password, the code, what is owed at the first time, and the end of a session."""

from typing import Any
from urllib.parse import quote

import segno
from litestar import Request, get, post
from litestar.datastructures import Cookie
from litestar.response import Redirect, Response, Template

from models import clock
from models.database import transaction
from models.errors import Refused
from models.settings import settings
from notifications.catalogues import STAFF_LANGUAGES
from web.console.cookies import BROWSER, DEVICE, SESSION, cookie, device_cookie, known_device, no_cookie
from web.console.guarded import ANYBODY, SIGNED_IN, SIGNING_IN
from web.console.language import COOKIE as LANGUAGE
from web.console.pages import go, page, session_of, within
from web.errors import status_of
from web.threaded import apart
from workflows.staff import sign_in as steps
from workflows.staff.provider.flow import is_of_provider
from workflows.staff.second_factor import app_address, new_app_secret
from workflows.staff.sign_in import APP, CODE, PASSWORD, Attempt, SignedIn

STEPS = {CODE: "/console/sign-in/code", PASSWORD: "/console/sign-in/password", APP: "/console/sign-in/app"}
TEMPLATES = {CODE: "sign_in_code.html", PASSWORD: "sign_in_password.html", APP: "sign_in_app.html"}
A_YEAR = 365 * 24 * 3600
Asked = Request[Any, Any, Any]


@get("/sign-in", opt={"act": ANYBODY}, sync_to_thread=False)
def ask_who(request: Asked) -> Template:
    """The page to sign in."""
    return sign_in_page(request, next=within(request.query_params.get("next", "")))


def sign_in_page(request: Asked, *, status: int = 200, **context: Any) -> Template:
    """The page to sign in, with the cookie that ties its forms to this browser."""
    ways = {"local": settings().local_accounts == "on", "provider": bool(settings().oidc_issuer)}
    named = {"provider_name": settings().oidc_name, "name": "", "next": "/console"}
    shown = page(request, "sign_in.html", status=status, **{**ways, **named, **context})
    shown.cookies.append(cookie(BROWSER, request.state.browser))
    return shown


@post("/sign-in", opt={"act": ANYBODY})
@apart
def take_password(request: Asked) -> Template | Redirect:
    """Begins a session for a name and its password."""
    form, where = request.state.form, within(request.state.form.get("next"))
    attempt = attempt_of(request, form.get("name"))
    try:
        begun = steps.sign_in(attempt, form.get("password"), clock.now())
    except Refused as refused:
        return sign_in_page(request, status=status_of(refused), refused=refused, name=form.get("name"), next=where)
    return on(request, begun, where)


def attempt_of(request: Asked, name: str) -> Attempt:
    """Who tries to sign in, from where."""
    address = request.client.host if request.client else ""
    return Attempt(name, address, known_device(request.cookies.get(DEVICE, ""), name))


def on(request: Asked, begun: SignedIn, where: str) -> Redirect:
    """To the next step of a sign-in, or to where the reader wanted to go, with the token of the new session."""
    if begun.owed:
        answer = go(f"{STEPS[begun.owed]}?next={quote(where, safe='/')}")
    else:
        answer = go(where)
        known = known_device(request.cookies.get(DEVICE, ""), begun.name)
        answer.cookies.append(device_cookie(begun.name, known))
    answer.cookies.append(cookie(SESSION, begun.token))
    return answer


def step_page(request: Asked, step: str, *, status: int = 200, **context: Any) -> Template | Redirect:
    """The page of a step, if the sign-in owes it."""
    session = session_of(request)
    if session.owes != step:
        return go(STEPS.get(session.owes or "", "/console"))
    return page(request, TEMPLATES[step], status=status, **{"name": session.acting.name, "next": "/console", **context})


@get("/sign-in/code", opt={"act": SIGNING_IN}, sync_to_thread=False)
def ask_code(request: Asked) -> Template | Redirect:
    """The page that asks for the code of the authenticator."""
    return step_page(request, CODE, next=within(request.query_params.get("next", "")))


@post("/sign-in/code", opt={"act": SIGNING_IN}, sync_to_thread=True)
def take_code(request: Asked) -> Template | Redirect:
    """Takes the code."""
    session, form = session_of(request), request.state.form
    where = within(form.get("next"))
    try:
        attempt = attempt_of(request, session.acting.name)
        begun = steps.give_code(session, request.cookies[SESSION], attempt, form.get("code"), clock.now())
    except Refused as refused:
        return step_page(request, CODE, status=status_of(refused), refused=refused, next=where)
    return on(request, begun, where)


@get("/sign-in/password", opt={"act": SIGNING_IN}, sync_to_thread=False)
def ask_password(request: Asked) -> Template | Redirect:
    """The page that asks for a password of one's own."""
    return step_page(request, PASSWORD, next=within(request.query_params.get("next", "")))


@post("/sign-in/password", opt={"act": SIGNING_IN})
@apart
def choose_password(request: Asked) -> Template | Redirect:
    """Takes the password that a person chose."""
    form, where = request.state.form, within(request.state.form.get("next"))
    try:
        begun = steps.give_password(session_of(request), request.cookies[SESSION], form.get("password"), clock.now())
    except Refused as refused:
        return step_page(request, PASSWORD, status=status_of(refused), refused=refused, next=where)
    return on(request, begun, where)


@get("/sign-in/app", opt={"act": SIGNING_IN}, sync_to_thread=False)
def ask_app(request: Asked) -> Template | Redirect:
    """The page that shows the secret for an authenticator app, and asks for its first code."""
    return app_page(request, new_app_secret(), next=within(request.query_params.get("next", "")))


def app_page(request: Asked, secret: str, **context: Any) -> Template | Redirect:
    """The page with this secret, as a picture and as a key to type."""
    address = app_address(secret, session_of(request).acting.name)
    picture = segno.make(address, error="m").svg_inline(scale=4, border=2, omitsize=True)
    key = " ".join(secret[place : place + 4] for place in range(0, len(secret), 4))
    return step_page(request, APP, secret=secret, key=key, picture=picture, **context)


@post("/sign-in/app", opt={"act": SIGNING_IN}, sync_to_thread=True)
def take_app(request: Asked) -> Template | Redirect | Response[Any]:
    """Keeps the authenticator, and shows the recovery codes, once."""
    form, token = request.state.form, request.cookies[SESSION]
    secret, where = form.get("secret"), within(form.get("next"))
    try:
        begun, codes = steps.give_app(session_of(request), token, secret, form.get("code"), clock.now())
    except Refused as refused:
        return app_page(request, secret, status=status_of(refused), refused=refused, next=where)
    shown = page(request, "sign_in_codes.html", codes=codes, next=where)
    shown.cookies += on(request, begun, where).cookies
    return shown


@post("/sign-out", opt={"act": SIGNED_IN}, sync_to_thread=True)
def sign_out(request: Asked) -> Redirect:
    """Ends the session, here and in the database, and has the browser forget its pages; then at the provider."""
    with transaction() as connection:
        there = is_of_provider(connection, session_of(request).acting.account)
        steps.sign_out(connection, request.cookies.get(SESSION, ""), clock.now())
    answer = go("/console/sign-in/provider/out" if there else "/console/sign-in")
    answer.cookies.append(no_cookie(SESSION))
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@post("/language", opt={"act": ANYBODY}, sync_to_thread=False)
def choose_language(request: Asked) -> Redirect:
    """Keeps the language that the reader chose, and shows the same page in it."""
    answer, chosen = go(within(request.state.form.get("next"))), request.state.form.get("language")
    if request.state.form.get("next").startswith("/console/sign-in"):
        answer = go("/console/sign-in")
    if chosen in STAFF_LANGUAGES:
        answer.cookies.append(
            Cookie(LANGUAGE, value=chosen, path="/console", max_age=A_YEAR, secure=True, httponly=True, samesite="lax")
        )
    return answer


HANDLERS = [
    ask_who,
    ask_code,
    ask_password,
    ask_app,
    take_password,
    take_code,
    choose_password,
    take_app,
    sign_out,
    choose_language,
]
