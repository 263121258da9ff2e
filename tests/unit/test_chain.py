"""Every part of an event enters its hash: none can be changed unnoticed, and facts can be erased without a break."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from tests.factories import NOW, a_recorded
from workflows.engine.chain import GENESIS, SALT_BYTES, Sealed, commitment_to, event_hash, seal
from workflows.events.event import CaseErased
from workflows.events.registration import Contribution, Lapsed, PersonsVerified, ReviewCleared, ScoreComputed
from workflows.evidence import TimePassed

SALT = bytes(range(16))
EVENT = PersonsVerified(rules="verify-2026-12")
EVIDENCE = TimePassed(at=NOW)
RECORDED = a_recorded(EVENT, seq=3)
ORDINARY = seal(GENESIS, 7, RECORDED, EVIDENCE, salt=SALT)


def test_the_same_event_gives_the_same_hash() -> None:
    assert seal(GENESIS, 7, RECORDED, EVIDENCE, salt=SALT) == ORDINARY


CHANGED: dict[str, Callable[[], Sealed]] = {
    "the hash before": lambda: seal(bytes(31) + b"\1", 7, RECORDED, EVIDENCE, salt=SALT),
    "the case": lambda: seal(GENESIS, 8, RECORDED, EVIDENCE, salt=SALT),
    "the sequence": lambda: seal(GENESIS, 7, a_recorded(EVENT, seq=4), EVIDENCE, salt=SALT),
    "the kind": lambda: seal(GENESIS, 7, a_recorded(ReviewCleared(reason="moved"), seq=3), EVIDENCE, salt=SALT),
    "the facts": lambda: seal(GENESIS, 7, a_recorded(PersonsVerified(rules="other"), seq=3), EVIDENCE, salt=SALT),
    "the time": lambda: seal(
        GENESIS, 7, a_recorded(EVENT, seq=3, at=NOW + timedelta(microseconds=1)), EVIDENCE, salt=SALT
    ),
    "the actor": lambda: seal(GENESIS, 7, a_recorded(EVENT, seq=3, actor="officer:1"), EVIDENCE, salt=SALT),
    "the evidence": lambda: seal(GENESIS, 7, RECORDED, TimePassed(at=NOW, by="officer:1"), salt=SALT),
    "the messages owed": lambda: seal(GENESIS, 7, RECORDED, EVIDENCE, bytes(32), SALT),
    "the salt": lambda: seal(GENESIS, 7, RECORDED, EVIDENCE, salt=bytes(16)),
}


@pytest.mark.parametrize("part", CHANGED)
def test_a_change_of_any_part_changes_the_hash(part: str) -> None:
    assert CHANGED[part]().hash != ORDINARY.hash


def test_no_part_can_be_moved_into_its_neighbour() -> None:
    commitment = bytes(32)
    hashes = {
        event_hash(GENESIS, 1, 23, "K", NOW, "a", commitment),
        event_hash(GENESIS, 12, 3, "K", NOW, "a", commitment),
        event_hash(GENESIS, 1, 23, "Ka", NOW, "", commitment),
        event_hash(GENESIS, 1, 23, "K", NOW, "aa", commitment),
    }
    assert len(hashes) == 4
    assert commitment_to(SALT, b"ab", b"c") != commitment_to(SALT, b"a", b"bc")


def test_an_event_verifies_from_what_is_stored_with_it() -> None:
    found = ORDINARY
    assert commitment_to(found.salt, found.evidence, found.facts) == found.commitment
    assert (
        event_hash(GENESIS, 7, 3, found.kind, found.recorded.at, found.recorded.actor, found.commitment) == found.hash
    )


def test_an_erased_event_still_verifies_without_facts_and_salt() -> None:
    after = seal(ORDINARY.hash, 7, a_recorded(CaseErased(events=3), seq=4), EVIDENCE, salt=bytes(16))
    rehashed = event_hash(GENESIS, 7, 3, ORDINARY.kind, NOW, "sijil", ORDINARY.commitment)
    assert event_hash(rehashed, 7, 4, after.kind, NOW, "sijil", after.commitment) == after.hash


def test_facts_cannot_be_guessed_from_the_commitment_without_the_salt() -> None:
    """`Lapsed` has only one form: without a salt its commitment would tell it."""
    commitments = {seal(GENESIS, 7, a_recorded(Lapsed()), EVIDENCE).commitment for _ in range(100)}
    assert len(commitments) == 100


def test_salts_are_all_different_and_long_enough() -> None:
    drawn = [seal(GENESIS, 7, RECORDED, EVIDENCE).salt for _ in range(1000)]
    assert len(set(drawn)) == 1000
    assert {len(salt) for salt in drawn} == {SALT_BYTES}


def test_an_instant_enters_the_hash_as_utc_wherever_it_was_read() -> None:
    here = datetime(2026, 11, 24, 10, 0, tzinfo=timezone(timedelta(hours=1)))
    assert here == NOW == datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    assert event_hash(GENESIS, 7, 3, "K", here, "a", bytes(32)) == event_hash(GENESIS, 7, 3, "K", NOW, "a", bytes(32))


def test_a_score_enters_with_every_digit() -> None:
    def scored(text: str) -> bytes:
        term = Contribution("hh_size", Decimal(4), Decimal("-0.177"), Decimal("-0.708"))
        event = ScoreComputed(
            policy="p", score=Decimal(text), constant=Decimal(0), region=Decimal(0), contributions=(term,)
        )
        return seal(GENESIS, 7, a_recorded(event), EVIDENCE, salt=SALT).hash

    assert len({scored("9.5"), scored("9.50"), scored("9.5000000000000000000000001")}) == 3
