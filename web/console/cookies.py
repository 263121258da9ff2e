"""The cookies of the console: its session, the device, and what ties a form to a browser before the sign-in.

`__Host-` keeps other hosts and paths from setting them; Lax, because the identity provider leads back from elsewhere.
"""

import hmac
import secrets
from hashlib import sha256

from litestar.datastructures import Cookie

from models.settings import settings
from workflows.staff.signatures import name_key

SESSION, DEVICE, BROWSER = "__Host-sijil-staff", "__Host-sijil-device", "__Host-sijil-browser"
HALF_A_YEAR = 180 * 24 * 3600  # seconds


def cookie(name: str, value: str, max_age: int | None = None) -> Cookie:
    """A cookie that no script reads and no other site sends; without an age, until the browser is closed."""
    return Cookie(name, value=value, path="/", secure=True, httponly=True, samesite="lax", max_age=max_age)


def no_cookie(name: str) -> Cookie:
    """Takes a cookie back."""
    return cookie(name, "", 0)


def new_browser() -> str:
    """A random name for a browser."""
    return secrets.token_urlsafe(16)


def device_cookie(name: str, known: str = "") -> Cookie:
    """Marks this browser as one from which somebody signed in to the account of this name."""
    nonce = known or secrets.token_urlsafe(16)
    return cookie(DEVICE, f"{nonce}.{mark(nonce, name)}", HALF_A_YEAR)


def known_device(value: str, name: str) -> str:
    """The random part of a device's cookie, where it is of this account; else ''."""
    nonce, _, given = value.partition(".")
    return nonce if nonce and hmac.compare_digest(given.encode(), mark(nonce, name).encode()) else ""


def mark(nonce: str, name: str) -> str:
    """What nobody can make without the key."""
    return hmac.digest(settings().key(), f"device.{nonce}.{name_key(name)}".encode(), sha256).hex()[:32]
