"""A kind of case made here, beside registrations on the real engine: another body, no persons, known stage names."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import psycopg
import pytest

from models import clock
from models.database import autocommit_connection, transact, transaction
from models.errors import Refused
from notifications.notices import notices
from tests.filing import Worker, a_household, drain_all, examined, file_clean, rows, value
from tests.integration.auditing import anchor, breaks, replayed
from tests.people import after, ring_timers
from tests.toy_kind import ask, known
from workflows.bodies.declaration import Declaration
from workflows.casework.answers import CitizenAnswer, answer_of_citizen
from workflows.engine.children import wake_missed_parents
from workflows.engine.turns import let_missed_in, let_next_in
from workflows.engine.work import advance
from workflows.evidence import DECLARANT, Reopening
from workflows.history.timeline import timeline

CHILDREN = "select c.id, r.reference from cases c join receipt r on r.case_id = c.id where parent_id = %s"
DOUBLED = "insert into cases select (jsonb_populate_record(c, '{\"id\": 99}')).* from cases c where parent_id = %s"
ENDED = """
    update cases set machine = false, ready = false, stage = 'notified', open = false, queue = null where id = %s
"""
STANDING = "select kind, stage, count(*) from cases group by 1, 2 order by 1, 2"


@pytest.fixture(autouse=True)
def kinds(database: str) -> Iterator[None]:
    with known():
        yield


def standing() -> dict[tuple[str, str], int]:
    return {(kind, stage): count for kind, stage, count in rows(STANDING)}


def healthy(anchors: Path) -> None:
    """Doctor, replay and audit find nothing."""
    assert examined() == {}
    assert replayed().differing == 0
    anchor(anchors)
    assert breaks(anchors) == []


def test_it_runs_to_its_ends_beside_registrations_and_all_proofs_hold(worker: Worker, tmp_path: Path) -> None:
    # Given registrations, and questions whose errands end well and wrong
    file_clean(3)
    ask("well", "wrong", "well")

    # When the same workers work them off
    drain_all(worker())

    # Then each went the way of its own kind, and what waits for people waits under its own
    assert standing() == {
        ("registration", "notified"): 3,
        ("question", "notified"): 2,
        ("question", "under_review"): 1,
        ("errand", "notified"): 2,
        ("errand", "rejected"): 1,
    }
    healthy(tmp_path)


def test_no_declaration_takes_the_place_of_its_body(worker: Worker) -> None:
    ask("wrong")
    drain_all(worker())
    reference, stored = (
        value("select reference from receipt join cases on id = case_id where kind = 'question'"),
        bodies(),
    )
    declaration = Declaration.model_validate(
        {name: each for name, each in a_household().body.items() if name != "application"}
    )
    answer = CitizenAnswer(reference, "", "correction", declaration=declaration, officer="amina")
    with pytest.raises(Refused, match="is corrected by no declaration"):
        transact(lambda connection: answer_of_citizen(connection, answer, clock.now(), notices))
    assert bodies() == stored


def bodies() -> list[tuple[int, str]]:
    """The bodies of all cases."""
    return rows("select case_id, body::text from case_body order by 1, number")


def test_its_end_of_the_same_name_lets_go_of_nobody_that_a_registration_holds(worker: Worker) -> None:
    file_clean(2)
    drain_all(worker())
    held = value("select count(*) from person_claim")

    ask("well")
    drain_all(worker())

    assert value("select count(*) from person_claim") == held > 0


def test_a_case_that_another_one_opened_has_a_reference_and_sends_no_message_of_its_own(worker: Worker) -> None:
    (question,) = ask("well")
    drain_all(worker())

    ((errand, reference),) = rows(CHILDREN, question)
    assert value("select count(*) from message where case_id = %s", errand) == 0
    assert value("select count(*) from message where case_id = %s", question) == 1
    with transaction() as connection:
        assert [each["stage"] for each in timeline(connection, reference)["events"]] == ["submitted", "notified"]


def test_a_case_opens_another_exactly_once_for_each_of_its_events(worker: Worker) -> None:
    (question,) = ask("well")
    drain_all(worker())

    with pytest.raises(psycopg.errors.UniqueViolation, match="case_opened_once"):
        rows(DOUBLED, question)

    rows("drop index case_opened_once")
    rows(DOUBLED, question)
    assert examined()["children_doubled"] == 1


def test_a_case_that_was_to_be_opened_and_is_not_there_is_found(worker: Worker) -> None:
    ask("well")
    drain_all(worker())

    rows("delete from cases where kind = 'errand'")

    assert examined()["children_missing"] == 1


def test_who_waits_for_a_case_that_is_parked_goes_to_its_owner(
    worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIJIL_TRIES", "1")
    ask("nowhere")

    drain_all(worker())
    drain_all(worker())

    assert standing() == {("question", "under_review"): 1, ("errand", "parked"): 1}
    healthy(tmp_path)


def test_who_waits_for_a_case_that_is_late_goes_to_its_owner(worker: Worker) -> None:
    ask("well")
    drain_all(worker(["scoring"]))
    assert standing() == {("question", "scored"): 1, ("errand", "submitted"): 1}

    with after(days=6):
        assert ring_timers() == 1
        drain_all(worker(["timers"]))

    assert standing() == {("question", "under_review"): 1, ("errand", "submitted"): 1}
    assert examined().keys() <= {"events_ahead"}  # its time is days from now
    assert replayed().differing == 0


def test_an_event_that_leaves_a_case_where_it_is_may_begin_its_term_anew(worker: Worker) -> None:
    (question,) = ask("wrong")
    drain_all(worker())
    looked = "select count(*) from event where kind = 'QuestionLookedAt'"

    with after(days=2) as now, transaction() as connection:
        advance(connection, question, 3, Reopening(at=now, by=DECLARANT), notices)
    with after(days=4):
        ring_timers()
        drain_all(worker())
        assert value(looked) == 0
    with after(days=5.1):
        ring_timers()
        drain_all(worker())
        assert value(looked) == 1
    assert examined().keys() <= {"events_ahead"}  # its time is days from now
    assert replayed().differing == 0


def test_whom_nobody_woke_the_sweep_wakes_and_the_doctor_counts(worker: Worker, tmp_path: Path) -> None:
    # Given a case that ended while somebody held the one that waits for it
    (question,) = ask("well")
    drain_all(worker(["scoring"]))
    with autocommit_connection() as other, other.transaction():
        other.execute("select from cases where id = %s for update", [question])
        drain_all(worker(["fraud"]))
    assert examined() == {"waits_stuck": 1}

    # When the sweep looks
    with transaction() as connection:
        assert wake_missed_parents(connection, clock.now()) == 1

    # Then it goes on
    drain_all(worker())
    assert standing() == {("question", "notified"): 1, ("errand", "notified"): 1}
    healthy(tmp_path)


# Turns ---------------------------------------------------------------------------------------------


def test_cases_of_one_household_take_turns(worker: Worker, tmp_path: Path) -> None:
    # Given three questions about one household, and one about another
    ask("well", "well", "well", "well", households=[70, 70, 70, 71])
    assert rows("select household_id, machine, waiting from cases order by id") == [
        (70, True, False),
        (70, False, True),
        (70, False, True),
        (71, True, False),
    ]
    assert examined() == {}

    # When the machine works, each is let in by the end of the one before
    drain_all(worker())

    # Then all came to their ends
    assert standing() == {("question", "notified"): 4, ("errand", "notified"): 4}
    assert value("select count(*) from cases where waiting") == 0
    healthy(tmp_path)


def test_who_finds_the_machine_occupied_waits_for_the_row_and_looks_again(worker: Worker) -> None:
    """A transaction that ends the case in the machine cannot see one that begins to wait meanwhile."""
    (first,) = ask("well", households=[70])
    began = Thread(target=lambda: ask("well", households=[70]))
    with autocommit_connection() as other, other.transaction():
        # Given the transaction that takes the first one out of the machine, not yet committed
        other.execute(ENDED, [first])
        began.start()
        began.join(0.5)
        assert began.is_alive()  # it waits for the row, and not beside it for ever
        assert let_next_in(other, [70]) == set()
    began.join(10)

    # Then it entered
    assert rows("select machine, waiting from cases where id <> %s", first) == [(True, False)]


def test_who_waits_for_nothing_is_counted_and_let_in_by_the_sweep(worker: Worker) -> None:
    first, second = ask("well", "well", households=[70, 70])
    rows(ENDED, first)
    assert examined()["waits_stuck"] == 1

    with transaction() as connection:
        assert let_missed_in(connection) == 1

    assert rows("select machine, ready, waiting from cases where id = %s", second) == [(True, True, False)]


def test_two_that_enter_at_once_enter_one_after_the_other(worker: Worker, tmp_path: Path) -> None:
    threads = [Thread(target=lambda: ask("well", households=[70])) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)

    assert value("select count(*) from cases where machine") == 1
    assert value("select count(*) from cases where waiting") == 3
    drain_all(worker())
    assert standing()[("question", "notified")] == 4
    healthy(tmp_path)
