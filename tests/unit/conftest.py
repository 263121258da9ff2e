"""What several unit tests need."""

from collections.abc import Iterator

import pytest

from models.settings import settings


@pytest.fixture
def secret_key(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """An installation with a key of its own."""
    monkeypatch.setenv("SIJIL_SECRET_KEY", "a key for the tests")
    settings.cache_clear()
    yield monkeypatch
    settings.cache_clear()
