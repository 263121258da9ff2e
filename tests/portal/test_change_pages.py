"""The citizen's page of a change, in each language: where it stands, what to do, by when, and what came of it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from html import unescape

import pytest

from models import clock
from models.days import day_of
from notifications.catalogues import LANGUAGES
from tests.changing import change_of, declare
from tests.filing import a_household, facts_of, rows, value
from tests.portal.conftest import Client
from tests.portal.standing import (
    CHANGES,
    REVIEWS,
    change_conflicting,
    change_lost,
    change_proposed,
    change_registered,
    change_rejected,
    end_week,
    entry_reviewed,
    leaving,
    registered,
    work_off,
)
from tests.terms import days_of
from web.language import PAGES, day, index, number, programme
from workflows.intake.submit import Accepted
from workflows.policies import index_in_force, programme_names, thresholds
from workflows.scoring.variables import PARTS, part_of

both = pytest.mark.parametrize("language", LANGUAGES)


def seen(client: Client, language: str, taken: Accepted) -> str:
    """A page's text as whoever knows the reference reads it."""
    answer = client.get(f"/{language}/status/{taken.reference}")
    assert answer.status_code == 200
    return unescape(answer.text)


def with_secret(client: Client, language: str, taken: Accepted) -> str:
    """The page's text for whoever has the secret."""
    answer = client.post(f"/{language}/status/{taken.reference}/open", data={"secret": taken.secret})
    assert answer.status_code == 200
    return unescape(answer.text)


@both
@pytest.mark.parametrize("state", CHANGES)
def test_the_page_says_where_a_change_stands_and_what_to_do(client: Client, language: str, state: str) -> None:
    taken = CHANGES[state]()

    page = seen(client, language, taken)

    for part in ("title", "what", "do"):
        assert PAGES.text(language, f"{state}.{part}") in page
    assert f"{PAGES.text(language, 'kind.update')} <bdi" in page
    stage, until = rows("select stage, deadline from cases where id = %s", taken.case_id)[0]
    assert until is None or stage == "under_review" or day(language, until) in page
    whole = with_secret(client, language, taken)
    assert PAGES.text(language, f"{state}.title") in whole


@pytest.mark.parametrize("state", CHANGES)
def test_the_way_is_shown_until_its_end_and_of_no_change_that_has_left_it(client: Client, state: str) -> None:
    gone = ("lapsed", "rejected", "withdrawn", "removed", "void", "leaving")
    shown = '<ol class="steps">' in seen(client, "fr", CHANGES[state]())
    assert shown == (state.removeprefix("update_") not in gone)


@both
def test_a_conflict_shows_its_points_to_the_secret_alone(client: Client, language: str) -> None:
    taken = change_conflicting()
    bills = PAGES.text(language, "part.bills").removesuffix(":").strip()

    assert bills not in seen(client, language, taken)
    whole = with_secret(client, language, taken)
    gas = PAGES.text(language, "{what}: {registered} in the register, {declared} in this change.").format(
        what=PAGES.text(language, "field.bills.gas"), registered="90", declared="10"
    )
    assert f"<li>{gas}</li>" in whole
    assert (
        PAGES.text(language, "The other change was registered on {day}.").format(day=day(language, clock.now()))
        in whole
    )


def proved(taken: Accepted) -> datetime:
    """The messages of a case are delivered, as reports prove; from then on its terms run."""
    told = "update message set delivery = 'delivered', delivery_at = now() where case_id = %s returning delivery_at"
    at: datetime = rows(told, taken.case_id)[0][0]
    return at


@both
def test_a_registered_change_shows_what_moved_and_lost_programmes_with_their_cause_and_how_to_object(
    client: Client, language: str
) -> None:
    taken = change_lost()
    facts = facts_of(taken, "HouseholdChanged")
    assert facts["lost"]
    proved(taken)
    without = seen(client, language, taken)

    page = with_secret(client, language, taken)

    contest = PAGES.text(language, "You may appeal at no cost before {day}.").format(
        day=day(
            language, value("select max(at) from event where kind = 'HouseholdChanged'") + timedelta(days_of("lodging"))
        )
    )
    told = [
        PAGES.text(language, "Before that, your index was {before}.").format(
            before=index(language, Decimal(facts["score_before"]))
        ),
        PAGES.text(language, "It counts from {day} on.").format(day=day(language, clock.now())),
        PAGES.text(language, "These parts of your declaration raised the index:"),
        f"<li>{PAGES.text(language, 'part.bills').removesuffix(':').strip()}</li>",
        f"<li>{PAGES.text(language, 'part.belongings').removesuffix(':').strip()}</li>",
        contest,
        *[
            PAGES.text(language, "Your household no longer meets the condition of the programme {programme}.").format(
                programme=programme(language, each)
            )
            for each in facts["lost"]
        ],
    ]
    assert [each for each in told if each not in page] == []
    assert page.count(index(language, Decimal(facts["score"]))) == 1
    assert PAGES.text(language, "The index counts from {day} on.").split("{")[0] not in page
    assert page.count(PAGES.text(language, "The lower the index, the closer the help.")) == 1
    assert [each for each in told[:1] + told[6:] if each in without] == []
    assert contest in without, "how to object is no secret"
    assert PAGES.text(language, "These parts of your declaration lowered the index:") not in page


@both
@pytest.mark.parametrize("standing", REVIEWS)
def test_a_review_of_an_entry_never_says_that_the_household_declared_something(
    client: Client, language: str, standing: str
) -> None:
    state, stand = REVIEWS[standing]
    review = stand()

    page = seen(client, language, review)

    for part in ("title", "what", "do"):
        assert PAGES.text(language, f"{state}.{part}") in page
    own = {
        "ar": ("تعديلكم", "صرحتم"),
        "fr": ("votre modification", "avez déclaré"),
        "en": ("your change", "you declared"),
    }[language]
    shown = [page, with_secret(client, language, review)]
    assert [each for each in own for told in shown if each in told] == []
    assert '<ol class="steps">' not in page


def test_a_review_opens_to_the_secret_of_the_households_registration_and_to_no_other(client: Client) -> None:
    review = entry_reviewed()
    stranger = registered(5)
    address = f"/fr/status/{review.reference}/open"
    assert client.post(address, data={"secret": stranger.secret}).status_code == 422
    assert client.post(address, data={"secret": review.secret}).status_code == 200
    gone = "delete from person_claim where household_id = (select household_id from cases where id = %s)"
    rows(gone, review.case_id)
    assert client.post(address, data={"secret": review.secret}).status_code == 422, "who left sees nothing of it"
    own = f"/fr/status/{stranger.reference}/open"
    assert client.post(own, data={"secret": review.secret}).status_code == 422


@both
def test_a_refused_change_says_until_when_an_appeal_is_open(client: Client, language: str) -> None:
    taken = change_rejected()
    refused_at = proved(taken)
    told = PAGES.text(language, "You may appeal at no cost before {day}.").format(
        day=day(language, refused_at + timedelta(days_of("lodging")))
    )
    assert told in seen(client, language, taken)


@both
@pytest.mark.parametrize("standing", [change_proposed, change_conflicting, change_rejected, change_registered])
def test_whoever_gave_the_secret_is_not_told_again_to_give_it(
    client: Client, language: str, standing: Callable[[], Accepted]
) -> None:
    taken = standing()
    code = {
        "ar": "الرمز السري المكتوب على وصلكم",
        "fr": "code secret inscrit sur votre reçu",
        "en": "secret code on your receipt",
    }[language]
    assert code in seen(client, language, taken).replace("Code", "code").replace("Secret", "secret")
    assert code not in with_secret(client, language, taken)


@both
def test_whoever_has_the_secret_of_an_erased_change_sees_its_stage(client: Client, language: str) -> None:
    taken = change_registered()
    rows("update event set evidence = null, facts = null, salt = null where case_id = %s", taken.case_id)
    rows("update case_body set body = null, salt = null where case_id = %s", taken.case_id)

    page = with_secret(client, language, taken)

    assert PAGES.text(language, "update_notified.title") in page
    assert PAGES.text(language, "What changed?") not in page


@both
def test_a_removal_says_until_when_it_can_be_taken_back(client: Client, language: str) -> None:
    taken = leaving()
    until = value("select deadline from cases where id = %s", taken.case_id)
    assert PAGES.text(language, "You can take it back before {day}.").format(day=day(language, until)) in seen(
        client, language, taken
    )


def test_every_programme_has_its_name_in_the_languages_of_the_law_and_its_french_one_in_any_other() -> None:
    assert {each.programme for each in thresholds()} == set(programme_names())
    assert [name for name, by in programme_names().items() if by.keys() != {"ar", "fr"}] == []
    assert programme("en", "ASD") == programme("fr", "ASD") == "Aide sociale directe"
    assert programme("fr", "GONE") == "GONE"


@pytest.mark.parametrize(
    ("value", "beside", "shown"),
    [
        ("10.0674656", (), "10,07"),
        ("9.5", (), "9,50"),
        ("9.7430011", ("9.743001",), "9,7430011"),
        ("9.743001", ("9.743001",), "9,743001"),
        ("9.75", ("9.743001", None), "9,75"),
        ("10.0674656", ("10.0678",), "10,067"),
        ("9.476563233333333333333333333", (), "9,48"),
    ],
)
def test_an_index_has_two_decimals_and_more_where_it_would_change_sides(
    value: str, beside: tuple[str | None, ...], shown: str
) -> None:
    assert index("fr", Decimal(value), *(Decimal(each) if each else None for each in beside)) == shown


def test_every_variable_of_a_part_is_one_of_the_index() -> None:
    formulas = index_in_force(day_of(clock.now())).formulas.values()
    known = {name for formula in formulas for name in formula.coefficients}
    assert set().union(*PARTS.values()) <= known
    assert {part_of(name) for name in known} == {"housing", "belongings", "bills", "members"}
    about_persons = {"hh_", "head_", "n_child_", "share_", "n_19", "n_30", "n_60", "has_health"}
    assert [name for name in known if part_of(name) == "members" and not name.startswith(tuple(about_persons))] == []


def test_numbers_are_written_as_in_morocco_with_all_their_digits() -> None:
    assert [number(language, Decimal("9.7430010")) for language in ("ar", "fr")] == ["9,743001", "9,743001"]


@both
def test_a_review_by_which_nothing_changed_says_so_and_speaks_of_no_change(client: Client, language: str) -> None:
    page = with_secret(client, language, entry_reviewed())

    unchanged, since, lodge = (
        PAGES.text(language, key).split("{")[0]
        for key in (
            "Your index has not changed.",
            "It counts from {day} on.",
            "A caseworker who did not take the decision examines it.",
        )
    )
    assert (unchanged in page, since in page, lodge in page) == (True, False, True)


@both
def test_a_change_that_cannot_lapse_does_not_say_that_nothing_changes_without_an_answer(
    client: Client, language: str
) -> None:
    taken = change_conflicting()
    said = (
        "If no answer comes, nothing changes: your household stays as it is registered, and you can declare the "
        "change again."
    )
    assert PAGES.text(language, said) in seen(client, language, taken)

    kept = "update event set kind = 'ChangeKeptOpen' where case_id = %s and kind = 'UpdateReceived'"
    rows(kept, taken.case_id)

    page = seen(client, language, taken)
    assert PAGES.text(language, said) not in page
    assert PAGES.text(language, "If no answer comes, this change stays open, and we ask you again.") in page


@both
def test_the_page_of_a_household_that_left_the_register_does_not_say_that_it_is_there(
    client: Client, language: str
) -> None:
    receipt, body = registered(), a_household(0, members=3).body
    removal = declare(receipt, change_of(body, "removal", "request"))
    work_off()
    assert PAGES.text(language, "notified.title") in seen(client, language, receipt)
    end_week(removal)

    page = seen(client, language, receipt)

    for part in ("title", "what", "do"):
        assert PAGES.text(language, f"gone.{part}") in page
    assert PAGES.text(language, "notified.what") not in page
