"""Error responses: problem details for programs, a page in the reader's language for people.

None holds a stack trace, or quotes the request.
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
from web.console.failures import error_page, is_of_console
from web.language import offered, render_page_for
from workflows.bodies.fields import NO_CONTROLS
from workflows.bodies.problems import OTHERWISE, PATTERNS, SENTENCES, WHOLE

STATUS: dict[type[SijilError], int] = {Refused: 422, Stale: 409, NotFound: 404, Unavailable: 503}
TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}  # RFC 9110; Python before 3.13 has older titles
STATUS_OF_CODE = {
    "too_large": 413,
    "not_json": 415,
    "encoded": 415,
    "already_registered": 409,
    "phone_shown": 409,
    "confirmed_lately": 409,
    "too_many_phones": 409,
    "open_application": 409,
    "open_appeal": 409,
    "not_registered": 409,
    "too_many_open": 409,
    "register_elsewhere": 409,
    "given_away": 409,
}
# What only pages of the staff answer.
STATUS_OF_STAFF = {
    **dict.fromkeys(("another_role", "another_territory", "not_yours", "needs_account", "forged"), 403),
    **dict.fromkeys(("no_such_sign_in", "bad_proof", "provider_refused", "sign_in_denied", "weak_sign_in"), 403),
    **dict.fromkeys(("unknown_person", "locked", "no_local_accounts"), 403),
    "no_provider": 404,
    "another_phone_waits": 409,
    "must_wait": 429,
}
# For requests that the framework refuses by itself.
DETAILS = {
    400: "The request is malformed.",
    401: "You may not read this.",
    403: "You may not read this.",
    404: "There is nothing at this address.",
    405: "This address does not take this method. The header Allow names those that it takes.",
}
OTHER_DETAIL = "The server does not take this request."
PROGRAM_PATHS = ("api", "gateway", "health", "metrics", "schema")  # first words of addresses
MOST_PROBLEMS = 100  # in one response: a megabyte of nonsense must not get ten megabytes back
log = structlog.get_logger()
Answer = Response[Any] | Template


def error_response(request: Request[Any, Any, Any], status: int, detail: str, **more: Any) -> Answer:
    """The response to an error: problem details for a program's address, else a page."""
    if first_word(request) in PROGRAM_PATHS and not is_read_by_people(request):
        return problem(status, detail, **more)
    if is_of_console(request):
        shown = error_page(request, status, **more)
        shown.headers.update(retry_after(status))
        return shown
    typed = request.path_params.get("reference", "") if more.get("unknown") else ""
    shown = render_page_for(
        request,
        "error.html",
        status=status,
        reference=more.get("reference", ""),
        known="unknown" if typed else None,
        typed=typed,
    )
    shown.headers.update(retry_after(status))
    return shown


def retry_after(status: int) -> dict[str, str]:
    """The header Retry-After for 503; none for other statuses."""
    return {"Retry-After": "5"} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}


def problem(status: int, detail: str, **more: Any) -> Response[Any]:
    """Problem details (RFC 9457); `code` is for programs, `problems` names every bad field."""
    body = {
        "type": f"urn:sijil:problem:{more['code']}" if "code" in more else "about:blank",
        "title": TITLES.get(status, HTTPStatus(status).phrase),
        "status": status,
        "detail": detail,
        **more,
    }
    return Response(body, status_code=status, media_type="application/problem+json", headers=retry_after(status))


def on_sijil_error(request: Request[Any, Any, Any], error: SijilError) -> Answer:
    """Answers one of our five errors. The text of Unavailable names our servers, so the response does not quote it."""
    status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), None)
    if status is None:
        return on_unexpected_error(request, error)
    if isinstance(error, Unavailable):
        request.app.state.outage.note(error)
        return error_response(request, status, "A service that this needs is away. Try again shortly.")
    if isinstance(error, Refused):
        more: dict[str, Any] = {"problems": error.problems[:MOST_PROBLEMS]} if error.problems else {}
        return error_response(request, status_of(error), str(error), code=error.code, **more)
    more = {"unknown": True} if is_of_receipt(request) and isinstance(error, NotFound) else {}
    return error_response(request, status, str(error), **more)


def is_of_receipt(request: Request[Any, Any, Any]) -> bool:
    """Whether the address is that of a receipt's page: then what was not found is its reference."""
    return first_word(request) in offered() and "reference" in request.path_params


def is_read_by_people(request: Request[Any, Any, Any]) -> bool:
    """Whether a browser asks below /schema, where the API's page for people is."""
    return first_word(request) == "schema" and "text/html" in request.headers.get("accept", "")


def first_word(request: Request[Any, Any, Any]) -> str:
    """The first word of the address, which tells programs from people."""
    return str(request.url.path).strip("/").split("/")[0]


def status_of(refused: Refused) -> int:
    """The status of a response that says why something was refused."""
    return (STATUS_OF_CODE | STATUS_OF_STAFF).get(refused.code, STATUS[Refused])


def on_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Answer:
    """Answers an error that the framework raises by itself: no such page, a body too large, a wrong method."""
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return on_unexpected_error(request, error)
    if isinstance(error, ValidationException):
        found = [each for each in error.extra if isinstance(each, dict)] if isinstance(error.extra, list) else []
        text = "The request is not valid; problems names each field."
        return on_sijil_error(request, Refused("not_valid", text, problems=[problem_of(each) for each in found]))
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        most = f"at most {request.route_handler.resolve_request_max_body_size():,} bytes"
        problems = [Problem(WHOLE, f"Must have {most}.")]
        return on_sijil_error(request, Refused("too_large", f"A body may have {most}.", problems=problems))
    shown = error_response(request, error.status_code, DETAILS.get(error.status_code, OTHER_DETAIL))
    shown.headers.update(error.headers or {})
    return shown


def problem_of(found: dict[str, Any]) -> Problem:
    """The problem that the framework found with a parameter, under the name by which it is sent and in our words."""
    name = header_name(str(found.get("key", "")), found.get("source"))
    return Problem(name, translate_message(str(found.get("message", ""))))


def translate_message(message: str) -> str:
    """Our sentence for the framework's message about a header, of which it checks the length and the characters."""
    if most := re.search(r"of length <= (\d+)$", message):
        return SENTENCES["string_too_long"].format(max_length=most[1])
    return PATTERNS[NO_CONTROLS] if "matching regex" in message else OTHERWISE


def header_name(name: str, source: object) -> str:
    """A parameter's name as it is sent: `Idempotency-Key`, not Python's `idempotency_key`."""
    return name.replace("_", "-").title() if source == "header" else name


def on_unexpected_error(request: Request[Any, Any, Any], error: Exception) -> Answer:
    """Answers 500 with a reference, under which the log has the exception's class and place."""
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
    Exception: on_unexpected_error,
}
