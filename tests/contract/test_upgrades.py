"""A database of an earlier version becomes, with all that is in it, the one that the tables describe: checks and
indexes, too.
"""

from collections.abc import Iterator

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlmodel import SQLModel

import models.migrations
from models.database import engine
from models.errors import Broken, Unavailable
from models.migrate import NEWEST, current_version, upgrade
from tests.conftest import Servers, execute, forget_settings
from tests.filing import rows
from workflows.engine.lanes import ALLOWANCE

# Alembic compares neither checks nor the conditions of indexes.
DESCRIBED = """
    select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
        where contype in ('c', 'p', 'u', 'x')
        and connamespace = 'public'::regnamespace and conrelid <> coalesce(to_regclass('alembic_version'), 0)
    union all select tablename, indexname, indexdef from pg_indexes where schemaname = 'public'
        and tablename <> 'alembic_version'
    order by 1, 2, 3
"""


@pytest.fixture
def empty(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an empty database that the settings point to."""
    execute(servers.postgres, "create database empty")
    monkeypatch.setenv("SIJIL_DATABASE_URL", servers.postgres.url_of("empty"))
    forget_settings()
    yield servers.postgres.url_of("empty")
    forget_settings()
    execute(servers.postgres, "drop database empty with (force)")


def test_the_migrated_database_has_the_checks_and_indexes_of_the_tables(empty: str) -> None:
    # Given a database made from the tables alone
    rows("create extension btree_gist")
    SQLModel.metadata.create_all(engine())
    described = rows(DESCRIBED)
    rows("drop schema public cascade")
    rows("create schema public")

    # When one is migrated from nothing, it is the same
    upgrade()
    assert {name for _, name, _ in described} >= {
        "case_due_in_a_queue",
        "person_status_known",
        "household_version_no_overlap",
        "case_due",
    }
    assert rows(DESCRIBED) == described


def a_case(number: int, **changes: object) -> None:
    """A row of `cases` as version 0003 kept it: a registration that is due."""
    columns = {
        "id": number,
        "kind": "registration",
        "stage": "submitted",
        "open": True,
        "machine": True,
        "queue": "verification",
        "lane": 0,
        "ready": True,
        "rank": "2026-11-24 09:00+00",
        "version": 1,
        "head": b"",
        "household_id": number,
        "region": 6,
        "declaration": 1,
        "submitted_at": "2026-11-24 09:00+00",
        "stage_since": "2026-11-24 09:00+00",
        **changes,
    }
    rows(f"insert into cases ({', '.join(columns)}) values ({', '.join(['%s'] * len(columns))})", *columns.values())


def test_an_upgrade_keeps_what_is_there(empty: str) -> None:
    upgrade("0003")
    a_case(1)
    a_case(2, stage="notified", open=False, machine=False, queue=None, ready=False)
    a_case(3, stage="needs_correction", machine=False, queue="notification", ready=False, due_at="2026-12-01 09:00+00")
    before = rows("select * from cases order by id")

    assert upgrade() is True

    assert current_version() == NEWEST
    assert rows("select * from cases order by id") == before


def a_message(case_id: int, status: str, at: str) -> None:
    """A message as version 0003 kept it, and the event that made it owed; it was refused a minute ago."""
    rows(
        "insert into event values (%s, 1, 'ApplicationReceived', %s, 'declarant', null, null, null, '', '')",
        case_id,
        at,
    )
    rows(
        "insert into message (case_id, seq, template, channel, language, status, due_at) values (%s, 1, 'received', "
        "'sms', 'ar', %s, now())",
        case_id,
        status,
    )


def test_an_upgrade_gives_each_message_that_may_still_be_sent_the_rank_of_its_cases_lane(empty: str) -> None:
    upgrade("0003")
    for lane in ALLOWANCE:
        a_case(lane + 1, lane=lane)
    for number, status in enumerate(("owed", "sending", "failed", "stuck"), 1):
        a_message(number, status, "2026-11-24 09:00+00")
    a_case(5)
    a_message(5, "sent", "2026-11-24 09:00+00")

    upgrade()

    ranks = dict(
        rows(
            "select c.lane, m.rank - timestamptz '2026-11-24 09:00+00' from message m join cases c on c.id = m.case_id "
            "where status <> 'sent'"
        )
    )
    assert ranks == dict(ALLOWANCE)
    with pytest.raises(psycopg.errors.NotNullViolation):
        rows(
            "insert into message (case_id, seq, template, channel, language, due_at) values (1, 2, 'received', 'sms', "
            "'ar', now())"
        )


def test_an_upgrade_of_a_database_with_a_case_that_nobody_would_find_says_so_and_changes_nothing(empty: str) -> None:
    upgrade("0003")
    a_case(1, queue=None)

    with pytest.raises(Broken, match="A row of cases breaks case_due_in_a_queue"):
        upgrade()

    assert current_version() == "0003"


def test_a_version_can_be_taken_back_and_brought_in_again(empty: str) -> None:
    upgrade()
    described = rows(DESCRIBED)
    config = Config()
    config.set_main_option("script_location", models.migrations.__path__[0])
    with engine().begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0003")
    assert current_version() == "0003"
    assert "case_due_in_a_queue" not in {name for _, name, _ in rows(DESCRIBED)}

    upgrade()

    assert rows(DESCRIBED) == described


def test_tables_that_this_program_never_made_are_left_alone_and_it_says_what_to_do(empty: str) -> None:
    upgrade()
    rows("update alembic_version set version_num = '0002'")

    with pytest.raises(Unavailable, match="at version 0002, which this program does not know"):
        upgrade()

    assert current_version() == "0002"
