"""The social register's client and the population register's service speak to each other, over HTTP and signed."""

import json
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from models import clock
from models.database import transaction
from models.errors import RegisterAway
from models.settings import settings
from tasks.registers.population import RemoteRegister
from tests.asking import BRAHIM, SALMA, a_partner, enrolled
from tests.filing import clean, register, rows
from workflows.bodies.declaration import ApplicationBody, Member
from workflows.evidence import Compared
from workflows.registers.population import LocalRegister


@dataclass(frozen=True)
class Somebody:
    """A person as somebody declares them, with whatever value."""

    idcs: str = SALMA["idcs"]
    given_name_ar: str | None = SALMA["given_name_ar"]
    family_name_ar: str | None = SALMA["family_name_ar"]
    given_name_la: str | None = SALMA["given_name_la"]
    family_name_la: str | None = SALMA["family_name_la"]
    birth_date: date = date(1986, 8, 16)
    birth_precision: str = "day"


@pytest.fixture
def remote(register_served: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RemoteRegister:
    """The register elsewhere, as the settings of a social register name it."""
    partner = a_partner(register_served, "social-register", "social-register")
    key = tmp_path / "social.jwk"
    key.write_text(json.dumps(partner.key.as_dict(private=True)), encoding="utf-8")
    monkeypatch.setenv("SIJIL_POPULATION_URL", register_served)
    monkeypatch.setenv("SIJIL_POPULATION_PARTNER", partner.name)
    monkeypatch.setenv("SIJIL_POPULATION_KEY", str(key))
    settings.cache_clear()
    return RemoteRegister.from_settings(settings())


def test_both_ways_give_the_same_verdicts_on_everybody(remote: RemoteRegister) -> None:
    made = clean(40)
    register(made)
    people: list[Member] = [each for one in made for each in ApplicationBody.model_validate(one.body).members]
    people = [*people, people[0].model_copy(update={"idcs": "2345678906"})]

    with transaction() as connection:
        local = LocalRegister(connection).compare(people)

    assert list(remote.compare(people)) == list(local)
    assert local[-1] is None
    assert len({each for each in local if each}) > 1


def test_each_way_to_differ_reaches_the_other_end(remote: RemoteRegister) -> None:
    enrolled(SALMA, BRAHIM)
    brahim = Somebody(
        **{name: BRAHIM[name] for name in ("idcs", "given_name_ar", "family_name_ar")}, birth_date=date(1951, 1, 1)
    )
    people = [
        Somebody(),
        Somebody(birth_date=date(1986, 8, 17)),
        Somebody(birth_date=date(1971, 3, 2)),
        Somebody(given_name_ar=None, family_name_ar=None, given_name_la="Selma"),
        Somebody(given_name_ar="كريم", given_name_la="Karim", family_name_ar="التازي", family_name_la="Tazi"),
        replace(brahim, given_name_la=None, family_name_la=None),
    ]

    with transaction() as connection:
        assert list(remote.compare(people)) == list(LocalRegister(connection).compare(people))


def test_a_value_that_the_service_refuses_holds_up_nobody_else(remote: RemoteRegister) -> None:
    enrolled(SALMA)
    odd = [Somebody(given_name_la="Salma2"), Somebody(birth_date=date(1893, 1, 1)), Somebody(idcs="4127730917")]

    good, digits, old, nobody, last = remote.compare([Somebody(), *odd, Somebody()])

    assert good == last
    assert (getattr(digits, "name", ""), getattr(digits, "birth", "")) == ("same", "same")  # by the other script
    assert getattr(old, "birth", "") == "unknown"
    assert nobody is None


def test_a_clock_that_is_wrong_is_told_as_such_and_not_as_a_key_that_is_not_known(remote: RemoteRegister) -> None:
    enrolled(SALMA)
    with clock.at(clock.now() + timedelta(seconds=61)), pytest.raises(RegisterAway, match="its clock and ours differ"):
        remote.compare([Somebody()])
    rows("delete from register_elsewhere")
    assert remote.compare([Somebody()]) == [Compared()]


def test_what_is_stored_is_read_by_an_officer_and_noted_under_their_pseudonym(remote: RemoteRegister) -> None:
    enrolled(SALMA)
    with transaction() as connection:
        local = LocalRegister(connection).stored([SALMA["idcs"], "2345678906"])

    assert remote.asked_by("officer:0123456789abcdef").stored([SALMA["idcs"], "2345678906"]) == local
    assert rows("select detail ->> 'officer' from audit_entry where act = 'read_persons'") == [
        ("officer:0123456789abcdef",)
    ]
