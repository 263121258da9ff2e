"""The API of enrolments: ask for one, read where it stands, withdraw it; the last two with the receipt's secret."""

from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.params import RawBody

from models import clock
from models.database import transact, transaction
from models.errors import NotFound, Stale
from notifications.notices import notices
from tasks.wake import wake_after_answer, wake_after_intake
from web.api.appeals import SECRET, Withdrawal, WithdrawOperation
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
from web.api.responses import (
    Answered,
    EnrolmentStatus,
    OperationWithHeaders,
    Receipt,
    enrolment_status,
    error_responses,
)
from workflows.bodies import reading
from workflows.bodies.enrolment import EnrolmentBody
from workflows.bodies.fields import Key
from workflows.casework.answers import CitizenAnswer
from workflows.casework.enrolling import UNKNOWN, Filing, file_enrolment, withdraw_enrolment
from workflows.casework.enrolment_view import enrolment_of_receipt


@dataclass
class EnrolOperation(OperationWithHeaders):
    """Adds the schema of an enrolment to the OpenAPI document."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.request_body = body_of(EnrolmentBody)


@post(
    "/api/v1/enrolments",
    sync_to_thread=True,
    operation_class=EnrolOperation,
    operation_id="fileEnrolment",
    tags=["enrolments"],
    summary="Ask to be enrolled",
    response_description="It is stored for good; the receipt.",
    responses={200: REPEATED, **error_responses(400, 409, 413, 415, 422, 503)},
)
def ask_for_enrolment(
    request: Request[Any, Any, Any],
    body: RawBody,
    idempotency_key: Annotated[str | None, KEY] = None,
) -> Response[Receipt]:
    """Files the enrolment of a person, who then comes to a centre; answers with its receipt.

    One that is sent again with the same key counts once. Without an Idempotency-Key the body's `application` is the
    key; without that, each is a new one. The register is not asked: whoever vouches is looked up at the centre.
    """
    sent = reading.from_json(EnrolmentBody, json_text(request, body))
    key = sent.application
    if idempotency_key is not None:
        key = reading.text(Key, decode_header(idempotency_key), "Idempotency-Key")
    accepted = transact(lambda connection: file_enrolment(connection, Filing(sent, key), clock.now(), notices))
    receipt = receipt_for(accepted, sent.language)
    if accepted.repeated:
        return Response(receipt, status_code=200)
    wake_after_intake()
    return Response(receipt, headers={"Location": f"/api/v1/enrolments/{accepted.reference}"})


@get(
    "/api/v1/enrolments/{reference:str}",
    sync_to_thread=True,
    operation_class=OperationWithHeaders,
    operation_id="showEnrolment",
    security=NEEDED,
    tags=["enrolments"],
    summary="Where an enrolment stands",
    response_description="Where it stands, and the identifier once it was issued.",
    responses=error_responses(400, 404, 422, 503),
)
def show_enrolment(reference: Reference, receipt_secret: Annotated[str | None, SECRET] = None) -> EnrolmentStatus:
    """Stage, version, deadline, and the identifier that was issued. Without the receipt's secret it is not found.

    Whether somebody was enrolled before, and under which identifier, is told at a desk alone.
    """
    if receipt_secret is None:
        raise NotFound(UNKNOWN)
    with transaction() as connection:
        view = enrolment_of_receipt(connection, reference, decode_header(receipt_secret))
    return enrolment_status(view)


@post(
    "/api/v1/enrolments/{reference:str}/withdrawal",
    sync_to_thread=True,
    status_code=200,
    operation_class=WithdrawOperation,
    operation_id="withdrawEnrolment",
    tags=["enrolments"],
    summary="Withdraw",
    response_description="It is withdrawn.",
    responses=error_responses(400, 404, 409, 413, 415, 422, 503),
)
def take_enrolment_back(request: Request[Any, Any, Any], reference: Reference, body: RawBody) -> Response[Any]:
    """Takes the enrolment back, at any time before the identifier is issued."""
    sent = reading.from_json(Withdrawal, json_text(request, body))
    answer = CitizenAnswer(reference, sent.secret, "withdrawal", sent.version)
    try:
        now = transact(lambda connection: withdraw_enrolment(connection, answer, clock.now(), notices))
    except Stale as late:
        return stale_response(reference, late)
    wake_after_answer(now.queues)
    return Response(Answered(event=now.event, stage=now.stage, version=now.version))


HANDLERS = [ask_for_enrolment, show_enrolment, take_enrolment_back]
