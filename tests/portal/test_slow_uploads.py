"""A file that comes byte by byte, from too many at once, or from whoever breaks off: nothing holds or stays."""

import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.cookies import SimpleCookie
from time import monotonic, sleep
from urllib.parse import urlsplit

import httpx
import pytest
from structlog.testing import capture_logs

from tests.conftest import forget_settings
from tests.filing import everything, value
from tests.papers import a_picture
from tests.portal.standing import to_correct
from tests.portal.visiting import address_of
from web import uploads
from web.language import PAGES
from workflows.intake.submit import Accepted

SECONDS = 5  # the shortest term that the settings allow
KEPT = ("document", "event", "audit_entry", "cases")
MARK = re.compile(r'name="mark" value="([0-9a-f]*)"')


class Sender:
    """A browser of one visit that sends its form over a plain socket, as slowly as it likes."""

    def __init__(self, served: str, taken: Accepted) -> None:
        self.host, self.address = urlsplit(served).netloc, address_of(taken, "documents")
        opened = httpx.post(f"{served}{address_of(taken, 'open')}", data={"secret": taken.secret})
        jar = SimpleCookie(opened.headers["set-cookie"])
        self.cookie = "; ".join(f"{name}={each.value}" for name, each in jar.items())
        page = httpx.get(f"{served}{self.address}", headers={"cookie": self.cookie}).text
        (self.mark, *_) = MARK.findall(page)

    def form(self, sent: bytes) -> bytes:
        """The form with a file."""
        parts = {"mark": self.mark, "shows": "bill"}
        fields = "".join(
            f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{given}\r\n' for name, given in parts.items()
        )
        head = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
        return fields.encode() + head.encode() + sent + b"\r\n--b--\r\n"

    @contextmanager
    def begun(self, length: int, chunked: bool = False) -> Iterator[socket.socket]:
        """A request of which the head alone was sent."""
        host, port = self.host.split(":")
        size = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {length}"
        head = (
            f"POST {self.address} HTTP/1.1\r\nHost: {self.host}\r\nCookie: {self.cookie}\r\n"
            f"Content-Type: multipart/form-data; boundary=b\r\n{size}\r\n\r\n"
        )
        with socket.create_connection((host, int(port)), timeout=30) as line:
            line.sendall(head.encode())
            yield line


def answer(line: socket.socket) -> bytes:
    """All that comes until the other side hangs up."""
    found = b""
    try:
        while part := line.recv(65_536):
            found += part
    except ConnectionResetError:
        pass
    return found


def trickle(line: socket.socket, body: bytes, seconds: float) -> bytes:
    """Sends a byte ten times a second until the other side hangs up, or so many seconds are over; its answer."""
    line.settimeout(0.1)
    until, found, at = monotonic() + seconds, b"", 0
    while monotonic() < until:
        try:
            line.sendall(body[at : at + 1])
            at += 1
            part = line.recv(65_536)
        except TimeoutError:
            continue
        except OSError:
            break
        if not part:
            break
        found += part
    return found


def settled() -> None:
    """Waits until no file arrives any more."""
    until = monotonic() + 10
    while uploads.COMING and monotonic() < until:
        sleep(0.02)
    assert not uploads.COMING


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shortest term."""
    monkeypatch.setenv("SIJIL_UPLOAD_SECONDS", str(SECONDS))
    forget_settings()


@pytest.mark.parametrize("chunked", [False, True])
def test_a_file_that_comes_byte_by_byte_is_refused_when_its_term_is_over_and_the_line_is_cut(
    hurried: None, served: str, chunked: bool
) -> None:
    taken = to_correct()
    sender = Sender(served, taken)
    before = everything(*KEPT)
    body = sender.form(a_picture())
    with sender.begun(len(body), chunked) as line:
        started = monotonic()
        # A chunk of a hundred thousand bytes, of which few come.
        found = trickle(line, (b"186a0\r\n" if chunked else b"") + body, SECONDS * 4)
        lasted = monotonic() - started
    assert found.startswith(b"HTTP/1.1 408")
    assert b"connection: close" in found.lower()
    assert PAGES.text("fr", "wrong.too_slow").encode() in found.replace(b"&#39;", b"'")
    assert SECONDS - 1 < lasted < SECONDS + 3
    settled()
    assert everything(*KEPT) == before


def test_a_whole_file_that_comes_slowly_but_in_time_is_taken(hurried: None, served: str) -> None:
    taken = to_correct()
    sender = Sender(served, taken)
    body = sender.form(a_picture())
    with sender.begun(len(body)) as line:
        for start in range(0, len(body), len(body) // 4 + 1):
            line.sendall(body[start : start + len(body) // 4 + 1])
            sleep(0.3)
        assert line.recv(100).startswith(b"HTTP/1.1 303")
    assert value("select count(*) from document") == 1


def test_who_breaks_off_leaves_nothing_behind_and_is_no_fault_of_ours(served: str) -> None:
    taken = to_correct()
    sender = Sender(served, taken)
    before = everything(*KEPT)
    body = sender.form(a_picture())
    with capture_logs() as logs:
        for part in (0, 1, len(body) // 2, len(body) - 1):
            with sender.begun(len(body)) as line:
                line.sendall(body[:part])
                sleep(0.1)
        settled()
    assert everything(*KEPT) == before
    assert [each for each in logs if each["log_level"] in ("error", "critical")] == []
    with sender.begun(len(body)) as line:
        line.sendall(body)
        assert line.recv(100).startswith(b"HTTP/1.1 303"), "its place is free again"


def test_one_case_holds_two_places_by_however_many_visits_and_all_others_go_on(served: str) -> None:
    taken, other = to_correct(), to_correct(3)
    slow, again, quick = Sender(served, taken), Sender(served, taken), Sender(served, other)
    body = slow.form(a_picture())
    with slow.begun(len(body)), slow.begun(len(body)):
        until = monotonic() + 10
        while uploads.COMING.total() < uploads.OF_ONE and monotonic() < until:
            sleep(0.02)
        with again.begun(len(body)) as third:
            found = answer(third)
        assert found.startswith(b"HTTP/1.1 503")
        assert b"connection: close" in found.lower()
        mine = quick.form(a_picture())
        with quick.begun(len(mine)) as line:
            line.sendall(mine)
            assert line.recv(100).startswith(b"HTTP/1.1 303")
        assert httpx.get(f"{served}/fr").status_code == 200
    settled()


def test_so_many_files_arrive_at_once_and_no_more(served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIJIL_UPLOADS_AT_ONCE", "3")
    forget_settings()
    senders = [Sender(served, to_correct(place)) for place in (1, 3, 4, 8)]
    with ThreadPoolExecutor(1):
        lines = [each.begun(1000) for each in senders]
        opened = [each.__enter__() for each in lines[:3]]
        until = monotonic() + 10
        while uploads.COMING.total() < 3 and monotonic() < until:
            sleep(0.02)
        with lines[3] as fourth:
            assert answer(fourth).startswith(b"HTTP/1.1 503")
        for each in opened:
            each.close()
    settled()
    assert value("select count(*) from document") == 0


def test_a_sender_without_a_visit_holds_no_place(served: str) -> None:
    taken = to_correct()
    sender = Sender(served, taken)
    sender.cookie = "__Host-receipt=nobody"
    with sender.begun(1000) as line:
        line.settimeout(10)
        assert line.recv(100).startswith(b"HTTP/1.1 200")  # the question for the secret
        assert not uploads.COMING
