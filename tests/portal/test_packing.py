"""Citizens' pages go out packed, because networks are weak; the console's never, because their length would tell."""

import gzip

import pytest

from notifications.catalogues import LANGUAGES
from tests.portal.conftest import Client
from tests.portal.standing import registered
from tests.portal.test_public import NAMES
from tests.portal.visiting import address_of, open_file
from web.packing import takes_gzip

SHEET, SIGN = "/static/sijil.css", "/static/sijil.svg"
PUBLIC = [f"/{code}/{name}".rstrip("/") for code in LANGUAGES for name in ("", "apply", "sign-in", *NAMES)]


def raw(client: Client, address: str, coding: str) -> tuple[dict[str, str], bytes]:
    """The headers of an answer, and its body as it is sent."""
    with client.stream("GET", address, headers={"Accept-Encoding": coding}) as answer:
        return dict(answer.headers), b"".join(answer.iter_raw())


@pytest.mark.parametrize("address", [*PUBLIC, SHEET])
def test_what_a_citizen_reads_comes_packed_and_is_the_same(client: Client, address: str) -> None:
    plain, whole = raw(client, address, "identity")
    headers, body = raw(client, address, "br, gzip;q=0.9")
    assert gzip.decompress(body) == whole
    assert (headers["content-encoding"], headers["content-length"]) == ("gzip", str(len(body)))
    assert "content-encoding" not in plain
    assert plain["content-length"] == str(len(whole))
    assert "Accept-Encoding" in plain["vary"]
    assert "Accept-Encoding" in headers["vary"]
    assert len(body) < max(len(whole) / 2, 1500)
    head = client.head(address, headers={"Accept-Encoding": "gzip"})
    assert (head.content, head.headers["content-length"]) == (b"", headers["content-length"])


def test_a_page_of_a_visit_comes_packed(client: Client) -> None:
    taken = registered()
    shown = open_file(client, taken)
    headers, body = raw(client, address_of(taken), "gzip")
    assert headers["content-encoding"] == "gzip"
    assert taken.reference in gzip.decompress(body).decode()
    assert len(body) < len(shown.encode()) / 2


@pytest.mark.parametrize("address", ["/console/sign-in", "/api", "/api/openapi.json", "/health/live", "/metrics", SIGN])
def test_the_console_what_programs_read_and_what_is_short_come_as_they_are(client: Client, address: str) -> None:
    headers, body = raw(client, address, "gzip")
    assert "content-encoding" not in headers
    assert body


def test_the_tag_of_a_packed_sheet_says_that_it_is_not_byte_for_byte_the_same(client: Client) -> None:
    (plain, _), (headers, _) = raw(client, SHEET, "identity"), raw(client, SHEET, "gzip")
    assert headers["etag"] == "W/" + plain["etag"].removeprefix("W/")


@pytest.mark.parametrize(
    ("said", "takes"),
    [
        ("gzip", True),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        ("GZIP", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
        ("x-gzipped", False),
    ],
)
def test_only_a_browser_that_takes_gzip_gets_it(said: str, takes: bool) -> None:
    assert takes_gzip([(b"accept-encoding", said.encode())]) is takes
    assert not takes_gzip([])
