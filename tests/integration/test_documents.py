"""Documents of households are sealed at rest, rotate to a newer key, and go with their case."""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from models import clock
from models.database import transact, transaction
from models.errors import Broken, NotFound, Refused, Stale, Unavailable
from models.settings import new_document_key, settings
from tests.conftest import forget_settings
from tests.filing import file_clean, rows, value
from tests.integration.auditing import erase
from tests.integration.running import Run
from tests.papers import a_pdf, a_picture
from tests.people import citizen
from tests.portal.standing import to_correct
from workflows.documents.examine import Taken
from workflows.documents.sealing import digest_of
from workflows.documents.storing import File, add, content_of, rotate
from workflows.documents.taking import take
from workflows.history.retention import retain
from workflows.intake.submit import Accepted

SEEN = b"%PDF-1.7 what the document shows"


@pytest.fixture
def taken(database: str, broker: str) -> Accepted:
    """An application that its household corrects."""
    return to_correct()


def added(taken: Accepted, sent: bytes = b"as it was sent") -> str:
    """The id of a document that was added."""
    file = File(sent, "bill", Taken("application/pdf", 1, SEEN))
    return transact(lambda connection: add(connection, taken.case_id, file, clock.now()))


def opened(taken: Accepted, document: str) -> bytes:
    """What a document shows."""
    with transaction() as connection:
        return content_of(connection, taken.case_id, document)[1]


def keys(monkeypatch: pytest.MonkeyPatch, *given: str) -> None:
    """Sets the keys of documents."""
    monkeypatch.setenv("SIJIL_DOCUMENT_KEYS", " ".join(given))
    forget_settings()


def test_what_a_document_shows_stands_nowhere_in_the_database(taken: Accepted) -> None:
    document = added(taken)
    assert opened(taken, document) == SEEN
    ((row, content),) = rows("select document::text, content from document")
    assert SEEN.hex() not in row
    assert SEEN not in content
    assert value("select length(wrapped_key) from document") == 12 + 32 + 16
    with transaction() as connection:
        assert digest_of(taken.case_id, b"x") != digest_of(taken.case_id + 1, b"x"), "one file in two cases is two"
        assert connection.execute("select 1").fetchone()


@pytest.mark.parametrize(
    "change",
    [
        "content = set_byte(content, 20, get_byte(content, 20) # 1)",
        "content = substring(content from 1 for 5)",
        "wrapped_key = set_byte(wrapped_key, 20, get_byte(wrapped_key, 20) # 1)",
        "wrapped_key = ''",
        "id = 'another'",
    ],
)
def test_a_row_that_was_changed_does_not_open_and_says_nothing_of_what_it_holds(taken: Accepted, change: str) -> None:
    document = added(taken)
    rows(f"update document set {change}")
    with pytest.raises(Broken) as broken:
        opened(taken, "another" if "another" in change else document)
    assert "does not open" in str(broken.value)
    assert broken.value.__cause__ is None
    assert broken.value.__suppress_context__


def test_a_document_that_is_moved_to_another_case_does_not_open_there(taken: Accepted) -> None:
    document = added(taken)
    (other,) = file_clean(1)
    rows("update document set case_id = %s", other.case_id)
    with pytest.raises(Broken):
        opened(other, document)
    with pytest.raises(NotFound):
        opened(taken, document)


def test_a_key_that_the_settings_lack_is_named_and_not_taken_for_tampering(
    taken: Accepted, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, newer = new_document_key(), new_document_key()
    keys(monkeypatch, older)
    document = added(taken)
    keys(monkeypatch, newer)
    with pytest.raises(Unavailable) as missing:
        opened(taken, document)
    assert older.partition(":")[0] in str(missing.value)
    assert older.partition(":")[2] not in str(missing.value)


def test_rotation_wraps_every_key_again_in_batches_and_leaves_the_content_as_it_is(
    taken: Accepted, monkeypatch: pytest.MonkeyPatch, sijil: Run
) -> None:
    older, newer = new_document_key(), new_document_key()
    keys(monkeypatch, older)
    documents = [added(taken, bytes([each])) for each in range(3)]
    before = rows("select id, content from document order by id")
    keys(monkeypatch, newer, older)
    assert transact(lambda connection: rotate(connection, 2)) == 2
    assert rows("select key_id, count(*) from document group by 1 order by 2") == [
        (older.partition(":")[0], 1),
        (newer.partition(":")[0], 2),
    ]
    assert [opened(taken, each) for each in documents] == [SEEN] * 3, "half of it done, all open"

    ran = sijil("documents", "rotate")

    assert ran.code == 0, ran
    assert rows("select id, content from document order by id") == before
    keys(monkeypatch, newer)
    assert [opened(taken, each) for each in documents] == [SEEN] * 3
    assert value("select count(*) from audit_entry where act = 'rotate_keys'") == 1


def test_a_transaction_that_ends_before_its_commit_leaves_no_document_and_no_entry(taken: Accepted) -> None:
    file = File(b"sent", "bill", Taken("application/pdf", 1, SEEN))
    with suppress(ZeroDivisionError), transaction() as connection:
        add(connection, taken.case_id, file, clock.now())
        raise ZeroDivisionError
    assert value("select count(*) from document") == 0
    assert value("select count(*) from audit_entry where act = 'add_document'") == 0
    added(taken, b"sent")
    assert value("select count(*) from document") == 1


def test_a_rotation_that_ends_before_its_commit_leaves_every_document_as_it_was(
    taken: Accepted, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, newer = new_document_key(), new_document_key()
    keys(monkeypatch, older)
    document = added(taken)
    keys(monkeypatch, newer, older)
    with suppress(ZeroDivisionError), transaction() as connection:
        rotate(connection, 10)
        raise ZeroDivisionError
    assert value("select key_id from document") == older.partition(":")[0]
    assert opened(taken, document) == SEEN


def test_a_case_that_takes_no_documents_refuses_one_and_so_does_one_that_has_too_many(
    taken: Accepted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIJIL_MAX_DOCUMENTS", "2")
    forget_settings()
    for each in range(2):
        added(taken, bytes([each]))
    with pytest.raises(Refused) as refused:
        added(taken, b"one more")
    assert refused.value.code == "too_many_documents"
    rows("update cases set stage = 'parked' where id = %s", taken.case_id)
    with pytest.raises(Stale):
        added(taken, b"another")


def test_erasing_a_case_takes_what_its_documents_show_and_their_keys(taken: Accepted) -> None:
    document = added(taken)
    citizen(taken, "withdrawal")
    erase(taken)
    assert rows("select content, wrapped_key, digest from document") == [(None, None, None)]
    with pytest.raises(NotFound):
        opened(taken, document)


def test_retention_takes_documents_a_year_after_the_end_of_their_case(
    taken: Accepted, monkeypatch: pytest.MonkeyPatch
) -> None:
    added(taken)
    citizen(taken, "withdrawal")
    rows("update cases set stage_since = now() - interval '364 days' where id = %s", taken.case_id)
    assert retain()["document"] == 0
    rows("update cases set stage_since = stage_since - interval '2 days' where id = %s", taken.case_id)
    assert retain()["document"] == 1
    assert rows("select content, wrapped_key, digest from document") == [(None, None, None)]
    assert retain()["document"] == 0


def test_keys_that_nobody_set_are_made_once_and_a_new_one_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIJIL_HOME", str(tmp_path))
    forget_settings()
    made = settings().document_keyring()
    assert settings().document_keyring() == made
    path = settings().document_keys_file()
    assert path.stat().st_mode & 0o777 == 0o600
    newest = settings().add_document_key()
    assert list(settings().document_keyring()) == [newest, *made]
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    path.write_text("", encoding="utf-8")
    with pytest.raises(Unavailable):
        settings().document_keyring()


@pytest.mark.parametrize("given", ["", "nocolon", "a:short", "a:%%%", "é:" + "A" * 43 + "=", "a:" + "A" * 44])
def test_keys_that_cannot_be_read_are_told_and_not_shown(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("SIJIL_DOCUMENT_KEYS", given)
    forget_settings()
    with pytest.raises(ValueError, match="document_keys") as error:
        settings()
    assert not given or given not in str(error.value)


def test_a_file_is_examined_in_a_process_that_has_no_settings_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONSTARTUP", "/nowhere")
    assert take(a_picture()).media_type == "image/jpeg"
    assert take(a_pdf()).pages == 2


def test_a_process_that_the_system_ends_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows.documents.taking.SECONDS", timedelta(milliseconds=1).total_seconds())
    with pytest.raises(Refused) as refused:
        take(a_picture())
    assert refused.value.code == "too_complex"
