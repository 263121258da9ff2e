"""A household applies on a phone of 360 px, in Arabic, with JavaScript off; and every page of that is drawn well."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

import web
from models import clock
from models.days import day_of
from notifications.catalogues import LANGUAGES
from tests.browsing import follow
from tests.filing import Body, a_household, register
from tests.picturing import Keep
from tests.picturing import keep as keep
from tests.portal.standing import registered, work_off
from tests.portal.test_browser import CHROMIUM
from tests.portal.test_citizen_in_browser import HEAVIEST, assert_drawn_well, open_in, text_of
from tests.portal.test_citizen_in_browser import browser as browser
from tests.portal.test_citizen_in_browser import phone as phone
from tests.portal.test_citizen_in_browser import reader as reader
from web.applying.questions import HOUSEHOLD
from web.language import PAGES
from workflows.intake.codes import code_of, digest

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: make setup-browser")
GO_ON = "main form:not(.close) button"
FOLLOW = "form[action$='/follow'] button"


def field(name: str) -> str:
    """The selector of a field of a form."""
    return f"[name='should.{name}']"


def choose(page: Page, name: str, value: object) -> None:
    """Chooses one of the answers."""
    page.check(f"{field(name)}[value='{value}']")


def fill_in_member(page: Page, said: Body, new: bool) -> Iterator[str]:
    """Answers every question about a member as they come; gives the name of each page before it is sent."""
    while page.url.rpartition("/")[2] != "members" or new:
        new = False
        name = page.url.rpartition("/")[2]
        match name:
            case "name":
                for each in ("given_name_ar", "family_name_ar"):
                    page.fill(field(each), said[each])
            case "identity":
                page.fill(field("idcs"), said["idcs"])
            case "birth":
                for part, given in zip(("year", "month", "day"), said["birth_date"].split("-"), strict=True):
                    page.fill(field(f"birth_date.{part}"), given)
                choose(page, "sex", said["sex"])
            case "relationship":
                choose(page, "relationship", said["relationship"])
            case "school":
                choose(page, "schooling", said.get("schooling", "none"))
            case "education":
                for each in ("education", "diploma"):
                    choose(page, each, said.get(each, "none"))
                choose(page, "literate", "yes" if said.get("literate") else "no")
            case "work":
                choose(page, "occupation", said.get("occupation", "none"))
                choose(page, "earns_income", "yes" if said.get("earns_income") else "no")
            case "health":
                choose(page, "health_cover", said.get("health_cover", "none"))
        yield name
        follow(page, GO_ON)


def fill_in_household(page: Page, said: Body) -> Iterator[str]:
    """The same for a section of the questions about the household, until the list of tasks."""
    while (name := page.url.rpartition("/")[2]) in HOUSEHOLD_PAGES:
        match name:
            case "milieu":
                choose(page, "milieu", said["milieu"])
            case "region":
                choose(page, "region", said["region"])
            case "commune":
                page.fill(field("commune"), said["commune"])
            case "dwelling":
                choose(page, "housing.dwelling", said["housing"]["dwelling"])
            case "rooms":
                page.fill(field("housing.rooms"), str(said["housing"]["rooms"]))
            case "comfort":
                choose(page, "housing.bath_or_shower", "yes")
                choose(page, "housing.own_electric_meter", "no")
            case "things":
                page.check(field("belongings.antenna"))
            case "counts":
                page.fill(field("belongings.mobile_phones"), "٢")
            case "water":
                page.locator(field("bills.water_electricity")).first.fill("١٢٠,٥٠")
            case "gas" | "telecom":
                page.fill(field(f"bills.{name}"), "50")
            case "contact":
                page.fill(field("phone"), "+212 6 12-34-56-78")
                choose(page, "language", "ar")
        yield name
        follow(page, GO_ON)


HOUSEHOLD_PAGES = [each.name for each in HOUSEHOLD]


def apply(page: Page, served: str, said: Body, language: str) -> Iterator[str]:
    """Applies from the home page to the receipt; gives the name of each page that is shown."""
    page.goto(f"{served}/{language}")
    yield "home"
    follow(page, f"a.button[href='/{language}/apply']")
    yield "start"
    follow(page, "form[action$='/apply'] button")
    yield "tasks"
    follow(page, "ol.tasks a >> nth=0")
    for place, each in enumerate(said["members"]):
        if place:
            follow(page, "main a.button.second")
        yield from (f"{name}-{place}" for name in fill_in_member(page, each, new=True))
    yield "members"
    follow(page, "main a.button:not(.second)")
    for section in range(1, 6):
        follow(page, f"ol.tasks a >> nth={section}")
        yield from fill_in_household(page, said)
    yield "tasks-answered"
    follow(page, "main a.button")
    yield "check"
    follow(page, GO_ON)
    yield "code"
    follow(page, "button[name='do'][value='send']")
    yield "code-sent"
    page.fill("#code", code_for(page))
    follow(page, GO_ON)
    yield "receipt"


def code_for(page: Page) -> str:
    """The code that this browser asked for, as the message has it."""
    (token,) = (each["value"] for each in page.context.cookies() if each["name"] == "__Host-code")
    return code_of(digest(token))


def test_groups_of_arabic_digits_stand_in_the_order_in_which_they_were_typed(served: str, phone: Page) -> None:
    phone.goto(f"{served}/ar/apply")
    follow(phone, "form[action$='/apply'] button")
    follow(phone, "ol.tasks a >> nth=0")
    for each in ("given_name_ar", "family_name_ar"):
        phone.fill(field(each), "أمينة")
    follow(phone, GO_ON)
    shown = phone.locator(field("idcs")).evaluate(
        "e => [getComputedStyle(e).direction, getComputedStyle(e).unicodeBidi]"
    )
    assert shown == ["ltr", "bidi-override"]


def test_a_household_applies_and_follows_it_to_the_register(database: str, served: str, phone: Page) -> None:
    made = a_household(0, members=2)
    register([made])
    shown = list(apply(phone, served, made.body, "ar"))

    assert {"identity-0", "birth-1", "contact", "check", "receipt"} <= set(shown)
    reference = phone.text_content("#reference") or ""
    assert phone.url.endswith(f"/ar/apply/{reference}/receipt")
    phone.reload()
    assert phone.text_content("#reference") == reference
    work_off()
    follow(phone, FOLLOW)
    assert PAGES.text("ar", "notified.title") in text_of(phone)
    assert PAGES.text("ar", "The lower the index, the closer the help.") in text_of(phone)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_name_is_written_in_the_direction_of_its_script(
    database: str, served: str, reader: Page, language: str
) -> None:
    reader.goto(f"{served}/{language}/apply")
    follow(reader, "form[action$='/apply'] button")
    follow(reader, "ol.tasks a >> nth=0")
    drawn = "e => getComputedStyle(e).direction"
    for name, written in (("given_name_ar", "rtl"), ("family_name_ar", "rtl"), ("given_name_la", "ltr")):
        assert reader.locator(field(name)).evaluate(drawn) == written
    reader.goto(reader.url.partition("/members")[0] + "/commune")
    reader.fill(field("commune"), "أكدال")
    assert reader.locator(field("commune")).evaluate(drawn) == "rtl"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_an_application_is_drawn_well(
    database: str, served: str, reader: Page, keep: Keep, language: str
) -> None:
    made = a_household(0, members=2)
    register([made])
    sheet = (Path(web.__file__).parent / "static" / "sijil.css").read_bytes()
    for name in apply(reader, served, made.body, language):
        assert_drawn_well(reader)
        keep(reader, f"citizen-apply-{name}-{language}")
        assert len(gzip.compress(reader.content().encode() + sheet)) < HEAVIEST, name


def test_a_household_is_asked_for_a_correction_corrects_one_field_and_reads_its_index(
    database: str, served: str, phone: Page
) -> None:
    made = a_household(0, members=2)
    register([made])
    head, other = made.body["members"][:2]
    wrong = made.body | {"members": [head, other | {"birth_date": "1950-01-02"}]}
    list(apply(phone, served, wrong, "ar"))
    work_off()
    follow(phone, FOLLOW)
    assert PAGES.text("ar", "needs_correction.title") in text_of(phone)

    follow(phone, "form[action$='/correct'] button")

    assert phone.url.partition("?")[0].endswith("/members/2/birth")
    assert PAGES.text("ar", "reason.birth_date_differs") in text_of(phone)
    for part, given in zip(("year", "month", "day"), other["birth_date"].split("-"), strict=True):
        phone.fill(field(f"birth_date.{part}"), given)
    follow(phone, GO_ON)
    assert PAGES.text("ar", "changed:") in text_of(phone)
    follow(phone, GO_ON)
    work_off()
    phone.reload()
    assert PAGES.text("ar", "notified.title") in text_of(phone)
    assert PAGES.text("ar", "The lower the index, the closer the help.") in text_of(phone)
    assert phone.locator("ul.values li").count() > 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_a_change_is_drawn_well(
    database: str, served: str, reader: Page, keep: Keep, language: str
) -> None:
    taken = registered()
    open_in(reader, served, taken, language)
    follow(reader, f"a[href='/{language}/status/{taken.reference}/change']")
    assert_drawn_well(reader)
    keep(reader, f"citizen-change-0-what-{language}")
    follow(reader, GO_ON)
    assert_drawn_well(reader)
    keep(reader, f"citizen-change-1-problem-{language}")
    reader.check("#what-bills")
    today = day_of(clock.now())
    for part, given in (("day", today.day), ("month", today.month), ("year", today.year)):
        reader.fill(field(f"true_from.{part}"), str(given))
    follow(reader, GO_ON)
    for name in ("water", "gas", "telecom"):
        assert reader.url.endswith(f"/{name}")
        reader.locator(field(f"bills.{name}" if name != "water" else "bills.water_electricity")).first.fill("75")
        follow(reader, GO_ON)
    assert_drawn_well(reader)
    keep(reader, f"citizen-change-2-check-{language}")
    follow(reader, GO_ON)
    assert_drawn_well(reader)
    keep(reader, f"citizen-change-3-receipt-{language}")
