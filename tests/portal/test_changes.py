"""Changes of a registered household by the API: declared with the secret of its receipt, shown, and answered."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from models import clock
from models.database import transaction
from models.days import day_of
from tests.changing import change_of, declare, depart, nothing_wrong
from tests.factories import an_idcs
from tests.filing import Body, a_household, changed, current_stage, events_of, rows, value
from tests.people import caseworker
from tests.portal.conftest import Client
from tests.portal.problems import errors_of
from tests.portal.standing import in_work, registered, work_off
from workflows.intake.submit import Accepted
from workflows.registers.households import declarations

MORE = {"gas": "90", "water_electricity": ["800"], "telecom": "700"}


@pytest.fixture
def household(client: Client) -> tuple[Body, Accepted]:
    """A registered household, and its receipt."""
    receipt = registered()
    return {name: given for name, given in a_household(0, members=3).body.items() if name != "application"}, receipt


def a_change(receipt: Accepted, body: Body, **changes: Any) -> dict[str, Any]:
    """A change of the bills, as it is sent."""
    return {
        "secret": receipt.secret,
        "change": "bills",
        "true_from": day_of(clock.now()).isoformat(),
        "based_on": 1,
        "declaration": changed(body, bills=MORE),
    } | changes


def sent(client: Client, receipt: Accepted, change: dict[str, Any], **headers: str) -> httpx.Response:
    return client.post(f"/api/v1/applications/{receipt.reference}/changes", json=change, headers=headers)


def shown(client: Client, receipt: dict[str, Any] | Accepted) -> dict[str, Any]:
    """What the API shows of a case to whoever has its secret."""
    given = receipt if isinstance(receipt, dict) else {"reference": receipt.reference, "secret": receipt.secret}
    answer = client.get(f"/api/v1/applications/{given['reference']}", headers={"Receipt-Secret": given["secret"]})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_a_change_is_declared_shown_and_registered(client: Client, household: tuple[Body, Accepted]) -> None:
    body, receipt = household
    assert shown(client, receipt)["household_version"] == 1

    answer = sent(client, receipt, a_change(receipt, body))

    assert answer.status_code == 201
    update = answer.json()
    assert answer.headers["location"] == f"/api/v1/applications/{update['reference']}"
    before = client.get(answer.headers["location"]).json()
    assert (before["kind"], before["stage"], before["reasons"], before["registered"]) == (
        "update",
        "submitted",
        None,
        None,
    )
    assert shown(client, update)["registered"] is None
    work_off()

    now = shown(client, update)
    assert (now["stage"], now["household_version"], now["reasons"], now["conflicts"]) == ("notified", 2, [], [])
    (facts,) = rows("select facts from event where kind = 'HouseholdChanged'")[0]
    assert now["registered"]["true_from"] == day_of(clock.now()).isoformat()
    assert {name: now["registered"][name] for name in ("version", "score", "score_before", "gained", "lost")} == {
        "version": 2,
        "score": facts["score"],
        "score_before": facts["score_before"],
        "gained": facts.get("gained", []),
        "lost": facts.get("lost", []),
    }
    assert [list(each.values()) for each in now["registered"]["moved"]] == facts["moved"] != []
    nobody = client.get(answer.headers["location"]).json()
    assert {nobody[name] for name in ("household_version", "based_on", "registered", "conflicts")} == {None}
    assert (now["based_on"], shown(client, receipt)["based_on"]) == (1, None)


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "my own"}])
def test_a_change_that_is_sent_again_has_the_same_receipt_before_and_after_it_is_registered(
    client: Client, household: tuple[Body, Accepted], headers: dict[str, str]
) -> None:
    body, receipt = household
    change = a_change(receipt, body, declaration=changed(body, bills=MORE, phone="+212661000001"))
    first = sent(client, receipt, change, **headers).json()

    at_once = sent(client, receipt, change, **headers)
    work_off()
    later = sent(client, receipt, change, **headers)

    assert [(each.status_code, each.json()) for each in (at_once, later)] == [(200, first | {"repeated": True})] * 2
    assert value("select count(*) from cases") == 2
    assert nothing_wrong()


def test_a_key_that_comes_with_another_change_is_refused(client: Client, household: tuple[Body, Accepted]) -> None:
    body, receipt = household
    sent(client, receipt, a_change(receipt, body), **{"Idempotency-Key": "k"})

    again = sent(client, receipt, a_change(receipt, changed(body, bills={"gas": 1})), **{"Idempotency-Key": "k"})
    other = sent(
        client, receipt, a_change(receipt, body, declaration=changed(body, bills={})) | {}, **{"Idempotency-Key": "k"}
    )

    assert again.status_code == 200  # the declaration that is sent is the same
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"based_on": 2}, "based_on"),
        ({"based_on": 0}, "based_on"),
        ({"change": "everything"}, "change"),
        ({"change": "correction", "cause": "error"}, "change"),
        ({"change": "member_left"}, "body"),
        ({"cause": "birth"}, "body"),
        ({"true_from": (day_of(clock.now()) + timedelta(days=1)).isoformat()}, "true_from"),
        ({"true_from": "yesterday"}, "true_from"),
        ({"declaration": None}, "declaration"),
        ({"left_by": "0000000000"}, "left_by"),
        ({"secret": None}, "secret"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(
    client: Client, household: tuple[Body, Accepted], changes: dict[str, Any], field: str
) -> None:
    body, receipt = household
    assert errors_of(sent(client, receipt, a_change(receipt, body, **changes))).keys() == {field}
    assert value("select count(*) from cases") == 1


@pytest.mark.parametrize("cause", [{}, {"cause": "error"}, {"cause": "appeal"}, {"cause": "birth"}])
def test_a_correction_is_refused_at_once_with_the_way_to_an_appeal(
    client: Client, household: tuple[Body, Accepted], cause: dict[str, str]
) -> None:
    body, receipt = household
    answer = sent(client, receipt, a_change(receipt, body, change="correction", **cause))
    assert errors_of(answer) == {"change": "A household corrects by an appeal: POST /api/v1/appeals."}


def test_what_a_change_is_called_is_a_label_and_what_changed_is_compared(
    client: Client, household: tuple[Body, Accepted]
) -> None:
    body, receipt = household
    update = sent(client, receipt, a_change(receipt, body, change="contact")).json()
    work_off()
    now = shown(client, update)
    assert now["stage"] == "notified"
    assert now["registered"]["moved"] != []


def test_a_wrong_secret_is_as_an_unknown_reference(client: Client, household: tuple[Body, Accepted]) -> None:
    body, receipt = household
    wrong = sent(client, receipt, a_change(receipt, body, secret="0000000000"))
    unknown = sent(client, Accepted("RSU-0000-0000-0000", "", 0), a_change(receipt, body))

    assert errors_of(wrong, 404) == {}
    assert wrong.content == unknown.content


def test_a_household_that_is_not_registered_changes_nothing(client: Client, household: tuple[Body, Accepted]) -> None:
    body, _ = household
    waiting = in_work()

    answer = sent(client, waiting, a_change(waiting, body))

    assert (answer.status_code, answer.json()["code"]) == (422, "not_of_the_household")
    assert shown(client, waiting)["household_version"] is None


def test_more_than_five_open_changes_are_refused(client: Client, household: tuple[Body, Accepted]) -> None:
    body, receipt = household
    for gas in range(5):
        assert sent(client, receipt, a_change(receipt, body, declaration=changed(body, bills={"gas": gas}))).is_success
    answer = sent(client, receipt, a_change(receipt, body))
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_open")


# Answers -------------------------------------------------------------------------------------------


def answered(client: Client, update: Accepted, **answer: Any) -> httpx.Response:
    return client.post(f"/api/v1/applications/{update.reference}/answers", json={"secret": update.secret} | answer)


def conflicting(receipt: Accepted, first: Body, second: Body) -> Accepted:
    """The second of two changes that were made on the same version."""
    declare(receipt, change_of(first, "bills"))
    update = declare(receipt, change_of(second, "bills"))
    work_off()
    assert current_stage(update) == "conflicting"
    return update


def test_a_conflict_is_shown_with_both_values_and_resolved_by_a_correction(
    client: Client, household: tuple[Body, Accepted]
) -> None:
    body, receipt = household
    job, other = ("employee", "trader") if body["members"][0].get("occupation") != "employee" else ("trader", "farmer")
    update = conflicting(
        receipt,
        changed(changed(body, bills=MORE), 0, occupation=job),
        changed(changed(body, bills=MORE | {"gas": "10"}), 0, occupation=other),
    )

    now = shown(client, update)

    assert (now["household_version"], now["based_on"]) == (2, 2)
    assert sorted(now["conflicts"], key=lambda each: str(each["field"])) == [
        {"field": "bills.gas", "registered": "90", "declared": "10"},
        {"field": "members[0].occupation", "registered": job, "declared": other},
    ]
    assert client.get(f"/api/v1/applications/{update.reference}").json()["conflicts"] is None

    chosen = changed(changed(body, bills=MORE | {"gas": "10"}), 0, occupation=job)
    answer = answered(client, update, kind="correction", version=now["version"], declaration=chosen)
    assert answer.json()["event"] == "CorrectionReceived"
    work_off()

    last = shown(client, update)
    assert (last["stage"], last["household_version"], last["conflicts"]) == ("notified", 3, [])
    assert nothing_wrong()


def test_an_answer_to_a_conflict_counts_on_its_version_and_what_was_registered_since_stays(
    client: Client, household: tuple[Body, Accepted]
) -> None:
    # Given a conflict with version 2, and version 3, registered since, which says another field anew
    body, receipt = household
    update = conflicting(receipt, changed(body, bills=MORE), changed(body, bills=MORE | {"gas": "10"}))
    declare(receipt, change_of(changed(body, bills=MORE, commune="Taza"), "moved", based_on=2))
    work_off()

    now = shown(client, update)
    assert (now["stage"], now["household_version"], now["based_on"]) == ("conflicting", 3, 2)
    assert [each["field"] for each in now["conflicts"]] == ["bills.gas"]

    # When the citizen answers with the declaration that they sent, with the commune of before
    answered(client, update, kind="correction", declaration=changed(body, bills=MORE | {"gas": "10"}))
    work_off()

    # Then their value counts, and the commune that was registered since stays
    last = shown(client, update)
    assert (last["stage"], last["household_version"]) == ("notified", 4)
    household_id = value("select distinct household_id from household_version")
    with transaction() as connection:
        (declared,) = declarations(connection, [(household_id, 4)]).values()
    assert (declared.commune, declared.bills.gas) == ("Taza", 10)
    assert nothing_wrong()


def test_a_conflict_may_be_withdrawn(client: Client, household: tuple[Body, Accepted]) -> None:
    body, receipt = household
    update = conflicting(receipt, changed(body, bills=MORE), changed(body, bills=MORE | {"gas": "10"}))

    assert answered(client, update, kind="withdrawal").json()["stage"] == "withdrawn"
    late = answered(client, update, kind="correction", declaration=body)
    assert (late.status_code, late.json()["code"]) == (422, "not_possible_now")


def test_a_removal_waits_and_can_be_taken_back(client: Client, household: tuple[Body, Accepted]) -> None:
    body, receipt = household
    update = sent(client, receipt, a_change(receipt, body, change="removal", cause="request", declaration=body)).json()
    work_off()

    waiting = shown(client, update)
    assert (waiting["stage"], waiting["registered"]) == ("leaving", None)
    assert waiting["deadline"]
    back = answered(client, Accepted(update["reference"], update["secret"], 0), kind="withdrawal")
    assert back.json()["stage"] == "withdrawn"
    assert value("select count(*) from person_claim") == len(body["members"])


def test_what_the_population_register_does_not_know_is_corrected(
    client: Client, household: tuple[Body, Accepted]
) -> None:
    body, receipt = household
    stranger = {
        "idcs": an_idcs(600_000_000),
        "given_name_la": "Enfant",
        "family_name_la": "De Plus",
        "birth_date": "2020-05-05",
        "sex": "female",
        "relationship": "child",
    }
    more = body | {"members": [*body["members"], stranger]}
    update = sent(
        client, receipt, a_change(receipt, body, change="member_joined", cause="birth", declaration=more)
    ).json()
    work_off()

    now = shown(client, update)
    assert (now["stage"], now["reasons"]) == (
        "needs_correction",
        [{"field": f"members[{len(body['members'])}]", "reason": "unknown", "differs": []}],
    )
    taken = Accepted(update["reference"], update["secret"], value("select max(id) from cases"))
    nobody_joins = answered(client, taken, kind="correction", declaration=changed(body, bills=MORE))
    assert errors_of(nobody_joins).keys() == {"declaration"}
    mended = changed(more, len(body["members"]), birth_date="2020-05-06")
    assert answered(client, taken, kind="correction", declaration=mended).is_success
    assert events_of(taken)[-1] == "CorrectionReceived"


def test_whoever_left_the_household_declares_nothing_more_for_it(
    client: Client, household: tuple[Body, Accepted]
) -> None:
    body, receipt = household
    place = next(i for i, each in enumerate(body["members"]) if each.get("declarant"))
    first, *rest = [each for i, each in enumerate(body["members"]) if i != place]
    smaller = body | {"members": [first | {"relationship": "head", "declarant": True}, *rest]}
    update = sent(
        client, receipt, a_change(receipt, body, change="member_left", cause="departure", declaration=smaller)
    ).json()
    work_off()
    assert shown(client, update)["stage"] == "notified"

    answer = sent(client, receipt, a_change(receipt, smaller, based_on=2))

    assert (answer.status_code, answer.json()["code"]) == (422, "not_of_the_household")


# Whoever leaves --------------------------------------------------------------------------------------


def departing(receipt: Accepted, body: Body) -> tuple[Accepted, int]:
    """The departure of an adult, which waits for a caseworker, and their place in the household."""
    place = next(
        place
        for place, each in enumerate(body["members"])
        if each["relationship"] != "head" and not each.get("declarant") and str(each["birth_date"]) < "2005"
    )
    departure = depart(receipt, str(body["members"][place]["idcs"]))
    work_off()
    return departure, place


def test_whoever_left_sees_nothing_of_the_household_that_they_left(
    client: Client, household: tuple[Body, Accepted]
) -> None:
    body, receipt = household
    departure, _ = departing(receipt, body)
    declare(receipt, change_of(changed(body, bills=MORE), "bills"))
    work_off()

    caseworker(departure, "clear", "moved")
    work_off()

    now = shown(client, departure)
    seen = {name for name, known in now["registered"].items() if known}
    assert (now["stage"], seen) == ("notified", {"true_from"})
    page = client.post(f"/fr/status/{departure.reference}/open", data={"secret": departure.secret})
    assert page.status_code == 200
    assert not any(told in page.text for told in ("Votre indice", "ont fait monter", "ont fait baisser"))


def test_whoever_leaves_sees_no_value_of_the_household_in_a_conflict(
    client: Client, household: tuple[Body, Accepted]
) -> None:
    body, receipt = household
    departure, place = departing(receipt, body)
    declare(receipt, change_of(changed(body, place, disability="severe", occupation="student"), "belongings"))
    work_off()

    caseworker(departure, "clear", "moved")
    work_off()

    now = shown(client, departure)
    assert (now["stage"], now["conflicts"]) == (
        "conflicting",
        [{"field": "declaration", "registered": None, "declared": None}],
    )
