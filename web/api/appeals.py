"""The API of appeals: lodge one, read it, add to it, withdraw it, escalate it; all with the receipt's secret."""

from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.params import HeaderParameter, RawBody
from pydantic import Field

from models import clock
from models.database import transact, transaction
from models.errors import NotFound, Stale
from notifications.notices import notices
from tasks.wake import wake_after_answer, wake_after_intake
from web.api.applications import (
    KEY,
    REPEATED,
    Reference,
    body_of,
    decode_header,
    json_text,
    receipt_for,
    stale_response,
)
from web.api.manual import NEEDED
from web.api.responses import Answered, AppealStatus, OperationWithHeaders, Receipt, appeal_status, error_responses
from workflows.bodies import reading
from workflows.bodies.appeal import AppealBody
from workflows.bodies.body import Declared
from workflows.bodies.fields import Key, Statement
from workflows.casework.answers import AnswerResult, CitizenAnswer
from workflows.casework.appeals import UNKNOWN, Lodging, add, find_appeal, language_of, lodge
from workflows.engine.load import case_files

SECRET = HeaderParameter(name="Receipt-Secret", max_length=80, required=False, description="The secret of the receipt.")


class Withdrawal(Declared):
    """A withdrawal. `version` is the case's when the sender read it; without one, the version now."""

    secret: Annotated[str, Field(max_length=40)]
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class Escalation(Withdrawal):
    """A household's wish that the commission decides its appeal. `version` as in a withdrawal."""


class AddedText(Withdrawal):
    """What a citizen adds to an appeal; it is the answer, too, where information was asked for."""

    text: Statement


@dataclass
class LodgeOperation(OperationWithHeaders):
    """Adds the schema of an appeal to the OpenAPI document."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.request_body = body_of(AppealBody)


@dataclass
class AddOperation(OperationWithHeaders):
    """Adds the schema of an added text to the OpenAPI document."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.request_body = body_of(AddedText)


@dataclass
class WithdrawOperation(OperationWithHeaders):
    """Adds the schema of a withdrawal to the OpenAPI document."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.request_body = body_of(Withdrawal)


@dataclass
class EscalateOperation(OperationWithHeaders):
    """Adds the schema of an escalation to the OpenAPI document."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.request_body = body_of(Escalation)


@post(
    "/api/v1/appeals",
    sync_to_thread=True,
    operation_class=LodgeOperation,
    operation_id="lodgeAppeal",
    tags=["appeals"],
    summary="Lodge an appeal",
    response_description="It is stored for good; the receipt.",
    responses={200: REPEATED, **error_responses(400, 404, 409, 413, 415, 422, 503)},
)
def lodge_appeal(
    request: Request[Any, Any, Any],
    body: RawBody,
    idempotency_key: Annotated[str | None, KEY] = None,
) -> Response[Receipt]:
    """Contests a decision about the household whose receipt is given, and answers with a receipt of its own.

    An appeal that is sent again with the same key counts once; without a key, the content is the key.
    """
    sent = reading.from_json(AppealBody, json_text(request, body))
    key = None if idempotency_key is None else reading.text(Key, decode_header(idempotency_key), "Idempotency-Key")
    accepted = transact(lambda connection: lodge(connection, Lodging(sent, key), clock.now(), notices))
    with transaction() as connection:
        receipt = receipt_for(accepted, language_of(connection, accepted.case_id))
    if accepted.repeated:
        return Response(receipt, status_code=200)
    wake_after_intake()
    return Response(receipt, headers={"Location": f"/api/v1/appeals/{accepted.reference}"})


@get(
    "/api/v1/appeals/{reference:str}",
    sync_to_thread=True,
    operation_class=OperationWithHeaders,
    operation_id="showAppeal",
    security=NEEDED,
    tags=["appeals"],
    summary="What became of an appeal",
    response_description="Where it stands, what it contests and what it came to.",
    responses=error_responses(400, 404, 422, 503),
)
def show_appeal(reference: Reference, receipt_secret: Annotated[str | None, SECRET] = None) -> AppealStatus:
    """The whole appeal, with every reason. Without the receipt's secret it is not found."""
    if receipt_secret is None:
        raise NotFound(UNKNOWN)
    with transaction() as connection:
        row = find_appeal(connection, reference, decode_header(receipt_secret))
        (file,) = case_files(connection, [row])
    return appeal_status(file)


@post(
    "/api/v1/appeals/{reference:str}/texts",
    sync_to_thread=True,
    status_code=200,
    operation_class=AddOperation,
    operation_id="addToAppeal",
    tags=["appeals"],
    summary="Add a text",
    response_description="What the text came to.",
    responses=error_responses(400, 404, 409, 413, 415, 422, 503),
)
def add_to_appeal(request: Request[Any, Any, Any], reference: Reference, body: RawBody) -> Response[Answered]:
    """Adds something in the citizen's own words, or gives the information that was asked for."""
    sent = reading.from_json(AddedText, json_text(request, body))
    return answered(reference, CitizenAnswer(reference, sent.secret, "statement", sent.version, statement=sent.text))


@post(
    "/api/v1/appeals/{reference:str}/withdrawal",
    sync_to_thread=True,
    status_code=200,
    operation_class=WithdrawOperation,
    operation_id="withdrawAppeal",
    tags=["appeals"],
    summary="Withdraw",
    response_description="It is withdrawn.",
    responses=error_responses(400, 404, 409, 413, 415, 422, 503),
)
def withdraw_appeal(request: Request[Any, Any, Any], reference: Reference, body: RawBody) -> Response[Answered]:
    """Takes the appeal back, at any time before it is decided: the contested decision stands."""
    sent = reading.from_json(Withdrawal, json_text(request, body))
    return answered(reference, CitizenAnswer(reference, sent.secret, "withdrawal", sent.version))


@post(
    "/api/v1/appeals/{reference:str}/escalation",
    sync_to_thread=True,
    status_code=200,
    operation_class=EscalateOperation,
    operation_id="escalateAppeal",
    tags=["appeals"],
    summary="Ask for the commission",
    response_description="It is before the commission.",
    responses=error_responses(400, 404, 409, 413, 415, 422, 503),
)
def escalate_appeal(request: Request[Any, Any, Any], reference: Reference, body: RawBody) -> Response[Answered]:
    """Sends an appeal that was not answered in its term to the commission, instead of the supervisor who has it.

    Two members decide whatever the outcome, have a term of their own, and it does not come back. Who asks nothing
    loses nothing: after the supervisor's term it goes there by itself.
    """
    sent = reading.from_json(Escalation, json_text(request, body))
    return answered(reference, CitizenAnswer(reference, sent.secret, "escalation", sent.version))


def answered(reference: str, answer: CitizenAnswer) -> Response[Any]:
    """Records a citizen's answer; 409 if the case has moved on since its version."""
    try:
        now: AnswerResult = transact(lambda connection: add(connection, answer, clock.now(), notices))
    except Stale as late:
        return stale_response(reference, late)
    wake_after_answer(now.queues)
    return Response(Answered(event=now.event, stage=now.stage, version=now.version))


HANDLERS = [lodge_appeal, show_appeal, add_to_appeal, withdraw_appeal, escalate_appeal]
