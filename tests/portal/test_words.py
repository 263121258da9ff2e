"""No word stands in a template itself, and no text of the catalogues is left over."""

import re
from pathlib import Path

import pytest
from jinja2 import nodes

import web
from notifications.catalogues import LANGUAGES
from web.app import environment
from web.language import PAGES
from web.portal import SAID_OF_APPEALS, STEPS
from web.queries import MISMATCHES
from workflows.appeals import reasons as of_appeals
from workflows.bodies.appeal import OF_HOUSEHOLD, WHOLE_DECISION
from workflows.bodies.declaration import Declaration
from workflows.bodies.merging import WHOLE
from workflows.flows.appeal import FLOW as APPEAL
from workflows.flows.grammar import MACHINE
from workflows.flows.registration import FLOW as REGISTRATION
from workflows.flows.update import FLOW as UPDATE
from workflows.stages.review import REASONS

TEMPLATES = sorted((Path(web.__path__[0]) / "templates").glob("*.html"))
STATES = {"in_work", "correction_asked"} | {
    stage.name for stage in REGISTRATION.stages.values() if stage.owner != MACHINE
}
# What the templates put together from a part: the part before, the part after, and what may stand between.
OF_APPEALS = {
    f"appeal_{SAID_OF_APPEALS.get(stage.name, stage.name)}"
    for stage in APPEAL.stages.values()
    if stage.owner != MACHINE
} | {"appeal_in_work"}
OF_UPDATES = {f"update_{stage.name}" for stage in UPDATE.stages.values() if stage.owner != MACHINE} | {
    "update_in_work",
    "update_correction_asked",
    "update_departure",
}
COMPOSED = {
    (None, ".title"): STATES | OF_APPEALS | OF_UPDATES,
    (None, ".what"): STATES | OF_APPEALS | OF_UPDATES,
    (None, ".do"): STATES | OF_APPEALS | OF_UPDATES,
    ("step.", None): {name for way in STEPS.values() for name, _ in way} | {"done", "now"},
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
    ("advice.", None): set(REASONS["refuse"]),
    ("error.", ".title"): {"400", "404", "500", "503"},
    ("error.", ".do"): {"400", "404", "500", "503"},
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
    assert {key for _, key in PAGES.texts(language)} == ASKED


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
