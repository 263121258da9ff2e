"""The pages that anybody reads without an account: how the index works, its formula, the programmes' thresholds,
what each of our messages looks like, and where the service centres are.

Every number is read from the policies by which the engine decides, and every message from the flows and the catalogue.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from litestar import get
from litestar.params import FromPath
from litestar.response import Template

from models import clock
from models.days import day_of
from models.languages import LANGUAGES
from notifications.codes import text_of_code
from notifications.notices import words
from notifications.wording import written
from web.index_values import GROUPS, RESTS_ON, SAME, Counted, group_of
from web.language import render_page, require_language, written_in
from workflows.events.event import Event
from workflows.flows import FLOWS
from workflows.flows.grammar import Flow, Message, Stage
from workflows.policies import Formula, index_in_force, newest_terms
from workflows.policies.files import DoubtPart, ThresholdPart
from workflows.policies.published import (
    index_file_in_force,
    index_files,
    offices_by_region,
    offices_file,
    thresholds_published,
)

EXAMPLE_CODE = "123456"


class Coefficient(NamedTuple):
    """A variable of the formula, what it is multiplied with, and another number that was seen for it, if any."""

    variable: str
    value: Decimal
    other: str = ""


class Milieu(NamedTuple):
    """The formula of one milieu: its constant, its coefficients by the part of life that they rest on, and the
    variables that lower the index.
    """

    name: str
    constant: Decimal
    groups: Mapping[str, list[Coefficient]]
    lowering: list[str]


class Doubt(NamedTuple):
    """Something that is less than sure: the key of its text, and what the policy file says of it in English."""

    key: str
    why: str


class Programme(NamedTuple):
    """A programme's thresholds: the one in force, if any, those that come, and those that were."""

    code: str
    in_force: ThresholdPart | None
    coming: list[ThresholdPart]
    past: list[ThresholdPart]


class Example(NamedTuple):
    """A message as a phone shows it, with the place for the reference open; `days` and `day` are those of its term."""

    words: str
    days: int
    day: str


@get("/{language:str}/how", sync_to_thread=False, include_in_schema=False)
def how(language: FromPath[str]) -> Template:
    """How the index works, in plain words."""
    terms = newest_terms()
    return page(
        "how",
        language,
        milieus=milieus_on(today()),
        lodging=terms["lodging"].within.days,
        answer=terms["answer"].within.days,
    )


@get("/{language:str}/formula", sync_to_thread=False, include_in_schema=False)
def formula(language: FromPath[str]) -> Template:
    """The formula in force: every coefficient, the constants and the regions, with their source."""
    day = today()
    file = index_file_in_force(day)
    return page(
        "formula",
        language,
        file=file,
        milieus=milieus_on(day),
        regions=file.regions,
        doubts=[doubt_of(file.version, each) for each in file.doubts],
        coming=[each.in_force_from for each in index_files() if each.in_force_from > day],
    )


@get("/{language:str}/programmes", sync_to_thread=False, include_in_schema=False)
def programmes(language: FromPath[str]) -> Template:
    """Each programme's threshold in force, those before and after it, and where each is from."""
    day = today()
    found = [programme_on(day, code, parts) for code, parts in thresholds_published().items()]
    return page("programmes", language, programmes=found)


@get("/{language:str}/our-messages", sync_to_thread=False, include_in_schema=False)
def our_messages(language: FromPath[str]) -> Template:
    """Every message that we send, as a phone shows it."""
    written = written_in(require_language(language))
    said = LANGUAGES[written]
    return page(
        "our-messages",
        language,
        kinds=examples(written),
        by_code=text_of_code(written, EXAMPLE_CODE),
        written=written,
        written_to=said.direction,
    )


@get("/{language:str}/offices", sync_to_thread=False, include_in_schema=False)
def offices(language: FromPath[str]) -> Template:
    """The service centres, their hours, and what to bring."""
    return page("offices", language, example=offices_file().example, regions=offices_by_region())


def page(name: str, language: str, **context: Any) -> Template:
    """One of these pages, each of which has its own name as its address, and the calculator each milieu's below it."""
    path = "/".join(filter(None, (name, context.get("milieu"))))
    return render_page(f"public/{name}.html", require_language(language), path=path, **context)


def today() -> date:
    """The day that it is in Morocco."""
    return day_of(clock.now())


def milieus_on(day: date) -> list[Milieu]:
    """The formula of each milieu in force on a day."""
    seen = {each.value: each.other for each in index_file_in_force(day).doubts}
    return [milieu_of(name, each, seen) for name, each in index_in_force(day).formulas.items()]


def milieu_of(name: str, formula: Formula, seen: Mapping[str, str]) -> Milieu:
    """One milieu's formula, its coefficients in the groups in which a household looks for them."""
    by_group: dict[str, list[Coefficient]] = {group: [] for group in GROUPS}
    for variable, value in formula.coefficients.items():
        group = group_of(Counted(variable, None, value, RESTS_ON.get(variable, "")))
        by_group[group].append(Coefficient(variable, value, seen.get(f"{name}.{variable}", "")))
    lowering = [each for each, value in formula.coefficients.items() if value < 0 and each not in SAME]
    return Milieu(name, formula.constant, {group: each for group, each in by_group.items() if each}, lowering)


def doubt_of(version: str, doubt: DoubtPart) -> Doubt:
    """A doubt of a version of the index; another version's doubt about the same value has another text."""
    return Doubt(f"{version}.{doubt.value}", doubt.why)


def programme_on(day: date, code: str, parts: tuple[ThresholdPart, ...]) -> Programme:
    """A programme's thresholds as they stand on a day; `parts` has the newest first."""
    begun = [each for each in parts if each.in_force_from <= day]
    coming = [each for each in reversed(parts) if each.in_force_from > day]
    return Programme(code, begun[0] if begun else None, coming, begun[1:])


def examples(language: str) -> Mapping[str, list[Example]]:
    """The messages of each kind of case, and of the reviews that the agency itself opens, each of them once."""
    found: dict[str, list[Example]] = {}
    for flow in FLOWS.values():
        found[flow.kind] = examples_of(flow, flow.messages, language)
    for flow in FLOWS.values():
        if flow.unasked:
            found["review"] = examples_of(flow, flow.unasked, language)
            found["review"] += examples_of(flow, flow.by_register, language)
        found[flow.kind] += examples_of(flow, flow.confirming, language)
    return found


def examples_of(flow: Flow, messages: Mapping[type[Event], Message | None], language: str) -> list[Example]:
    """These messages of a flow in a language, in the order of their events."""
    told: dict[Message, Stage | None] = {}
    for event, message in messages.items():
        if message:
            told[message] = told.get(message) or term_after(flow, event)
    return [example(message, stage, language) for message, stage in told.items()]


def example(message: Message, stage: Stage | None, language: str) -> Example:
    """A message with the days of the stage that it tells of, and the day on which that would end if it began now."""
    within = stage.within if stage else None
    if within is None:
        return Example(words(message, language), 0, "")
    return Example(words(message, language), within.days, written(clock.now() + within))


def term_after(flow: Flow, event: type[Event]) -> Stage | None:
    """The first stage with a term to which this event leads; None where it leads to none."""
    if event is flow.opened_by and flow.stages[flow.first].within:
        return flow.stages[flow.first]
    after = (flow.stages.get(stage.transitions.get(event, "")) for stage in flow.stages.values())
    return next((stage for stage in after if stage and stage.within), None)


HANDLERS = [how, formula, programmes, our_messages, offices]
