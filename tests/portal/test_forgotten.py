"""A member who was there all along and was forgotten: one clear way, from the household's first day on."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from models import clock
from models.days import day_of
from notifications.catalogues import LANGUAGES
from tests.filing import a_household, register, rows, value
from tests.people import after
from tests.portal.applying import add_member
from tests.portal.conftest import Client
from tests.portal.standing import registered, work_off
from tests.portal.test_changing import begun, typed_day
from tests.portal.visiting import address_of, open_file, shown
from web.language import PAGES, date_of

both = pytest.mark.parametrize("language", LANGUAGES)
FORGOTTEN = "member_joined.forgotten"
NO_DAY = {"day": "", "month": "", "year": ""}


def a_child(**said: str) -> Mapping[str, object]:
    """A child of another household in the population register, who is in no household yet."""
    more = a_household(5, members=4)
    register([more])
    found = next(each for each in more.body["members"] if not each.get("declarant"))
    return {**found, "relationship": "child", **said}


@both
def test_a_forgotten_child_counts_from_the_first_day_and_no_day_is_asked_for(client: Client, language: str) -> None:
    taken = registered()
    first = day_of(clock.now())
    with after(days=40):
        open_file(client, taken, language)
        who, page = begun(client, FORGOTTEN, language, taken, NO_DAY)
        said = (
            "Add who was forgotten, then go on. It counts from your household's first day in the register, for a child "
            "born since then from the birth."
        )
        assert PAGES.text(language, said) in page
        number = value("select (said ->> 'used')::int from application_draft") + 1
        child = a_child()
        add_member(who, number, child)
        shown_last = who.page("check")
        assert PAGES.text(language, f"change.{FORGOTTEN}") in shown_last
        assert date_of(language, first.isoformat()) in shown_last
        assert who.send("check")[2] == "receipt"
        work_off()
    found = rows("select body ->> 'cause', body ->> 'true_from' from case_body where body ->> 'change' is not null")
    assert found == [("forgotten", first.isoformat())]
    assert value("select stage from cases where kind = 'update'") == "notified"
    (before,), (now,) = rows("select size from household_version order by version")
    assert now == before + 1
    assert value("select count(*) from household_period where upper_inf(known)") == 1, (
        "one version, from the first day on"
    )


def test_a_forgotten_child_who_was_born_since_counts_from_the_birth(client: Client) -> None:
    taken = registered()
    with after(days=40) as now:
        open_file(client, taken)
        who, _ = begun(client, FORGOTTEN, "fr", taken, NO_DAY)
        birth = day_of(now) - timedelta(days=10)
        number = value("select (said ->> 'used')::int from application_draft") + 1
        add_member(who, number, a_child(birth_date=birth.isoformat()))
        assert date_of("fr", birth.isoformat()) in who.page("check")
        assert who.send("check")[2] == "receipt"
    assert value("select body ->> 'true_from' from case_body where body ->> 'change' is not null") == birth.isoformat()


@both
def test_who_types_a_day_before_the_register_is_led_to_the_forgotten(client: Client, language: str) -> None:
    today = day_of(clock.now())
    wrong = today - timedelta(days=400)
    _, page = begun(client, "member_joined.birth", language, day=typed_day(wrong))
    said = {"day": date_of(language, wrong.isoformat()), "first": date_of(language, today.isoformat())}
    assert page.count(PAGES.text(language, "wrong.joined_before").format(**said)) == 2
    assert f'value="{FORGOTTEN}"' in page
    assert value("select count(*) from application_draft") == 0


@both
def test_who_means_to_contest_that_somebody_was_forgotten_is_led_to_the_change(client: Client, language: str) -> None:
    taken = registered()
    open_file(client, taken, language)
    page = shown(client, address_of(taken, "appeal", language))
    assert PAGES.text(language, "Was a member of your household forgotten?") in page
    assert f'<a href="{address_of(taken, "change", language)}">' in page
