"""A household corrects on the portal what it declared: at the field that differs, and once."""

import re
from html import unescape

import pytest

from models import clock
from notifications.catalogues import LANGUAGES
from tests.filing import a_household, current_stage, file, register, rows, value
from tests.people import citizen
from tests.portal.applying import Applying, born, mark_in, to_be_corrected
from tests.portal.conftest import Client
from tests.portal.standing import work_off
from tests.portal.visiting import open_file
from web.language import PAGES
from workflows.intake.submit import Accepted

both = pytest.mark.parametrize("language", LANGUAGES)


@both
def test_a_correction_opens_at_the_field_that_differs_and_is_sent_once(client: Client, language: str) -> None:
    who, page = to_be_corrected(client, language)
    right = a_household(0, members=3).body["members"][1]["birth_date"]
    assert PAGES.text(language, "Correct it here") in page

    opened = client.post(f"/{language}/status/{who.reference}/correct", data=mark_in(page))

    assert str(opened.url.path) == f"{who.here}/members/2/birth"
    assert PAGES.text(language, "reason.birth_date_differs") in unescape(opened.text)
    assert 'value="1950"' in opened.text
    assert PAGES.text(language, "reason.birth_date_differs") in who.page()
    year, month, day = map(int, right.split("-"))
    sex = a_household(0, members=3).body["members"][1]["sex"]
    assert who.answer("members/2/birth?back=check", sex=sex, **born(day, month, year)) == "check"
    shown = who.page("check")
    above = shown.partition('id="member-1"')[0].partition(PAGES.text(language, "What you corrected"))[2]
    assert above.count(PAGES.text(language, "changed:")) == 1, "what was corrected is read before all the rest"
    assert 'href="#send"' in above
    assert shown.count(PAGES.text(language, "changed:")) == 2
    assert shown.count('id="send"') == 1
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown))
    for _ in range(2):
        after = client.post(f"{who.here}/check", data=hidden)
    assert after.status_code in (200, 404)
    work_off()
    assert rows("select stage, version > 4 from cases") == [("notified", True)]
    assert value("select count(*) from event where kind = 'CorrectionReceived'") == 1
    assert value("select count(*) from application_draft") == 0


def test_a_correction_of_a_case_that_moved_on_changes_nothing_and_says_so(client: Client) -> None:
    who, page = to_be_corrected(client, "fr")
    client.post(f"/fr/status/{who.reference}/correct", data=mark_in(page))
    taken = Accepted(who.reference, who.secret, int(value("select case_id from receipt")))
    citizen(taken, "withdrawal")
    status, said, _ = who.send("check")
    assert status == 422
    assert PAGES.text("fr", "cannot_apply.moved_on") in said
    assert current_stage(taken) == "withdrawn"
    assert PAGES.text("fr", "Correct it here") not in unescape(client.get(f"/fr/status/{who.reference}").text)


def test_what_was_corrected_before_an_interruption_is_there_again(client: Client) -> None:
    who, page = to_be_corrected(client, "fr")
    client.post(f"/fr/status/{who.reference}/correct", data=mark_in(page))
    who.answer("commune?back=check", commune="Agdal")
    assert f"/fr/status/{who.reference}" == str(client.get(f"/fr/status/{who.reference}").url.path)
    client.post(f"/fr/status/{who.reference}/correct", data=mark_in(page))
    assert 'value="Agdal"' in who.page("commune")


def test_what_the_pages_do_not_ask_stays_as_it_was_declared(client: Client) -> None:
    made = a_household(0, members=3)
    members = [each | {"disability": "severe"} for each in made.body["members"]]
    members[1] |= {"birth_date": "1950-01-02"}
    register([made])
    (taken,) = file(made.body | {"members": members})
    work_off()
    page = open_file(client, taken, "fr")
    client.post(f"/fr/status/{taken.reference}/correct", data=mark_in(page))
    who = Applying.__new__(Applying)
    who.client, who.language, who.reference = client, "fr", taken.reference
    right = made.body["members"][1]
    year, month, day = map(int, right["birth_date"].split("-"))
    who.answer("members/2/birth", sex=right["sex"], **born(day, month, year))
    who.send("check")
    work_off()
    assert current_stage(taken) == "notified"
    (before,), (after,) = rows("select body from case_body order by number")
    before["members"][1]["birth_date"] = right["birth_date"]
    assert after == before
    assert all(each["disability"] == "severe" for each in after["members"])


def test_whose_day_of_birth_is_corrected_to_a_childs_is_not_said_to_work(client: Client) -> None:
    made = a_household(0, members=3)
    grown = {"birth_date": "1950-01-02", "occupation": "employee", "earns_income": True, "education": "higher"}
    members = [made.body["members"][0], made.body["members"][1] | grown, *made.body["members"][2:]]
    register([made])
    (taken,) = file(made.body | {"members": members})
    work_off()
    page = open_file(client, taken, "fr")
    client.post(f"/fr/status/{taken.reference}/correct", data=mark_in(page))
    who = Applying.__new__(Applying)
    who.client, who.language, who.reference = client, "fr", taken.reference
    who.answer("members/2/birth", sex=members[1]["sex"], **born(1, 1, clock.now().year - 5))
    who.answer("members/2/school", schooling="public")
    assert who.send("check")[0] == 200
    _, (after,) = rows("select body from case_body order by number")
    assert not {"occupation", "earns_income", "education"} & after["members"][1].keys()


def test_a_phone_that_a_code_showed_is_not_changed_by_who_has_the_secret_alone(client: Client) -> None:
    who, page = to_be_corrected(client, "fr")
    client.post(f"/fr/status/{who.reference}/correct", data=mark_in(page))
    assert who.answer("contact?back=check", phone="+212661000001", language="ar") == "check"
    assert value("select proved_at is not null from cases") is True
    status, said, _ = who.send("check")
    assert (status, value("select count(*) from event where kind = 'CorrectionReceived'")) == (422, 0)
    assert PAGES.text("fr", "cannot_apply.phone_shown") in said


def test_a_phone_that_nobody_showed_may_have_been_typed_wrong(client: Client) -> None:
    who, page = to_be_corrected(client, "fr")
    rows("update cases set proved_at = null")
    client.post(f"/fr/status/{who.reference}/correct", data=mark_in(page))
    assert who.answer("contact?back=check", phone="+212661000001", language="ar") == "check"
    assert who.send("check")[0] == 200
    assert value("select phone from case_body order by number desc limit 1") == "+212661000001"


@both
def test_whom_the_register_knows_as_dead_is_named_on_the_list_that_they_may_have_to_leave(
    client: Client, language: str
) -> None:
    who, page = to_be_corrected(client, language)
    second = rows("select body -> 'members' -> 1 ->> 'idcs' from case_body")[0][0]
    rows("update person set status = 'deceased', birth_date = '1950-01-02' where idcs = %s", second)
    rows("update event set facts = replace(facts::text, 'birth_date_differs', 'deceased')::json")

    opened = client.post(f"/{language}/status/{who.reference}/correct", data=mark_in(page))

    assert str(opened.url.path) == f"{who.here}/members"
    told = unescape(opened.text)
    assert PAGES.text(language, "reason.deceased") in told
    assert PAGES.text(language, "Take the person out, or correct who it is.") in told
    assert who.send("members/2/remove", do="remove")[0] == 200
    assert PAGES.text(language, "Take the person out, or correct who it is.") not in who.page("members")
    above = who.page("check").partition('id="member-1"')[0].partition(PAGES.text(language, "What you corrected"))[2]
    assert PAGES.text(language, "No longer in the household:") in above
