"""What a first visit of each page loads that anybody reads without an account: bytes as they are sent, and requests."""

import re
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any, NamedTuple

from models.languages import LANGUAGES

# What follows the language in the address of each public page.
PUBLIC = (
    "",
    "apply",
    "sign-in",
    "closed",
    "how",
    "formula",
    "programmes",
    "our-messages",
    "offices",
    "calculate",
    "calculate/urban",
    "calculate/rural",
    "enrol",
)
BESIDE = re.compile(
    rb'<link rel="(?:stylesheet|icon|preload|manifest)" href="([^"]+)"'
    rb'|<(?:img|script|source|iframe)\b[^>]*\bsrc="([^"]+)"'
)
SCRIPT = re.compile(rb"<script\b")


class FirstVisit(NamedTuple):
    """What a page loads: its bytes on the wire with all that it names, the requests, and scripts."""

    bytes: int
    requests: int
    scripts: int


def addresses() -> Iterator[str]:
    """The address of each public page in each language."""
    yield from (f"/{language}/{name}".rstrip("/") for language in LANGUAGES for name in PUBLIC)


def weigh(port: int) -> dict[str, FirstVisit]:
    """What each public page loads from the portal at this port."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        return {each: first_visit(connection, each) for each in addresses()}
    finally:
        connection.close()


def first_visit(connection: HTTPConnection, address: str) -> FirstVisit:
    """What one page loads."""
    (sent, _), (_, html) = loaded(connection, address, "gzip"), loaded(connection, address, "identity")
    beside = [(link or source).decode() for link, source in BESIDE.findall(html)]
    weight = sent + sum(loaded(connection, each, "gzip")[0] for each in beside)
    return FirstVisit(weight, 1 + len(beside), len(SCRIPT.findall(html)))


def loaded(connection: HTTPConnection, address: str, coding: str) -> tuple[int, bytes]:
    """How many bytes an answer has with its headers, and its body as it was sent."""
    connection.request("GET", address, headers={"Accept-Encoding": coding})
    answer = connection.getresponse()
    body = answer.read()
    head = sum(len(name) + len(value) + 4 for name, value in answer.getheaders()) + len("HTTP/1.1 200 OK\r\n\r\n")
    return head + len(body), body


def heaviest(found: dict[str, FirstVisit]) -> dict[str, Any]:
    """The most of all pages."""
    return {
        "pages": len(found),
        "bytes": max(each.bytes for each in found.values()),
        "heaviest": max(found, key=lambda address: found[address].bytes),
        "requests": max(each.requests for each in found.values()),
        "scripts": sum(each.scripts for each in found.values()),
    }
