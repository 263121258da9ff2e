"""Enrolments by API: asked for, shown, withdrawn; the identifier by the receipt's secret alone."""

import pytest

from tests.enrolling import a_registered, both_officers, told_apart
from tests.factories import an_enrolment
from tests.filing import value
from tests.portal.conftest import Client
from tests.portal.standing import work_off
from workflows.intake.submit import Accepted

ENROLMENTS = "/api/v1/enrolments"


@pytest.fixture
def receipt(client: Client) -> Accepted:
    given = client.post(ENROLMENTS, json=an_enrolment()).json()
    return Accepted(given["reference"], given["secret"], value("select max(id) from cases"))


def test_it_is_asked_for_once_and_shown_to_whoever_has_the_secret(client: Client) -> None:
    answer = client.post(ENROLMENTS, json=an_enrolment(application="mine"))
    assert answer.status_code == 201
    given = answer.json()
    assert client.post(ENROLMENTS, json=an_enrolment(application="mine")).status_code == 200
    address, secret = answer.headers["location"], {"Receipt-Secret": given["secret"]}
    assert client.get(address).status_code == client.get(address, headers={"Receipt-Secret": "0"}).status_code == 404
    shown = client.get(address, headers=secret).json()
    assert (shown["stage"], shown["idcs"]) == ("pre_enrolled", None)

    gone = client.post(f"{address}/withdrawal", json={"secret": given["secret"], "version": 1})
    assert gone.json() == {"event": "CaseWithdrawn", "stage": "withdrawn", "version": 2}
    late = client.post(f"{address}/withdrawal", json={"secret": given["secret"], "version": 1})
    assert (late.status_code, late.json()["version"]) == (409, 2)


def test_the_issued_identifier_is_shown_with_the_secret_and_a_known_one_never(
    client: Client, receipt: Accepted
) -> None:
    secret = {"Receipt-Secret": receipt.secret}
    both_officers(receipt)
    work_off()
    shown = client.get(f"{ENROLMENTS}/{receipt.reference}", headers=secret).json()
    assert shown["idcs"] == value("select idcs from person where enrolled_by = %s", receipt.case_id)
    assert shown["idcs"] not in client.get(f"/api/v1/applications/{receipt.reference}", headers=secret).text

    again = client.post(ENROLMENTS, json=an_enrolment(application="again")).json()
    second = Accepted(again["reference"], again["secret"], value("select max(id) from cases"))
    both_officers(second)
    work_off()
    told_apart(second, shown["idcs"])
    page = client.get(f"{ENROLMENTS}/{second.reference}", headers={"Receipt-Secret": second.secret})
    assert (page.json()["stage"], page.json()["idcs"]) == ("enrolled_already", None)
    for language in ("ar", "fr", "en"):
        opened = client.post(f"/{language}/status/{second.reference}/open", data={"secret": second.secret})
        assert shown["idcs"] not in opened.text


def test_each_wrong_field_is_told_and_the_register_is_not_asked(client: Client) -> None:
    a_registered()
    answer = client.post(ENROLMENTS, json=an_enrolment(birth_date="2999-01-01", residence_card="X", cin=None))
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["problems"]] == ["birth_date", "residence_card", "cin"]
    assert client.post(ENROLMENTS, json=an_enrolment()).status_code == 201  # who is enrolled may ask


def test_a_receipt_of_another_kind_opens_no_enrolment(client: Client, receipt: Accepted) -> None:
    secret = {"Receipt-Secret": receipt.secret}
    assert client.get(f"/api/v1/appeals/{receipt.reference}", headers=secret).status_code == 404
