"""Before an application is refused, its citizen is told, and may answer; silence decides nothing."""

from datetime import timedelta

import pytest

from models.errors import NotFound, Refused, Stale
from tests.filing import (
    Worker,
    a_household,
    current_stage,
    drain_all,
    events_of,
    everything,
    examined,
    messages_of,
    rows,
    value,
    version_of,
)
from tests.integration.auditing import erase, replayed
from tests.integration.running import Run
from tests.people import ALL_TABLES, after, caseworker, citizen, heard, refused, ring_timers
from tests.terms import days_of, over
from workflows.history.retention import retain
from workflows.intake.submit import Accepted
from workflows.policies import periods

SAID = "ما سكنا هناك قط.\nNous vivons à Fès."


@pytest.fixture
def proposed(reviewed: tuple[Accepted, Accepted]) -> Accepted:
    """An application that a first caseworker would refuse."""
    _, later = reviewed
    caseworker(later, "refuse", "false_declaration", "amina")
    return later


def test_the_citizen_is_told_that_a_refusal_is_proposed_and_within_how_many_days_they_may_answer(
    proposed: Accepted,
) -> None:
    assert current_stage(proposed) == "hearing"
    assert messages_of(proposed)[-1] == "hearing"
    text, term = rows(
        "select body, deadline - stage_since from cases join message on case_id = cases.id "
        "where case_id = %s and template = 'hearing'",
        proposed.case_id,
    )[0]
    assert term == timedelta(days_of("hearing"))
    assert "15" in text
    assert proposed.reference in text


def test_a_statement_brings_the_case_back_to_its_review_at_its_place_by_age(proposed: Accepted) -> None:
    begun = value("select at from event where case_id = %s and kind = 'DuplicateSuspected'", proposed.case_id)

    with after(seconds=7200):
        moved = heard(proposed, SAID)

    assert (moved.event, moved.stage, messages_of(proposed)[-1]) == ("StatementReceived", "under_review", "heard")
    assert rows("select stage_since, due_at, deadline from cases where id = %s", proposed.case_id) == [
        (begun, begun + timedelta(days_of("review")), None)
    ]
    assert rows("select text from case_text where (case_id, seq) = (%s, %s)", proposed.case_id, moved.version) == [
        (SAID,)
    ]
    assert "Nous vivons" not in str(everything("event", "message"))
    assert examined() == {}
    assert replayed().mismatches == []


def test_silence_is_reminded_twice_and_leads_back_to_the_review_and_never_to_a_refusal(
    proposed: Accepted, worker: Worker
) -> None:
    for days in (7.1, 12.1, 15.1):
        with after(days=days):
            ring_timers()
            drain_all(worker())

    assert events_of(proposed)[-4:] == ["RefusalProposed", "HearingReminded", "HearingReminded", "HearingUnanswered"]
    assert messages_of(proposed)[-3:] == ["hearing", "hearing_reminder", "hearing_reminder"]
    assert current_stage(proposed) == "under_review"
    assert caseworker(proposed, "refuse", "false_declaration", "brahim").stage == "rejected"


@pytest.mark.parametrize("name", ["amina", "brahim"])
@pytest.mark.parametrize(("verdict", "reason"), [("refuse", "false_declaration"), ("correct", "person_declared_twice")])
def test_no_caseworker_decides_against_the_citizen_while_they_may_answer(
    proposed: Accepted, name: str, verdict: str, reason: str
) -> None:
    before = everything(*ALL_TABLES)

    with pytest.raises(Refused) as not_now:
        caseworker(proposed, verdict, reason, name)

    assert not_now.value.code == "not_possible_now"
    assert everything(*ALL_TABLES) == before


def test_a_case_in_a_hearing_is_listed_and_shown_as_being_heard_and_can_only_be_cleared(
    proposed: Accepted, reviewed: tuple[Accepted, Accepted], ready: Run
) -> None:
    rows("delete from person_claim where case_id = %s", reviewed[0].case_id)
    rows("update household_period set valid = tstzrange(lower(valid), now())")
    until = value("select deadline from cases where id = %s", proposed.case_id)

    listed = ready("reviews", "list", "--json")
    shown = ready("reviews", "show", proposed.reference, "--as", "brahim", "--json")

    assert (listed.json["waiting"], listed.json["being_heard"]) == (0, 1)
    assert [(each["reference"], each["stage"]) for each in listed.json["reviews"]] == [(proposed.reference, "hearing")]
    assert f"refusal proposed by amina (false_declaration bills.telecom), being heard until {until:%F}" in listed.out
    assert f"{proposed.reference} is being heard since " in shown.out
    assert f"the citizen may answer until {until:%F}, and until then the review can only be cleared." in shown.out
    assert {each.partition(f"{proposed.reference} ")[2].split()[0] for each in shown.json["answers"]} == {"clear"}


@pytest.mark.parametrize("name", ["amina", "brahim"])
def test_a_review_is_cleared_while_the_citizen_is_heard_and_the_proposal_is_forgotten(
    proposed: Accepted, reviewed: tuple[Accepted, Accepted], worker: Worker, name: str
) -> None:
    rows("delete from person_claim where case_id = %s", reviewed[0].case_id)
    rows("update household_period set valid = tstzrange(lower(valid), now())")
    assert caseworker(proposed, "clear", "moved", name).stage == "scored"
    with pytest.raises(Refused):
        heard(proposed)
    drain_all(worker())

    assert current_stage(proposed) == "notified"
    assert events_of(proposed)[-4:] == ["ReviewCleared", "NothingSuspicious", "HouseholdApproved", "NoticesIssued"]
    with after(days_of("hearing") + 1):  # no timer of the hearing rings any more
        ring_timers()
        drain_all(worker())
    assert current_stage(proposed) == "notified"
    assert replayed().mismatches == []


@pytest.mark.parametrize("name", ["amina", "brahim"])
@pytest.mark.parametrize(("verdict", "reason"), [("correct", "person_declared_twice"), ("clear", "nothing_found")])
def test_after_the_hearing_either_caseworker_may_decide_otherwise(
    proposed: Accepted, name: str, verdict: str, reason: str
) -> None:
    heard(proposed)

    assert caseworker(proposed, verdict, reason, name).stage in ("scored", "needs_correction")


def test_a_citizen_who_corrects_in_the_hearing_is_verified_anew_and_the_proposal_is_forgotten(
    proposed: Accepted, worker: Worker
) -> None:
    body = dict(value("select body from case_body where case_id = %s", proposed.case_id))
    assert citizen(proposed, "correction", body).stage == "submitted"
    drain_all(worker())
    assert events_of(proposed)[-1] == "DuplicateSuspected"

    assert caseworker(proposed, "refuse", "false_declaration", "brahim").event == "RefusalProposed"


def test_a_citizen_who_corrects_the_mistake_in_the_hearing_is_registered(proposed: Accepted, worker: Worker) -> None:
    citizen(proposed, "correction", a_household(1, members=3).body)
    drain_all(worker())

    assert current_stage(proposed) == "notified"


def test_a_citizen_may_withdraw_from_the_hearing(proposed: Accepted) -> None:
    assert citizen(proposed, "withdrawal").stage == "withdrawn"
    assert examined() == {}


def test_a_statement_counts_once_and_needs_the_secret_and_a_text(proposed: Accepted) -> None:
    seen, before = version_of(proposed), everything(*ALL_TABLES)
    with pytest.raises(NotFound):
        citizen(proposed, "statement", secret="AAAA-BBBB")
    with pytest.raises(Refused) as refusal:
        citizen(proposed, "statement")
    assert refusal.value.code == "statement_missing"
    assert everything(*ALL_TABLES) == before

    heard(proposed)
    with pytest.raises(Refused) as refusal:
        heard(proposed, "Again")
    assert refusal.value.code == "not_possible_now"
    with pytest.raises(Stale):
        citizen(proposed, "withdrawal", version=seen)
    assert value("select count(*) from case_text") == 1


def test_the_caseworker_reads_what_the_citizen_answers_and_that_nobody_did(
    proposed: Accepted, ready: Run, worker: Worker
) -> None:
    heard(proposed, SAID)
    ran = ready("reviews", "show", proposed.reference, "--as", "brahim", "--json")
    assert (ran.json["statement"], ran.json["refusal_proposed"]["heard"]) == (SAID, "answered")
    assert [line for line in SAID.splitlines() if f"  | {line}" not in ran.out.splitlines()] == []

    caseworker(proposed, "refuse", "duplicate_application", "amina")
    with after(over("hearing")):
        ring_timers()
        drain_all(worker())
    ran = ready("reviews", "show", proposed.reference, "--as", "brahim", "--json")
    assert (ran.json["statement"], ran.json["refusal_proposed"]["heard"]) == (None, "not answered")
    assert "nobody answered in the term" in ran.out


def test_an_erasure_takes_the_statement_and_the_history_still_holds(proposed: Accepted) -> None:
    heard(proposed, SAID)
    caseworker(proposed, "refuse", "false_declaration", "brahim")
    assert value("select text from case_text") == SAID

    erase(proposed)

    assert rows("select text, salt from case_text") == [(None, None)]
    assert examined() == {}


def test_a_statement_is_kept_as_long_as_a_declaration(proposed: Accepted) -> None:
    heard(proposed, SAID)
    caseworker(proposed, "refuse", "false_declaration", "brahim")
    period = periods()["case_body"].days

    for days, left in ((period - 1, 1), (period + 1, 0)):
        with after(days=days):
            retain()
        assert value("select count(text) + count(salt) from case_text") == 2 * left


@pytest.mark.parametrize(
    "change",
    ["text = 'We lied.'", "salt = 'x'", "salt = null", "text = null, salt = null", "seq = seq + 1"],
)
def test_a_statement_that_is_changed_by_hand_is_found(reviewed: tuple[Accepted, Accepted], change: str) -> None:
    refused(reviewed[1])
    assert examined() == {}

    rows(f"update case_text set {change}")

    assert examined().keys() == {"texts_changed"}


def test_a_statement_that_is_deleted_by_hand_is_found(reviewed: tuple[Accepted, Accepted]) -> None:
    refused(reviewed[1])

    rows("delete from case_text")

    assert examined() == {"texts_changed": 1}
