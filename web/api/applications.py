"""The API of applications: file one, read its status, answer what it waits for."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from litestar import Request, Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, RequestBody
from litestar.params import HeaderParameter, PathParameter, RawBody
from pydantic import BaseModel, Field

from models import clock
from models.database import Connection, transact, transaction
from models.errors import NotFound, Problem, Refused, Stale
from notifications.notices import notices
from tasks.wake import wake_after_answer, wake_after_intake
from web.api.examples import BODIES
from web.api.manual import HELPS
from web.api.responses import (
    Answered,
    ApplicationStatus,
    ConflictingField,
    OperationWithHeaders,
    Reason,
    Receipt,
    error_responses,
    outcome_of,
)
from web.api.schema import schema_of
from web.changes import based_on_of, conflicts_of, household_version_of, registered_change_of
from web.errors import problem
from web.queries import UNKNOWN, Status, reasons_of, status_of
from workflows.bodies import reading
from workflows.bodies.body import Declared
from workflows.bodies.declaration import ApplicationBody, Declaration
from workflows.bodies.fields import NO_CONTROLS, Key, Statement
from workflows.casework.answers import CitizenAnswer, answer_of_citizen
from workflows.engine.lanes import INTERACTIVE
from workflows.intake.receipts import normal, opens
from workflows.intake.submit import Accepted, Application, Rejected, key_of, submit

CHANNEL = "api"
# The bounds are for the OpenAPI document only: the framework would count bytes of UTF-8, not characters.
KEY = HeaderParameter(
    name="Idempotency-Key",
    schema_extra={"minLength": 1, "maxLength": 200, "pattern": NO_CONTROLS},
    required=False,
    description="The sender's own key, in UTF-8. An application that is sent twice with it counts once.",
)
SECRET = HeaderParameter(
    name="Receipt-Secret",
    max_length=80,
    required=False,
    description="The secret of the receipt; with it the answer holds the reasons.",
)
REPEATED = ResponseSpec(Receipt, generate_examples=False, description="It was filed before; the same receipt again.")
Reference = Annotated[str, PathParameter(description="As on the receipt; case, blanks and hyphens do not matter.")]


class Answer(Declared):
    """A citizen's answer.

    `version` is the case's when the sender read it: if the case has moved on since, the answer changes nothing.
    """

    secret: Annotated[str, Field(max_length=40)]
    kind: Literal["correction", "statement", "withdrawal", "reopening"]
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    declaration: Declaration | None = Field(None, description="For a correction: the whole declaration anew.")
    statement: Statement | None = Field(None, description="For a statement: what the citizen says, in their own words.")


@dataclass
class FileOperation(OperationWithHeaders):
    """Adds the schema of an application to the OpenAPI document.

    The framework does not know it: the handler reads the bytes itself, so that every message names its field.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self.request_body = body_of(ApplicationBody)


@dataclass
class AnswerOperation(OperationWithHeaders):
    """Adds the schema of an answer to the OpenAPI document."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.request_body = body_of(Answer)


def body_of(model: type[BaseModel]) -> RequestBody:
    """A request's body in JSON by this model's schema."""
    media = OpenAPIMediaType(schema=schema_of(model), example=BODIES[model.__name__])
    return RequestBody(content={"application/json": media}, required=True)


@post(
    "/api/v1/applications",
    sync_to_thread=True,
    operation_class=FileOperation,
    operation_id="fileApplication",
    tags=["applications"],
    summary="File an application",
    response_description="It is stored for good; the receipt.",
    responses={200: REPEATED, **error_responses(400, 409, 413, 415, 422, 503)},
)
def file_application(
    request: Request[Any, Any, Any],
    body: RawBody,
    idempotency_key: Annotated[str | None, KEY] = None,
) -> Response[Receipt]:
    """Files one application, and answers with its receipt once it is stored for good.

    An application that is sent again with the same key counts once, and gets the same receipt.
    Without an Idempotency-Key the body's `application` is the key, and without that the content of the body.
    """
    sent = reading.application(json_text(request, body))
    if idempotency_key is None:
        key = key_of(sent)
    else:
        key = reading.text(Key, decode_header(idempotency_key), "Idempotency-Key")
    (outcome,) = transact(
        lambda connection: submit(connection, [Application(key, CHANNEL, INTERACTIVE, sent)], clock.now(), notices)
    )
    if isinstance(outcome, Rejected):
        raise refusal(outcome, "application" if idempotency_key is None else "Idempotency-Key")
    wake_after_intake()
    if outcome.repeated:
        return Response(receipt_for(outcome, sent.language), status_code=200)
    location = f"/api/v1/applications/{outcome.reference}"
    return Response(receipt_for(outcome, sent.language), headers={"Location": location})


def refusal(outcome: Rejected, key_field: str) -> Refused:
    """The error for a rejected application. A reused key is a problem of the field or header that held it."""
    reused = [Problem(key_field, outcome.message)] if outcome.code == "key_reused" else []
    return Refused(outcome.code, outcome.message, problems=outcome.problems or reused)


def receipt_for(accepted: Accepted, language: str) -> Receipt:
    """The receipt of an accepted application."""
    return Receipt(
        reference=accepted.reference,
        secret=accepted.secret,
        page=f"/{language}/status/{accepted.reference}",
        repeated=accepted.repeated,
    )


def shown_to_anybody(case: Status) -> ApplicationStatus:
    """What whoever knows the reference may see."""
    return ApplicationStatus(
        reference=case.reference,
        kind=case.kind,
        stage=case.stage,
        version=case.version,
        submitted_at=case.submitted_at,
        stage_since=case.stage_since,
        deadline=case.deadline,
        reasons=None,
        household_version=None,
        based_on=None,
        conflicts=None,
        registered=None,
    )


def shown_with_secret(connection: Connection, case: Status) -> ApplicationStatus:
    """What whoever has the secret may see."""
    change = registered_change_of(connection, case)
    return shown_to_anybody(case).model_copy(
        update={
            "reasons": [
                Reason(field=each.field, reason=each.reason, differs=list(each.differs))
                for each in reasons_of(connection, case)
            ],
            "household_version": household_version_of(connection, case),
            "based_on": based_on_of(connection, case),
            "conflicts": [ConflictingField(**each._asdict()) for each in conflicts_of(connection, case)],
            "registered": None if change is None else outcome_of(change),
        }
    )


@get(
    "/api/v1/applications/{reference:str}",
    sync_to_thread=True,
    operation_class=OperationWithHeaders,
    operation_id="showApplication",
    security=HELPS,
    tags=["applications"],
    summary="Where an application stands",
    response_description="Where it stands.",
    responses=error_responses(400, 404, 422, 503),
)
def show_application(
    reference: Reference,
    receipt_secret: Annotated[str | None, SECRET] = None,
) -> ApplicationStatus:
    """Stage, version and deadline of an application or a change; with the receipt's secret also the reasons.

    With the secret it says besides on which version of the household a change is based, and of a change what it
    conflicts with and what it came to. A wrong secret gets the same answer as an unknown reference.
    """
    secret = None if receipt_secret is None else decode_header(receipt_secret)
    with transaction() as connection:
        if secret is not None and not opens(connection, normal(reference), secret):
            raise NotFound(UNKNOWN)
        found = status_of(connection, reference)
        return shown_to_anybody(found) if receipt_secret is None else shown_with_secret(connection, found)


@post(
    "/api/v1/applications/{reference:str}/answers",
    sync_to_thread=True,
    status_code=200,
    operation_class=AnswerOperation,
    operation_id="answerApplication",
    tags=["applications"],
    summary="Answer",
    response_description="What the answer came to.",
    responses=error_responses(400, 404, 409, 413, 415, 422, 503),
)
def answer_application(request: Request[Any, Any, Any], reference: Reference, body: RawBody) -> Response[Answered]:
    """Corrects, withdraws or reopens an application, or answers what is held against it.

    Answers 409 if the case has moved on since `version`, and 404 for an unknown reference as for a wrong secret.
    """
    sent = reading.from_json(Answer, json_text(request, body))
    answer = CitizenAnswer(reference, sent.secret, sent.kind, sent.version, sent.declaration, sent.statement)
    try:
        now = transact(lambda connection: answer_of_citizen(connection, answer, clock.now(), notices))
    except Stale as late:
        return stale_response(reference, late)
    wake_after_answer(now.queues)
    return Response(Answered(event=now.event, stage=now.stage, version=now.version))


def stale_response(reference: str, late: Stale) -> Response[Any]:
    """409, with the stage and the version of the case now."""
    with transaction() as connection:
        now = status_of(connection, reference)
    return problem(409, str(late), stage=now.stage, version=now.version)


def decode_header(header: str) -> str:
    """A header's value in UTF-8, as senders write it; the server reads each byte as a character of Latin-1."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header


def json_text(request: Request[Any, Any, Any], body: bytes) -> str:
    """The body as text. Raises Refused if its Content-Type is something else than JSON in UTF-8."""
    media_type, *parameters = request.headers.get("content-type", "application/json").lower().split(";")
    charset = next(
        (each.partition("=")[2].strip(' "') for each in parameters if each.strip().startswith("charset")), "utf-8"
    )
    if media_type.strip() != "application/json" and not media_type.strip().endswith("+json"):
        raise Refused(
            "not_json",
            "The body must be JSON: send Content-Type: application/json.",
            problems=[Problem("Content-Type", "Must be JSON.")],
        )
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise Refused(
            "not_json",
            "The body must be JSON in UTF-8, as all JSON is.",
            problems=[Problem("Content-Type", "Must be UTF-8.")],
        )
    return reading.utf8(body)


HANDLERS = [file_application, show_application, answer_application]
