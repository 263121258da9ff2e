"""The commands of caseworkers: what waits for them, both households of a review, and answering it."""

import shlex
from datetime import timedelta
from itertools import count

import pytest

from models.database import transaction
from tests.filing import (
    SEED,
    Worker,
    a_household,
    borrowing,
    current_stage,
    drain_all,
    file,
    file_clean,
    register,
    rows,
    value,
    version_of,
)
from tests.integration.running import Run
from tests.people import after, caseworker, citizen, heard, ring_timers
from tests.terms import over
from trials.demo.report import followed
from trials.generator.household import household
from workflows.casework.fitting import OF_DEATH
from workflows.history.retention import retain
from workflows.intake.submit import Accepted
from workflows.policies import periods
from workflows.stages.review import REASONS

FALSE = ("--reason", "false_declaration", "--about", "bills.telecom")


@pytest.fixture
def held(ready: Run, worker: Worker) -> Accepted:
    """An application that holds its persons and is not registered yet."""
    mine = a_household(0, members=3)
    register([mine])
    (taken,) = file(mine.body)
    drain_all(worker({"verification", "scoring", "fraud"}))
    return taken


# Looking -------------------------------------------------------------------------------------------


def test_a_review_is_shown_with_both_households_and_marks_who_stands_in_both(
    reviewed: tuple[Accepted, Accepted], ready: Run
) -> None:
    first, later = reviewed

    ran = ready("reviews", "show", later.reference.lower(), "--json")

    assert ran.code == 0
    (other,) = ran.json["others"]
    assert (ran.json["application"]["reference"], other["reference"], other["stage"]) == (
        later.reference,
        first.reference,
        "notified",
    )
    shared = [
        [member["idcs"] for member in household["members"] if member["shared"]]
        for household in (ran.json["application"], other)
    ]
    assert shared[0] == shared[1] == other["holds"]
    assert len(shared[0]) == 1
    starred = [line for line in ran.out.splitlines() if line.startswith("  * ")]
    born = {member["idcs"]: member["birth_date"] for member in other["members"]}[shared[0][0]]
    assert [f" {born} " in line for line in starred] == [True, True]
    assert [shared[0][0] in line for line in starred] == [True, True]
    assert f"Still held by {first.reference}" in ran.out
    assert f"{first.reference} is registered and lets them go by a change of its own" in ran.out


def test_the_generators_duplicate_is_marked_where_it_was_planted(ready: Run, worker: Worker) -> None:
    suspect = next(
        made
        for made in (household(SEED, number) for number in count())
        if made.truth["plant"] == "person_of_another_household"
    )
    holder = household(SEED, int(suspect.truth["of"].rpartition("-")[2]))
    register([holder, suspect])
    _, later = file(holder.body, suspect.body)
    drain_all(worker())

    found = ready("reviews", "show", later.reference, "--json").json

    planted = suspect.truth["member"]
    assert [place for place, each in enumerate(found["application"]["members"]) if each["shared"]] == [planted]
    assert found["others"][0]["holds"] == [suspect.body["members"][planted]["idcs"]]


def test_the_demo_says_how_to_look_at_the_review_that_it_names(reviewed: tuple[Accepted, Accepted], ready: Run) -> None:
    with transaction() as connection:
        *_, last = followed(connection, 0, None)

    command = shlex.split(last.rpartition(": ")[2])[1:]
    assert command == ["reviews", "show", reviewed[1].reference]
    assert ready(*command).code == 0


def test_the_answers_that_it_offers_run_as_they_are_printed(reviewed: tuple[Accepted, Accepted], ready: Run) -> None:
    _, later = reviewed
    shown = ready("reviews", "show", later.reference, "--as", "Amina B.", "--json")
    answers = shown.json["answers"]
    offered = [reason for each in ("correct", "refuse") for reason in REASONS[each] if reason not in OF_DEATH]
    assert [each.split()[5] for each in answers] == offered

    (line,) = [line for line in shown.out.splitlines() if line.strip() == answers[-1]]
    assert ready(*shlex.split(line)[1:]).code == 0
    heard(later)

    said = ready("reviews", "show", later.reference, "--json")
    assert said.json["refusal_proposed"]["reason"] in answers[-1]
    assert "a second caseworker must agree" in said.out
    assert f"--version {version_of(later)}" in said.json["answers"][0]


def refusals(answers: list[str]) -> list[str]:
    """The reasons with which a refusal is offered."""
    return [each.split()[5] for each in answers if each.split()[3] == "refuse"]


def test_the_second_caseworker_is_offered_the_reason_proposed_and_who_proposed_it_another(
    reviewed: tuple[Accepted, Accepted], ready: Run
) -> None:
    _, later = reviewed
    caseworker(later, "refuse", "false_declaration", "amina")
    heard(later)

    mine, theirs = (
        ready("reviews", "show", later.reference, "--as", name, "--json").json["answers"]
        for name in ("amina", "brahim")
    )

    assert (refusals(mine), refusals(theirs)) == (["duplicate_application"], ["false_declaration"])
    assert ready(*shlex.split(theirs[-1])[1:], "--json").json["stage"] == "rejected"


def test_a_review_of_somebody_who_is_still_held_is_not_offered_to_be_cleared_and_one_of_nobody_is(
    reviewed: tuple[Accepted, Accepted], ready: Run
) -> None:
    first, later = reviewed

    def verdicts() -> set[str]:
        return {each.split()[3] for each in ready("reviews", "show", later.reference, "--json").json["answers"]}

    assert verdicts() == {"correct", "refuse"}
    rows("delete from person_claim where case_id = %s", first.case_id)
    assert verdicts() == {"clear", "correct", "refuse"}


def test_the_second_caseworker_sees_by_name_who_proposed_a_refusal(
    reviewed: tuple[Accepted, Accepted], ready: Run
) -> None:
    _, later = reviewed
    ready("decide", later.reference, "refuse", *FALSE, "--as", " Amina  Berrada ")
    heard(later)

    ran = ready("reviews", "show", later.reference, "--as", "brahim", "--json")

    assert ran.json["refusal_proposed"] == {
        "by": "Amina Berrada",
        "reason": "false_declaration",
        "about": ["bills.telecom"],
        "heard": "answered",
    }
    assert "A refusal was proposed by Amina Berrada, because of false_declaration bills.telecom: " in ran.out


def test_a_name_that_was_changed_by_hand_is_shown_for_nobody(reviewed: tuple[Accepted, Accepted], ready: Run) -> None:
    _, later = reviewed
    ready("decide", later.reference, "refuse", *FALSE, "--as", "amina")
    heard(later)
    rows("update staff_name set name = 'brahim'")

    said = ready("reviews", "show", later.reference, "--json").json["refusal_proposed"]

    assert said["by"] == value("select actor from staff_name")


def test_whoever_acts_says_a_name(reviewed: tuple[Accepted, Accepted], ready: Run) -> None:
    _, later = reviewed
    seen = version_of(later)

    ran = ready("decide", later.reference, "refuse", *FALSE, "--as", "  ")

    assert (ran.code, version_of(later)) == (2, seen)
    assert "Say who acts" in ran.err


def test_the_list_says_since_when_why_at_which_version_and_who_would_refuse(
    reviewed: tuple[Accepted, Accepted], ready: Run
) -> None:
    _, later = reviewed
    caseworker(later, "refuse", "duplicate_application", "amina")
    heard(later)

    cause, line = ready("reviews", "list").out.splitlines()

    since = value("select stage_since from cases where id = %s", later.case_id)
    region = ready("reviews", "list", "--json").json["reviews"][0]["region"]
    assert cause == "person_in_two_households: another household claims the same person"
    assert line.startswith(f"  due {since + timedelta(days=3):%F}  {later.reference}  registration  {region}  ")
    assert f"  since {since:%F %R}  version {version_of(later)}  needs a second caseworker: " in line
    assert line.endswith("refusal proposed by amina (duplicate_application), answered")
    assert ready("reviews", "list", "--as", "Amina").out == "left out because you proposed their refusal: 1\n"
    assert ready("reviews", "list", "--as", "brahim").out.splitlines() == [cause, line]


def test_the_list_says_for_how_long_a_review_is_overdue(reviewed: tuple[Accepted, Accepted], ready: Run) -> None:
    with after(days=24.1):
        assert f"  OVERDUE 21 d  {reviewed[1].reference}  " in ready("reviews", "list").out
    with after(days=2.9):
        assert "OVERDUE" not in ready("reviews", "list").out


def test_a_hearing_in_which_nothing_can_be_answered_says_so(reviewed: tuple[Accepted, Accepted], ready: Run) -> None:
    _, later = reviewed
    assert ready("decide", later.reference, "refuse", *FALSE, "--as", "amina").code == 0

    ran = ready("reviews", "show", later.reference, "--as", "brahim", "--json")

    assert ran.json["answers"] == []
    assert "No answer is possible now." in ran.out
    assert "Answer by one of" not in ran.out


def test_where_the_other_household_let_go_the_review_says_that_clearing_leads_on(
    reviewed: tuple[Accepted, Accepted], ready: Run
) -> None:
    first, later = reviewed
    rows("delete from person_claim where case_id = %s", first.case_id)

    ran = ready("reviews", "show", later.reference, "--json")

    assert ran.json["others"][0]["holds"] == []
    assert "the application goes on once the review is cleared" in ran.out


def test_whoever_claimed_the_person_since_the_first_holder_let_go_is_shown_too(
    held: Accepted, ready: Run, worker: Worker
) -> None:
    # Given a household that held a person until it withdrew, and another that has the person now
    mine, theirs, third = (a_household(place, members=3) for place in range(3))
    register([theirs, third])
    (later,) = file(borrowing(theirs.body, mine.body))
    drain_all(worker({"verification", "scoring", "fraud"}))
    citizen(held, "withdrawal")
    (now,) = file(borrowing(third.body, mine.body))
    drain_all(worker())
    assert (current_stage(later), current_stage(now)) == ("under_review", "notified")

    ran = ready("reviews", "show", later.reference, "--json")

    assert [(each["reference"], len(each["holds"])) for each in ran.json["others"]] == [
        (held.reference, 0),
        (now.reference, 1),
    ]
    assert f"Still held by {now.reference}" in ran.out


def test_a_review_whose_timer_rang_is_still_seen_until_it_is_worked(
    reviewed: tuple[Accepted, Accepted], ready: Run
) -> None:
    _, later = reviewed
    with after(over("review")):
        assert ring_timers() == 1

    assert [each["reference"] for each in ready("reviews", "list", "--json").json["reviews"]] == [later.reference]
    assert ready("reviews", "show", later.reference).code == 0


def test_of_an_erased_household_the_register_still_says_who_stands_in_both(
    reviewed: tuple[Accepted, Accepted], ready: Run
) -> None:
    first, later = reviewed
    assert ready("erase", first.reference).code == 0

    ran = ready("reviews", "show", later.reference, "--json")

    (other,) = ran.json["others"]
    assert "its declaration was erased on request; this is what the register keeps." in ran.out
    assert {(each["name"], each["birth_date"]) for each in other["members"]} == {(None, None)}
    for shown in (ran.json["application"], other):
        assert [each["idcs"] for each in shown["members"] if each["shared"]] == other["holds"]


def test_of_a_household_that_was_registered_long_ago_a_caseworker_still_sees_what_it_declared(
    reviewed: tuple[Accepted, Accepted], ready: Run
) -> None:
    _, later = reviewed
    before = ready("reviews", "show", later.reference, "--json").json["others"]

    with after(days=max(period.days for period in periods().values()) + 1):
        retain()
        assert ready("reviews", "show", later.reference, "--json").json["others"] == before


def test_of_a_household_that_was_erased_before_it_was_registered_nothing_is_left_to_show(
    held: Accepted, ready: Run, worker: Worker
) -> None:
    theirs = a_household(1, members=3)
    register([theirs])
    (later,) = file(borrowing(theirs.body, a_household(0, members=3).body))
    drain_all(worker({"verification", "scoring", "fraud"}))
    citizen(held, "withdrawal")
    ready("erase", held.reference)

    ran = ready("reviews", "show", later.reference, "--json")

    assert ran.json["others"][0]["members"] == []
    assert "its declaration was erased on request; the register keeps nothing of it." in ran.out


def test_reviews_are_listed_the_longest_waiting_first_and_what_is_left_off_is_counted(
    database: str, ready: Run, worker: Worker
) -> None:
    pairs = [(a_household(2 * i, members=2), a_household(2 * i + 1, members=2)) for i in range(3)]
    register([each for pair in pairs for each in pair])
    file(*[mine.body for mine, _ in pairs])
    drain_all(worker())
    later = []
    for mine, theirs in pairs:
        later += file(borrowing(theirs.body, mine.body))
        drain_all(worker())

    ran = ready("reviews", "list", "--limit", 2, "--json")

    assert [each["reference"] for each in ran.json["reviews"]] == [each.reference for each in later[:2]]
    assert ran.json["waiting"] == 3
    assert "and 1 more" in ran.out
    assert ran.out.count("another household claims the same person\n") == 1
    citizen(later[0], "withdrawal")
    assert ready("reviews", "list", "--json").json["waiting"] == 2


def test_nothing_to_decide_is_said(ready: Run) -> None:
    ran = ready("reviews", "list")
    assert (ran.code, ran.out) == (0, "no review waits for a caseworker\n")


def test_what_is_not_under_review_has_no_review_to_show(ready: Run) -> None:
    (taken,) = file_clean(1)

    ran = ready("reviews", "show", taken.reference)

    assert (ran.code, ran.out) == (2, "")
    assert "is not under review: it is 'submitted'" in ran.err


def test_a_proposal_of_a_review_that_ended_is_not_shown_in_the_next(
    reviewed: tuple[Accepted, Accepted], ready: Run, worker: Worker
) -> None:
    _, later = reviewed
    caseworker(later, "refuse", "false_declaration")
    heard(later)
    caseworker(later, "clear", "moved")
    drain_all(worker())
    assert (
        value(
            "select count(*) from event where case_id = %s and kind in ('DuplicateSuspected', 'ReviewReopened')",
            later.case_id,
        )
        == 2
    )

    assert ready("reviews", "show", later.reference, "--json").json["refusal_proposed"] is None


# Answering -----------------------------------------------------------------------------------------


def test_decide_clears_a_review_and_says_where_the_case_stands(reviewed: tuple[Accepted, Accepted], ready: Run) -> None:
    first, later = reviewed
    rows("delete from person_claim where case_id = %s", first.case_id)
    ran = ready("decide", later.reference.lower(), "clear", "--reason", "moved", "--as", "amina", "--json")

    assert (ran.code, ran.json["event"], ran.json["stage"]) == (0, "ReviewCleared", "scored")
    assert version_of(later) == ran.json["version"]


def test_a_review_of_somebody_who_is_still_held_is_not_cleared_in_vain_and_the_holder_is_named(
    reviewed: tuple[Accepted, Accepted], ready: Run
) -> None:
    first, later = reviewed
    before = version_of(later)

    ran = ready("decide", later.reference, "clear", "--reason", "moved", "--as", "amina")

    said = ran.err.removeprefix("sijil: ").rstrip("\n")
    assert (ran.code, ran.out, version_of(later), current_stage(later)) == (2, "", before, "under_review")
    assert said.startswith(f"Still held by {first.reference}: ")
    assert f"{first.reference} is registered and lets them go by a change of its own" in said
    shown = ready("reviews", "show", later.reference).out
    assert said in " ".join(shown.splitlines())


def test_decide_refuses_only_with_two_caseworkers(reviewed: tuple[Accepted, Accepted], ready: Run) -> None:
    _, later = reviewed
    refuse = ("decide", later.reference, "refuse", *FALSE, "--json")
    assert ready(*refuse, "--as", "amina").json["event"] == "RefusalProposed"
    heard(later)

    again = ready(*refuse, "--as", "amina")
    assert again.code == 2
    assert "second" in again.err

    assert ready(*refuse, "--as", "brahim").json["stage"] == "rejected"


def test_decide_on_an_older_version_changes_nothing(reviewed: tuple[Accepted, Accepted], ready: Run) -> None:
    _, later = reviewed
    seen = version_of(later)

    ran = ready("decide", later.reference, "clear", "--reason", "moved", "--as", "amina", "--version", seen - 1)

    assert ran.code == 2
    assert "moved on" in ran.err
    assert version_of(later) == seen


def test_an_unknown_verdict_or_reason_lists_those_that_are_known(
    reviewed: tuple[Accepted, Accepted], ready: Run
) -> None:
    _, later = reviewed
    for verdict, reason, known in (
        ("refuse", "dislike", REASONS["refuse"]),
        ("clear", "false_declaration", REASONS["clear"]),
        ("dislike", "moved", REASONS),
    ):
        ran = ready("decide", later.reference, verdict, "--reason", reason, "--as", "amina")

        assert ran.code == 2
        assert [each for each in known if each not in ran.err] == []
    assert current_stage(later) == "under_review"


def test_the_help_of_decide_lists_every_reason(sijil: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    said = sijil("decide", "--help").out
    assert [each for reasons in REASONS.values() for each in reasons if each not in said] == []
