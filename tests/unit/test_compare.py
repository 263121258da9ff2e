"""What `sijil bench engine` runs in a round, with measurements that answer at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from benchmarks import compare, copying, engine, limit
from benchmarks.prepared import Workers


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The measurements that were made, in their order."""
    made: list[str] = []

    def measurement(name: str, rate: float) -> Any:
        def measure(*_: object) -> tuple[float, float]:
            made.append(name)
            return rate, 10.0

        return measure

    @contextmanager
    def no_servers(name: str) -> Iterator[None]:
        yield None

    monkeypatch.setattr(compare, "proof_servers", no_servers)
    monkeypatch.setattr(engine, "calibrated", lambda *_: 1000)
    monkeypatch.setattr(engine, "measure", measurement("engine", 5000.0))
    monkeypatch.setattr(limit, "measure", measurement("limit", 6000.0))
    monkeypatch.setattr(copying, "measure", measurement("copy", 20000.0))
    return made


def compared(*only: str) -> dict[str, Any]:
    return compare.compare(1, 1, Workers(), lambda text: None, frozenset(only))


def test_copy_alone_runs_after_an_engine_whose_rows_it_copies(ran: list[str]) -> None:
    found = compared("copy")
    assert ran == ["engine", "copy"]
    assert (found["copy"], found["engine_to_copy"], found["limit"]) == (20000.0, 0.25, None)


def test_only_what_was_named_is_measured(ran: list[str]) -> None:
    assert compared("limit")["engine"] is None
    assert ran == ["limit"]
