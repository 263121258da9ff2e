"""What caseworkers answer to a review, and what the clock brings where nobody does."""

from datetime import timedelta

import pytest

from models.errors import Refused, Stale
from tests.filing import (
    Worker,
    a_household,
    current_stage,
    drain_all,
    events_of,
    everything,
    examined,
    facts_of,
    file,
    messages_of,
    rows,
    value,
    version_of,
)
from tests.people import ALL_TABLES, after, caseworker, citizen, heard, ring_timers
from tests.terms import days_of
from workflows.intake.submit import Accepted


def test_a_review_that_nobody_looks_at_is_counted_and_stays_a_review(
    reviewed: tuple[Accepted, Accepted], worker: Worker
) -> None:
    _, later = reviewed
    for days in (10.1, 20.1, 30.1):
        with after(days=days):
            ring_timers()
            drain_all(worker())

    assert current_stage(later) == "under_review"
    assert rows("select facts ->> 'times' from event where kind = 'ReviewOverdue' order by seq") == [
        ("1",),
        ("2",),
        ("3",),
    ]


def test_a_review_is_cleared_and_the_household_registered_once_the_other_let_go(
    reviewed: tuple[Accepted, Accepted], worker: Worker
) -> None:
    first, later = reviewed
    rows("delete from person_claim where case_id = %s", first.case_id)
    rows("update household_period set valid = tstzrange(lower(valid), now())")

    assert caseworker(later, "clear", "moved").event == "ReviewCleared"
    drain_all(worker())

    assert current_stage(later) == "notified"
    assert events_of(later)[-4:] == ["ReviewCleared", "NothingSuspicious", "HouseholdApproved", "NoticesIssued"]


def test_a_caseworker_asks_for_a_correction_and_the_corrected_household_is_registered(
    reviewed: tuple[Accepted, Accepted], worker: Worker
) -> None:
    _, later = reviewed

    assert caseworker(later, "correct", "person_lives_elsewhere").stage == "needs_correction"
    assert messages_of(later)[-1] == "correction_asked"
    citizen(later, "correction", a_household(1, members=3).body)
    drain_all(worker())

    assert current_stage(later) == "notified"


def test_a_refusal_needs_two_caseworkers_who_agree(reviewed: tuple[Accepted, Accepted]) -> None:
    _, later = reviewed

    # The first one proposes, and the citizen answers
    assert caseworker(later, "refuse", "false_declaration", "amina").stage == "hearing"
    heard(later)
    assert "refused" not in messages_of(later)

    # The same one again is no second opinion
    before = everything(*ALL_TABLES)
    with pytest.raises(Refused) as refused:
        caseworker(later, "refuse", "false_declaration", "amina")
    assert refused.value.code == "needs_second_person"
    assert everything(*ALL_TABLES) == before

    # The second one decides
    assert caseworker(later, "refuse", "false_declaration", "brahim").stage == "rejected"
    assert messages_of(later)[-1] == "refused"
    proposer, decider = rows(
        "select actor from event where kind in ('RefusalProposed', 'ApplicationRefused') order by seq"
    )
    assert proposer != decider
    assert facts_of(later, "ApplicationRefused")["proposed_by"] == proposer[0]


def test_a_second_caseworker_with_another_reason_refuses_nobody_and_the_first_may_propose_that_one(
    reviewed: tuple[Accepted, Accepted],
) -> None:
    # Given a refusal that was proposed
    _, later = reviewed
    caseworker(later, "refuse", "false_declaration", "amina")
    heard(later)

    # When a second caseworker would refuse for another reason, nothing happens
    before = everything(*ALL_TABLES)
    with pytest.raises(Refused, match="false_declaration") as refused:
        caseworker(later, "refuse", "duplicate_application", "brahim")
    assert refused.value.code == "another_reason"
    assert everything(*ALL_TABLES) == before

    # Then the first can be convinced; the citizen is heard on that, and both have said the same
    assert caseworker(later, "refuse", "duplicate_application", "amina").stage == "hearing"
    heard(later)
    assert caseworker(later, "refuse", "duplicate_application", "brahim").stage == "rejected"
    assert [reason for (reason,) in rows("select facts ->> 'reason' from event where kind = 'ApplicationRefused'")] == [
        "duplicate_application"
    ]


def test_the_history_names_no_caseworker(reviewed: tuple[Accepted, Accepted]) -> None:
    _, later = reviewed
    caseworker(later, "refuse", "false_declaration", "amina")

    (actor,) = rows("select actor from event where kind = 'RefusalProposed'")[0]
    assert actor.startswith("officer:")
    assert "amina" not in str(everything("event"))


def test_a_proposal_of_a_review_that_ended_does_not_count_in_the_next(
    reviewed: tuple[Accepted, Accepted], worker: Worker
) -> None:
    # Given a proposal, after which the review was cleared and came back
    _, later = reviewed
    caseworker(later, "refuse", "false_declaration", "amina")
    heard(later)
    caseworker(later, "clear", "nothing_found", "brahim")
    with after(seconds=5):
        drain_all(worker())
        assert current_stage(later) == "under_review"

        # When another caseworker would refuse, it is a first opinion again
        assert caseworker(later, "refuse", "false_declaration", "brahim").event == "RefusalProposed"


def test_a_review_that_comes_back_sends_no_second_message_and_keeps_its_place_by_age(
    reviewed: tuple[Accepted, Accepted], worker: Worker
) -> None:
    # Given a review that was raised an hour ago
    _, later = reviewed
    rows("update cases set stage_since = stage_since - interval '1 hour' where id = %s", later.case_id)
    since = value("select at from event where case_id = %s and kind = 'DuplicateSuspected'", later.case_id)

    # When it is cleared twice, and comes back each time because the other household still holds the person
    for name in ("amina", "brahim"):
        caseworker(later, "clear", "nothing_found", name)
        drain_all(worker())

    # Then the citizen was told once, and it stands where it stood: its next overdue is ten days from the first
    assert events_of(later)[-4:] == ["ReviewCleared", "ReviewReopened", "ReviewCleared", "ReviewReopened"]
    assert messages_of(later) == ["received", "review"]
    assert rows("select stage, stage_since, due_at from cases where id = %s", later.case_id) == [
        ("under_review", since, since + timedelta(days_of("review")))
    ]
    assert examined() == {}


def test_a_review_after_a_correction_is_a_new_one_of_which_the_citizen_is_told(
    reviewed: tuple[Accepted, Accepted], worker: Worker
) -> None:
    _, later = reviewed
    body = dict(value("select body from case_body where case_id = %s", later.case_id))
    caseworker(later, "clear", "nothing_found")
    drain_all(worker())
    caseworker(later, "correct", "person_lives_elsewhere")
    citizen(later, "correction", body)
    drain_all(worker())

    assert events_of(later)[-1] == "DuplicateSuspected"
    assert messages_of(later) == ["received", "review", "correction_asked", "resumed", "review"]


def test_an_unknown_reason_is_refused_and_those_that_are_known_are_named(reviewed: tuple[Accepted, Accepted]) -> None:
    _, later = reviewed

    with pytest.raises(Refused, match="duplicate_application"):
        caseworker(later, "refuse", "do_not_like_it")


def test_a_caseworker_cannot_decide_what_is_not_in_review(reviewed: tuple[Accepted, Accepted]) -> None:
    first, _ = reviewed

    with pytest.raises(Refused) as refused:
        caseworker(first, "refuse", "false_declaration")

    assert refused.value.code == "not_possible_now"


def test_two_caseworkers_at_the_same_version_only_the_first_is_heard(reviewed: tuple[Accepted, Accepted]) -> None:
    _, later = reviewed
    seen = version_of(later)
    caseworker(later, "correct", "person_lives_elsewhere", "amina", seen)

    with pytest.raises(Stale):
        caseworker(later, "clear", "nothing_found", "brahim", seen)


def test_no_machine_ever_refuses(reviewed: tuple[Accepted, Accepted], worker: Worker) -> None:
    """However often workers and clocks pass over them, reviews and errors never end against the citizen."""
    _, later = reviewed
    made = a_household(8, members=2)
    (unknown,) = file(made.body)
    for days in (0, 8, 22, 31, 400):
        with after(days=days):
            ring_timers()
            drain_all(worker())

    assert value("select count(*) from event where kind in ('ApplicationRefused', 'RefusalProposed')") == 0
    assert value("select count(*) from cases where stage = 'rejected'") == 0
    assert (current_stage(later), current_stage(unknown)) == ("under_review", "lapsed")
