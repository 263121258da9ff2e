"""Documents are events of their case: who gave or took one back, and where rows and events differ."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from models import clock
from models.database import transact, transaction
from models.errors import NotFound, Refused, Stale
from models.settings import new_document_key, settings
from notifications.notices import notices
from tests.conftest import forget_settings
from tests.filing import current_stage, events_of, everything, examined, facts_of, rows, value, version_of
from tests.integration.auditing import anchor, breaks, erase, replayed, wrong
from tests.people import caseworker, citizen, ring_timers
from tests.portal.standing import proposed, to_correct, under_review, work_off
from workflows.casework.answers import CitizenAnswer, answer_of_citizen
from workflows.documents.examine import Taken
from workflows.documents.storing import HOUSEHOLD, File, Giver, add, content_of, documents_of, remove
from workflows.history.retention import retain
from workflows.intake.submit import Accepted

SEEN = b"%PDF-1.7 what the document shows"
AMINA = Giver("Amina", "caseworker")


@pytest.fixture
def taken(database: str, broker: str) -> Accepted:
    """An application that its household corrects."""
    return to_correct()


def added(taken: Accepted, sent: bytes = b"as it was sent", giver: Giver = HOUSEHOLD, shows: str = "bill") -> str:
    """The id of a document that was added."""
    file = File(sent, shows, Taken("application/pdf", 1, SEEN))
    return transact(lambda connection: add(connection, taken.case_id, file, clock.now(), giver))


def removed(taken: Accepted, document: str) -> None:
    """The household takes a document back."""
    transact(lambda connection: remove(connection, taken.case_id, document, clock.now()))


def test_a_document_is_an_event_of_its_case_that_says_all_but_what_it_shows(taken: Accepted, tmp_path: Path) -> None:
    before = version_of(taken)
    anchor(tmp_path)
    document = added(taken)
    assert rows("select seq, actor from event where kind = 'DocumentAdded'") == [(before + 1, "declarant")]
    assert version_of(taken) == before + 1
    facts = facts_of(taken, "DocumentAdded")
    about = ("document", "media_type", "size", "pages", "moment", "shows")
    assert [facts[name] for name in about] == [document, "application/pdf", len(SEEN), 1, "correction", "bill"]
    assert facts["digest"] == value("select encode(sha256(content), 'hex') from document")
    assert set(facts) == {*about, "digest", "type"}
    assert current_stage(taken) == "needs_correction"
    assert examined() == {}
    assert replayed().mismatches == []
    anchor(tmp_path)
    assert breaks(tmp_path) == []


def test_a_document_of_an_officer_is_signed_and_noted_and_the_household_may_take_it_back(taken: Accepted) -> None:
    document = added(taken, giver=AMINA)
    ((actor,),) = rows("select actor from event where kind = 'DocumentAdded'")
    assert actor.startswith("officer:")
    assert rows("select actor, role, act from audit_entry where act like '%%document'") == [
        (actor, "caseworker", "take_document")
    ]
    assert examined() == {}
    removed(taken, document)
    assert examined() == {}


def test_what_a_household_takes_back_is_gone_at_once_and_that_it_was_there_stays(taken: Accepted) -> None:
    document = added(taken)
    for _ in range(2):
        removed(taken, document)
    assert rows("select content, wrapped_key, digest from document") == [(None, None, None)]
    with transaction() as connection:
        ((stored),) = documents_of(connection, taken.case_id)
        assert (stored.there, stored.removed, stored.shows) == (False, True, "bill")
        with pytest.raises(NotFound):
            content_of(connection, taken.case_id, document)
    assert events_of(taken)[-2:] == ["DocumentAdded", "DocumentRemoved"]
    assert facts_of(taken, "DocumentRemoved")["document"] == document
    assert rows("select actor, act from audit_entry where act like '%%document' order by id") == [
        ("declarant", "add_document"),
        ("declarant", "remove_document"),
    ]
    assert wrong() == ({}, [])
    assert added(taken) != document, "the same file may be added anew"
    assert wrong() == ({}, [])


def test_nobody_adds_and_takes_back_for_ever(taken: Accepted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIJIL_MAX_DOCUMENTS", "3")
    forget_settings()
    for _ in range(3):
        removed(taken, added(taken))
    with pytest.raises(Refused):
        added(taken)


def test_a_document_of_another_case_and_one_that_never_was_are_not_taken_back(taken: Accepted) -> None:
    other = under_review()
    document = added(taken)
    for case, unknown in ((other, document), (taken, "unknown")):
        with pytest.raises(NotFound):
            removed(case, unknown)
    assert value("select count(*) from document where content is not null") == 1


def test_nothing_is_taken_back_while_the_machine_decides_or_once_it_is_decided(taken: Accepted) -> None:
    document = added(taken)
    rows("update cases set stage = 'verified' where id = %s", taken.case_id)
    with pytest.raises(Stale):
        removed(taken, document)
    rows("update cases set stage = 'parked' where id = %s", taken.case_id)
    with pytest.raises(Stale):
        removed(taken, document)
    rows("update cases set stage = 'needs_correction' where id = %s", taken.case_id)
    citizen(taken, "withdrawal")
    with pytest.raises(Stale):
        removed(taken, document)
    assert examined() == {}


def test_documents_make_nothing_stale_that_the_household_has_begun_but_a_caseworker_looks_again(
    database: str, broker: str
) -> None:
    taken = proposed()
    seen = version_of(taken)
    removed(taken, added(taken))
    added(taken, b"another")
    sent = CitizenAnswer(taken.reference, taken.secret, "statement", seen, statement="The bill shows it.")
    transact(lambda connection: answer_of_citizen(connection, sent, clock.now(), notices))
    assert current_stage(taken) == "under_review"
    seen = version_of(taken)
    added(taken, b"at a desk", AMINA)
    with pytest.raises(Stale):
        caseworker(taken, "clear", "not_shown", version=seen)
    assert value("select version from desk_item where case_id = %s", taken.case_id) == version_of(taken)
    assert wrong() == ({}, [])


def test_a_version_that_never_was_is_stale_with_and_without_documents(taken: Accepted) -> None:
    added(taken)
    for version in (0, version_of(taken) + 1):
        with pytest.raises(Stale):
            citizen(taken, "withdrawal", version=version)


def test_a_case_goes_on_to_its_end_with_the_documents_that_it_took(taken: Accepted) -> None:
    deadline, since = rows("select deadline, stage_since from cases")[0]
    added(taken)
    removed(taken, added(taken, b"another"))
    assert rows("select deadline, stage_since from cases") == [(deadline, since)], "its term goes on"
    with clock.at(deadline + timedelta(minutes=1)):
        ring_timers()
        work_off()
    assert current_stage(taken) == "lapsed"
    assert wrong() == ({}, [])


CHANGES: dict[str, tuple[str, str]] = {
    "a byte of its content": ("documents_changed", "content = set_byte(content, 20, get_byte(content, 20) # 1)"),
    "a byte of its key": (
        "documents_changed",
        "wrapped_key = set_byte(wrapped_key, 20, get_byte(wrapped_key, 20) # 1)",
    ),
    "what it shows": ("documents_changed", "shows = 'income'"),
    "its size": ("documents_changed", "size = size + 1"),
    "its pages": ("documents_changed", "pages = 9"),
    "its kind": ("documents_changed", "media_type = 'image/jpeg'"),
    "for what": ("documents_changed", "moment = 'appeal'"),
    "when": ("documents_changed", "at = at - interval '1 hour'"),
    "who": ("documents_changed", "actor = 'officer:0123456789abcdef'"),
    "its id": ("documents_changed", "id = 'another'"),
    "its content gone": ("documents_changed", "content = null"),
    "its key gone": ("documents_changed", "wrapped_key = null"),
    "its digest gone": ("documents_changed", "digest = null"),
    "all gone unsaid": ("documents_changed", "content = null, wrapped_key = null, digest = null"),
    "another event": ("documents_without_event", "seq = 1"),
    "taken back unsaid": (
        "documents_without_event",
        "content = null, wrapped_key = null, digest = null, removed_seq = 99",
    ),
    "another case": ("documents_without_event", "case_id = 999999"),
    "its row": ("documents_missing", ""),
    "another key": ("documents_without_key", "key_id = 'none-of-ours'"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_doctor_tells_what_was_changed_is_missing_or_came_from_nowhere(taken: Accepted, change: str) -> None:
    added(taken)
    assert examined() == {}
    count, assignment = CHANGES[change]
    rows(f"update document set {assignment}" if assignment else "delete from document")
    assert examined()[count] >= 1


def test_the_doctor_tells_two_documents_that_changed_places(taken: Accepted) -> None:
    added(taken), added(taken, b"another")
    rows("update document d set content = o.content from document o where o.id <> d.id")
    assert examined() == {"documents_changed": 2}


def test_the_doctor_tells_one_that_came_back_after_it_was_taken_back(taken: Accepted) -> None:
    document = added(taken)
    kept = rows("select content, wrapped_key, digest from document")[0]
    removed(taken, document)
    rows("alter table document drop constraint document_removed_whole")
    rows("update document set content = %s, wrapped_key = %s, digest = %s", *kept)
    assert examined() == {"documents_changed": 1}
    rows("update document set removed_seq = null")
    assert examined()["documents_missing"] == 1


def by_law(taken: Accepted, document: str) -> None:
    """Its case is erased by law."""
    citizen(taken, "withdrawal")
    erase(taken)


def by_age(taken: Accepted, document: str) -> None:
    """Its period of retention is over."""
    citizen(taken, "withdrawal")
    with clock.at(clock.now() + timedelta(days=366)):
        retain()


@pytest.mark.parametrize("go", [by_law, by_age])
def test_what_is_erased_or_expired_is_no_fault_and_what_comes_back_after_an_erasure_is(
    taken: Accepted, go: Callable[[Accepted, str], None]
) -> None:
    document = added(taken)
    removed(taken, added(taken, b"another"))
    kept = rows("select content, wrapped_key, digest from document where id = %s", document)[0]
    go(taken, document)
    assert value("select count(*) from document where num_nonnulls(content, wrapped_key, digest) > 0") == 0
    with clock.at(clock.now() + timedelta(days=366)):
        assert wrong() == ({}, [])
        rows("update document set content = %s, wrapped_key = %s, digest = %s where id = %s", *kept, document)
        assert wrong()[0] == ({"documents_changed": 1} if go is by_law else {})
        rows("delete from document where id = %s", document)
        assert wrong()[0] == {"documents_missing": 1}, "that it was there is said for ever"


def test_a_rotated_key_is_no_fault_and_asking_makes_no_key(
    taken: Accepted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    older, newer = new_document_key(), new_document_key()
    for keys, found in ((older, {}), (f"{newer} {older}", {}), (newer, {"documents_without_key": 1})):
        monkeypatch.setenv("SIJIL_DOCUMENT_KEYS", keys)
        forget_settings()
        if keys == older:
            added(taken)
        assert examined() == found
    monkeypatch.delenv("SIJIL_DOCUMENT_KEYS")
    monkeypatch.setenv("SIJIL_HOME", str(tmp_path))
    forget_settings()
    assert examined()["documents_without_key"] == 1
    assert not settings().document_keys_file().exists()


def test_a_transaction_that_ends_before_its_commit_takes_nothing_back(taken: Accepted) -> None:
    document, before = added(taken), everything("document", "event", "audit_entry", "cases")
    with suppress(ZeroDivisionError), transaction() as connection:
        remove(connection, taken.case_id, document, clock.now())
        raise ZeroDivisionError
    assert everything("document", "event", "audit_entry", "cases") == before


def test_an_answer_that_came_before_the_document_counts_as_it_was_sent(taken: Accepted) -> None:
    """The answer's own version is what the household saw."""
    seen = version_of(taken)
    added(taken)
    answer = CitizenAnswer(taken.reference, taken.secret, "withdrawal", seen)
    transact(lambda connection: answer_of_citizen(connection, answer, clock.now(), notices))
    assert current_stage(taken) == "withdrawn"
