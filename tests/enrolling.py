"""Lets people ask to be enrolled in tests, and officers act on that."""

from typing import Any

import pytest

from models import clock
from models.database import transact, transaction
from notifications.notices import notices
from tests.conftest import forget_settings
from tests.factories import Json, an_enrolment, an_idcs
from workflows.bodies.enrolment import EnrolmentRequest, stored_enrolment
from workflows.bodies.reading import valid
from workflows.casework.answers import AnswerResult
from workflows.casework.enrolling import (
    Deed,
    Filing,
    Officer,
    act_on_enrolment,
    attestation,
    confirmation,
    file_enrolment,
    verdict,
)
from workflows.casework.enrolment_view import enrolment_of_reference
from workflows.intake.submit import Accepted
from workflows.registers.enrol import enrol

AMINA, BRAHIM, SALMA = "Amina Alaoui", "Brahim Chraibi", "Salma Idrissi"
ALWAYS = ("given_name_ar", "family_name_ar", "given_name_la", "family_name_la", "birth_date", "sex")


def a_request(**changes: Any) -> EnrolmentRequest:
    return valid(EnrolmentRequest, an_enrolment(**changes))


def register_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets a population register on another machine."""
    monkeypatch.setenv("SIJIL_POPULATION_URL", "https://population.example")
    monkeypatch.setenv("SIJIL_POPULATION_PARTNER", "rsu")
    monkeypatch.setenv("SIJIL_POPULATION_KEY", "key.jwk")
    forget_settings()


def asked(key: str | None = None, **changes: Any) -> Accepted:
    """Somebody asks to be enrolled, by the API."""
    return transact(
        lambda connection: file_enrolment(connection, Filing(a_request(**changes), key), clock.now(), notices)
    )


def acted(receipt: Accepted, deed: Deed, name: str, version: int | None = None) -> AnswerResult:
    officer = Officer(receipt.reference, name, version=version)
    return transact(lambda connection: act_on_enrolment(connection, officer, deed, clock.now(), notices))


def attested(
    receipt: Accepted, name: str = AMINA, sent: EnrolmentRequest | None = None, **options: Any
) -> AnswerResult:
    """An officer attests what was sent, or what the papers say."""
    return acted(receipt, attestation(sent, vouching(receipt, sent)), name, **options)


def vouching(receipt: Accepted, sent: EnrolmentRequest | None) -> tuple[str, ...]:
    """Those who vouch, at each of whom the officer looked."""
    with transaction() as connection:
        said = sent or enrolment_of_reference(connection, receipt.reference).body
    return stored_enrolment(said).vouching


def confirmed(receipt: Accepted, name: str = BRAHIM, **options: Any) -> AnswerResult:
    return acted(receipt, confirmation(), name, **options)


def given_back(receipt: Accepted, reason: str = "person_not_seen", name: str = BRAHIM) -> AnswerResult:
    return acted(receipt, confirmation(reason), name)


def told_apart(receipt: Accepted, same: str = "", name: str = BRAHIM) -> AnswerResult:
    return acted(receipt, verdict(same), name)


def both_officers(*receipts: Accepted) -> None:
    """One officer attests these, another one confirms them."""
    for each in receipts:
        attested(each)
        confirmed(each)


def a_registered(number: int = 1, **changes: Any) -> Json:
    """A person who stands in the register already; each number is another one."""
    said = an_enrolment()
    person = {name: said[name] for name in ALWAYS} | {
        "idcs": an_idcs(number),
        "birth_precision": "day",
        "cin": said["cin"],
        "status": "alive",
    }
    person |= changes
    assert enrol([person]) == 1
    return person


NADIA = {
    "given_name_ar": "نادية",
    "family_name_ar": "التازي",
    "given_name_la": "Nadia",
    "family_name_la": "Tazi",
    "sex": "female",
    "birth_date": "1979-03-02",
    "cin": "C123456",
}
YOUSSEF = {
    "given_name_ar": "يوسف",
    "family_name_ar": "المنصوري",
    "given_name_la": "Youssef",
    "family_name_la": "Mansouri",
    "sex": "male",
    "birth_date": "1981-11-20",
    "cin": "D765432",
}
WITHOUT_PAPERS: Json = {
    "proof": "witnesses",
    "cin": None,
    "witnesses": [{"idcs": an_idcs(31), "cin": "c123456"}, {"idcs": an_idcs(32), "cin": "D765432"}],
}


def two_witnesses(**changes: Any) -> None:
    """Two people with a card, of whom the second has these changes."""
    a_registered(31, **NADIA)
    a_registered(32, **{**YOUSSEF, **changes})
