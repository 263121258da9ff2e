"""Once a day reminds the households whose year ends soon to confirm their declaration."""

from collections.abc import Sequence
from threading import Event

import structlog

from models import clock
from models.database import transact, transaction
from models.errors import Unavailable, describe
from models.settings import settings
from notifications.notices import notices
from workflows.casework.confirming import MOST, Due, Window, due_in, remind, windows

log = structlog.get_logger()


def remind_to_confirm(stop: Event) -> int:
    """Reminds whom it is time for, a set in each transaction, until it is told to stop; how many messages are owed.

    Raises Refused while the clock may be wrong: nobody is reminded by one that jumped.
    """
    if not settings().remind_to_confirm:
        return 0
    clock.require_no_jump()
    return sum(remind_window(window, stop) for window in windows(clock.now()))


def remind_window(window: Window, stop: Event) -> int:
    """The same for one slice of those days."""
    messages, beyond = 0, 0
    while not stop.is_set():
        with transaction() as connection:
            due = due_in(connection, window, beyond)
        if not due:
            break
        for start in range(0, len(due), MOST):
            if stop.is_set():
                break
            messages += remind_set(due[start : start + MOST], window.reminder)
        beyond = due[-1].case_id
    return messages


def remind_set(due: Sequence[Due], reminder: int) -> int:
    """Reminds these households together; where that fails, each for itself, so that one spoils nobody's reminder."""
    try:
        return transact(lambda connection: remind(connection, due, reminder, clock.now(), notices))
    except Exception as error:
        if isinstance(error, Unavailable):
            raise
        if len(due) > 1:
            return sum(remind_set([each], reminder) for each in due)
        log.error("a household cannot be reminded", case_id=due[0].case_id, error=describe(error).error)
        return 0
