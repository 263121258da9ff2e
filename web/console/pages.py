"""How a page of the console is made: its language, its head with what the reader may open, and its headers."""

from typing import Any, NamedTuple
from urllib.parse import urlsplit

from litestar import Request
from litestar.response import Redirect, Template

from models import clock
from web.console.forms import form_token
from web.console.language import console_language, words_of
from workflows.staff.guard import Acting
from workflows.staff.rights import RIGHTS
from workflows.staff.sessions import Session

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src "
    "'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    # What was typed when a session ended is kept for the page that it was typed on.
    "Referrer-Policy": "same-origin",
}


KEYS, OFF = "sijil-console-keys", "off"  # the cookie of whoever does without single keys


class Entry(NamedTuple):
    """A place in the head of the console: its address, its name, and the act that opens it."""

    path: str
    name: str
    act: str


MENU = (
    Entry("/console", "Start", ""),
    Entry("/console/queues", "Queues", "read_queue"),
    Entry("/console/search", "Search", "search"),
    Entry("/console/enrolments/begin", "Enrol somebody", "file_enrolment"),
    Entry("/console/load", "Load", "read_load"),
    Entry("/console/operations", "Operations", "read_operations"),
    Entry("/console/audit", "Audit", "read_audit"),
)


def session_of(request: Request[Any, Any, Any]) -> Session:
    """The session that the guard found."""
    session: Session = request.state.session
    return session


def reader_of(request: Request[Any, Any, Any]) -> Acting:
    """Who reads this page."""
    return session_of(request).acting


def may(who: Acting, act: str) -> bool:
    """Whether one of the reader's roles may do this somewhere."""
    return not act or any(role in RIGHTS[act] for role in who.roles)


def page(request: Request[Any, Any, Any], template: str, *, status: int = 200, **context: Any) -> Template:
    """A page of the console, for whoever is signed in, or for nobody yet."""
    language = console_language(request)
    session: Session | None = request.state.get("session")
    who = session.acting if session and not session.owes else None
    return Template(
        f"console/{template}",
        status_code=status,
        headers=HEADERS | {"Content-Language": language},
        context={
            **words_of(language),
            "now": clock.now(),
            "here": request.url.path,
            "address": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            "who": who,
            "menu": [each for each in MENU if who and may(who, each.act)],
            "token": form_token(session.digest if session else request.state.get("browser", "").encode()),
            "status": status,
            "refused": None,
            "keys": who is not None and request.cookies.get(KEYS) != OFF,
            **context,
        },
    )


def go(address: str) -> Redirect:
    """Sends the browser to a page of ours after a form, so that going back or reloading repeats nothing."""
    return Redirect(address, status_code=303)


def path_of(address: str) -> str:
    """The path of an address; '' for a text that is none."""
    try:
        return urlsplit(address).path
    except ValueError:
        return ""


def within(address: str) -> str:
    """An address of the console that a form or a link named; the start for anything else."""
    plain = address.startswith("/console") and not address.startswith("/console/sign-") and address.isprintable()
    return address if plain and "\\" not in address and len(address) < 2000 else "/console"
