"""Sends parked cases on for an operator, set by set, each in a transaction of its own; then wakes their workers."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from models import clock
from models.database import transaction
from models.errors import SijilError
from notifications.notices import notices
from tasks.wake import wake
from workflows.casework.answers import resume
from workflows.engine.work import BatchOutcome
from workflows.queue.failed import ParkedAlike, parked_alike

SET = 500  # cases that are resumed in one transaction: 200,000 in one took minutes and gigabytes


class Resumed(NamedTuple):
    """How many cases are resumed so far, and how many could not be: they cannot be loaded, or moved on meanwhile."""

    resumed: int = 0
    left: int = 0


def resume_all(alike: ParkedAlike, by: str) -> Iterator[Resumed]:
    """Resumes all cases that are parked alike; says after each set how far it is. Nothing where there is no such case.

    Whoever stops asking leaves the rest parked.
    """
    so_far, after = Resumed(), 0
    while case_ids := next_parked(alike, after):
        after = case_ids[-1]
        for done in resume_or_split(case_ids, by):
            so_far = Resumed(so_far.resumed + (done.cases if done else 0), so_far.left + (done is None))
        yield so_far


def next_parked(alike: ParkedAlike, after: int) -> list[int]:
    """The next set of cases that are parked alike."""
    with transaction() as connection:
        return parked_alike(connection, alike, after, SET)


def resume_or_split(case_ids: Sequence[int], by: str) -> Iterator[BatchOutcome | None]:
    """Resumes these cases together; where one of them cannot be resumed, each alone, with None for that one."""
    try:
        yield resume_set(case_ids, by)
    except SijilError:
        if len(case_ids) == 1:
            yield None
            return
        for case_id in case_ids:
            yield from resume_or_split([case_id], by)


def resume_set(case_ids: Sequence[int], by: str) -> BatchOutcome:
    """Resumes these cases in one transaction, then wakes workers. Raises what `resume` raises, and changes nothing."""
    with transaction() as connection:
        done = resume(connection, case_ids, by, clock.now(), notices)
    for queue in done.queues:
        wake(queue)
    return done
