"""The broker: Dramatiq's Redis broker with a doorbell instead of fast polling, and without what we do not use.

PostgreSQL holds the cases, retries, timers and leases; a message only wakes a worker. So there are no retries, results,
time limits or delayed queues here, and losing every message costs only the few seconds until the next sweep.
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

POLL_SECONDS = 10.0  # between two looks at a queue whose bell does not ring; the sweep wakes sooner if there is work
log = structlog.get_logger()


class Doorbell:
    """Tells every process that serves a queue of a wake within a millisecond, by Redis pub/sub and one thread each."""

    def __init__(self, client: redis.Redis, channel: str) -> None:
        self.client, self.channel = client, channel
        self.bells: defaultdict[str, Event] = defaultdict(Event)
        self.stopping = False

    def ring(self, queue: str) -> None:
        """Rings in all processes that listen now. Nothing depends on it: a ring may be lost."""
        self.client.publish(self.channel, queue)

    def ring_all_here(self) -> None:
        """Rings for every queue, in this process only."""
        for bell in list(self.bells.values()):
            bell.set()

    def listen(self) -> Thread:
        """Starts the thread that listens for rings."""
        thread = Thread(target=self.run, name="doorbell", daemon=True)
        thread.start()
        return thread

    def run(self) -> None:
        """Listens until the process stops. After a lost connection it rings for all queues, since it missed rings."""
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
    """A consumer that waits for the bell where Dramatiq's own sleeps.

    A thread that finished a message also rings it: the consumer fetches messages only while a thread is free.
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
        """Acknowledges a message, and rings so that the next one is fetched."""
        super().ack(message)  # type: ignore[no-untyped-call]
        self.bell.set()

    def nack(self, message: Any) -> None:
        """Rejects a message whose actor failed, and rings so that the next one is fetched."""
        super().nack(message)  # type: ignore[no-untyped-call]
        self.bell.set()


class SijilBroker(RedisBroker):
    """Dramatiq's broker over a Redis or Valkey that nothing else uses."""

    def __init__(self, url: str, namespace: str) -> None:
        # Dramatiq gives back a crashed process's messages after 30 s; the sweep wakes the queue long before.
        super().__init__(  # type: ignore[no-untyped-call]
            client=connect(url), middleware=[], namespace=namespace, heartbeat_timeout=30_000, maintenance_chance=20_000
        )
        self.silent_until = 0.0  # on the monotonic clock
        self.away = False  # whether the last wake failed
        self.doorbell = Doorbell(connect(url), f"{namespace}:bell")

    @property
    def consumer_class(self) -> type[_RedisConsumer]:
        """The consumer that Dramatiq's worker makes for each queue."""
        return DoorbellConsumer

    def declare_queue(self, queue_name: str) -> None:
        """Declares a queue without Dramatiq's delayed twin: timers are in the database, and each twin would poll."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues.add(queue_name)
            self.emit_after("declare_queue", queue_name)


def connect(url: str) -> redis.Redis:
    """A client for redis://, rediss:// or unix:// addresses.

    Raises Unavailable for any other, without quoting it: it may hold a password.
    """
    try:
        return redis.Redis.from_url(url, socket_connect_timeout=5, health_check_interval=15)
    except ValueError:
        raise Unavailable(
            "SIJIL_BROKER_URL is not an address of a Redis or Valkey: "
            "write redis://:password@host:6379/0 or unix:///path."
        ) from None


@cache
def broker() -> SijilBroker:
    """The broker of this process. Raises Unavailable if the settings name none."""
    url = settings().broker_url
    if not url:
        raise Unavailable("No broker address. Set SIJIL_BROKER_URL, or start one with `sijil demo` or `sijil serve`.")
    made = SijilBroker(url, settings().broker_namespace)
    dramatiq.set_broker(made)
    return made


def require_broker() -> None:
    """Raises BrokerAway if the broker does not answer."""
    try:
        broker().client.ping()
    except redis.RedisError as error:
        raise BrokerAway(
            f"The broker does not answer ({type(error).__name__}). "
            "SIJIL_BROKER_URL names it: a Redis or Valkey of the broker's own."
        ) from error


def broker_state() -> str:
    """`ready`, `away`, or `refuses writes`.

    A broker that is full, is a replica, or cannot save its data answers and refuses writes, so that wakes are lost.
    """
    try:
        broker().client.set(f"{broker().namespace}:asked", 1, px=1000)
    except redis.ResponseError:
        return "refuses writes"
    except (redis.RedisError, Unavailable):
        return "away"
    return "ready"
