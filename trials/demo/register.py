"""The demo's population register where it is a service of its own: another process, another database, one partner."""

import json
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from models import clock
from models.database import transaction
from models.errors import NotFound
from models.settings import private_file, settings
from sijil.embedded import population_database
from sijil.processes import set_settings
from workflows.population import partners
from workflows.population.partners import Key
from workflows.population.policies import POLICIES
from workflows.population.signatures import new_key, public_key
from workflows.registers.enrol import enrol

NAME = "social-register"  # of the one partner, and of its policy
RATE = 100_000  # persons a second
KEPT = "population.jwk"


def register_url() -> str:
    """The address of the register."""
    return f"http://{settings().host}:{settings().population_port}"


def register_database(remote: bool) -> AbstractContextManager[None]:
    """Where persons are: in the register's own database, or in ours."""
    return population_database() if remote else nullcontext()


def enrol_in(remote: bool, persons: Iterable[dict[str, Any]]) -> None:
    """Enrols persons in the register that answers."""
    with register_database(remote):
        enrol(persons)


def become_partner() -> None:
    """Makes the social register a partner with a new key, which it signs with from now on."""
    key, path = new_key(), settings().home / KEPT
    private_file(path, json.dumps(key.as_dict(private=True))).replace(path)
    kid, x = public_key(json.dumps(key.as_dict(private=False)))
    with population_database(), transaction() as connection:
        try:
            partner = partners.find(connection, NAME)
        except NotFound:
            partner = partners.add(connection, NAME, POLICIES[NAME], RATE, clock.now())
        partners.add_key(connection, partner, Key(kid, x, clock.now()))
        partners.end_other_keys(connection, partner, kid, clock.now())
    set_settings(population_url=register_url(), population_partner=NAME, population_key=path)
