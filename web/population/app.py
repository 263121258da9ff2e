"""The application of the population register: what partners call, and its health."""

from litestar import Litestar, Response, get
from litestar.datastructures import State

from models.errors import Unavailable
from models.migrate import require_migrated
from tasks.keeping import Keeper
from tasks.logs import configure_logs
from web.middleware import HeadersMiddleware, refuse_unreadable
from web.outage import Outage
from web.population.calls import HANDLERS as CALLS
from web.population.calls import LARGEST
from web.population.errors import HANDLERS as ERRORS


@get("/health/live", sync_to_thread=False)
def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@get("/health/ready", sync_to_thread=True)
def ready(state: State) -> Response[dict[str, str]]:
    """Ready if the register's database answers and has the tables of this version."""
    try:
        require_migrated()
    except Unavailable as error:
        state.outage.note(error)
        return Response({"status": "not ready"}, status_code=503, headers={"Retry-After": "5"})
    return Response({"status": "ready", "database": "ready"})


def create_app() -> Litestar:
    """The ASGI application that uvicorn serves."""
    configure_logs()
    outage, keeper = Outage(), Keeper()
    app = Litestar(
        route_handlers=[*CALLS, live, ready],
        exception_handlers=ERRORS,
        before_request=refuse_unreadable,
        openapi_config=None,
        request_max_body_size=LARGEST,
        logging_config=None,
        state=State({"outage": outage}),
        on_startup=[keeper.start],
        on_shutdown=[keeper.end, outage.end],
    )
    app.asgi_handler = HeadersMiddleware(app.asgi_handler)
    return app
