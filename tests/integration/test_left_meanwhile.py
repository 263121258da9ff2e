"""A change waits for a person while a member leaves its household: who left is not claimed again by it."""

import pytest

from models import clock
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
    file,
    register,
    rows,
)
from tests.integration.running import Run
from tests.people import after, caseworker, citizen, ring_timers
from tests.terms import over
from workflows.intake.submit import Accepted

Household = tuple[Body, Accepted]


@pytest.fixture
def two(database: str, worker: Worker) -> tuple[Household, Household]:
    """Two registered households, of which the first has two adults who are not its head."""
    all_made = [a_household(place, members=4) for place in range(30)]
    large = next(each for each in all_made if len(adults(each.body)) >= 2)
    made = [large, next(each for each in all_made if each is not large)]
    register(made)
    receipts = file(*[each.body for each in made])
    drain_all(worker())
    first, second = [(each.body, receipt) for each, receipt in zip(made, receipts, strict=True)]
    return first, second


def adults(body: Body) -> list[str]:
    """The identifiers of the adults who are not the head."""
    return [
        str(each["idcs"])
        for each in body["members"]
        if each["relationship"] != "head" and str(each["birth_date"]) < "2005"
    ]


def joins(household: Household, other: Household, idcs: str) -> Accepted:
    """The household says that this member of the other joined it."""
    place = [each["idcs"] for each in other[0]["members"]].index(idcs)
    body = borrowing(household[0], other[0], place)
    return declare(household[1], change_of(body, "member_joined", "marriage"))


def holders_of(*persons: str) -> list[int]:
    """The cases that hold these persons."""
    found = rows("select case_id from person_claim where idcs = any(%s) order by idcs", list(persons))
    return [case_id for (case_id,) in found]


def test_of_two_who_left_one_after_the_other_the_household_holds_neither(
    two: tuple[Household, Household], worker: Worker
) -> None:
    (body, receipt), _ = two
    brother, sister = adults(body)[:2]
    leaving = [depart(receipt, brother), depart(receipt, sister)]
    drain_all(worker())
    assert [current_stage(each) for each in leaving] == ["under_review"] * 2
    caseworker(leaving[0], "clear", "moved")
    drain_all(worker())

    caseworker(leaving[1], "clear", "moved")
    worker(["fraud"]).drain("fraud", 60)
    assert current_stage(leaving[1]) == "fraud_checked"
    assert holders_of(brother) == []
    assert nothing_wrong()  # while it is overtaken
    drain_all(worker())

    assert [current_stage(each) for each in leaving] == ["notified"] * 2
    assert holders_of(brother, sister) == []
    assert nothing_wrong()


def test_a_review_is_cleared_though_another_household_holds_who_left_meanwhile(
    two: tuple[Household, Household], worker: Worker, ready: Run
) -> None:
    first, second = two
    brother, sister = adults(first[0])[:2]
    leaving = [depart(first[1], brother), depart(first[1], sister)]
    drain_all(worker())
    caseworker(leaving[0], "clear", "moved")
    drain_all(worker())
    joining = joins(second, first, brother)
    drain_all(worker())
    assert holders_of(brother) == [joining.case_id]

    cleared = ready("decide", leaving[1].reference, "clear", "--reason", "moved", "--as", "amina")
    assert cleared.code == 0, cleared.err
    drain_all(worker())

    assert current_stage(leaving[1]) == "notified"
    assert holders_of(brother, sister) == [joining.case_id]
    assert nothing_wrong()


def test_a_review_of_a_household_that_ended_is_cleared_wherever_its_members_are(
    two: tuple[Household, Household], worker: Worker, ready: Run
) -> None:
    first, second = two
    brother, sister = adults(first[0])[:2]
    leaving = depart(first[1], brother)
    declare(first[1], change_of(first[0], "removal", "request"))
    drain_all(worker())
    with after(over("letting_go")):
        ring_timers()
        drain_all(worker())
        joining = joins(second, first, sister)
        drain_all(worker())
        assert holders_of(sister) == [joining.case_id]

        cleared = ready("decide", leaving.reference, "clear", "--reason", "moved", "--as", "amina")
        assert cleared.code == 0, cleared.err
        worker(["fraud"]).drain("fraud", 60)
        assert nothing_wrong()
        drain_all(worker())
        assert current_stage(leaving) == "void"
        assert nothing_wrong()


def test_the_doctor_knows_who_was_to_be_taken_over_by_a_change_that_was_overtaken(
    two: tuple[Household, Household], worker: Worker
) -> None:
    # Given a change by which a person of another household joins, while a member of its own has declared to have left
    first, second = two
    theirs, ours = next(each for each in adults(second[0])), adults(first[0])[0]
    depart(second[1], theirs)
    leaving = depart(first[1], ours)
    joining = joins(first, second, theirs)
    drain_all(worker())
    with after(over("letting_go")):
        ring_timers()
        drain_all(worker())
        assert current_stage(joining) == "under_review"

        # When the own member leaves, and a caseworker then gives the person to the household
        caseworker(leaving, "clear", "moved")
        drain_all(worker())
        caseworker(joining, "clear", "handed_over")
        for queue in ("fraud", "approval", "verification"):
            worker([queue]).drain(queue, 60)

        # Then nothing is wrong while the change, which has a member less, is compared anew, nor when it is done
        assert current_stage(joining) == "verified"
        assert nothing_wrong()
        drain_all(worker())
        assert current_stage(joining) == "notified"
        assert nothing_wrong()


def test_the_doctor_expects_nobody_of_a_change_that_waits_again(
    two: tuple[Household, Household], worker: Worker
) -> None:
    # Given a change that a caseworker gave a person, that was overtaken, and that waits for the person again
    first, second = two
    made = a_household(40, members=3)
    register([made])
    (third,) = file(made.body)
    drain_all(worker())
    theirs, brother = adults(second[0])[0], adults(first[0])[0]
    depart(second[1], theirs)
    depart(first[1], brother)
    place = [each["idcs"] for each in second[0]["members"]].index(theirs)
    body = changed(borrowing(first[0], second[0], place), bills={"gas": "78"})
    joining = declare(first[1], change_of(body, "member_joined", "marriage"))
    other = joins((made.body, third), first, brother)
    drain_all(worker())
    with after(over("letting_go")):
        ring_timers()
        drain_all(worker())
        declare(first[1], change_of(changed(first[0], bills={"gas": "77"}), "bills"))
        drain_all(worker())
        caseworker(joining, "clear", "handed_over")
        drain_all(worker())
        assert current_stage(joining) == "conflicting"
        citizen(joining, "correction", body)
        drain_all(worker())
        assert current_stage(joining) == "awaiting_person"

        # When another household is given a member of its own who is about to leave
        caseworker(other, "clear", "handed_over")
        drain_all(worker())

        # Then the one that waits is not said to have lost them
        assert holders_of(brother) == [other.case_id]
        assert nothing_wrong()


def test_a_change_that_gave_a_person_away_goes_on_though_they_left_the_other_household_too(
    two: tuple[Household, Household], worker: Worker
) -> None:
    # Given a person whom one household lets go by a change that waits, and who was given to another one
    first, second = two
    brother = adults(first[0])[0]
    leaving = depart(first[1], brother)
    joining = joins(second, first, brother)
    drain_all(worker())
    with after(over("letting_go")) as now:
        ring_timers()
        drain_all(worker())
        caseworker(joining, "clear", "handed_over")
        drain_all(worker())
        assert holders_of(brother) == [joining.case_id]

        # When they leave that one, too
        declare(second[1], change_of(second[0], "member_left", "departure", based_on=2, true_from=day_of(now)))
        drain_all(worker())
        assert holders_of(brother) == []

        # Then the first household cannot keep them, who may join a third one at any time
        with pytest.raises(Refused, match="was given to another household"):
            citizen(leaving, "withdrawal")
        caseworker(leaving, "clear", "moved")
        drain_all(worker())
        assert current_stage(leaving) == "notified"
        assert nothing_wrong()


def test_a_change_of_a_household_that_ended_lapses_wherever_its_members_are(
    two: tuple[Household, Household], worker: Worker
) -> None:
    first, second = two
    brother = adults(first[0])[0]
    began = clock.now()
    declare(first[1], change_of(first[0], "removal", "request"))
    drain_all(worker())
    with after(days=10, since=began):
        place = [each["idcs"] for each in first[0]["members"]].index(brother)
        wrong = changed(without(first[0], place), 0, birth_date="1931-01-01", birth_precision="day")
        leaving = declare(first[1], change_of(wrong, "member_left", "departure"), officer="amina")
        drain_all(worker())
        assert current_stage(leaving) == "needs_correction"
    with after(days=31, since=began):
        ring_timers()
        drain_all(worker())
        joining = joins(second, first, brother)
        drain_all(worker())
        assert holders_of(brother) == [joining.case_id]
    with after(days=42, since=began):
        ring_timers()
        drain_all(worker())
        assert current_stage(leaving) == "lapsed"
        assert nothing_wrong()


def test_a_person_who_was_handed_over_is_not_waited_for_again_because_another_change_came_between(
    two: tuple[Household, Household], worker: Worker
) -> None:
    first, second = two
    brother = adults(first[0])[0]
    depart(first[1], brother)
    joining = joins(second, first, brother)
    drain_all(worker())
    with after(over("letting_go")) as now:
        ring_timers()
        drain_all(worker())
        assert current_stage(joining) == "under_review"
        declare(second[1], change_of(changed(second[0], bills={"gas": "77"}), "bills"))
        drain_all(worker())
        caseworker(joining, "clear", "handed_over")
        drain_all(worker())
        assert "ChangeOvertaken" in events_of(joining)
        assert current_stage(joining) == "notified"
        assert holders_of(brother) == [joining.case_id]
        with clock.at(now):
            assert nothing_wrong()
