"""A household corrects on the portal what it declared in a change: where it differs, once, and beside other changes."""

import re
from collections.abc import Callable
from html import unescape

import httpx
import pytest

from notifications.catalogues import LANGUAGES
from tests.changing import change_of, declare, nothing_wrong, without
from tests.filing import Body, a_household, changed, current_stage, rows, value
from tests.people import caseworker, citizen
from tests.portal.applying import Applying, born, mark_in
from tests.portal.conftest import Client
from tests.portal.standing import (
    MORE,
    change_conflicting,
    change_proposed,
    departure,
    joining,
    leaving,
    proposed,
    registered,
    value_asked,
    work_off,
)
from tests.portal.visiting import open_file
from tests.terms import days_of
from web.language import PAGES
from workflows.intake.submit import Accepted

NEW = "+212661000001"
LAST = "select body -> 'declaration' from case_body where case_id = %s order by number desc limit 1"
CORRECTIONS = "select count(*) from event where kind = 'CorrectionReceived'"
Stands = Callable[[], Accepted]
both = pytest.mark.parametrize("language", LANGUAGES)


def mine() -> Body:
    return a_household(0, members=3).body


def moved_with_a_wrong_birth(receipt: Accepted | None = None, kind: str = "moved") -> Accepted:
    """A household moves, and says another day of birth of its second member than the population register."""
    body = changed(mine(), 1, birth_date="1950-01-02") | ({"commune": "Taza"} if kind == "moved" else {})
    update = declare(receipt or registered(), change_of(body, kind))
    work_off()
    assert current_stage(update) == "needs_correction"
    return update


def corrects(client: Client, update: Accepted, language: str = "fr") -> tuple[Applying, httpx.Response]:
    """Opens the file and presses the button: who corrects, and the page that follows."""
    page = open_file(client, update, language)
    opened = client.post(f"/{language}/status/{update.reference}/correct", data=mark_in(page))
    who = Applying.__new__(Applying)
    who.client, who.language, who.reference, who.secret = client, language, update.reference, update.secret
    return who, opened


def right_birth() -> dict[str, str]:
    second = mine()["members"][1]
    year, month, day = map(int, str(second["birth_date"]).split("-"))
    return {"sex": second["sex"], **born(day, month, year)}


@both
def test_a_change_is_corrected_at_the_field_that_differs_and_sent_once(client: Client, language: str) -> None:
    update = moved_with_a_wrong_birth()
    assert PAGES.text(language, "Correct it here") in open_file(client, update, language)

    who, opened = corrects(client, update, language)

    assert str(opened.url.path) == f"{who.here}/members/2/birth"
    assert PAGES.text(language, "reason.birth_date_differs") in unescape(opened.text)
    assert 'value="1950"' in opened.text
    assert who.answer("members/2/birth?back=check", **right_birth()) == "check"
    shown = who.page("check")
    assert PAGES.text(language, "change.moved") in shown
    assert "Taza" in shown
    assert PAGES.text(language, "field.bills.gas") not in shown
    assert shown.count("Taza") == 1
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown))
    for _ in range(2):
        after = client.post(f"{who.here}/check", data=hidden)
    assert str(after.url.path) == f"/{language}/status/{update.reference}"
    work_off()
    assert (current_stage(update), value(CORRECTIONS)) == ("notified", 1)
    assert value("select count(*) from application_draft") == 0
    assert value("select max(version) from household_version") == 2
    assert rows(LAST, update.case_id)[0][0]["commune"] == "Taza"
    assert nothing_wrong()


def test_who_left_by_a_change_is_named_and_nobody_else_is_taken_for_another(client: Client) -> None:
    receipt, body = registered(), mine()
    gone = changed(without(body, 1), 1, birth_date="1950-01-02")
    update = declare(receipt, change_of(gone, "member_left", "departure"))
    work_off()
    who, opened = corrects(client, update)
    assert str(opened.url.path) == f"{who.here}/members/2/birth"
    left, stays = body["members"][1], body["members"][2]
    year, month, day = map(int, str(stays["birth_date"]).split("-"))
    assert who.answer("members/2/birth?back=check", sex=stays["sex"], **born(day, month, year)) == "check"
    shown = who.page("check")
    gone_said = shown.partition(PAGES.text("fr", "No longer in the household:"))[2].partition("</p>")[0]
    assert (left.get("given_name_ar") or left["given_name_la"]) in gone_said
    assert 'class="answers"' not in shown  # of who stays nothing is new
    assert who.send("check")[0] == 200
    work_off()
    assert current_stage(update) == "notified"


def test_what_no_page_asks_is_something_new_as_well(client: Client) -> None:
    receipt, body = registered(), mine()
    update = declare(receipt, change_of(changed(body, 1, birth_date="1950-01-02", disability="severe"), "belongings"))
    work_off()
    who, _ = corrects(client, update)
    assert who.answer("members/2/birth?back=check", **right_birth()) == "check"
    assert who.send("check")[0] == 200
    work_off()
    assert rows(LAST, update.case_id)[0][0]["members"][1]["disability"] == "severe"


def test_a_change_that_is_declared_at_a_desk_alone_is_corrected_here_too(client: Client) -> None:
    update = moved_with_a_wrong_birth(kind="head")
    who, _ = corrects(client, update)
    assert who.answer("members/2/birth?back=check", **right_birth()) == "check"
    assert PAGES.text("fr", "Is that right? Then withdraw this change.") in who.page("check")
    assert who.answer("commune?back=check", commune="Taza") == "check"
    assert who.send("check")[0] == 200
    work_off()
    assert current_stage(update) == "notified"


def test_a_confirmation_is_corrected_with_all_of_the_declaration(client: Client) -> None:
    update = moved_with_a_wrong_birth(kind="confirmation")
    who, opened = corrects(client, update)
    assert str(opened.url.path).endswith("/members/2/birth")
    assert who.answer("members/2/birth?back=check", **right_birth()) == "check"
    shown = who.page("check")
    assert PAGES.text("fr", "field.bills.gas") in shown
    assert PAGES.text("fr", "Declare a change") not in shown
    assert who.send("check")[0] == 200
    work_off()
    assert current_stage(update) == "notified"


def test_a_value_that_a_caseworker_asks_for_is_where_the_correction_opens(client: Client) -> None:
    update = joining()
    caseworker(update, "correct", "value_in_doubt", "caseworker-1", about=["bills.telecom"])
    who, opened = corrects(client, update)
    assert str(opened.url.path) == f"{who.here}/telecom"
    assert PAGES.text("fr", "reason.value_in_doubt") in unescape(opened.text)
    assert who.answer("telecom?back=check", bills__telecom="12") == "check"
    assert who.send("check")[0] == 200
    assert rows(LAST, update.case_id)[0][0]["bills"]["telecom"] == "12"


@pytest.mark.parametrize("stands", [proposed, change_proposed])
def test_in_a_hearing_what_was_declared_may_be_corrected_too(client: Client, stands: Stands) -> None:
    taken = stands()
    assert PAGES.text("fr", "act.say") in open_file(client, taken, "fr")
    who, opened = corrects(client, taken)
    assert str(opened.url.path) == f"{who.here}/telecom"
    assert PAGES.text("fr", "doubt.false_declaration") in unescape(opened.text)
    assert who.answer("telecom?back=check", bills__telecom="12") == "check"
    assert who.send("check")[0] == 200
    assert (value(CORRECTIONS), current_stage(taken)) == (1, "submitted")


# A conflict ----------------------------------------------------------------------------------------


def in_conflict() -> Accepted:
    """A change of the gas and of an occupation, after another that says something else and that they moved."""
    receipt, body = registered(), mine()
    declare(receipt, change_of(changed(body | {"bills": MORE, "commune": "Taza"}, 0, occupation="trader"), "moved"))
    update = declare(
        receipt, change_of(changed(body | {"bills": MORE | {"gas": "10"}}, 0, occupation="farmer"), "bills")
    )
    work_off()
    assert current_stage(update) == "conflicting"
    return update


@both
def test_of_two_changes_the_household_says_that_the_later_is_right(client: Client, language: str) -> None:
    update = in_conflict()
    page = open_file(client, update, language)
    for each in (
        "What is right?",
        "What this change says: go through it and send it",
        "What is in the register: withdraw this change",
    ):
        assert page.count(PAGES.text(language, each)) == 1
    assert PAGES.text(language, "take_back.update") not in page

    who, opened = corrects(client, update, language)

    assert str(opened.url.path) in (f"{who.here}/gas", f"{who.here}/members/1/work")
    assert PAGES.text(language, "reason.conflict") in unescape(opened.text)
    assert 'value="10"' in who.page("gas")
    assert PAGES.text(language, "In the register:") + " <bdi" in who.page("gas")
    trade = PAGES.text(language, "choice.occupation.trader")
    assert f"{PAGES.text(language, 'In the register:')} {trade}" in who.page("members/1/work")
    assert PAGES.text(language, "field.bills.gas") in who.page()
    shown = who.page("check")
    assert "Taza" not in shown  # what the other change says of anything else stays, and is nothing new
    assert who.send("check")[0] == 200
    work_off()
    assert current_stage(update) == "notified"
    said = rows(LAST, update.case_id)[0][0]
    assert (said["bills"]["gas"], said["commune"], said["members"][0]["occupation"]) == ("10", "Taza", "farmer")
    assert nothing_wrong()


def test_of_two_changes_the_household_says_that_the_register_is_right(client: Client) -> None:
    update = in_conflict()
    page = open_file(client, update, "fr")
    assert f'href="/fr/status/{update.reference}/withdraw"' in page
    page = client.get(f"/fr/status/{update.reference}/withdraw").text
    client.post(f"/fr/status/{update.reference}/withdraw", data=dict(re.findall(r'name="(\w+)" value="([^"]*)"', page)))
    assert current_stage(update) == "withdrawn"


def test_who_says_what_the_register_has_is_told_to_withdraw(client: Client) -> None:
    update = change_conflicting()
    who, _ = corrects(client, update)
    assert who.answer("gas?back=check", bills__gas="90") == "check"
    shown = who.page("check")
    assert PAGES.text("fr", "Is that right? Then withdraw this change.") in shown
    assert PAGES.text("fr", "What I say is true: send the correction") not in shown


# A phone -------------------------------------------------------------------------------------------


@both
def test_another_phone_in_a_correction_waits_and_needs_no_code(client: Client, language: str) -> None:
    update = moved_with_a_wrong_birth()
    who, _ = corrects(client, update, language)
    who.answer("members/2/birth?back=check", **right_birth())
    waits = PAGES.text(
        language, "For {days} days codes and messages still go to the number that we know. Both numbers are told."
    ).format(days=days_of("new_phone"))
    assert waits not in who.page("check")
    assert who.answer("contact?back=check", phone=NEW, language="ar") == "check"
    assert waits in who.page("check")
    assert str(client.get(f"{who.here}/code").url.path) == f"{who.here}/check"
    status, _, after = who.send("check")
    assert (status, after) == (200, f"{language}/status/{update.reference}")
    work_off()
    assert current_stage(update) == "changing_phone"
    body = rows("select body from case_body where case_id = %s order by number desc limit 1", update.case_id)[0][0]
    assert body.get("phone_shown", False) is False
    assert body["known_phone"] == mine()["phone"]


# Whose way leads to a centre ------------------------------------------------------------------------


def departure_asked() -> Accepted:
    """A departure about which a caseworker asks for a correction."""
    update = departure()
    caseworker(update, "correct", "person_lives_elsewhere", "caseworker-1")
    return update


def left_since() -> Accepted:
    """A conflict, and whoever declared the change is no member of the household any more."""
    update = in_conflict()
    rows("update person_claim set household_id = household_id + 1000 where idcs = %s", mine()["members"][0]["idcs"])
    return update


@pytest.mark.parametrize("stands", [departure_asked, left_since])
def test_a_departure_and_who_has_left_are_led_to_a_centre(client: Client, stands: Stands) -> None:
    update = stands()
    page = open_file(client, update, "fr")
    assert PAGES.text("fr", "This cannot be corrected on this page. Any service centre does it with you.") in page
    assert PAGES.text("fr", "Correct it here") not in page
    _, opened = corrects(client, update)
    assert str(opened.url.path) == f"/fr/status/{update.reference}"
    assert value("select count(*) from application_draft") == 0


@pytest.mark.parametrize("stands", [value_asked, leaving])
def test_what_the_agency_opened_and_the_end_of_a_household_are_not_corrected_here(
    client: Client, stands: Stands
) -> None:
    update = stands()
    assert PAGES.text("fr", "Correct it here") not in open_file(client, update, "fr")
    _, opened = corrects(client, update)
    assert str(opened.url.path) == f"/fr/status/{update.reference}"


def test_who_has_left_the_household_is_shown_no_value_of_it(client: Client) -> None:
    page = open_file(client, left_since(), "fr")
    assert PAGES.text("fr", "field.bills.gas") not in page
    assert not re.search(r">[^<]*\b90\b", page)


def test_who_leaves_the_household_while_they_correct_is_shown_nothing_more(client: Client) -> None:
    update = in_conflict()
    who, _ = corrects(client, update)
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', who.page("check")))
    rows("update person_claim set household_id = household_id + 1000 where idcs = %s", mine()["members"][0]["idcs"])
    for address in (f"{who.here}/check", f"{who.here}/gas"):
        assert str(client.get(address).url.path) == f"/fr/status/{update.reference}"
    assert str(client.post(f"{who.here}/check", data=hidden).url.path) == f"/fr/status/{update.reference}"
    assert value(CORRECTIONS) == 0


# Interruptions -------------------------------------------------------------------------------------


def test_a_change_that_moved_on_is_not_corrected_and_the_page_says_so(client: Client) -> None:
    update = moved_with_a_wrong_birth()
    who, _ = corrects(client, update)
    who.answer("members/2/birth?back=check", **right_birth())
    citizen(update, "withdrawal")
    status, said, _ = who.send("check")
    assert (status, value(CORRECTIONS)) == (422, 0)
    assert PAGES.text("fr", "cannot_apply.moved_on") in said


def test_what_was_typed_is_kept_when_the_visit_is_over(client: Client) -> None:
    update = moved_with_a_wrong_birth()
    who, opened = corrects(client, update)
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', opened.text))
    rows("update receipt_session set seen_at = seen_at - interval '2 hours', begun_at = begun_at - interval '2 hours'")
    typed = {f"should.{name.replace('__', '.')}": each for name, each in right_birth().items()}
    asked = client.post(f"{who.here}/members/2/birth", data=hidden | typed)
    assert asked.status_code == 403
    again = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', asked.text))
    back = client.post(f"{who.here}/open", data=again | {"secret": update.secret})
    assert str(back.url.path) == f"{who.here}/members/2/birth"
    assert 'value="1950"' not in back.text


def test_of_two_tabs_the_one_that_is_behind_sends_nothing(client: Client) -> None:
    update = in_conflict()
    who, _ = corrects(client, update)
    behind = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', who.page("check")))
    assert who.answer("gas?back=check", bills__gas="11") == "check"
    late = client.post(f"{who.here}/check", data=behind)
    assert (late.status_code, value(CORRECTIONS)) == (422, 0)
    assert PAGES.text("fr", "cannot_apply.changed_meanwhile") in unescape(late.text)
    assert who.send("check")[0] == 200
    assert str(client.get(f"{who.here}/gas").url.path) == f"/fr/status/{update.reference}"
    assert value(CORRECTIONS) == 1


@both
def test_nobody_joins_or_leaves_by_a_change_of_something_else(client: Client, language: str) -> None:
    update = moved_with_a_wrong_birth()
    who, _ = corrects(client, update, language)
    who.send("members/2/remove")
    status, said, _ = who.send("check")
    assert (status, value(CORRECTIONS)) == (422, 0)
    assert PAGES.text(language, "cannot_apply.other_members") in said


def remind(update: Accepted, days: int, event: str) -> None:
    """So many days pass, and a worker finds what that brings."""
    earlier = f"stage_since = stage_since - interval '{days} days', deadline = deadline - interval '{days} days'"
    rows(f"update cases set {earlier}, due_at = null, ready = true where id = %s", update.case_id)
    work_off()
    assert value("select count(*) from event where case_id = %s and kind = %s", update.case_id, event) == 1


def test_a_reminder_loses_nothing_of_a_correction_that_was_begun(client: Client) -> None:
    update = moved_with_a_wrong_birth()
    who, _ = corrects(client, update)
    who.answer("members/2/birth?back=check", **right_birth())
    remind(update, 20, "CorrectionReminded")
    assert 'value="1950"' not in corrects(client, update)[1].text
    assert who.send("check")[0] == 200
    work_off()
    assert current_stage(update) == "notified"


def test_a_conflict_that_was_kept_open_is_answered_on_what_was_shown(client: Client) -> None:
    receipt, body = registered(), mine()
    declare(receipt, change_of(changed(body, bills=MORE), "bills"))
    gone = without(body) | {"bills": MORE | {"gas": "10"}}
    update = declare(receipt, change_of(gone, "member_left", "departure"))
    work_off()
    assert current_stage(update) == "conflicting"
    leaver = body["members"][-1]["idcs"]
    rows("update person_claim set household_id = household_id + 1000 where idcs = %s", leaver)
    remind(update, 16, "ChangeKeptOpen")

    who, opened = corrects(client, update)

    assert str(opened.url.path) == f"{who.here}/members"
    assert PAGES.text("fr", "reason.conflict") in unescape(opened.text)
    assert who.send("check")[0] == 200
    work_off()
    assert current_stage(update) == "notified"
    assert rows(LAST, update.case_id)[0][0]["bills"]["gas"] == "10"
