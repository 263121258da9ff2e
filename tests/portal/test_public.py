"""The pages without an account: every number of the policies in force and every message stands on them, exactly."""

import gzip
import re
from collections.abc import Iterator
from decimal import Decimal
from html import unescape
from pathlib import Path
from uuid import UUID

import pytest
from jinja2.filters import do_striptags
from playwright.sync_api import Browser, Page

import web
from models import clock
from models.days import day_of
from models.errors import Broken
from notifications.catalogues import LANGUAGES
from notifications.channels.sms_parts import parts_of
from notifications.codes import text_of_code
from notifications.notices import words
from tests.conftest import forget_policies
from tests.picturing import Keep
from tests.picturing import keep as keep
from tests.portal.conftest import Client
from tests.portal.standing import registered
from tests.portal.test_browser import CHROMIUM, NARROW
from tests.portal.test_browser import browser as browser
from tests.portal.test_citizen_in_browser import ALL_OPEN, HEAVIEST, assert_drawn_well, assert_light
from tests.portal.test_operation import RUNS_OR_STYLES
from tests.portal.visiting import open_file
from web.language import PAGES, date_of, number, programme, province
from workflows.flows import FLOWS
from workflows.flows.grammar import Message
from workflows.policies import index_in_force, newest_terms, thresholds_in_force
from workflows.policies.published import index_file_in_force, offices_by_region, offices_file, thresholds_published

NAMES = ("how", "formula", "programmes", "our-messages", "offices", "calculate")
REFERENCE = "RSU-XXXX-XXXX-XXXX"
MESSAGES: list[Message] = [  # of each kind of case, and of reviews that the agency opens, each of them once
    message
    for told in (
        *((*flow.messages.values(), *flow.confirming.values()) for flow in FLOWS.values()),
        *((*flow.unasked.values(), *flow.by_register.values()) for flow in FLOWS.values()),
    )
    for message in dict.fromkeys(filter(None, told))
]
both = pytest.mark.parametrize("language", LANGUAGES)
in_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: make setup-browser")


@pytest.fixture
def reader(browser: Browser) -> Iterator[Page]:
    """A narrow phone on which axe can run."""
    context = browser.new_context(viewport={"width": NARROW, "height": 640})
    yield context.new_page()
    context.close()


def html_of(client: Client, language: str, name: str) -> str:
    answer = client.get(f"/{language}/{name}")
    assert answer.status_code == 200
    return answer.text


def plain(html: str) -> str:
    """What is read of some HTML."""
    return " ".join(unescape(do_striptags(html)).split())


def part(html: str, name: str) -> str:
    """What stands under the heading of this name, up to the next of its rank."""
    return html.split(f'<h2 id="{name}">')[1].split("<h2")[0]


def lines_of(html: str) -> list[str]:
    return [plain(each) for each in re.findall(r"<li>(.*?)</li>", html, re.DOTALL)]


def line_of(language: str, variable: str, coefficient: Decimal) -> str:
    """A line of the formula: what counts, and by how much it raises or lowers the index."""
    moves = PAGES.text(language, "adds {by}" if coefficient >= 0 else "takes off {by}")
    return f"{PAGES.text(language, f'formula.{variable}')} {moves.format(by=number(language, abs(coefficient)))}"


def a_new_index(folder: Path, day: str, *changes: tuple[str, str]) -> None:
    """Another version of the index, in force from a day on."""
    text = (folder / "index" / "2021-08-09.toml").read_text().replace("2021-08-09", day)
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    (folder / "index" / f"{day}.toml").write_text(text)
    forget_policies()


def a_new_threshold(folder: Path, day: str, threshold: str) -> None:
    """Another version of the threshold of ASD, in force from a day on."""
    text = (folder / "programmes" / "asd.toml").read_text().replace("2023-12-01", day).replace("9.743001", threshold)
    (folder / "programmes" / f"asd_{day}.toml").write_text(text)
    forget_policies()


# The formula ---------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("milieu", ["urban", "rural"])
def test_every_coefficient_in_force_stands_on_the_page_exactly_and_no_other(
    client: Client, language: str, milieu: str
) -> None:
    formula = index_in_force(day_of(clock.now())).formulas[milieu]
    shown = part(html_of(client, language, "formula"), milieu)

    lines = [re.sub(r" \([^()]*: [\d.,]+\)$", "", each) for each in lines_of(shown)]
    expected = [plain(line_of(language, *each)) for each in formula.coefficients.items()]
    assert sorted(lines) == sorted(expected)
    assert f'<strong><bdi class="figure">{number(language, formula.constant)}</bdi>' in shown


@both
def test_the_part_of_every_region_stands_on_the_page_for_each_milieu(client: Client, language: str) -> None:
    index = index_in_force(day_of(clock.now()))
    rows = re.findall(r"<tr>(<th scope=\"row\">.*?)</tr>", part(html_of(client, language, "formula"), "regions"))

    assert [plain(re.sub("<t", " <t", each)) for each in rows] == [
        " ".join(
            [
                PAGES.text(language, f"region.{code}"),
                *(number(language, formula.regions[code]) for formula in index.formulas.values()),
            ]
        )
        for code in index.region_names
    ]


@both
def test_the_source_the_day_and_every_doubt_of_the_formula_are_said(client: Client, language: str) -> None:
    file = index_file_in_force(day_of(clock.now()))
    said = plain(html_of(client, language, "formula"))

    keys = [f"source.{file.version}", f"seen.{file.version}"]
    keys += [f"unsure.{file.version}.{each.value}" for each in file.doubts]
    assert [key for key in keys if plain(PAGES.text(language, key)) not in said] == []
    assert plain(date_of(language, "2021-08-09")) in said
    other = PAGES.text(language, "(another number was seen: {other})").format(other=number(language, "0.00011"))
    assert plain(other) in said


def test_a_new_formula_is_announced_and_counts_on_the_page_from_its_day_on(client: Client, policy_folder: Path) -> None:
    a_new_index(policy_folder, "2999-01-01", ('"0.226"', '"0.987654321098765"'))
    said = html_of(client, "fr", "formula")
    assert "0,226" in said
    assert "0,987654321098765" not in said
    assert date_of("fr", "2999-01-01") in said

    a_new_index(policy_folder, "2026-01-01", ('"0.226"', '"0.987654321098765"'), ("Decree 2-21-582", "Decree 9-99-999"))
    said = html_of(client, "fr", "formula")
    assert "0,226" not in said
    assert "0,987654321098765" in said
    assert '<bdi lang="en">Decree 9-99-999' in said, "a source that nobody has translated yet is said as it is"
    assert PAGES.text("fr", "source.2021-08-09") not in said


def test_what_lowers_the_index_is_read_from_the_formula(client: Client, policy_folder: Path) -> None:
    cars = PAGES.text("fr", "formula.n_cars")
    assert cars not in lines_of(html_of(client, "fr", "how"))

    a_new_index(policy_folder, "2026-01-01", ('n_cars = "0.226"', 'n_cars = "-0.226"'))

    assert cars in lines_of(html_of(client, "fr", "how"))


@both
def test_the_page_of_how_it_works_says_the_terms_that_the_engine_keeps(client: Client, language: str) -> None:
    said = plain(html_of(client, language, "how"))
    for each in ("lodging", "answer"):
        assert str(newest_terms()[each].within.days) in said


# The programmes ------------------------------------------------------------------------------------


@both
def test_every_threshold_in_force_stands_on_the_page_exactly_with_its_day_and_source(
    client: Client, language: str
) -> None:
    html = html_of(client, language, "programmes")
    for each in thresholds_in_force(day_of(clock.now())):
        shown = plain(html.split(f"<h2>{programme(language, each.programme)}</h2>")[1].split("<h2")[0])
        assert number(language, each.threshold) in shown.split()
        assert plain(date_of(language, each.in_force_from.isoformat())) in shown
        assert plain(PAGES.text(language, f"source.{each.version}")) in shown
        assert plain(PAGES.text(language, "We know of no other threshold before.")) in shown


def test_the_page_shows_the_thresholds_that_were_and_those_that_come(client: Client, policy_folder: Path) -> None:
    a_new_threshold(policy_folder, "2026-01-01", "9.500000000000001")
    a_new_threshold(policy_folder, "2999-01-01", "9.25")

    html = html_of(client, "fr", "programmes").split("<h2>Aide sociale directe</h2>")[1].split("<h2")[0]
    in_force, rest = html.split(f"<h3>{PAGES.text('fr', 'To come')}</h3>")
    coming, past = rest.split(f"<h3>{PAGES.text('fr', 'Before')}</h3>")

    assert re.findall(r"9,\d+", in_force) == ["9,500000000000001"]
    assert re.findall(r"9,\d+", coming) == ["9,25"]
    assert re.findall(r"9,\d+", past) == ["9,743001"]
    assert [each.threshold for each in thresholds_published()["ASD"]] == [
        Decimal("9.25"),
        Decimal("9.500000000000001"),
        Decimal("9.743001"),
    ]


def test_a_programme_whose_threshold_is_yet_to_come_says_so(client: Client, policy_folder: Path) -> None:
    path = policy_folder / "programmes" / "asd.toml"
    path.write_text(path.read_text().replace("2023-12-01", "2999-01-01"))
    forget_policies()

    shown = html_of(client, "fr", "programmes").split("<h2>Aide sociale directe</h2>")[1].split("<h2")[0]

    assert PAGES.text("fr", "No threshold is in force yet.") in plain(shown)
    assert PAGES.text("fr", "We know of no other threshold before.") not in plain(shown)


# Our messages --------------------------------------------------------------------------------------


def messages_on(client: Client, language: str) -> list[str]:
    found = re.findall(r'<p class="message"[^>]*>(.*?)</p>', html_of(client, language, "our-messages"), re.DOTALL)
    return [unescape(do_striptags(each)) for each in found]


@both
def test_every_message_of_every_flow_is_on_the_page_in_its_language_in_the_order_of_its_flow(
    client: Client, language: str
) -> None:
    expected = [
        re.escape(words(each, language))
        .replace(r"\{reference\}", REFERENCE)
        .replace(r"\{days\}", r"[1-9]\d*")
        .replace(r"\{day\}", r"\d\d/\d\d/\d{4}")
        for each in MESSAGES
    ]
    expected.insert(0, re.escape(text_of_code(language, "123456").replace("\n", " ")))
    shown = messages_on(client, language)
    assert [text for pattern, text in zip(expected, shown, strict=True) if not re.fullmatch(pattern, text)] == []


def test_a_message_gives_the_days_of_its_own_term(client: Client) -> None:
    (asked,) = [each for each in messages_on(client, "fr") if "Dites laquelle est juste" in each]
    assert f"sous {newest_terms()['conflict'].within.days} jours" in asked


@both
def test_what_the_page_says_that_no_message_has_none_has(language: str) -> None:
    asks_or_links = r"https?:|www\.|\.ma\b|payez|dirham|\bDH\b|درهم|أدوا|ادفعوا"
    texts = [text_of_code(language, "123456"), *(words(each, language) for each in MESSAGES)]
    assert len(parts_of(texts[0], UUID(int=0)).octets) == 1  # whoever waits for it has the whole of it at once
    assert [each for each in texts if re.search(asks_or_links, each)] == []
    begins = {"ar": "السجل الاجتماعي الموحد: ", "fr": "RSU : ", "en": "RSU: "}[language]
    assert [each for each in texts if not each.startswith(begins)] == []


# The service centres -------------------------------------------------------------------------------


@both
def test_every_service_centre_stands_on_the_page_with_its_hours_and_phone(client: Client, language: str) -> None:
    html = html_of(client, language, "offices")
    for each in offices_file().offices:
        told = html.split(f"<h3>{province(language, each.province)}</h3>")[1].split("<h3>")[0]
        assert plain(told).startswith(each.address["ar" if language == "ar" else "fr"])
        assert re.search(rf"{each.opens}.{{1,9}}{each.closes}", told)
        assert f'href="tel:{each.phone.replace(" ", "")}"' in told


def test_every_region_has_a_service_centre() -> None:
    assert list(offices_by_region()) == list(range(1, 13))


@both
def test_addresses_that_are_examples_are_said_to_be(client: Client, language: str, policy_folder: Path) -> None:
    said = PAGES.text(language, "These addresses are examples, not real ones.")
    assert said in unescape(html_of(client, language, "offices"))

    file = policy_folder / "offices.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("example = true", "example = false"), encoding="utf-8")
    forget_policies()
    assert said not in unescape(html_of(client, language, "offices"))


@pytest.mark.parametrize(("right", "wrong"), [("MA-RAB", "MA-XXX"), ('closes = "16:30"', 'closes = "half past"')])
def test_an_office_that_is_not_right_is_named(policy_folder: Path, right: str, wrong: str) -> None:
    file = policy_folder / "offices.toml"
    file.write_text(file.read_text(encoding="utf-8").replace(right, wrong, 1), encoding="utf-8")
    forget_policies()
    with pytest.raises(Broken, match=r"offices\.\d+\."):
        offices_file()


@both
@pytest.mark.parametrize("address", ["", "/status/RSU-0000-0000-0000", "/apply"])
def test_pages_lead_to_the_service_centres(client: Client, language: str, address: str) -> None:
    assert f'href="/{language}/offices"' in client.get(f"/{language}{address}").text


# All of them ---------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("name", NAMES)
def test_a_public_page_is_light_runs_nothing_and_asks_nothing_of_the_database(
    client: Client, language: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.database.pooled_connection", None)
    html = html_of(client, language, name)
    sheet = (Path(web.__path__[0]) / "static/sijil.css").read_bytes()
    assert len(gzip.compress(html.encode())) + len(gzip.compress(sheet)) < HEAVIEST
    assert RUNS_OR_STYLES.findall(html) == []
    assert "<form" not in html
    assert client.get(f"/xx/{name}").status_code == 404


@both
def test_the_first_page_leads_to_each_of_them_below_its_button_and_each_to_the_others(
    client: Client, language: str
) -> None:
    home = client.get(f"/{language}").text
    for name in NAMES:
        link = f'<a href="/{language}/{name}"'
        assert home.index(link) > home.index(f'class="button start" href="/{language}/apply"')
        assert [each for each in NAMES if link not in html_of(client, language, each)] == [name]


def test_the_page_of_an_index_leads_to_them(client: Client) -> None:
    page = open_file(client, registered())
    assert [name for name in NAMES if f'/{name}"' not in page] == []


@in_browser
@pytest.mark.parametrize("name", NAMES)
def test_a_public_page_is_drawn_well_in_each_language(served: str, reader: Page, keep: Keep, name: str) -> None:
    for language in LANGUAGES:
        reader.goto(f"{served}/{language}/{name}")
        keep(reader, f"public-{name}-{language}")
        reader.evaluate(ALL_OPEN)
        keep(reader, f"public-{name}-open-{language}") if name in ("our-messages", "offices") else None
        assert_drawn_well(reader)
        assert_light(reader.context, reader)


@in_browser
def test_the_first_page_with_its_list_is_drawn_well_in_each_language(served: str, reader: Page, keep: Keep) -> None:
    for language in LANGUAGES:
        reader.goto(f"{served}/{language}")
        keep(reader, f"public-home-{language}")
        assert_drawn_well(reader)
