"""The citizen's visit in the browser: its cookie, the mark that its forms carry, and what is typed in them.

The cookie is no secret of a receipt, and is worth nothing without the row that it names (workflows/intake/visits.py).
Each form of a visit carries a mark that only the visit's own pages know, so that no other site can send one.
"""

import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote

from litestar import Request
from litestar.datastructures import Cookie
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.response import Redirect, Template

from models import clock
from models.database import Connection
from models.settings import settings
from notifications.catalogues import LANGUAGES
from web.language import render_page
from web.queries import Status, status_of
from workflows.intake.receipts import normal
from workflows.intake.visits import LONGEST, Draft, Visit, visit_of

COOKIE = "__Host-receipt"
TYPED = "typed."  # how the hidden fields begin that keep what was typed before the secret is given anew
MOST_FIELDS = 600  # of a form: thirty members with nine values each, and what they should be
MOST_KEPT = 4_000  # characters of one field
OURS = ("same-origin", "none", "")  # what a browser says of a request that our own page, or the reader, made


class Place(NamedTuple):
    """The page of a receipt that is asked for: `to` follows the reference in its address."""

    language: str
    reference: str
    to: str = ""

    @property
    def path(self) -> str:
        """What follows the language in its address."""
        return f"status/{quote(self.reference, safe='')}" + (f"/{self.to}" if self.to else "")

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
    if language not in LANGUAGES:
        raise NotFoundException
    return Place(language, normal(reference), to)


def visit_in(connection: Connection, request: Request[Any, Any, Any], place: Place) -> Visit | None:
    """The visit that this browser has of this reference; None where it has none, or it is over."""
    return visit_of(connection, token_in(request), place.reference, clock.now())


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
    if form is not None and not hmac.compare_digest(mark_of(visit.token).encode(), form.first("mark").encode()):
        raise PermissionDeniedException
    return visit


def refuse_foreign(request: Request[Any, Any, Any]) -> None:
    """Raises PermissionDeniedException where the browser says that another site's page sent this."""
    if request.headers.get("sec-fetch-site", "").lower() not in OURS:
        raise PermissionDeniedException


def mark_of(token: str) -> str:
    """What the forms of a visit carry: nobody makes it without the installation's key."""
    return hmac.digest(settings().key(), f"form\0{token}".encode(), sha256).hex()[:32]


def ask_anew(case: Status, place: Place, form: Form | None) -> Template:
    """The page that asks for the secret, and keeps what was typed."""
    typed = form.typed if form else {}
    return secret_page(case, place, typed=typed, status=403 if form else 200)


def secret_page(case: Status, place: Place, *, status: int = 200, **context: Any) -> Template:
    """The page that asks for the secret before another page is shown."""
    given: dict[str, Any] = {"typed": {}, "problems": [], **context}
    return render_page("secret.html", place.language, status=status, path=place.path, place=place, case=case, **given)


def cookie_of(token: str) -> Cookie:
    """The cookie of a visit: for this host alone, for no script, and for no request that begins on another site."""
    return Cookie(
        COOKIE, "/", token, max_age=int(LONGEST.total_seconds()), secure=True, httponly=True, samesite="strict"
    )


def no_cookie() -> Cookie:
    """The cookie that takes the place of a visit's and is gone at once."""
    return Cookie(COOKIE, "/", "", max_age=0, secure=True, httponly=True, samesite="strict")


def see(place: Place, cookies: Sequence[Cookie] = ()) -> Redirect:
    """Sends the browser to a page, so that neither back nor reload sends a form again."""
    return Redirect(place.address, status_code=303, cookies=list(cookies))


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
        mark=mark_of(visit.token),
        **context,
    )


def on_visit_over(_: Request[Any, Any, Any], over: VisitOver) -> Template:
    """Answers with the page that asks for the secret."""
    return over.page


HANDLERS: dict[int | type[Exception], Any] = {VisitOver: on_visit_over}
