"""Dramatiq's own broker as it is usually set up."""

from dramatiq.brokers.redis import RedisBroker

from models.settings import settings
from tasks.broker import connect


def stock_broker() -> RedisBroker:
    """A stock RedisBroker on the broker of the settings, in a namespace beside ours."""
    return RedisBroker(client=connect(settings().broker_url or ""), namespace=settings().broker_namespace + ":stock")  # type: ignore[no-untyped-call]
