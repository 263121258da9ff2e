"""The console for a client of tests that keeps secure cookies, and the same served on a port for a browser."""

from collections.abc import Iterator

import pytest
from litestar.testing import TestClient

from tasks.logs import configure_logs
from tests.conftest import forget_settings
from tests.integration.conftest import queued as queued
from tests.integration.conftest import refusal as refusal
from tests.integration.conftest import reviewed as reviewed
from tests.integration.conftest import sijil as sijil
from tests.integration.conftest import work as work
from tests.integration.conftest import worker as worker
from tests.portal.conftest import Client, application
from tests.portal.conftest import helpline as helpline
from tests.portal.conftest import served as served
from web.outage import Outage

SECURE = "https://testserver.local"


@pytest.fixture
def client(database: str, broker: str, helpline: str) -> Iterator[Client]:
    """A browser with cookies of its own."""
    forget_settings()
    configure_logs()
    outage = application().state["outage"] = Outage()
    with TestClient(application(), base_url=SECURE) as client:
        yield client
    outage.end()
