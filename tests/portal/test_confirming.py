"""Once a year a household looks through what it declared, corrects what is different, and confirms it."""

import re
from datetime import timedelta

import pytest

from models import clock
from models.days import day_of
from notifications.catalogues import LANGUAGES
from tests.changing import nothing_wrong
from tests.filing import rows, value
from tests.portal.applying import Applying
from tests.portal.conftest import Client
from tests.portal.standing import registered, work_off
from tests.portal.visiting import address_of, hidden_of, open_file
from tests.terms import days_of
from web.language import PAGES, date_of, index
from workflows.intake.submit import Accepted

MADE = "select body ->> 'change', body ->> 'true_from' from case_body where body ->> 'change' is not null"
both = pytest.mark.parametrize("language", LANGUAGES)


def begun(client: Client, taken: Accepted, language: str = "fr") -> Applying:
    """Somebody who presses the button of the yearly confirmation in their open file."""
    page = open_file(client, taken, language)
    until = day_of(clock.now() + timedelta(days_of("confirmation"))).isoformat()
    said = PAGES.text(
        language,
        "Once a year, look through your declaration and confirm it: the next time before {day}. Your index is then "
        "computed anew.",
    )
    assert said.format(day=date_of(language, until)) in page
    form = page[: page.index(PAGES.text(language, "Look through it and confirm"))]
    answer = client.post(address_of(taken, "confirm", language), data=hidden_of(form))
    assert str(answer.url.path) == f"/{language}/apply/{taken.reference}/check"
    who = Applying.__new__(Applying)
    who.client, who.language, who.reference, who.secret = client, language, taken.reference, taken.secret
    return who


@both
def test_who_confirms_sees_all_answers_and_the_index_is_computed_anew(client: Client, language: str) -> None:
    taken = registered()
    who = begun(client, taken, language)
    assert f"<h1>{PAGES.text(language, 'Your confirmation')}</h1>" in who.page()
    page = who.page("check")
    assert PAGES.text(language, "Does all of this still hold?") in page
    for name in ("milieu", "bills.telecom", "housing.dwelling"):
        assert PAGES.text(language, f"field.{name}") in page
    status, page, after = who.send("check")
    assert (status, after) == (200, "receipt")
    assert PAGES.text(language, "We have your confirmation") in page
    assert PAGES.text(language, "We have your change") not in page
    work_off()
    assert rows(MADE) == [("confirmation", day_of(clock.now()).isoformat())]
    assert rows("select stage from cases where kind = 'update'") == [("notified",)]
    told = rows("select template from message m join cases c on c.id = m.case_id where c.kind = 'update' order by seq")
    assert told == [("confirmation_received",), ("confirmed",)]
    assert value("select max(version) from household_version") == 2
    figure = re.findall(r'class="figure">([^<]+)<', open_file(client, taken, language))[0]
    assert figure == index(language, value("select value from score order by case_id desc limit 1")), (
        "nothing stands beside it"
    )
    assert nothing_wrong()


def test_what_is_different_is_corrected_on_the_way(client: Client) -> None:
    who = begun(client, registered())
    assert who.answer("telecom?back=check", bills__telecom="77") == "check"
    page = who.page("check")
    assert PAGES.text("fr", "changed:") in page
    assert PAGES.text("fr", "What you corrected") not in page
    assert PAGES.text("fr", "field.housing.dwelling") in page
    assert who.send("check")[2] == "receipt"
    work_off()
    declared = value("select body -> 'declaration' from case_body where body ->> 'change' = 'confirmation'")
    assert declared["bills"]["telecom"] == "77"
    assert rows("select stage from cases where kind = 'update'") == [("notified",)]


def test_who_confirmed_lately_confirms_nothing_anew(client: Client) -> None:
    taken = registered()
    assert begun(client, taken).send("check")[2] == "receipt"
    work_off()
    status, page, _ = begun(client, taken).send("check")
    assert (status, value("select count(*) from cases where kind = 'update'")) == (422, 1)
    assert PAGES.text("fr", "cannot_apply.confirmed_lately") in page


def test_nobody_joins_or_leaves_by_a_confirmation(client: Client) -> None:
    who = begun(client, registered())
    status, _, _ = who.send("members/2/remove", do="remove")
    assert status == 200
    assert who.send("check")[0] == 422
    assert value("select count(*) from cases where kind = 'update'") == 0


def test_a_file_that_is_not_open_confirms_nothing(client: Client) -> None:
    taken = registered()
    client.post(address_of(taken, "confirm"), data={"mark": "0" * 64})
    assert value("select count(*) from application_draft") == 0
