"""The API of changes: a registered household says what has changed, with the secret of its receipt."""

from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request, Response, post
from litestar.params import RawBody
from pydantic import Field

from models import clock
from models.database import transact
from notifications.notices import notices
from tasks.wake import wake_after_intake
from web.api.applications import KEY, REPEATED, Reference, body_of, decode_header, json_text, receipt_for
from web.api.responses import OperationWithHeaders, Receipt, error_responses
from workflows.bodies import reading
from workflows.bodies.change import ChangeRequest
from workflows.bodies.fields import Key
from workflows.casework.changes import DeclaredChange, Sender, declare_change


class SentChange(ChangeRequest):
    """A change, with the secret of a receipt of the household."""

    secret: Annotated[str, Field(max_length=40)]

    @property
    def request(self) -> ChangeRequest:
        """The change alone."""
        return ChangeRequest.model_construct(**{name: getattr(self, name) for name in ChangeRequest.model_fields})


@dataclass
class ChangeOperation(OperationWithHeaders):
    """Adds the schema of a change to the OpenAPI document."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.request_body = body_of(SentChange)


@post(
    "/api/v1/applications/{reference:str}/changes",
    sync_to_thread=True,
    operation_class=ChangeOperation,
    operation_id="changeHousehold",
    tags=["applications"],
    summary="Declare a change of the household",
    response_description="It is stored for good; the change's own receipt.",
    responses={200: REPEATED, **error_responses(400, 404, 409, 413, 415, 422, 503)},
)
def change_household(
    request: Request[Any, Any, Any],
    reference: Reference,
    body: RawBody,
    idempotency_key: Annotated[str | None, KEY] = None,
) -> Response[Receipt]:
    """Declares a change of the registered household of this receipt, and answers with a receipt of its own.

    A change that is sent again with the same key counts once; without a key, the content is the key.
    """
    sent = reading.from_json(SentChange, json_text(request, body))
    key = "" if idempotency_key is None else reading.text(Key, decode_header(idempotency_key), "Idempotency-Key")
    declared = DeclaredChange(reference, sent.request, Sender(sent.secret, key=key))
    accepted = transact(lambda connection: declare_change(connection, declared, clock.now(), notices))
    receipt = receipt_for(accepted, sent.declaration.language)
    if accepted.repeated:
        return Response(receipt, status_code=200)
    wake_after_intake()
    return Response(receipt, headers={"Location": f"/api/v1/applications/{accepted.reference}"})


HANDLERS = [change_household]
