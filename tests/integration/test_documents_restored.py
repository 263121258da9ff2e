"""A case with documents, table by table: what an erasure changes, and what a backup brings back, whole or in part."""

import subprocess
from pathlib import Path

import pytest
from sqlmodel import SQLModel

from models import clock
from models.database import close_pool, transact, transaction
from models.errors import NotFound
from models.settings import settings
from sijil.embedded.postgres import binaries
from tests.conftest import forget_settings
from tests.filing import everything, examined, file_clean, rows, value
from tests.integration.auditing import anchor, breaks, erase, wrong
from tests.people import citizen
from tests.portal.standing import to_correct
from workflows.documents.examine import Taken
from workflows.documents.storing import HOUSEHOLD, File, Giver, add, content_of, documents_of, remove
from workflows.intake.submit import Accepted

SEEN = b"%PDF-1.7 what the document shows"
NAMES = tuple(SQLModel.metadata.tables)
# What a look at the database itself moves.
RESTLESS = {"worker", "daily_job", "attempt"}


@pytest.fixture
def taken(database: str, broker: str) -> Accepted:
    """A case that is being corrected, with three documents: of the household, of an officer, and one taken back."""
    case = to_correct()
    file_clean(1, 40)
    for sent, giver in ((b"1", HOUSEHOLD), (b"2", Giver("Amina", "caseworker")), (b"3", HOUSEHOLD)):
        document = added(case, sent, giver)
    transact(lambda connection: remove(connection, case.case_id, document, clock.now()))
    return case


def added(case: Accepted, sent: bytes, giver: Giver = HOUSEHOLD) -> str:
    """The id of a document that was added."""
    file = File(sent, "bill", Taken("application/pdf", 1, SEEN))
    return transact(lambda connection: add(connection, case.case_id, file, clock.now(), giver))


def whole() -> dict[str, list[tuple[str]]]:
    """Every row of every table."""
    return everything(*(each for each in NAMES if each not in RESTLESS))


def opened(case: Accepted) -> list[bytes]:
    """What the documents of a case show that are there."""
    with transaction() as connection:
        there = [each for each in documents_of(connection, case.case_id) if each.there]
        return [content_of(connection, case.case_id, each.id)[1] for each in there]


def back_up(folder: Path) -> Path:
    """A backup of the database, as an operator makes it."""
    close_pool()
    kept = folder / "backup"
    run("pg_dump", "--format=custom", f"--file={kept}", str(settings().database_url))
    return kept


def bring_back(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Restores a backup into a new database, to which the settings point from now on."""
    close_pool()
    address = str(settings().database_url)
    name = value("select current_database()")
    close_pool()
    restored = address.replace(name, f"{name}_restored")
    run("createdb", f"--maintenance-db={address}", f"{name}_restored")
    run("pg_restore", f"--dbname={restored}", "--no-owner", str(kept))
    monkeypatch.setenv("SIJIL_DATABASE_URL", restored)
    forget_settings()


def run(program: str, *arguments: str) -> None:
    """Runs a program of PostgreSQL."""
    subprocess.run([str(binaries() / program), *arguments], check=True, capture_output=True)


def test_a_refused_answer_and_a_second_removal_change_no_row_of_any_table(taken: Accepted) -> None:
    before = whole()
    with transaction() as connection:
        gone = next(each.id for each in documents_of(connection, taken.case_id) if each.removed)
    transact(lambda connection: remove(connection, taken.case_id, gone, clock.now()))
    added(taken, b"1")  # the same file once more
    with pytest.raises(NotFound):
        transact(lambda connection: remove(connection, taken.case_id, "unknown", clock.now()))
    assert whole() == before


def test_a_document_changes_these_tables_and_no_other(taken: Accepted) -> None:
    before = whole()
    added(taken, b"one more")
    after = whole()
    assert {name for name in before if before[name] != after[name]} == {
        "document",
        "event",
        "cases",
        "audit_entry",
        "desk_item",
    }
    assert {name: len(after[name]) - len(before[name]) for name in ("document", "event", "audit_entry", "cases")} == {
        "document": 1,
        "event": 1,
        "audit_entry": 1,
        "cases": 0,
    }


def test_an_erasure_takes_every_document_of_its_case_and_no_row_of_another(taken: Accepted, anchors: Path) -> None:
    other = to_correct(20)
    added(other, b"of another household")
    citizen(taken, "withdrawal")
    anchor(anchors)
    before = {
        name: [row for row in found if f"({other.case_id}," in row[0]] for name, found in whole().items()
    }  # of the tables whose first column is the case
    theirs = rows("select * from document where case_id = %s", other.case_id)

    erase(taken)

    assert (
        rows("select content, wrapped_key, digest from document where case_id = %s", taken.case_id)
        == [(None, None, None)] * 3
    )
    assert rows("select * from document where case_id = %s", other.case_id) == theirs
    after = {name: [row for row in found if f"({other.case_id}," in row[0]] for name, found in whole().items()}
    assert after == before
    assert wrong() == ({}, [])
    assert breaks(anchors) == []
    kinds = "select count(*) from event where case_id = %s and kind like 'Document%%' and facts is null"
    assert value(kinds, taken.case_id) == 4
    assert opened(other) == [SEEN]


def test_a_whole_backup_brings_every_row_back_and_the_documents_open_with_the_keys_that_are_kept_apart(
    taken: Accepted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, anchors: Path
) -> None:
    anchor(anchors)
    before, shown = whole(), opened(taken)
    assert shown == [SEEN] * 2
    kept = back_up(tmp_path)
    assert SEEN not in kept.read_bytes()

    bring_back(kept, monkeypatch)

    assert whole() == before
    assert opened(taken) == shown
    assert wrong() == ({}, [])
    assert breaks(anchors) == []
    monkeypatch.setenv("SIJIL_HOME", str(tmp_path / "another home"))
    forget_settings()
    assert examined() == {"documents_without_key": 2}


def test_a_backup_from_before_a_removal_beside_a_newer_history_is_told(
    taken: Accepted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the table of documents was restored, from an older backup than the rest."""
    document = added(taken, b"4")
    old = rows("select content, wrapped_key, digest from document where id = %s", document)[0]
    last = value("select seq from document where id = %s", document)
    transact(lambda connection: remove(connection, taken.case_id, document, clock.now()))
    fifth = added(taken, b"5")
    assert examined() == {}

    rows(
        "update document set content = %s, wrapped_key = %s, digest = %s, removed_seq = null where seq = %s", *old, last
    )
    rows("delete from document where id = %s", fifth)

    assert examined() == {"documents_missing": 2}, "the removal, and the one that came after the backup"


def test_a_history_from_before_a_document_came_beside_newer_documents_is_told(taken: Accepted) -> None:
    document = added(taken, b"4")
    seq = value("select seq from document where id = %s", document)
    assert examined() == {}
    rows("delete from event where (case_id, seq) = (%s, %s)", taken.case_id, seq)
    assert examined()["documents_without_event"] == 1
