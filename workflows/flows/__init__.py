"""All kinds of cases: each is a file in this folder with its `FLOW`. And their stages and queues.

A stage that no flow lists does not exist; an event that a stage may return and that is not listed fails a test.
"""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import NamedTuple

from workflows.events.event import CaseParked, CaseResumed, Event, MessageRepeated
from workflows.flows.grammar import Flow, Message, Stage

PARKED = "parked"  # beside every flow: our fault, an operator's to mend; resuming leads back to where it failed
DELIVERY = "delivery"  # the queue of the ledger's messages, beside those of the cases
FLOWS: dict[str, Flow] = {}
# Beside every flow, too: it comes once before the term `confirmation` ends.
CONFIRMATION_DUE = Message(
    "confirmation_due",
    "RSU: has anything changed in your household? Look through your declaration before {day}, in your file "
    "{reference} on the site or at a service centre, and confirm it. It stays valid if you do not.",
)
# It comes where the population register told of something by which the household may have changed.
CHANGE_INVITED = Message(
    "change_invited",
    "RSU: the population register tells us of a change that may concern your household. If its members have changed, "
    "declare that before {day}, in your file {reference} on the site or at a service centre. Your entry stays valid.",
)


class Move(NamedTuple):
    """Where an event leaves a case, and whether the stage's periods begin anew with it."""

    stage: str
    anew: bool = False


def add(flow: Flow) -> None:
    """One more kind of case, from now on in this process."""
    FLOWS[flow.kind] = flow
    case_queues.cache_clear()
    places.cache_clear()
    asking_places.cache_clear()
    asking_queues.cache_clear()
    templates_to_prove.cache_clear()


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


@cache
def asking_places() -> frozenset[tuple[str, str]]:
    """The stages, each after its kind of case, that ask the population register."""
    return frozenset((kind, stage.name) for kind, stage in places() if stage.asks)


@cache
def asking_queues() -> frozenset[str]:
    """The queues of these stages."""
    return frozenset(stage.queue for _, stage in places() if stage.asks and stage.queue)


@cache
def templates_to_prove() -> frozenset[str]:
    """The templates of the messages on which a term hangs."""
    return frozenset(each.to_prove for flow in FLOWS.values() for each in flow.every_message if each.needs_proof)


def messages() -> dict[str, Message]:
    """Every message to a household by its template, those of the flows and those beside them."""
    beside = (CONFIRMATION_DUE, CHANGE_INVITED)
    return {each.template: each for flow in FLOWS.values() for each in flow.every_message} | {
        each.template: each for each in beside
    }


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
    if isinstance(event, MessageRepeated):
        return Move(stage, event.renews)
    at = stage_of(kind, stage)
    return Move(at.transitions.get(type(event), stage), type(event) in at.renewed_by)


for each in known_flows():
    add(each)
