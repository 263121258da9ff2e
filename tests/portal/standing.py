"""Applications and changes that stand where a page has something to say, brought there by the engine and by people."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from models import clock
from models.database import transact
from notifications.notices import notices
from tests.appealing import acts, an_appeal
from tests.changing import change_of, declare, depart
from tests.filing import (
    Body,
    a_drainer,
    a_household,
    borrowing,
    changed,
    current_stage,
    drain_all,
    file,
    register,
    rows,
    with_members,
)
from tests.people import caseworker, citizen, heard, refused
from tests.terms import days_of
from workflows.casework.same_cause import Order, order_reviews
from workflows.events.appeal import Finding
from workflows.intake.receipts import OPENED_BY_US
from workflows.intake.submit import Accepted
from workflows.queue.drain import Drainer


@contextmanager
def a_worker() -> Iterator[Drainer]:
    """A worker for a while."""
    drainer = a_drainer()
    try:
        yield drainer
    finally:
        drainer.runner.attempts.sign_off()


def work_off() -> None:
    """A worker takes whatever is due to its end."""
    with a_worker() as drainer:
        drain_all(drainer)


def registered(place: int = 0) -> Accepted:
    """An application of a clean household, worked off."""
    made = a_household(place, members=3)
    register([made])
    (taken,) = file(made.body)
    work_off()
    return taken


def to_correct(place: int = 1) -> Accepted:
    """One whose second member bears another birth date than the register's."""
    made = a_household(place, members=3)
    register([made])
    (taken,) = file(changed(made.body, 1, birth_date="1971-02-03"))
    work_off()
    return taken


def under_review(place: int = 2) -> Accepted:
    """One that declares a member of a household that is registered already."""
    mine, other = a_household(place, members=3), a_household(place + 1, members=3)
    register([mine, other])
    file(other.body)
    work_off()
    (taken,) = file(borrowing(mine.body, other.body))
    work_off()
    return taken


def asked_by_caseworker() -> Accepted:
    """A review, and a caseworker who asks for a correction."""
    taken = under_review()
    caseworker(taken, "correct", "person_declared_twice", "caseworker-1")
    return taken


def proposed(reason: str = "false_declaration", place: int = 2) -> Accepted:
    """A review, and a caseworker who proposes to refuse."""
    taken = under_review(place)
    caseworker(taken, "refuse", reason, "caseworker-1")
    return taken


def heard_on() -> Accepted:
    """The same, and the citizen has answered."""
    taken = proposed()
    heard(taken)
    return taken


def rejected(reason: str = "false_declaration", place: int = 2) -> Accepted:
    """A review, and two caseworkers who refuse."""
    taken = under_review(place)
    refused(taken, reason, ("caseworker-1", "caseworker-2"))
    return taken


def withdrawn(place: int = 5) -> Accepted:
    """One that its citizen took back."""
    (taken,) = file(a_household(place, members=3).body)
    citizen(taken, "withdrawal")
    return taken


def ago(term: str) -> str:
    """What makes a case one whose stage began so long ago that this term of it is over."""
    days = f"interval '{days_of(term) + 1} days'"
    return f"stage_since = stage_since - {days}, deadline = deadline - {days}"


def lapsed(place: int = 6) -> Accepted:
    """One whose correction never came: its time is up, and a worker finds that out."""
    taken = to_correct(place)
    month_ago = ago("correction")
    rows(f"update cases set {month_ago}, due_at = null, ready = true where id = %s", taken.case_id)
    work_off()
    return taken


def in_work(place: int = 7) -> Accepted:
    """One that nobody has worked on yet."""
    (taken,) = file(a_household(place, members=3).body)
    return taken


def awaiting() -> Accepted:
    """One that declares a member of a registered household, whose own departure from it is looked at."""
    other, mine = a_household(1, members=3).body, a_household(8, members=3)
    depart(registered(1), adult(other))
    leaver = next(place for place, each in enumerate(other["members"]) if each["idcs"] == adult(other))
    register([mine])
    (taken,) = file(borrowing(mine.body, other, leaver))
    work_off()
    return taken


STANDINGS = {
    "awaiting_person": awaiting,
    "notified": registered,
    "needs_correction": to_correct,
    "correction_asked": asked_by_caseworker,
    "under_review": under_review,
    "hearing": proposed,
    "heard": heard_on,
    "rejected": rejected,
    "withdrawn": withdrawn,
    "lapsed": lapsed,
    "in_work": in_work,
}


# Changes of a registered household ------------------------------------------------------------------

MORE = {"gas": "90", "water_electricity": ["800"], "telecom": "700"}


def change(kind: str = "bills", cause: str | None = None, place: int = 0, **changes: Any) -> Accepted:
    """A change of a registered household, not worked off."""
    receipt = registered(place)
    return declare(receipt, change_of(changed(a_household(place, members=3).body, **changes), kind, cause))


def change_in_work() -> Accepted:
    """One that nobody has worked on yet."""
    return change(bills=MORE)


def change_registered() -> Accepted:
    """One that is in the register."""
    update = change_in_work()
    work_off()
    return update


def change_lost(place: int = 0) -> Accepted:
    """One by which a household loses a programme that it had."""
    receipt, body = registered(place), a_household(place, members=3).body
    poor = declare(receipt, change_of(changed(body, bills={}, belongings={"antenna": True}), "bills"))
    work_off()
    assert current_stage(poor) == "notified"
    rich = {"computer": True, "cars": 5, "credit": True, "second_home": True}
    update = declare(receipt, change_of(changed(body, belongings=rich, bills=MORE), "belongings", based_on=2))
    work_off()
    return update


def change_conflicting(place: int = 0) -> Accepted:
    """The second of two that say different things."""
    receipt, body = registered(place), a_household(place, members=3).body
    declare(receipt, change_of(changed(body, bills=MORE), "bills"))
    update = declare(receipt, change_of(changed(body, bills=MORE | {"gas": "10"}), "bills"))
    work_off()
    return update


def change_lapsed() -> Accepted:
    """A conflict in which the citizen never chose."""
    update = change_conflicting()
    weeks_ago = ago("conflict")
    rows(f"update cases set {weeks_ago}, due_at = null, ready = true where id = %s", update.case_id)
    work_off()
    return update


def change_withdrawn() -> Accepted:
    """A conflict whose change was taken back."""
    update = change_conflicting()
    citizen(update, "withdrawal")
    return update


def leaving() -> Accepted:
    """A removal that can still be taken back."""
    update = change("removal", "request")
    work_off()
    return update


def removed() -> Accepted:
    """A removal whose week is over."""
    update = leaving()
    end_week(update)
    return update


def void() -> Accepted:
    """A change that waited for its citizen, of a household that left the register meanwhile."""
    receipt, body = registered(), a_household(0, members=3).body
    declare(receipt, change_of(changed(body, bills=MORE), "bills"))
    other = changed(body, bills=MORE | {"gas": "10"})
    update = declare(receipt, change_of(other, "bills"))
    work_off()
    removal = declare(receipt, change_of(body, "removal", "request", based_on=2))
    work_off()
    end_week(removal)
    citizen(update, "correction", other)
    work_off()
    return update


def end_week(removal: Accepted) -> None:
    """The week in which a removal can be taken back is over, and a worker finds that out."""
    rows(f"update cases set {ago('removal')}, due_at = null, ready = true where id = %s", removal.case_id)
    work_off()


def departure() -> Accepted:
    """An adult's own departure, which a caseworker looks at."""
    receipt, body = registered(), a_household(0, members=3).body
    update = depart(receipt, adult(body))
    work_off()
    return update


def joining(place: int = 0) -> Accepted:
    """A change by which a person of another registered household joins, which a caseworker looks at."""
    receipt, body = registered(place), a_household(place, members=3).body
    registered(place + 1)
    other = a_household(place + 1, members=3).body
    update = declare(receipt, change_of(borrowing(body, other), "member_joined", "arrival"))
    work_off()
    return update


def awaiting_person() -> Accepted:
    """The same, while that person's own departure from the other household is looked at."""
    receipt, body, other = registered(), a_household(0, members=3).body, a_household(1, members=3).body
    depart(registered(1), adult(other))
    leaver = next(place for place, each in enumerate(other["members"]) if each["idcs"] == adult(other))
    update = declare(receipt, change_of(borrowing(body, other, leaver), "member_joined", "marriage"))
    work_off()
    return update


def change_to_correct() -> Accepted:
    """A change that names a person whom the population register does not know."""
    receipt, body = registered(), a_household(0, members=3).body
    update = declare(receipt, change_of(with_members(body, len(body["members"]) + 1), "member_joined", "birth"))
    work_off()
    return update


def change_asked_to_correct() -> Accepted:
    """A review of a change, and a caseworker who asks for a correction."""
    update = joining()
    caseworker(update, "correct", "person_declared_twice", "caseworker-1")
    return update


def change_proposed() -> Accepted:
    """A review of a change, and a caseworker who proposes to refuse."""
    update = joining()
    caseworker(update, "refuse", "false_declaration", "caseworker-1")
    return update


def change_heard() -> Accepted:
    """The same, and the household has answered."""
    update = change_proposed()
    heard(update)
    return update


def change_rejected() -> Accepted:
    """A review of a change, and two caseworkers who refuse."""
    update = joining()
    refused(update, "false_declaration", ("caseworker-1", "caseworker-2"))
    return update


def adult(body: Body) -> str:
    """The identifier of an adult who is not the head."""
    return next(
        str(each["idcs"])
        for each in body["members"]
        if each["relationship"] != "head" and str(each["birth_date"]) < "2005"
    )


def appeal_overdue() -> Accepted:
    """An appeal against a refusal that the agency did not answer in its term: a supervisor has it."""
    return left_until_overdue(an_appeal(rejected()))


def left_until_overdue(appeal: Accepted) -> Accepted:
    """This appeal, which nobody decided in the agency's term."""
    work_off()
    weeks_ago = ago("answer")
    rows(f"update cases set {weeks_ago}, due_at = null, ready = true where id = %s", appeal.case_id)
    work_off()
    return appeal


def entry_review(place: int = 0) -> Accepted:
    """A review of a household's entry that a supervisor opened, because another one's appeal showed a wrong record.

    It bears the secret of the household's registration, because nobody gave the household another.
    """
    receipts = []
    for each in (place, place + 1):
        made = a_household(each, members=3)
        register([made])
        receipts += file(changed(made.body, bills=MORE))
    work_off()
    appeal = an_appeal(receipts[1], "index", contested=[{"path": "bills.telecom", "should_be": 0}])
    work_off()
    acts(appeal, "salma", "assign")
    acts(appeal, "salma", "propose", [Finding("bills.telecom", True, "register_was_wrong")])
    work_off()
    order = Order(appeal.reference, "leila", "supervisor")
    transact(lambda connection: order_reviews(connection, order, clock.now(), notices))
    found = "select reference, case_id from receipt where starts_with(idempotency_key, %s)"
    ((reference, case_id),) = rows(found, OPENED_BY_US)
    return Accepted(reference, receipts[0].secret, case_id)


def entry_under_review() -> Accepted:
    """One that a caseworker looks at."""
    review = entry_review()
    work_off()
    return review


def value_asked() -> Accepted:
    """One in which a caseworker asks for a value anew."""
    review = entry_under_review()
    caseworker(review, "correct", "value_in_doubt", "caseworker-1")
    return review


def value_never_said() -> Accepted:
    """One in which nobody answered."""
    review = value_asked()
    month_ago = ago("correction")
    rows(f"update cases set {month_ago}, due_at = null, ready = true where id = %s", review.case_id)
    work_off()
    return review


def entry_reviewed() -> Accepted:
    """One that a caseworker cleared."""
    review = entry_under_review()
    caseworker(review, "clear", "nothing_found", "caseworker-1")
    work_off()
    return review


REVIEWS = {
    "begun": ("review_under_way", entry_review),
    "under_review": ("review_under_way", entry_under_review),
    "asked": ("review_correction_asked", value_asked),
    "lapsed": ("review_lapsed", value_never_said),
    "notified": ("review_notified", entry_reviewed),
}
CHANGES = {
    "update_in_work": change_in_work,
    "update_notified": change_registered,
    "update_conflicting": change_conflicting,
    "update_lapsed": change_lapsed,
    "update_withdrawn": change_withdrawn,
    "update_leaving": leaving,
    "update_removed": removed,
    "update_void": void,
    "update_departure": departure,
    "update_under_review": joining,
    "update_awaiting_person": awaiting_person,
    "update_needs_correction": change_to_correct,
    "update_correction_asked": change_asked_to_correct,
    "update_hearing": change_proposed,
    "update_heard": change_heard,
    "update_rejected": change_rejected,
}
