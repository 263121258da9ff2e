"""The portal in this process for a client of tests, and the same served on a port for a browser."""

from collections.abc import Iterator
from functools import cache
from threading import Thread
from time import monotonic, sleep

import pytest
import uvicorn
from litestar import Litestar
from litestar.testing import TestClient

from tasks.logs import configure_logs
from tests.conftest import forget_settings
from web.app import create_app
from web.outage import Outage

HELPLINE = "05 00 00 00 00"
Client = TestClient[Litestar]
ORIGIN = "https://testserver.local"  # cookies of a visit are kept on https alone, or on this host


@pytest.fixture
def helpline(monkeypatch: pytest.MonkeyPatch) -> str:
    """A number to call, set before the portal starts."""
    monkeypatch.setenv("SIJIL_HELPLINE", HELPLINE)
    return HELPLINE


@cache
def application() -> Litestar:
    """The portal, which reads no setting of a test but with each request. To make it takes as long as most tests do."""
    return create_app()


@cache
def served_application() -> Litestar:
    """The same for a port."""
    return create_app()


@pytest.fixture
def client(database: str, broker: str, helpline: str) -> Iterator[Client]:
    """A client of the portal; nobody works the queues unless the test does."""
    forget_settings()
    configure_logs()
    outage = application().state["outage"] = Outage()  # of this test alone
    with TestClient(application(), base_url=ORIGIN) as client:
        yield client
    outage.end()


@pytest.fixture
def served(database: str, broker: str, helpline: str) -> Iterator[str]:
    """The address of the portal on a port of its own, as `sijil serve` serves it."""
    forget_settings()
    outage = served_application().state["outage"] = Outage()
    config = uvicorn.Config(served_application(), host="127.0.0.1", port=0, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    until = monotonic() + 10
    while not server.started and monotonic() < until:
        sleep(0.01)
    assert server.started
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()
    outage.end()
