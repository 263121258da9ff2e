"""The map as a picture: a Mermaid flow chart, drawn from `flow.py` and never by hand. `sijil flow` prints it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

from workflows.flows import PARKED
from workflows.flows.grammar import CASEWORKER, CITIZEN, MACHINE, NOBODY, Flow, Stage

# How a stage is drawn, by its owner: the two halves of a Mermaid shape.
SHAPES = {MACHINE: ("[", "]"), CITIZEN: ("(", ")"), CASEWORKER: ("(", ")"), NOBODY: ("([", "])")}
ANY = "any_open_stage"


def chart(flow: Flow) -> str:
    """The stages and where each event leads; what every open stage can do is drawn once."""
    common = common_events(flow)
    lines = [
        "flowchart TD",
        *[node(step) for step in flow.stages.values()],
        f'{ANY}["any open stage"]',
        f'{PARKED}("{PARKED}<br/>operator")',
        *[line for step in flow.stages.values() for line in arrows(step, common)],
        *[f"{ANY} -->|{'<br/>'.join([event, *exceptions(flow, event)])}| {stage}" for event, stage in common.items()],
        f"{ANY} -.->|CaseParked| {PARKED}",
        f"{PARKED} -.->|CaseResumed| {ANY}",
    ]
    return "\n    ".join(lines)


def common_events(flow: Flow) -> dict[str, str]:
    """Events that most open stages may return, and that lead to one and the same stage."""
    counts = Counter(
        (event.__name__, to) for step in flow.stages.values() if step.open for event, to in step.transitions.items()
    )
    most = sum(step.open for step in flow.stages.values()) / 2
    return {event: to for (event, to), count in sorted(counts.items()) if count > most}


def exceptions(flow: Flow, event: str) -> list[str]:
    """The open stages that do not return it."""
    without = [
        step.name
        for step in flow.stages.values()
        if step.open and event not in {each.__name__ for each in step.transitions}
    ]
    return [f"not from {', '.join(without)}"] if without else []


def node(step: Stage) -> str:
    """A stage with its owner and what time does to it."""
    left, right = SHAPES[step.owner]
    return f'{step.name}{left}"{"<br/>".join([step.name, *owner(step), *clock(step)])}"{right}'


def owner(step: Stage) -> list[str]:
    """Who decides: a queue of the machine, or a person."""
    return [f"queue {step.queue}"] if step.owner == MACHINE else [step.owner] if step.open else []


def clock(step: Stage) -> Iterator[str]:
    """Its term, reminders, and how often it becomes overdue."""
    if step.within:
        yield f"{days(step.within)} days"
    if step.reminders:
        yield f"reminded on day {listed(step.reminders)}"
    if step.every:
        yield f"overdue every {days(step.every)} days"


def days(span: timedelta) -> str:
    """A span in whole days."""
    return str(span.days)


def listed(spans: Sequence[timedelta]) -> str:
    """Spans in whole days, as in a sentence: 7, 21 and 28."""
    *before, last = map(days, spans)
    return f"{', '.join(before)} and {last}" if before else last


def arrows(step: Stage, common: dict[str, str]) -> Iterator[str]:
    """One arrow to each stage that follows, with the events that lead there."""
    events: dict[str, list[str]] = {}
    for event, to in step.transitions.items():
        if common.get(event.__name__) != to:
            events.setdefault(to, []).append(event.__name__)
    for to, names in events.items():
        yield f"{step.name} -->|{'<br/>'.join(names)}| {to}"
