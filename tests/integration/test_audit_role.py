"""The role of docs/operating.md for portals: it adds entries and reads them, and can take none away."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from models import clock
from models.database import transaction
from tests.conftest import Servers, execute, forget_settings
from tests.entries import an_entry, sealed, written
from tests.filing import clean, file, register, rows, value
from tests.people import caseworker
from workflows.audit.acts import Act
from workflows.audit.entries import record
from workflows.audit.search import Wanted, search
from workflows.intake.submit import Accepted
from workflows.staff.guard import Acting
from workflows.staff.noting import Doing, note_reading

PAGE = (Path(__file__).parents[2] / "docs/operating.md").read_text(encoding="utf-8")
SECTION = PAGE.split("### A role that cannot rewrite the audit")[1].split("\n## ")[0]
GRANTS = [each.strip() for each in re.sub(r"\n {4}", " ", SECTION.split("\n\n")[2]).split(";") if each.strip()]


@pytest.fixture
def web(database: str, servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of the database for that role, to which the settings point from `as_web` on."""
    assert GRANTS[0].startswith("create role sijil_web login")
    for each in GRANTS:
        rows(each)
    yield database.replace("//sijil@", "//sijil_web@")
    monkeypatch.undo()
    forget_settings()
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("drop owned by sijil_web")
    execute(servers.postgres, "drop role sijil_web")


@pytest.fixture
def as_web(web: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """From here on this process is a portal with that role."""
    sealed(an_entry(0))
    monkeypatch.setenv("SIJIL_DATABASE_URL", web)
    forget_settings()
    assert value("select current_user") == "sijil_web"
    return web


@pytest.mark.usefixtures("as_web")
def test_the_role_adds_entries_and_reads_them() -> None:
    with transaction() as connection:
        record(connection, an_entry(1))
        note_reading(connection, Acting("Amina", 4), Doing(Act.READ_CASE, clock.now(), [7], "caseworker"))
        assert [each.position for each in search(connection, Wanted(case_ids=[7]))] == [1]
    written(an_entry(2), an_entry(3))

    assert value("select count(*) from audit_entry") == 5


def test_a_citizen_files_and_a_caseworker_decides_through_a_portal_of_this_role(
    reviewed: tuple[Accepted, Accepted], as_web: str
) -> None:
    made = clean(1, 50)
    register(made)

    (filed,) = file(made[0].body)
    caseworker(reviewed[1], "correct", "value_in_doubt")

    assert value("select stage from cases where id = %s", filed.case_id) == "submitted"
    assert value("select count(*) from audit_entry where act = 'decide_review'") == 1


ENTRY = "values (now(), 'officer:1', 'caseworker', 'read_case', 'case', '{}', '{}', 0, '{}'"
COLUMNS = "at, actor, role, act, purpose, case_ids, persons, count, detail"
REFUSED = [
    *(
        statement.format(table=table)
        for table in ("audit_entry", "audit_seal")
        for statement in (
            "delete from {table}",
            "truncate {table}",
            "alter table {table} disable trigger all",
            "drop trigger {table}_kept on {table}",
            "drop table {table}",
        )
    ),
    "update audit_entry set count = 0",
    "update audit_seal set hash = ''",
    "insert into audit_seal values (2, 2, 'hash')",
    f"insert into audit_entry ({COLUMNS}, xact) {ENTRY}, '1')",
    f"insert into audit_entry ({COLUMNS}, id) overriding system value {ENTRY}, 99)",
    "create or replace function refuse_change() returns trigger language plpgsql as $$begin return new; end$$",
    "set session_replication_role = replica",
]


@pytest.mark.parametrize("statement", REFUSED)
def test_privilege_refuses_whatever_would_change_the_audit(as_web: str, statement: str) -> None:
    with psycopg.connect(as_web, autocommit=True) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)
