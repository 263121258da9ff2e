"""What the demo says at its end of the applications that can be followed."""

from io import StringIO

import pytest
from rich.console import Console

from models.database import transaction
from tests.filing import file_clean, rows, value
from trials.demo import picture, report
from trials.demo.arrivals import Filing
from trials.demo.by_hand import household_to_apply
from workflows.intake.submit import Accepted


def followed() -> list[str]:
    with transaction() as connection:
        return report.followed(connection, 0, None)


def test_the_three_to_follow_are_announced_as_three_only_where_there_are_three(
    database: str, reviewed: tuple[Accepted, Accepted]
) -> None:
    title, *lines = followed()
    assert title.startswith("Follow one of each, with the secret of its receipt")
    assert [line.split()[0] for line in lines] == ["notified", "under", "What"]


def test_what_is_to_be_tried_again_is_counted_so_that_the_sum_is_whole(database: str) -> None:
    waiting, _, parked = file_clean(3)
    rows("update cases set ready = false, due_at = now() + interval '1 hour' where id = %s", waiting.case_id)
    rows("update cases set stage = 'parked', machine = false, ready = false where id = %s", parked.case_id)

    found, lines = report.report(0, 3, 1.0, None)

    assert (found["applications"], found["to_be_tried_again"], found["parked"]) == (3, 2, 1)
    assert "1 parked, 2 wait to be tried again" in lines[1]


def test_the_picture_waits_a_while_for_what_is_tried_again_and_shows_it(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture, "TRIED_SECONDS", 0.3)
    (taken,) = file_clean(1)
    rows("update message set status = 'sent'")
    rows("update cases set ready = false, due_at = now() + interval '1 hour' where id = %s", taken.case_id)
    filing = Filing(0, 1, 1, None, 0)
    console = Console(file=StringIO(), width=200)

    picture.Picture(1, 0, filing, console).watch(lambda: None, 5)

    assert isinstance(console.file, StringIO)
    assert "waiting: to be tried again 1" in console.file.getvalue()


def test_where_no_application_came_to_rest_none_is_announced(database: str) -> None:
    file_clean(1)
    assert followed() == []


def test_the_command_that_shows_the_review_is_the_one_that_works_here(
    reviewed: tuple[Accepted, Accepted], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "program", lambda: ".venv/bin/sijil")
    assert (
        followed()[-1]
        == f"What the review is about, as a caseworker sees it: .venv/bin/sijil reviews show {reviewed[1].reference}"
    )


def test_the_household_to_apply_by_hand_is_known_and_the_next_one_after_it_applied(database: str) -> None:
    first, again = list(household_to_apply()), list(household_to_apply())
    assert first == again
    assert 2 <= len(first) <= 4
    identifiers = [each.split()[0] for each in first]
    assert value("select count(*) from person where idcs = any(%s)", identifiers) == len(first)
    rows("insert into receipt values ('RSU-1', 1, 'page:RSU-1', '')")
    assert not set(identifiers) & {each.split()[0] for each in household_to_apply()}
