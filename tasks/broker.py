"""The broker: Dramatiq's Redis broker, with a doorbell instead of impatient polling, and without what we do not use.

Truth, retries, timers and leases are in PostgreSQL; a message only wakes. So there are no retries, results, time limits
or delayed queues here, and losing every message costs nothing but a sweep's few seconds.
"""

from collections import defaultdict
from functools import cache
from threading import Event, Thread
from typing import Any

import dramatiq
import redis
import structlog
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer

from models.errors import BrokerAway, Unavailable
from models.settings import settings

POLL_SECONDS = (
    10.0  # between two looks at a silent queue, should a ring be lost; the sweep wakes before, wherever there is work
)
log = structlog.get_logger()


class Doorbell:
    """Rings in every process that serves a queue, within a millisecond of a wake. One pub/sub thread a process."""

    def __init__(self, client: redis.Redis, channel: str) -> None:
        self.client, self.channel = client, channel
        self.bells: defaultdict[str, Event] = defaultdict(Event)
        self.stopping = False

    def ring(self, queue: str) -> None:
        """Heard by all processes that listen now; a hint, like everything here."""
        self.client.publish(self.channel, queue)

    def ring_all_here(self) -> None:
        """As if every queue had rung, in this process alone."""
        for bell in list(self.bells.values()):
            bell.set()

    def listen(self) -> Thread:
        """Starts to listen."""
        thread = Thread(target=self.run, name="doorbell", daemon=True)
        thread.start()
        return thread

    def run(self) -> None:
        """Listens for ever; after a lost connection, whatever rang meanwhile is made up for."""
        pause = Event()
        while not self.stopping:
            try:
                with self.client.pubsub(ignore_subscribe_messages=True) as subscription:  # type: ignore[no-untyped-call]
                    subscription.subscribe(self.channel)
                    self.ring_all_here()
                    for message in subscription.listen():
                        self.bells[message["data"].decode(errors="replace")].set()
            except redis.RedisError:
                pause.wait(0.5)


class DoorbellConsumer(_RedisConsumer):
    """Waits for the bell where Dramatiq's own would sleep.

    A thread that becomes free rings it, too: no message is fetched before one is.
    """

    def __init__(self, broker: "SijilBroker", queue_name: str, prefetch: int, timeout: int) -> None:
        super().__init__(broker, queue_name, prefetch, timeout=0)  # type: ignore[no-untyped-call]
        self.doorbell = broker.doorbell
        self.bell = broker.doorbell.bells[queue_name]

    def __next__(self) -> Any:
        message = super().__next__()  # type: ignore[no-untyped-call]
        if message is None:
            self.bell.wait(0.05 if self.doorbell.stopping else POLL_SECONDS)
            self.bell.clear()
        return message

    def ack(self, message: Any) -> None:
        """One is done with; what waits in the queue meanwhile may be fetched."""
        super().ack(message)  # type: ignore[no-untyped-call]
        self.bell.set()

    def nack(self, message: Any) -> None:
        """The same, where the look failed."""
        super().nack(message)  # type: ignore[no-untyped-call]
        self.bell.set()


class SijilBroker(RedisBroker):
    """A Redis or Valkey of the broker's own."""

    def __init__(self, url: str, namespace: str) -> None:
        # A crashed process's messages come back after 30 s; rarely needed, because the sweep wakes long before.
        super().__init__(  # type: ignore[no-untyped-call]
            client=connect(url), middleware=[], namespace=namespace, heartbeat_timeout=30_000, maintenance_chance=20_000
        )
        self.silent_until = 0.0  # on the monotonic clock
        self.away = False  # as the last wake found it
        self.doorbell = Doorbell(connect(url), f"{namespace}:bell")

    @property
    def consumer_class(self) -> type[_RedisConsumer]:
        """Ours."""
        return DoorbellConsumer

    def declare_queue(self, queue_name: str) -> None:
        """As Dramatiq's, without the delayed twin: timers are in the database, and each twin would poll."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues.add(queue_name)
            self.emit_after("declare_queue", queue_name)


def connect(url: str) -> redis.Redis:
    """A client for redis://, rediss:// or unix:// addresses.

    Raises Unavailable for any other, without a word of it: it may hold a password.
    """
    try:
        return redis.Redis.from_url(url, socket_connect_timeout=5, health_check_interval=15)
    except ValueError:
        text = (
            "SIJIL_BROKER_URL is not an address of a Redis or Valkey: it looks like redis://:password@host:6379/0 "
            "or unix:///path."
        )
        raise Unavailable(text) from None


@cache
def broker() -> SijilBroker:
    """The broker of this process. Raises Unavailable where no address is known."""
    url = settings().broker_url
    if not url:
        raise Unavailable("No broker address. Set SIJIL_BROKER_URL, or start one with `sijil demo` or `sijil serve`.")
    made = SijilBroker(url, settings().broker_namespace)
    dramatiq.set_broker(made)
    return made


def require_broker() -> None:
    """Raises BrokerAway where it does not answer."""
    try:
        broker().client.ping()
    except redis.RedisError as error:
        raise BrokerAway(
            f"The broker does not answer ({type(error).__name__}). SIJIL_BROKER_URL names it: a Redis or Valkey of the "
            f"broker's own."
        ) from error


def broker_state() -> str:
    """`ready`, `away`, or `refuses writes`: full, a replica, or unable to save what it has, so that wakes are lost
    although it answers.
    """
    try:
        broker().client.set(f"{broker().namespace}:asked", 1, px=1000)
    except redis.ResponseError:
        return "refuses writes"
    except (redis.RedisError, Unavailable):
        return "away"
    return "ready"
