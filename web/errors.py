"""How errors are answered: problem details in the API, a page in the reader's language elsewhere.

Never a stack trace, never what was sent.
"""

import re
import secrets
from http import HTTPStatus
from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.response import Template

from models.errors import NotFound, Problem, Refused, SijilError, Stale, Unavailable, describe
from models.settings import settings
from web.language import page_for
from workflows.bodies.fields import NO_CONTROLS
from workflows.bodies.problems import OTHERWISE, PATTERNS, SENTENCES, WHOLE

STATUS: dict[type[SijilError], int] = {Refused: 422, Stale: 409, NotFound: 404, Unavailable: 503}
TITLES = {
    413: "Content Too Large",
    422: "Unprocessable Content",
}  # RFC 9110; Python before 3.13 has the words of older ones
STATUS_OF_CODE = {"too_large": 413, "not_json": 415, "encoded": 415, "already_registered": 409, "open_application": 409}
# Of what the framework refuses, in our words.
SAID = {
    400: "This is not a request that the address takes.",
    401: "This may not be read.",
    403: "This may not be read.",
    404: "There is nothing at this address.",
    405: "The address does not take this method. The header Allow names those that it takes.",
}
SAID_OTHERWISE = "This request is not taken as it is."
FOR_PROGRAMS = ("api", "health", "metrics", "schema")  # first words of addresses
MOST_PROBLEMS = 100  # of one answer: a megabyte of nonsense is not answered with ten
log = structlog.get_logger()
Answer = Response[Any] | Template


def error_response(request: Request[Any, Any, Any], status: int, detail: str, **more: Any) -> Answer:
    """The same error, for programs or for people."""
    if request.url.path.strip("/").split("/")[0] in FOR_PROGRAMS:
        return problem(status, detail, **more)
    shown = page_for(request, "error.html", status=status, reference=more.get("reference", ""))
    shown.headers.update(retry_after(status))
    return shown


def retry_after(status: int) -> dict[str, str]:
    """When to come back, where we are the ones who are not there."""
    return {"Retry-After": "5"} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}


def problem(status: int, detail: str, **more: Any) -> Response[Any]:
    """Problem details (RFC 9457); `code` is for programs, `problems` names every bad field."""
    kind = f"urn:sijil:problem:{more['code']}" if "code" in more else "about:blank"
    body = {
        "type": kind,
        "title": TITLES.get(status, HTTPStatus(status).phrase),
        "status": status,
        "detail": detail,
        **more,
    }
    return Response(body, status_code=status, media_type="application/problem+json", headers=retry_after(status))


def on_sijil_error(request: Request[Any, Any, Any], error: SijilError) -> Answer:
    """One of the five."""
    status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), None)
    if isinstance(error, Unavailable):
        request.app.state.outage.note(error)
    if status is None:
        return on_any(request, error)
    if isinstance(error, Refused):
        more: dict[str, Any] = {
            "code": error.code,
            **({"problems": error.problems[:MOST_PROBLEMS]} if error.problems else {}),
        }
        return error_response(request, STATUS_OF_CODE.get(error.code, status), str(error), **more)
    return error_response(
        request,
        status,
        str(error)
        if status != HTTPStatus.SERVICE_UNAVAILABLE
        else "Something that this needs is away. Try again shortly.",
    )


def on_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Answer:
    """What the framework itself refuses: no such page, a body too large, a wrong method."""
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return on_any(request, error)
    if isinstance(error, ValidationException):
        found = [each for each in error.extra if isinstance(each, dict)] if isinstance(error.extra, list) else []
        named = [
            Problem(header_name(str(each.get("key", "")), each.get("source")), sentence(str(each.get("message", ""))))
            for each in found
        ]
        return on_sijil_error(
            request, Refused("not_valid", "The request is not valid; problems names each field.", problems=named)
        )
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        most = f"at most {settings().max_body:,} bytes"
        return on_sijil_error(
            request, Refused("too_large", f"A body may have {most}.", problems=[Problem(WHOLE, f"Must have {most}.")])
        )
    shown = error_response(request, error.status_code, SAID.get(error.status_code, SAID_OTHERWISE))
    shown.headers.update(error.headers or {})
    return shown


def sentence(said: str) -> str:
    """What the framework finds wrong with a header, whose length and characters alone are bounded, in our words."""
    most = re.search(r"of length <= (\d+)$", said)
    if most:
        return SENTENCES["string_too_long"].format(max_length=most[1])
    return PATTERNS[NO_CONTROLS] if "matching regex" in said else OTHERWISE


def header_name(name: str, source: object) -> str:
    """A parameter's name as it is sent: headers are not written as Python writes them."""
    return name.replace("_", "-").title() if source == "header" else name


def on_any(request: Request[Any, Any, Any], error: Exception) -> Answer:
    """Our fault: a reference for the reader, the class and the place for the log."""
    reference = secrets.token_hex(4)
    failure = describe(error)
    log.error("request failed", reference=reference, error=failure.error, traceback=failure.traceback)
    return error_response(
        request,
        500,
        f"Something went wrong on our side. If you tell us, give this reference: {reference}.",
        reference=reference,
    )


HANDLERS: dict[int | type[Exception], Any] = {
    SijilError: on_sijil_error,
    HTTPException: on_http_error,
    Exception: on_any,
}
