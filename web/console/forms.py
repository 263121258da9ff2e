"""Forms of the console: what a browser sent, and the token without which nothing of it counts.

A form is read once, before its handler. Its token is a keyed digest of the session, so that no other site and no other
session can make it; before somebody is signed in, of a random cookie that came with the page.
"""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qsl

from models.errors import Refused
from models.settings import settings

LARGEST = 100_000  # bytes
MOST_FIELDS = 1000
TOKEN = "token"  # the field that holds it


@dataclass(frozen=True, slots=True)
class Form:
    """What was sent: names and values in their order."""

    pairs: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str:
        """The first value of a field, trimmed; '' where there is none."""
        return next((value.strip() for field, value in self.pairs if field == name), "")

    def all(self, name: str) -> list[str]:
        """Every value of a field."""
        return [value for field, value in self.pairs if field == name]

    def typed(self) -> Iterator[tuple[str, str]]:
        """What a person typed or chose, without the token, and without passwords and codes."""
        return ((name, value) for name, value in self.pairs if name not in (TOKEN, "password", "code"))

    def number(self, name: str) -> int | None:
        """A whole number; None where it is none."""
        value = self.get(name)
        return int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else None

    def version(self) -> int:
        """The version of the case that the form's page showed. Raises Refused where it says none."""
        if (found := self.number("version")) is None:
            raise Refused("no_version", "The form does not say which version of the case it is about. Open it again.")
        return found


def read_form(body: bytes) -> Form:
    """A form as browsers send it. Raises Refused for one that is too large, or that is no form."""
    if len(body) > LARGEST:
        raise Refused("too_large", f"A form may have at most {LARGEST:,} bytes.")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Refused("bad_form", "This is not a form as a browser sends it.") from None
    return Form(tuple((name, value.replace("\r\n", "\n").replace("\0", "")) for name, value in pairs))


def form_token(of: bytes) -> str:
    """The token of the forms of a session (its digest), or of a cookie."""
    return hmac.digest(settings().key(), b"form." + of, sha256).hex()[:32]


def has_token(form: Form, of: bytes) -> bool:
    """Whether a form has the token of this session or cookie."""
    return hmac.compare_digest(form.get(TOKEN).encode(), form_token(of).encode())


def require_token(form: Form, of: bytes) -> None:
    """Raises Refused for a form whose token is missing or another's."""
    if not has_token(form, of):
        raise Refused("forged", "This form did not come from a page of this session. Nothing was done.")
