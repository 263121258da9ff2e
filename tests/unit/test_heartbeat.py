"""What a worker's heartbeat says of a database that goes away and comes back."""

from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from structlog.testing import LogCapture

from models.errors import Unavailable
from tasks import worker


def test_an_outage_is_logged_once_when_it_begins_and_once_when_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    stop, logged = Event(), LogCapture()
    answers = iter([False, True, True, False, False, True, False])  # whether it is away

    def beat(*_: Any) -> None:
        away = next(answers, None)
        if away is None:
            stop.set()
        elif away:
            raise Unavailable("The database does not answer.")

    drainer: Any = SimpleNamespace(runner=SimpleNamespace(attempts=SimpleNamespace(heartbeat=beat), counts=dict))
    monkeypatch.setattr(worker, "HEARTBEAT_SECONDS", 0.001)
    monkeypatch.setattr(worker, "durability_of_pool", lambda: "on")
    monkeypatch.setattr(worker, "log", structlog.wrap_logger(structlog.PrintLogger(), processors=[logged]))

    worker.heartbeat(drainer, stop)

    assert [each["event"] for each in logged.entries] == ["database away", "database back"] * 2
