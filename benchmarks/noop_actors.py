"""Five actors a case, one after another, which do nothing: they show what the broker alone costs.

The broker is a stock RedisBroker; there is no database.
"""

import dramatiq

from benchmarks.stock import stock_broker

BROKER = stock_broker()
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
