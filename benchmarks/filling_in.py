"""Five hundred people who fill in applications, a page every twenty seconds each, and how long each page takes."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from benchmarks.applicants import Applicant
from benchmarks.phones import Phones
from benchmarks.status_page import percent, spread
from benchmarks.web_client import PATIENCE_SECONDS, Browser, Page
from models import clock
from models.database import transaction
from models.errors import Broken
from workflows.intake.drafts import save

EVERY = 20.0  # seconds from one page to the next of the same person
SOCKETS = 1000
LANGUAGE = "ar"
START = f"/{LANGUAGE}/apply"
SEED = 4


class Filling:
    """Everybody who fills in, and what is counted of the pages that they see."""

    def __init__(self, port: int, phones: Phones, applicants: Iterator[Applicant], every: float = EVERY) -> None:
        self.port, self.phones, self.applicants, self.every = port, phones, applicants, every
        self.sockets = asyncio.Semaphore(SOCKETS)
        # The times of the pages in milliseconds, of those beside the work and of those before it.
        self.times: dict[bool, list[float]] = {True: [], False: []}
        self.errors: list[str] = []
        self.works, self.sent = False, 0

    async def timed(self, seen: Awaitable[Page]) -> Page:
        """A page, from the press of a button until it is all here."""
        began, times = time.perf_counter(), self.times[self.works]
        page = await seen
        times.append((time.perf_counter() - began) * 1000)
        return page


class Person:
    """One of them, with a browser and an application under way."""

    def __init__(self, all_of_them: Filling) -> None:
        self.all = all_of_them
        self.browser = Browser(all_of_them.port, all_of_them.sockets)
        self.begin_anew()

    def begin_anew(self) -> None:
        """Nothing is answered yet, of the next household."""
        self.applicant, self.done, self.home = next(self.all.applicants), 0, ""
        self.page = Page("", 200, "")

    async def begin(self) -> None:
        """Reads the first page, and begins an application."""
        self.browser.cookies.clear()
        await self.all.timed(self.browser.read(START))
        self.page = await self.all.timed(self.browser.send(START, {}))
        self.home = self.page.path

    async def go_on(self) -> None:
        """One page more."""
        if not self.home:
            await self.begin()
        elif self.done < len(self.applicant.steps):
            await self.answer()
        else:
            await self.send()
            self.all.sent += self.all.works
            self.begin_anew()

    async def answer(self) -> None:
        """Answers the next page, which a link leads to where the one before does not."""
        step = self.applicant.steps[self.done]
        at = f"{self.home}/{step.to}"
        await self.come_to(at)
        self.page = await self.all.timed(self.browser.send(at, self.page.hidden | dict(step.typed)))
        if self.page.path == at:
            raise Broken(f"A page of the measurement was not taken: {step.to}.")
        self.done += 1

    async def come_to(self, at: str) -> None:
        """Follows a link, unless the page is there already."""
        if self.page.path != at:
            self.page = await self.all.timed(self.browser.read(at))

    async def send(self) -> None:
        """Looks at all answers, sends them, and proves the phone by a code."""
        await self.come_to(f"{self.home}/check")
        self.page = await self.all.timed(self.browser.send(self.page.path, self.page.hidden))
        if self.page.path == f"{self.home}/code":
            self.page = await self.all.timed(self.browser.send(self.page.path, self.page.hidden | {"do": "send"}))
            code = await asyncio.wait_for(self.all.phones.of(self.applicant.phone).get(), PATIENCE_SECONDS)
            typed = self.page.hidden | {"code": code}
            self.page = await self.all.timed(self.browser.send(self.page.path, typed))
        if self.page.path != f"{self.home}/receipt":
            raise Broken("An application of the measurement was not taken.")

    async def live(self, first: float, ended: asyncio.Event) -> None:
        """A page every twenty seconds, from a moment on, until it ends."""
        due = first
        while not ended.is_set():
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if ended.is_set():
                return
            try:
                await self.go_on()
            except (Broken, OSError, TimeoutError) as error:
                self.all.errors.append(str(error) or type(error).__name__)
                self.begin_anew()
            due += self.all.every


async def begun(filling: Filling, count: int) -> list[Person]:
    """So many people, each somewhere in the middle of an application."""
    people = [Person(filling) for _ in range(count)]
    chance = random.Random(SEED)
    for each in people:
        await each.begin()
    with transaction() as connection:
        for each in people:
            each.done = chance.randrange(len(each.applicant.steps) + 1)
            save(connection, each.home.rpartition("/")[2], each.applicant.so_far(each.done), clock.now())
    return people


async def fill_in(filling: Filling, count: int, work: Callable[[], Awaitable[None]]) -> dict[str, Any]:
    """People fill in alone until each has seen a page, and then while `work` goes on beside them."""
    people = await begun(filling, count)
    filling.times[False].clear()
    ended, began = asyncio.Event(), time.perf_counter()
    living = [
        asyncio.create_task(each.live(began + place * filling.every / count, ended))
        for place, each in enumerate(people)
    ]
    await asyncio.sleep(filling.every)
    filling.works, worked, used = True, time.perf_counter(), time.process_time()
    await work()
    lasted, used = time.perf_counter() - worked, time.process_time() - used
    ended.set()
    await asyncio.gather(*living)
    return {
        "people": count,
        "alone": spread(filling.times[False]),
        "beside": spread(filling.times[True]),
        "applications_sent": filling.sent,
        "errors": len(filling.errors),
        "error_texts": sorted(set(filling.errors)),
        "seconds": round(lasted, 1),
        "asking_core_percent": percent(used / lasted),
    }
