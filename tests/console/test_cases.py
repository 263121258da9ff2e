"""The page of a case, and what is decided on it, as a caseworker's browser sends it."""

import html
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from models.database import transaction
from tests.appealing import TELECOM, an_appeal, findings
from tests.changing import change_of, declare
from tests.factories import an_idcs
from tests.filing import a_household, current_stage, facts_of, rows, value
from tests.letters import letter_of
from tests.people import citizen, heard
from tests.portal.conftest import Client
from tests.portal.standing import end_week, left_until_overdue, registered, to_correct, under_review, work_off
from tests.staffing import Person, a_person, sign_in, token_in
from tests.terms import days_of
from web.console.language import text
from web.language import PAGES, day
from workflows.intake.receipts import secret_for
from workflows.intake.submit import Accepted
from workflows.staff.roles import COUNTRY, Territory

ENGLISH = {"accept-language": "en"}


@pytest.fixture
def amina(client: Client) -> Person:
    """A caseworker of the whole country, who is signed in."""
    person = a_person("Amina", "caseworker")
    client.headers.update(ENGLISH)
    sign_in(client, person)
    return person


def page_of(client: Client, case: Accepted) -> str:
    """The page of a case."""
    answer = client.get(f"/console/cases/{case.reference}")
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def version_in(page: str) -> str:
    """The version that the forms of a page carry."""
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found
    return found[1]


def as_another(client: Client, name: str, *roles: str, within: Territory = COUNTRY) -> Person:
    """Signs somebody else in, in the same browser."""
    person = a_person(name, *roles, within=within)
    client.cookies.clear()
    sign_in(client, person)
    return person


def send(client: Client, case: Accepted, what: str, **fields: str) -> tuple[int, str]:
    """Sends a form of a case's page, as it stands now; the status and the page that follows."""
    page = page_of(client, case)
    form = {"token": token_in(page), "version": version_in(page), **fields}
    answer = client.post(f"/console/cases/{case.reference}/{what}", data=form)
    return answer.status_code, html.unescape(answer.text)


def answers_in(page: str) -> set[str]:
    """The answers to a review that a page offers."""
    return set(re.findall(r'name="answer" id="[^"]*" value="([^"]+)"', page))


def test_no_answer_is_offered_by_which_a_review_would_come_back(
    client: Client, reviewed: tuple[Accepted, Accepted], amina: Person
) -> None:
    case = reviewed[1]
    offered = answers_in(page_of(client, case))
    assert {verdict.partition(":")[0] for verdict in offered} == {"correct", "refuse"}
    send(client, case, "review", answer="refuse:duplicate_application", confirmed="yes")
    page = page_of(client, case)
    assert "Until then there is nothing to decide" in page
    assert answers_in(page) == set()
    assert "/review" not in page


def test_the_values_are_shown_to_whoever_named_none_for_a_reason_that_needs_some(
    client: Client, reviewed: tuple[Accepted, Accepted], amina: Person
) -> None:
    case = reviewed[1]
    shown = r"<details open>\s*<summary>Which values is it about"
    assert not re.search(shown, page_of(client, case))
    status, page = send(client, case, "review", answer="correct:value_in_doubt")
    assert (status, bool(re.search(shown, page))) == (422, True)


def phone_declared(client: Client, household: Accepted, **fields: str) -> tuple[int, str]:
    """Sends the form that declares another number; the status and the page that follows."""
    form = {"token": token_in(page_of(client, household)), **fields}
    answer = client.post(f"/console/cases/{household.reference}/phone", data=form)
    return answer.status_code, html.unescape(answer.text)


def test_an_officer_declares_another_phone_for_who_lost_theirs(client: Client, amina: Person) -> None:
    household = registered()
    old = value("select phone from case_body")
    status, page = phone_declared(client, household, phone="06 61 00-00-01")
    assert (status, value("select count(*) from cases where kind = 'update'")) == (422, 0)
    assert "Look at the identity document of who declares the household first." in page
    assert 'value="06 61 00-00-01"' in page
    assert phone_declared(client, household, phone="12", seen="yes")[0] == 422
    status, page = phone_declared(client, household, phone="06 61 00-00-01", seen="yes")
    work_off()
    ((update, stage, reference),) = rows(
        "select c.id, c.stage, r.reference from cases c join receipt r on r.case_id = c.id where c.kind = 'update'"
    )
    assert (status, stage) == (200, "changing_phone")
    assert reference in page, "the page of the change follows"
    told = {each for (each,) in rows("select recipient from message where case_id = %s", update)}
    assert told == {old, "+212661000001"}
    acts = rows("select act from audit_entry where act = 'declare_change'")
    assert len(acts) == 1


WAITS = "Another number waits already: declared on {day}, it becomes the household's on {until} if nobody objects."
CHECKED_FIRST = (
    "Another number waits already: declared on {day}. Once it is checked, the known one may object for {days} days."
)


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_a_number_that_waits_is_told_with_both_days_and_no_other_one_is_taken(
    client: Client, amina: Person, language: str
) -> None:
    client.headers["accept-language"] = language
    household = registered()
    form = {"token": token_in(page_of(client, household)), "phone": "0661000001", "seen": "yes"}
    address = f"/console/cases/{household.reference}/phone"
    change = str(client.post(address, data=form).url.path)
    declared_at = value("select submitted_at from cases where kind = 'update'")
    said = text(language, CHECKED_FIRST).format(day=day(language, declared_at), days=days_of("new_phone"))
    assert said in page_of(client, household), "no worker has looked at it yet"
    work_off()
    until = value("select deadline from cases where kind = 'update'")
    page = page_of(client, household)
    assert text(language, WAITS).format(day=day(language, declared_at), until=day(language, until)) in page
    assert (f'href="{change}"' in page, f'action="{address}"' in page) == (True, False)
    assert str(client.post(address, data=form).url.path) == change, "the same number is the same change"
    other = client.post(address, data=form | {"phone": "0661000002"})
    assert (other.status_code, text(language, "refused.another_phone_waits") in html.unescape(other.text)) == (
        409,
        True,
    )
    assert value("select count(*) from cases where kind = 'update'") == 1


def test_another_number_is_taken_once_the_one_that_waited_is_taken_back(client: Client, amina: Person) -> None:
    household = registered()
    phone_declared(client, household, phone="0661000001", seen="yes")
    work_off()
    reference, case_id = rows(
        "select r.reference, c.id from cases c join receipt r on r.case_id = c.id where c.kind = 'update'"
    )[0]
    citizen(Accepted(reference, "", case_id), "withdrawal", secret=secret_for(reference))
    assert phone_declared(client, household, phone="0661000002", seen="yes")[0] == 200
    assert value("select count(*) from cases where kind = 'update' and open") == 1


def test_an_auditor_declares_no_phone(client: Client, amina: Person) -> None:
    household = registered()
    assert "/phone" in page_of(client, household)
    as_another(client, "Omar", "auditor")
    assert "/phone" not in page_of(client, household)
    assert phone_declared(client, household, phone="0661000001", seen="yes")[0] == 403


def test_a_review_shows_both_households_and_why(client: Client, amina: Person) -> None:
    case = under_review()
    page = page_of(client, case)
    assert "Another household declares one of these persons" in page
    assert "The person may have moved" in page
    assert page.count("in both") >= 2
    assert "In the register" in page
    assert rows("select act, case_ids[1] from audit_entry where act = 'read_case'")[0][0] == "read_case"


def test_the_language_of_a_household_is_called_as_the_reader_calls_it(client: Client, amina: Person) -> None:
    page = page_of(client, to_correct())
    contact = page.partition("<dt>Contact</dt>")[2].partition("</dd>")[0]
    assert contact.rpartition(" · ")[2] in ("Arabic", "French")


def test_a_decision_is_tried_out_first_and_records_nothing(client: Client, amina: Person) -> None:
    case = under_review()
    status, shown = send(client, case, "review", answer="refuse:duplicate_application")
    assert status == 200
    assert "What the household is told" in shown
    assert "RSU: " in shown or case.reference in shown
    assert current_stage(case) == "under_review"
    status, shown = send(client, case, "review", answer="refuse:duplicate_application", confirmed="yes")
    assert current_stage(case) == "hearing"
    assert "A refusal was proposed" in shown
    assert "Next case" in shown


def test_what_would_be_said_has_an_address_until_it_is_recorded(client: Client, amina: Person) -> None:
    case, other = under_review(20), under_review(30)
    here = f"/console/cases/{case.reference}/review"
    assert client.get(here).url.path == f"/console/cases/{case.reference}"
    answer = {"answer": "correct:person_lives_elsewhere", "note": "As they said."}
    send(client, case, "review", **answer)
    send(client, other, "review", answer="clear:moved")
    for _ in range(2):
        again = client.get(here)
        assert (again.status_code, again.url.path) == (200, here)
        assert "As they said." in again.text
    send(client, case, "review", **answer, confirmed="yes")
    assert client.get(here).url.path == f"/console/cases/{case.reference}"
    assert rows("select address from kept_form") == [(f"/console/cases/{other.reference}/review",)]
    as_another(client, "Brahim", "caseworker")
    assert client.get(f"/console/cases/{other.reference}/review").url.path == f"/console/cases/{other.reference}"


def test_a_decision_that_cannot_be_is_refused_at_its_address_with_what_was_typed(client: Client, amina: Person) -> None:
    case = under_review()
    _, page = send(client, case, "review", answer="refuse:duplicate_application", note="As they said.", version="1")
    assert "This happened since you opened the case" in page
    again = client.get(f"/console/cases/{case.reference}/review")
    assert again.status_code == 409
    assert "As they said." in again.text


def test_what_is_shown_before_is_what_is_sent(client: Client, amina: Person) -> None:
    case = under_review()
    _, shown = send(client, case, "review", answer="correct:person_lives_elsewhere")
    send(client, case, "review", answer="correct:person_lives_elsewhere", confirmed="yes")
    ((body,),) = rows("select body from message where template = 'correction_asked'")
    assert body in shown


def test_before_all_is_upheld_the_message_is_shown_that_comes_once_the_entry_is_corrected(
    client: Client, amina: Person
) -> None:
    appeal = an_appeal(registered(), "index", **TELECOM)
    work_off()
    send(client, appeal, "desk/take")
    finding = {"finding:bills.telecom": "uphold:document_shows_it"}
    _, shown = send(client, appeal, "appeal/propose_decision", role="caseworker", **finding)
    assert current_stage(appeal) == "under_examination"
    assert "Sent as soon as the entry is corrected" in shown
    send(client, appeal, "appeal/propose_decision", role="caseworker", **finding, confirmed="yes")
    work_off()
    ((body,),) = rows("select body from message where template = 'appeal_corrected'")
    assert body in shown
    assert PAGES.text("ar", "appeal_effective.title") in shown
    index = value("select score_corrected from score_correction")
    assert f"{index:.2f}" in shown.split("Index of the corrected entry:")[1]


def test_of_a_household_that_has_left_no_corrected_entry_is_foretold(client: Client, amina: Person) -> None:
    receipt = registered()
    appeal = an_appeal(receipt, "index", **TELECOM)
    work_off()
    removal = declare(receipt, change_of(a_household(0, members=3).body, "removal", "request"))
    work_off()
    end_week(removal)
    send(client, appeal, "desk/take")
    finding = {"finding:bills.telecom": "uphold:document_shows_it"}
    _, shown = send(client, appeal, "appeal/propose_decision", role="caseworker", **finding)
    assert "Index of the corrected entry" not in shown
    assert PAGES.text("ar", "appeal_without_entry.title") in shown
    send(client, appeal, "appeal/propose_decision", role="caseworker", **finding, confirmed="yes")
    work_off()
    ((body,),) = rows("select body from message where template = 'appeal_without_entry'")
    assert body in shown


def test_the_first_does_not_confirm_their_own_refusal(client: Client, amina: Person) -> None:
    case = under_review()
    send(client, case, "review", answer="refuse:duplicate_application", confirmed="yes")
    heard(case)
    status, shown = send(client, case, "review", answer="refuse:duplicate_application", confirmed="yes")
    assert (status, current_stage(case)) == (422, "under_review")
    assert "A second person must decide" in shown
    as_another(client, "Brahim", "caseworker")
    assert "Agree to refuse" in page_of(client, case)
    status, shown = send(client, case, "review", answer="refuse:duplicate_application", confirmed="yes")
    assert (status, current_stage(case)) == (200, "rejected")
    assert [
        act
        for (act,) in rows("select act from audit_entry where act in ('decide_review', 'agree_to_refuse') order by id")
    ] == [
        "decide_review",
        "agree_to_refuse",
    ]


def test_without_a_reason_nothing_is_decided_and_what_was_written_stays(client: Client, amina: Person) -> None:
    case = under_review()
    status, shown = send(client, case, "review", note="I looked at the lease.")
    assert (status, current_stage(case)) == (422, "under_review")
    assert "Choose a decision and its reason." in shown
    assert "I looked at the lease." in shown


def test_a_form_that_does_not_say_on_which_version_it_decides_decides_nothing(client: Client, amina: Person) -> None:
    case = under_review()
    status, shown = send(client, case, "review", answer="clear:nothing_found", confirmed="yes", version="")
    assert (status, current_stage(case)) == (422, "under_review")
    assert "does not say which version" in shown


def test_whoever_decides_on_an_older_version_sees_what_happened(client: Client, amina: Person) -> None:
    case = under_review()
    page = page_of(client, case)
    form = {"token": token_in(page), "version": version_in(page), "answer": "clear:moved", "confirmed": "yes"}
    send(client, case, "review", answer="correct:person_lives_elsewhere", confirmed="yes")
    answer = client.post(f"/console/cases/{case.reference}/review", data=form)
    assert answer.status_code == 409
    assert "This happened since you opened the case" in answer.text
    assert "A correction was asked for" in answer.text


def test_a_member_who_does_not_agree_stands_beside_what_the_register_says(client: Client, amina: Person) -> None:
    page = page_of(client, to_correct())
    assert "The birth date differs" in page
    assert "1971-02-03" in page


def test_a_case_of_another_office_is_neither_shown_nor_decided(client: Client, amina: Person) -> None:
    case = under_review()
    page = page_of(client, case)
    ((region,),) = rows("select region from cases where kind = 'registration' limit 1")
    as_another(client, "Omar", "caseworker", within=Territory(region % 12 + 1))
    shown = client.get(f"/console/cases/{case.reference}")
    assert shown.status_code == 403
    assert "belongs to another office" in shown.text
    token = token_in(client.get("/console").text)
    form = {"token": token, "version": version_in(page), "answer": "clear:moved", "confirmed": "yes"}
    assert client.post(f"/console/cases/{case.reference}/review", data=form).status_code == 403
    assert current_stage(case) == "under_review"


def test_who_tries_what_they_have_no_right_to_is_seen_by_the_auditor(client: Client, amina: Person) -> None:
    case = under_review()
    ((region,),) = rows("select region from cases where id = %s", case.case_id)
    far = as_another(client, "Brahim", "caseworker", within=Territory(region % 12 + 1))
    tried = "select account_id, case_ids, detail from audit_entry where act = 'act_refused' order by id"
    assert client.get(f"/console/cases/{case.reference}").status_code == 403
    assert client.get("/console/audit").status_code == 403
    token = token_in(client.get("/console").text)
    for what in ("review", "desk/take", "answer/withdrawal"):
        form = {"token": token, "confirmed": "yes", "answer": "clear:moved", "version": "1"}
        assert client.post(f"/console/cases/{case.reference}/{what}", data=form).status_code == 403
    mine, why = [case.case_id], {"why": "another_territory"}
    assert rows(tried) == [
        (far.account, mine, {"act": "read_case", **why}),
        (far.account, [], {"act": "read_audit", "why": "another_role"}),
        (far.account, mine, {"act": "decide_review", **why}),
        (far.account, mine, {"act": "read_case", **why}),
        (far.account, mine, {"act": "take_answer", **why}),
    ]


def test_an_appeal_is_taken_examined_and_upheld(client: Client, amina: Person) -> None:
    appeal = an_appeal(registered(), "index", **TELECOM)
    work_off()
    page = page_of(client, appeal)
    assert "telephone and internet bill" in page
    assert "49.50" in page
    send(client, appeal, "desk/take")
    assert current_stage(appeal) == "under_examination"
    asked, _ = send(client, appeal, "appeal/ask_information", role="caseworker", asked="bill")
    assert asked == 200
    assert current_stage(appeal) == "under_examination"
    finding = {"finding:bills.telecom": "uphold:document_shows_it"}
    send(client, appeal, "appeal/propose_decision", role="caseworker", **finding, confirmed="yes")
    work_off()
    assert current_stage(appeal) in ("effective", "notified")
    assert "Appeal upheld" in page_of(client, appeal)


def test_a_rejection_needs_a_second_account(client: Client, amina: Person) -> None:
    appeal = an_appeal(registered(), "index", **TELECOM)
    work_off()
    send(client, appeal, "desk/take")
    finding = {"finding:bills.telecom": "reject:nothing_shows_it"}
    send(client, appeal, "appeal/propose_decision", role="caseworker", **finding, confirmed="yes")
    assert current_stage(appeal) == "proposed"
    status, shown = send(client, appeal, "appeal/agree_to_decision", role="caseworker", confirmed="yes")
    assert (status, current_stage(appeal)) == (403, "proposed")
    as_another(client, "Brahim", "caseworker")
    status, shown = send(client, appeal, "appeal/agree_to_decision", role="caseworker", confirmed="yes")
    assert status == 200
    assert "Appeal rejected by two people" in shown
    assert len(findings(bills__telecom=False)) == 1


def test_a_rejected_appeal_says_that_it_was_rejected(client: Client, amina: Person) -> None:
    appeal = an_appeal(registered(), "index", **TELECOM)
    work_off()
    send(client, appeal, "desk/take")
    finding = {"finding:bills.telecom": "reject:nothing_shows_it"}
    send(client, appeal, "appeal/propose_decision", role="caseworker", **finding, confirmed="yes")
    as_another(client, "Brahim", "caseworker")
    _, shown = send(client, appeal, "appeal/agree_to_decision", role="caseworker", confirmed="yes")
    assert "Decided: Rejected<" in shown


def test_an_auditor_is_offered_nothing_to_do_on_an_appeal(client: Client, amina: Person) -> None:
    appeal = an_appeal(registered(), "index", **TELECOM)
    work_off()
    assert "appeal/add_text" in page_of(client, appeal)
    as_another(client, "Nadia", "auditor")
    assert f"/console/cases/{appeal.reference}/" not in page_of(client, appeal)


def test_a_population_officer_is_offered_to_take_what_they_may_hold_alone(client: Client, amina: Person) -> None:
    doubted, differing = under_review(), to_correct()
    take = 'action="/console/cases/{}/desk/take"'
    as_another(client, "Nadia", "population_officer")
    assert take.format(doubted.reference) not in page_of(client, doubted)
    as_another(client, "Salma", "supervisor")
    assert take.format(doubted.reference) in page_of(client, doubted)
    assert take.format(differing.reference) in page_of(client, differing)


def test_an_appeal_says_that_its_decision_was_replaced_since(client: Client, amina: Person) -> None:
    home = registered()
    first = an_appeal(home, "index", **TELECOM)
    work_off()
    assert "was replaced" not in page_of(client, first)
    send(client, first, "desk/take")
    finding = {"finding:bills.telecom": "uphold:document_shows_it"}
    send(client, first, "appeal/propose_decision", role="caseworker", **finding, confirmed="yes")
    work_off()
    second = an_appeal(home, "index", **TELECOM)
    work_off()
    assert "This decision was replaced by a later one before the appeal came." in page_of(client, second)


def test_what_happened_at_one_moment_stands_with_the_last_step_first(client: Client, amina: Person) -> None:
    page = page_of(client, under_review())
    steps = ("A caseworker must look at it", "Index computed", "The population register knows every member")
    places = [page.index(f"<strong>{each}</strong>") for each in steps]
    assert places == sorted(places)


def test_the_second_person_reads_beside_a_proposal_why_it_was_made(client: Client, amina: Person) -> None:
    appeal, review = an_appeal(registered(), "index", **TELECOM), under_review()
    work_off()
    send(client, appeal, "desk/take")
    finding = {"finding:bills.telecom": "reject:nothing_shows_it"}
    said = {"note": "The bill is another's.", "confirmed": "yes"}
    send(client, appeal, "appeal/propose_decision", role="caseworker", **finding, **said)
    send(client, review, "review", answer="refuse:duplicate_application", **said)
    heard(review)
    as_another(client, "Brahim", "caseworker")
    for case in (appeal, review):
        decided = page_of(client, case).partition('<ol class="timeline">')[0]
        assert "<blockquote><bdi>The bill is another's.</bdi></blockquote>" in decided


def test_whoever_has_proposed_or_handed_back_has_the_case_open_no_more(client: Client, amina: Person) -> None:
    proposed, given_back, case = (under_review(place) for place in (20, 30, 40))
    page_of(client, case)
    page_of(client, proposed)
    assert value("select count(*) from desk_lock") == 2
    send(client, proposed, "review", answer="refuse:duplicate_application", confirmed="yes")
    send(client, given_back, "desk/take")
    send(client, given_back, "desk/hand-back")
    assert rows("select case_id from desk_lock") == [(case.case_id,)]


def test_a_proposal_is_returned_with_a_reason(client: Client, amina: Person) -> None:
    appeal = an_appeal(registered(), "index", **TELECOM)
    work_off()
    send(client, appeal, "desk/take")
    finding = {"finding:bills.telecom": "reject:nothing_shows_it"}
    send(client, appeal, "appeal/propose_decision", role="caseworker", **finding, confirmed="yes")
    as_another(client, "Brahim", "caseworker")
    status, _ = send(client, appeal, "appeal/return_decision", role="caseworker", reason="more_to_ask")
    assert (status, current_stage(appeal)) == (200, "under_examination")


def test_in_the_commission_two_accounts_decide_on_the_page_of_the_case(client: Client, amina: Person) -> None:
    appeal = an_appeal(registered(), "index", **TELECOM)
    work_off()
    as_another(client, "Leila", "supervisor")
    send(client, appeal, "appeal/escalate", role="supervisor", confirmed="yes")
    as_another(client, "Hanae", "commission")
    finding = {"finding:bills.telecom": "uphold:document_shows_it"}
    assert "a second member of the commission must agree" in page_of(client, appeal)
    send(client, appeal, "appeal/propose_decision", role="commission", **finding, confirmed="yes")
    page = page_of(client, appeal)
    assert re.search(
        r"Proposed:</strong> <bdi>Hanae</bdi>.*Upheld, .*propose_decision", page, re.DOTALL | re.IGNORECASE
    )
    assert "appeal/agree_to_decision" not in page
    status, _ = send(client, appeal, "appeal/agree_to_decision", role="commission", confirmed="yes")
    assert (status, current_stage(appeal)) == (403, "with_commission")

    as_another(client, "Said", "commission")
    assert "appeal/return_decision" in page_of(client, appeal)
    status, shown = send(client, appeal, "appeal/agree_to_decision", role="commission")
    assert (status, current_stage(appeal)) == (200, "with_commission")
    assert "What the household is told" in shown
    send(client, appeal, "appeal/agree_to_decision", role="commission", confirmed="yes")
    work_off()
    assert current_stage(appeal) == "notified"
    assert "Appeal upheld" in page_of(client, appeal)


def test_a_role_that_one_does_not_have_helps_nobody(client: Client, amina: Person) -> None:
    appeal = an_appeal(registered(), "index", **TELECOM)
    work_off()
    status, _ = send(client, appeal, "appeal/escalate", role="supervisor", confirmed="yes")
    assert (status, current_stage(appeal)) == (403, "queued")


def test_no_page_says_an_identifier_in_its_address_or_title(client: Client, amina: Person) -> None:
    page = page_of(client, under_review())
    title = re.search(r"<title>(.*?)</title>", page, re.DOTALL)
    assert title
    assert not re.search(r"\d{10}", title[1])


def test_what_was_typed_when_a_session_ended_is_there_after_the_next_sign_in(client: Client, amina: Person) -> None:
    case = under_review()
    page = page_of(client, case)
    form = {"token": token_in(page), "version": version_in(page), "answer": "clear:moved", "note": "They have moved."}
    with transaction() as connection:
        connection.execute("update staff_session set ended_at = now()")
    address = f"/console/cases/{case.reference}"
    referer = {"referer": f"https://testserver.local{address}"}
    answer = client.post(f"{address}/review", data=form, headers=referer, follow_redirects=False)
    assert answer.status_code == 303
    where = parse_qs(urlsplit(answer.headers["location"]).query)["next"][0]
    assert where == f"{address}?kept=1"
    assert current_stage(case) == "under_review"
    assert "They have moved." in sign_in(client, amina, where)
    assert "They have moved." not in client.get(where).text  # once, and no more


def test_what_somebody_typed_is_shown_to_nobody_else(client: Client, amina: Person) -> None:
    case = under_review()
    page = page_of(client, case)
    form = {"token": token_in(page), "version": version_in(page), "answer": "clear:moved", "note": "They have moved."}
    with transaction() as connection:
        connection.execute("update staff_session set ended_at = now()")
    address = f"/console/cases/{case.reference}"
    client.post(f"{address}/review", data=form, headers={"referer": f"https://testserver.local{address}"})
    as_another(client, "Brahim", "caseworker")
    assert "They have moved." not in client.get(f"{address}?kept=1").text


def test_a_note_and_a_holder_are_seen_by_colleagues(client: Client, amina: Person) -> None:
    case = under_review()
    send(client, case, "desk/take")
    form = {"token": token_in(page_of(client, case)), "note": "The lease is at the office."}
    kept = client.post(f"/console/cases/{case.reference}/desk/note", data=form, follow_redirects=False)
    assert kept.headers["location"] == f"/console/cases/{case.reference}#happened"
    as_another(client, "Brahim", "caseworker")
    page = page_of(client, case)
    assert "The lease is at the office." in page.partition('id="happened"')[2]
    assert "Amina has this case open until" in page
    assert "Hand it back" not in page


def test_an_officer_corrects_a_member_at_the_desk_and_the_case_goes_on(client: Client, amina: Person) -> None:
    case = to_correct()
    page = page_of(client, case)
    found = re.search(r'name="(member:1:birth_date)" [^>]*value="1971-02-03"', page)
    assert found
    of_member = "select body -> 'members' -> 1 ->> 'idcs' from case_body where case_id = %s"
    ((right,),) = rows(f"select birth_date::text from person where idcs = ({of_member})", case.case_id)
    status, shown = send(client, case, "answer/correction", **{found[1]: right})
    assert (status, current_stage(case)) == (200, "needs_correction")
    assert "What the household is told" in shown
    send(client, case, "answer/correction", **{found[1]: right}, confirmed="yes")
    work_off()
    assert current_stage(case) == "notified"
    assert rows("select role from audit_entry where act = 'take_answer'") == [("caseworker",)]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("١٩٤٤", ("1944-01-01", "year")), ("1944-05", ("1944-05-01", "month")), ("1944-5-2", None)],
)
def test_a_birth_is_corrected_at_the_desk_as_far_as_it_is_known(
    client: Client, amina: Person, typed: str, kept: tuple[str, str] | None
) -> None:
    case = to_correct()
    born = "select body -> 'members' -> 1 ->> '{}' from case_body where case_id = %s order by number desc limit 1"
    status, _ = send(client, case, "answer/correction", confirmed="yes", **{"member:1:birth_date": typed})
    assert status == (200 if kept else 422)
    if kept:
        names = ("birth_date", "birth_precision")
        assert tuple(value(born.format(name), case.case_id) for name in names) == kept


def test_a_birth_of_which_the_year_is_known_stands_so_in_the_form_of_a_desk(client: Client, amina: Person) -> None:
    case = to_correct()
    send(client, case, "answer/correction", confirmed="yes", **{"member:1:birth_date": "1944"})
    work_off()
    assert current_stage(case) == "needs_correction"
    assert re.search(r'name="member:1:birth_date" [^>]*value="1944"', page_of(client, case))
    status, _ = send(client, case, "answer/correction", **{"member:1:birth_date": "1944", "member:1:idcs": an_idcs(12)})
    assert status == 200


def test_a_correction_that_corrects_nothing_or_cannot_be_is_refused_and_kept(client: Client, amina: Person) -> None:
    case = to_correct()
    status, shown = send(client, case, "answer/correction", **{"member:1:birth_date": "1971-02-03"})
    assert (status, "Nothing was corrected" in shown) == (422, True)
    status, shown = send(client, case, "answer/correction", **{"member:1:birth_date": "31/12/1990"})
    assert (status, current_stage(case)) == (422, "needs_correction")
    assert 'value="31/12/1990"' in shown
    status, shown = send(client, case, "answer/correction", **{"member:1:idcs": an_idcs(12)[::-1]})
    assert (status, PAGES.text("en", "wrong.idcs_check_digit") in shown) == (422, True)


def test_a_household_asks_for_the_commission_at_the_desk(client: Client, amina: Person) -> None:
    appeal = an_appeal(registered(), "index", **TELECOM)
    work_off()
    assert "answer/escalation" not in page_of(client, appeal)
    left_until_overdue(appeal)
    page = page_of(client, appeal)
    assert "Before it asks for the commission, tell the household" in page
    assert "answer/escalation" in page
    status, shown = send(client, appeal, "answer/escalation")
    assert (status, current_stage(appeal)) == (200, "with_supervisor")
    assert "What the household is told" in shown
    send(client, appeal, "answer/escalation", confirmed="yes")
    assert current_stage(appeal) == "with_commission"
    assert facts_of(appeal, "AppealEscalated")["sent_by"] == "household"
    assert rows("select act, role from audit_entry where act = 'take_answer'") == [("take_answer", "caseworker")]


def test_a_household_withdraws_at_the_desk(client: Client, amina: Person) -> None:
    case = to_correct()
    send(client, case, "answer/withdrawal", confirmed="yes")
    assert current_stage(case) == "withdrawn"


def test_whoever_goes_back_from_what_the_household_is_told_finds_what_was_typed(client: Client, amina: Person) -> None:
    case = under_review()
    chosen = {"answer": "refuse:duplicate_application", "note": "I looked at the lease."}
    _, shown = send(client, case, "review", **chosen)
    assert "The application is a double" in shown
    assert "I looked at the lease." in shown
    status, again = send(client, case, "review", **chosen, back="yes")
    assert (status, current_stage(case)) == (200, "under_review")
    assert "I looked at the lease.</textarea>" in again
    assert re.search(r'value="refuse:duplicate_application" required checked', again)


def test_nobody_is_handed_over_whom_the_other_household_keeps(client: Client, amina: Person) -> None:
    case = under_review()
    assert "has not declared that they leave" in page_of(client, case)
    status, shown = send(client, case, "review", answer="clear:handed_over", confirmed="yes")
    assert (status, current_stage(case)) == (422, "under_review")
    assert "Ask for a correction" in shown


def test_before_a_rejection_the_page_is_shown_that_the_household_will_read(client: Client, amina: Person) -> None:
    appeal = an_appeal(registered(), "index", **TELECOM)
    work_off()
    send(client, appeal, "desk/take")
    finding = {"finding:bills.telecom": "reject:nothing_shows_it"}
    _, shown = send(client, appeal, "appeal/propose_decision", role="caseworker", **finding)
    assert "rejected, Nothing shows it" in shown
    send(client, appeal, "appeal/propose_decision", role="caseworker", **finding, confirmed="yes")
    as_another(client, "Brahim", "caseworker")
    _, shown = send(client, appeal, "appeal/agree_to_decision", role="caseworker")
    assert "لم يتم قبول تظلمكم" in shown
    assert "الهاتف والإنترنت (درهم): " in shown
    _, after = send(client, appeal, "appeal/agree_to_decision", role="caseworker", confirmed="yes")
    work_off()
    assert "Decided: Rejected" in page_of(client, appeal)
    assert re.search(r'<button class="main" data-key="n"', after)


def test_amounts_and_marks_are_those_of_the_readers_language(client: Client, amina: Person) -> None:
    appeal = an_appeal(registered(), "index", **TELECOM)
    work_off()
    french = html.unescape(client.get(f"/console/cases/{appeal.reference}", headers={"accept-language": "fr"}).text)
    assert "49,50" in french
    assert re.search(r"Le ménage dit \([^)]*\)\u00a0:", french) or "Le ménage dit (" not in french
    assert not re.search(r"</strong>: |[^\u00a0\s]: [A-ZÉ]", re.sub(r"<style.*?</style>|<[^>]*>", "", french))


def test_the_timeline_of_a_change_says_what_it_changed_and_who_left(client: Client, amina: Person) -> None:
    taken = registered()
    body = a_household(0, members=3).body
    gone = next(each for each in body["members"] if not each.get("declarant") and each["relationship"] != "head")
    stay = [each for each in body["members"] if each is not gone]
    change = declare(taken, change_of(body | {"bills": body["bills"] | {"gas": "250"}}, "bills"))
    work_off()
    timeline = page_of(client, change).partition('<ol class="timeline">')[2]
    assert re.search(r"gas bill[^<]*: <bdi>54.6</bdi> <span class=\"flip\">→</span> <bdi>250</bdi>", timeline)
    left = declare(
        taken,
        change_of(
            body | {"bills": body["bills"] | {"gas": "250"}, "members": stay}, "member_left", "death", based_on=2
        ),
    )
    work_off()
    timeline = page_of(client, left).partition('<ol class="timeline">')[2]
    assert re.search(re.escape(text("en", "changed.leaves")) + r": <bdi>[^<]*" + gone["birth_date"], timeline)


def test_the_timeline_says_what_did_not_arrive_what_repeated_it_and_what_the_post_proves(
    client: Client, amina: Person, tmp_path: Path
) -> None:
    case = registered()
    letter_of(case, tmp_path)
    page = page_of(client, case)
    said = ["No delivery is proved: the message was made once more", "Letter: Given to the printer"]
    said += ["It did not reach the phone", "Handed over, the post proves it"]
    assert [each for each in said if each not in page] == []
    assert page.count(said[0]) == page.count(said[2]) == 2
