"""Every flow of citizens is walked by keyboard alone, in Arabic at 360 px: the focus is seen, and goes as one reads."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from models import clock
from models.days import day_of
from tests.filing import Body, a_household, register
from tests.papers import a_photograph
from tests.portal.keyboard import Keyboard
from tests.portal.standing import asked_by_caseworker, change_conflicting, registered, to_correct, work_off
from tests.portal.test_applying_in_browser import HOUSEHOLD_PAGES, code_for
from tests.portal.test_browser import CHROMIUM
from tests.portal.test_citizen_in_browser import browser as browser
from tests.portal.test_citizen_in_browser import reader as reader
from tests.portal.test_citizen_in_browser import telephone_of, text_of
from tests.portal.visiting import address_of
from web.language import PAGES
from workflows.intake.submit import Accepted

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: make setup-browser")
FOLLOW, CLOSE = "form[action$='follow'] button", "form.close button"
SAY = {  # a page of the application: what is typed or chosen on it
    "milieu": ("choose", "milieu", "urban"),
    "region": ("choose", "region", "4"),
    "province": ("choose", "province", "MA-RAB"),
    "commune": ("type", "commune", "الرباط"),
    "dwelling": ("choose", "housing.dwelling", "flat"),
    "rooms": ("type", "housing.rooms", "٣"),
    "things": ("tick", "belongings.antenna", ""),
    "counts": ("type", "belongings.mobile_phones", "2"),
    "water": ("type", "bills.water_electricity", "120,50 درهم"),
    "gas": ("type", "bills.gas", "50"),
    "telecom": ("type", "bills.telecom", "0"),
}


def said(key: str) -> str:
    return PAGES.text("ar", key)


def named(name: str) -> str:
    """The name of a field of a form."""
    return f"should.{name}"


def field(name: str) -> str:
    """Its selector."""
    return f"[name='{named(name)}']"


def day(keys: Keyboard, name: str, written: str) -> None:
    """Types a day, given as YYYY-MM-DD."""
    year, month, day_ = written.split("-")
    for part, given in (("day", day_), ("month", month), ("year", year)):
        keys.type(field(f"{name}.{part}"), given)


def member(keys: Keyboard, body: Body) -> None:
    """Answers what is asked about one member."""
    while (name := page_name(keys)) != "members":
        match name:
            case "name":
                for each in ("given_name_ar", "family_name_ar"):
                    keys.type(field(each), body[each])
            case "identity":
                keys.type(field("idcs"), body["idcs"])
            case "birth":
                day(keys, "birth_date", body["birth_date"])
                keys.choose(named("sex"), body["sex"])
            case "relationship":
                keys.choose(named("relationship"), body["relationship"])
            case "school":
                keys.choose(named("schooling"), "none")
            case "education":
                keys.choose(named("education"), "basic")
                keys.choose(named("diploma"), "basic")
                keys.choose(named("literate"), "yes")
            case "work":
                keys.choose(named("occupation"), "employee")
                keys.choose(named("earns_income"), "yes")
            case "health":
                keys.choose(named("health_cover"), "none")
        keys.enter()


def page_name(keys: Keyboard) -> str:
    """The last part of the address."""
    return keys.page.url.partition("?")[0].rpartition("/")[2]


def household(keys: Keyboard) -> None:
    """Answers a section about the household."""
    while (name := page_name(keys)) in HOUSEHOLD_PAGES:
        if name == "comfort":
            keys.choose(named("housing.bath_or_shower"), "yes")
            keys.choose(named("housing.own_electric_meter"), "no")
        elif name == "contact":
            keys.type(field("phone"), "+212 6 12-34-56-78")
            keys.choose(named("language"), "ar")
        else:
            how, asked, given = SAY[name]
            if how == "choose":
                keys.choose(named(asked), given)
            elif how == "type":
                keys.type(field(asked), given)
            else:
                keys.tick(field(asked))
        keys.enter()


def secret(keys: Keyboard, served: str, taken: Accepted, to: str = "") -> None:
    """Opens a visit with the secret."""
    keys.open(f"{served}{address_of(taken, to, 'ar')}")
    keys.type("#secret", taken.secret)
    keys.enter("form[action$='/open'] button")


def apply(keys: Keyboard, served: str, _: Path) -> str:
    made = a_household(0, members=2)
    register([made])
    keys.open(f"{served}/ar")
    keys.enter("a.button[href='/ar/apply']")
    keys.enter("form[action$='/apply'] button")
    keys.enter("ol.tasks a")
    member(keys, made.body["members"][0])
    keys.enter("main a.button:not(.second)")
    for section in ("place", "home", "belongings", "bills", "contact"):
        page = {"place": "milieu", "home": "dwelling", "belongings": "things", "bills": "water"}.get(section, section)
        keys.enter(f"ol.tasks a[href$='/{page}']")
        if section == "place":  # nothing chosen
            keys.enter()
            keys.jump("#problems a", f"[id='{named('milieu')}']")
        household(keys)
    keys.enter("main a.button[href$='/check']")
    keys.enter()
    keys.enter("button[name='do'][value='send']")
    keys.type("#code", "1")
    keys.enter()
    keys.type("#code", code_for(keys.page))
    keys.enter()
    work_off()
    keys.enter(FOLLOW)
    return said("notified.title")


def correct(keys: Keyboard, served: str, _: Path) -> str:
    secret(keys, served, to_correct())
    keys.enter("form[action$='/correct'] button")
    day(keys, "birth_date", "1980-05-05")
    keys.enter()
    keys.enter("main form[action$='/check'] button")
    return said("in_work.title")


def choose(keys: Keyboard, served: str, _: Path) -> str:
    secret(keys, served, change_conflicting())
    keys.enter("form[action$='/correct'] button")
    keys.type(field("bills.gas"), "20")
    keys.enter()
    keys.enter("main form[action$='/check'] button")
    return said("update_in_work.title")


def change(keys: Keyboard, served: str, _: Path) -> str:
    secret(keys, served, registered())
    keys.enter("main a[href$='/change']")
    keys.enter()  # nothing chosen
    keys.choose("what", "bills")
    day(keys, "true_from", f"{day_of(clock.now())}")
    keys.enter()
    for name in ("water", "gas", "telecom"):
        keys.type(field(SAY[name][1]), "75")
        keys.enter()
    keys.enter("main form[action$='/check'] button")
    keys.enter(FOLLOW)
    return said("event.UpdateReceived")


def appeal(keys: Keyboard, served: str, _: Path) -> str:
    secret(keys, served, telephone_of("700"))
    keys.enter("a[href$='value=bills.telecom']")
    keys.choose("since", "wrong")
    keys.enter()
    keys.type(field("bills.telecom"), "1.200")  # to be read in two ways
    keys.enter()
    keys.type(field("bills.telecom"), "٤٩٫٥٠ درهم")
    keys.type("#text", "لم يكن لنا هذا الخط.")
    keys.enter()
    keys.enter()
    keys.enter(FOLLOW)
    return said("appeal_in_work.title")


def sign_in(keys: Keyboard, served: str, _: Path) -> str:
    taken = registered()
    keys.open(f"{served}/ar")
    keys.enter("a[href$='/sign-in']")
    keys.type("#who", "123")
    keys.choose("own", "yes")
    keys.enter()
    keys.type("#who", taken.reference)
    keys.enter()
    keys.type("#code", code_for(keys.page))
    keys.enter()
    return said("Everything that happened")


def documents(keys: Keyboard, served: str, folder: Path) -> str:
    photograph = folder / "صورة.jpg"
    photograph.write_bytes(a_photograph())
    secret(keys, served, to_correct())
    keys.enter("main a[href$='/documents']")
    keys.enter("form[enctype] button")  # nothing chosen
    keys.choose("shows", "bill")
    keys.to("#file")
    with keys.page.expect_file_chooser() as chooser:
        keys.page.keyboard.press("Space")
    chooser.value.set_files(photograph)
    keys.enter("form[enctype] button")
    return said("shows.bill")


def answer(keys: Keyboard, served: str, _: Path) -> str:
    secret(keys, served, asked_by_caseworker())
    keys.enter("main a[href$='/withdraw']")
    keys.enter("button.warn")
    return said("withdrawn.title")


def messages(keys: Keyboard, served: str, _: Path) -> str:
    secret(keys, served, registered())
    keys.enter("main a[href$='/mine']")
    keys.to("a[href$='/mine/data']")
    with keys.page.expect_download() as download:
        keys.page.keyboard.press("Enter")
    assert download.value.suggested_filename.endswith(".json")
    keys.enter("main p > a:not(.button)[href*='/status/']")
    return said("notified.title")


def calculate(keys: Keyboard, served: str, _: Path) -> str:
    keys.open(f"{served}/ar/calculate")
    keys.enter("main a[href$='/calculate/urban']")
    keys.enter()  # nothing typed
    keys.choose(named("region"), "4")
    for name, given in (("hh_size", "3"), ("head_age", "40"), ("housing.rooms", "2")):
        if keys.page.locator(f"[id='{named(name)}']").count():
            keys.type(f"[id='{named(name)}']", given)
    keys.enter()
    assert keys.page.is_visible("#index")
    return ""


def close(keys: Keyboard, served: str, _: Path) -> str:
    secret(keys, served, registered())
    keys.enter(CLOSE)
    return said("Your file is closed")


FLOWS: list[Callable[[Keyboard, str, Path], str]] = [
    apply,
    correct,
    choose,
    change,
    appeal,
    sign_in,
    documents,
    answer,
    messages,
    calculate,
    close,
]


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: str(flow.__name__))
def test_a_flow_is_walked_by_keyboard_alone(
    served: str, reader: Page, tmp_path: Path, flow: Callable[[Keyboard, str, Path], str]
) -> None:
    ends = flow(Keyboard(reader), served, tmp_path)
    assert ends in re.sub(r"\s+", " ", text_of(reader))
