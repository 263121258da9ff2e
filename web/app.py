"""The web application: its handlers, middleware, templates and OpenAPI document."""

from importlib import metadata
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Litestar
from litestar.datastructures import CacheControlHeader, State
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.openapi.spec import License
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.static_files import create_static_files_router
from litestar.template.config import TemplateConfig

from models.settings import settings
from tasks.logs import configure_logs
from web import (
    acting,
    calculate,
    documents,
    health,
    lodging,
    metrics,
    mine,
    portal,
    public,
    signing_in,
    visits,
)
from web.api import appeals, applications, changes, enrolments, manual, reports
from web.applying.routes import ERRORS
from web.applying.routes import HANDLERS as APPLYING
from web.console.routes import console
from web.enrolling.pages import HANDLERS as ENROLLING
from web.errors import HANDLERS
from web.middleware import HeadersMiddleware, refuse_unreadable
from web.open_pages import OpenPages
from web.outage import Outage
from web.packing import PackingMiddleware
from web.statics import STATICS, digest_of

HERE = Path(__file__).parent
CITIZENS = [
    *portal.HANDLERS,
    *acting.HANDLERS,
    *lodging.HANDLERS,
    *documents.HANDLERS,
    *public.HANDLERS,
    *calculate.HANDLERS,
    *signing_in.HANDLERS,
    *mine.HANDLERS,
    *ENROLLING,
    *APPLYING,
]  # the pages of citizens

PROGRAMS = [*applications.HANDLERS, *changes.HANDLERS, *appeals.HANDLERS, *enrolments.HANDLERS, *reports.HANDLERS]


def create_app() -> Litestar:
    """The ASGI application that uvicorn serves."""
    configure_logs()
    cache_control = CacheControlHeader(max_age=3600, public=True)
    statics = create_static_files_router(
        path="/static", directories=[STATICS], include_in_schema=False, cache_control=cache_control
    )
    outage = Outage()
    app = Litestar(
        route_handlers=[
            *CITIZENS,
            *PROGRAMS,
            *health.HANDLERS,
            metrics.metrics,
            console(),
            statics,
        ],
        template_config=TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment())),
        exception_handlers=HANDLERS | visits.HANDLERS | ERRORS,
        before_request=refuse_unreadable,
        openapi_config=openapi(),
        request_max_body_size=settings().max_body,
        logging_config=None,
        state=State({"outage": outage, "open_pages": OpenPages()}),
        on_shutdown=[outage.end],
    )
    app.asgi_handler = HeadersMiddleware(PackingMiddleware(app.asgi_handler))
    return app


def openapi() -> OpenAPIConfig:
    """The head of the OpenAPI document; the docstrings of the handlers describe its operations."""
    about = metadata.metadata("sijil")
    return OpenAPIConfig(
        title="Sijil",
        version=about["Version"],
        description=about["Summary"],
        license=License(about["License-Expression"], about["License-Expression"]),
        openapi_router=manual.router(),
        components=manual.components(),
        use_handler_docstrings=True,
        render_plugins=[manual.Manual(), JsonRenderPlugin(path="/openapi.json"), YamlRenderPlugin()],
    )


def environment() -> Environment:
    """Jinja's environment: it escapes everything, and an undefined name is an error."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # the files of an installation do not change: no page looks for that
    )
    made.globals["digest"] = digest_of
    return made
