"""The feed of a population register elsewhere: read over HTTP, and each way in which it is no feed."""

import json
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pytest

from models.errors import Unavailable
from models.life_feed import ELSEWHERE, HERE
from tasks.listening import PAGE, Listener, hear_next
from tasks.registers import feed as remote
from tests.conftest import Servers, execute, forget_settings
from tests.filing import Worker, a_household, current_stage, drain_all, file, healthy, register, rows, value
from tests.hearing import counts, cursor, happens, heard, members_of, opened
from tests.integration.http_gateway import Said
from tests.integration.running import Run
from workflows.heard.told import Halted
from workflows.intake.submit import Accepted
from workflows.population import life
from workflows.population.signatures import new_key

PORT = 18021
KILLED = """
import os, signal
from models import clock
from models.database import transaction
from models.life_feed import HERE
from tasks.listening import hearing, read_here
from workflows.heard import feed
with transaction() as connection:
    known = feed.standing(connection, HERE, clock.now())
page = read_here(known)
with transaction() as connection:
    assert feed.hear(connection, known, page, hearing(HERE)).events == 1
    os.kill(os.getpid(), signal.SIGKILL)
"""
LISTENING = """
from models.life_feed import HERE
from tasks.listening import hear_next, read_here
for _ in range(60):
    hear_next(HERE, read_here)
"""


@pytest.fixture
def home(database: str, worker: Worker) -> tuple[list[str], Accepted]:
    """The members of a registered household, without its head and declarant, and its receipt."""
    made = a_household(members=4)
    register([made])
    (taken,) = file(made.body)
    drain_all(worker())
    assert current_stage(taken) == "notified"
    others = [each for each in made.body["members"] if each["relationship"] != "head" and not each.get("declarant")]
    return [each["idcs"] for each in others], taken


# On real processes -------------------------------------------------------------------------------------


def run(code: str) -> subprocess.Popen[bytes]:
    """A process of our own on this test's database."""
    return subprocess.Popen([sys.executable, "-c", code])


def test_a_process_that_is_killed_before_the_commit_has_done_nothing(home: tuple[list[str], Accepted]) -> None:
    happens(life.die, home[0][0])
    assert run(KILLED).wait(60) == -signal.SIGKILL
    assert (cursor(), opened()) == (0, [])
    assert heard() == {"opened": 1}
    assert len(opened()) == 1


def test_two_processes_that_listen_apply_each_event_once(home: tuple[list[str], Accepted]) -> None:
    processes = [run(LISTENING) for _ in range(2)]
    for _ in range(30):
        happens(life.wed, *home[0][:2])
    assert [each.wait(120) for each in processes] == [0, 0]
    heard()
    assert counts() == {"invited": 30}
    assert value("select count(*) from event where kind = 'ChangeInvited'") == 30
    assert healthy()


@pytest.fixture
def own(servers: Servers) -> Iterator[str]:
    """The address of an empty database for the population register alone."""
    name = f"population_{uuid.uuid4().hex[:12]}"
    execute(servers.postgres, f"create database {name}")
    yield servers.postgres.url_of(name)
    execute(servers.postgres, f"drop database {name} with (force)")


def test_a_register_that_is_a_process_of_its_own_is_heard_by_a_supervisors_thread(
    home: tuple[list[str], Accepted],
    own: str,
    worker: Worker,
    sijil: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    members, taken = home
    people = tmp_path / "people.ndjson"
    names = (
        "idcs, given_name_ar, family_name_ar, given_name_la, family_name_la, birth_date, birth_precision, sex, status"
    )
    found = rows(f"select to_json(p) from (select {names} from person) p")
    people.write_text("\n".join(json.dumps(each) for (each,) in found), encoding="utf-8")
    monkeypatch.setenv("SIJIL_POPULATION_DATABASE_URL", own)
    monkeypatch.setenv("SIJIL_POPULATION_PORT", str(PORT))
    key = tmp_path / "social.jwk"
    for given in (
        ("migrate",),
        ("import", people),
        ("key", key),
        ("partner", "add", "social-register", "--key", f"{key}.pub", "--policy", "social-register"),
        ("event", "death", members[0], "--as", "salma"),
    ):
        assert sijil("population", *given).code == 0, given
    process = subprocess.Popen([sys.executable, "-m", "sijil", "serve", "--only", "population"])
    stop = Event()
    try:
        until = time.monotonic() + 60
        while not is_ready(f"http://127.0.0.1:{PORT}"):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        monkeypatch.setenv("SIJIL_POPULATION_URL", f"http://127.0.0.1:{PORT}")
        monkeypatch.setenv("SIJIL_POPULATION_PARTNER", "social-register")
        monkeypatch.setenv("SIJIL_POPULATION_KEY", str(key))
        forget_settings()
        listener = Listener(stop)
        until = time.monotonic() + 60
        while not opened():
            listener.next_look = 0.0
            listener.tend()
            assert time.monotonic() < until, "nothing was heard"
            time.sleep(0.1)
        assert (cursor(ELSEWHERE), counts(ELSEWHERE), cursor(HERE)) == (1, {"opened": 1}, 0)
    finally:
        stop.set()
        process.terminate()
        process.wait(30)
    for name in ("URL", "PARTNER", "KEY"):
        monkeypatch.delenv(f"SIJIL_POPULATION_{name}")
    forget_settings()
    drain_all(worker())
    assert [current_stage(each) for each in opened()] == ["notified"]
    assert members[0] not in members_of(taken)


def is_ready(url: str) -> bool:
    """Whether the service says that it is ready."""
    try:
        return bool(httpx.get(f"{url}/health/ready", timeout=5).json()["status"] == "ready")
    except httpx.TransportError:
        return False


# Answers that are none ----------------------------------------------------------------------------------


class Liar:
    """A register behind a real socket that gives the same answer to everybody."""

    def __init__(self) -> None:
        self.said = Said(200, "{}")
        self.asked: list[str] = []

    def page(self, *events: dict[str, Any], next_: int | None = None) -> None:
        """It tells these events from now on."""
        last = events[-1]["position"] if events else 0
        told = {"events": events, "next": last if next_ is None else next_, "more": False}
        self.said = Said(200, json.dumps(told))


@pytest.fixture
def liar() -> Iterator[tuple[Liar, str]]:
    made = Liar()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            body = made.said.body.encode() if isinstance(made.said.body, str) else made.said.body
            self.send_response(made.said.status)
            for name, given in {"Content-Length": str(len(body)), **made.said.headers}.items():
                self.send_header(name, given)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield made, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def listen(liar: tuple[Liar, str], tmp_path: Path) -> Callable[[], int]:
    """Hears the next events of the liar, as a client that the settings make; how many were applied."""
    key = tmp_path / "social.jwk"
    key.write_text(json.dumps(new_key().as_dict(private=True)), encoding="utf-8")

    def hear() -> int:
        rows("delete from register_elsewhere")  # it may be asked at once
        client = remote.client(liar[1], "social-register", key, 1.0)
        return hear_next(ELSEWHERE, partial(remote.page, client, limit=PAGE)).events

    return hear


def event(position: int, idcs: str, kind: str = "death", **more: Any) -> dict[str, Any]:
    """An event as the register tells it."""
    return {
        "position": position,
        "at": "2026-11-30T12:00:00Z",
        "kind": kind,
        "person": {"token": "t", "idcs": idcs},
        **more,
    }


@pytest.mark.parametrize(
    "said",
    [
        Said(200, "<html>sign in</html>", {"Content-Type": "text/html"}),
        Said(200, '{"events": [{"position": 1, "at":'),
        Said(200, '{"events": ' + "[" * 100_000),
        Said(200, '{"events": [{"position": 1, "more": ' + "[" * 100_000),
        Said(200, '{"events": "none", "next": 0, "more": false}'),
        Said(200, '{"events": []}'),
        Said(200, '{"events": [{"at": "2026-11-30T12:00:00Z"}], "next": 1, "more": false}'),
        Said(200, '{"error": {"code": "broken", "message": ""}}'),
        Said(200, "[]"),
        Said(302, "", {"Location": "https://elsewhere.example/"}),
        Said(401, '{"error": {"code": "key_unknown", "message": ""}}'),
        Said(403, '{"error": {"code": "events_not_allowed", "message": ""}}'),
        Said(422, '{"error": {"code": "bad_cursor", "message": ""}}'),
        Said(503, '{"error": {"code": "unavailable", "message": ""}}'),
        Said(500, "oops"),
    ],
    ids=lambda said: f"{said.status} {str(said.body)[:24]}",
)
def test_an_answer_that_is_none_moves_nothing_and_the_next_good_one_is_applied_whole(
    database: str, home: tuple[list[str], Accepted], liar: tuple[Liar, str], listen: Callable[[], int], said: Said
) -> None:
    liar[0].said = said
    with pytest.raises(Unavailable):
        listen()
    assert (cursor(ELSEWHERE), opened()) == (0, [])
    # The comparisons of the same register are left alone for nothing that its feed does.
    assert all(name.startswith("the feed") for (name,) in rows("select name from register_elsewhere"))

    liar[0].page(event(1, home[0][0]))
    assert listen() == 1
    assert (cursor(ELSEWHERE), len(opened())) == (1, 1)
    liar[0].said = said
    with pytest.raises(Unavailable):
        listen()
    assert cursor(ELSEWHERE) == 1


def test_an_event_that_cannot_be_read_is_set_aside_and_spoils_no_other(
    home: tuple[list[str], Accepted], liar: tuple[Liar, str], listen: Callable[[], int]
) -> None:
    idcs = home[0][0]
    odd = [
        event(1, "4127730917"),
        {**event(2, idcs), "person": {"token": "t"}},
        {**event(3, idcs), "at": "yesterday"},
        {**event(4, idcs), "fields": 3},
        event(5, idcs, "abducted"),
        {"position": 6},
    ]
    liar[0].page(*odd, event(7, idcs))
    assert listen() == 7
    assert rows("select position, reason from life_event_aside where waits_for is null order by position") == [
        (1, "unreadable"),
        (2, "no_identifier"),
        (3, "unreadable"),
        (4, "unreadable"),
        (5, "unknown_kind"),
        (6, "unreadable"),
    ]
    assert counts(ELSEWHERE) == {"aside": 6, "opened": 1}
    assert len(opened()) == 1


def test_an_event_that_no_database_keeps_is_set_aside_and_holds_up_no_other(
    home: tuple[list[str], Accepted], liar: tuple[Liar, str], listen: Callable[[], int]
) -> None:
    idcs = home[0][0]
    odd = [
        event(1, idcs, "de\0ath"),
        event(2, idcs, fields=["sta\0tus"]),
        event(3, idcs, fields=["x" * 100_000]),
        {**event(4, idcs), "at": "0001-01-01T00:00:00+14:00"},
        {**event(5, idcs), "at": "9999-12-31T23:59:59-14:00"},
        event(6, idcs, "abducted", on="0001-01-01"),
    ]
    liar[0].page(*odd, event(7, idcs))
    assert listen() == 7
    assert rows("select position, reason from life_event_aside where waits_for is null order by position") == [
        *((position, "unreadable") for position in range(1, 6)),
        (6, "unknown_kind"),
    ]
    assert len(opened()) == 1


def test_an_identifier_is_heard_however_the_register_writes_it(
    home: tuple[list[str], Accepted], liar: tuple[Liar, str], listen: Callable[[], int]
) -> None:
    idcs = home[0][0]
    arabic = idcs.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    liar[0].page(event(1, f"{arabic[:4]} {arabic[4:]}"))
    assert listen() == 1
    assert counts(ELSEWHERE) == {"opened": 1}


def test_a_register_that_hides_loses_or_rewrites_events_is_halted(
    home: tuple[list[str], Accepted], liar: tuple[Liar, str], listen: Callable[[], int]
) -> None:
    one, other = home[0][:2]
    liar[0].page(event(1, one, "marriage", other={"token": "u", "idcs": other}))
    listen()
    first = event(1, one, "marriage", other={"idcs": other})
    lies: list[tuple[list[dict[str, Any]], int | None, str]] = [
        ([], 9, "gap"),
        ([], 0, "goes_back"),
        ([event(1, one)], None, "rewritten"),
        ([first, event(3, one)], None, "gap"),
        ([first], 4, "gap"),
    ]
    for events, following, code in lies:
        liar[0].page(*events, next_=following)
        with pytest.raises(Halted):
            listen()
        assert value("select halted from life_feed where source = 'elsewhere'") == code
        assert (cursor(ELSEWHERE), opened()) == (1, [])
    liar[0].page(first, event(2, one))
    assert listen() == 1
    assert value("select halted from life_feed where source = 'elsewhere'") is None
    assert len(opened()) == 1


def test_it_is_asked_once_a_round_from_the_last_applied_event_on(
    home: tuple[list[str], Accepted], liar: tuple[Liar, str], listen: Callable[[], int]
) -> None:
    liar[0].page(event(1, home[0][0]))
    listen()
    assert listen() == 0
    assert liar[0].asked == [f"/population/v1/events?after={each}&limit={PAGE + 1}" for each in (0, 0)]
    liar[0].page(event(1, home[0][0]), event(2, home[0][1]))
    listen()
    liar[0].page(event(2, home[0][1]))
    listen()
    assert liar[0].asked[-1] == f"/population/v1/events?after=1&limit={PAGE + 1}"
