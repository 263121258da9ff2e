"""A person moves from one registered household to another: one waits for the other, and nobody is ever in both."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from models import clock
from models.database import transaction
from models.days import day_of
from models.errors import Refused
from tests.changing import change_of, declare, depart, nothing_wrong, without
from tests.filing import (
    Body,
    Worker,
    a_household,
    borrowing,
    changed,
    current_stage,
    drain_all,
    events_of,
    facts_of,
    file,
    register,
    rows,
    value,
)
from tests.meeting import Work
from tests.people import after, caseworker, citizen, ring_timers
from tests.terms import over
from workflows.casework.reviews import kept_open
from workflows.engine.work import lock_all
from workflows.flows import case_queues
from workflows.flows.grammar import TIMERS
from workflows.intake.submit import Accepted
from workflows.registers.person_moves import wake_missed_waits

Household = tuple[Body, Accepted]


@pytest.fixture
def two(database: str, worker: Worker) -> tuple[Household, Household]:
    """Two registered households of at least three members, with their receipts."""
    made = [a_household(place, members=3) for place in (0, 1)]
    register(made)
    receipts = file(*[each.body for each in made])
    drain_all(worker())
    first, second = [(each.body, receipt) for each, receipt in zip(made, receipts, strict=True)]
    return first, second


def mover(body: Body) -> int:
    """The position of an adult who is not the head."""
    return next(
        place
        for place, each in enumerate(body["members"])
        if each["relationship"] != "head" and str(each["birth_date"]) < "2005"
    )


def moving(household: Household) -> str:
    """The identifier of that adult."""
    return str(household[0]["members"][mover(household[0])]["idcs"])


def holder_of(idcs: str) -> int | None:
    """The case that holds a person."""
    found = rows("select case_id from person_claim where idcs = %s", idcs)
    return found[0][0] if found else None


def leaves(household: Household) -> Accepted:
    """The household says that its last member left."""
    body, receipt = household
    return declare(receipt, change_of(without(body, mover(body)), "member_left", "departure"))


def joins(household: Household, other: Household) -> Accepted:
    """The household says that the last member of the other joined it."""
    body, receipt = household
    return declare(receipt, change_of(borrowing(body, other[0], mover(other[0])), "member_joined", "arrival"))


def sweep() -> int:
    """Wakes who waits for what is over, as the sweep does."""
    with transaction() as connection:
        return wake_missed_waits(connection, clock.now())


def test_a_person_whom_one_household_lets_go_is_free_at_once(two: tuple[Household, Household], worker: Worker) -> None:
    first, _ = two
    update = leaves(first)
    drain_all(worker())

    assert current_stage(update) == "notified"
    assert holder_of(moving(first)) is None
    assert nothing_wrong()


def test_the_joining_household_waits_for_the_other_and_is_given_the_person(
    two: tuple[Household, Household], worker: Worker
) -> None:
    first, second = two
    leaving = depart(first[1], moving(first))
    joining = joins(second, first)
    drain_all(worker())
    assert current_stage(joining) == "awaiting_person"
    assert holder_of(moving(first)) == first[1].case_id
    assert nothing_wrong()

    caseworker(leaving, "clear", "moved")
    drain_all(worker(serves=set(case_queues()) - {TIMERS}))
    # From the moment they are let go on, nobody else can claim them.
    assert [current_stage(each) for each in (leaving, joining)] == ["notified", "awaiting_person"]
    assert holder_of(moving(first)) == joining.case_id
    drain_all(worker())

    assert current_stage(joining) == "notified"
    assert holder_of(moving(first)) == joining.case_id
    assert "PersonLetGo" in events_of(joining)
    assert nothing_wrong()


def test_a_new_household_waits_for_the_registered_one_that_its_member_leaves(
    two: tuple[Household, Household], worker: Worker
) -> None:
    first, _ = two
    made = a_household(2, members=3)
    register([made])
    leaving = depart(first[1], moving(first))
    (new,) = file(borrowing(made.body, first[0], mover(first[0])))
    drain_all(worker())
    assert current_stage(new) == "awaiting_person"

    caseworker(leaving, "clear", "moved")
    drain_all(worker())

    assert current_stage(new) == "notified"
    assert holder_of(moving(first)) == new.case_id
    assert nothing_wrong()


def test_without_a_word_of_the_other_household_a_caseworker_looks(
    two: tuple[Household, Household], worker: Worker
) -> None:
    first, second = two
    joining = joins(second, first)
    drain_all(worker())

    assert current_stage(joining) == "under_review"
    assert value("select count(*) from person_awaited") == 0
    assert nothing_wrong()


def test_an_update_that_is_withdrawn_sends_who_waited_to_a_caseworker(
    two: tuple[Household, Household], worker: Worker
) -> None:
    first, second = two
    leaving = depart(first[1], moving(first))
    joining = joins(second, first)
    drain_all(worker())

    citizen(leaving, "withdrawal")
    drain_all(worker())

    assert current_stage(joining) == "under_review"
    assert nothing_wrong()


def test_who_waits_for_nothing_is_woken_by_the_sweep(two: tuple[Household, Household], worker: Worker) -> None:
    first, second = two
    leaving = depart(first[1], moving(first))
    joining = joins(second, first)
    drain_all(worker())
    assert sweep() == 0
    # As if its wake-up was lost: the update ended while the joining case began to wait
    rows("update cases set household_id = 999 where id = %s", leaving.case_id)

    assert sweep() == 1
    drain_all(worker())

    assert current_stage(joining) == "under_review"


def test_nobody_is_awaited_for_ever(two: tuple[Household, Household], worker: Worker) -> None:
    first, second = two
    depart(first[1], moving(first))
    joining = joins(second, first)
    drain_all(worker())

    with after(over("letting_go")):
        ring_timers()
        drain_all(worker())
    assert events_of(joining)[-2:] == ["PersonNotLetGo", "DuplicateSuspected"]
    assert current_stage(joining) == "under_review"


@pytest.fixture
def swap(two: tuple[Household, Household], worker: Worker) -> tuple[Accepted, Accepted]:
    """Two households that exchange a member, in one update each; both wait for the other."""
    first, second = two
    updates = [
        declare(
            mine[1],
            change_of(
                borrowing(without(mine[0], mover(mine[0])), other[0], mover(other[0])), "member_joined", "marriage"
            ),
            officer="amina",
        )
        for mine, other in ((first, second), (second, first))
    ]
    drain_all(worker())
    return updates[0], updates[1]


def test_two_approvals_of_a_swap_meet_and_both_are_done(swap: tuple[Accepted, Accepted], worker: Worker) -> None:
    """Each holds its own case and waits for the other's, which lets a person go."""
    sweep()
    drain_all(worker())
    for each in swap:
        caseworker(each, "clear", "handed_over")
    worker(["fraud"]).drain("fraud", 60)
    assert [current_stage(each) for each in swap] == ["fraud_checked", "fraud_checked"]
    both_hold = Barrier(2)
    approvals = [Work(each.case_id, lambda: both_hold.wait(10)) for each in swap]

    with ThreadPoolExecutor(2) as processes:
        for running in [processes.submit(approval.run) for approval in approvals]:
            running.result(30)

    assert sum(each.runs for each in approvals) == 3  # one of them met a deadlock
    drain_all(worker())
    assert [current_stage(each) for each in swap] == ["notified", "notified"]
    assert nothing_wrong()


def test_a_swap_goes_to_a_caseworker_who_hands_the_persons_over(
    two: tuple[Household, Household], swap: tuple[Accepted, Accepted], worker: Worker
) -> None:
    sweep()
    drain_all(worker())
    assert [current_stage(each) for each in swap] == ["under_review", "under_review"]
    assert [facts_of(each, "PersonNotLetGo")["circle"] for each in swap] == [True, True]
    assert nothing_wrong()

    for each in swap:
        caseworker(each, "clear", "handed_over")
        drain_all(worker())

    assert [current_stage(each) for each in swap] == ["notified", "notified"]
    assert [holder_of(moving(two[0])), holder_of(moving(two[1]))] == [swap[1].case_id, swap[0].case_id]
    assert nothing_wrong()


def test_a_swap_that_is_approved_in_one_batch_leaves_nobody_free(
    two: tuple[Household, Household], swap: tuple[Accepted, Accepted], worker: Worker
) -> None:
    sweep()
    drain_all(worker())
    for each in swap:
        caseworker(each, "clear", "handed_over")
    drain_all(worker())

    assert [current_stage(each) for each in swap] == ["notified", "notified"]
    assert [holder_of(moving(two[0])), holder_of(moving(two[1]))] == [swap[1].case_id, swap[0].case_id]
    assert nothing_wrong()


@pytest.mark.parametrize(
    ("verdict", "reason"), [("refuse", "false_declaration"), ("correct", "person_lives_elsewhere")]
)
def test_once_a_person_is_given_away_nobody_stops_the_change_that_lets_them_go(
    two: tuple[Household, Household], swap: tuple[Accepted, Accepted], worker: Worker, verdict: str, reason: str
) -> None:
    sweep()
    drain_all(worker())
    caseworker(swap[0], "clear", "handed_over")
    drain_all(worker())
    assert [current_stage(each) for each in swap] == ["notified", "under_review"]

    with pytest.raises(Refused, match="was given to another household"):
        caseworker(swap[1], verdict, reason)
    with pytest.raises(Refused, match="was given to another household"):
        citizen(swap[1], "withdrawal")
    assert nothing_wrong()

    caseworker(swap[1], "clear", "handed_over")
    drain_all(worker())
    assert current_stage(swap[1]) == "notified"
    assert nothing_wrong()


def test_a_person_is_taken_over_only_while_their_household_lets_them_go(
    two: tuple[Household, Household], swap: tuple[Accepted, Accepted], worker: Worker
) -> None:
    """As when the change is withdrawn between the screening of the other household and its approval."""
    second = two[1]
    sweep()
    drain_all(worker())
    caseworker(swap[0], "clear", "handed_over")
    worker(["fraud"]).drain("fraud", 60)
    assert current_stage(swap[0]) == "fraud_checked"
    assert nothing_wrong()
    declare(second[1], change_of(changed(second[0], bills={"gas": "90"}), "bills"))  # another one lets nobody go

    citizen(swap[1], "withdrawal")
    drain_all(worker())

    assert current_stage(swap[0]) == "under_review"
    assert events_of(swap[0])[-2:] == ["PersonsLost", "ReviewReopened"]
    assert nothing_wrong()


def test_a_member_is_claimed_for_who_registered_them_whoever_claimed_them_before(
    two: tuple[Household, Household], worker: Worker
) -> None:
    # Given an update that waits for one person and holds another, whom a second update of the household registers
    first, second = two
    depart(first[1], moving(first))
    made = a_household(7, members=2)
    register([made])
    told = {name: value for name, value in made.body["members"][1].items() if name != "declarant"}
    newcomer = told | {"relationship": "other_relative"}
    with_newcomer = second[0] | {"members": [*second[0]["members"], newcomer]}
    waiting = declare(
        second[1], change_of(borrowing(with_newcomer, first[0], mover(first[0])), "member_joined", "arrival")
    )
    drain_all(worker())
    other = declare(second[1], change_of(with_newcomer, "member_joined", "arrival"))
    drain_all(worker())
    assert [current_stage(each) for each in (waiting, other)] == ["awaiting_person", "notified"]

    # When the first one ends
    citizen(waiting, "withdrawal")
    drain_all(worker())

    # Then they are still claimed, and nothing is missed
    assert holder_of(str(newcomer["idcs"])) == other.case_id
    assert nothing_wrong()


def test_however_often_who_waits_is_woken_the_wait_has_one_term(
    two: tuple[Household, Household], worker: Worker
) -> None:
    first, second = two
    began = clock.now()
    removal = declare(first[1], change_of(first[0], "removal", "request"))
    drain_all(worker())
    joining = joins(second, first)
    drain_all(worker())
    for days in range(6, 37, 6):
        assert current_stage(joining) == "awaiting_person", days
        with after(days=days, since=began) as now:
            newer = declare(first[1], change_of(first[0], "removal", "request", true_from=day_of(now)))
            drain_all(worker())
            citizen(removal, "withdrawal")
            drain_all(worker())
            removal = newer
    assert current_stage(joining) == "under_review"


def test_an_update_that_lets_nobody_go_keeps_nobody_waiting(two: tuple[Household, Household], worker: Worker) -> None:
    first, second = two
    leaving = depart(first[1], moving(first))
    drain_all(worker())
    joining = joins(second, first)
    drain_all(worker())
    wrong = changed(changed(first[0], bills={"gas": "90"}), 1, birth_date="1950-01-01", birth_precision="day")
    other = declare(first[1], change_of(wrong, "bills"))
    drain_all(worker())
    assert [current_stage(each) for each in (joining, other)] == ["awaiting_person", "needs_correction"]
    with transaction() as connection:
        lock_all(connection, [joining.case_id])
        citizen(leaving, "withdrawal")

    assert sweep() == 1
    drain_all(worker())
    assert current_stage(joining) == "under_review"


def kept_open_now() -> tuple[int, list[int]]:
    """How many changes nobody answers that cannot lapse, and which."""
    with transaction() as connection:
        count, files = kept_open(connection, 20)
    return count, [file.id for file in files]


def test_a_change_that_gave_a_person_away_does_not_lapse_by_silence(
    two: tuple[Household, Household], worker: Worker
) -> None:
    # Given a household that lets a person go by a change which needs a correction
    (body, receipt), joining = two[0], two[1]
    gone = without(body, mover(body))
    gone["members"][-1] |= {"birth_date": "1931-01-01", "birth_precision": "day"}
    leaving = declare(receipt, change_of(gone, "member_left", "departure"))
    update = joins(joining, two[0])
    drain_all(worker())
    assert [current_stage(each) for each in (leaving, update)] == ["needs_correction", "awaiting_person"]
    # And another one that was given the person when it had waited for its whole term
    with after(over("letting_go")):
        rows(
            "update cases set due_at = due_at + interval '31 days', deadline = deadline + interval '31 days' "
            "where id = %s",
            leaving.case_id,
        )
        ring_timers()
        drain_all(worker())
        caseworker(update, "clear", "handed_over")
        drain_all(worker())
        assert [current_stage(each) for each in (leaving, update)] == ["needs_correction", "notified"]

    # When nobody answers, however long
    for days in (62, 93):
        with after(days=days):
            ring_timers()
            drain_all(worker())
            assert current_stage(leaving) == "needs_correction"
            assert kept_open_now() == (1, [leaving.case_id])
    assert events_of(leaving).count("ChangeKeptOpen") == 2

    # Then the change is still there, and does what it says once it is answered
    with after(days=94) as now:
        citizen(leaving, "correction", gone)
        drain_all(worker())
        assert (current_stage(leaving), kept_open_now()) == ("needs_correction", (0, [])), "it was answered, if wrongly"
        citizen(leaving, "correction", without(body, mover(body)))
        assert kept_open_now() == (0, [])
        drain_all(worker())
        assert current_stage(leaving) == "notified"
        assert holder_of(moving(two[0])) == update.case_id
        with clock.at(now):
            assert nothing_wrong()


def test_an_update_made_before_a_person_joined_lets_nobody_go(two: tuple[Household, Household], worker: Worker) -> None:
    """It does not name them, but once it is rebased they stay: who took them over by it would share them."""
    first, (body, receipt) = two
    made = a_household(2, members=3)
    register([made])
    (registered,) = file(made.body)
    gas = changed(body, bills={"gas": "90"})
    declare(receipt, change_of(gas, "bills"))
    stale = declare(receipt, change_of(changed(body, bills={"gas": "10"}), "bills"))
    leaves(first)
    drain_all(worker())
    joined = borrowing(gas, first[0], mover(first[0]))
    joining = declare(receipt, change_of(joined, "member_joined", "marriage", based_on=2))
    drain_all(worker())
    assert (current_stage(stale), current_stage(joining)) == ("conflicting", "notified")

    third = joins((made.body, registered), first)
    drain_all(worker())
    assert current_stage(third) == "under_review"
    caseworker(third, "clear", "moved")
    drain_all(worker())
    assert current_stage(third) == "under_review"
    assert holder_of(moving(first)) == joining.case_id

    citizen(stale, "withdrawal")
    drain_all(worker())
    assert nothing_wrong()
