"""Appeals by API and on the citizen's page: lodged, shown, added to and withdrawn with the secret of a receipt."""

from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from notifications.catalogues import LANGUAGES
from tests.appealing import acts, an_appeal, findings
from tests.filing import rows, value
from tests.portal.conftest import Client
from tests.portal.standing import appeal_overdue, in_work, registered, rejected, to_correct, work_off
from tests.terms import days_of
from web.api.responses import outcomes_of
from web.language import PAGES, day
from workflows.intake.submit import Accepted
from workflows.stages import agree, find

LODGE = "/api/v1/appeals"


def lodging(receipt: Accepted, **changes: Any) -> dict[str, Any]:
    """An appeal against a refusal, as it is sent."""
    sent = {"reference": receipt.reference, "secret": receipt.secret, "decision": "refusal", "grounds": ["not_heard"]}
    return sent | changes


def page(client: Client, language: str, appeal: Accepted) -> str:
    return unescape(client.get(f"/{language}/status/{appeal.reference}").text)


def why(client: Client, language: str, appeal: Accepted) -> str:
    answer = client.post(f"/{language}/status/{appeal.reference}/open", data={"secret": appeal.secret})
    return unescape(answer.text)


def test_an_appeal_is_lodged_shown_added_to_and_withdrawn(client: Client) -> None:
    receipt = rejected()
    answer = client.post(LODGE, json=lodging(receipt, text="We were away."))
    assert answer.status_code == 201
    given = answer.json()
    assert client.post(LODGE, json=lodging(receipt, text="We were away.")).status_code == 200
    work_off()

    address, secret = answer.headers["location"], {"Receipt-Secret": given["secret"]}
    assert client.get(address).status_code == client.get(address, headers={"Receipt-Secret": "0"}).status_code == 404
    shown = client.get(address, headers=secret).json()
    assert (shown["stage"], shown["decision"], shown["contested_reference"], shown["outcome"]) == (
        "queued",
        "refusal",
        receipt.reference,
        None,
    )

    added = client.post(f"{address}/texts", json={"secret": given["secret"], "text": "Here is more."})
    assert added.json() == {"event": "AppealTextAdded", "stage": "queued", "version": 4}
    late = client.post(f"{address}/withdrawal", json={"secret": given["secret"], "version": 3})
    assert (late.status_code, late.json()["version"]) == (409, 4)
    gone = client.post(f"{address}/withdrawal", json={"secret": given["secret"], "version": 4})
    assert gone.json() == {"event": "CaseWithdrawn", "stage": "withdrawn", "version": 5}


def test_who_need_not_act_is_shown_no_main_button_and_who_must_is(client: Client) -> None:
    appeal = an_appeal(rejected(), grounds=["not_heard"])
    work_off()
    acts(appeal, "salma", "assign")
    button = f'<a class="button%s" href="/fr/status/{appeal.reference}/say">'
    assert button % " second" in why(client, "fr", appeal)
    acts(appeal, "salma", "ask", ["bill"])
    assert button % "" in why(client, "fr", appeal)


def test_an_overdue_appeal_is_escalated_once_and_with_its_secret(client: Client) -> None:
    appeal = appeal_overdue()
    address, sent = f"{LODGE}/{appeal.reference}/escalation", {"secret": appeal.secret}
    assert client.post(address, json={"secret": "0000000000"}).status_code == 404
    late = client.post(address, json=sent | {"version": 2})
    assert (late.status_code, late.json()["stage"]) == (409, "with_supervisor")
    taken = client.post(address, json=sent | {"version": late.json()["version"]})
    assert taken.json() == {"event": "AppealEscalated", "stage": "with_commission", "version": 4}
    again = client.post(address, json=sent)
    assert (again.status_code, again.json()["code"]) == (422, "not_possible_now")


def test_an_appeal_whose_term_goes_on_is_not_escalated(client: Client) -> None:
    appeal = an_appeal(rejected())
    work_off()
    answer = client.post(f"{LODGE}/{appeal.reference}/escalation", json={"secret": appeal.secret})
    assert (answer.status_code, answer.json()["code"]) == (422, "not_possible_now")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"secret": "0000000000"}, 404, None),
        ({"decision": "index", "contested": [{"path": "bills.gas", "should_be": 1}]}, 422, "nothing_to_contest"),
        ({"decision": "everything"}, 422, "not_valid"),
        ({"contested": [{"path": "bills.gas", "should_be": 1}]}, 422, "not_valid"),
        ({"grounds": []}, 422, "not_valid"),
        ({"text": "x" * 2001}, 422, "not_valid"),
    ],
)
def test_what_cannot_be_contested_is_refused_by_name(
    client: Client, changes: dict[str, Any], status: int, code: str | None
) -> None:
    answer = client.post(LODGE, json=lodging(rejected(), **changes))
    assert (answer.status_code, answer.json().get("code")) == (status, code)


def test_a_second_appeal_is_refused_with_409(client: Client) -> None:
    receipt = rejected()
    assert client.post(LODGE, json=lodging(receipt)).status_code == 201
    again = client.post(LODGE, json=lodging(receipt, grounds=["other"]))
    assert (again.status_code, again.json()["code"]) == (409, "open_appeal")


def test_an_application_is_no_appeal(client: Client) -> None:
    receipt = in_work()
    secret = {"Receipt-Secret": receipt.secret}
    assert client.get(f"{LODGE}/{receipt.reference}", headers=secret).status_code == 404
    gone = client.post(f"{LODGE}/{receipt.reference}/withdrawal", json={"secret": receipt.secret})
    assert gone.status_code == 404


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_where_an_appeal_stands_what_is_asked_for_and_why_it_was_rejected(
    client: Client, language: str
) -> None:
    appeal = an_appeal(rejected())
    assert PAGES.text(language, "appeal_in_work.title") in page(client, language, appeal)
    work_off()
    until = value("select submitted_at from cases where id = %s", appeal.case_id) + timedelta(days_of("answer"))
    answer = PAGES.text(language, "You will have an answer before {day}.").format(day=day(language, until))
    shown = page(client, language, appeal)
    assert PAGES.text(language, "appeal_under_examination.title") in shown
    assert answer in shown

    acts(appeal, "salma", "assign")
    acts(appeal, "salma", "ask", ["bill"])
    assert PAGES.text(language, "appeal_information_asked.title") in page(client, language, appeal)
    asked = page(client, language, appeal)
    assert PAGES.text(language, "What is missing?") in asked
    assert answer not in asked, "the term stands still"
    assert [
        PAGES.text(language, key) for key in ("Why?", "Show why", "reason.bill") if PAGES.text(language, key) in asked
    ] == []
    assert PAGES.text(language, "reason.bill") in why(client, language, appeal)

    client.post(f"{LODGE}/{appeal.reference}/texts", json={"secret": appeal.secret, "text": "Here."})
    acts(appeal, "salma", "propose", findings(decision=False))
    shown = why(client, language, appeal)
    assert PAGES.text(language, "reason.nothing_shows_it") not in shown
    assert PAGES.text(language, "You will have an answer before {day}.").split(" {")[0] in shown, (
        "not the second person's"
    )
    acts(appeal, "yassine", "agree")
    work_off()

    shown = why(client, language, appeal)
    assert PAGES.text(language, "appeal_rejected.title") in page(client, language, appeal)
    assert '<div class="state may">' in shown
    for key in ("appeal_rejected.title", "appeal_rejected.do", "part.decision", "reason.nothing_shows_it"):
        assert PAGES.text(language, key) in shown
    assert rows("select text from case_text where case_id = %s", appeal.case_id) == [("Here.",)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_appeal_that_set_a_refusal_aside_says_so_and_what_to_do(client: Client, language: str) -> None:
    appeal = an_appeal(rejected())
    work_off()
    acts(appeal, "salma", "assign")
    acts(appeal, "salma", "propose", findings(decision=True))
    work_off()
    shown = page(client, language, appeal)
    for part in ("title", "what", "do"):
        assert PAGES.text(language, f"appeal_set_aside.{part}") in shown


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("contested", "decision"), [(rejected, "refusal"), (to_correct, "correction")])
def test_the_page_of_a_contested_decision_knows_its_appeal(
    client: Client, language: str, contested: Callable[[], Accepted], decision: str
) -> None:
    receipt = contested()
    rows("update message set delivery = 'delivered', delivery_at = now() where case_id = %s", receipt.case_id)
    before, invited = page(client, language, receipt), PAGES.text(language, "You may appeal at no cost before {day}.")
    assert (invited.split(" {")[0] in before) is (decision == "refusal")
    examined = PAGES.text(language, "An appeal against this decision is being examined.")
    assert examined not in before

    appeal = an_appeal(receipt, decision)
    work_off()
    shown = page(client, language, receipt)
    assert examined in shown
    assert invited.split(" {")[0] not in shown
    if decision == "refusal":
        told = why(client, language, receipt)
        assert PAGES.text(language, "appeal_under_examination.do") in told
        assert PAGES.text(language, "advice.false_declaration") not in told, "it says where to contest"

    acts(appeal, "salma", "assign")
    acts(appeal, "salma", "propose", findings(decision=True))
    work_off()
    for shown in (page(client, language, receipt), why(client, language, receipt)):
        for part in ("title", "what", "do"):
            assert PAGES.text(language, f"set_aside.{part}") in shown
        assert examined not in shown
        assert PAGES.text(language, "Why?") not in shown


def test_an_appeal_that_was_rejected_leaves_the_decision_and_one_against_an_earlier_decision_is_none_against_it(
    client: Client,
) -> None:
    receipt = rejected()
    appeal = an_appeal(receipt)
    work_off()
    acts(appeal, "salma", "assign")
    acts(appeal, "salma", "propose", findings(decision=False))
    acts(appeal, "yassine", "agree")
    work_off()
    assert PAGES.text("fr", "rejected.title") in page(client, "fr", receipt)

    later = rejected(place=6)
    an_appeal(later)
    rows(
        "update case_body set body = jsonb_set(body::jsonb, '{seq}', '1')::json "
        "where case_id = (select max(id) from cases where kind = 'appeal')"
    )
    assert PAGES.text("fr", "An appeal against this decision is being examined.") not in page(client, "fr", later)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("found", "state"),
    [
        ({"bills__telecom": True, "bills__gas": True}, "upheld"),
        ({"bills__telecom": True, "bills__gas": False}, "partly_upheld"),
    ],
)
def test_an_upheld_appeal_says_how_much_of_it_was(
    client: Client, language: str, found: dict[str, bool], state: str
) -> None:
    contested = [{"path": "bills.telecom", "should_be": "12.00"}, {"path": "bills.gas", "should_be": "1.00"}]
    appeal = an_appeal(registered(), "index", contested=contested)
    work_off()
    acts(appeal, "salma", "assign")
    acts(appeal, "salma", "propose", findings(**found))
    if state == "partly_upheld":
        acts(appeal, "yassine", "agree")
    work_off()
    shown = page(client, language, appeal)
    for part in ("title", "what", "do"):
        assert PAGES.text(language, f"appeal_{state}.{part}") in shown
    rows("update event set evidence = null, facts = null, salt = null where case_id = %s", appeal.case_id)
    assert PAGES.text(language, "appeal_notified.title") in page(client, language, appeal)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_findings_on_an_appeal_name_what_they_are_about(client: Client, language: str) -> None:
    contested = [{"path": "bills.telecom", "should_be": "12.00"}, {"path": "bills.gas", "should_be": "1.00"}]
    appeal = an_appeal(registered(), "index", contested=contested)
    work_off()
    acts(appeal, "salma", "assign")
    acts(appeal, "salma", "propose", findings(bills__telecom=True, bills__gas=False))
    acts(appeal, "yassine", "agree")
    work_off()
    shown = why(client, language, appeal)
    for field, reason in (("bills.telecom", "document_shows_it"), ("bills.gas", "nothing_shows_it")):
        what, said = PAGES.text(language, f"field.{field}"), PAGES.text(language, f"reason.{reason}")
        assert f">{PAGES.text(language, '{what}:').format(what=what)} {said}</li>" in shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_correction_that_moves_no_index_says_that_it_has_not_changed(client: Client, language: str) -> None:
    contested = [{"path": "commune", "should_be": "Agdal"}]
    appeal = an_appeal(registered(), "index", contested=contested)
    work_off()
    acts(appeal, "salma", "assign")
    acts(appeal, "salma", "propose", findings(commune=True))
    work_off()
    shown = why(client, language, appeal)
    assert PAGES.text(language, "appeal_upheld.title") in shown
    assert PAGES.text(language, "Your index has not changed: it is {after}.").split("{")[0] in shown
    was = "Your index was {before}; corrected, it is {after} from {day} on."
    assert PAGES.text(language, was).split("{")[0] not in shown


def test_a_decision_with_several_outcomes_is_listed_with_all_of_them() -> None:
    assert outcomes_of(find.decide) == ["DecisionProposed", "AppealUpheld", "AppealSetAside"]
    assert outcomes_of(agree.decide) == ["AppealUpheld", "AppealRejected", "ProposalReturned"]
