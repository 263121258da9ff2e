"""Members whom the population register leaves in doubt: a caseworker looks once; nobody is sent away for a slip."""

import pytest

from models.errors import Refused, Stale
from tests.appealing import an_appeal
from tests.changing import change_of, declare, nothing_wrong
from tests.doubting import in_doubt, mistyped, said
from tests.filing import (
    Worker,
    a_household,
    borrowing,
    changed,
    current_stage,
    drain_all,
    events_of,
    everything,
    facts_of,
    file,
    messages_of,
    register,
    rows,
    value,
    version_of,
)
from tests.people import ALL_TABLES, after, citizen, ring_timers


def test_who_is_confirmed_is_registered_and_was_asked_nothing(database: str, worker: Worker) -> None:
    _, taken = in_doubt()
    drain_all(worker())
    assert current_stage(taken) == "identity_in_doubt"
    (doubt,) = facts_of(taken, "IdentityDoubted")["doubts"]
    assert (doubt["member"], doubt["what"], doubt["verdict"]) == (0, "birth", "one_digit")

    assert said(taken).event == "IdentityConfirmed"
    drain_all(worker())

    assert current_stage(taken) == "notified"
    assert events_of(taken)[1:4] == ["IdentityDoubted", "IdentityConfirmed", "ScoreComputed"]
    assert messages_of(taken) == ["received", "review", "registered"]
    assert value("select actor like 'officer:%%' from event where kind = 'IdentityConfirmed'")
    assert rows("select act, case_ids from audit_entry") == [("confirm_identity", [taken.case_id])]
    assert nothing_wrong()


def test_who_is_not_confirmed_is_asked_with_the_reason_and_corrects_it(database: str, worker: Worker) -> None:
    made, taken = in_doubt()
    drain_all(worker())

    assert said(taken, others=[0]).stage == "needs_correction"
    assert messages_of(taken)[-1] == "correction"
    citizen(taken, "correction", made.body)
    drain_all(worker())

    assert current_stage(taken) == "notified"
    assert nothing_wrong()


def test_who_was_confirmed_is_not_asked_about_again_when_another_member_is_corrected(
    database: str, worker: Worker
) -> None:
    made, taken = in_doubt(0, 1)
    drain_all(worker())
    said(taken, others=[1])

    citizen(taken, "correction", mistyped(made.body, 0))
    drain_all(worker())

    assert current_stage(taken) == "notified"
    evidence = value("select evidence from event where kind = 'PersonsVerified'")
    assert (evidence["persons"][0]["birth"], evidence["confirmed"]) == ("one_digit", [0])
    assert nothing_wrong()


def test_who_was_not_confirmed_and_says_the_same_again_is_looked_at_again(database: str, worker: Worker) -> None:
    made, taken = in_doubt()
    drain_all(worker())
    said(taken, others=[0])

    citizen(taken, "correction", mistyped(made.body, 0))
    drain_all(worker())

    assert current_stage(taken) == "identity_in_doubt"


def test_a_later_case_of_the_household_asks_nobody_again(database: str, worker: Worker) -> None:
    made, taken = in_doubt()
    drain_all(worker())
    said(taken)
    drain_all(worker())

    update = declare(taken, change_of(changed(mistyped(made.body, 0), bills={"gas": "77"}), "bills"))
    drain_all(worker())

    assert current_stage(update) == "notified"
    assert "IdentityDoubted" not in events_of(update)
    assert nothing_wrong()


def test_who_is_declared_otherwise_since_is_looked_at_again(database: str, worker: Worker) -> None:
    made, taken = in_doubt()
    drain_all(worker())
    said(taken)
    drain_all(worker())
    head = made.persons[0].row()
    names = {part: head[part] for part in ("given_name_ar", "family_name_ar", "given_name_la", "family_name_la")}
    assert names.items() - made.body["members"][0].items(), "the same names would settle it"

    update = declare(taken, change_of(changed(mistyped(made.body, 0), 0, **names), "bills"))
    drain_all(worker())

    assert current_stage(update) == "identity_in_doubt"
    assert said(update).event == "IdentityConfirmed"
    drain_all(worker())
    assert current_stage(update) == "notified"
    assert nothing_wrong()


def test_what_a_caseworker_said_is_forgotten_with_its_events(database: str, worker: Worker) -> None:
    """Erased by law or in time: somebody looks again."""
    made, taken = in_doubt()
    drain_all(worker())
    said(taken)
    drain_all(worker())
    rows("update event set facts = null where kind = 'IdentityConfirmed'")

    update = declare(taken, change_of(changed(mistyped(made.body, 0), bills={"gas": "77"}), "bills"))
    drain_all(worker())

    assert current_stage(update) == "identity_in_doubt"


def test_what_was_said_of_a_person_in_another_household_settles_nothing_here(database: str, worker: Worker) -> None:
    made, taken = in_doubt(1)
    drain_all(worker())
    said(taken)
    drain_all(worker())
    other = a_household(1, members=3)
    register([other])

    (later,) = file(borrowing(other.body, mistyped(made.body, 1), 1))
    drain_all(worker())

    assert current_stage(later) == "identity_in_doubt"


def test_the_citizen_is_asked_first_and_the_doubt_is_found_again(database: str, worker: Worker) -> None:
    made, taken = in_doubt(0)
    wrong = changed(mistyped(made.body, 0), 1, birth_date="1901-03-07", birth_precision="day")
    drain_all(worker())
    said(taken, others=[0])
    citizen(taken, "correction", wrong)
    drain_all(worker())
    assert [each["member"] for each in facts_of(taken, "MembersMismatched")["mismatches"]] == [1]

    citizen(taken, "correction", mistyped(made.body, 0))
    drain_all(worker())

    assert current_stage(taken) == "identity_in_doubt"


def test_a_doubt_that_nobody_looks_at_is_overdue_and_decides_nothing(database: str, worker: Worker) -> None:
    _, taken = in_doubt()
    drain_all(worker())
    for days in (10.1, 20.1):
        with after(days=days):
            ring_timers()
            drain_all(worker())

    assert current_stage(taken) == "identity_in_doubt"
    assert facts_of(taken, "ReviewOverdue")["times"] == 2
    assert rows("select priority, queue, waits_for from desk_item") == [(1, "exceptions", "either")]


def test_of_two_caseworkers_the_second_is_told_that_the_case_moved_on(database: str, worker: Worker) -> None:
    _, taken = in_doubt()
    drain_all(worker())
    version = version_of(taken)
    said(taken, version=version)
    before = everything(*ALL_TABLES)

    with pytest.raises(Refused, match="no identity in doubt"):
        said(taken, others=[0], name="brahim", version=version)

    assert everything(*ALL_TABLES) == before


def test_a_verdict_on_an_older_version_changes_nothing(database: str, worker: Worker) -> None:
    _, taken = in_doubt()
    drain_all(worker())
    before = everything(*ALL_TABLES)

    with pytest.raises(Stale):
        said(taken, version=version_of(taken) - 1)

    assert everything(*ALL_TABLES) == before


def test_a_household_in_doubt_can_be_withdrawn(database: str, worker: Worker) -> None:
    _, taken = in_doubt()
    drain_all(worker())
    assert citizen(taken, "withdrawal").stage == "withdrawn"
    assert nothing_wrong()


def test_what_a_caseworker_found_may_be_contested_and_another_one_decides(database: str, worker: Worker) -> None:
    _, taken = in_doubt()
    drain_all(worker())
    said(taken, others=[0], name="amina")

    appeal = an_appeal(taken, "correction")
    drain_all(worker())

    (barred,) = rows("select barred from desk_item where case_id = %s", appeal.case_id)[0]
    (amina,) = rows("select actor from event where kind = 'IdentityNotConfirmed'")[0]
    assert amina in barred
