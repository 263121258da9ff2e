"""The calculator without an account: it gives what the engine gives, and keeps nothing."""

import re
from collections.abc import Iterator
from decimal import Decimal
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from playwright.sync_api import Browser, Page

from notifications.catalogues import LANGUAGES
from tests.browsing import assert_focused, follow
from tests.factories import a_declaration
from tests.filing import value
from tests.picturing import Keep
from tests.picturing import keep as keep
from tests.portal.conftest import Client
from tests.portal.test_browser import CHROMIUM, NARROW
from tests.portal.test_browser import browser as browser
from tests.portal.test_citizen_in_browser import assert_drawn_well, assert_light
from tests.strategies import declarations
from web.calculate import answers, formula_of, questions_of, score_of
from web.index_values import RESTS_ON
from web.language import PAGES, index, number
from web.public import today
from web.visits import Form
from workflows.bodies.declaration import Declaration
from workflows.policies import index_in_force
from workflows.policies.rules import in_force
from workflows.scoring.formula import RULES
from workflows.scoring.variables import FLAGS, SHARES, variables

both = pytest.mark.parametrize("language", LANGUAGES)
in_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: make setup-browser")
GO_ON = "main form button"


def engine_score(declaration: Declaration) -> Any:
    return RULES[in_force(RULES)](declaration, today(), index_in_force(today())).score


def typed_of(declaration: Declaration) -> dict[str, list[str]]:
    """What somebody of this household types, who counts its members and reads its bills."""
    counted = variables(declaration, today())
    size = len(declaration.members)
    typed: dict[str, list[str]] = {}
    for asked, _, name in questions_of(formula_of(declaration.milieu)):
        part, _, field = name.partition(".")
        if part in ("housing", "belongings", "bills"):
            found = getattr(getattr(declaration, part), field)
        elif part == "head":
            found = getattr(declaration.head, field)
        elif name == "region":
            found = declaration.region
        else:
            found = round(counted[name] * size) if name in SHARES else int(counted[name])
            found = ("yes" if found else "") if name in FLAGS else found
        typed[asked.field] = [str(each) for each in (found if isinstance(found, list) else [found])]
    return typed


@pytest.fixture
def reader(browser: Browser) -> Iterator[Page]:
    """A narrow phone on which axe can run."""
    context = browser.new_context(viewport={"width": NARROW, "height": 640})
    yield context.new_page()
    context.close()


@given(declarations())
def test_the_calculator_equals_the_engine_for_any_household(declaration: Declaration) -> None:
    typed = Form(urlencode(typed_of(declaration), doseq=True).encode()).typed

    said, problems = answers(questions_of(formula_of(declaration.milieu)), typed)

    assert problems == []
    assert score_of(declaration.milieu, said) == engine_score(declaration)


def test_every_variable_of_the_formula_rests_on_something_that_is_asked() -> None:
    for formula in index_in_force(today()).formulas.values():
        questions = questions_of(formula)
        assert len({each.asked.path for each in questions}) == len(questions)
        assert {"region", "hh_size", "housing.rooms"} <= {each.asked.path for each in questions}
        assert not {"head.birth_date"} & {RESTS_ON.get(each.name, "") for each in questions if each.texts == "formula"}


@both
def test_the_page_shows_the_index_as_a_file_shows_it_and_each_threshold(client: Client, language: str) -> None:
    """A third of a household has no end of digits, which would not fit a phone."""
    declaration = a_declaration()

    answer = client.get(f"/{language}/calculate/{declaration.milieu}", params=typed_of(declaration))

    assert answer.status_code == 200
    of_programmes = [Decimal("9.743001"), Decimal("9.3264284")]
    assert f'<bdi class="figure">{index(language, engine_score(declaration), *of_programmes)}</bdi>' in answer.text
    assert number(language, "9.743001") in answer.text
    assert number(language, "9.3264284") in answer.text


def test_the_calculator_keeps_nothing_and_asks_nothing_of_the_database(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    declaration = a_declaration()
    with monkeypatch.context() as away:
        away.setattr("models.database.pooled_connection", None)
        answer = client.get(f"/fr/calculate/{declaration.milieu}", params=typed_of(declaration))
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    assert value("select (select count(*) from receipt) + (select count(*) from application_draft)") == 0


@pytest.mark.parametrize(
    ("field", "typed", "code"),
    [
        ("hh_size", "", "empty"),
        ("hh_size", "0", "count_bounds"),
        ("housing.rooms", "two", "count"),
        ("region", "13", "choose"),
        ("bills.gas", "-3", "amount_bounds"),
        ("bills.gas", "1.200", "amount_unclear"),
        ("share_15p_earning", "31", "count_bounds"),
        ("share_15p_earning", "30", "count_bounds"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_what_was_typed_stays(
    client: Client, field: str, typed: str, code: str
) -> None:
    declaration = a_declaration(milieu="urban")
    form = typed_of(declaration) | {f"should.{field}": [typed], "should.bills.telecom": ["77.31"]}

    answer = client.get("/fr/calculate/urban", params=form)

    assert answer.status_code == 422
    assert f'id="should.{field}-problem"' in answer.text
    assert f'href="#should.{field}"' in answer.text
    assert PAGES.text("fr", f"wrong.{code}").split("{")[0].split("'")[0] in answer.text
    assert 'value="77.31"' in answer.text
    assert 'id="index"' not in answer.text


@both
@pytest.mark.parametrize("milieu", ["urban", "rural"])
def test_the_questions_stand_in_parts_that_a_list_at_the_top_leads_to(
    client: Client, language: str, milieu: str
) -> None:
    page = unescape(client.get(f"/{language}/calculate/{milieu}").text)
    parts = ["household", "people", "housing", "belongings", "bills"]
    top, *shown = page.split('<h2 class="part" id="part-')
    assert re.findall(r'href="#part-(\w+)"', top) == parts
    for number_of, (part, section) in enumerate(zip(parts, shown, strict=True), 1):
        assert section.startswith(f'{part}">{number_of}. {PAGES.text(language, f"group.{part}")}</h2>')
        assert 'name="should.' in section
    assert [part for part, section in zip(parts, shown, strict=True) if "should.bills." in section] == ["bills"]


@pytest.mark.parametrize("amount", ["٤٩٫٥٠", "49,50 درهم", "1 249.50 DH"])
def test_foreign_digits_and_amounts_as_people_write_them_are_read(client: Client, amount: str) -> None:
    form = typed_of(a_declaration(milieu="urban")) | {"should.bills.telecom": [amount]}
    assert client.get("/ar/calculate/urban", params=form).status_code == 200


def test_whoever_goes_back_to_a_result_is_not_asked_to_send_it_again(client: Client) -> None:
    form = re.findall(r'<form action="/fr/calculate/urban" method="(\w+)">', client.get("/fr/calculate/urban").text)
    assert form == ["get"]
    assert client.post("/fr/calculate/urban", data={"x": "y"}).status_code == 405


def test_what_is_no_milieu_or_no_form_is_no_failure(client: Client) -> None:
    assert client.get("/fr/calculate/sea").status_code == 404
    assert client.get("/fr/calculate/sea?x").status_code == 404
    assert client.get("/fr/calculate/urban?%FF=%%&&&").status_code == 422


@in_browser
@pytest.mark.parametrize("milieu", ["urban", "rural"])
def test_the_calculator_is_drawn_well_in_each_language(served: str, reader: Page, keep: Keep, milieu: str) -> None:
    for language in LANGUAGES:
        reader.goto(f"{served}/{language}/calculate/{milieu}")
        keep(reader, f"public-calculate-{milieu}-{language}")
        assert_drawn_well(reader)
        assert_light(reader.context, reader)
        follow(reader, GO_ON)
        assert_focused(reader, "#problems")
        assert_drawn_well(reader)
        for field, typed in (("hh_size", "3"), ("head_age", "40"), ("housing.rooms", "2")):
            if reader.locator(f"[id='should.{field}']").count():
                reader.fill(f"[id='should.{field}']", typed)
        reader.check("[id='should.region-4']")
        follow(reader, GO_ON)
        keep(reader, f"public-calculate-{milieu}-result-{language}")
        assert reader.is_visible("#index")
        assert_drawn_well(reader)
