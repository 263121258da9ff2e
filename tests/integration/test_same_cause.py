"""Where an upheld appeal showed a wrong record or rule: who shares the cause, and their review, opened once each."""

from collections.abc import Callable
from threading import Barrier, Thread

import pytest

from models import clock
from models.database import transact
from models.errors import NotFound
from notifications.notices import notices
from tests.appealing import acts, an_appeal
from tests.changing import change_of, declare
from tests.filing import (
    Body,
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
    value,
)
from tests.integration.auditing import erase, wrong
from tests.integration.running import Run
from tests.people import caseworker, citizen
from workflows.casework.same_cause import Order, order_reviews
from workflows.events.appeal import Finding
from workflows.intake.submit import Accepted

TELECOM = [{"path": "bills.telecom", "should_be": 0}]


@pytest.fixture
def neighbours(database: str, worker: Worker) -> tuple[list[Body], list[Accepted]]:
    """Four registered households: three with the same telephone bill, and one with another."""
    made = [a_household(place, members=2) for place in range(1, 5)]
    register(made)
    bills = ("500", "500", "500", "20")
    bodies = [
        changed(each.body, bills={"telecom": bill}, milieu="urban") for each, bill in zip(made, bills, strict=True)
    ]
    receipts = file(*bodies)
    drain_all(worker())
    assert {current_stage(each) for each in receipts} == {"notified"}
    return bodies, receipts


def upheld(receipt: Accepted, reason: str, work: Callable[[], None]) -> Accepted:
    """An appeal of this household because of its telephone, upheld for a reason."""
    appeal = an_appeal(receipt, "index", contested=TELECOM, grounds=["register_wrong"])
    work()
    acts(appeal, "salma", "assign")
    acts(appeal, "salma", "propose", [Finding("bills.telecom", True, reason)])
    work()
    assert current_stage(appeal) == "notified"
    return appeal


def reviews() -> list[Accepted]:
    """The reviews that were opened, in the order of their households."""
    found = rows(
        "select reference, id from cases join receipt on case_id = id where kind = 'update' and parent_id is null "
        "order by household_id"
    )
    return [Accepted(reference, "", case_id) for reference, case_id in found]


@pytest.mark.parametrize(
    ("reason", "sharing"),
    [("register_was_wrong", [1, 2]), ("rule_was_misapplied", [1, 2, 3]), ("document_shows_it", [])],
)
def test_who_shares_the_cause_is_listed(
    neighbours: tuple[list[Body], list[Accepted]],
    ready: Run,
    work: Callable[[], None],
    reason: str,
    sharing: list[int],
) -> None:
    receipts = neighbours[1]
    appeal = upheld(receipts[0], reason, work)
    shown = ready("appeals", "show", appeal.reference, "--json")
    assert shown.json["same_cause"] == {
        "households": len(sharing),
        "first": [receipts[each].reference for each in sharing],
    }
    assert ("appeals review" in shown.out) == bool(sharing)


def test_their_review_is_opened_once_for_each_household_however_often_it_is_ordered(
    neighbours: tuple[list[Body], list[Accepted]], ready: Run, work: Callable[[], None]
) -> None:
    appeal = upheld(neighbours[1][0], "register_was_wrong", work)
    told = ready("appeals", "review", appeal.reference, "--as", "leila", "--json")
    assert told.json == {"opened": 2}
    assert ready("appeals", "review", appeal.reference, "--as", "leila", "--json").json == {"opened": 0}
    work()

    opened = reviews()
    assert [current_stage(each) for each in opened] == ["under_review"] * 2
    assert events_of(opened[0])[:2] == ["UpdateReceived", "ReviewOrdered"]
    assert facts_of(opened[0], "DuplicateSuspected")["signals"] == [{"code": "same_cause"}]
    assert [messages_of(each) for each in opened] == [["entry_review_opened", "entry_looked_at"]] * 2
    assert ready("appeals", "review", appeal.reference, "--as", "leila", "--json").json == {"opened": 0}
    assert wrong() == ({}, [])


def test_an_erased_review_is_not_opened_again(
    neighbours: tuple[list[Body], list[Accepted]], ready: Run, work: Callable[[], None]
) -> None:
    appeal = upheld(neighbours[1][0], "register_was_wrong", work)
    assert ready("appeals", "review", appeal.reference, "--as", "leila", "--json").json == {"opened": 2}
    work()
    review = reviews()[0]
    caseworker(review, "clear", "nothing_found")
    work()
    place = next(at for at, each in enumerate(neighbours[1]) if household_of(each) == household_of(review))
    later = changed(neighbours[0][place], phone="+212661000005")
    declare(neighbours[1][place], change_of(later, "contact", based_on=2))
    work()
    erase(review)
    assert ready("appeals", "review", appeal.reference, "--as", "leila", "--json").json == {"opened": 0}
    assert wrong() == ({}, [])


def household_of(receipt: Accepted) -> int:
    """The number of the household of a case."""
    return int(value("select household_id from cases where id = %s", receipt.case_id))


def test_a_review_shows_what_the_appeal_found_and_what_this_household_says_and_offers_only_what_can_come_of_it(
    neighbours: tuple[list[Body], list[Accepted]], ready: Run, work: Callable[[], None]
) -> None:
    appeal = upheld(neighbours[1][0], "rule_was_misapplied", work)
    ready("appeals", "review", appeal.reference, "--as", "leila")
    work()
    third = reviews()[2]
    shown = ready("reviews", "show", third.reference, "--as", "youssef", "--json")
    (found,) = shown.json["same_cause"]
    assert found == {
        "path": "bills.telecom",
        "reason": "rule_was_misapplied",
        "declared": "500",
        "should_be": 0,
        "here": {"bills.telecom": "20"},
    }
    assert (
        f"Appeal {appeal.reference} found bills.telecom wrong (rule_was_misapplied): 500, upheld as 0. "
        "This household: bills.telecom 20.\n"
    ) in shown.out
    assert [each.split()[3:6] for each in shown.json["answers"]] == [
        ["clear", "--reason", "nothing_found"],
        ["correct", "--reason", "value_in_doubt"],
    ]
    assert "\nAnswer by one of:\n" in shown.out
    assert "holds one of its members" not in shown.out
    assert "A supervisor opened this review: the household declared nothing new. Its entry:" in shown.out


def test_of_a_members_value_a_review_shows_what_it_says_of_every_member(
    neighbours: tuple[list[Body], list[Accepted]], ready: Run, work: Callable[[], None]
) -> None:
    path, right = "members[1].occupation", "retired"
    appeal = an_appeal(
        neighbours[1][0], "index", contested=[{"path": path, "should_be": right}], grounds=["register_wrong"]
    )
    work()
    acts(appeal, "salma", "assign")
    acts(appeal, "salma", "propose", [Finding(path, True, "register_was_wrong")])
    work()
    ready("appeals", "review", appeal.reference, "--as", "leila")
    work()
    shown = ready("reviews", "show", reviews()[0].reference, "--json").json
    members = range(len(shown["application"]["members"]))
    assert list(shown["same_cause"][0]["here"]) == [f"members[{place}].occupation" for place in members]


def test_two_supervisors_at_once_open_each_review_once(
    neighbours: tuple[list[Body], list[Accepted]], work: Callable[[], None]
) -> None:
    appeal = upheld(neighbours[1][0], "rule_was_misapplied", work)
    together, counts = Barrier(2), []

    def order(name: str) -> None:
        together.wait()
        ordered = Order(appeal.reference, name, "supervisor")
        counts.append(transact(lambda connection: order_reviews(connection, ordered, clock.now(), notices)))

    both = [Thread(target=order, args=[name]) for name in ("leila", "omar")]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert (sum(counts), len(reviews())) == (3, 3)
    work()
    assert wrong() == ({}, [])


def test_a_review_is_cleared_or_the_citizen_declares_the_value_again(
    neighbours: tuple[list[Body], list[Accepted]], ready: Run, work: Callable[[], None]
) -> None:
    bodies, receipts = neighbours
    appeal = upheld(receipts[0], "register_was_wrong", work)
    ready("appeals", "review", appeal.reference, "--as", "leila")
    work()
    first, second = reviews()
    caseworker(first, "clear", "nothing_found")
    caseworker(second, "correct", "value_in_doubt")
    assert messages_of(second)[-1] == "entry_value_asked"
    answered = Accepted(second.reference, receipts[2].secret, second.case_id)  # it was given no other
    stranger = Accepted(second.reference, receipts[3].secret, second.case_id)
    with pytest.raises(NotFound):
        citizen(stranger, "correction", changed(bodies[2], bills={"telecom": "15"}))
    citizen(answered, "correction", changed(bodies[2], bills={"telecom": "15"}))
    work()
    assert (current_stage(first), current_stage(second)) == ("notified", "under_review")  # somebody looks at it again
    assert messages_of(first)[-1] == "entry_reviewed"
    caseworker(second, "clear", "nothing_found")
    work()
    assert current_stage(second) == "notified"
    assert facts_of(second, "HouseholdChanged")["corrects"] == 1
    scores = rows("select distinct value from score where case_id = any(%s)", [receipts[2].case_id, second.case_id])
    assert len(scores) == 2
    assert wrong() == ({}, [])


def test_nobody_refuses_what_no_household_asked_for(
    neighbours: tuple[list[Body], list[Accepted]], ready: Run, work: Callable[[], None]
) -> None:
    appeal = upheld(neighbours[1][0], "register_was_wrong", work)
    ready("appeals", "review", appeal.reference, "--as", "leila")
    work()
    ran = ready("decide", reviews()[0].reference, "refuse", "--reason", "false_declaration", "--as", "amina")
    assert (ran.code, "The household asked for nothing here" in ran.err) == (2, True)


def test_no_household_takes_back_a_review_that_it_did_not_ask_for(
    neighbours: tuple[list[Body], list[Accepted]], ready: Run, work: Callable[[], None]
) -> None:
    appeal = upheld(neighbours[1][0], "register_was_wrong", work)
    ready("appeals", "review", appeal.reference, "--as", "leila")
    work()
    review = reviews()[0]
    ran = ready("answer", review.reference, "withdrawal", "--as", "amina")
    assert (ran.code, "The agency opened this review" in ran.err) == (2, True)
    assert current_stage(review) == "under_review"


@pytest.mark.parametrize(
    ("role", "reason", "says"),
    [
        ("caseworker", "register_was_wrong", "Only a supervisor may do this"),
        ("supervisor", "document_shows_it", "no other household shares its cause"),
    ],
)
def test_who_may_not_order_a_review_and_where_there_is_none(
    neighbours: tuple[list[Body], list[Accepted]],
    ready: Run,
    work: Callable[[], None],
    role: str,
    reason: str,
    says: str,
) -> None:
    appeal = upheld(neighbours[1][0], reason, work)
    ran = ready("appeals", "review", appeal.reference, "--as", "salma", "--role", role)
    assert (ran.code, says in ran.err) == (2, True), ran.err
    assert value("select count(*) from cases where kind = 'update' and parent_id is null") == 0
