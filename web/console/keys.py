"""The keys of the console: a page that lists them, and the choice to do without them."""

from typing import Any

from litestar import Request, get, post
from litestar.datastructures import Cookie
from litestar.response import Redirect, Template

from web.console.guarded import SIGNED_IN
from web.console.pages import KEYS, OFF, go, page

A_YEAR = 365 * 24 * 3600
# Each key, and the code of what it does.
LISTED = (
    ("j", "down"),
    ("k", "up"),
    ("Enter", "open"),
    ("a", "take"),
    ("n", "next"),
    ("e", "escalate"),
    ("p", "print"),
    ("/", "search"),
    ("?", "help"),
)


@get("/keys", opt={"act": SIGNED_IN}, sync_to_thread=False)
def show_keys(request: Request[Any, Any, Any]) -> Template:
    """What each key does, and the button to turn them off or on."""
    return page(request, "keys.html", listed=LISTED)


@post("/keys", opt={"act": SIGNED_IN}, sync_to_thread=False)
def turn_keys(request: Request[Any, Any, Any]) -> Redirect:
    """Turns the keys off or on, for this browser."""
    answer, off = go("/console/keys"), request.state.form.get("keys") == OFF
    answer.cookies.append(
        Cookie(
            KEYS,
            value=OFF if off else "on",
            path="/console",
            max_age=A_YEAR,
            secure=True,
            httponly=True,
            samesite="lax",
        )
    )
    return answer


HANDLERS = [show_keys, turn_keys]
