"""Takes the delivery reports of the HTTP gateway, which signs them."""

import hmac
import re
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Annotated, Any, Literal

from litestar import Request, post
from litestar.exceptions import NotAuthorizedException
from litestar.params import HeaderParameter, RawBody
from pydantic import Field

from models import clock
from models.settings import settings
from notifications.channels.sms_http import HTTP, NUMBER
from notifications.reports import Report, keep_reports
from web.api.applications import body_of, json_text
from web.api.responses import OperationWithHeaders, ReportsTaken, error_responses
from workflows.bodies import reading
from workflows.bodies.body import Declared

LARGEST = 65_536  # bytes
WINDOW = timedelta(minutes=5)  # an older signature is void, and one from the future
WHOLE_SECONDS = re.compile("[0-9]{1,12}")
TIMESTAMP = HeaderParameter(
    name="Sijil-Timestamp", required=False, description="When it was signed, in whole seconds since 1970."
)
SIGNATURE = HeaderParameter(
    name="Sijil-Signature",
    required=False,
    description="HMAC-SHA256 with the shared secret over the timestamp, a full stop and the body, in hexadecimal.",
)


class DeliveryReport(Declared):
    """What became of one message."""

    id: Annotated[str, Field(pattern=NUMBER, description="The gateway's own number, as its answer gave it.")]
    state: Literal["waiting", "undelivered", "delivered"]


class DeliveryReports(Declared):
    """What became of some messages."""

    reports: Annotated[list[DeliveryReport], Field(max_length=500)]


@dataclass
class ReportOperation(OperationWithHeaders):
    """Adds the schema of the reports to the OpenAPI document."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.request_body = body_of(DeliveryReports)


@post(
    "/gateway/reports",
    sync_to_thread=True,
    status_code=200,
    request_max_body_size=LARGEST,
    operation_class=ReportOperation,
    operation_id="reportDelivery",
    tags=["gateway"],
    summary="Report what became of messages",
    response_description="They are stored for good.",
    responses=error_responses(400, 401, 413, 415, 422, 503),
)
def take_reports(
    request: Request[Any, Any, Any],
    body: RawBody,
    timestamp: Annotated[str | None, TIMESTAMP] = None,
    signature: Annotated[str | None, SIGNATURE] = None,
) -> ReportsTaken:
    """Takes delivery reports from the message gateway, in any order and as often as it likes.

    A signature that is missing, wrong or older than five minutes gets 401, whatever else is wrong.
    """
    if not is_signed(body, timestamp or "", signature or ""):
        raise NotAuthorizedException
    sent = reading.from_json(DeliveryReports, json_text(request, body))
    keep_reports(HTTP, [Report(each.id, each.state) for each in sent.reports])
    return ReportsTaken(reports=len(sent.reports))


def is_signed(body: bytes, timestamp: str, signature: str) -> bool:
    """Whether the gateway signed this body within the last minutes; never without a secret in the settings."""
    secret = settings().gateway_secret
    if secret is None or not WHOLE_SECONDS.fullmatch(timestamp):
        return False
    key = secret.get_secret_value().encode()
    expected = hmac.new(key, timestamp.encode() + b"." + body, sha256).hexdigest()
    late = abs(clock.now().timestamp() - int(timestamp)) > WINDOW.total_seconds()
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogateescape")) and not late


HANDLERS = [take_reports]
