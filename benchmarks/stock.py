"""Dramatiq's own broker as it is usually set up, in a namespace beside ours."""

from dramatiq.brokers.redis import RedisBroker

from models.settings import settings
from tasks.broker import connect


def stock_broker() -> RedisBroker:
    """On the broker of the settings."""
    return RedisBroker(client=connect(settings().broker_url or ""), namespace=settings().broker_namespace + ":stock")  # type: ignore[no-untyped-call]
