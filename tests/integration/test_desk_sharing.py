"""People share out the work: take, assign, hand back, say what goes first, note; one case or many, each by right."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest

from models import clock
from models.database import transact
from models.errors import NotFound, Refused, Stale
from notifications.notices import notices
from tests.appealing import acts, an_appeal, findings
from tests.doubting import in_doubt
from tests.enrolling import asked, attested
from tests.filing import Worker, a_household, borrowing, drain_all, events_of, examined, file, register, rows, value
from tests.people import after, caseworker, heard
from tests.staffing import an_acting
from tests.terms import over, reminded
from workflows.desk import locks
from workflows.desk.bulk import in_bulk
from workflows.desk.next_case import TRIES, Next, next_case
from workflows.desk.notes import add_note, entries_of
from workflows.desk.sharing import Deed, assign, hand_back, set_priority, take
from workflows.intake.submit import Accepted
from workflows.staff.guard import OWNER, Acting
from workflows.staff.roles import Territory
from workflows.staff.signatures import OFFICER, pseudonym

SALMA, YASSINE, LEILA = (Acting(name, unproved=True) for name in ("salma", "yassine", "leila"))


def officer(name: str) -> str:
    return pseudonym(OFFICER, name)


def holder_of(receipt: Accepted) -> str | None:
    found: str | None = value("select holder from desk_item where case_id = %s", receipt.case_id)
    return found


def takes(who: Acting, receipt: Accepted, version: int | None = None) -> None:
    transact(lambda connection: take(connection, Deed(who, receipt.case_id, clock.now(), version), notices))


def gives(who: Acting, receipt: Accepted, to: str) -> None:
    transact(lambda connection: assign(connection, Deed(who, receipt.case_id, clock.now()), to, notices))


def gives_back(who: Acting, receipt: Accepted) -> None:
    transact(lambda connection: hand_back(connection, Deed(who, receipt.case_id, clock.now()), notices))


def puts_first(who: Acting, receipt: Accepted, priority: int | None) -> None:
    transact(lambda connection: set_priority(connection, Deed(who, receipt.case_id, clock.now()), priority))


def notes(who: Acting, receipt: Accepted, text: str) -> None:
    transact(lambda connection: add_note(connection, who, receipt.case_id, text, clock.now()))


def gets_next(who: Acting, besides: tuple[int, ...] = ()) -> Next | None:
    return transact(lambda connection: next_case(connection, who, clock.now(), notices, besides))


def code_of(act: Callable[..., Any], *given: Any) -> str:
    """The code with which an act is refused."""
    with pytest.raises(Refused) as error:
        act(*given)
    return error.value.code


def entries(receipt: Accepted) -> list[tuple[Any, ...]]:
    found = transact(lambda connection: entries_of(connection, receipt.case_id))
    return [(each.actor, each.what, each.to, each.priority, each.text) for each in found]


def audited(receipt: Accepted) -> list[str]:
    return [act for (act,) in rows("select act from audit_entry where %s = any(case_ids) order by id", receipt.case_id)]


def reviews(worker: Worker, count: int) -> list[Accepted]:
    """So many applications that wait for a caseworker."""
    made = [a_household(place, members=3) for place in range(10, 11 + count)]
    register(made)
    taken = file(made[0].body, *[borrowing(each.body, made[0].body) for each in made[1:]])
    drain_all(worker())
    return taken[1:]


# A review, which the desk gives -------------------------------------------------------------------


def test_a_review_is_taken_handed_on_and_back_and_all_of_it_is_kept(reviewed: tuple[Accepted, Accepted]) -> None:
    _, later = reviewed
    takes(SALMA, later)
    assert holder_of(later) == officer("salma")
    assert code_of(takes, Acting("SALMA ", unproved=True), later) == "holds_it_already"
    gives(LEILA, later, "yassine")
    gives_back(YASSINE, later)
    assert holder_of(later) is None
    assert code_of(gives_back, YASSINE, later) == "nobody_holds_it"

    assert entries(later) == [
        (officer("salma"), "assigned", officer("salma"), None, None),
        (officer("leila"), "assigned", officer("yassine"), None, None),
        (officer("yassine"), "handed_back", officer("yassine"), None, None),
    ]
    assert audited(later) == ["take_case", "assign_case", "hand_back"]
    assert examined() == {}


def test_who_proposed_a_refusal_does_not_hold_the_review_that_another_one_has_to_decide(
    reviewed: tuple[Accepted, Accepted],
) -> None:
    _, later = reviewed
    caseworker(later, "refuse", "false_declaration")
    heard(later)
    assert code_of(takes, Acting("Amina", unproved=True), later) == "may_not_decide"
    assert code_of(gives, LEILA, later, "AMINA") == "may_not_decide"
    takes(SALMA, later)


def test_an_old_version_and_a_case_that_waits_for_nobody_change_nothing(reviewed: tuple[Accepted, Accepted]) -> None:
    first, later = reviewed
    with pytest.raises(Stale):
        takes(SALMA, later, version=1)
    with pytest.raises(NotFound):
        takes(SALMA, first)
    caseworker(later, "clear", "moved")
    with pytest.raises(NotFound):
        puts_first(LEILA, later, 1)
    assert entries(later) == []


# An appeal, of which the engine records who holds it ----------------------------------------------


def test_of_an_appeal_the_engine_records_who_holds_it(queued: Accepted) -> None:
    takes(SALMA, queued)
    gives(LEILA, queued, "yassine")
    gives_back(YASSINE, queued)
    assert events_of(queued)[-3:] == ["AppealAssigned", "TakenOver", "HandedBack"]
    assert entries(queued) == []
    assert code_of(takes, Acting("amina", unproved=True), queued) == "took_the_decision"
    assert audited(queued) == ["take_case", "assign_case", "hand_back"]
    assert examined() == {}


def test_a_proposal_is_held_by_a_second_person_at_the_desk(held: Accepted) -> None:
    acts(held, "salma", "propose", findings(decision=False))
    assert code_of(takes, SALMA, held) == "may_not_decide"
    takes(YASSINE, held)
    assert holder_of(held) == officer("yassine")
    assert events_of(held)[-1] == "DecisionProposed"
    acts(held, "yassine", "agree", "finding_not_shown")
    assert holder_of(held) == officer("salma")
    assert examined() == {}


def test_what_waits_for_the_citizen_or_the_commission_is_given_to_nobody(held: Accepted) -> None:
    acts(held, "salma", "ask", ["bill"])
    assert code_of(takes, YASSINE, held) == "not_possible_now"
    rows("update desk_item set waits_for = 'commission', stage = 'with_commission' where case_id = %s", held.case_id)
    rows("update cases set stage = 'with_commission' where id = %s", held.case_id)
    assert code_of(takes, YASSINE, held) == "not_possible_now"


# Priority and notes -------------------------------------------------------------------------------


def test_a_supervisor_says_what_goes_first_and_takes_that_back(reviewed: tuple[Accepted, Accepted]) -> None:
    _, later = reviewed
    puts_first(LEILA, later, 1)
    found = "select priority, why from desk_item where case_id = %s"
    assert rows(found, later.case_id) == [(1, "supervisor")]
    puts_first(LEILA, later, None)
    assert rows(found, later.case_id) == [(3, "ordinary")]
    for priority in (0, 5):
        assert code_of(puts_first, LEILA, later, priority) == "unknown_priority"
    assert [each[1:4] for each in entries(later)] == [("priority", None, 1), ("priority", None, 3)]
    assert audited(later) == ["set_priority", "set_priority"]
    assert examined() == {}


def test_a_note_is_kept_as_it_was_said_without_what_nobody_sees(reviewed: tuple[Accepted, Accepted]) -> None:
    first, later = reviewed
    notes(SALMA, later, "  La famille\u202e passe\x00 lundi.\r\nهاتف جديد ٠٦  ")
    assert entries(later) == [(officer("salma"), "note", None, None, "La famille passe lundi.\nهاتف جديد 06")]
    notes(SALMA, first, "x" * 2000)  # on an ended case, too
    for text in ("", " \u200f\n ", "x" * 2001):
        assert code_of(notes, SALMA, later, text) == "note_length"
    with pytest.raises(NotFound):
        transact(lambda connection: add_note(connection, SALMA, 999_999, "?", clock.now()))
    assert audited(later) == ["add_note"]


# By right -----------------------------------------------------------------------------------------


def test_each_act_asks_for_its_right_in_the_territory_of_the_case(reviewed: tuple[Accepted, Accepted]) -> None:
    _, later = reviewed
    region, province = rows("select region, province from cases where id = %s", later.case_id)[0]
    here, elsewhere = Territory(region, province), Territory(region % 12 + 1)
    salma, yassine = an_acting("salma", "caseworker", here), an_acting("yassine", "caseworker", here)
    leila, far = an_acting("leila", "supervisor", Territory(region)), an_acting("far", "supervisor", elsewhere)
    nadia, omar = an_acting("nadia", "population_officer", here), an_acting("omar", "operator", here)
    for act in (takes, gives_back):
        assert code_of(act, far, later) == "another_territory"
        assert code_of(act, omar, later) == "another_role"
        assert code_of(act, OWNER, later) == "needs_account"
    assert code_of(takes, nadia, later) == "another_role"  # who holds exceptions alone
    takes(salma, later)
    assert code_of(gives_back, yassine, later) == "not_yours"
    assert code_of(gives, yassine, later, "salma") == "another_role"
    assert code_of(puts_first, salma, later, 1) == "another_role"
    assert code_of(puts_first, far, later, 1) == "another_territory"
    assert code_of(notes, far, later, "x") == "another_territory"
    for nobody in ("far", "nadia", "nobody at all"):
        with pytest.raises((Refused, NotFound)):
            gives(leila, later, nobody)
    gives(leila, later, "Yassine")
    gives_back(leila, later)
    notes(OWNER, later, "The owner may note.")
    assert gets_next(far) is None
    assert code_of(gets_next, omar) == "another_role"
    assert gets_next(nadia) is None
    assert gets_next(yassine) == (later.case_id, later.reference, False)
    assert gets_next(salma) is None
    assert set(rows("select role from audit_entry where act = 'take_case'")) == {("caseworker",)}


# Many at once -------------------------------------------------------------------------------------


def test_of_many_cases_each_says_what_became_of_it(worker: Worker, queued: Accepted) -> None:
    now = clock.now()
    taken = reviews(worker, 2)
    numbers = [*(each.case_id for each in taken), queued.case_id, 999_999, 1]

    def give(connection: Any) -> Any:
        return in_bulk(connection, numbers, lambda case_id: assign(connection, Deed(LEILA, case_id, now), "x", notices))

    found = {each.case_id: (each.done, each.code) for each in transact(give)}
    assert found == {
        **{each.case_id: (True, "") for each in [*taken, queued]},
        999_999: (False, "stale"),
        1: (False, "not_found"),
    }
    assert {holder_of(each) for each in [*taken, queued]} == {officer("x")}
    again = {each.case_id: each.code for each in transact(give)}
    assert again == dict.fromkeys(found, "holds_it_already") | {999_999: "stale", 1: "not_found"}
    with pytest.raises(Refused, match="At most 100"):
        transact(lambda connection: in_bulk(connection, range(101), print))
    assert examined() == {}


def test_nothing_of_a_refused_case_stays(reviewed: tuple[Accepted, Accepted]) -> None:
    first, later = reviewed

    def both(connection: Any) -> Any:
        def act(case_id: int) -> None:
            add_note(connection, SALMA, case_id, "half done", clock.now())
            take(connection, Deed(SALMA, case_id, clock.now()), notices)

        return in_bulk(connection, [first.case_id, later.case_id], act)

    assert [each.done for each in transact(both)] == [False, True]
    assert (len(entries(first)), len(entries(later))) == (0, 2)


# The next one -------------------------------------------------------------------------------------


def test_the_next_case_is_first_ones_own_then_the_first_by_priority_then_by_due_date(worker: Worker) -> None:
    one, two, three = reviews(worker, 3)
    rows("update desk_item set due_at = due_at + case_id * interval '1 hour'")
    puts_first(LEILA, three, 2)
    assert gets_next(SALMA) == (three.case_id, three.reference, False)
    assert gets_next(SALMA) == (three.case_id, three.reference, True)
    assert gets_next(YASSINE) == (one.case_id, one.reference, False)
    assert gets_next(SALMA, besides=(three.case_id,)) == (two.case_id, two.reference, False)
    assert gets_next(LEILA) is None
    caseworker(three, "clear", "moved", "salma")
    assert gets_next(SALMA) == (two.case_id, two.reference, True)
    assert holder_of(one) == officer("yassine")


def test_nobody_gets_what_they_may_not_decide(held: Accepted, worker: Worker) -> None:
    acts(held, "salma", "hand_back")
    for name in ("amina", "BRAHIM"):  # who took the contested decision
        assert gets_next(Acting(name, unproved=True)) is None
    assert gets_next(LEILA) == (held.case_id, held.reference, False)
    assert events_of(held)[-1] == "AppealAssigned"
    acts(held, "leila", "propose", findings(decision=False))
    assert gets_next(LEILA) is None
    assert gets_next(YASSINE) == (held.case_id, held.reference, False)


def test_an_officer_of_the_population_register_gets_who_is_in_doubt_and_who_is_enrolled_and_no_review(
    worker: Worker,
) -> None:
    karim, nadia = (an_acting(name, "population_officer") for name in ("karim", "nadia"))
    _, *_ = reviews(worker, 1)
    _, doubted = in_doubt(0, place=30)
    enrolled = asked()
    attested(enrolled, "karim")
    drain_all(worker())
    assert rows("select count(*) from desk_item where tab = 'unassigned'") == [(3,)]

    assert gets_next(karim) == (doubted.case_id, doubted.reference, False)
    assert gets_next(karim, besides=(doubted.case_id,)) is None, "who attested it does not confirm it"
    assert gets_next(nadia) == (enrolled.case_id, enrolled.reference, False)
    gives_back(karim, doubted)
    assert gets_next(nadia, besides=(enrolled.case_id,)) == (doubted.case_id, doubted.reference, False)


def test_a_caseworker_gets_who_is_in_doubt_and_nobody_who_is_enrolled(worker: Worker) -> None:
    _, doubted = in_doubt(0)
    attested(asked())
    amina = an_acting("amina", "caseworker")
    drain_all(worker())
    assert gets_next(amina) == (doubted.case_id, doubted.reference, False)
    assert gets_next(amina, besides=(doubted.case_id,)) is None


def test_what_somebody_handed_back_goes_to_others_first(worker: Worker, held: Accepted) -> None:
    one, two = reviews(worker, 2)
    rows("update desk_item set due_at = due_at + case_id * interval '1 hour', priority = 2")
    acts(held, "salma", "hand_back")
    assert gets_next(SALMA) == (one.case_id, one.reference, False)
    gives_back(SALMA, one)
    assert gets_next(SALMA) == (two.case_id, two.reference, False)
    gives_back(SALMA, two)
    assert gets_next(SALMA) is None
    takes(SALMA, two)
    assert gets_next(SALMA) == (two.case_id, two.reference, True)
    gives_back(SALMA, two)
    assert gets_next(YASSINE) == (one.case_id, one.reference, False)
    with after(seconds=3601):
        assert gets_next(SALMA) == (two.case_id, two.reference, False)


def test_however_much_waits_that_somebody_may_not_decide_they_get_what_they_may(worker: Worker) -> None:
    many = reviews(worker, TRIES + 2)
    for each in many[:-1]:
        caseworker(each, "refuse", "false_declaration", "salma")
        heard(each)
    assert value("select count(*) from desk_item where priority = 2") == TRIES + 1  # and so before the last one
    assert gets_next(SALMA) == (many[-1].case_id, many[-1].reference, False)


def test_an_appeal_that_was_not_answered_in_time_is_a_supervisors_next(
    held: Accepted, work: Callable[[], None]
) -> None:
    with after(reminded("answer")):
        work()
    with after(over("answer")):
        work()
        where = Territory(*rows("select region, province from cases where id = %s", held.case_id)[0])
        assert gets_next(an_acting("yassine", "caseworker", where)) is None
        assert gets_next(an_acting("leila", "supervisor", where)) == (held.case_id, held.reference, False)
        assert events_of(held)[-1] == "TakenOver"


def test_fifty_people_at_once_get_fifty_different_cases(worker: Worker, refusal: Accepted) -> None:
    many = reviews(worker, 20)
    an_appeal(refusal)
    drain_all(worker())
    waiting = value("select count(*) from desk_item where tab = 'unassigned'")
    got: list[Next | None] = []
    barrier = Barrier(50)

    def ask(number: int) -> None:
        barrier.wait()
        got.append(gets_next(Acting(f"person {number}", unproved=True)))

    threads = [Thread(target=ask, args=(number,)) for number in range(50)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    numbers = [each.case_id for each in got if each]
    assert len(got) == 50
    assert len(numbers) == len(set(numbers)) == waiting >= len(many)
    assert value("select count(distinct holder) from desk_item where tab = 'held'") == waiting
    assert examined() == {}


# Who has it open ----------------------------------------------------------------------------------


def test_who_opens_a_case_has_it_for_ten_minutes_and_others_see_that(reviewed: tuple[Accepted, Accepted]) -> None:
    number, now = reviewed[1].case_id, clock.now()

    def opens(who: Acting, minutes: float) -> locks.Lock:
        at = now + timedelta(minutes=minutes)
        return transact(lambda connection: locks.open_to_decide(connection, who, number, at))

    mine = locks.Lock(officer("salma"), now + timedelta(minutes=10))
    assert opens(SALMA, 0) == mine
    assert opens(YASSINE, 9) == mine
    assert opens(SALMA, 9).until == now + timedelta(minutes=19)  # by using it
    assert opens(YASSINE, 19).holder == officer("yassine")  # it is over
    transact(lambda connection: locks.close(connection, SALMA, number))  # whose it is not
    assert opens(SALMA, 20).holder == officer("yassine")
    transact(lambda connection: locks.close(connection, YASSINE, number))
    assert opens(SALMA, 20).holder == officer("salma")


def test_a_decision_is_taken_whoever_has_the_case_open(reviewed: tuple[Accepted, Accepted]) -> None:
    transact(lambda connection: locks.open_to_decide(connection, SALMA, reviewed[1].case_id, clock.now()))
    caseworker(reviewed[1], "clear", "moved", "yassine")
