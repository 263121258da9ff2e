"""Applications that stand where a page has something to say, brought there by the engine and by people's own words."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.filing import a_drainer, a_household, borrowing, changed, drain_all, file, register, rows
from tests.people import caseworker, citizen, refused
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


def lapsed(place: int = 6) -> Accepted:
    """One whose correction never came: its time is up, and a worker finds that out."""
    taken = to_correct(place)
    month_ago = "stage_since = stage_since - interval '31 days', deadline = deadline - interval '31 days'"
    rows(f"update cases set {month_ago}, due_at = null, ready = true where id = %s", taken.case_id)
    work_off()
    return taken


def in_work(place: int = 7) -> Accepted:
    """One that nobody has worked on yet."""
    (taken,) = file(a_household(place, members=3).body)
    return taken


STANDINGS = {
    "notified": registered,
    "needs_correction": to_correct,
    "correction_asked": asked_by_caseworker,
    "under_review": under_review,
    "hearing": proposed,
    "rejected": rejected,
    "withdrawn": withdrawn,
    "lapsed": lapsed,
    "in_work": in_work,
}
