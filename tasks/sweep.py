"""The sweep: every two seconds, the supervisor that gets the lock does what wakes did not.

It fires timers, gives back the cases that dead workers held, parks a case whose workers died too often, wakes every
queue that has work, repeats messages that did not arrive, and seals what was noted of the staff.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from models import clock
from models.database import Connection, follow_clock, is_disconnect, scalar, transaction
from models.errors import Refused, Unavailable, describe
from tasks.repeater import Repeater
from tasks.wake import wake
from workflows.audit.sealing import seal_for
from workflows.engine.children import wake_missed_parents
from workflows.engine.turns import let_missed_in
from workflows.flows import DELIVERY
from workflows.population.feed import FEED
from workflows.queue.attempts import delete_gone_workers
from workflows.queue.failures import delete_obsolete_failures
from workflows.queue.holds import tend_holds
from workflows.queue.leases import end_leases
from workflows.queue.samples import minute_of, take_samples
from workflows.queue.stalled import Stalled, quarantine_forgotten, recover_attempts, stalled_workers
from workflows.queue.timers import fire_timers, queues_with_work
from workflows.registers.person_moves import wake_missed_waits

log = structlog.get_logger()
SWEEP_LOCK = 7219  # advisory; the transaction holds it, so that no supervisor is special
SWEEP_SECONDS = 2.0
SEAL_SECONDS = 1.0  # in each round; some 50,000 entries
SET_TIMEOUT = "set local transaction_timeout = '60s'"  # a supervisor that freezes holds the lock no longer
SIGN_ON_AGAIN = timedelta(seconds=5)  # within which a worker that lost its connection opens a new one
# Whether the first message by time is due. If it asked for any message that is due, a generic plan would read all that
# wait.
MESSAGES_DUE = f"""
    select exists (select from phone_code where status = 'owed')
    or coalesce((select min(due_at) from message where status in ('owed', 'sending')) <= %s, false)
    and not exists (select from paused_queue where queue = '{DELIVERY}')
"""


@dataclass(slots=True)
class FailureDetector:
    """Tells which stalled workers are dead: our own processes that ended, and those that are silent for too long.

    A living worker that lost its connection signs on again within `SIGN_ON_AGAIN`.
    """

    ended: set[str] = field(default_factory=set)  # the names that our dead processes gave themselves
    silent_since: dict[int, datetime] = field(default_factory=dict)
    forgotten_to: int = 0  # the last case whose failure `forget_failures` looked at
    sampled: datetime | None = None  # the minute of the last samples
    repeater: Repeater = field(default_factory=Repeater)

    def dead(self, silent: Sequence[Stalled], now: datetime) -> list[int]:
        """The workers among these that are certainly dead."""
        # A moment after `now` was written before the clock went back.
        self.silent_since = {each.id: min(self.silent_since.get(each.id, now), now) for each in silent}
        return [
            each.id
            for each in silent
            if each.process in self.ended or now - self.silent_since[each.id] >= SIGN_ON_AGAIN
        ]


Part = Callable[[Connection, FailureDetector, datetime], None]


def sweep(detector: FailureDetector) -> None:
    """Sweeps once; does nothing if another supervisor is sweeping. Raises Unavailable if the database is away."""
    with transaction() as connection:
        connection.execute(SET_TIMEOUT)
        follow_clock(connection)
        now = clock.now()
        if not scalar(connection, "select pg_try_advisory_xact_lock(%s)", [SWEEP_LOCK]):
            return
        for part in PARTS:
            run_part(part, connection, detector, now)
    repeat_messages(detector.repeater)
    wake_queues_with_work()
    seal_entries()


def wake_queues_with_work() -> None:
    """Wakes every queue that has work.

    It has a transaction of its own, so that a locked table does not undo what the sweep did.
    """
    with transaction() as connection:
        queues = queues_with_work(connection, clock.now())
        owed = scalar(connection, MESSAGES_DUE, [clock.now()])
    for queue in [*queues, DELIVERY] if owed else queues:
        wake(queue, anew=True)  # if the broker's clock went back, its flag may never expire and would stop the wake


def repeat_messages(repeater: Repeater) -> None:
    """Repeats what nobody is proved to have got. It has transactions of its own; if it fails, the sweep goes on."""
    try:
        if repeated := repeater.sweep():
            log.info("messages of which no delivery is proved are repeated", messages=repeated)
    except Exception as error:
        if isinstance(error, Unavailable):
            raise
        log.error("messages are not repeated", error=describe(error).error)


def seal_entries() -> None:
    """Seals the audit entries and life events that were committed.

    It has transactions of its own; if it fails, the sweep goes on.
    """
    try:
        seal_for(SEAL_SECONDS)
        seal_for(SEAL_SECONDS, FEED)
    except Exception as error:
        if isinstance(error, Unavailable):
            raise
        log.error("audit entries are not sealed", error=describe(error).error)


def run_part(part: Part, connection: Connection, detector: FailureDetector, now: datetime) -> None:
    """Runs one part of the sweep in a savepoint: if it fails, the other parts go on."""
    try:
        with connection.transaction():
            part(connection, detector, now)
    except Exception as error:
        if is_disconnect(error):
            raise
        log.error("a part of the sweep failed", part=part.__name__, error=describe(error).error)


def fire_due_timers(connection: Connection, _: FailureDetector, now: datetime) -> None:
    """Fires timers, but none while the clock may be wrong: it must not make an application lapse."""
    try:
        clock.require_no_jump()
    except Refused as error:
        log.error("timers wait", error=str(error))
    else:
        fire_timers(connection, now)


def recover_stalled(connection: Connection, detector: FailureDetector, now: datetime) -> None:
    """Gives back the cases that dead workers held, and counts a try for a case that its worker held alone."""
    recover_attempts(connection, detector.dead(stalled_workers(connection), now), now)


def return_forgotten(connection: Connection, _: FailureDetector, now: datetime) -> None:
    """Gives back the cases of attempts that living workers no longer know, and of leases that ended."""
    quarantine_forgotten(connection, now)
    end_leases(connection, now)


def forget_workers(connection: Connection, _: FailureDetector, now: datetime) -> None:
    """Deletes the rows of workers that were silent for ten minutes and hold no case."""
    delete_gone_workers(connection, now - timedelta(minutes=10))


def forget_failures(connection: Connection, detector: FailureDetector, _: datetime) -> None:
    """Deletes the failures of cases that have moved on, a part each round."""
    detector.forgotten_to = delete_obsolete_failures(connection, detector.forgotten_to)


def end_missed_waits(connection: Connection, _: FailureDetector, now: datetime) -> None:
    """Goes on with cases that wait for what is over: nobody woke them."""
    turns, parents = let_missed_in(connection), wake_missed_parents(connection, now)
    persons = wake_missed_waits(connection, now)
    if turns or parents or persons:
        log.info("cases waited for what is over; they go on", turns=turns, opened_cases=parents, persons=persons)


def probe_holds(connection: Connection, _: FailureDetector, now: datetime) -> None:
    """Ends the hold of a stage at which a case succeeded, and has a case probe each of the others."""
    tend_holds(connection, now)


def sample_queues(connection: Connection, detector: FailureDetector, now: datetime) -> None:
    """Once a minute, notes what waits in each queue."""
    if minute_of(now) != detector.sampled:
        take_samples(connection, now)
        detector.sampled = minute_of(now)


PARTS = (
    fire_due_timers,
    recover_stalled,
    return_forgotten,
    end_missed_waits,
    forget_failures,
    forget_workers,
    probe_holds,
    sample_queues,
)
