"""Sending parked cases on: many as fast as one, all or none."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from models import clock
from models.database import transaction
from models.errors import Stale
from notifications.notices import notices
from tests.filing import Worker, drain_all, events_of, everything, file_clean, healthy, rows, stages, value
from workflows.casework.answers import resume
from workflows.engine.record import parked_state
from workflows.engine.work import BatchOutcome, append_event, lock
from workflows.events.event import CaseParked
from workflows.evidence import TimePassed
from workflows.intake.submit import Accepted

PARK = (
    "insert into case_failure (case_id, kind, stage, version, tries, error, traceback, at, parked) select id, kind, "
    "'submitted', 1, 4, 'x', '', %s, true from cases"
)


def park_all(taken: list[Accepted]) -> None:
    """All of these failed where they began."""
    now = clock.now()
    with transaction() as connection:
        connection.execute(PARK, [now])
        for each in taken:
            append_event(
                connection,
                lock(connection, each.case_id),
                CaseParked(stage="submitted", error="x", tries=4),
                TimePassed(at=now),
                parked_state(now, now, 0),
            )


def copies(how_many: int) -> None:
    """The one case that there is, so many more times: rows that no declarant sent."""
    new = (
        "insert into {0} select (jsonb_populate_record(t, {1})).* from {0} t cross join generate_series(1000, 1000 + "
        "%s - 1) as n"
    )
    with transaction() as connection:
        for table, changes in (
            ("cases", "jsonb_build_object('id', n, 'household_id', n, 'applicant_idcs', n)"),
            ("case_body", "jsonb_build_object('case_id', n, 'household_id', n)"),
            ("receipt", "jsonb_build_object('case_id', n, 'reference', n, 'idempotency_key', n)"),
            ("event", "jsonb_build_object('case_id', n)"),
            ("case_failure", "jsonb_build_object('case_id', n)"),
        ):
            connection.execute(new.format(table, changes), [how_many])


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent: list[str] = []
    execute, copy = psycopg.Cursor.execute, psycopg.Cursor.copy

    def executing(self: Any, query: str, *args: Any, **options: Any) -> Any:
        sent.append(query)
        return execute(self, query, *args, **options)

    def copying(self: Any, statement: str, *args: Any, **options: Any) -> Any:
        sent.append(statement)
        return copy(self, statement, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", executing)
        patch.setattr(psycopg.Cursor, "copy", copying)
        yield sent


def resumed(case_ids: list[int]) -> BatchOutcome:
    """An operator sends these on."""
    with transaction() as connection:
        return resume(connection, case_ids, "operator", clock.now(), notices)


def parked_ids() -> list[int]:
    return [case_id for (case_id,) in rows("select id from cases where stage = 'parked' order by id")]


def test_a_thousand_parked_cases_are_sent_on_with_as_many_statements_as_one(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (taken,) = file_clean(1)
    park_all([taken])
    copies(1000)
    with counted(monkeypatch) as of_one:
        resumed([taken.case_id])
    others = parked_ids()
    with counted(monkeypatch) as of_all:
        progress = resumed(others)
    assert 5 < len(of_one) < 20
    assert len(of_all) == len(of_one)
    assert progress == BatchOutcome(1000, frozenset({"verification"}), others=frozenset({"verification"}))
    assert stages() == {"submitted": 1001}
    assert value("select count(*) from case_failure") == 0
    assert value("select count(*) from event where kind = 'CaseResumed' and seq = 3") == 1001


def test_cases_that_were_sent_on_together_go_on_to_the_register(database: str, worker: Worker) -> None:
    taken = file_clean(5)
    park_all(taken)
    assert resumed([each.case_id for each in reversed(taken)]).cases == 5
    assert value("select count(distinct head) from cases") == 5
    drain_all(worker())
    assert stages() == {"notified": 5}
    assert all(
        events_of(each)[:4] == ["ApplicationReceived", "CaseParked", "CaseResumed", "PersonsVerified"] for each in taken
    )
    assert healthy()


def test_where_one_of_several_is_not_parked_none_is_sent_on(database: str) -> None:
    taken = file_clean(3)
    park_all(taken)
    resumed([taken[1].case_id])
    before = everything("cases", "case_failure", "event")
    with pytest.raises(Stale, match=f"Case {taken[1].case_id} is not parked"):
        resumed([each.case_id for each in taken])
    assert everything("cases", "case_failure", "event") == before
