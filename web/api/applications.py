"""Applications by API: file one, ask where it stands, answer what was asked."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from litestar import Request, Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, RequestBody
from litestar.params import HeaderParameter, PathParameter, RawBody
from pydantic import Field

from models import clock
from models.database import transact, transaction
from models.errors import NotFound, Problem, Refused, Stale
from notifications.notices import notices
from tasks.wake import wake_after_answer, wake_after_intake
from web.api.responses import Answered, Described, Reason, Receipt, Standing, problems
from web.api.schema import schema_of
from web.errors import problem
from web.queries import UNKNOWN, reasons_of, status_of
from workflows.bodies import reading
from workflows.bodies.body import Declared
from workflows.bodies.declaration import ApplicationBody, Declaration
from workflows.bodies.fields import NO_CONTROLS, Key
from workflows.casework.answers import CitizenAnswer, answer_of_citizen
from workflows.engine.lanes import INTERACTIVE
from workflows.intake.receipts import is_secret_of, normal
from workflows.intake.submit import Accepted, Application, Rejected, key_of, submit

CHANNEL = "api"
# Bounds are for the document: the framework would measure bytes of UTF-8, not characters.
KEY = HeaderParameter(
    name="Idempotency-Key",
    schema_extra={"minLength": 1, "maxLength": 200, "pattern": NO_CONTROLS},
    required=False,
    description="The sender's own key, in UTF-8: sent twice, the application counts once.",
)
SECRET = HeaderParameter(
    name="Receipt-Secret", max_length=80, required=False, description="The receipt's; with it the reasons are told."
)
REPEATED = ResponseSpec(Receipt, generate_examples=False, description="It had been taken before; the same receipt.")
Reference = Annotated[str, PathParameter(description="As on the receipt; case, blanks and hyphens do not matter.")]


class Answer(Declared):
    """A citizen's answer.

    `version` is that of the case when it was looked at: if it moved on since, nothing is done.
    """

    secret: Annotated[str, Field(max_length=40)]
    kind: Literal["correction", "withdrawal", "reopening"]
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    declaration: Declaration | None = Field(None, description="For a correction: the whole declaration anew.")


@dataclass
class FileOperation(Described):
    """The body's schema; it is read from its bytes, so that every message names its field."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.request_body = RequestBody(
            content={"application/json": OpenAPIMediaType(schema=schema_of(ApplicationBody))}, required=True
        )


@dataclass
class AnswerOperation(Described):
    """The same, for answers."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.request_body = RequestBody(
            content={"application/json": OpenAPIMediaType(schema=schema_of(Answer))}, required=True
        )


@post(
    "/api/v1/applications",
    sync_to_thread=True,
    operation_class=FileOperation,
    operation_id="fileApplication",
    tags=["applications"],
    summary="File an application",
    response_description="It is stored for good; the receipt.",
    responses={200: REPEATED, **problems(400, 409, 413, 415, 422, 503)},
)
def file_application(
    request: Request[Any, Any, Any],
    body: RawBody,
    idempotency_key: Annotated[str | None, KEY] = None,
) -> Response[Receipt]:
    """Takes one application and gives its receipt, once it is stored for good.

    Sent again with the same key it counts once, and gets the same receipt.

    Without an Idempotency-Key, the body's `application` is the key, else what it says.

    """
    sent = reading.application(json_text(request, body))
    key = key_of(sent) if idempotency_key is None else reading.text(Key, in_utf8(idempotency_key), "Idempotency-Key")
    (outcome,) = transact(
        lambda connection: submit(connection, [Application(key, CHANNEL, INTERACTIVE, sent)], clock.now(), notices)
    )
    if isinstance(outcome, Rejected):
        raise refusal(outcome, "application" if idempotency_key is None else "Idempotency-Key")
    wake_after_intake()
    if outcome.repeated:
        return Response(receipt(outcome, sent.language), status_code=200)
    return Response(receipt(outcome, sent.language), headers={"Location": f"/api/v1/applications/{outcome.reference}"})


def refusal(outcome: Rejected, key_field: str) -> Refused:
    """Why it was not taken; where the key is to blame, wherever that key was given."""
    reused = [Problem(key_field, outcome.message)] if outcome.code == "key_reused" else []
    return Refused(outcome.code, outcome.message, problems=outcome.problems or reused)


def receipt(taken: Accepted, language: str) -> Receipt:
    """What the applicant is given."""
    return Receipt(
        reference=taken.reference,
        secret=taken.secret,
        page=f"/{language}/status/{taken.reference}",
        repeated=taken.repeated,
    )


@get(
    "/api/v1/applications/{reference:str}",
    sync_to_thread=True,
    operation_class=Described,
    operation_id="showApplication",
    tags=["applications"],
    summary="Where an application stands",
    response_description="Where it stands.",
    responses=problems(400, 404, 422, 503),
)
def show_application(
    reference: Reference,
    receipt_secret: Annotated[str | None, SECRET] = None,
) -> Standing:
    """Stage, version and deadline; with the receipt's secret also why it must be corrected or was refused.

    A wrong secret is answered like an unknown reference.
    """
    if receipt_secret is not None and not is_secret_of(normal(reference), in_utf8(receipt_secret)):
        raise NotFound(UNKNOWN)
    with transaction() as connection:
        found = status_of(connection, reference)
        reasons = None if receipt_secret is None else reasons_of(connection, found)
    return Standing(
        reference=found.reference,
        stage=found.stage,
        version=found.version,
        submitted_at=found.submitted_at,
        stage_since=found.stage_since,
        deadline=found.deadline,
        reasons=None if reasons is None else [Reason(field=each.field, reason=each.reason) for each in reasons],
    )


@post(
    "/api/v1/applications/{reference:str}/answers",
    sync_to_thread=True,
    status_code=200,
    operation_class=AnswerOperation,
    operation_id="answerApplication",
    tags=["applications"],
    summary="Answer",
    response_description="What the answer came to.",
    responses=problems(400, 404, 409, 413, 415, 422, 503),
)
def answer_application(request: Request[Any, Any, Any], reference: Reference, body: RawBody) -> Response[Answered]:
    """Corrects, withdraws or reopens. 409 where the case moved on since `version`; 404 for an unknown reference and for
    a wrong secret alike.
    """
    sent = reading.from_json(Answer, json_text(request, body))
    answer = CitizenAnswer(reference, sent.secret, sent.kind, sent.version, sent.declaration)
    try:
        now = transact(lambda connection: answer_of_citizen(connection, answer, clock.now(), notices))
    except Stale as late:
        return moved_on(reference, late)
    wake_after_answer(now.queues)
    return Response(Answered(event=now.event, stage=now.stage, version=now.version))


def moved_on(reference: str, late: Stale) -> Response[Any]:
    """409, with what is so now."""
    with transaction() as connection:
        now = status_of(connection, reference)
    return problem(409, str(late), stage=now.stage, version=now.version)


def in_utf8(header: str) -> str:
    """A header's value as it was meant: HTTP gives each byte as a character of Latin-1, senders write UTF-8."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header


def json_text(request: Request[Any, Any, Any], body: bytes) -> str:
    """The body as text. Raises Refused where it says that it is something else than JSON in UTF-8."""
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
