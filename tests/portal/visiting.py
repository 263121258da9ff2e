"""Opens visits of receipts in tests, and sends the forms of their pages as a browser does."""

import re
from html import unescape
from typing import Any

import httpx

from tests.portal.conftest import Client
from workflows.intake.submit import Accepted

MARK = re.compile(r'name="mark" value="([0-9a-f]*)"')
HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


def address_of(taken: Accepted, to: str = "", language: str = "fr") -> str:
    """The address of a page of a receipt."""
    return f"/{language}/status/{taken.reference}" + (f"/{to}" if to else "")


def open_file(client: Client, taken: Accepted, language: str = "fr", to: str = "") -> str:
    """The page that the receipt's secret leads to, as it is read."""
    form = {"secret": taken.secret} | ({"to": to} if to else {})
    answer = client.post(address_of(taken, "open", language), data=form)
    assert answer.status_code == 200
    return unescape(answer.text)


def shown(client: Client, address: str) -> str:
    """A page as it is read."""
    return unescape(client.get(address).text)


def hidden_of(page: str) -> dict[str, list[str]]:
    """The hidden fields of the last form of a page; of the one that closes the file where there is no other."""
    found: dict[str, list[str]] = {}
    before = page.partition('<form class="close"')[0]
    page = before if "<form" in before else page
    for name, value in HIDDEN.findall(page[page.rindex("<form") :]):
        found.setdefault(name, []).append(unescape(value))
    return found


def send(client: Client, address: str, follow: bool = True, **typed: Any) -> httpx.Response:
    """Sends the last form of the page at this address, with what is typed in it; `__` in a name stands for a point."""
    form = hidden_of(client.get(address).text)
    form |= {name.replace("__", "."): value if isinstance(value, list) else [value] for name, value in typed.items()}
    return client.post(address, data=form, follow_redirects=follow)
