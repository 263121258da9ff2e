"""What a visit shows of the household: the index, the thresholds, what counted, whom it is about, what changed."""

import re
from decimal import Decimal

import pytest

from notifications.catalogues import LANGUAGES
from tests.appealing import acts, an_appeal, findings
from tests.changing import change_of, declare
from tests.filing import a_household, borrowing, changed, file, register, rows, value
from tests.people import caseworker
from tests.portal.conftest import Client
from tests.portal.standing import (
    MORE,
    asked_by_caseworker,
    departure,
    proposed,
    registered,
    to_correct,
    work_off,
)
from tests.portal.visiting import address_of, open_file, shown
from web.language import PAGES, index, number, programme, term
from workflows.intake.submit import Accepted

both = pytest.mark.parametrize("language", LANGUAGES)
WRONG = PAGES.text("fr", "This is wrong")


def telecom(raised_to: str = "700", place: int = 0) -> Accepted:
    """A registered household whose telephone bill was declared so."""
    made = a_household(place, members=3)
    register([made])
    (taken,) = file(changed(made.body, bills={"telecom": raised_to, "gas": "54.60"}))
    work_off()
    return taken


@both
def test_the_index_stands_there_with_each_threshold_that_it_meets_or_not(client: Client, language: str) -> None:
    taken = telecom()
    page = open_file(client, taken, language)

    found = rows("select programme, threshold, eligible from eligibility where household_id is not null")
    score = value("select value from score where case_id = %s", taken.case_id)
    assert index(language, score, *[each[1] for each in found]) in page
    assert len(found) == 2
    for name, threshold, met in found:
        said = PAGES.text(language, "The index meets it." if met else "The index does not meet it.")
        line = PAGES.text(language, "{programme}: at most {threshold}.")
        line = line.format(programme=programme(language, name), threshold=number(language, threshold))
        assert re.search(re.escape(line) + r"\s*<strong>" + re.escape(said), page)


@both
def test_every_value_that_counted_is_there_in_words_with_what_it_adds_and_a_way_to_contest_it(
    client: Client, language: str
) -> None:
    taken = telecom()
    page = open_file(client, taken, language)
    (facts,) = rows("select facts from event where case_id = %s and kind = 'ScoreComputed'", taken.case_id)
    by_variable = {name: Decimal(product) for name, _, _, product in facts[0]["contributions"]}

    adds = PAGES.text(language, "adds {by}").format(by=term(language, by_variable["telecom_per_head_year"]))
    line = page[page.index(PAGES.text(language, "field.bills.telecom")) :].split("</li>")[0]
    assert number(language, "700") in line
    assert adds in line
    assert f'href="/{language}/status/{taken.reference}/appeal?value=bills.telecom"' in line
    assert page.count(PAGES.text(language, "This is wrong")) >= len(facts[0]["contributions"]) - 2
    size = page[page.index(PAGES.text(language, "counted.hh_size")) :].split("</li>")[0]
    assert f'href="/{language}/status/{taken.reference}/change"' in size, "who belongs to it is no value of an appeal"


@both
def test_nothing_of_it_is_shown_without_the_secret(client: Client, language: str) -> None:
    taken = telecom()
    page = shown(client, address_of(taken, language=language))
    assert [
        key
        for key in ("This is wrong", "What counted in it", "Everything that happened", "I do not agree")
        if PAGES.text(language, key) in page
    ] == []


@both
def test_a_member_is_named_by_given_name_to_the_secret_alone(client: Client, language: str) -> None:
    taken = to_correct()
    (body,) = rows("select body from case_body where case_id = %s", taken.case_id)
    member = body[0]["members"][1]
    name = member.get("given_name_ar") or member["given_name_la"]

    assert name not in shown(client, address_of(taken, language=language))
    assert f"<bdi>{name}</bdi>" in open_file(client, taken, language)


@both
@pytest.mark.parametrize("standing", [asked_by_caseworker, proposed])
def test_what_a_caseworker_asks_or_holds_against_a_household_says_which_person(
    client: Client, language: str, standing: object
) -> None:
    taken = standing()  # type: ignore[operator]
    (body,) = rows("select body from case_body where case_id = %s", taken.case_id)
    borrowed = body[0]["members"][-1]
    name = borrowed.get("given_name_ar") or borrowed["given_name_la"]

    page = open_file(client, taken, language)

    if standing is asked_by_caseworker:
        assert f"{PAGES.text(language, 'It is about:')} <bdi>{name}</bdi>" in page
    else:
        assert PAGES.text(language, "It is about:") not in page, "it is about a value"


@both
def test_after_a_correction_the_page_has_the_corrected_index_what_changed_and_from_when(
    client: Client, language: str
) -> None:
    taken = telecom()
    before = value("select value from score where case_id = %s", taken.case_id)
    appeal = an_appeal(taken, "index", contested=[{"path": "bills.telecom", "should_be": "49.50"}])
    work_off()
    acts(appeal, "salma", "assign")
    acts(appeal, "salma", "propose", findings(bills__telecom=True))
    work_off()
    after = value("select score_corrected from score_correction where case_id = %s", appeal.case_id)

    page = open_file(client, taken, language)

    was = PAGES.text(language, "Before that, your index was {before}.")
    assert was.format(before=index(language, before, after)) in page
    assert page.count(index(language, after, before)) == 1
    what = PAGES.text(language, "{what}: {before} before, {after} now.")
    telephone = PAGES.text(language, "field.bills.telecom")
    assert what.format(what=telephone, before=number(language, "700"), after=number(language, "49.5")) in page
    corrected = "It was corrected, and counts as if it had been so from the beginning."
    assert PAGES.text(language, corrected) in page
    assert "appeal?value=bills.telecom" in page, "its receipt contests it still"
    followed = open_file(client, appeal, language)
    assert PAGES.text(language, "event.CorrectionMade") in followed
    assert index(language, after, before) in followed


def test_after_a_change_the_first_receipt_shows_the_household_and_contests_nothing_of_it(client: Client) -> None:
    taken = registered()
    body = a_household(0, members=3).body
    update = declare(taken, change_of(changed(body, bills=MORE), "bills"))
    work_off()

    first = open_file(client, taken)
    assert "appeal?value=" not in first
    assert "autre dossier de votre ménage" in first
    assert number("fr", "700") in first

    own = open_file(client, update)
    assert "appeal?value=bills.telecom" in own
    what = PAGES.text("fr", "{what}: {before} before, {after} now.").split(":")[0]
    assert PAGES.text("fr", "What changed since the version before?") in own
    assert what.format(what=PAGES.text("fr", "field.bills.telecom")) in own


def test_whoever_left_sees_nothing_of_the_household_any_more(client: Client) -> None:
    mine, other = a_household(0, members=3), a_household(1, members=3)
    register([mine, other])
    (taken,) = file(mine.body)
    work_off()
    assert WRONG in open_file(client, taken)

    rows("delete from person_claim where idcs = (select applicant_idcs from cases where id = %s)", taken.case_id)

    page = shown(client, address_of(taken))
    assert WRONG not in page
    assert PAGES.text("fr", "What counted in it") not in page
    assert PAGES.text("fr", "I do not agree") not in page


def test_whoever_declares_that_they_leave_sees_nothing_of_whom_they_leave(client: Client) -> None:
    taken = departure()
    page = open_file(client, taken)
    assert PAGES.text("fr", "What counted in it") not in page


@both
def test_everything_that_happened_is_there_with_its_day_the_newest_first(client: Client, language: str) -> None:
    taken = asked_by_caseworker()
    page = open_file(client, taken, language)
    history = page[page.index('<ul class="history">') :].split("</ul>")[0]
    places = [
        history.index(PAGES.text(language, f"event.{kind}"))
        for kind in ("CorrectionAsked", "DuplicateSuspected", "ScoreComputed", "ApplicationReceived")
    ]
    assert places == sorted(places)
    assert "ReviewOverdue" not in history


def test_a_household_that_is_not_registered_yet_has_no_index_on_its_page(client: Client) -> None:
    made, other = a_household(2, members=3), a_household(3, members=3)
    register([made, other])
    file(other.body)
    work_off()
    (taken,) = file(borrowing(made.body, other.body))
    work_off()
    caseworker(taken, "correct", "person_declared_twice")
    assert PAGES.text("fr", "What counted in it") not in open_file(client, taken)
