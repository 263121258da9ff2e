"""A household that files again: while it is registered it is told so, and never becomes a review against itself."""

from threading import Barrier, Thread

import pytest

from models.errors import Refused
from tests.filing import (
    Body,
    Worker,
    a_household,
    an_application,
    borrowing,
    changed,
    current_stage,
    drain_all,
    examined,
    file,
    outcomes_of,
    register,
    rows,
    value,
)
from tests.people import after, caseworker, citizen, ring_timers
from tests.terms import over
from workflows.intake.submit import Accepted, Rejected


@pytest.fixture
def registered(database: str, worker: Worker) -> tuple[Body, Accepted]:
    """A household of three or more that stands in the register."""
    made = a_household(members=3)
    register([made])
    (taken,) = file(made.body)
    drain_all(worker())
    assert current_stage(taken) == "notified"
    return made.body, taken


def refused(body: Body) -> str:
    """Why this body, sent under a new key, is not taken; it leaves nothing behind."""
    before = rows("select count(*) from cases union all select count(*) from receipt")
    (outcome,) = outcomes_of([an_application(body | {"application": None}, key="another")])
    assert isinstance(outcome, Rejected), outcome
    assert rows("select count(*) from cases union all select count(*) from receipt") == before
    return outcome.code


def declared_by(body: Body, position: int) -> Body:
    """The same household, declared by another member."""
    return body | {"members": [each | {"declarant": place == position} for place, each in enumerate(body["members"])]}


def test_the_same_declarant_is_told_that_the_household_is_registered(registered: tuple[Body, Accepted]) -> None:
    body, _ = registered

    assert refused(changed(body, commune="Elsewhere")) == "already_registered"
    assert (
        refused(
            body
            | {"members": [each for each in body["members"] if each.get("declarant") or each["relationship"] == "head"]}
        )
        == "already_registered"
    )


def test_another_member_who_declares_the_same_household_is_told_so_too(registered: tuple[Body, Accepted]) -> None:
    body, _ = registered

    assert refused(declared_by(body, len(body["members"]) - 1)) == "already_registered"


def test_it_is_known_by_its_members_once_the_declaration_is_gone(registered: tuple[Body, Accepted]) -> None:
    body, taken = registered
    rows("update cases set applicant_idcs = null where id = %s", taken.case_id)

    assert refused(changed(body, commune="Elsewhere")) == "already_registered"


def test_whoever_leaves_a_household_to_found_one_is_a_review_for_a_person(
    registered: tuple[Body, Accepted], worker: Worker
) -> None:
    body, _ = registered
    leaving = body["members"][-1] | {"relationship": "head", "declarant": True}
    (taken,) = file(body | {"members": [leaving], "application": "on-my-own"})
    drain_all(worker())

    assert current_stage(taken) == "under_review"


def test_a_household_that_borrows_a_member_of_a_registered_one_is_a_review_as_before(
    registered: tuple[Body, Accepted], worker: Worker
) -> None:
    body, _ = registered
    other = a_household(3, members=3)
    register([other])
    (taken,) = file(borrowing(other.body, body))
    drain_all(worker())

    assert current_stage(taken) == "under_review"


def test_of_a_set_only_the_registered_households_are_refused(registered: tuple[Body, Accepted]) -> None:
    body, _ = registered
    other = a_household(4, members=2)

    outcomes = outcomes_of(
        [an_application(changed(body, commune="Elsewhere"), key="again"), an_application(other.body)]
    )

    assert [type(each) for each in outcomes] == [Rejected, Accepted]
    assert value("select count(*) from event where seq = 1") == 2
    assert examined() == {}


def test_a_lapsed_application_is_not_taken_up_again_once_the_household_is_registered_by_another(
    database: str, worker: Worker
) -> None:
    # Given an application that lapsed, and another one of the same household that led to the register
    made = a_household(members=3)
    register([made])
    (lapsed,) = file(changed(made.body, 1, birth_date="1950-01-01", birth_precision="day"))
    drain_all(worker())
    with after(over("correction")):
        ring_timers()
        drain_all(worker())
    assert current_stage(lapsed) == "lapsed"
    (taken,) = file(made.body | {"application": "anew"})
    drain_all(worker())
    assert current_stage(taken) == "notified"

    # When the citizen takes the first one up again
    with pytest.raises(Refused) as refusal:
        citizen(lapsed, "reopening")

    # Then it is said why not, and nothing has changed
    assert (refusal.value.code, current_stage(lapsed)) == ("already_registered", "lapsed")


def test_a_correction_that_becomes_a_registered_household_is_refused(
    registered: tuple[Body, Accepted], worker: Worker
) -> None:
    body, _ = registered
    theirs = a_household(5, members=2)
    register([theirs])
    (later,) = file(borrowing(theirs.body, body))
    drain_all(worker())
    caseworker(later, "correct", "person_lives_elsewhere")

    with pytest.raises(Refused) as refusal:
        citizen(later, "correction", {name: given for name, given in body.items() if name != "application"})

    assert (refusal.value.code, current_stage(later)) == ("already_registered", "needs_correction")


def test_filed_a_second_time_at_the_moment_of_registration_it_is_open_or_registered_and_never_a_review(
    database: str, worker: Worker
) -> None:
    made = a_household(members=3)
    register([made])
    file(made.body)
    codes: list[str] = []
    start = Barrier(2)

    def again() -> None:
        start.wait()
        for number in range(60):
            (outcome,) = outcomes_of([an_application(changed(made.body, commune="Elsewhere"), key=f"again-{number}")])
            assert isinstance(outcome, Rejected), outcome
            codes.append(outcome.code)

    filing = Thread(target=again)
    filing.start()
    start.wait()
    drain_all(worker())
    filing.join()

    assert set(codes) <= {"open_application", "already_registered"}
    assert codes[-1] == "already_registered"
    assert rows("select stage, count(*) from cases group by stage") == [("notified", 1)]
