"""Has the engine repeat, with each sweep, the messages on which a term hangs and of which nothing proves that they
arrived (workflows/engine/repeats.py).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from models import clock
from models.database import transact, transaction
from models.errors import Refused, Unavailable, describe
from models.settings import settings
from notifications.notices import notices
from workflows.engine.repeats import repeat, waiting

log = structlog.get_logger()
LEFT_ALONE_SECONDS = 3600.0  # a case that failed: the others go on meanwhile


@dataclass(slots=True)
class Repeater:
    """Repeats messages; the cases that failed are left alone for a while, each until a monotonic time."""

    left_alone: dict[int, float] = field(default_factory=dict)

    def sweep(self) -> int:
        """Repeats what is due, a set of cases; returns how many messages are owed by that.

        Does nothing while the clock may be wrong. Raises Unavailable if the database is away.
        """
        if not (settings().repeat_messages and settings().reports_come):
            return 0  # without reports every message would be repeated
        now = time.monotonic()
        self.left_alone = {case_id: until for case_id, until in self.left_alone.items() if until > now}
        with transaction() as connection:
            due = waiting(connection, clock.now(), list(self.left_alone))
        return self.repeat(due) if due and is_clock_right() else 0

    def repeat(self, case_ids: Sequence[int]) -> int:
        """Repeats what is due of these cases together; where that fails, of each for itself."""
        try:
            return transact(lambda connection: repeat(connection, case_ids, clock.now(), notices))
        except Exception as error:
            if isinstance(error, Unavailable):
                raise
            if len(case_ids) > 1:
                return sum(self.repeat([each]) for each in case_ids)
            log.error("a message cannot be repeated", case_id=case_ids[0], error=describe(error).error)
            self.left_alone[case_ids[0]] = time.monotonic() + LEFT_ALONE_SECONDS
            return 0


def is_clock_right() -> bool:
    """Whether no clock is known to have jumped: nobody is told twice by one that did."""
    try:
        clock.require_no_jump()
    except Refused as error:
        log.error("messages are not repeated", error=str(error))
        return False
    return True
