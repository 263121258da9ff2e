"""The engine, our client and the population register's service together: decided as with the local register."""

from dataclasses import replace
from pathlib import Path

import pytest

from models.database import transaction
from models.errors import RegisterAway
from models.settings import Settings
from tasks.registers.population import RemoteRegister
from tests.asking import a_partner
from tests.filing import (
    Worker,
    adapters_of,
    changed,
    clean,
    drain_all,
    events_of,
    file,
    file_clean,
    healthy,
    register,
    rows,
    stages,
)
from workflows.bodies.declaration import ApplicationBody
from workflows.evidence import Compared
from workflows.registers.population import LocalRegister
from workflows.registers.ports import Adapters

NAME = "social-register"


@pytest.fixture
def there(register_served: str, tmp_path: Path) -> RemoteRegister:
    """Our client of the service, which answers from this test's own table of persons."""
    key = tmp_path / "social-register.pem"
    made = a_partner(register_served, NAME, NAME)
    key.write_bytes(made.key.as_pem(private=True))
    return RemoteRegister.from_settings(
        Settings(population_url=register_served, population_partner=NAME, population_key=key, population_timeout=10.0)
    )


def asking(there: RemoteRegister) -> Adapters:
    """What the engine is handed where the register is elsewhere."""
    return replace(adapters_of(lambda connection: there), remote=there)


def test_who_is_verified_by_the_service_is_decided_as_by_the_local_register(
    there: RemoteRegister, worker: Worker
) -> None:
    made = clean(12)
    register(made)
    bodies = [each.body for each in made]
    bodies[3] = changed(bodies[3], 0, birth_date="1931-03-07", birth_precision="day")
    other = {"given_name_la": "Xavier", "family_name_la": "Quintero", "given_name_ar": None, "family_name_ar": None}
    bodies[5] = changed(bodies[5], 0, **other)
    people = [member for body in bodies for member in ApplicationBody.model_validate(body).members]
    with transaction() as connection:
        local = LocalRegister(connection).compare(people)
    taken = file(*bodies)

    drain_all(worker(adapters=asking(there)))

    assert there.compare(people) == local
    assert 2 <= len(people) - local.count(Compared()) < 5
    assert (stages()["notified"], healthy()) == (10, True)
    assert {events_of(taken[place])[1] for place in (3, 5)} <= {"MembersMismatched", "IdentityDoubted"}


def test_a_partner_that_was_revoked_is_refused_and_its_cases_keep_their_place(
    there: RemoteRegister, worker: Worker
) -> None:
    file_clean(3)
    rows("update partner set revoked_at = now()")

    with pytest.raises(RegisterAway, match="does not know us"):
        worker(adapters=asking(there)).drain("verification", 10)

    assert (stages(), rows("select ready from cases")) == ({"submitted": 3}, [(True,)] * 3)
    assert healthy()
