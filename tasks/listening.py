"""Listens to the life events of the population register: a thread of each supervisor reads the feed page by page, and
applies it.

The register in this database is looked at every two seconds, one elsewhere every ten, with no transaction open while it
is asked. Several hosts read the same, and whoever comes first applies it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Event, Thread

import psycopg
import structlog

from models import clock
from models.database import transact, transaction
from models.errors import RegisterAway, Unavailable, describe
from models.life_feed import ELSEWHERE, HERE
from models.settings import settings
from notifications.notices import notices
from tasks.bootstrap import register_of_settings
from tasks.registers import feed as remote
from tasks.registers.population import RemoteRegister
from tasks.wake import wake
from workflows.flows import DELIVERY
from workflows.heard import feed, local
from workflows.heard.feed import Heard
from workflows.heard.openings import Hearing
from workflows.heard.told import Halted, Page, Standing
from workflows.queue.inhand import in_hand
from workflows.registers.population import LocalRegister

LOCAL_SECONDS, REMOTE_SECONDS, HALTED_SECONDS = 2.0, 10.0, 60.0
PAGE = 200  # events
ROUND_SECONDS = 20.0  # of applying; then the thread looks whether it is to end
LONGEST = 240.0  # of a round, with a question to a register that drips: beyond that the thread hangs
PATIENCE = 5  # rounds in which the same event meets a lock; then it waits apart, and the feed goes on
Read = Callable[[Standing], Page]
log = structlog.get_logger()


@dataclass(slots=True)
class Listener:
    """Reads and applies a feed, as the settings name it, until `stop` is set."""

    stop: Event
    thread: Thread | None = None
    next_look: float = 0.0
    busy: int = 0  # rounds that met a lock, one after the other
    said: str = ""  # what the log said last of a round that failed

    def tend(self) -> None:
        """Starts the thread of the next round if it is time and none is running."""
        if time.monotonic() < self.next_look or (self.thread and self.thread.is_alive()):
            return
        thread = Thread(target=self.round, name="listener", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the system gives no thread; the supervisor still has workers to look after
            self.next_look = time.monotonic() + LOCAL_SECONDS
        else:
            self.thread = thread

    def end(self, seconds: float) -> None:
        """Waits for the round in hand; one that takes longer is cut off, and comes again."""
        if self.thread:
            self.thread.join(seconds)

    def round(self) -> None:
        """Reads and applies what there is, and says when to look again."""
        pause = LOCAL_SECONDS
        try:
            with in_hand("life events", LONGEST):
                pause = self.listen()
            self.busy, self.said = 0, ""
        except RegisterAway as error:
            pause = max(REMOTE_SECONDS, error.wait.total_seconds())
        except (Unavailable, psycopg.OperationalError) as error:
            self.busy += 1
            pause = REMOTE_SECONDS
            self.say("the life events wait", error)
        except Exception as error:  # noqa: BLE001 - an edge: whatever it is, the workers live on and the next round tries again
            pause = REMOTE_SECONDS
            self.say("the life events are not applied", error)
        self.next_look = time.monotonic() + pause

    def say(self, text: str, error: Exception) -> None:
        """Logs why nothing is applied, once as long as it stays the same."""
        if (found := describe(error).error) != self.said:
            log.warning(text, error=found)
        self.said = found

    def listen(self) -> float:
        """Applies page after page, for about so long; returns in how many seconds to look again."""
        source, read, pause = source_of_settings()
        until = time.monotonic() + ROUND_SECONDS
        while not self.stop.is_set() and time.monotonic() < until:
            try:
                heard = hear_next(source, read, patient=self.busy < PATIENCE)
            except Halted:
                return HALTED_SECONDS
            if not heard.events:
                return pause
            wake_by(heard)
        return 0.0


def source_of_settings() -> tuple[str, Read, float]:
    """The feed that the settings name, how a page of it is read, and how often it is looked at.

    A register of another make has no feed that we know. Raises Unavailable where the register is not there.
    """
    register, found = register_of_settings()
    if isinstance(found, RemoteRegister):
        chosen = settings()
        assert chosen.population_key is not None  # the register was made of it
        url, partner = chosen.population_url, chosen.population_partner
        there = remote.client(url, partner, chosen.population_key, chosen.population_timeout)
        return ELSEWHERE, partial(remote.page, there, limit=PAGE), REMOTE_SECONDS
    if isinstance(register, type) and issubclass(register, LocalRegister):
        return HERE, read_here, LOCAL_SECONDS
    return HERE, lambda _: Page(()), HALTED_SECONDS


def read_here(known: Standing) -> Page:
    """A page of the feed in this database."""
    with transaction() as connection:
        return local.page(connection, known, PAGE)


def hear_next(source: str, read: Read, *, patient: bool = True) -> Heard:
    """Applies the next events of the feed, and those that waited for cases which have ended.

    Raises Halted where the feed does not go on, RegisterAway and Unavailable where it does not answer.
    """
    waited = transact(lambda connection: feed.again(connection, hearing(source, again=True)))
    with transaction() as connection:
        known = feed.standing(connection, source, clock.now())
    page = read(known)
    try:
        heard = transact(lambda connection: feed.hear(connection, known, page, hearing(source), patient=patient))
    except Halted as halted:
        code = halted.code
        transact(lambda connection: feed.halt(connection, source, known, code, clock.now()))
        raise
    return Heard(heard.events + waited.events, heard.queues | waited.queues)


def wake_by(heard: Heard) -> None:
    """Wakes who has work by these events, which are committed."""
    for queue in (*heard.queues, DELIVERY):
        wake(queue)


def hearing(source: str, *, again: bool = False) -> Hearing:
    """How an event of this feed is applied now."""
    return Hearing(source, clock.now(), notices, again)
