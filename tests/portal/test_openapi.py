"""The OpenAPI document is valid and true: whatever is sent, the answers are those that it promises."""

import inspect
import re
from html import unescape
from importlib import metadata
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from pydantic import BaseModel
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from models import clock
from models.days import day_of
from tests.factories import a_body
from tests.filing import a_household
from tests.portal.conftest import Client
from tests.portal.standing import change_conflicting, change_registered, to_correct
from web.api.appeals import AddedText, Escalation, Withdrawal
from web.api.applications import Answer
from web.api.changes import SentChange
from web.api.examples import ANSWERS, BODIES
from web.api.reports import DeliveryReports
from web.app import create_app
from web.language import PAGES
from web.queries import MISMATCHES
from workflows.appeals.reasons import ASKED, REJECTED, UPHELD
from workflows.bodies.appeal import AppealBody
from workflows.bodies.declaration import ApplicationBody
from workflows.bodies.enrolment import EnrolmentBody
from workflows.bodies.reading import valid
from workflows.flows import PARKED, places
from workflows.stages import verify
from workflows.stages.review import REASONS

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
OPERATIONS = {
    "POST /api/v1/applications": 30,
    "GET /api/v1/applications/{reference}": 15,
    "POST /api/v1/applications/{reference}/answers": 30,
    "POST /api/v1/applications/{reference}/changes": 20,
    "POST /api/v1/appeals": 20,
    "GET /api/v1/appeals/{reference}": 10,
    "POST /api/v1/appeals/{reference}/texts": 15,
    "POST /api/v1/appeals/{reference}/withdrawal": 10,
    "POST /api/v1/appeals/{reference}/escalation": 10,
    "POST /api/v1/enrolments": 20,
    "GET /api/v1/enrolments/{reference}": 10,
    "POST /api/v1/enrolments/{reference}/withdrawal": 10,
    "POST /gateway/reports": 15,
    "GET /health/live": 2,
    "GET /health/ready": 2,
}
SENT = (
    ApplicationBody,
    Answer,
    SentChange,
    AppealBody,
    EnrolmentBody,
    AddedText,
    Withdrawal,
    Escalation,
    DeliveryReports,
)
MODES = {
    label: ("positive",) if "/health/" in label else ("positive", "negative") for label in OPERATIONS
}  # where nothing is sent, nothing is wrong


def document() -> dict[str, Any]:
    return create_app().openapi_schema.to_schema()


def operations() -> list[Any]:
    """The document's operations, as schemathesis reads them."""
    read: list[Any] = list(schemathesis.openapi.from_dict(document()).get_all_operations())
    return [each.ok() for each in read]


def test_every_operation_of_the_document_is_tried() -> None:
    assert {operation.label for operation in operations()} == set(OPERATIONS)


def test_the_document_is_valid(client: Client) -> None:
    schemathesis.openapi.from_dict(client.get("/schema/openapi.json").json()).validate()


@pytest.mark.parametrize(
    ("label", "mode"),
    [(label, mode) for label in OPERATIONS for mode in ("positive", "negative") if mode in MODES[label]],
)
def test_whatever_is_sent_is_answered_as_the_document_says(served: str, label: str, mode: str) -> None:
    operation = next(each for each in operations() if each.label == label)
    cases = operation.as_strategy(generation_mode=schemathesis.GenerationMode(mode))

    with requests.Session() as session:

        @settings(
            max_examples=OPERATIONS[label],
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=cases)
        def tried(case: schemathesis.Case[Any]) -> None:
            case.validate_response(case.call(base_url=served, session=session), checks=CHECKS)

        tried()


def test_errors_are_declared_where_they_happen() -> None:
    paths = document()["paths"]
    declared = {
        f"{method.upper()} {path}": set(operation["responses"])
        for path, item in paths.items()
        for method, operation in item.items()
    }

    assert declared["POST /api/v1/applications"] >= {"200", "201", "413", "415", "422", "503"}
    assert declared["GET /api/v1/applications/{reference}"] >= {"200", "404", "503"}
    assert declared["POST /api/v1/applications/{reference}/answers"] >= {
        "200",
        "404",
        "409",
        "413",
        "415",
        "422",
        "503",
    }
    assert declared["GET /health/ready"] >= {"200", "503"}
    for item in paths.values():
        for operation in item.values():
            for status, response in operation["responses"].items():
                assert list(response["content"]) == [
                    "application/json" if status < "300" else "application/problem+json"
                ], (operation["summary"], status)


def test_a_true_story_is_answered_as_the_document_says(served: str) -> None:
    """What random bodies seldom reach: taken, taken again, looked at with the secret, corrected, too late."""
    schema = schemathesis.openapi.from_dict(document())
    file = schema["/api/v1/applications"]["POST"]
    look = schema["/api/v1/applications/{reference}"]["GET"]
    answer = schema["/api/v1/applications/{reference}/answers"]["POST"]
    taken = to_correct()
    place = {"reference": taken.reference}
    withdrawal: Any = {"secret": taken.secret, "kind": "withdrawal", "version": 2}
    told = [
        *[file.Case(body=body, media_type="application/json") for body in (a_body(), a_body(), a_body(region=99))],
        look.Case(path_parameters=place, headers={"Receipt-Secret": taken.secret}),
        *[answer.Case(path_parameters=place, body=withdrawal, media_type="application/json") for _ in range(2)],
    ]

    with requests.Session() as session:
        responses = [case.call(base_url=served, session=session) for case in told]

    assert [each.status_code for each in responses] == [201, 200, 422, 200, 200, 409]
    for case, response in zip(told, responses, strict=True):
        case.validate_response(response, checks=CHECKS)


def test_a_true_story_of_changes_is_answered_as_the_document_says(served: str) -> None:
    """Declared and repeated, refused, in conflict, and looked at with the secret once it is registered."""
    schema = schemathesis.openapi.from_dict(document())
    declare = schema["/api/v1/applications/{reference}/changes"]["POST"]
    look = schema["/api/v1/applications/{reference}"]["GET"]
    taken, conflict = change_registered(), change_conflicting(1)
    body: Any = {
        "secret": taken.secret,
        "change": "moved",
        "true_from": day_of(clock.now()).isoformat(),
        "based_on": 2,
        "declaration": {name: given for name, given in a_household(0, members=3).body.items() if name != "application"},
    }
    place = {"reference": taken.reference}
    told = [
        *[
            declare.Case(path_parameters=place, body=sent, media_type="application/json")
            for sent in (body, body, body | {"based_on": 9}, body | {"secret": "0000000000"})
        ],
        *[
            look.Case(path_parameters={"reference": each.reference}, headers={"Receipt-Secret": each.secret})
            for each in (taken, conflict)
        ],
    ]

    with requests.Session() as session:
        responses = [case.call(base_url=served, session=session) for case in told]

    assert [each.status_code for each in responses] == [201, 200, 422, 404, 200, 200]
    assert responses[-2].json()["registered"]["moved"]
    assert [each["field"] for each in responses[-1].json()["conflicts"]] == ["bills.gas"]
    for case, response in zip(told, responses, strict=True):
        case.validate_response(response, checks=CHECKS)


def test_every_operation_has_a_name_and_a_description_and_so_has_each_of_its_answers_and_parameters() -> None:
    items = [operation for item in document()["paths"].values() for operation in item.values()]
    parts = [*items, *[part for each in items for part in (*each["responses"].values(), *each.get("parameters", []))]]

    assert {each["operationId"] for each in items} == {
        "fileApplication",
        "showApplication",
        "answerApplication",
        "changeHousehold",
        "lodgeAppeal",
        "showAppeal",
        "addToAppeal",
        "withdrawAppeal",
        "escalateAppeal",
        "fileEnrolment",
        "showEnrolment",
        "withdrawEnrolment",
        "reportDelivery",
        "isAlive",
        "isReady",
    }
    assert [part for part in parts if not part.get("description")] == []
    assert "URL follows" not in str(items)


def test_the_document_says_which_version_it_is_of_and_under_which_licence() -> None:
    about = document()["info"]
    assert (about["version"], about["license"]["identifier"]) == (metadata.version("sijil"), "EUPL-1.2")


def test_headers_that_are_sent_are_declared() -> None:
    for path, item in document()["paths"].items():
        for operation in item.values():
            for status, response in operation["responses"].items():
                declared = set(response.get("headers", {}))
                assert declared == (
                    {"Retry-After"} if status == "503" else {"Location"} if status == "201" else set()
                ), (path, status)


def test_the_location_of_a_new_application_is_its_address(client: Client) -> None:
    answer = client.post("/api/v1/applications", json=a_body())

    assert client.get(answer.headers["location"]).json()["reference"] == answer.json()["reference"]
    assert "location" not in client.post("/api/v1/applications", json=a_body()).headers


def test_closed_sets_of_words_are_enumerations() -> None:
    """An enumeration that lacks a word is found by its answer, one that holds too many here."""
    shapes = document()["components"]["schemas"]
    stages = {*[stage.name for _, stage in places()], PARKED}

    for name in ("ApplicationStatus", "Answered", "ProblemDocument"):
        assert set(shapes[name]["properties"]["stage"]["enum"]) == stages
    assert set(shapes["Answered"]["properties"]["event"]["enum"]) == {
        "CorrectionReceived",
        "StatementReceived",
        "CaseWithdrawn",
        "CaseReopened",
        "AppealTextAdded",
        "AppealEscalated",
        "InformationGiven",
    }
    assert set(shapes["Reason"]["properties"]["reason"]["enum"]) == {
        *MISMATCHES,
        *REASONS["correct"],
        *REASONS["refuse"],
        *ASKED,
        *UPHELD,
        *REJECTED,
    }
    found = re.findall(r'Mismatch\(member, "(\w+)"', inspect.getsource(verify))
    assert {*found, *verify.REASONS.values()} == set(MISMATCHES)


def test_what_a_problem_leaves_out_has_no_default() -> None:
    shape = document()["components"]["schemas"]["ProblemDocument"]

    assert set(shape["required"]) == {"type", "title", "status", "detail"}
    assert "default" not in str(shape)


def test_the_documents_body_is_the_model() -> None:
    body = document()["paths"]["/api/v1/applications"]["post"]["requestBody"]["content"]["application/json"]["schema"]

    assert set(body["properties"]) == set(ApplicationBody.model_fields)
    assert body["additionalProperties"] is False
    assert "$ref" not in str(body)


@pytest.mark.parametrize("model", SENT)
def test_the_example_of_each_body_is_one(model: type[BaseModel]) -> None:
    assert valid(model, BODIES[model.__name__])
    assert {each.__name__ for each in SENT} == set(BODIES)


@pytest.mark.parametrize("name", ANSWERS)
def test_the_example_of_each_answer_is_one(name: str) -> None:
    schema = document() | {"$ref": f"#/components/schemas/{name}"}
    Draft202012Validator(schema).validate(ANSWERS[name])


def test_the_secret_is_a_security_scheme_of_the_operations_that_show_by_it() -> None:
    whole = document()
    assert whole["components"]["securitySchemes"]["receiptSecret"]["name"] == "Receipt-Secret"
    secured = {
        operation["operationId"]: operation["security"]
        for item in whole["paths"].values()
        for operation in item.values()
        if "security" in operation
    }
    assert secured == {
        "showApplication": [{}, {"receiptSecret": []}],
        "showAppeal": [{"receiptSecret": []}],
        "showEnrolment": [{"receiptSecret": []}],
    }


def test_people_read_the_api_on_a_page_with_every_operation_and_field_and_no_script(client: Client) -> None:
    answer = client.get("/schema")
    page = unescape(answer.text)
    assert answer.headers["content-type"].startswith("text/html")
    assert "<script" not in page
    assert "cdn" not in page
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            assert f"{method.upper()} {path}" in page
            assert operation["summary"] in page
    for field in (
        "members[].birth_date",
        "housing.rooms",
        "bills.water_electricity",
        "Receipt-Secret",
        "contested[].path",
    ):
        assert f"<code>{field}</code>" in page
    assert '"bills.telecom"' in page, "an example"


@pytest.mark.parametrize("address", ["/schema/none", "/schema/none.json", "/schema/openapi.txt"])
def test_what_is_not_there_below_the_schema_is_our_own_answer(client: Client, address: str) -> None:
    for_people = client.get(address, headers={"Accept": "text/html", "Accept-Language": "fr"})
    assert for_people.status_code == 404
    assert PAGES.text("fr", "error.404.title") in unescape(for_people.text)
    for_programs = client.get(address, headers={"Accept": "application/json"})
    assert for_programs.headers["content-type"] == "application/problem+json"
