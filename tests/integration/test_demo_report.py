"""What the demo says at its end of the applications that can be followed."""

import pytest

from models.database import raw, transaction
from sijil.demo import report
from tests.filing import file_clean
from workflows.intake import Taken


def followed() -> list[str]:
    with transaction() as session:
        return report.followed(raw(session), 0, None)


def test_the_three_to_follow_are_announced_as_three_only_where_there_are_three(database: str, doubted: tuple[Taken, Taken]) -> None:
    title, *lines = followed()
    assert title.startswith("Follow one of each, with the secret of its receipt")
    assert [line.split()[0] for line in lines] == ["notified", "under", "What"]


def test_where_no_application_came_to_rest_none_is_announced(database: str) -> None:
    file_clean(1)
    assert followed() == []


def test_the_command_that_shows_the_review_is_the_one_that_works_here(doubted: tuple[Taken, Taken], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "program", lambda: ".venv/bin/sijil")
    assert followed()[-1] == f"What the review is about, as a caseworker sees it: .venv/bin/sijil doubts show {doubted[1].reference}"
