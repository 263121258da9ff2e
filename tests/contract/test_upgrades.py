"""A database of an earlier version becomes, with all that is in it, the one that the tables describe: checks and
indexes, too.
"""

from collections.abc import Iterator

import pytest
from alembic import command
from alembic.config import Config
from sqlmodel import SQLModel

import models.migrations
from models.database import engine
from models.errors import Unavailable
from models.migrate import current_version, upgrade
from tests.conftest import Servers, execute, forget_settings
from tests.filing import rows

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
        "household_period_no_overlap",
        "case_due",
    }
    assert rows(DESCRIBED) == described


def test_a_version_can_be_taken_back_and_brought_in_again(empty: str) -> None:
    upgrade()
    described = rows(DESCRIBED)
    config = Config()
    config.set_main_option("script_location", models.migrations.__path__[0])
    with engine().begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert current_version() is None

    upgrade()

    assert rows(DESCRIBED) == described


@pytest.mark.parametrize("version", ["0002", "0004", "9999"])
def test_tables_that_this_program_never_made_are_left_alone_and_it_says_what_to_do(empty: str, version: str) -> None:
    upgrade()
    rows("update alembic_version set version_num = %s", version)

    with pytest.raises(Unavailable, match=f"at version {version}, which this program does not know"):
        upgrade()

    assert current_version() == version
