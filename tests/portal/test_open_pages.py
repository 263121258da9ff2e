"""The page of a receipt as anybody sees it is kept, and is never an old one or another's."""

import gzip
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from html import unescape
from inspect import iscoroutinefunction
from typing import Any

import pytest

from models import clock
from models.database import close_pool, read_rows
from models.days import midnight
from notifications.catalogues import LANGUAGES
from tests.appealing import an_appeal
from tests.changing import change_of, declare
from tests.conftest import forget_settings
from tests.desk import decided
from tests.filing import a_household, rows, value
from tests.people import caseworker, citizen
from tests.portal.conftest import Client, application
from tests.portal.standing import (
    STANDINGS,
    asked_by_caseworker,
    change_lapsed,
    change_registered,
    end_week,
    registered,
    rejected,
    to_correct,
    under_review,
    work_off,
)
from tests.portal.visiting import address_of, open_file
from web import open_pages
from web.language import PAGES, day
from web.open_pages import OpenPages, Shown, as_said
from web.queries import Status
from web.terms import answered_before
from workflows.flows import FLOWS
from workflows.intake.submit import Accepted
from workflows.queue.pace import Pace, Standing, is_taken_up, pace_of

NOW = datetime(2026, 11, 30, 12, 30, 20, 5, tzinfo=UTC)
DEAD = {"Cookie": "__Host-receipt=of-a-visit-that-is-over"}


@pytest.fixture
def made(client: Client, monkeypatch: pytest.MonkeyPatch) -> list[Shown]:
    """What was rendered, and the portal without a kept page."""
    found: list[Shown] = []
    render = open_pages.render

    def noted(request: Any, shown: Shown) -> bytes:
        found.append(shown)
        return render(request, shown)

    monkeypatch.setattr(open_pages, "render", noted)
    application().state["open_pages"] = OpenPages()
    return found


def seen(client: Client, taken: Accepted, language: str = "fr") -> str:
    """The page of a receipt as anybody reads it."""
    answer = client.get(address_of(taken, language=language))
    assert answer.status_code == 200
    return unescape(answer.text)


def told(receipt: Accepted) -> None:
    """The delivery of every message of a case is proved."""
    rows("update message set delivery = 'delivered', delivery_at = now() where case_id = %s", receipt.case_id)


def deadline_moved(taken: Accepted) -> None:
    """The household has three days more."""
    rows("update cases set deadline = deadline + interval '3 days' where id = %s", taken.case_id)


def gone(receipt: Accepted) -> None:
    """The household leaves the register."""
    removal = declare(receipt, change_of(a_household(0, members=3).body, "removal", "request"))
    work_off()
    end_week(removal)


def test_a_page_is_made_once_while_nothing_changes(client: Client, made: list[Shown]) -> None:
    receipt = registered()
    assert len({seen(client, receipt) for _ in range(4)}) == 1
    assert len(made) == 1


@pytest.mark.parametrize(
    ("standing", "change"),
    [
        (to_correct, lambda taken: citizen(taken, "withdrawal")),
        (to_correct, deadline_moved),
        (asked_by_caseworker, deadline_moved),
        (under_review, lambda taken: caseworker(taken, "refuse", "false_declaration", "caseworker-1")),
        (registered, gone),
        (rejected, an_appeal),
        (rejected, told),
    ],
    ids=["withdrawn", "deadline", "deadline of another", "refusal proposed", "household gone", "appeal", "told"],
)
def test_each_change_is_on_the_page_at_once(
    client: Client, made: list[Shown], standing: Callable[[], Accepted], change: Callable[[Accepted], object]
) -> None:
    taken = standing()
    before = seen(client, taken)
    assert seen(client, taken) == before
    change(taken)
    after = seen(client, taken)
    assert after != before
    assert after == unescape(client.get(address_of(taken), headers=DEAD).text)


@pytest.mark.parametrize("language", list(LANGUAGES))
@pytest.mark.parametrize("standing", [*STANDINGS.values(), change_registered, change_lapsed])
def test_the_kept_page_and_its_headers_are_those_of_a_page_that_is_made_anew(
    client: Client, made: list[Shown], standing: Callable[[], Accepted], language: str
) -> None:
    address = address_of(standing(), language=language)
    client.get(address)
    kept, anew = client.get(address), client.get(address, headers=DEAD)
    assert len(made) == 1
    assert kept.text == anew.text
    kept.headers.pop("content-length"), anew.headers.pop("content-length")
    assert sorted(kept.headers.multi_items()) == sorted(anew.headers.multi_items())


def test_who_takes_no_packed_page_gets_it_as_it_is(client: Client, made: list[Shown]) -> None:
    address = address_of(registered())
    packed = client.get(address, headers={"Accept-Encoding": "gzip"})
    plain = client.get(address, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert plain.headers["content-length"] == str(len(plain.content))
    assert (plain.headers["vary"], packed.headers["vary"]) == ("Accept-Encoding", "Accept-Encoding")
    assert plain.text == packed.text
    assert len(made) == 1
    assert client.head(address).headers["content-length"] == packed.headers["content-length"]


def test_each_reference_and_each_language_has_its_own_page(client: Client, made: list[Shown]) -> None:
    one, other = registered(0), registered(1)
    for _ in range(2):
        for language in LANGUAGES:
            for mine, theirs in ((one, other), (other, one)):
                page = client.get(address_of(mine, language=language))
                assert mine.reference in page.text
                assert theirs.reference not in page.text
                assert page.headers["content-language"] == language
                assert f'<html lang="{language}"' in page.text
    assert len(made) == 2 * len(LANGUAGES)


def test_another_helpline_and_a_draft_language_are_on_the_page_at_once(
    client: Client, made: list[Shown], monkeypatch: pytest.MonkeyPatch, helpline: str
) -> None:
    receipt = registered()
    assert helpline in seen(client, receipt)
    monkeypatch.setenv("SIJIL_HELPLINE", "05 11 11 11 11")
    forget_settings()
    assert "05 11 11 11 11" in seen(client, receipt)
    assert 'hreflang="zgh"' not in seen(client, receipt)
    monkeypatch.setenv("SIJIL_DRAFT_LANGUAGES", "true")
    forget_settings()
    assert 'hreflang="zgh"' in seen(client, receipt)
    assert "05 11 11 11 11" in seen(client, receipt, "zgh")


def test_how_many_are_before_is_on_the_page_at_once(client: Client, made: list[Shown]) -> None:
    review = under_review()
    assert PAGES.text("fr", "As fast as it went lately, yours is taken up by {day}.")[:30] not in seen(client, review)
    decided(range(1000, 1014), "somebody")
    same = "region = (select region from desk_item where case_id = %s), queue = 'reviews'"
    rows(f"update desk_item set {same}", review.case_id)
    rows("update desk_item set done_at = %s where case_id >= 1000", clock.now() - timedelta(days=1))
    said = PAGES.text("fr", "As fast as it went lately, yours is taken up by {day}.")
    assert said.format(day=day("fr", clock.now() + timedelta(days=2))) in seen(client, review)
    rows("update desk_item set done_at = %s where case_id >= 1002", clock.now() - timedelta(days=60))
    assert said.format(day=day("fr", clock.now() + timedelta(days=14))) not in seen(client, review)


def test_a_visit_is_not_kept_and_is_shown_to_nobody_else(client: Client, made: list[Shown]) -> None:
    receipt = registered()
    before = seen(client, receipt)
    assert 'name="mark"' in open_file(client, receipt)
    assert 'name="mark"' in seen(client, receipt)
    client.cookies.clear()
    assert seen(client, receipt) == before
    kept = application().state["open_pages"].packed.values()
    assert [b'name="mark"' in gzip.decompress(each) for each in kept] == [False]


def test_what_a_request_says_is_on_no_page(client: Client, made: list[Shown]) -> None:
    address = address_of(registered())
    pages = {
        client.get(address, headers=headers).text
        for headers in ({}, {"Accept-Language": "ar"}, {"User-Agent": "another"}, {"Cookie": "other=1"})
    }
    assert len(pages) == 1
    assert len(made) == 1


def test_a_process_keeps_so_many_pages_and_no_more(
    client: Client, made: list[Shown], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_pages, "MOST", 2)
    receipt = registered()
    for language in LANGUAGES:
        seen(client, receipt, language)
    kept = application().state["open_pages"].packed
    assert [each.language for each in kept] == list(LANGUAGES)[-2:]


def test_all_of_a_case_is_part_of_what_a_page_is_known_by() -> None:
    assert all(each.compare for each in fields(Status))
    case = Status(1, "RSU-A", "registration", 1, "notified", 6, NOW, NOW, None, {"ScoreComputed": NOW})
    other = Status(1, "RSU-A", "registration", 1, "notified", 6, NOW, NOW, None, {"ScoreComputed": NOW + timedelta(1)})
    assert Shown("fr", "", False, case) != Shown("fr", "", False, other)
    assert len({Shown("fr", "", False, case), Shown("fr", "", False, case)}) == 1


def test_what_has_ended_or_waits_for_its_household_depends_on_no_moment_and_asks_nothing(database: str) -> None:
    nothing: Any = None  # a connection that nobody may use
    settled = [(kind, name) for kind, flow in FLOWS.items() for name in flow.stages if not is_taken_up(kind, name)]
    assert ("registration", "notified") in settled
    assert ("appeal", "information_asked") in settled
    assert ("registration", "under_review") not in settled
    for kind, stage in [*settled, ("registration", "parked")]:
        case = Status(1, "RSU-A", kind, 1, stage, 1, NOW, NOW, NOW + timedelta(days=1), {})
        assert pace_of(nothing, Standing(1, kind, stage, NOW), NOW + timedelta(days=2)) is None
        assert answered_before(nothing, case, NOW) is None


def test_the_pace_is_kept_as_exactly_as_it_is_said() -> None:
    assert as_said(None) is None
    assert as_said(Pace(3, None)) == Pace(3, None)
    assert as_said(Pace(3, NOW)) == Pace(3, midnight(NOW.date()))
    assert as_said(Pace(3, NOW, by_machine=True)) == Pace(3, NOW.replace(second=0, microsecond=0), by_machine=True)


def test_a_connection_that_ended_meanwhile_is_replaced(database: str) -> None:
    ((first,),) = read_rows("select pg_backend_pid()", {})
    assert read_rows("select pg_backend_pid()", {}) == [(first,)]
    rows("select pg_terminate_backend(%s, 5000)", first)
    ((second,),) = read_rows("select pg_backend_pid()", {})
    assert second != first
    close_pool()
    assert value("select count(*) from pg_stat_activity where pid = %s and state = 'active'", second) == 0


def test_an_unknown_reference_and_an_unsent_application_are_answered_as_before(client: Client) -> None:
    assert client.get("/fr/status/RSU-0000-0000-0000").status_code == 404
    assert client.get("/xx/status/RSU-0000-0000-0000").status_code == 404


def test_no_request_goes_into_a_thread_before_its_handler() -> None:
    """Litestar sends a function there, which costs every page a third of what a kept one takes."""
    before = {
        getattr(handler.resolve_before_request(), "func", handler.resolve_before_request())
        for route in application().routes
        for handler in getattr(route, "route_handlers", [])
    } - {None}
    assert before
    assert all(iscoroutinefunction(each) for each in before)
