"""A bare Litestar application with one route that answers a text, served as the portal is."""

import sys

from litestar import Litestar, MediaType, get

from sijil.commands.running import serve_until_stopped

TEXT = "ok"


@get("/", media_type=MediaType.TEXT, sync_to_thread=False)
def text() -> str:
    """The text."""
    return TEXT


def create_app() -> Litestar:
    """The application."""
    return Litestar([text], openapi_config=None, logging_config=None)


if __name__ == "__main__":
    serve_until_stopped("127.0.0.1", int(sys.argv[1]), "benchmarks.bare_route:create_app")
