"""The citizen's visit in the browser: its cookie, the mark that its forms carry, and what is typed in them.

The cookie is no secret of a receipt, and is worth nothing without the row that it names (workflows/intake/visits.py).
Each form of a visit carries a mark that only pages of its reference know, so that no other site can send one.
"""

import hmac
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote

from litestar import Request
from litestar.datastructures import Cookie
from litestar.exceptions import PermissionDeniedException
from litestar.response import Redirect, Template

from models import clock
from models.database import Connection
from models.days import day_of
from models.settings import settings
from web.language import render_page, require_language
from web.queries import Status, status_of
from workflows.intake.receipts import normal
from workflows.intake.visits import IDLE, LONGEST, Draft, Lasts, Visit, visit_of

COOKIE = "__Host-receipt"
WRONG = "wrong"  # of the address of a page that says why a form was refused
TYPED = "typed."  # how the hidden fields begin that keep what was typed before the secret is given anew
MOST_FIELDS = 600  # of a form: thirty members with nine values each, and what they should be
MOST_KEPT = 4_000  # characters of one field
ONE_DAY = timedelta(days=1)
OURS = ("same-origin", "none", "")  # what a browser says of a request that our own page, or the reader, made


class Place(NamedTuple):
    """The page of a receipt that is asked for: `to` follows the reference in its address."""

    language: str
    reference: str
    to: str = ""
    under: str = "status"  # "apply": of an application that is not sent yet

    @property
    def path(self) -> str:
        """What follows the language in its address."""
        return f"{self.under}/{quote(self.reference, safe='')}" + (f"/{self.to}" if self.to else "")

    @property
    def address(self) -> str:
        """The whole address, without the host."""
        return f"/{self.language}/{self.path}"

    def at(self, to: str) -> "Place":
        """Another page of the same receipt."""
        return self._replace(to=to)


class Form:
    """What a browser sent: each field with its values; a form that cannot be read has no fields."""

    def __init__(self, body: bytes) -> None:
        try:
            self.fields: Mapping[str, list[str]] = parse_qs(
                body.decode(errors="replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS
            )
        except ValueError:
            self.fields = {}

    def first(self, name: str) -> str:
        """The first value of a field; empty where there is none."""
        return self.fields.get(name, [""])[0]

    @property
    def typed(self) -> dict[str, list[str]]:
        """What a person typed or chose, without what the page itself put there."""
        kept = {name: values for name, values in self.fields.items() if name not in ("mark", "secret", "to")}
        return {name[:MOST_KEPT]: [each[:MOST_KEPT] for each in values] for name, values in kept.items()}


class VisitOver(Exception):
    """Nobody gave the secret, or too long ago: the page that asks for it, with what was typed, is the answer."""

    def __init__(self, page: Template) -> None:
        super().__init__("no visit")
        self.page = page


def place_of(language: str, reference: str, to: str = "") -> Place:
    """The page of a reference, however it was typed. Raises NotFoundException for a language that is none of ours."""
    return Place(require_language(language), normal(reference), to)


def visit_in(
    connection: Connection, request: Request[Any, Any, Any], place: Place, lasts: Lasts = (IDLE, LONGEST)
) -> Visit | None:
    """The visit that this browser has of this reference; None where it has none, or it is over."""
    return visit_of(connection, token_in(request), place.reference, clock.now(), lasts)


def token_in(request: Request[Any, Any, Any]) -> str:
    """What the browser's cookie holds; empty where it has none."""
    return request.cookies.get(COOKIE, "")[:100]


def require_visit(
    connection: Connection, request: Request[Any, Any, Any], place: Place, form: Form | None = None
) -> Visit:
    """The visit of this reference. Raises VisitOver where there is none, and PermissionDeniedException for a form
    without the visit's mark.
    """
    if form is not None:
        refuse_foreign(request)
    visit = visit_in(connection, request, place)
    if visit is None:
        raise VisitOver(ask_anew(status_of(connection, place.reference), place, form))
    if form is not None:
        require_mark(form, visit.reference)
    return visit


def refuse_foreign(request: Request[Any, Any, Any]) -> None:
    """Raises PermissionDeniedException where the browser says that another site's page sent this."""
    if request.headers.get("sec-fetch-site", "").lower() not in OURS:
        raise PermissionDeniedException


def require_mark(form: Form, reference: str) -> None:
    """Raises PermissionDeniedException for a form without the mark of this reference."""
    if not hmac.compare_digest(mark_of(reference).encode(), form.first("mark").encode()):
        raise PermissionDeniedException


def mark_of(reference: str) -> str:
    """What the forms of a visit carry: nobody makes it without the installation's key, or sees it without the secret.

    It is of the reference and not of the visit: a form that was open in another tab when the visit was over is taken
    once the visit is opened again.
    """
    return hmac.digest(settings().key(), f"form\0{reference}".encode(), sha256).hex()[:32]


def ask_anew(case: Status, place: Place, form: Form | None) -> Template:
    """The page that asks for the secret, and keeps what was typed."""
    typed = form.typed if form else {}
    return secret_page(case, place, typed=typed, status=403 if form else 200)


def secret_page(case: Status, place: Place, *, status: int = 200, **context: Any) -> Template:
    """The page that asks for the secret before another page is shown."""
    given: dict[str, Any] = {"typed": {}, "problems": [], **context}
    return render_page("secret.html", place.language, status=status, path=place.path, place=place, case=case, **given)


def cookie_of(token: str, longest: timedelta = LONGEST) -> Cookie:
    """The cookie of a visit: for this host alone, for no script, and for no request that begins on another site.

    The browser keeps it for as long as the visit may last.
    """
    return Cookie(
        COOKIE, "/", token, max_age=int(longest.total_seconds()), secure=True, httponly=True, samesite="strict"
    )


def no_cookie() -> Cookie:
    """The cookie that takes the place of a visit's and is gone at once."""
    return Cookie(COOKIE, "/", "", max_age=0, secure=True, httponly=True, samesite="strict")


def see(place: Place, cookies: Sequence[Cookie] = ()) -> Redirect:
    """Sends the browser to a page, so that neither back nor reload sends a form again."""
    return Redirect(place.address, status_code=303, cookies=list(cookies))


def see_wrong_secret(place: Place) -> Redirect:
    """Leads to the page that says that a secret was wrong; `place` is the page that was to be opened with it.

    A refusal has an address, so that going back from what is opened later leads to a page, and never to a browser's
    error about a form.
    """
    to = f"&to={place.to}" if place.to else ""
    told = proof_of_wrong(place.reference, day_of(clock.now()))
    return Redirect(f"{place.at('open').address}?{WRONG}={told}{to}", status_code=303)


def proof_of_wrong(reference: str, day: date) -> str:
    """What the address of that page carries: only who typed a secret that day has it. Else anybody with a reference
    would learn there that somebody had typed a wrong one.
    """
    return hmac.digest(settings().key(), f"wrong\0{reference}\0{day}".encode(), sha256).hex()[:16]


def typed_it(request: Request[Any, Any, Any], reference: str) -> bool:
    """Whether a browser that asks for that page was led there, today or yesterday."""
    told, today = request.query_params.get(WRONG, "").encode(), day_of(clock.now())
    return any(hmac.compare_digest(told, proof_of_wrong(reference, day).encode()) for day in (today, today - ONE_DAY))


def see_wrong(place: Place) -> Redirect:
    """Leads to the page with what was typed, which is kept, and what is wrong with it: whoever goes back in their
    browser from the next page is not asked to send a form again.
    """
    return Redirect(f"{place.address}?{WRONG}=1", status_code=303)


def draft_of(form: Form) -> Draft:
    """What was typed before the visit was over, as the page that asked for the secret kept it."""
    typed = {name.removeprefix(TYPED): values for name, values in form.typed.items() if name.startswith(TYPED)}
    return Draft(typed=typed, key=typed.pop("key", [""])[0])


def page_of_visit(template: str, place: Place, visit: Visit, *, status: int = 200, **context: Any) -> Template:
    """A page of a visit, whose forms carry its mark."""
    return render_page(
        template,
        place.language,
        status=status,
        path=place.path,
        place=place,
        mark=mark_of(visit.reference),
        **context,
    )


def on_visit_over(_: Request[Any, Any, Any], over: VisitOver) -> Template:
    """Answers with the page that asks for the secret."""
    return over.page


HANDLERS: dict[int | type[Exception], Any] = {VisitOver: on_visit_over}
