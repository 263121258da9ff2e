"""One person in two households: the first to commit keeps the person, the later application goes to a caseworker."""

from threading import Barrier, Thread

import pytest

from tests.filing import (
    Body,
    Worker,
    a_household,
    borrowing,
    current_stage,
    drain_all,
    events_of,
    facts_of,
    file,
    messages_of,
    register,
    rows,
    stages,
    value,
)
from tests.people import caseworker
from workflows.queue.drain import Drainer


@pytest.fixture
def households(database: str) -> tuple[Body, Body]:
    """Two registered households; the second declares the first's last member, too."""
    mine, theirs = a_household(0, members=3), a_household(1, members=3)
    register([mine, theirs])
    return mine.body, borrowing(theirs.body, mine.body)


def claims() -> dict[int, int]:
    """How many persons each case holds."""
    return dict(rows("select case_id, count(*) from person_claim group by case_id"))


def test_the_later_application_goes_to_a_caseworker_who_sees_both(
    households: tuple[Body, Body], worker: Worker
) -> None:
    # Given a household that is registered
    (first,) = file(households[0])
    drain_all(worker())

    # When another one declares one of its members
    (later,) = file(households[1])
    drain_all(worker())

    # Then the later one is looked at by a person, who is told of the other case, and the citizen is told so much
    assert (current_stage(first), current_stage(later)) == ("notified", "under_review")
    (signal,) = facts_of(later, "DuplicateSuspected")["signals"]
    assert signal == {
        "code": "person_in_two_households",
        "members": [len(households[1]["members"]) - 1],
        "cases": [first.case_id],
    }
    assert messages_of(later) == ["received", "review"]


def test_in_one_batch_the_earlier_application_keeps_the_person(households: tuple[Body, Body], worker: Worker) -> None:
    first, later = file(*households)

    assert worker().one_batch("verification") == 2

    assert (current_stage(first), current_stage(later)) == ("notified", "under_review")


def test_in_one_batch_the_order_of_arrival_counts_and_not_that_of_the_numbers(
    households: tuple[Body, Body], worker: Worker
) -> None:
    borrower, owner = file(*reversed(households))
    rows("update cases set submitted_at = submitted_at - interval '1 hour' where id = %s", owner.case_id)

    worker().one_batch("verification")

    assert (current_stage(owner), current_stage(borrower)) == ("notified", "under_review")


def test_an_application_that_loses_one_person_lets_go_of_all_others(
    households: tuple[Body, Body], worker: Worker
) -> None:
    first, later = file(*households)

    drain_all(worker())

    assert current_stage(later) == "under_review"
    assert claims() == {first.case_id: len(households[0]["members"])}


def test_what_the_loser_let_go_of_another_household_can_claim(households: tuple[Body, Body], worker: Worker) -> None:
    # Given an application that lost one person and waits for a caseworker
    file(*households)
    drain_all(worker())

    # When somebody else declares one of the persons whom it won at first
    third = a_household(3, members=3)
    register([third])
    (taken,) = file(borrowing(third.body, households[1], 1))
    drain_all(worker())

    # Then nothing stands against that
    assert current_stage(taken) == "notified"


def test_a_loser_frees_its_persons_within_the_very_batch(database: str, worker: Worker) -> None:
    """A has X; B declares X and Y; C declares Y: B loses X, and must not keep Y from C for good."""
    a, b, c = (a_household(place, members=3) for place in range(3))
    register([a, b, c])
    b_with_x = borrowing(b.body, a.body)
    first, second, third = file(a.body, b_with_x, borrowing(c.body, b.body))

    drain_all(worker())

    assert (current_stage(first), current_stage(second)) == ("notified", "under_review")
    assert current_stage(third) in ("notified", "under_review")
    assert second.case_id not in claims()


def test_a_claim_of_ones_own_household_counts_as_won(households: tuple[Body, Body], worker: Worker) -> None:
    # Given a case whose persons its own household already holds, by an earlier try or another case of the household
    (taken,) = file(households[0])
    household = value("select household_id from cases where id = %s", taken.case_id)
    for member in households[0]["members"]:
        rows(
            "insert into person_claim (idcs, household_id, case_id) values (%s, %s, %s)",
            member["idcs"],
            household,
            taken.case_id + 1000,
        )

    # When it is screened
    drain_all(worker())

    # Then it does not accuse itself
    assert current_stage(taken) == "notified"


def test_two_workers_at_once_never_register_a_person_twice(database: str, worker: Worker) -> None:
    """Many pairs of households that share a person, worked off by two threads with a database connection each."""
    # Given twelve pairs, each with one person in common
    pairs = [(a_household(2 * i, members=2), a_household(2 * i + 1, members=2)) for i in range(12)]
    register([each for pair in pairs for each in pair])
    taken = [file(mine.body, borrowing(theirs.body, mine.body)) for mine, theirs in pairs]

    # When two workers take batches at the same moment
    at_once(worker(batch=5), worker(batch=5))

    # Then one of each pair is registered, and the other one waits for a person
    for pair in taken:
        assert sorted(current_stage(each) for each in pair) == ["notified", "under_review"]
    assert (
        value("select count(*) from (select idcs from household_member group by idcs having count(*) > 1) as twice")
        == 0
    )
    assert stages() == {"notified": 12, "under_review": 12}


def at_once(*drainers: Drainer) -> None:
    """Every drainer in a thread of its own, from the same moment on."""
    barrier, errors = Barrier(len(drainers)), list[BaseException]()

    def run(drainer: Drainer) -> None:
        barrier.wait(10)
        try:
            drain_all(drainer)
            drain_all(drainer)
        except BaseException as error:  # noqa: BLE001 - a thread's error is shown by the test
            errors.append(error)

    threads = [Thread(target=run, args=(each,)) for each in drainers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []


def test_a_telephone_of_four_households_is_noted_and_holds_nobody_up(database: str, worker: Worker) -> None:
    made = [a_household(place) for place in range(4)]
    register(made)
    taken = file(*[each.body | {"phone": "+212612345678"} for each in made])

    drain_all(worker())

    assert stages() == {"notified": 4}
    assert facts_of(taken[0], "NothingSuspicious")["noted"] == [{"code": "phone_shared", "count": 4}]


def test_an_application_under_review_that_is_cleared_while_the_person_is_still_held_comes_back(
    households: tuple[Body, Body], worker: Worker
) -> None:
    first, later = file(*households)
    drain_all(worker())

    caseworker(later, "clear", "nothing_found")
    drain_all(worker())

    assert current_stage(later) == "under_review"
    assert events_of(later)[-2:] == ["ReviewCleared", "ReviewReopened"]
    assert current_stage(first) == "notified"
