"""References that nobody can guess, secrets that come back the same, and pseudonyms that name nobody."""

import re

import pytest

from models.settings import settings
from workflows.intake.receipts import ALPHABET, is_secret_of, new_reference, normal, secret_for
from workflows.staff.signatures import pseudonym

REFERENCE = "RSU-7K3M-9QWX-2D5T"


def test_a_reference_begins_with_a_letter_and_has_sixty_bits_in_groups_of_four() -> None:
    assert re.fullmatch(rf"RSU(-[{ALPHABET}]{{4}}){{3}}", new_reference())
    assert len(ALPHABET) == len(set(ALPHABET)) == 32


def test_no_two_references_are_alike() -> None:
    assert len({new_reference() for _ in range(10_000)}) == 10_000


def test_no_letter_of_a_reference_can_be_mistaken_for_another() -> None:
    assert set("ILOU").isdisjoint(ALPHABET)


@pytest.mark.parametrize(
    "typed",
    ["rsu-7k3m-9qwx-2d5t", "RSU7K3M9QWX2D5T", "7K3M-9QWX-2D5T", " rsu 7k3m 9qwx 2d5t ", "7k3m9qwx2d5t"],
)
def test_a_reference_is_found_however_it_was_typed(typed: str) -> None:
    assert normal(typed) == REFERENCE


def test_look_alikes_are_forgiven() -> None:
    assert normal("RSU-OIL0-1111-0000") == normal("RSU-0110-1111-0000") == "RSU-0110-1111-0000"


def test_what_is_written_in_full_stays_as_it_is() -> None:
    for _ in range(200):
        reference = new_reference()
        assert normal(reference) == reference


def test_a_repeated_request_gets_the_same_secret(secret_key: pytest.MonkeyPatch) -> None:
    assert secret_for(REFERENCE) == secret_for(REFERENCE)
    assert re.fullmatch(rf"[{ALPHABET}]{{10}}", secret_for(REFERENCE))
    assert secret_for(REFERENCE) != secret_for(REFERENCE[:-1] + "V")


def test_another_installation_has_another_secret(secret_key: pytest.MonkeyPatch) -> None:
    ours = secret_for(REFERENCE)
    secret_key.setenv("SIJIL_SECRET_KEY", "the key of another")
    settings.cache_clear()
    assert secret_for(REFERENCE) != ours


def test_only_its_own_secret_belongs_to_a_reference(secret_key: pytest.MonkeyPatch) -> None:
    secret = secret_for(REFERENCE)
    assert is_secret_of(REFERENCE, secret)
    assert is_secret_of(REFERENCE, f" {secret.lower()} ")
    wrong = [secret[:-1], secret[::-1] + "0", "", "ة", secret_for(new_reference()), REFERENCE]
    assert not any(is_secret_of(REFERENCE, each) for each in wrong)


def test_a_pseudonym_is_the_same_for_one_person_and_names_nobody(secret_key: pytest.MonkeyPatch) -> None:
    known = pseudonym("officer", "Nadia Bennis")
    assert {pseudonym("officer", typed) for typed in ("Nadia Bennis", "nadia bennis", " NADIA  Bennis ")} == {known}
    assert len({known, pseudonym("officer", "Omar Rifi"), pseudonym("operator", "Nadia Bennis")}) == 3
    assert re.fullmatch(r"officer:[0-9a-f]{16}", known)


def test_secrets_and_people_are_the_same_from_another_keyboard(secret_key: pytest.MonkeyPatch) -> None:
    """Two spellings of one caseworker would be the two people that a refusal needs."""
    assert is_secret_of(
        REFERENCE,
        "\u200f" + "\u200d".join(secret_for(REFERENCE).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))) + "\u2069",
    )
    typed = (
        "Aïcha Bennis 7",
        "Ai\u0308cha\u00a0Bennis ٧",
        "\u200fAïcha Ben\u200dnis 7\u2069",
        "ＡＩ\u0308ＣＨＡ Bennis 7",
    )
    assert len({pseudonym("officer", each) for each in typed}) == 1


def test_a_caseworker_and_a_reference_never_share_a_digest(secret_key: pytest.MonkeyPatch) -> None:
    """Secrets and pseudonyms come from one key: what is signed says what it is for."""
    assert pseudonym("officer", "x").split(":")[1] != secret_for("actor.officer.x")
