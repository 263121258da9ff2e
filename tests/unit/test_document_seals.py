"""How a document is sealed, and at which stages one comes and goes: without any server."""

from hashlib import sha256

import pytest

from models.errors import Broken, Unavailable
from models.settings import new_document_key
from tests.conftest import forget_settings
from workflows.documents.sealing import (
    Sealed,
    bound_to,
    digest_of,
    key_of,
    known_keys,
    newest_key_id,
    seal,
    unlocked,
    unseal,
    wrap_again,
    wrap_opens,
)
from workflows.documents.storing import before_decision, moment_at_desk, moment_of
from workflows.flows import PARKED, places

SEEN = b"what it shows"
BEFORE = {
    ("registration", "needs_correction"),
    ("registration", "identity_in_doubt"),
    ("registration", "under_review"),
    ("registration", "hearing"),
    ("update", "conflicting"),
    ("update", "leaving"),
    ("update", "needs_correction"),
    ("update", "identity_in_doubt"),
    ("update", "under_review"),
    ("update", "hearing"),
    ("update", "changing_phone"),
    ("enrolment", "pre_enrolled"),
    ("enrolment", "attested"),
    ("enrolment", "possible_duplicate"),
    ("appeal", "queued"),
    ("appeal", "under_examination"),
    ("appeal", "information_asked"),
    ("appeal", "proposed"),
    ("appeal", "with_supervisor"),
    ("appeal", "with_commission"),
}


def keys(monkeypatch: pytest.MonkeyPatch, *given: str) -> None:
    """Sets the keys of documents."""
    monkeypatch.setenv("SIJIL_DOCUMENT_KEYS", " ".join(given))
    forget_settings()


@pytest.fixture(autouse=True)
def one_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of documents, and a secret."""
    monkeypatch.setenv("SIJIL_SECRET_KEY", "a key for the tests")
    keys(monkeypatch, new_document_key())


def own_key(document: str, case_id: int, sealed: Sealed) -> bytes:
    """The key of a document, unwrapped."""
    return unlocked(key_of(sealed.key_id), sealed.wrapped_key, bound_to(document, case_id) + sealed.key_id.encode())


def test_each_document_has_a_key_and_a_nonce_of_its_own_even_if_it_shows_the_same() -> None:
    made = [seal("a", 1, SEEN), seal("a", 1, SEEN), seal("b", 1, SEEN)]
    assert len({each.content for each in made}) == 3
    assert len({each.content[:12] for each in made}) == 3
    assert len({each.wrapped_key[:12] for each in made}) == 3
    assert len({own_key(document, 1, each) for document, each in zip("aab", made, strict=True)}) == 3
    assert all(SEEN not in each.content for each in made)


@pytest.mark.parametrize(("document", "case_id"), [("b", 1), ("a", 2)])
def test_neither_content_nor_key_opens_in_another_place(document: str, case_id: int) -> None:
    sealed, other = seal("a", 1, SEEN), seal(document, case_id, b"another")
    assert unseal("a", 1, sealed) == SEEN
    for moved in (sealed, other._replace(content=sealed.content), other._replace(wrapped_key=sealed.wrapped_key)):
        with pytest.raises(Broken):
            unseal(document, case_id, moved)
    with pytest.raises(Broken):
        wrap_again(document, case_id, sealed.wrapped_key, sealed.key_id)
    assert wrap_opens("a", 1, sealed.wrapped_key, sealed.key_id)
    assert not wrap_opens(document, case_id, sealed.wrapped_key, sealed.key_id)


def test_a_key_is_bound_to_the_name_of_the_key_that_wraps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, same = new_document_key().partition(":")
    keys(monkeypatch, f"one:{same}", f"other:{same}")
    sealed = seal("a", 1, SEEN)
    with pytest.raises(Broken):
        unseal("a", 1, sealed._replace(key_id="other"))


def test_the_newest_key_wraps_and_an_older_one_opens_until_it_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    older, newer = new_document_key(), new_document_key()
    keys(monkeypatch, older)
    sealed = seal("a", 1, SEEN)
    keys(monkeypatch, newer, older)
    assert (newest_key_id(), sealed.key_id) == (newer.partition(":")[0], older.partition(":")[0])
    assert unseal("a", 1, sealed) == SEEN
    wrapped_key, key_id = wrap_again("a", 1, sealed.wrapped_key, sealed.key_id)
    keys(monkeypatch, newer)
    assert unseal("a", 1, Sealed(sealed.content, wrapped_key, key_id)) == SEEN
    with pytest.raises(Unavailable):
        unseal("a", 1, sealed)
    assert list(known_keys()) == [key_id]


@pytest.mark.parametrize("part", ["content", "wrapped_key"])
def test_no_byte_of_a_seal_changes_unseen(part: str) -> None:
    sealed = seal("a", 1, SEEN)
    whole = getattr(sealed, part)
    for place in range(len(whole)):
        changed = bytes([*whole[:place], whole[place] ^ 1, *whole[place + 1 :]])
        with pytest.raises(Broken):
            unseal("a", 1, Sealed(**{**sealed._asdict(), part: changed}))


def test_nobody_without_our_key_can_test_which_file_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = digest_of(1, SEEN)
    assert mine == digest_of(1, SEEN)
    assert mine not in (
        digest_of(2, SEEN),
        digest_of(1, SEEN + b"x"),
        sha256(SEEN).digest(),
        sha256(b"1" + SEEN).digest(),
    )
    monkeypatch.setenv("SIJIL_SECRET_KEY", "another key of the tests")
    forget_settings()
    assert digest_of(1, SEEN) != mine


def test_a_document_is_taken_back_at_the_stages_of_people_before_the_decision_and_at_no_other() -> None:
    stages = {(kind, stage.name) for kind, stage in places()}
    assert {place for place in stages if before_decision(*place)} == BEFORE
    assert not before_decision("registration", PARKED)
    assert ("appeal", "correction_blocked") in stages


def test_an_officer_adds_wherever_one_may_be_taken_back_and_the_household_where_it_is_asked() -> None:
    stages = {(kind, stage.name) for kind, stage in places()}
    # A document may come with an appeal that the machine has not looked at yet.
    assert {place for place in stages if moment_at_desk(*place)} == BEFORE | {("appeal", "lodged")}
    assert {place for place in stages if moment_of(*place)} < BEFORE | {("appeal", "lodged")}
    assert {moment_at_desk(*place) for place in BEFORE} == {
        "appeal",
        "correction",
        "desk",
        "hearing",
        "question",
    }
    assert moment_at_desk("registration", PARKED) == moment_of("appeal", PARKED) == ""
