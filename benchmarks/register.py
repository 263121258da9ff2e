"""`sijil bench register`: comparisons a second by the population register's service, beside the same ones without it.

One process serves, one client sends signed questions of 500 people, one after the other, over the loopback.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any
from uuid import uuid4

import httpx

from benchmarks.prepared import Say, vacuum_analyze
from models import clock
from models.database import transaction
from models.settings import settings
from sijil.processes import other_settings, start, stop
from trials.generator.household import households
from trials.servers import proof_servers
from workflows.bodies.declaration import ApplicationBody, Member
from workflows.population import partners
from workflows.population.partners import MOST_RATE, Key
from workflows.population.policies import POLICIES
from workflows.population.signatures import new_key, public_key, sign
from workflows.registers.enrol import enrol
from workflows.registers.population import LocalRegister

BATCH = 500
PORT = 8019
PATH = "/population/v1/comparisons"
NAME = "social-register"
FIELDS = (
    "idcs",
    "given_name_ar",
    "family_name_ar",
    "given_name_la",
    "family_name_la",
    "birth_date",
    "birth_precision",
)
Ask = Callable[[Sequence[Member]], None]


def measure(persons: int, say: Say) -> dict[str, Any]:
    """Persons a second through the service and without it, and their ratio."""
    with proof_servers("bench") as servers:
        servers.create("population")
        say(f"{persons} persons are enrolled ...")
        people = declared(persons)
        vacuum_analyze()
        key = new_key()
        become_partner(json.dumps(key.as_dict(private=False)))
        local = rate(people, compare_here)
        with served() as url, httpx.Client(base_url=url, timeout=60) as client:

            def ask(batch: Sequence[Member]) -> None:
                body = question(batch)
                headers = {"sijil-partner": NAME, "signature": sign(body, key, PATH, clock.now())}
                assert len(
                    client.post(PATH, content=body, headers=headers).raise_for_status().json()["answers"]
                ) == len(batch)

            remote = rate(people, ask)
    return {"persons": persons, "local": local, "over_http": remote, "ratio": round(remote / local, 2)}


def declared(count: int) -> list[Member]:
    """So many people as households declare them, of whom the register knows nearly all."""
    made = households(count, 1)
    people: list[Member] = []
    while len(people) < count:
        some = list(islice(made, 1_000))
        enrol(person.row() for each in some for person in each.persons)
        people += [member for each in some for member in ApplicationBody.model_validate(each.body).members]
    return people[:count]


def become_partner(jwk: str) -> None:
    """Makes a partner that may ask at any rate."""
    kid, x = public_key(jwk)
    with transaction() as connection:
        made = partners.add(connection, NAME, POLICIES[NAME], MOST_RATE, clock.now())
        partners.add_key(connection, made, Key(kid, x, clock.now()))
        connection.execute("update partner set allowance = rate")


@contextmanager
def served() -> Iterator[str]:
    """The address of the service over this database, in one process of its own."""
    with other_settings(population_database_url=settings().database_url, population_port=PORT):
        process = start("sijil", "serve", "--only", "population")
        url = f"http://{settings().host}:{PORT}"
        try:
            while not is_ready(url):
                assert process.poll() is None
                time.sleep(0.1)
            yield url
        finally:
            stop([process])


def is_ready(url: str) -> bool:
    """Whether the service is ready."""
    try:
        return httpx.get(f"{url}/health/ready", timeout=5).is_success
    except httpx.TransportError:
        return False


def question(batch: Sequence[Member]) -> bytes:
    """A question about these people."""
    people = [{"ref": str(place), **told(each)} for place, each in enumerate(batch)]
    now = clock.now().isoformat()
    given = {"id": str(uuid4()), "at": now, "purpose": "registration", "basis": "law 72-18", "people": people}
    return json.dumps(given, ensure_ascii=False).encode()


def told(person: Member) -> dict[str, str]:
    """What the register is told of a person."""
    return {name: str(value) for name in FIELDS if (value := getattr(person, name)) is not None}


def compare_here(batch: Sequence[Member]) -> None:
    """Compares these people without a service."""
    with transaction() as connection:
        LocalRegister(connection).compare(batch)


def rate(people: Sequence[Member], ask: Ask) -> int:
    """Persons a second, after a first batch that does not count."""
    ask(people[:BATCH])
    began = time.perf_counter()
    for first in range(0, len(people), BATCH):
        ask(people[first : first + BATCH])
    return round(len(people) / (time.perf_counter() - began))
