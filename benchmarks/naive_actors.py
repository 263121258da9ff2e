"""The actors of the naive way, on a stock RedisBroker; Dramatiq's own command line runs them."""

import dramatiq

from benchmarks.naive import one_decision
from benchmarks.stock import stock_broker

BROKER = stock_broker()
dramatiq.set_broker(BROKER)


@dramatiq.actor
def notify(case_id: int) -> None:
    one_decision(case_id, "approved")


@dramatiq.actor
def approve(case_id: int) -> None:
    if one_decision(case_id, "fraud_checked"):
        notify.send(case_id)


@dramatiq.actor
def screen(case_id: int) -> None:
    if one_decision(case_id, "scored"):
        approve.send(case_id)


@dramatiq.actor
def score(case_id: int) -> None:
    if one_decision(case_id, "verified"):
        screen.send(case_id)


@dramatiq.actor
def verify(case_id: int) -> None:
    if one_decision(case_id, "submitted"):
        score.send(case_id)
