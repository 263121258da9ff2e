"""All kinds of cases, each a file in this folder; and their queues.

A stage that no flow lists does not exist; an event that a stage may return and that is not listed fails a test.
"""

from workflows.events import CaseParked, CaseResumed, Event
from workflows.flows.grammar import Flow, Stage
from workflows.flows.registration import REGISTRATION

FLOWS: dict[str, Flow] = {REGISTRATION.kind: REGISTRATION}
STAGES: tuple[Stage, ...] = tuple(step for each in FLOWS.values() for step in each.stages.values())
PARKED = "parked"  # beside every flow: our fault, an operator's to mend; resuming leads back to where it failed

# The queues of the cases; beside them stands that of the ledger's messages.
QUEUES: tuple[str, ...] = tuple(dict.fromkeys(step.queue for step in STAGES if step.queue))
FIRST_QUEUE = QUEUES[0]  # where an application begins
DELIVERY = "delivery"
ALL_QUEUES = (*QUEUES, DELIVERY)


def stage_of(kind: str, stage: str) -> Stage:
    """The row of the map for a stage of a kind of case."""
    return FLOWS[kind].stages[stage]


def stage_after(kind: str, stage: str, event: Event) -> str:
    """Where an event leaves a case that stands at `stage`.

    One that the map does not know here leaves it where it is.
    """
    if isinstance(event, CaseParked):
        return PARKED
    if isinstance(event, CaseResumed):
        return event.stage
    return stage if stage == PARKED else stage_of(kind, stage).transitions.get(type(event), stage)
