"""docs/formats.md, its examples and its JSON Schema are those of the code.

Run as a program, it writes the schema anew.
"""

import ast
import json
import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from pydantic import BaseModel

from models.settings import Settings
from tasks.bootstrap import intake
from tests.factories import bodies_of_table
from web.api.appeals import AddedText
from web.api.applications import Answer
from web.api.changes import SentChange
from web.api.responses import CODES
from web.errors import STATUS_OF_CODE
from workflows.bodies.appeal import AppealBody, Contested
from workflows.bodies.declaration import ApplicationBody, Belongings, Bills, Declaration, Housing, Member
from workflows.bodies.reading import application as read
from workflows.bodies.reading import valid
from workflows.casework.answers import MOST_TEXTS
from workflows.casework.changes import MOST_OPEN
from workflows.casework.enrolling import MOST_OPEN as MOST_ENROLMENTS
from workflows.flows.chart import listed_days
from workflows.flows.registration import FLOW as REGISTRATION
from workflows.fraud.phone_shared import FROM_HOUSEHOLDS
from workflows.identifiers.typed import identifier
from workflows.intake.importing import ImportOutputs, import_file
from workflows.policies import index_in_force, newest_terms, periods
from workflows.population.refusals import REASONS
from workflows.registers.enrol import enrol_file
from workflows.scoring.calculator import score_document

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES, SCHEMA, PAGE = DOCS / "examples", DOCS / "application.schema.json", DOCS / "formats.md"
MODELS: list[type[BaseModel]] = [
    ApplicationBody,
    Housing,
    Belongings,
    Bills,
    Member,
    Answer,
    SentChange,
    AppealBody,
    Contested,
    AddedText,
]
TODAY = date(2026, 11, 24)
TEXTS = {".md", ".json", ".ndjson", ".csv"}
TEN_DIGITS = re.compile(r"(?<![\d+.])[2-9]\d{9}(?![\d.])")


def written() -> str:
    """The JSON Schema of an application, as the file holds it."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **ApplicationBody.model_json_schema()}
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def test_every_identifier_of_the_pages_and_examples_is_valid() -> None:
    pages = {path for path in [*DOCS.rglob("*"), DOCS.parent / "README.md"] if path.suffix in TEXTS}
    pages.remove(DOCS / "settings.md")  # which quotes examples of MOSIP's, of what is left out
    found = [each for path in pages for each in TEN_DIGITS.findall(path.read_text(encoding="utf-8"))]
    assert [identifier(each) for each in found] == found
    assert len(found) > 20


def validator() -> Any:
    return Draft202012Validator(json.loads(SCHEMA.read_text()), format_checker=FormatChecker())


def lines_of(name: str) -> list[str]:
    return (EXAMPLES / name).read_text().splitlines()


def choices_of(model: type[BaseModel]) -> set[str]:
    """Every value of a field that is a choice."""
    return {
        value for field in model.model_fields.values() for value in get_args(field.annotation) if isinstance(value, str)
    }


def test_the_schema_is_that_of_the_model() -> None:
    assert SCHEMA.read_text() == written()


@pytest.mark.parametrize("line", [*lines_of("application.ndjson"), (EXAMPLES / "application.json").read_text()])
def test_the_examples_are_valid_by_model_and_by_schema(line: str) -> None:
    assert read(line).application
    validator().validate(json.loads(line))


def test_the_schema_refuses_what_the_model_refuses() -> None:
    body = json.loads(lines_of("application.ndjson")[0])
    for wrong in ({"region": 13}, {"milieu": "town"}, {"unheard_of": 1}, {"housing": {"dwelling": "flat", "rooms": 0}}):
        assert not validator().is_valid(body | wrong), wrong


def test_the_example_table_holds_valid_applications() -> None:
    tables = [valid(ApplicationBody, body) for body in bodies_of_table((EXAMPLES / "applications.csv").read_text())]
    assert [len(each.members) for each in tables] == [2, 1]


@pytest.mark.parametrize(("name", "count"), [("application.ndjson", 2), ("applications.csv", 2)])
def test_the_examples_are_taken_once(database: str, broker: str, tmp_path: Path, name: str, count: int) -> None:
    outputs = ImportOutputs(tmp_path / "rejects", tmp_path / "receipts")
    assert import_file(EXAMPLES / name, outputs, intake()).counts == Counter(taken=count, repeated=0, refused=0)
    assert import_file(EXAMPLES / name, outputs, intake()).counts == Counter(taken=0, repeated=count, refused=0)
    receipts = [json.loads(line) for line in (tmp_path / "receipts").read_text().splitlines()]
    assert [sorted(each) for each in receipts] == [["application", "line", "reference", "secret"]] * count


def test_the_persons_of_the_examples_can_be_enrolled(database: str, tmp_path: Path) -> None:
    found = enrol_file(EXAMPLES / "population.ndjson", tmp_path / "rejects")
    assert found.counts == Counter(taken=len(lines_of("population.ndjson")), repeated=0, refused=0)


def test_the_persons_of_the_example_to_file_oneself_are_among_those_to_enrol() -> None:
    enrolled = {json.loads(line)["idcs"] for line in lines_of("population.ndjson")}
    assert {member["idcs"] for member in json.loads((EXAMPLES / "application.json").read_text())["members"]} <= enrolled


def test_the_example_of_variables_scores_what_the_page_says() -> None:
    found = score_document(json.loads((EXAMPLES / "variables.json").read_text()), TODAY)
    assert f"The example scores {found['score']}." in PAGE.read_text()


@pytest.mark.parametrize("model", MODELS)
def test_the_page_names_every_field_and_choice(model: type[BaseModel]) -> None:
    text = PAGE.read_text()
    assert [name for name in {*model.model_fields, *choices_of(model)} if f"`{name}`" not in text] == []


def test_the_page_names_every_region() -> None:
    text = PAGE.read_text()
    assert [
        name for number, name in index_in_force(TODAY).region_names.items() if f"| {number} | {name} |" not in text
    ] == []


def test_the_page_says_what_is_assumed() -> None:
    correction, review = REGISTRATION.stages["needs_correction"], REGISTRATION.stages["under_review"]
    terms = newest_terms()
    assert correction.within
    assert review.every
    said = [
        f"| {Settings.model_fields['max_members'].default} | `SIJIL_MAX_MEMBERS` |",
        f"| {Settings.model_fields['max_body'].default:,} bytes | `SIJIL_MAX_BODY` |",
        f"| {Settings.model_fields['max_documents'].default} | `SIJIL_MAX_DOCUMENTS` |",
        f"| {Settings.model_fields['tries'].default} | `SIJIL_TRIES` |",
        f"| {correction.within.days} days, reminders after {listed_days(correction.reminders)} |",
        f"| every {review.every.days} days,",
        f"conflict | {terms['conflict'].within.days} days, reminders after "
        f"{listed_days(terms['conflict'].reminders)} |",
        f"let a person go | {terms['letting_go'].within.days} days,",
        f"take a removal back | {terms['removal'].within.days} days |",
        f"| most open changes of a household | {MOST_OPEN} |",
        f"| {terms['lodging'].within.days} days; a late appeal",
        f"| {terms['answer'].within.days} days (law 55-19), the agency is reminded after "
        f"{listed_days(terms['answer'].reminders)} |",
        f"| {terms['information'].within.days} days, reminders after {listed_days(terms['information'].reminders)} |",
        f"| {terms['agreement'].within.days} days, within the time to answer |",
        f"overdue appeal | {terms['supervisor'].within.days} days |",
        f"commission is overdue | every {terms['commission'].within.days} days |",
        f"take effect | {terms['taking_effect'].within.days} days |",
        f"| most open enrolments with one phone | {MOST_ENROLMENTS} |",
        f"| most texts of a case | {MOST_TEXTS} |",
        f"| {FROM_HOUSEHOLDS} | `workflows/fraud/phone_shared.py` |",
        *[f"| {periods()[table].days:,} days |" for table in ("case_body", "document", "message", "event")],
    ]
    text = PAGE.read_text()
    assert [each for each in said if each not in text] == []


# Codes that no answer of the API can hold: caseworkers' and operators' own, and one of a word that the body's schema
# refuses.
OF_COMMANDS_ALONE = {
    "cannot_vouch",  # of an enrolment, to officers
    "look_at_vouchers",  # the same
    "vouches",  # the same
    "not_found_alike",  # the same
    "broken_line",  # of a file of pairs of names
    "column_missing",  # the same
    "long_line",  # the same
    "scored",  # the same
    "bad_search",
    "day_in_future",  # of a correction that an appeal makes; a change's day is refused as a field, not_valid
    "day_before_first",  # the same
    "folder_not_empty",
    "no_departure",  # of an adult at a desk
    "not_taken",
    "still_open",
    "anchors_damaged",
    "no_common_cause",
    "unknown_reason",
    "needs_second_person",
    "nothing_proposed",
    "no_index",
    "already_paused",
    "long_reason",
    "not_paused",
    "unknown_queue",
    "not_in_doubt",
    "not_under_review",
    "keys_in_settings",
    "too_many_documents",  # which households add on pages alone
    "not_a_document",
    "invalid_declaration",
    "invalid_variables",
    "unknown_answer",
    "another_reason",
    "about_missing",
    "unknown_value",
    "no_name",
    "clocks_differ",
    "clock_jumped",
    "clock_doubtful",
    "history_contradicts_anchors",
    "nothing_lost",
    "unknown_anchor",
    # What people of the staff may not do with an appeal.
    "findings_incomplete",
    "took_the_decision",
    "another_role",
    "not_the_holder",
    "holds_it_already",
    "asked_already",
    # Of the accounts of the staff, and of what they may do.
    "another_territory",
    "bad_password",
    "bad_proof",
    "locked",
    "must_wait",
    "name_taken",
    "needs_account",
    "no_account",
    "no_local_accounts",
    "no_provider",
    "no_such_role",
    "no_such_sign_in",
    "not_a_colleague",
    "not_owed",
    "not_yours",
    "of_provider",
    "provider_refused",
    "roles_exclude",
    "session_ended",
    "sign_in_denied",
    "unknown_role",
    "unknown_territory",
    "weak_sign_in",
    "wrong_code",
    "wrong_sign_in",
}


def codes_in_the_code() -> set[str]:
    """The first argument of every refusal beneath the command line."""
    beneath = [
        path
        for package in ("models", "workflows", "notifications", "tasks", "web")
        for path in (DOCS.parent / package).rglob("*.py")
    ]
    files = [
        path
        for path in beneath
        if not {"files", "console", "population"} & set(path.parts) and "workflows/desk/" not in path.as_posix()
    ]  # what is wrong with a file as a whole, what only the console asks for, and the population register: no door of
    # the API says it
    calls = [
        node
        for path in files
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and node.args
    ]
    refusals = [
        call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id in ("Refused", "Rejected")
    ]
    return {str(code.value) for code in refusals if isinstance(code, ast.Constant)}


def test_the_page_lists_every_code_that_the_api_can_answer_and_no_other() -> None:
    section = PAGE.read_text().split("| code | status | meaning |")[1].split("\n\n")[0]
    found = re.findall(r"^\| `(\w+)` \| (\d+) \|", section, re.MULTILINE)
    assert {code for code, _ in found} == codes_in_the_code() - OF_COMMANDS_ALONE == set(CODES["enum"])
    assert {code: int(status) for code, status in found if status != "422"} == STATUS_OF_CODE
    assert codes_in_the_code() > OF_COMMANDS_ALONE


def test_the_page_lists_every_code_of_the_population_register_and_no_other() -> None:
    section = PAGE.read_text().split("| code of the population register | status | meaning |")[1].split("\n\n")[0]
    found = re.findall(r"^\| `(\w+)` \| (\d+) \|", section, re.MULTILINE)
    assert {code: int(status) for code, status in found} == {code: status for code, (status, _) in REASONS.items()}


def test_declarations_have_no_field_beside_the_application_s() -> None:
    assert {*ApplicationBody.model_fields} - {*Declaration.model_fields} == {"application"}


if __name__ == "__main__":
    SCHEMA.write_text(written())
