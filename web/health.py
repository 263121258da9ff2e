"""Health for load balancers and operators: is the process alive, and can it do its work."""

from litestar import Response, get
from litestar.datastructures import State

from models.errors import Unavailable
from models.migrate import require_migrated
from tasks.broker import broker_state
from web.api.responses import Alive, OperationWithHeaders, Ready, error_responses
from web.errors import problem


@get(
    "/health/live",
    sync_to_thread=False,
    tags=["health"],
    operation_id="isAlive",
    summary="Alive",
    response_description="It is alive.",
)
def live() -> Alive:
    """The process answers."""
    return Alive(status="alive")


@get(
    "/health/ready",
    sync_to_thread=True,
    operation_class=OperationWithHeaders,
    operation_id="isReady",
    tags=["health"],
    summary="Ready",
    response_description="It can do its work.",
    responses=error_responses(503),
)
def ready(state: State) -> Response[Ready]:
    """Ready if the database answers and has the tables of this version.

    The answer names a broker that is away, which only makes the work slower.
    """
    try:
        require_migrated()
    except Unavailable as error:
        state.outage.note(error)
        return problem(503, "The database does not answer, or is not migrated.")
    return Response(Ready(status="ready", database="ready", broker=broker_state()))


HANDLERS = [live, ready]
