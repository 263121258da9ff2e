"""The sweep: every two seconds, by whichever supervisor gets the lock. What wakes did not bring about, it does.

It rings timers, gives back what dead workers held, parks what killed its worker too often, and wakes every queue that
has work.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from models import clock
from models.database import Connection, follow_clock, is_disconnect, scalar, transaction
from models.errors import Refused, describe
from tasks.wake import wake
from workflows.flows import DELIVERY
from workflows.queue.attempts import forget_gone
from workflows.queue.failures import forget
from workflows.queue.holds import tend_holds
from workflows.queue.stalled import Stalled, give_back_forgotten, recover_attempts, stalled_workers
from workflows.queue.timers import fire_timers, queues_with_work

log = structlog.get_logger()
SWEEP_LOCK = 7219  # advisory; transaction-wide, so that no supervisor is special
SWEEP_SECONDS = 2.0
BOUND = (
    "set local transaction_timeout = '60s'"  # a supervisor that freezes in its sweep holds the lock no longer than that
)
SIGN_ON_AGAIN = timedelta(seconds=5)  # a worker that lost its connection notices at its next heartbeat
# The first by time, and whether that is due: asked whether any is, a plan for all parameters would look through those
# that wait.
MESSAGES_DUE = f"""
    select coalesce((select min(due_at) from message where status in ('owed', 'sending')) <= %s, false)
    and not exists (select from paused_queue where queue = '{DELIVERY}')
"""


@dataclass(slots=True)
class FailureDetector:
    """Who of the silent is dead: our own processes that ended, and whoever is silent for longer than the living need to
    sign on again.
    """

    ended: set[str] = field(
        default_factory=set
    )  # by what processes call themselves: a host's name and a number may be another's, too
    silent_since: dict[int, datetime] = field(default_factory=dict)
    forgotten_to: int = 0  # the last case whose failure the sweep looked at

    def dead(self, silent: Sequence[Stalled], now: datetime) -> list[int]:
        """The workers that are certainly dead."""
        self.silent_since = {
            each.id: min(self.silent_since.get(each.id, now), now) for each in silent
        }  # should the clock have gone back
        return [
            each.id
            for each in silent
            if each.process in self.ended or now - self.silent_since[each.id] >= SIGN_ON_AGAIN
        ]


Part = Callable[[Connection, FailureDetector, datetime], None]


def sweep(detector: FailureDetector) -> None:
    """One round; nothing at all where another supervisor is at it. Raises Unavailable while the database is away."""
    with transaction() as connection:
        connection.execute(BOUND)
        follow_clock(connection)
        now = clock.now()
        if not scalar(connection, "select pg_try_advisory_xact_lock(%s)", [SWEEP_LOCK]):
            return
        for part in (ring, rescue, give_back, forget_troubles, forget_workers, probe_holds):
            beside_others(part, connection, detector, now)
    wake_all()


def wake_all() -> None:
    """Wakes whoever has work.

    Asked once what the sweep did is kept: a table that is locked takes nothing of that back.
    """
    with transaction() as connection:
        queues = queues_with_work(connection, clock.now())
        owed = scalar(connection, MESSAGES_DUE, [clock.now()])
    for queue in [*queues, DELIVERY] if owed else queues:
        wake(queue, anew=True)  # a flag without end, as of a broker whose clock went back, would keep the queue asleep


def beside_others(part: Part, connection: Connection, detector: FailureDetector, now: datetime) -> None:
    """One part of the sweep; whatever it fails on, the other parts are done."""
    try:
        with connection.transaction():
            part(connection, detector, now)
    except Exception as error:
        if is_disconnect(error):
            raise
        log.error("a part of the sweep failed", part=part.__name__, error=describe(error).error)


def ring(connection: Connection, _: FailureDetector, now: datetime) -> None:
    """Rings timers; none while the clocks contradict each other, because nobody's application may
    lapse by a wrong one.
    """
    try:
        clock.require_no_jump()
    except Refused as error:
        log.error("timers wait", error=str(error))
    else:
        fire_timers(connection, now)


def rescue(connection: Connection, detector: FailureDetector, now: datetime) -> None:
    """Gives back what dead workers held; a case that was alone in its worker's hands when that died
    has a try counted.
    """
    recover_attempts(connection, detector.dead(stalled_workers(connection), now), now)


def give_back(connection: Connection, _: FailureDetector, now: datetime) -> None:
    """Gives back what living workers forgot."""
    give_back_forgotten(connection, now)


def forget_workers(connection: Connection, _: FailureDetector, now: datetime) -> None:
    """Workers of whom nothing was heard for long, and that hold nothing."""
    forget_gone(connection, now - timedelta(minutes=10))


def forget_troubles(connection: Connection, detector: FailureDetector, _: datetime) -> None:
    """Troubles that are over, a part each round."""
    detector.forgotten_to = forget(connection, detector.forgotten_to)


def probe_holds(connection: Connection, _: FailureDetector, now: datetime) -> None:
    """Stages at which all cases fail."""
    tend_holds(connection, now)
