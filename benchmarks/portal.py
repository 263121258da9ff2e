"""`sijil bench portal`: measures the citizens' pages on a portal of its own process, with PostgreSQL and the engine.

A receipt's page beside a bare route, and beside the engine; many who sign in at once; many who fill in an application.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from statistics import median
from typing import Any, NamedTuple

from benchmarks import filling_in, first_visit, prepared, sign_ins, status_page
from benchmarks.applicants import Applicant, applicant
from benchmarks.bare_route import TEXT
from benchmarks.console_pages import served
from benchmarks.filling_in import Filling
from benchmarks.phones import Phones, ringing
from benchmarks.prepared import Say, Workers, pause_first_queue, resume_queues, vacuum_analyze, wait_for, working
from benchmarks.sign_ins import Household
from benchmarks.status_page import Wanted
from benchmarks.web_client import get
from models import clock
from models.database import transaction
from models.days import day_of
from models.settings import settings
from notifications.notices import notices
from sijil.processes import set_settings
from trials.generator.household import GeneratedHousehold, households
from trials.servers import proof_servers
from workflows.bodies.declaration import ApplicationBody
from workflows.flows import all_queues
from workflows.intake.importing import bulk_application
from workflows.intake.submit import Accepted, submit
from workflows.registers.enrol import enrol

DONE = "select not exists (select from cases where machine)"
FIRST_BACKLOG, FIRST_APPLICANT = 100_000, 600_000  # of the seed; the registered households are the first ones
CODES = 1_000_000  # the limits are for thieves; here everybody comes from one address
NOTIFIED = "select id from cases where stage = 'notified' and id = any(%s) order by id"
SPARE = 1.1  # some are not registered at once
READERS = 300  # whose pages are read in turn
FIRST_PHONE = 10_000_000
GIVING_WAY = 19  # as the setting is unless it is set otherwise
LONGER = 3  # times as many cases beside those who fill in, a page every 20 s each: else there are few pages to time


class Sizes(NamedTuple):
    """How much is measured."""

    people: int = 2_000  # who sign in at once
    filling: int = 500  # who fill in applications
    every: float = filling_in.EVERY  # seconds from one page of theirs to the next
    cases: int = 20_000  # that the engine works beside them
    rounds: int = 5
    times: int = 3  # that each page is measured beside each engine
    seconds: float = 4.0  # of each rate in each round


def measure(seed: int, sizes: Sizes, workers: Workers, say: Say, *, pages_alone: bool = False) -> dict[str, Any]:
    """All of it, one after the other, over the same register; or the rates of the pages alone."""
    limits = settings().codes_from_network, settings().codes_an_hour
    set_settings(codes_from_network=CODES, codes_an_hour=CODES)
    try:
        with proof_servers("bench") as servers:
            servers.create("portal")
            say(f"registering {sizes.people} households ...")
            known = registered(sizes.people, seed)
            work = measured_pages if pages_alone else measured
            return asyncio.run(work(Measured(known, seed, sizes, workers, say)))
    finally:
        set_settings(codes_from_network=limits[0], codes_an_hour=limits[1])


class Engine(NamedTuple):
    """Workers beside the pages, and how far they give way."""

    workers: Workers
    nice: int


class Measured(NamedTuple):
    """What is measured on: the registered households, and the set-up."""

    known: list[Household]
    seed: int
    sizes: Sizes
    workers: Workers
    say: Say


async def measured(on: Measured) -> dict[str, Any]:
    """The same, once the households are registered."""
    phones = Phones()
    with ringing(phones), served() as port:
        first = first_visit.heaviest(first_visit.weigh(port))
        pages = await rates(on, port)
        on.say("a page beside the engine ...")
        beside = await pages_beside(on, port, pages["rates"])
        on.say(f"{on.sizes.people} people sign in at once ...")
        with working(on.workers, all_queues()):
            storm = await sign_ins.storm(port, phones, on.known[: on.sizes.people])
        on.say(f"{on.sizes.filling} people fill in applications ...")
        filled = await people_beside_engine(on, port, phones)
    found = {
        "first_visit": first,
        "status_page": pages,
        "beside_engine": beside,
        "sign_ins": storm,
        "filling_in": filled,
    }
    return {**found, "cases": on.sizes.cases, "settings": on.workers._asdict()}


async def measured_pages(on: Measured) -> dict[str, Any]:
    """The rates of the pages, once the households are registered."""
    with served() as port:
        return {"status_page": await rates(on, port)}


async def rates(on: Measured, port: int) -> dict[str, Any]:
    """The page of a receipt in a visit, the same as anybody sees it, and the home page, each beside the bare route."""
    references = [each.reference for each in on.known[:READERS]]
    with served("benchmarks.bare_route", (), at="/") as bare:
        wanted = {
            "bare": Wanted(bare, [get("/")], TEXT.encode()),
            "household": status_page.household_pages(port, references),
            "anybody": status_page.open_pages(port, references),
            "home": Wanted(port, [get("/ar")], b"<form"),
        }
        return await status_page.compare(wanted, on.sizes.rounds, on.sizes.seconds, on.say)


async def pages_beside(on: Measured, port: int, rates: Mapping[str, float]) -> dict[str, Any]:
    """The times of the two pages of a receipt, each at half of its rate, beside an engine that gives way and one that
    does not, in turn.
    """
    references = [each.reference for each in on.known[:READERS]]
    wanted = {
        "household": status_page.household_pages(port, references),
        "anybody": status_page.open_pages(port, references),
    }
    rounds: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for place, (page, name) in enumerate([*product(wanted, engines(on.workers))] * on.sizes.times):
        first = FIRST_BACKLOG + place * on.sizes.cases
        rounds[page, name].append(
            await beside_engine(on, wanted[page], rates[page] / 2, first, engines(on.workers)[name])
        )
        on.say(f"{page} beside an engine {name}: 99 % within {rounds[page, name][-1]['beside']['p99_ms']} ms")
    return {
        page: {name: medians(rounds[page, name]) for name in engines(on.workers)} | {"rate": rates[page] / 2}
        for page in wanted
    }


def engines(workers: Workers) -> dict[str, Engine]:
    """One that gives way to the portal on its machine, and one that does not."""
    return {"giving_way": Engine(workers, GIVING_WAY), "of_the_same_priority": Engine(workers, 0)}


def medians(rounds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The medians of the rounds, and their slowest requests one by one."""
    named = {name: round(median(each["beside"][name] for each in rounds), 1) for name in ("p50_ms", "p95_ms", "p99_ms")}
    return {
        **named,
        "p99_ms_of_rounds": [each["beside"]["p99_ms"] for each in rounds],
        "p99_ms_alone": [each["alone"]["p99_ms"] for each in rounds],
        "requests": sum(each["beside"]["requests"] for each in rounds),
        "cases_a_second": round(median(each["cases_a_second"] for each in rounds)),
    }


async def beside_engine(on: Measured, wanted: Wanted, rate: float, first: int, engine: Engine) -> dict[str, Any]:
    """The times of a page at this rate, while the engine works off its cases."""
    backlog(on.sizes.cases, on.seed, first)
    with working(engine.workers, nice=engine.nice):
        times = await status_page.beside(wanted, rate, on.sizes.seconds, worked_off)
    return {**times, "cases_a_second": on.sizes.cases / times["seconds"]}


async def people_beside_engine(on: Measured, port: int, phones: Phones) -> dict[str, Any]:
    """The times of the pages of people who fill in applications, while the engine works off its cases."""
    backlog(on.sizes.cases * LONGER, on.seed, FIRST_BACKLOG + 4 * on.sizes.times * on.sizes.cases)
    with working(on.workers, all_queues(), GIVING_WAY):
        filling = Filling(port, phones, applicants(on.seed), on.sizes.every)
        return await filling_in.fill_in(filling, on.sizes.filling, worked_off)


def registered(count: int, seed: int) -> list[Household]:
    """So many households that the engine registered, each with a phone of its own."""
    asked: dict[int, Household] = {}
    honest = enumerate(made for made in households(FIRST_BACKLOG, seed) if made.truth["plant"] is None)
    while batch := list(islice(honest, min(prepared.SET, round(count * SPARE) - len(asked)))):
        asked |= filed(batch)
    with working(Workers()):
        resume_queues()
        wait_for(DONE)
    vacuum_analyze()
    with transaction() as connection:
        return [asked[case] for (case,) in connection.execute(NOTIFIED, [list(asked)])][:count]


def filed(batch: Sequence[tuple[int, GeneratedHousehold]]) -> dict[int, Household]:
    """Files the applications of these, each with another phone; the households by their cases."""
    enrol(person.row() for _, made in batch for person in made.persons)
    bodies = [ApplicationBody.model_validate({**made.body, "phone": phone_of(number)}) for number, made in batch]
    with transaction() as connection:
        outcomes = submit(connection, [bulk_application(each) for each in bodies], clock.now(), notices)
    return {
        outcome.case_id: Household(outcome.reference, body.declarant.idcs, body.phone or "")
        for body, outcome in zip(bodies, outcomes, strict=True)
        if isinstance(outcome, Accepted)
    }


def phone_of(number: int) -> str:
    """A phone that no other number has."""
    return f"+2126{FIRST_PHONE + number}"


def applicants(seed: int) -> Iterator[Applicant]:
    """Households that apply, whose persons are enrolled."""
    for number, made in enumerate(households(FIRST_APPLICANT, seed, FIRST_APPLICANT)):
        enrol(person.row() for person in made.persons)
        yield applicant(made, phone_of(FIRST_APPLICANT + number), day_of(clock.now()))


def backlog(cases: int, seed: int, first: int) -> None:
    """Cases that are due, in a queue that waits for `worked_off`."""
    pause_first_queue()
    prepared.fill(cases, seed, first)
    vacuum_analyze()


async def worked_off() -> None:
    """Has the engine work, until no case is left to it."""
    resume_queues()
    await asyncio.to_thread(wait_for, DONE)
