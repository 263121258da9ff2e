"""A household applies on the portal's pages, without JavaScript: question by question, and once."""

import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape

import pytest

from models import clock
from models.database import transaction
from notifications.catalogues import LANGUAGES
from tests.conftest import forget_settings
from tests.filing import a_household, current_stage, register, rows, value
from tests.portal.applying import (
    Applying,
    add_member,
    born,
    code_sent,
    fill_in,
    mark_in,
    send_proved,
    sent_application,
    to_be_corrected,
)
from tests.portal.conftest import Client
from tests.portal.standing import work_off
from web.language import PAGES, date_of, day
from workflows.intake.submit import Accepted

both = pytest.mark.parametrize("language", LANGUAGES)


@both
def test_a_household_applies_from_the_home_page_to_the_register(client: Client, language: str) -> None:
    made = a_household(0, members=3)
    register([made])
    assert f'href="/{language}/apply"' in client.get(f"/{language}").text
    assert PAGES.text(language, "Begin") in client.get(f"/{language}/apply").text
    who = Applying(client, language)
    fill_in(who, made.body)
    assert who.page().count(PAGES.text(language, "answered")) == 6
    shown = who.page("check")
    assert made.body["members"][0]["idcs"] in shown
    assert value("select count(*) from cases") == 0

    assert send_proved(who) == "receipt"
    receipt = who.page("receipt")

    assert f'id="reference">{who.reference}<' in receipt
    assert f'id="secret">{who.secret}<' in receipt
    work_off()
    taken = Accepted(who.reference, who.secret, int(value("select case_id from receipt")))
    assert current_stage(taken) == "notified"
    ((declared,),) = rows("select body from case_body")
    assert declared["commune"] == made.body["commune"]
    assert [each["idcs"] for each in declared["members"]] == [each["idcs"] for each in made.body["members"]]
    assert value("select count(*) from application_draft") == 0
    assert PAGES.text(language, "turn.done") in unescape(client.get(f"/{language}/status/{who.reference}").text)


def problem_of(who: Applying, to: str, **said: object) -> list[str]:
    """What is wrong with these answers: the words at their fields, which stand in the summary too."""
    status, page, _ = who.send(to, **said)
    assert status == 422, (to, said, status)
    assert re.search(r"<title>\s*" + re.escape(PAGES.text(who.language, "Error:")), page)
    found = [each.strip() for each in re.findall(r'<p class="error"[^>]*>([^<]*)', page)]
    summary = page.partition('id="problems"')[2].partition("</div>")[0]
    assert found
    assert all(each in summary for each in found)
    return found


def wrong(who: Applying, code: str, **values: object) -> str:
    """The words for what is wrong."""
    return PAGES.text(who.language, f"wrong.{code}").format(**values)


@both
@pytest.mark.parametrize(
    ("to", "said", "code"),
    [
        ("milieu", {}, "choose"),
        ("region", {"region": "13"}, "choose"),
        ("commune", {"commune": " \u200f "}, "empty"),
        ("rooms", {"housing__rooms": "0"}, "count_bounds"),
        ("rooms", {"housing__rooms": "three"}, "count"),
        ("gas", {"bills__gas": "-1"}, "amount_bounds"),
        ("gas", {"bills__gas": "1e9"}, "amount"),
        ("gas", {"bills__gas": "1.200"}, "amount_unclear"),
        ("water", {"bills__water_electricity": ["", "", ""]}, "empty"),
        ("counts", {"belongings__cars": "100"}, "count_bounds"),
        ("contact", {"phone": "+212 6 12-34", "language": "ar"}, "phone"),
        ("contact", {"phone": "06\U0001f600", "language": "ar"}, "phone"),
        ("contact", {"email": "amina@", "language": "ar"}, "email"),
    ],
)
def test_what_cannot_be_is_said_above_and_at_its_field_and_what_was_typed_is_kept(
    client: Client, language: str, to: str, said: dict[str, object], code: str
) -> None:
    who = Applying(client, language)
    if to == "province":
        who.answer("region", region="6")
    bounds = {"least": 1 if to == "rooms" else 0, "most": {"rooms": 50, "counts": 99, "gas": 100_000}.get(to, 0)}
    readings = {"whole": "1200", "cents": "1,20"}
    assert wrong(who, code, **bounds, **readings) in " ".join(problem_of(who, to, **said))
    _, page, _ = who.send(to, **said)
    for given in said.values():
        if isinstance(given, str) and given.isascii() and to not in ("region", "milieu"):
            assert f'value="{given}"' in page
    assert value("select said -> 'household' from application_draft") == {}


@both
@pytest.mark.parametrize(
    ("at", "said", "code"),
    [
        ("name", {"given_name_ar": "أمينة"}, "name"),
        ("name", {"given_name_la": "Амина", "family_name_la": "Alaoui"}, "script"),
        ("name", {"given_name_ar": "Khadija", "family_name_ar": "بناني"}, "script"),
        ("identity", {"idcs": "12345"}, "idcs_length"),
        ("identity", {"idcs": "AB123456"}, "idcs_letters"),
        ("identity", {"idcs": "2345687906"}, "idcs_check_digit"),
        ("identity", {"idcs": "0234567899"}, "idcs_first_digit"),
        ("identity", {"idcs": "2345678906", "cin": "123"}, "cin"),
        ("birth", {"sex": "male"}, "empty"),
        ("birth", {"sex": "male", **born(31, 2, 1990)}, "date"),
        ("relationship", {"relationship": "boss"}, "choose"),
    ],
)
def test_what_cannot_be_of_a_member_is_said_too(
    client: Client, language: str, at: str, said: dict[str, object], code: str
) -> None:
    who = Applying(client, language)
    if at != "name":
        who.answer("members/1/name", given_name_ar="أمينة", family_name_ar="العلوي")
    assert wrong(who, code) in " ".join(problem_of(who, f"members/1/{at}", **said))


@both
def test_a_day_of_birth_in_the_future_is_named_beside_today(client: Client, language: str) -> None:
    who = Applying(client, language)
    who.answer("members/1/name", given_name_ar="أمينة", family_name_ar="العلوي")
    said = problem_of(who, "members/1/birth", sex="male", **born(1, 1, 2099))
    days = {"day": date_of(language, "2099-01-01"), "today": day(language, clock.now())}
    assert wrong(who, "future", **days) in " ".join(said)


def test_digits_of_any_script_and_a_phone_as_it_is_written_are_read(client: Client) -> None:
    who = Applying(client)
    who.answer("rooms", housing__rooms="٣")
    who.answer("gas", bills__gas="٤٩٫٥٠ درهم")
    who.answer("water", bills__water_electricity=["1 200 DH", "1.200,50", "120 dhs"])
    who.answer("contact", phone="\u200f+212 6 12-34-56-78", email=" \u200eAmina@Example.ma ", language="ar")
    who.answer("members/1/name", given_name_ar="\ufee3\ufea4\ufee4\ufeaa", family_name_ar=" العلوي  ")
    who.answer("members/1/identity", idcs="٢٣٤ ٥٦٧ ٨٩٠٦", cin="ab 123456")
    said = value("select said from application_draft")
    assert said["household"] == {
        "housing.rooms": 3,
        "bills.gas": "49.50",
        "bills.water_electricity": ["1200", "1200.50", "120"],
        "phone": "+212612345678",
        "email": "Amina@example.ma",
        "language": "ar",
    }
    assert said["members"]["1"]["idcs"] == "2345678906"
    assert said["members"]["1"]["cin"] == "AB123456"


def test_dwellings_of_the_country_are_offered_to_who_lives_there_or_has_named_one(client: Client) -> None:
    who = Applying(client)
    who.answer("milieu", milieu="urban")
    assert 'value="villa"' in who.page("dwelling")
    assert 'value="rural_' not in who.page("dwelling")
    who.answer("milieu", milieu="rural")
    who.answer("dwelling", housing__dwelling="rural_stone")
    assert who.page("dwelling").count('value="rural_') == 2
    who.answer("milieu", milieu="urban")
    assert who.page("dwelling").count('value="rural_') == 1


def test_of_another_region_or_province_the_places_within_are_asked_again(client: Client) -> None:
    who = Applying(client)
    who.answer("milieu", milieu="urban")
    who.answer("region", region="6")
    who.answer("province", province="MA-SET")
    who.answer("commune", commune="سطات")
    assert who.answer("commune?back=check", commune="المحمدية") == "check"
    assert who.answer("region?back=check", region="6") == "check"
    assert value("select said -> 'household' ->> 'commune' from application_draft") == "المحمدية"

    assert who.answer("region?back=check", region="4") == "province"
    assert value("select said -> 'household' from application_draft") == {"milieu": "urban", "region": 4}
    assert 'name="back"' in who.page("province?back=check")
    assert who.answer("province?back=check", province="MA-RAB") == "commune"
    assert 'value=""' in who.page("commune")
    assert who.answer("commune?back=check", commune="الرباط") == "check"
    assert who.answer("province?back=check", province="MA-SAL") == "commune"
    assert who.answer("commune?back=check", commune="سلا") == "check"


def test_the_list_goes_on_at_the_first_open_question_and_the_last_look_shows_what_was_left_out(client: Client) -> None:
    who = Applying(client)
    who.answer("members/1/name", given_name_ar="هند", family_name_ar="العلوي")
    who.answer("members/1/identity", idcs="2345678906", cin="")
    assert f"{who.here}/members/1/birth" in who.page("members")
    assert who.page("check").count(PAGES.text("ar", "not said")) == 1


def test_where_nothing_was_counted_the_last_look_shows_none_and_not_that_nothing_was_said(client: Client) -> None:
    who = Applying(client)
    who.answer("counts", belongings__cars="", belongings__cows="2")
    page = who.page("check")
    assert PAGES.text("ar", "not said") not in page
    counted = page.partition('id="belongings"')[2].partition("</dl>")[0]
    assert re.findall(r">(\d+)<", counted) == ["0", "0", "0", "2"]


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ({"given_name_ar": "سعيد", "family_name_ar": "Benali"}, "family_name_ar"),
        ({"given_name_ar": "Said", "family_name_ar": "بنعلي"}, "given_name_ar"),
        ({"given_name_la": "Said", "family_name_la": "بنعلي"}, "family_name_la"),
        ({"given_name_la": "سعيد", "family_name_la": "Benali"}, "given_name_la"),
    ],
)
def test_of_a_name_in_two_scripts_the_part_in_the_wrong_field_is_told(
    client: Client, said: dict[str, str], at: str
) -> None:
    who = Applying(client)
    (told,) = problem_of(who, "members/1/name", **said)
    assert told.startswith(PAGES.text("ar", f"field.members.{at}"))


def test_no_two_members_are_the_same_person_and_one_is_the_head(client: Client) -> None:
    made = a_household(0, members=3)
    who = Applying(client)
    people = sorted(made.body["members"], key=lambda each: not each.get("declarant"))
    add_member(who, 1, people[0] | {"relationship": "child"})
    assert PAGES.text("ar", "wrong.no_head") in who.page("members")
    who.answer("members/2/name", given_name_ar="هند", family_name_ar="العلوي")
    (problem,) = problem_of(who, "members/2/identity", idcs=people[0]["idcs"])
    assert problem.endswith(wrong(who, "twice"))
    who.answer("members/1/relationship", relationship="head")
    who.answer("members/2/identity", idcs="2345678906")
    assert 'value="head"' not in who.page("members/2/relationship")


def test_what_is_answered_leads_to_all_its_answers_and_back_from_a_new_member_to_the_others(client: Client) -> None:
    made = a_household(0)
    who = Applying(client)
    add_member(who, 1, made.body["members"][0])
    assert f'href="{who.here}/check#member-1"' in who.page("members")
    assert f'<a href="{who.here}/members">' in who.page("members/2/name")
    who.answer("rooms", housing__rooms="3")
    assert f'href="{who.here}/dwelling"' in who.page()
    who.answer("dwelling", housing__dwelling="flat")
    who.answer("comfort", housing__bath_or_shower="yes", housing__own_electric_meter="no")
    assert f'href="{who.here}/check#home"' in who.page()
    shown = who.page("check")
    assert 'id="home"' in shown
    assert 'id="member-1"' in shown


def back_on(who: Applying, to: str) -> str:
    """Where a page leads back to."""
    found = re.findall(rf'<a href="([^"]*)">{PAGES.text(who.language, "Back")}</a>', who.page(to))
    return str(found[-1]).removeprefix(who.here).strip("/")


def test_back_leads_to_the_page_before_and_from_the_first_of_a_section_to_the_list(client: Client) -> None:
    who = Applying(client)
    assert back_on(who, "members/1/name") == ""
    who.answer("members/1/name", given_name_ar="هند", family_name_ar="العلوي")
    who.answer("region", region="6")
    expected = {
        "milieu": "",
        "region": "milieu",
        "province": "region",
        "commune": "province",
        "dwelling": "",
        "rooms": "dwelling",
        "telecom": "gas",
        "contact": "",
        "commune?back=check": "check",
        "members/1/name": "members",
        "members/1/identity": "members/1/name",
        "members/1/health": "members/1/work",
        "members/1/birth?back=check": "check",
        "members/2/name": "members",
        "check": "",
    }
    assert {to: back_on(who, to) for to in expected} == expected


def test_a_page_ends_with_the_button_that_closes_the_file(client: Client) -> None:
    who = Applying(client)
    for to in ("", "commune", "members", "check"):
        main = who.page(to).partition("<main>")[2].partition("</main>")[0]
        assert main.rindex('<form class="close"') > max(main.rindex("<a "), main.rindex("<h2"), main.rindex("<p"))


def test_a_member_is_taken_out_and_a_number_is_never_another_persons(client: Client) -> None:
    made = a_household(0, members=3)
    who = Applying(client)
    for number, each in enumerate(made.body["members"][:3], 1):
        add_member(who, number, each)
    assert client.get(f"{who.here}/members/1/remove").status_code == 404
    assert who.send("members/2/remove")[2] == "members"
    assert client.get(f"{who.here}/members/2/name").status_code == 404
    assert f"{who.here}/members/4/name" in who.page("members")
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', who.page("members/4/name")))
    for given in ("علي", "هند"):  # two tabs that add somebody
        names = {"should.given_name_ar": given, "should.family_name_ar": "العلوي"}
        client.post(f"{who.here}/members/4/name", data=hidden | names)
    assert sorted(value("select said -> 'members' from application_draft")) == ["1", "3", "4", "5"]


def test_what_is_not_asked_at_an_age_is_not_sent(client: Client) -> None:
    made = a_household(0, members=3)
    register([made])
    who = Applying(client)
    fill_in(who, made.body)
    today = clock.now().year
    who.answer("members/3/birth", sex="male", **born(1, 1, today - 1))
    assert "education" not in re.findall(r"members/3/(\w+)", who.page("check"))
    send_proved(who)
    ((declared,),) = rows("select body from case_body")
    assert "education" not in declared["members"][2]
    assert "occupation" not in declared["members"][2]


def test_a_button_that_is_pressed_twice_and_at_once_sends_one_application(client: Client) -> None:
    made = a_household(0, members=2)
    who = Applying(client)
    fill_in(who, made.body | {"phone": ""})
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', who.page("check")))

    def press(_: int) -> tuple[int, str]:
        answer = client.post(f"{who.here}/check", data=hidden, follow_redirects=False)
        return answer.status_code, answer.headers["location"]

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(press, range(4))) == {(303, f"{who.here}/receipt")}
    assert press(0) == (303, f"{who.here}/receipt")
    assert value("select count(*) from cases") == 1


@both
def test_what_was_changed_in_another_tab_is_shown_before_it_is_sent(client: Client, language: str) -> None:
    made = a_household(0, members=2)
    who = Applying(client, language)
    fill_in(who, made.body | {"phone": ""})
    shown = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', who.page("check")))
    who.answer("rooms?back=check", housing__rooms="7")

    stale = client.post(f"{who.here}/check", data=shown)

    assert stale.status_code == 422
    assert PAGES.text(language, "cannot_apply.changed_meanwhile") in unescape(stale.text)
    assert value("select count(*) from cases") == 0
    again = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', stale.text))
    assert str(client.post(f"{who.here}/check", data=again).url.path) == f"{who.here}/receipt"
    assert value("select body -> 'housing' ->> 'rooms' from case_body") == "7"


@pytest.mark.parametrize("do", ["code", "without"])
def test_what_was_changed_while_the_code_was_on_its_way_is_shown_before_it_is_sent(client: Client, do: str) -> None:
    made = a_household(0, members=2)
    register([made])
    who = Applying(client, "fr")
    fill_in(who, made.body)
    assert who.send("check")[2] == "code"
    who.answer("code", do="send")
    said = {"code": code_sent(client)} if do == "code" else {"do": "without"}
    who.answer("rooms?back=check", housing__rooms="7")

    status, page, _ = who.send("code", **said)

    assert (status, value("select count(*) from cases")) == (422, 0)
    assert PAGES.text("fr", "cannot_apply.changed_meanwhile") in page
    assert who.send("check")[2] == "receipt"


def test_an_application_that_is_not_whole_is_not_sent_and_says_what_is_missing(client: Client) -> None:
    who = Applying(client)
    who.answer("milieu", milieu="rural")
    page = who.page("check")
    assert PAGES.text("ar", "What I say is true: send") not in page
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', who.page("region")))
    answer = client.post(f"{who.here}/check", data=hidden)
    assert answer.status_code == 422
    assert PAGES.text("ar", "cannot_apply.not_whole") in unescape(answer.text)
    assert value("select count(*) from cases") == 0


@both
def test_who_applies_twice_is_told_so_and_nothing_is_lost(client: Client, language: str) -> None:
    made = a_household(0, members=2)
    register([made])
    who = Applying(client, language)
    fill_in(who, made.body)
    send_proved(who)
    with transaction() as connection:
        connection.execute("delete from phone_code")  # a phone gets no second code within a minute
    who = Applying(client, language)
    fill_in(who, made.body)
    who.send("check")
    who.answer("code", do="send")
    status, page, _ = who.send("code", code=code_sent(client))
    assert status == 422
    assert PAGES.text(language, "cannot_apply.open_application") in page
    assert value("select count(*) from application_draft") == 1


def test_a_draft_is_gone_on_with_elsewhere_with_its_secret_alone(client: Client) -> None:
    who = Applying(client, "fr")
    who.answer("commune", commune="Agdal")
    client.cookies.clear()
    asked = client.get(who.here)
    assert "Agdal" not in asked.text
    assert who.secret not in asked.text
    found = client.get(f"/fr/status?reference={who.reference.lower()}")
    assert str(found.url.path) == who.here
    refused = client.post(f"{who.here}/open", data={"secret": "0" * 10})
    assert refused.status_code == 422
    wrong_again = client.post(f"{who.here}/open", data={"secret": "1" * 10, "to": "commune"}, follow_redirects=False)
    address = wrong_again.headers["location"]
    assert re.fullmatch(re.escape(f"{who.here}/open?wrong=") + "[0-9a-f]{16}&to=commune", address)
    curious = client.get(f"{who.here}/open?wrong=1&to=commune", follow_redirects=False)
    assert (curious.status_code, curious.headers["location"]) == (303, f"{who.here}/commune")
    assert (client.get(address).status_code, client.get(address).status_code) == (422, 422)
    again = client.post(f"{who.here}/open", data={"secret": who.secret, "to": "commune"})
    assert 'value="Agdal"' in again.text
    assert str(client.get(address).url.path) == f"{who.here}/commune"


def test_what_was_typed_when_the_visit_was_over_is_there_after_the_secret(client: Client) -> None:
    who = Applying(client, "fr")
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', who.page("commune")))
    rows("update receipt_session set seen_at = seen_at - interval '31 minutes'")
    asked = client.post(f"{who.here}/commune", data=hidden | {"should.commune": "Agdal"})
    assert asked.status_code == 403
    kept = dict(re.findall(r'type="hidden" name="([\w.]+)" value="([^"]*)"', asked.text))
    again = client.post(f"{who.here}/open", data=kept | {"secret": who.secret})
    assert 'value="Agdal"' in again.text


def test_what_two_tabs_typed_is_kept_after_the_visit_was_opened_again(client: Client) -> None:
    who = Applying(client, "fr")
    tabs = {}
    for to in ("commune", "rooms"):
        page = who.page(to)
        tabs[to] = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    rows("update receipt_session set seen_at = seen_at - interval '31 minutes'")
    asked = {
        "commune": client.post(f"{who.here}/commune", data=tabs["commune"] | {"should.commune": "Agdal"}).text,
        "rooms": client.post(f"{who.here}/rooms", data=tabs["rooms"] | {"should.housing.rooms": "3"}).text,
    }
    for page in asked.values():
        kept = dict(re.findall(r'type="hidden" name="([\w.]+)" value="([^"]*)"', page))
        again = client.post(f"{who.here}/open", data=kept | {"secret": who.secret})
        tabs[str(again.url.path).rpartition("/")[2]] = dict(
            re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', again.text)
        )
    for to, said in {"commune": {"should.commune": "Agdal"}, "rooms": {"should.housing.rooms": "3"}}.items():
        assert client.post(f"{who.here}/{to}", data=tabs[to] | said).status_code == 200
    said = value("select said -> 'household' from application_draft")
    assert said == {"commune": "Agdal", "street": None, "housing.rooms": 3}


def test_nobody_elses_application_is_shown_or_changed(client: Client) -> None:
    mine, theirs = Applying(client), Applying(client)
    answer = client.get(f"{mine.here}/commune")
    assert PAGES.text("ar", "Give the secret code to go on") in unescape(answer.text)
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', theirs.page("commune")))
    assert client.post(f"{mine.here}/commune", data=hidden | {"should.commune": "X"}).status_code == 403
    assert client.post(f"{theirs.here}/commune", data={"should.commune": "X"}).status_code == 403
    foreign = {"sec-fetch-site": "cross-site"}
    assert client.post(f"{theirs.here}/commune", data=hidden, headers=foreign).status_code == 403
    assert client.post("/ar/apply", headers=foreign).status_code == 403
    assert client.get("/ar/apply/RSU-0000-0000-0000").status_code == 404
    assert client.get(f"{theirs.here}/nothing").status_code == 404
    assert value("select count(*) from application_draft where said -> 'household' <> '{}'") == 0


def test_the_browser_keeps_its_cookie_for_as_long_as_somebody_may_fill_in(client: Client) -> None:
    begun = client.post("/fr/apply", follow_redirects=False)
    who = Applying(client, "fr")
    gone_on = client.post(f"{who.here}/open", data={"secret": who.secret}, follow_redirects=False)
    sent, page = to_be_corrected(client, "fr")
    address = f"/fr/status/{sent.reference}/correct"
    corrects = client.post(address, data=mark_in(page), follow_redirects=False)
    for each in (begun, gone_on, corrects):
        assert f"Max-Age={3 * 60 * 60};" in each.headers["set-cookie"]


def test_who_goes_back_after_sending_or_has_another_tab_open_is_led_to_the_receipt(client: Client) -> None:
    who, hidden = sent_application(client)
    for to in ("commune", "check", "members", "members/1/name", "members/2/remove"):
        assert str(client.get(f"{who.here}/{to}").url.path) == f"{who.here}/receipt"
    for to in ("commune", "members/1/name", "members/2/remove"):
        answer = client.post(f"{who.here}/{to}", data=hidden)
        assert (answer.status_code, str(answer.url.path)) == (200, f"{who.here}/receipt")


def test_the_bookmark_of_a_receipt_leads_who_gives_the_secret_to_the_case(client: Client) -> None:
    who, _ = sent_application(client)
    client.cookies.clear()
    asked = client.get(f"{who.here}/receipt")
    assert PAGES.text("fr", "This is not sent yet. What you answered is kept.") not in unescape(asked.text)
    kept = dict(re.findall(r'type="hidden" name="([\w.]+)" value="([^"]*)"', asked.text))
    refused = client.post(f"{who.here}/open", data=kept | {"secret": "0" * 10})
    assert PAGES.text("fr", "This is not sent yet. What you answered is kept.") not in unescape(refused.text)
    shown = client.post(f"{who.here}/open", data=kept | {"secret": who.secret})
    assert (shown.status_code, str(shown.url.path)) == (200, f"/fr/status/{who.reference}")
    assert who.secret not in shown.text


def test_a_page_that_refused_a_secret_may_be_loaded_again(client: Client) -> None:
    who = Applying(client, "fr")
    assert str(client.get(f"{who.here}/open").url.path) == who.here


def test_who_took_long_follows_the_application_without_its_secret(client: Client) -> None:
    who, hidden = sent_application(client)
    rows("update receipt_session set begun_at = begun_at - interval '2 hours'")

    followed = client.post(f"{who.here}/follow", data=hidden)

    assert str(followed.url.path) == f"/fr/status/{who.reference}"
    assert 'name="secret"' not in followed.text
    unsent = Applying(client, "fr")
    assert str(client.post(f"{unsent.here}/follow", data=mark_in(unsent.page())).url.path) == unsent.here


def named(given: str) -> dict[str, str]:
    """The fields of a name."""
    return {"should.given_name_la": given, "should.family_name_la": "Alaoui"}


def after_the_visit_was_over(who: Applying, to: str, fields: dict[str, str]) -> str:
    """Sends a form too late, and gives the secret: the page that follows."""
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', who.page(to)))
    rows("update receipt_session set seen_at = seen_at - interval '31 minutes'")
    asked = who.client.post(f"{who.here}/{to}", data=hidden | fields).text
    kept = dict(re.findall(r'type="hidden" name="([\w.]+)" value="([^"]*)"', asked))
    return who.client.post(f"{who.here}/open", data=kept | {"secret": who.secret}).text


def test_what_was_typed_of_one_member_before_the_secret_is_never_shown_as_anothers(client: Client) -> None:
    who = Applying(client, "fr")
    assert 'value="Amina"' in after_the_visit_was_over(who, "members/1/name", named("Amina"))
    assert 'value="Amina"' not in who.page("commune")
    who.answer("members/1/name", given_name_la="Amine", family_name_la="Alaoui")
    assert 'value="Amine"' in who.page("members/1/name")
    assert "Alaoui" not in re.findall(r'name="should[^>]*value="([^"]*)"', who.page("members/2/name"))


def test_a_thing_that_was_unticked_before_the_secret_is_not_ticked_again(client: Client) -> None:
    who = Applying(client, "fr")
    who.answer("things", belongings__computer="yes", belongings__garage="yes")
    page = after_the_visit_was_over(who, "things", {"should.belongings.garage": "yes"})
    assert re.findall(r'name="should.belongings.(\w+)" value="yes" checked', page) == ["garage"]


def test_who_was_added_too_late_is_added_beside_whom_another_tab_added(client: Client) -> None:
    who = Applying(client, "fr")
    for number, given in enumerate(("Ali", "Amina"), 1):
        who.answer(f"members/{number}/name", given_name_la=given, family_name_la="Alaoui")
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', who.page("members/3/name")))
    client.post(f"{who.here}/members/3/name", data=hidden | named("Hind"))
    rows("update receipt_session set seen_at = seen_at - interval '31 minutes'")
    asked = client.post(f"{who.here}/members/3/name", data=hidden | named("Omar")).text
    kept = dict(re.findall(r'type="hidden" name="([\w.]+)" value="([^"]*)"', asked))
    page = client.post(f"{who.here}/open", data=kept | {"secret": who.secret}).text
    assert 'value="Omar"' in page
    assert "Hind" not in page
    again = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    client.post(f"{who.here}/members/3/name", data=again | named("Omar"))
    members = value("select said -> 'members' from application_draft")
    assert [members[each]["given_name_la"] for each in sorted(members)] == ["Ali", "Amina", "Hind", "Omar"]


def test_a_button_that_is_pressed_often_and_at_once_adds_one_member(client: Client) -> None:
    who = Applying(client, "fr")
    who.answer("members/1/name", given_name_la="Ali", family_name_la="Alaoui")
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', who.page("members/2/name")))

    def press(given: str) -> str:
        answer = client.post(f"{who.here}/members/2/name", data=hidden | named(given), follow_redirects=False)
        return str(answer.headers["location"])

    assert press("Hind") == f"{who.here}/members/2/identity"
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(press, ["Omar"] * 4)) == {f"{who.here}/members/3/identity"}
    assert sorted(value("select said -> 'members' from application_draft")) == ["1", "2", "3"]
    wrong = client.post(f"{who.here}/members/2/name", data=hidden | {"should.given_name_la": "Sami"})
    assert 'name="new"' in wrong.text  # still somebody new, and not one who is there


def test_after_many_wrong_secrets_of_a_draft_a_browser_is_told_how_long_to_wait(client: Client) -> None:
    who = Applying(client, "fr")
    for _ in range(6):
        refused = client.post(f"{who.here}/open", data={"secret": "0" * 10})
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 6


def test_whoever_goes_back_after_a_mistake_is_not_asked_to_send_it_again(client: Client) -> None:
    who = Applying(client, "fr")
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', who.page("rooms")))
    refused = client.post(f"{who.here}/rooms", data=hidden | {"should.housing.rooms": "99"}, follow_redirects=False)
    assert (refused.status_code, refused.headers["location"]) == (303, f"{who.here}/rooms?wrong=1")
    for _ in range(2):  # and reloads
        shown = client.get(f"{who.here}/rooms?wrong=1")
        assert (shown.status_code, 'value="99"' in shown.text) == (422, True)
    assert wrong(who, "count_bounds", least=1, most=50) in unescape(shown.text)
    who.answer("rooms", housing__rooms="3")
    back = client.get(f"{who.here}/rooms?wrong=1")
    assert (back.status_code, 'value="3"' in back.text) == (200, True)


@both
def test_who_begins_while_another_draft_is_open_in_this_browser_is_asked_first(client: Client, language: str) -> None:
    who = Applying(client, language)
    shown = unescape(client.post(f"/{language}/apply").text)
    assert value("select count(*) from application_draft") == 1
    assert PAGES.text(language, "You have begun one on this device that is not sent") in shown
    assert f'href="{who.here}"' in shown
    assert who.secret not in shown
    assert client.get(who.here).status_code == 200
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown))
    other = client.post(f"/{language}/apply", data=hidden)
    assert str(other.url.path) != who.here
    assert value("select count(*) from application_draft") == 2
    assert PAGES.text(language, "Give the secret code to go on") in unescape(client.get(who.here).text)


def test_who_begins_after_the_visit_was_over_or_the_draft_was_sent_is_not_asked(client: Client) -> None:
    who, _ = sent_application(client)
    assert PAGES.text("fr", "Go on with the one you began") not in unescape(client.get("/fr/apply").text)
    begun = client.post("/fr/apply")
    assert who.reference not in str(begun.url)
    rows("update receipt_session set seen_at = seen_at - interval '31 minutes'")
    assert PAGES.text("fr", "Go on with the one you began") not in unescape(client.get("/fr/apply").text)
    assert str(client.post("/fr/apply").url) != str(begun.url)


@both
def test_from_one_network_no_more_applications_are_begun_than_the_setting_allows(
    client: Client, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setenv("SIJIL_DRAFTS_FROM_NETWORK", "2")
    forget_settings()
    for _ in range(2):
        Applying(client, language)
    refused = client.post(f"/{language}/apply", data={"another": "yes"})
    assert refused.status_code == 429
    assert PAGES.text(language, "There is a problem") in unescape(refused.text)
    assert value("select count(*) from application_draft") == 2
    rows("update application_draft set begun_at = begun_at - interval '61 minutes'")
    assert client.post(f"/{language}/apply", data={"another": "yes"}).status_code == 200


def test_a_draft_without_an_answer_lives_for_a_day_and_another_forgets_its_network(client: Client) -> None:
    empty, begun = Applying(client), Applying(client)
    begun.answer("milieu", milieu="urban")
    assert value("select count(*) from application_draft where begun_from is null") == 0
    rows(
        "update application_draft set begun_at = begun_at - interval '25 hours', "
        "changed_at = changed_at - interval '25 hours'"
    )
    new = Applying(client)
    assert dict(rows("select reference, begun_from is null from application_draft")) == {
        begun.reference: True,
        new.reference: False,
    }
    assert client.get(empty.here).status_code == 404


def test_the_language_of_messages_that_is_offered_is_that_of_the_page_until_another_is_chosen(client: Client) -> None:
    def chosen(page: str) -> list[str]:
        return re.findall(r'name="should.language" value="(\w+)" checked', page)

    for language in LANGUAGES:
        who = Applying(client, language)
        assert chosen(who.page("contact")) == [language]
    who.answer("contact", phone="", language="ar")
    assert (who.language, chosen(who.page("contact"))) == (list(LANGUAGES)[-1], ["ar"])
