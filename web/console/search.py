"""The search for a case, for whoever has no reference at hand: by reference, identifier, phone or name.

What was typed stands in no address and no log. After the form its address holds it sealed, of use to this session
alone, so that going back from a case, reloading and another language show what was found, each noted as a search.
"""

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from litestar import Request, get, post
from litestar.response import Redirect, Template

from models import clock
from models.database import transaction
from models.errors import Refused
from web.console.pages import go, page, reader_of, session_of
from workflows.audit.acts import Purpose
from workflows.desk.search import meant, search
from workflows.staff.second_factor import NONCE, key_for

PATH = "/console/search"
PURPOSES = (Purpose.CASE, Purpose.PERSON, Purpose.COMPLAINT, Purpose.INVESTIGATION)  # why somebody may search
LONGEST = 400  # characters of what is typed
Asked = Request[Any, Any, Any]


class Sought(NamedTuple):
    """What somebody typed, and why they search."""

    typed: str = ""
    purpose: str = ""


@get("/search", opt={"act": "search"}, sync_to_thread=True)
def show_search(request: Asked) -> Template:
    """The form, and what was found by it."""
    sought = unseal(session_of(request).digest, request.query_params.get("sought", ""))
    if sought is None:
        return search_page(request, Sought())
    with transaction() as connection:
        found = search(connection, reader_of(request), sought.typed, clock.now(), Purpose(sought.purpose))
    return search_page(request, sought, found=found)


def search_page(request: Asked, sought: Sought, **context: Any) -> Template:
    """The page of the search."""
    given = {"found": None, "purposes": PURPOSES, "longest": LONGEST, **context}
    return page(request, "search.html", sought=sought, **given)


@post("/search", opt={"act": "search"}, sync_to_thread=True)
def take_search(request: Asked) -> Template | Redirect:
    """Takes what somebody typed, and leads to what it finds."""
    form = request.state.form
    sought = Sought(form.get("typed")[:LONGEST], form.get("purpose"))
    try:
        meant(sought.typed)
        if sought.purpose not in PURPOSES:
            raise Refused("no_purpose", "Say why you search.")
    except Refused as refused:
        return search_page(request, sought, status=422, refused=refused)
    return go(f"{PATH}?sought={seal(session_of(request).digest, sought)}")


def seal(digest: bytes, sought: Sought) -> str:
    """A search as an address of this session carries it, which tells nobody what was typed."""
    nonce = secrets.token_bytes(NONCE)
    sealed = AESGCM(key_for("search")).encrypt(nonce, json.dumps(sought, ensure_ascii=False).encode(), digest)
    return urlsafe_b64encode(nonce + sealed).decode().rstrip("=")


def unseal(digest: bytes, value: str) -> Sought | None:
    """A search that this session sealed; None for anything else."""
    try:
        sealed = urlsafe_b64decode(value + "=" * (-len(value) % 4))
        said = AESGCM(key_for("search")).decrypt(sealed[:NONCE], sealed[NONCE:], digest)
    except (Error, ValueError, InvalidTag):
        return None
    return Sought(*json.loads(said))


HANDLERS = [show_search, take_search]
