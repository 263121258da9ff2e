"""Errors of the population register, each as `{"error": {"code", "message", "place", "problems"}}`.

None quotes what was asked.
"""

import secrets
from http import HTTPStatus
from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException

from models.errors import Refused, SijilError, Unavailable, describe
from workflows.population.refusals import MOST_PROBLEMS, REASONS, NotAnswered

BY_STATUS = {404: "not_found", 405: "wrong_method", 413: "too_large"}
log = structlog.get_logger()


def on_error(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    """The response to any error."""
    if isinstance(error, NotAnswered):
        return response(error)
    if isinstance(error, Refused) and error.code in REASONS:  # of rules that the portal has, too
        return response(NotAnswered(error.code))
    if isinstance(error, Unavailable):
        request.app.state.outage.note(error)
        return response(NotAnswered("unavailable", wait=5))
    if isinstance(error, HTTPException) and error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        found = response(NotAnswered(BY_STATUS.get(error.status_code, "not_possible")))
        found.headers.update({name: value for name, value in (error.headers or {}).items() if name == "Allow"})
        return found
    return unexpected(error)


def response(error: NotAnswered) -> Response[dict[str, Any]]:
    """The response that says why a question is not answered."""
    said: dict[str, Any] = {"code": error.code, "message": str(error)}
    if error.place:
        said["place"] = error.place
    if len(error.flaws) > 1:
        said["problems"] = [
            {"code": each.code, "message": REASONS[each.code][1], "place": each.place}
            for each in error.flaws[:MOST_PROBLEMS]
        ]
    headers = {"Retry-After": str(error.wait)} if error.wait else {}
    return Response({"error": said}, status_code=error.status, headers=headers)


def unexpected(error: Exception) -> Response[dict[str, Any]]:
    """Answers 500 with a reference, under which the log has the exception's class and place."""
    reference, failure = secrets.token_hex(4), describe(error)
    log.error("question failed", reference=reference, error=failure.error, traceback=failure.traceback)
    status, message = REASONS["broken"]
    return Response({"error": {"code": "broken", "message": message, "reference": reference}}, status_code=status)


HANDLERS: Any = {SijilError: on_error, HTTPException: on_error, Exception: on_error}
