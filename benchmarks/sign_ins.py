"""Two thousand households that sign in by a code at the same moment: who is lost, and who sees another one's page."""

import asyncio
import re
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from benchmarks.phones import Phones
from benchmarks.status_page import percent, percentile
from benchmarks.web_client import PATIENCE_SECONDS, Browser, Page
from models.errors import Broken

SOCKETS = 1000  # connections at the same time, of those who all began at once
REFERENCE = re.compile(r"RSU-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}")
LANGUAGES = ("ar", "fr", "en")
TRIES = 3  # that a code is typed; it never is wrong


class Household(NamedTuple):
    """A registered household: its receipt, its declarant's identifier, and its phone."""

    reference: str
    idcs: str
    phone: str


class Came(NamedTuple):
    """What came of one sign-in: how long it took in seconds, the references on the page, and what went wrong."""

    seconds: float
    shown: frozenset[str]
    lost: str = ""


async def storm(port: int, phones: Phones, households: Sequence[Household]) -> dict[str, Any]:
    """All of these sign in at once; half of them by their reference, half by their declarant's identifier."""
    sockets = asyncio.Semaphore(SOCKETS)
    began, used = time.perf_counter(), time.process_time()
    came = await asyncio.gather(
        *(sign_in(Browser(port, sockets), phones, each, place) for place, each in enumerate(households))
    )
    lasted = time.perf_counter() - began
    times = [each.seconds * 1000 for each in came]
    return {
        "people": len(came),
        "lost": sum(bool(each.lost) for each in came),
        "lost_by": sorted({each.lost for each in came if each.lost}),
        "in_anothers_session": sum(
            bool(each.shown - {of.reference}) for each, of in zip(came, households, strict=True)
        ),
        "own_page": sum(of.reference in each.shown for each, of in zip(came, households, strict=True)),
        "all_within_seconds": round(lasted, 1),
        "half_within_seconds": round(percentile(times, 50) / 1000, 1),
        "asking_core_percent": percent((time.process_time() - used) / lasted),
    }


async def sign_in(browser: Browser, phones: Phones, household: Household, place: int) -> Came:
    """One household signs in and reads its page."""
    began, language = time.perf_counter(), LANGUAGES[place % len(LANGUAGES)]
    who = household.idcs if place % 2 else household.reference
    try:
        page = await by_code(browser, phones, household, language, who)
    except (Broken, OSError, TimeoutError) as error:
        return Came(time.perf_counter() - began, frozenset(), str(error) or type(error).__name__)
    return Came(time.perf_counter() - began, frozenset(REFERENCE.findall(page.html + page.path)))


async def by_code(browser: Browser, phones: Phones, household: Household, language: str, who: str) -> Page:
    """Opens the sign-in, asks for a code, reads the message, types the code; the page that follows."""
    way = f"/{language}/sign-in"
    await browser.read(way)
    asks = await browser.send(way, {"who": who, "own": "no"})
    code = await asyncio.wait_for(phones.of(household.phone).get(), PATIENCE_SECONDS)
    return await browser.send(asks.path, {"code": code})
