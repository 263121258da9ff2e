"""A household whose entry changed by what the population register told reads so, in careful words, in each language."""

from dataclasses import replace
from datetime import timedelta

import pytest

from models import clock
from models.days import day_of
from notifications.catalogues import LANGUAGES
from tests.changing import change_of, declare
from tests.filing import Body, a_household, changed, current_stage, file, register
from tests.hearing import happens, heard, opened
from tests.people import after, caseworker
from tests.portal.conftest import Client
from tests.portal.standing import work_off
from tests.portal.visiting import address_of, open_file, shown
from tests.staffing import a_person, sign_in
from tests.terms import days_of
from web.language import PAGES, date_of
from workflows.intake.submit import Accepted
from workflows.population import life
from workflows.staff.roles import COUNTRY

both = pytest.mark.parametrize("language", LANGUAGES)


def home() -> tuple[Body, Accepted]:
    """A registered household of three or more."""
    made = a_household(members=3)
    register([made])
    (taken,) = file(made.body)
    work_off()
    return made.body, taken


def idcs_of(body: Body, *, head: bool) -> str:
    """The identifier of the head, or of somebody else who did not declare the household."""
    return next(
        str(each["idcs"])
        for each in body["members"]
        if (each["relationship"] == "head") == head and (head or not each.get("declarant"))
    )


def dies(body: Body, *, head: bool) -> Accepted:
    """A member dies; the case that this opens, worked off."""
    happens(life.die, idcs_of(body, head=head))
    heard()
    work_off()
    return opened()[-1]


@both
def test_a_household_reads_that_its_entry_follows_the_register_and_nothing_names_the_dead(
    client: Client, language: str
) -> None:
    body, taken = home()
    update = dies(body, head=False)
    assert current_stage(update) == "notified"

    page = open_file(client, replace(update, secret=taken.secret), language)

    assert PAGES.text(language, "register_notified.title") in page
    assert f"{PAGES.text(language, 'event.RegisterTold')}</li>" in page.replace(". ", "").replace("\n", "")
    assert PAGES.text(language, "event.UpdateReceived") not in page
    assert not any(each["family_name_la"] in page for each in body["members"] if each.get("family_name_la"))


@both
def test_whose_head_died_is_asked_to_declare_anew_and_the_staff_sees_why(client: Client, language: str) -> None:
    body, _ = home()
    update = dies(body, head=True)
    assert PAGES.text(language, "register_under_way.title") in shown(client, address_of(update, language=language))
    sign_in(client, a_person("Leila", "caseworker", within=COUNTRY))
    client.headers.update({"accept-language": language})
    page = client.get(f"/console/cases/{update.reference}").text
    assert "member_died" in page
    assert "duplicate_application" not in page
    assert "person_lives_elsewhere" not in page

    caseworker(update, "correct", "member_died", name="leila")

    assert PAGES.text(language, "register_correction_asked.title") in shown(
        client, address_of(update, language=language)
    )


@both
def test_what_was_taken_back_leaves_the_entry_as_it_is(client: Client, language: str) -> None:
    body, taken = home()
    update = dies(body, head=True)
    happens(life.change, idcs_of(body, head=True), {"status": "alive"})
    heard()
    page = open_file(client, replace(update, secret=taken.secret), language)
    assert PAGES.text(language, "update_unchanged.title") in page
    assert PAGES.text(language, "event.RegisterTookBack") in page


INVITES = (
    "The population register tells us of a change that may concern your household. If its members have changed, "
    "declare that before {day}. If nothing has changed, you need do nothing: your entry stays valid."
)


@both
def test_whoever_is_invited_to_say_what_has_changed_reads_so_and_by_when_until_they_do(
    client: Client, language: str
) -> None:
    body, taken = home()
    nothing_to_do = PAGES.text(language, "notified.do")
    assert nothing_to_do in open_file(client, taken, language)
    happens(life.wed, idcs_of(body, head=True), idcs_of(body, head=False))
    heard()
    last = day_of(clock.now()) + timedelta(days=days_of("life_event"))
    asked = PAGES.text(language, INVITES).format(day=date_of(language, last.isoformat()))

    page = open_file(client, taken, language)
    assert asked in page
    assert nothing_to_do not in page
    assert f'<a class="button" href="{address_of(taken, "change", language)}"' in page
    assert page.count(PAGES.text(language, "Has something changed?")) == 1
    client.cookies.clear()
    assert asked not in shown(client, address_of(taken, language=language))  # to who has the reference alone
    with after(days_of("life_event")):
        assert asked not in open_file(client, taken, language)

    declare(taken, change_of(changed(body, bills={"telecom": "501"}), "bills"))
    work_off()
    assert asked not in open_file(client, taken, language)
