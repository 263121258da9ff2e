"""A case that waits because of the population register goes on by itself once the register is corrected."""

from models.database import transaction
from tasks.bootstrap import look_again
from tests.changing import change_of, declare, nothing_wrong
from tests.doubting import in_doubt, mistyped
from tests.filing import (
    Worker,
    a_household,
    changed,
    current_stage,
    drain_all,
    events_of,
    facts_of,
    file,
    messages_of,
    register,
    rows,
)
from tests.people import caseworker
from workflows.intake.submit import Accepted
from workflows.registers.enrol import enrol
from workflows.registers.person_keys import renew_keys_of

WRONG = "1931-03-07"


def correct_register(*idcs: str, **values: str) -> frozenset[str]:
    """The register corrects its entries of these persons, and looks for the cases that wait for them."""
    with transaction() as connection:
        for name, value in values.items():
            connection.execute(f"update person set {name} = %s where idcs = any(%s)", [value, list(idcs)])
        for each in idcs:
            renew_keys_of(connection, each)
        return look_again(connection, idcs)


def mismatched() -> tuple[str, Accepted]:
    """A member of a household, and its application, in which their birth date is another than the register's."""
    made = a_household(members=3)
    register([made])
    (taken,) = file(changed(made.body, 1, birth_date=WRONG, birth_precision="day"))
    return made.body["members"][1]["idcs"], taken


def test_a_household_that_was_right_waits_no_more_and_is_told(database: str, worker: Worker) -> None:
    idcs, taken = mismatched()
    drain_all(worker())
    assert current_stage(taken) == "needs_correction"

    assert correct_register(idcs, birth_date=WRONG, birth_precision="day") == {"verification"}
    assert facts_of(taken, "RegisterChanged")["members"] == [1]
    drain_all(worker())

    assert current_stage(taken) == "notified"
    assert messages_of(taken) == ["received", "correction", "register_changed", "registered"]
    assert rows("select waits_for from desk_item") == []
    assert nothing_wrong()


def test_who_is_enrolled_since_is_found(database: str, worker: Worker) -> None:
    made = a_household(members=3)
    *known, late = made.persons
    enrol([each.row() for each in known])
    (taken,) = file(made.body)
    drain_all(worker())
    assert facts_of(taken, "MembersMismatched")["mismatches"][0]["reason"] == "unknown"

    assert enrol([late.row()], look_again) == 1
    drain_all(worker())

    assert current_stage(taken) == "notified"
    assert nothing_wrong()


def test_a_doubt_that_the_register_clears_needs_no_caseworker_any_more(database: str, worker: Worker) -> None:
    made, taken = in_doubt(0)
    drain_all(worker())
    declared = mistyped(made.body, 0)["members"][0]

    correct_register(declared["idcs"], birth_date=declared["birth_date"])
    drain_all(worker())

    assert current_stage(taken) == "notified"
    assert "IdentityConfirmed" not in events_of(taken)
    assert nothing_wrong()


def test_an_entry_that_still_differs_is_asked_about_again(database: str, worker: Worker) -> None:
    idcs, taken = mismatched()
    drain_all(worker())

    correct_register(idcs, birth_date="1950-11-12", birth_precision="day")
    drain_all(worker())

    assert current_stage(taken) == "needs_correction"
    assert events_of(taken).count("MembersMismatched") == 2


def test_a_member_who_agreed_sends_nothing_on(database: str, worker: Worker) -> None:
    _, taken = mismatched()
    drain_all(worker())
    agreed = rows("select idcs from person order by idcs")

    for (idcs,) in agreed:
        if idcs != mismatched_of(taken):
            assert correct_register(idcs) == frozenset()

    assert events_of(taken)[-1] == "MembersMismatched"


def mismatched_of(taken: Accepted) -> str:
    """The identifier of the member who does not agree."""
    return str(rows("select body -> 'members' -> 1 ->> 'idcs' from case_body where case_id = %s", taken.case_id)[0][0])


def test_what_a_caseworker_asked_is_for_the_household_to_answer(
    reviewed: tuple[Accepted, Accepted], worker: Worker
) -> None:
    _, later = reviewed
    caseworker(later, "correct", "person_lives_elsewhere")
    everybody = [idcs for (idcs,) in rows("select idcs from person")]

    assert correct_register(*everybody) == frozenset()

    assert current_stage(later) == "needs_correction"


def test_a_change_of_a_registered_household_goes_on_too(database: str, worker: Worker) -> None:
    made = a_household(members=3)
    register([made])
    (taken,) = file(made.body)
    drain_all(worker())
    wrong = changed(made.body, 1, birth_date=WRONG, birth_precision="day")
    update = declare(taken, change_of(wrong, "bills"))
    drain_all(worker())
    assert current_stage(update) == "needs_correction"

    correct_register(made.body["members"][1]["idcs"], birth_date=WRONG, birth_precision="day")
    drain_all(worker())

    assert current_stage(update) == "notified"
    assert messages_of(update)[:3] == ["update_received", "update_correction", "update_register_changed"]
    assert nothing_wrong()
