"""No word stands in a template itself, and no text of the catalogues is left over."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from itertools import product
from pathlib import Path

import pytest
from jinja2 import nodes

import web
from notifications.catalogues import LANGUAGES
from tests import toy_kind
from tests.factories import NOW
from web import lookers
from web.acting import ACTS, CANNOT
from web.app import environment
from web.contestable import PARTS_OF_DATE, WRONG, names_of_choices
from web.history import TOLD
from web.index_values import GROUPS, names_counted
from web.language import PAGES
from web.lodging import DECISION, GROUNDS, INDEX
from web.queries import DECISIONS, MISMATCHES, OUTCOMES, SET_ASIDE, Status
from web.states import MAY_ACT, STEPS, TURNS, state_of
from workflows.appeals import reasons as of_appeals
from workflows.bodies.appeal import OF_HOUSEHOLD, OF_MEMBER, WHOLE_DECISION
from workflows.bodies.declaration import Declaration
from workflows.bodies.merging import WHOLE
from workflows.evidence import Withdrawal
from workflows.flows import FLOWS, PARKED
from workflows.flows.grammar import Flow
from workflows.policies import indexes
from workflows.stages.review import REASONS

TEMPLATES = sorted((Path(web.__path__[0]) / "templates").glob("*.html"))


def states_of(flow: Flow) -> set[str]:
    """Everything that the page of a case of this kind may say of where it stands."""
    pasts = [{}, *({event.__name__: NOW} for event in flow.events())]
    came_to = (None, "upheld", "partly_upheld", *OUTCOMES.values()) if flow.kind == "appeal" else (None,)
    cases = [
        replace(
            a_status(flow.kind, stage, past), came_to=each, unasked=unasked, household_gone=gone, contested=contested
        )
        for stage, past, each, gone in product((*flow.stages, PARKED), pasts, came_to, (False, True))
        for contested in {"", SET_ASIDE if (flow.kind, stage) in DECISIONS else ""}
        for unasked in {False, flow.kind == "update"}
    ]
    return {state_of(each) for each in cases}


def a_status(kind: str, stage: str, reached: Mapping[str, datetime]) -> Status:
    return Status(1, "RSU-XXXX-XXXX-XXXX", kind, 1, stage, 1, NOW, NOW, None, dict(reached))


STATES = {state for flow in FLOWS.values() for state in states_of(flow)}
ERRORS = {"400", "403", "404", "500", "503", "typed", "unknown"}
# Every variable of the formula, and the regions.
VARIABLES = {name for index in indexes() for formula in index.formulas.values() for name in formula.coefficients}
REGIONS = {number for index in indexes() for number in index.region_names}
WITHDRAWN_FROM = {
    kind for kind, flow in FLOWS.items() if any(Withdrawal in stage.handlers for stage in flow.stages.values())
}
# What the templates put together from a part: the part before, the part after, and what may stand between.
COMPOSED = {
    (None, ".title"): STATES,
    (None, ".what"): STATES,
    (None, ".do"): STATES,
    ("kind.", None): set(FLOWS),
    ("way.", None): set(STEPS),
    ("step.", None): {name for way in STEPS.values() for name, _ in way} | {"done", "now", "yours"},
    ("turn.", None): set(TURNS),
    ("event.", None): set(TOLD),
    ("region.", None): {str(number) for number in REGIONS},
    ("group.", None): set(GROUPS),
    ("looked.", None): set(lookers.TOLD),
    ("role.", None): set(lookers.ROLES_TOLD),
    ("purpose.", None): set(lookers.PURPOSES),
    ("counted.", None): names_counted(VARIABLES),
    ("choice.", None): set(names_of_choices()),
    ("wrong.", None): WRONG,
    ("cannot.", None): CANNOT,
    ("act.", None): set(ACTS) - {"withdraw"},
    ("take_back.", None): WITHDRAWN_FROM,
    ("do.", None): set(ACTS),
    ("withdraw.", None): WITHDRAWN_FROM,
    ("contests.", None): {each for each in DECISION.values() if each != INDEX},
    ("ground.", None): set(GROUNDS),
    ("since.", None): {"wrong", "changed"},
    ("date.", None): set(PARTS_OF_DATE),
    ("reason.", None): {
        *MISMATCHES,
        *REASONS["correct"],
        *REASONS["refuse"],
        *of_appeals.ASKED,
        *of_appeals.UPHELD,
        *of_appeals.REJECTED,
    },
    ("part.", None): {path.partition(".")[0] for path in OF_HOUSEHOLD}
    | {WHOLE_DECISION, WHOLE}
    | {*Declaration.model_fields},
    ("doubt.", None): set(REASONS["refuse"]),
    ("field.", None): {path for path in OF_HOUSEHOLD if "." in path}
    | {f"members.{field}" for field in OF_MEMBER}
    | {"milieu"},
    ("advice.", None): set(REASONS["refuse"]),
    ("error.", ".title"): ERRORS,
    ("error.", ".do"): ERRORS,
}
PROPER = {"API", "RSU-XXXX-XXXX-XXXX"}  # names and forms that no language translates
READ_ALOUD = re.compile(r'(?:alt|title|placeholder|aria-label|value)="([^"]*)"')


def tree(template: Path) -> nodes.Template:
    return environment().parse(template.read_text(encoding="utf-8"))


def asked_for(template: Path) -> list[nodes.Node]:
    """The argument of every t(...)."""
    calls = tree(template).find_all(nodes.Call)
    return [call.args[0] for call in calls if isinstance(call.node, nodes.Name) and call.node.name == "t"]


def keys_of(argument: nodes.Node) -> set[str]:
    """Every key that an argument of t can come to."""
    if isinstance(argument, nodes.Const):
        return {argument.value}
    assert isinstance(argument, nodes.Concat), argument
    first, *_, last = argument.nodes
    before = first.value if isinstance(first, nodes.Const) else None
    after = last.value if isinstance(last, nodes.Const) else None
    return {f"{before or ''}{part}{after or ''}" for part in COMPOSED[before, after]}


ASKED = {key for template in TEMPLATES for argument in asked_for(template) for key in keys_of(argument)}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_holds_no_words_of_its_own(template: Path) -> None:
    written = "".join(
        each.data
        for data in tree(template).find_all(nodes.Output)
        for each in data.nodes
        if isinstance(each, nodes.TemplateData)
    )
    between_tags = re.sub(r"<[^>]*>", "\n", written)
    words = {
        each
        for each in re.findall(r"[^\W\d_][\w-]*", "\n".join([between_tags, *READ_ALOUD.findall(written)]))
        if each not in PROPER
    }
    assert words == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_that_a_template_can_ask_for_is_in_the_catalogue_and_no_other(language: str) -> None:
    known = {key for _, key in PAGES.texts(language)}
    missing, unused = sorted(ASKED - known), sorted(known - ASKED)
    assert (missing, unused) == ([], []), f"missing: {missing}; nobody asks for: {unused}"


def test_nothing_is_composed_that_no_template_asks_for() -> None:
    used = set()
    for argument in (each for template in TEMPLATES for each in asked_for(template)):
        if isinstance(argument, nodes.Concat):
            first, *_, last = argument.nodes
            used.add(
                (
                    first.value if isinstance(first, nodes.Const) else None,
                    last.value if isinstance(last, nodes.Const) else None,
                )
            )
    assert used == set(COMPOSED)


def test_a_page_says_of_another_kind_of_case_nothing_that_it_says_of_a_registration() -> None:
    with toy_kind.known():
        said = states_of(toy_kind.QUESTION)
    assert said == {"question_in_work", "question_scored", "question_under_review", "question_notified"}
    assert said & STATES == set()


def test_every_state_in_which_somebody_may_act_is_one() -> None:
    assert set(MAY_ACT) <= STATES
