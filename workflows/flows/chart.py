"""Draws a flow as a Mermaid chart, from its stages and never by hand. `sijil flow` prints it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

from workflows.flows import PARKED
from workflows.flows.grammar import (
    CASEWORKER,
    CITIZEN,
    MACHINE,
    NOBODY,
    OTHER_CASE,
    OTHER_HOUSEHOLD,
    POPULATION_OFFICER,
    Flow,
    Stage,
)

# How a stage is drawn, by its owner: the two halves of a Mermaid shape.
SHAPES = {
    MACHINE: ("[", "]"),
    CITIZEN: ("(", ")"),
    CASEWORKER: ("(", ")"),
    POPULATION_OFFICER: ("(", ")"),
    NOBODY: ("([", "])"),
    OTHER_CASE: ("[[", "]]"),
    OTHER_HOUSEHOLD: ("[[", "]]"),
}
ANY = "any_open_stage"


def chart(flow: Flow) -> str:
    """The stages and where each event leads; an event that most open stages return is drawn once, for all of them."""
    stages, common = flow.stages.values(), common_events(flow)
    lines = [
        "flowchart TD",
        *[node(stage) for stage in stages],
        f'{ANY}["any open stage"]',
        f'{PARKED}("{PARKED}<br/>operator")',
        *[line for stage in stages for line in arrows(stage, common)],
        *[f"{ANY} -->|{'<br/>'.join([event, *exceptions(flow, event)])}| {to}" for event, to in common.items()],
        f"{ANY} -.->|CaseParked| {PARKED}",
        f"{PARKED} -.->|CaseResumed| {ANY}",
    ]
    return "\n    ".join(lines)


def common_events(flow: Flow) -> dict[str, str]:
    """The events that more than half of the open stages return, each with the one stage where it leads."""
    open_stages = [stage for stage in flow.stages.values() if stage.open]
    counts = Counter((event.__name__, to) for stage in open_stages for event, to in stage.transitions.items())
    return {event: to for (event, to), count in sorted(counts.items()) if count > len(open_stages) / 2}


def exceptions(flow: Flow, event: str) -> list[str]:
    """The note that names the open stages which do not return a common event; no note where all do."""
    without = [
        stage.name
        for stage in flow.stages.values()
        if stage.open and event not in {each.__name__ for each in stage.transitions}
    ]
    return [f"not from {', '.join(without)}"] if without else []


def node(stage: Stage) -> str:
    """A stage's box: its name, its owner and its periods."""
    left, right = SHAPES[stage.owner]
    return f'{stage.name}{left}"{"<br/>".join([stage.name, *owner(stage), *periods(stage)])}"{right}'


def owner(stage: Stage) -> list[str]:
    """The queue of a machine stage, the person of any other; a stage at which a case ends has none."""
    if stage.owner == MACHINE:
        return [f"queue {stage.queue}"]
    return [stage.owner.replace("_", " ")] if stage.open else []


def periods(stage: Stage) -> Iterator[str]:
    """A stage's term, its reminders, and how often it becomes overdue."""
    if stage.within:
        yield f"{stage.within.days} days"
    if stage.reminders:
        yield f"reminded on day {listed_days(stage.reminders)}"
    if stage.every:
        yield f"overdue every {stage.every.days} days"


def listed_days(spans: Sequence[timedelta]) -> str:
    """Spans in whole days, as in a sentence: 7, 21 and 28."""
    *before, last = [str(span.days) for span in spans]
    return f"{', '.join(before)} and {last}" if before else last


def arrows(stage: Stage, common: dict[str, str]) -> Iterator[str]:
    """One arrow to each stage that follows, with the events that lead there."""
    events: dict[str, list[str]] = {}
    for event, to in stage.transitions.items():
        if common.get(event.__name__) != to:
            events.setdefault(to, []).append(event.__name__)
    for to, names in events.items():
        yield f"{stage.name} -->|{'<br/>'.join(names)}| {to}"
