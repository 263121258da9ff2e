"""Five messages a case, one after another, that do nothing: what the broker alone costs. Stock RedisBroker, no database."""

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from models.settings import settings
from tasks.broker import connect

BROKER = RedisBroker(client=connect(settings().broker_url or ""), namespace=settings().broker_namespace + ":stock")  # type: ignore[no-untyped-call]
dramatiq.set_broker(BROKER)


@dramatiq.actor
def fifth(case_id: int) -> None:
    pass


@dramatiq.actor
def fourth(case_id: int) -> None:
    fifth.send(case_id)


@dramatiq.actor
def third(case_id: int) -> None:
    fourth.send(case_id)


@dramatiq.actor
def second(case_id: int) -> None:
    third.send(case_id)


@dramatiq.actor
def first(case_id: int) -> None:
    second.send(case_id)
