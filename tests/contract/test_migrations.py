"""The migrated database is the one that the tables describe."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

import models.migrations
from models import tables
from models.database import engine
from models.migrate import NEWEST, current_version, upgrade


def test_the_migrated_database_is_what_the_tables_say(database: str) -> None:
    assert tables.TABLES
    with engine().connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_upgrading_twice_changes_nothing(database: str) -> None:
    assert current_version() == NEWEST
    assert upgrade() is False


def test_the_newest_version_is_the_one_that_the_program_asks_for() -> None:
    assert ScriptDirectory(Path(models.migrations.__path__[0])).get_current_head() == NEWEST
