"""`sijil bench portal` in small: its people fill in, sign in and read as people do, and it sees who is lost."""

import asyncio

import pytest

from benchmarks import portal, sign_ins
from benchmarks.applicants import applicant
from benchmarks.phones import Phones
from benchmarks.portal import Measured, Sizes
from benchmarks.prepared import Workers
from benchmarks.sign_ins import Household
from benchmarks.status_page import Wanted, at_rate
from benchmarks.web_client import get
from models import clock
from models.days import day_of
from tests.conftest import forget_settings
from tests.factories import an_idcs
from tests.filing import examined, value
from trials.generator.household import household
from web.applying.progress import tasks_of

SMALL = Sizes(people=6, filling=8, every=0.5, cases=60, rounds=1, times=1, seconds=1.0)
OWN, OTHER = "RSU-7K4M-9TQ2-XJ5H", "RSU-0000-0000-0000"
PHONE = "+212610000001"


@pytest.fixture
def small(database: str, broker: str, monkeypatch: pytest.MonkeyPatch) -> Measured:
    """A register with a few households. What the measurement sets is undone."""
    monkeypatch.setenv("SIJIL_GATEWAY_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("SIJIL_NICE", "0")
    monkeypatch.setattr("benchmarks.status_page.WARM_SECONDS", 0.2)
    forget_settings()
    return Measured(portal.registered(SMALL.people, 3), 3, SMALL, Workers(1, 1, 50), print)


def test_everybody_reads_their_own_page_fills_in_and_signs_in_beside_the_engine(small: Measured) -> None:
    found = asyncio.run(portal.measured(small))

    rates = found["status_page"]["rates"]
    assert rates["bare"] > rates["anybody"] > rates["household"] > 0
    for page in ("household", "anybody"):
        beside = found["beside_engine"][page]
        assert beside["rate"] == rates[page] / 2
        assert all(beside[engine]["requests"] > 0 for engine in ("giving_way", "of_the_same_priority"))
    storm = found["sign_ins"]
    assert (storm["people"], storm["own_page"], storm["lost"], storm["in_anothers_session"]) == (6, 6, 0, 0)
    filled = found["filling_in"]
    assert (filled["people"], filled["errors"], filled["error_texts"]) == (8, 0, [])
    assert filled["beside"]["requests"] > 0
    assert value("select count(*) from cases where not machine") >= 6 + 7 * 60
    assert not any(examined().values())


def test_who_has_answered_all_pages_has_nothing_left_to_do() -> None:
    today = day_of(clock.now())
    for number in range(30):
        who = applicant(household(3, number), PHONE, today)
        assert all(task.done for task in tasks_of(who.so_far(len(who.steps)), today))
        assert not all(task.done for task in tasks_of(who.so_far(len(who.steps) - 1), today))
        assert who.so_far(0).members == {}
        assert who.phone == PHONE


def storm_on(answer: bytes) -> dict[str, int]:
    """What the storm says of a portal that answers every page so."""

    async def all_of_it() -> dict[str, int]:
        phones = Phones()
        phones.take([{"recipient": PHONE, "body": "RSU: your code is 123456. It is valid for 15 minutes."}])

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await reader.read(10_000):
                writer.write(answer)
            writer.close()
            await writer.wait_closed()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            found = await sign_ins.storm(port, phones, [Household(OWN, an_idcs(1), PHONE)])
            await asyncio.sleep(0.05)  # until the connections are closed
            return found

    return asyncio.run(all_of_it())


def page(text: str, status: str = "200 OK") -> bytes:
    """A whole answer."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode()


@pytest.mark.parametrize(
    ("answer", "counts"),
    [
        (page(f"<p>{OWN}</p>"), (1, 0, 0)),
        (page(f"<p>{OTHER}</p>"), (0, 0, 1)),
        (page(f"<p>{OWN} {OTHER}</p>"), (1, 0, 1)),
        (page("", "503 Service Unavailable"), (0, 1, 0)),
    ],
    ids=["own", "another's", "both", "an error"],
)
def test_the_storm_counts_who_is_lost_and_who_sees_the_page_of_another(
    answer: bytes, counts: tuple[int, int, int]
) -> None:
    found = storm_on(answer)
    assert (found["own_page"], found["lost"], found["in_anothers_session"]) == counts


def test_requests_at_a_rate_use_no_connection_that_the_portal_closed_meanwhile() -> None:
    async def all_of_it() -> list[tuple[float, float]]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(page("ok"))
            await writer.drain()
            await asyncio.sleep(0.01)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            wanted = Wanted(server.sockets[0].getsockname()[1], [get("/")], b"ok")
            ended = asyncio.Event()
            asking = asyncio.create_task(at_rate(wanted, 20, ended))
            await asyncio.sleep(0.5)
            ended.set()
            found = await asyncio.wait_for(asking, 5)
            await asyncio.sleep(0.05)
            return found

    assert len(asyncio.run(all_of_it())) >= 5


def test_a_code_in_a_message_is_read_and_no_other_number() -> None:
    async def read() -> list[str]:
        phones = Phones()
        phones.take([{"recipient": PHONE, "body": "RSU: 1234567 is no code, 123456 is one."}])
        phones.take([{"recipient": PHONE, "body": "RSU: we received your application of 2026."}])
        return [phones.of(PHONE).get_nowait() for _ in range(phones.of(PHONE).qsize())]

    assert asyncio.run(read()) == ["123456"]
