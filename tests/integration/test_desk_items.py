"""What waits for people: the row of each case at the desk, as it comes, moves, is decided and leaves."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from models import clock
from models.database import transact, transaction
from models.errors import NotFound, Refused, Stale
from notifications.notices import notices
from tests.appealing import TELECOM, acts, an_appeal, findings, say
from tests.conftest import forget_settings
from tests.filing import (
    Worker,
    a_household,
    borrowing,
    changed,
    current_stage,
    drain_all,
    examined,
    file,
    file_clean,
    register,
    rows,
    value,
    version_of,
)
from tests.integration.auditing import erase
from tests.integration.registers import Poisoned
from tests.people import after, caseworker, citizen, heard, refused, retry_parked, ring_timers
from tests.terms import over, reminded
from trials.generator.household import GeneratedHousehold
from workflows.desk.next_case import next_case
from workflows.desk.sharing import Deed, hand_back, set_priority, take
from workflows.history.retention import retain
from workflows.intake.submit import Accepted
from workflows.policies import periods
from workflows.queue.timers import reset_astray
from workflows.staff.guard import Acting
from workflows.staff.signatures import OFFICER, pseudonym

HOURS = timedelta(hours=1)


def item(receipt: Accepted, *columns: str) -> Any:
    """Columns of the row of a case at the desk; None where it has none."""
    found = rows(f"select {', '.join(columns)} from desk_item where case_id = %s", receipt.case_id)
    return found[0] if found else None


def officer(name: str) -> str:
    return pseudonym(OFFICER, name)


def deadline_of(receipt: Accepted) -> datetime:
    found: datetime = value("select deadline from cases where id = %s", receipt.case_id)
    return found


def test_what_a_machine_decides_alone_has_no_row(worker: Worker) -> None:
    file_clean(3)
    drain_all(worker())
    assert rows("select case_id from desk_item") == []


def test_a_review_waits_for_the_staff_and_is_done_by_who_answers_it(
    reviewed: tuple[Accepted, Accepted], worker: Worker
) -> None:
    _, later = reviewed
    assert item(later, "queue", "tab", "priority", "why") == ("reviews", "unassigned", 3, "ordinary")
    since, due = item(later, "since", "due_at")
    assert due == since + 72 * HOURS

    caseworker(later, "correct", "person_lives_elsewhere")
    assert item(later, "queue", "tab", "done_at") == ("reviews", "citizen", None)
    assert item(later, "due_at", "version") == (deadline_of(later), version_of(later))
    assert examined() == {}

    citizen(later, "withdrawal")
    assert item(later, "tab") is None


def test_what_a_caseworker_decided_is_done(reviewed: tuple[Accepted, Accepted], worker: Worker) -> None:
    _, later = reviewed
    caseworker(later, "correct", "person_lives_elsewhere")
    with after(days=1):
        citizen(later, "withdrawal")
    assert item(later, "tab") is None  # nobody of the staff ended it


def test_a_proposed_refusal_waits_for_another_person_and_the_refusal_is_done(
    reviewed: tuple[Accepted, Accepted],
) -> None:
    _, later = reviewed
    rows("update desk_item set holder = %s", officer("amina"))
    caseworker(later, "refuse", "false_declaration")
    assert item(later, "tab", "stage", "barred") == ("citizen", "hearing", [])

    heard(later)
    assert item(later, "tab", "why", "flags", "barred") == (
        "unassigned",  # and is not amina's any more, who proposed it
        "second_person",
        ["second_person"],
        [officer("amina")],
    )
    assert examined() == {}

    caseworker(later, "refuse", "false_declaration", "brahim")
    assert item(later, "tab", "done_by", "done_as") == ("done", officer("brahim"), "ApplicationRefused")
    assert examined() == {}


def test_what_the_register_does_not_confirm_is_an_exception_until_the_citizen_answers(worker: Worker) -> None:
    made = a_household(members=3)
    register([made])
    (receipt,) = file(changed(made.body, 1, birth_date="1977-07-07", birth_precision="day"))
    drain_all(worker())
    assert item(receipt, "queue", "tab") == ("exceptions", "citizen")

    citizen(receipt, "correction", made.body)
    assert item(receipt, "tab") is None
    drain_all(worker())
    assert (current_stage(receipt), examined()) == ("notified", {})


def test_an_appeal_has_the_holder_that_its_events_name(held: Accepted, work: Callable[[], None]) -> None:
    salma, yassine = officer("salma"), officer("yassine")
    assert item(held, "queue", "tab", "holder") == ("appeals", "held", salma)
    assert set(item(held, "barred")[0]) == {officer("amina"), officer("brahim")}
    assert item(held, "due_at") == (deadline_of(held),)

    acts(held, "salma", "ask", ["bill"])
    assert item(held, "tab", "holder") == ("citizen", salma)
    say(held)
    assert item(held, "tab", "why", "holder") == ("held", "answered", salma)

    acts(held, "salma", "propose", findings(decision=False))
    assert item(held, "tab", "why", "holder") == ("unassigned", "second_person", None)
    assert salma in item(held, "barred")[0]
    acts(held, "yassine", "agree", "finding_not_shown")
    assert item(held, "tab", "holder") == ("held", salma)
    assert salma not in item(held, "barred")[0]
    acts(held, "yassine", "assign")
    assert item(held, "holder") == (yassine,)
    acts(held, "yassine", "hand_back")
    assert item(held, "tab", "holder") == ("unassigned", None)
    assert examined() == {}


def test_an_appeal_that_is_not_answered_in_time_is_nobodys_until_a_supervisor_takes_it(
    held: Accepted, work: Callable[[], None]
) -> None:
    with after(reminded("answer")):
        work()
        assert item(held, "tab", "priority", "why") == ("held", 2, "term_ends")
    with after(over("answer")):
        work()
        assert item(held, "tab", "waits_for", "holder", "why") == ("escalated", "supervisor", None, "escalated")
        assert item(held, "flags") == (["overdue"],)
        acts(held, "leila", "assign", role="supervisor")
        assert item(held, "tab", "holder") == ("escalated", officer("leila"))
        assert examined().keys() <= {"events_ahead"}
        acts(held, "leila", "escalate", role="supervisor")
        assert item(held, "tab", "waits_for", "holder", "flags") == ("escalated", "commission", None, ["overdue"])
        assert examined().keys() <= {"events_ahead"}


def test_what_one_member_of_the_commission_found_waits_for_a_second_one(held: Accepted) -> None:
    acts(held, "leila", "escalate", role="supervisor")
    before, refused_by = item(held, "due_at", "since", "why"), {officer("amina"), officer("brahim")}
    assert item(held, "flags") == ([],)  # a supervisor sent it in its term

    acts(held, "hanae", "propose", findings(decision=False), role="commission")
    assert item(held, "tab", "waits_for", "flags") == ("escalated", "commission", ["second_person"])
    assert set(item(held, "barred")[0]) == {*refused_by, officer("hanae")}
    assert item(held, "due_at", "since", "why") == before
    assert examined() == {}

    acts(held, "said", "agree", "more_to_ask", role="commission")
    assert (item(held, "flags"), set(item(held, "barred")[0])) == (([],), refused_by)
    acts(held, "said", "propose", findings(decision=False), role="commission")
    acts(held, "hanae", "agree", role="commission")
    assert item(held, "tab", "done_by", "done_as") == ("done", officer("hanae"), "AppealRejected")
    assert examined() == {}


def test_a_review_that_nobody_answers_is_overdue_and_goes_first(
    reviewed: tuple[Accepted, Accepted], work: Callable[[], None]
) -> None:
    due = item(reviewed[1], "due_at")
    with after(over("review")):
        work()
        assert item(reviewed[1], "priority", "why", "flags") == (1, "overdue", ["overdue"])
        assert item(reviewed[1], "due_at") == due
        assert examined().keys() <= {"events_ahead"}


def test_a_supervisors_priority_stays_until_the_case_is_decided(reviewed: tuple[Accepted, Accepted]) -> None:
    _, later = reviewed
    rows("update desk_item set priority = 4, why = 'supervisor'")
    caseworker(later, "refuse", "false_declaration")
    heard(later)
    assert item(later, "priority", "why") == (4, "supervisor")
    assert examined() == {}

    caseworker(later, "refuse", "false_declaration", "brahim")
    assert item(later, "why") == ("ordinary",)


def test_a_parked_case_waits_for_an_operator_and_goes_back(
    poisoned: Poisoned, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIJIL_TRIES", "1")
    forget_settings()
    drain_all(worker(adapters=poisoned.register.adapters()))
    drain_all(worker(adapters=poisoned.register.adapters()))
    assert current_stage(poisoned.bad) == "parked"
    assert item(poisoned.bad, "queue", "tab", "waits_for", "why") == ("parked", "parked", "operator", "parked")
    assert examined() == {}

    retry_parked(poisoned.bad.case_id)
    assert item(poisoned.bad, "tab", "done_as") == ("done", "CaseResumed")
    drain_all(worker())
    assert examined() == {}


def test_a_deadline_that_the_sweep_sets_anew_is_the_desks_too(worker: Worker) -> None:
    made = a_household(members=3)
    register([made])
    (receipt,) = file(changed(made.body, 1, birth_date="1977-07-07", birth_precision="day"))
    drain_all(worker())
    with after(days=400), transaction() as connection:
        assert reset_astray(connection, clock.now(), 100) == 1
    assert item(receipt, "due_at") == (deadline_of(receipt),)
    with after(days=400):
        assert ring_timers() == 0


# It goes ------------------------------------------------------------------------------------------


def test_what_was_decided_leaves_the_desk_after_its_period_and_what_waits_stays(
    reviewed: tuple[Accepted, Accepted], held: Accepted
) -> None:
    rows("insert into desk_lock values (1, 'officer:x', now())")
    done = value("select count(*) from desk_item where tab = 'done'")
    assert done == 1
    period = periods()["desk_item"].days
    with after(days=period - 1):
        assert retain()["desk_item"] == 0
    with after(days=period + 1):
        assert retain()["desk_item"] == done
    assert item(held, "tab") == ("held",)
    assert value("select count(*) from desk_lock") == 0


def test_an_erasure_takes_the_case_from_the_desk_and_its_notes_with_it(reviewed: tuple[Accepted, Accepted]) -> None:
    _, later = reviewed
    caseworker(later, "correct", "person_lives_elsewhere")
    rows("update desk_item set holder = %s", officer("amina"))
    citizen(later, "withdrawal")
    assert item(later, "holder") == (officer("amina"),)
    rows(
        "insert into desk_entry (case_id, at, actor, what, text) values (%s, now(), 'officer:x', 'note', 'Said so')",
        later.case_id,
    )
    erase(later)
    assert item(later, "tab") is None
    assert rows("select what, text from desk_entry") == [("note", None)]
    assert examined() == {}


# Whatever happens ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_after_any_acts_of_anybody_the_desk_is_what_the_events_say(worker: Worker, seed: int) -> None:
    random, a_worker = Random(seed), worker()
    made = [a_household(place, members=3) for place in range(8)]
    register(made)
    wrong = [changed(each.body, 1, birth_date="1977-07-07", birth_precision="day") for each in made[:3]]
    cases = file(*wrong, made[3].body, *[borrowing(each.body, made[3].body) for each in made[4:]])
    drain_all(a_worker)
    refused(cases[4])
    cases += [an_appeal(cases[4]), an_appeal(cases[3], "index", **TELECOM)]
    drain_all(a_worker)
    start = clock.now()
    for step in range(40):
        with after(days=step * 1.7, since=start):
            act_at_random(random, random.choice(cases), cases, made)
            if random.random() < 0.5:
                ring_timers()
                drain_all(a_worker)
            found = examined() if step % 4 == 3 else {}
            assert found.keys() <= {"events_ahead", "timers_overdue"}, (step, found)


def act_at_random(random: Random, case: Accepted, cases: list[Accepted], made: list[GeneratedHousehold]) -> None:
    """One person does the first of many things, in random order, that is possible now."""
    name = random.choice(["amina", "brahim", "salma"])
    deed = Deed(Acting(name, unproved=True), case.case_id, clock.now())
    acts_now: list[Callable[[], object]] = [
        lambda: caseworker(case, "clear", "nothing_found", name),
        lambda: caseworker(case, "correct", "person_lives_elsewhere", name),
        lambda: caseworker(case, "refuse", "false_declaration", name),
        lambda: caseworker(case, "refuse", "false_declaration", name),
        lambda: heard(case),
        lambda: citizen(case, "correction", made[cases.index(case)].body if case in cases[:8] else None),
        lambda: citizen(case, "reopening"),
        lambda: cases.append(an_appeal(case, key=f"{case.case_id}")),
        lambda: acts(case, name, "propose", findings(decision=random.random() < 0.3)),
        lambda: acts(case, name, "propose", findings(bills__telecom=random.random() < 0.3)),
        lambda: acts(case, name, "agree"),
        lambda: acts(case, name, "agree", "finding_not_shown"),
        lambda: acts(case, name, "ask", ["bill"]),
        lambda: say(case),
        lambda: transact(lambda connection: take(connection, deed, notices)),
        lambda: transact(lambda connection: take(connection, deed, notices)),
        lambda: transact(lambda connection: hand_back(connection, deed, notices)),
        lambda: transact(lambda connection: set_priority(connection, deed, random.choice([None, 1, 4]))),
        lambda: transact(lambda connection: next_case(connection, deed.who, deed.at, notices)),
    ]
    random.shuffle(acts_now)
    for act in acts_now:
        with suppress(Refused, NotFound, Stale):
            act()
            return
