"""All kinds of cases: each is a file in this folder with its `FLOW`. And their stages and queues.

A stage that no flow lists does not exist; an event that a stage may return and that is not listed fails a test.
"""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import NamedTuple

from workflows.events.event import CaseParked, CaseResumed, Event
from workflows.flows.grammar import Flow, Stage

PARKED = "parked"  # beside every flow: our fault, an operator's to mend; resuming leads back to where it failed
DELIVERY = "delivery"  # the queue of the ledger's messages, beside those of the cases
FLOWS: dict[str, Flow] = {}


class Move(NamedTuple):
    """Where an event leaves a case, and whether the stage's periods begin anew with it."""

    stage: str
    anew: bool = False


def add(flow: Flow) -> None:
    """One more kind of case, from now on in this process."""
    FLOWS[flow.kind] = flow
    case_queues.cache_clear()
    places.cache_clear()


def known_flows() -> Iterator[Flow]:
    """Those of this folder, in the order of their files' names, with registration, where all begins, first."""
    names = [each.name for each in iter_modules(__path__)]
    for name in sorted(names, key=lambda name: (name != "registration", name)):
        module = import_module(f"{__name__}.{name}")
        if hasattr(module, "FLOW"):
            yield module.FLOW


@cache
def places() -> tuple[tuple[str, Stage], ...]:
    """Every stage of every kind, with its kind."""
    return tuple((kind, stage) for kind, flow in FLOWS.items() for stage in flow.stages.values())


@cache
def case_queues() -> tuple[str, ...]:
    """The queues of the cases, in the order in which a registration meets them."""
    return tuple(dict.fromkeys(stage.queue for _, stage in places() if stage.queue))


def all_queues() -> tuple[str, ...]:
    """These, and that of the ledger's messages."""
    return (*case_queues(), DELIVERY)


def stage_of(kind: str, stage: str) -> Stage:
    """A stage of a kind of case. Raises KeyError where there is none."""
    return FLOWS[kind].stages[stage]


def move(kind: str, stage: str, event: Event) -> Move:
    """Where an event leads a case that stands at `stage`.

    One that the flow does not know here leaves it where it is.
    """
    if isinstance(event, CaseParked):
        return Move(PARKED)
    if isinstance(event, CaseResumed):
        return Move(event.stage)
    if stage == PARKED:
        return Move(PARKED)
    at = stage_of(kind, stage)
    return Move(at.transitions.get(type(event), stage), type(event) in at.renewed_by)


for each in known_flows():
    add(each)
