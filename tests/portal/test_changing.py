"""A registered household declares on the portal what has changed: asked of that alone, sent once."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from html import unescape

import pytest

from models import clock
from models.days import day_of
from notifications.catalogues import LANGUAGES
from tests.filing import a_household, register, rows, value
from tests.portal.applying import Applying, add_member, born, mark_in
from tests.portal.conftest import Client
from tests.portal.standing import departure, registered, rejected, work_off
from tests.portal.visiting import open_file
from web.language import PAGES, date_of
from workflows.intake.submit import Accepted

MADE = """
    select r.reference, b.body, c.stage, e.facts ->> 'channel' from cases c join receipt r on r.case_id = c.id
    join case_body b on b.case_id = c.id join event e on (e.case_id, e.seq) = (c.id, 1) where c.kind = 'update'
"""
both = pytest.mark.parametrize("language", LANGUAGES)


def begun(
    client: Client, what: str, language: str = "fr", taken: Accepted | None = None, day: Mapping[str, str] | None = None
) -> tuple[Applying, str]:
    """Somebody who says what changed of their registered household; and the page that follows. `taken`: their file is
    open already.
    """
    if taken is None:
        taken = registered()
        assert PAGES.text(language, "Declare a change") in open_file(client, taken, language)
    who = Applying.__new__(Applying)
    who.client, who.language, who.reference, who.secret = client, language, taken.reference, taken.secret
    address = f"/{language}/status/{taken.reference}/change"
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', client.get(address).text))
    today = day_of(clock.now())
    since = day or {"day": str(today.day), "month": str(today.month), "year": str(today.year)}
    said = {f"should.true_from.{part}": given for part, given in since.items()}
    answer = client.post(address, data=hidden | {"what": what} | said)
    return who, unescape(answer.text)


@both
def test_bills_that_changed_are_asked_alone_and_come_into_the_register_once(client: Client, language: str) -> None:
    who, page = begun(client, "bills", language)
    assert PAGES.text(language, "ask.water") in page
    assert who.answer("water", bills__water_electricity=["80"]) == "gas"
    assert who.answer("gas", bills__gas="12") == "telecom"
    assert who.answer("telecom", bills__telecom="99.90") == "check"
    shown = who.page("check")
    assert PAGES.text(language, "change.bills") in shown
    assert PAGES.text(language, "ask.milieu") not in shown
    assert PAGES.text(language, "field.commune") not in shown
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown))
    for _ in range(2):
        after = client.post(f"{who.here}/check", data=hidden)
    assert after.status_code == 200
    work_off()
    ((reference, body, stage, channel),) = rows(MADE)
    assert f'id="reference">{reference}<' in after.text
    assert (body["change"], body["declaration"]["bills"]["telecom"]) == ("bills", "99.90")
    assert (stage, channel) == ("notified", "page")
    assert value("select max(version) from household_version") == 2
    assert value("select count(*) from application_draft") == 0


def test_who_moved_to_another_region_is_asked_for_the_commune_anew(client: Client) -> None:
    who, _ = begun(client, "moved")
    region = int(value("select said -> 'household' ->> 'region' from application_draft"))
    who.answer("milieu", milieu="urban")
    assert who.answer("region", region=str(region % 12 + 1)) == "province"
    assert who.answer("province", province="") == "commune"
    assert re.findall(r'name="should.commune"[^>]*value="([^"]*)"', who.page("commune")) == [""]
    assert PAGES.text("fr", "What I say is true: send the change") not in who.page("check")
    assert who.answer("commune", commune="Laâyoune") == "dwelling"


def test_back_leads_through_what_is_asked_of_a_change(client: Client) -> None:
    who, _ = begun(client, "moved")
    back = re.compile(rf'<a href="{who.here}([^"]*)">{PAGES.text("fr", "Back")}</a>')
    assert [back.findall(who.page(each)) for each in ("milieu", "region", "dwelling", "rooms")] == [
        [""],
        ["/milieu"],
        ["/commune"],
        ["/dwelling"],
    ]


def test_a_child_that_was_born_joins_with_the_questions_of_a_member(client: Client) -> None:
    who, page = begun(client, "member_joined.birth")
    more = a_household(5, members=4)
    child = next(each for each in more.body["members"] if not each.get("declarant"))
    register([more])
    assert PAGES.text("fr", "Add a member") in page
    assert PAGES.text("fr", "Add who joined the household, then go on.") in page
    number = value("select (said ->> 'used')::int from application_draft") + 1
    add_member(who, number, child | {"relationship": "child"})
    shown = who.page("check")
    assert child["idcs"] in shown
    assert who.send("check")[2] == "receipt"
    work_off()
    declared = value(
        "select body -> 'declaration' -> 'members' from case_body where body ->> 'change' = 'member_joined'"
    )
    assert [each["idcs"] for each in declared].count(child["idcs"]) == 1


@both
def test_the_receipt_of_a_change_leads_to_the_change_without_its_secret(client: Client, language: str) -> None:
    who, _ = begun(client, "bills", language)
    who.answer("water", bills__water_electricity=["80"])
    rows("update receipt_session set begun_at = begun_at - interval '50 minutes'")
    status, page, after = who.send("check")
    assert (status, after) == (200, "receipt")
    assert (
        PAGES.text(
            language, "The change enters the register and you are told. Each programme then takes its own decision."
        )
        in page
    )

    followed = client.post(f"{who.here}/follow", data=mark_in(page))

    ((reference, *_),) = rows(MADE)
    assert str(followed.url.path) == f"/{language}/status/{reference}"
    assert 'name="secret"' not in followed.text
    assert PAGES.text(language, "event.UpdateReceived") in unescape(followed.text)
    assert value("select count(*) from receipt_session") == 1


def test_who_left_is_taken_out_and_named_before_it_is_sent(client: Client) -> None:
    who, page = begun(client, "member_left.departure")
    assert PAGES.text("fr", "Take out of this list who left the household or died, then go on.") in page
    assert PAGES.text("fr", "Nobody is missing: go on") not in page
    assert PAGES.text("fr", "Nothing is changed yet: the register says all of this already.") in who.page("check")
    numbers = sorted(int(each) for each in value("select said -> 'members' from application_draft"))
    declares = value("select (said ->> 'declarant')::int from application_draft")
    gone = next(number for number in reversed(numbers) if number != declares)
    who.send(f"members/{gone}/remove")
    shown = who.page("check")
    assert PAGES.text("fr", "No longer in the household:") in shown
    assert who.send("check")[2] == "receipt"
    assert value("select body ->> 'cause' from case_body where body ->> 'change' = 'member_left'") == "departure"


@pytest.mark.parametrize(
    ("what", "day", "code"),
    [
        ("head", {"day": "1", "month": "1", "year": "2026"}, "choose"),
        ("bills", {"day": "31", "month": "2", "year": "2026"}, "date"),
        ("bills", {"day": "", "month": "", "year": ""}, "empty"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_begins(client: Client, what: str, day: dict[str, str], code: str) -> None:
    _, page = begun(client, what, day=day)
    assert PAGES.text("fr", f"wrong.{code}") in page
    assert value("select count(*) from application_draft") == 0


@both
@pytest.mark.parametrize(("days", "code", "bound"), [(-400, "before_register", "first"), (400, "future", "today")])
def test_a_day_that_cannot_be_is_named_beside_the_bound_that_it_breaks_before_anything_is_asked(
    client: Client, language: str, days: int, code: str, bound: str
) -> None:
    today = day_of(clock.now())  # on which the household was registered
    wrong = today + timedelta(days=days)
    _, page = begun(client, "bills", language, day=typed_day(wrong))
    said = {"day": date_of(language, wrong.isoformat()), bound: date_of(language, today.isoformat())}
    assert page.count(PAGES.text(language, f"wrong.{code}").format(**said)) == 2  # in the summary, and at the field
    assert f'value="{wrong.year}"' in page
    assert value("select count(*) from application_draft") == 0


def test_who_has_left_a_household_is_not_told_since_when_it_is_registered(client: Client) -> None:
    left = departure()
    open_file(client, left, "fr")
    address = f"/fr/status/{left.reference}/change"
    hidden = mark_in(client.get(address).text)
    day = {f"should.true_from.{part}": given for part, given in typed_day(date(2020, 1, 1)).items()}
    answer = unescape(client.post(address, data=hidden | day | {"what": "bills"}).text)
    _, sentence, _ = (
        PAGES.text("fr", "wrong.before_register").split(". ")[1].partition("Votre ménage est inscrit depuis")
    )
    assert sentence
    assert sentence not in answer


def test_whoever_goes_back_after_a_wrong_day_is_not_asked_to_send_it_again(client: Client) -> None:
    taken = registered()
    open_file(client, taken, "fr")
    address = f"/fr/status/{taken.reference}/change"
    hidden, today = mark_in(client.get(address).text), day_of(clock.now())

    def said(day: date) -> dict[str, str]:
        return hidden | {"what": "bills"} | {f"should.true_from.{part}": each for part, each in typed_day(day).items()}

    refused = client.post(address, data=said(today + timedelta(days=400)), follow_redirects=False)
    assert (refused.status_code, refused.headers["location"]) == (303, f"{address}?wrong=1")
    for _ in range(2):
        assert client.get(f"{address}?wrong=1").status_code == 422
    client.post(address, data=said(today))
    assert client.get(f"{address}?wrong=1").status_code == 200


def typed_day(day: date) -> dict[str, str]:
    """A day as it is typed."""
    return {"day": str(day.day), "month": str(day.month), "year": str(day.year)}


def test_a_day_before_the_household_was_registered_is_refused_and_nothing_is_lost(client: Client) -> None:
    who, _ = begun(client, "bills")
    who.answer("water", bills__water_electricity=["80"])
    long_ago = (day_of(clock.now()) - timedelta(days=400)).isoformat()
    rows("update application_draft set said = said || jsonb_build_object('true_from', %s::text)", long_ago)
    status, page, _ = who.send("check")
    assert (status, value("select count(*) from cases where kind = 'update'")) == (422, 0)
    assert PAGES.text("fr", "cannot_apply.not_valid") in page
    assert value("select count(*) from application_draft") == 1


def test_where_nothing_is_registered_no_change_is_offered(client: Client) -> None:
    taken = rejected()
    page = open_file(client, taken, "fr")
    assert PAGES.text("fr", "Declare a change") not in page
    answer = client.get(f"/fr/status/{taken.reference}/change")
    assert 'name="what"' not in answer.text


def test_what_is_changed_on_another_page_is_shown_before_it_is_sent(client: Client) -> None:
    who, _ = begun(client, "bills")
    who.answer("commune", commune="Elsewhere")
    assert "Elsewhere" in who.page("check")


def test_whose_day_of_birth_becomes_a_childs_is_not_said_to_work(client: Client) -> None:
    who, _ = begun(client, "member_joined.arrival")
    number = value("select (said ->> 'used')::int from application_draft") + 1
    add_member(who, number, a_household(5, members=4).body["members"][0] | {"relationship": "other_relative"})
    who.answer(f"members/{number}/birth", sex="male", **born(1, 1, clock.now().year - 5))
    said = value("select said -> 'members' -> %s from application_draft", str(number))
    assert not {"occupation", "earns_income", "education"} & said.keys()


def test_who_goes_on_with_a_change_is_not_told_that_an_application_was_never_sent(client: Client) -> None:
    who, _ = begun(client, "bills")
    client.cookies.clear()
    asked = unescape(client.get(f"{who.here}/water").text)
    assert PAGES.text("fr", "Give the secret code to go on") in asked
    assert PAGES.text("fr", "This is not sent yet. What you answered is kept.") not in asked


@both
def test_a_change_says_before_it_is_sent_that_every_member_is_checked_anew_and_so_it_is(
    client: Client, language: str
) -> None:
    who, _ = begun(client, "contact", language)
    phone = value("select body ->> 'phone' from case_body")
    assert who.answer("contact", phone=phone, email="new@example.org", language="fr") == "check"
    said = "Whatever has changed, the population register is asked again about each member of your household."
    assert PAGES.text(language, said) in who.page("check")
    rows("update person set status = 'deceased' where idcs = (select max(idcs) from person_claim)")
    who.send("check")
    work_off()
    assert value("select stage from cases where kind = 'update'") == "needs_correction"
