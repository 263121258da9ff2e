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
from models.languages import SOURCE
from notifications.catalogues import CODED, LANGUAGES
from tests import toy_kind
from tests.factories import NOW
from web import lookers
from web.acting import ACTS, CANNOT
from web.app import environment
from web.applying.changing import CHANGES, SINCE, WHAT
from web.applying.correcting import CONFLICT
from web.applying.questions import HOUSEHOLD, MEMBER, SECTIONS, WHOLE_NAME, questions_of
from web.applying.sending import CANNOT as CANNOT_APPLY
from web.asked import PARTS_OF_DATE, WRONG
from web.contestable import names_of_choices
from web.documents import CANNOT as NOT_TAKEN
from web.enrolling.fields import FIELDS, OF_ENROLMENTS
from web.enrolling.questions import PAGES as OF_PERSON
from web.enrolling.questions import SECTIONS as SECTIONS_OF_PERSON
from web.history import AT_DESK, DOCUMENTS, TOLD
from web.index_values import GROUPS, names_counted
from web.language import PAGES
from web.lodging import DECISION, GROUNDS, INDEX
from web.queries import DECISIONS, MISMATCHES, OUTCOMES, PARTS_OF_BIRTHS, PARTS_OF_NAMES, SET_ASIDE, Status
from web.states import MAY_ACT, STEPS, TURNS, state_of
from workflows.appeals import reasons as of_appeals
from workflows.bodies.appeal import OF_HOUSEHOLD, OF_MEMBER, WHOLE_DECISION
from workflows.bodies.change import CONFIRMATION
from workflows.bodies.declaration import Declaration
from workflows.bodies.merging import WHOLE
from workflows.documents.storing import ALL_MOMENTS, DESK, SHOWS
from workflows.evidence import Withdrawal
from workflows.flows import FLOWS, PARKED
from workflows.flows.grammar import Flow
from workflows.policies import indexes, thresholds
from workflows.policies.published import index_files, thresholds_published
from workflows.stages.confirm_enrolment import RETURNED as ENROLMENTS_RETURNED
from workflows.stages.review import REASONS

HERE = Path(web.__path__[0]) / "templates"
TEMPLATES = sorted([*HERE.glob("*.html"), *HERE.glob("apply/*.html"), *HERE.glob("public/*.html")])


def states_of(flow: Flow) -> set[str]:
    """Everything that the page of a case of this kind may say of where it stands."""
    pasts = [{}, *({event.__name__: NOW} for event in flow.events())]
    came_to = (None, "upheld", "partly_upheld", *OUTCOMES.values()) if flow.kind == "appeal" else (None,)
    cases = [
        replace(
            a_status(flow.kind, stage, past),
            came_to=each,
            unasked=unasked,
            by_register=by_register,
            household_gone=gone,
            contested=contested,
        )
        for stage, past, each, gone in product((*flow.stages, PARKED), pasts, came_to, (False, True))
        for contested in {"", SET_ASIDE if (flow.kind, stage) in DECISIONS else ""}
        for unasked, by_register in {(False, False), (flow.kind == "update",) * 2, (flow.kind == "update", False)}
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
QUESTIONS = [each for page in (*HOUSEHOLD, *MEMBER) for each in questions_of(page, {})]
CHOICES_OF_APPLICATIONS = {
    f"{each.choice}.{choice}"
    for each in QUESTIONS
    if each.kind == "choice" and each.path not in ("region", "province")
    for choice in each.choices
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
    ("event.", None): {*TOLD, *(f"{each}{AT_DESK}" for each in DOCUMENTS)},
    ("region.", None): {str(number) for number in REGIONS},
    ("group.", None): set(GROUPS),
    ("looked.", None): set(lookers.TOLD),
    ("role.", None): set(lookers.ROLES_TOLD),
    ("purpose.", None): set(lookers.PURPOSES),
    ("counted.", None): names_counted(VARIABLES),
    ("choice.", None): {
        *names_of_choices(),
        *CHOICES_OF_APPLICATIONS,
        *(f"{name}.{each}" for name in ("guardian_is", "proof") for each in FIELDS[name].choices),
    },
    ("wrong.", None): WRONG | NOT_TAKEN | OF_ENROLMENTS,
    ("returned.", None): set(ENROLMENTS_RETURNED),
    ("object.", None): {f"enrolment_{each}" for each in ("enrolled_already", "notified", "returned", "lapsed")},
    ("documents.", None): set(ALL_MOMENTS) - {DESK},
    ("shows.", None): set(SHOWS),
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
        *PARTS_OF_BIRTHS.values(),
        *PARTS_OF_NAMES.values(),
        CONFLICT,
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
    | {"milieu"}
    | {each.name for each in QUESTIONS}
    | {WHAT.name, SINCE.name, WHOLE_NAME}
    | {each.name for each in FIELDS.values()},
    ("section.", None): {*SECTIONS, *SECTIONS_OF_PERSON},
    ("change.", None): {*CHANGES, CONFIRMATION},
    ("ask.", None): {each.name for each in HOUSEHOLD}
    | {f"{each.name}.{whose}" for each in MEMBER for whose in ("own", "other")}
    | {f"enrol.{each.name}" for each in OF_PERSON},
    ("why.", None): {
        *("rooms", "things", "counts", "water", "gas", "telecom", "contact", "name"),
        *(
            f"enrol.{each}"
            for each in ("papers", "name", "guardian", "first", "second", "region", "province", "contact")
        ),
    },
    ("hint.", None): {
        *("idcs", "cin", "phone", "email", "birth_date", "true_from", "province", "commune", "street"),
        *(f"enrol.{each}" for each in ("birth_date", "birth_place", "cin", "guardian", "commune", "address")),
        *(f"enrol.{each}" for each in ("witnesses[0].idcs", "witnesses[1].idcs", "phone", "email")),
    },
    ("cannot_apply.", None): CANNOT_APPLY,
    ("advice.", None): set(REASONS["refuse"]),
    ("milieu.", None): {milieu for index in indexes() for milieu in index.formulas},
    ("formula.", None): VARIABLES,
    ("messages.", None): {"review", *FLOWS},
    ("source.", None): {each.version for each in indexes()} | {each.version for each in thresholds()},
    ("seen.", None): {each.version for each in index_files() if each.seen},
    ("unsure.", None): {f"{file.version}.{each.value}" for file in index_files() for each in file.doubts}
    | {each.version for parts in thresholds_published().values() for each in parts if each.doubt},
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
    asked = {key for key in ASKED if CODED.fullmatch(key)} if language == SOURCE else ASKED
    missing, unused = sorted(asked - known), sorted(known - asked)
    assert (missing, unused) == ([], []), (
        f"missing: {missing}: `make catalogues` adds them; nobody asks for: {unused}: a key that a template puts"
        " together from parts (`hint.FIELD`, `why.PAGE`) belongs in COMPOSED here, too"
    )


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
