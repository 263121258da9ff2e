"""The search for likely duplicates in the register: who is found, how the keys are kept, and what the command says."""

import json
from typing import Any

import psycopg
import pytest
from structlog.testing import capture_logs

from models import clock
from models.database import transaction
from tests.factories import an_idcs
from tests.filing import examined, rows, value
from tests.integration.running import Run
from workflows.matching.duplicates.record import Record, record_of
from workflows.matching.duplicates.scoring import Zone
from workflows.population.life import Told, change
from workflows.registers import duplicates
from workflows.registers.duplicates import Found, likely_duplicates
from workflows.registers.enrol import enrol
from workflows.registers.name_shares import count_names

pytestmark = pytest.mark.usefixtures("database")
NADIA: dict[str, Any] = {
    "given_name_ar": "نادية", "family_name_ar": "بنعلي", "given_name_la": "Nadia", "family_name_la": "Benali",
    "birth_date": "1984-07-12", "birth_precision": "day", "sex": "female", "cin": "BE123456", "status": "alive",
    "phone": "+212661234567", "commune": "Sefrou", "address": "12 rue des Oliviers, hay Nour",
}  # fmt: skip
STRANGER: dict[str, Any] = NADIA | {
    "given_name_ar": "كريم", "family_name_ar": "الفاسي", "given_name_la": "Karim", "family_name_la": "El Fassi",
    "birth_date": "1990-02-03", "sex": "male", "cin": "C98765", "phone": None, "commune": "Fès",
}  # fmt: skip


def registered(*persons: dict[str, Any]) -> list[str]:
    numbers = [an_idcs(place) for place in range(1, len(persons) + 1)]
    assert enrol(person | {"idcs": number} for person, number in zip(persons, numbers, strict=True)) == len(persons)
    return numbers


def found(record: Record, *besides: str) -> Found:
    with transaction() as connection:
        return likely_duplicates(connection, record, besides)


def again(**changes: Any) -> Record:
    return record_of(NADIA | changes)


def test_a_person_is_found_again_by_another_spelling_without_the_card_and_a_stranger_is_not() -> None:
    nadia, stranger = registered(NADIA, STRANGER)

    hits = found(
        again(given_name_ar=None, family_name_ar=None, given_name_la="Nadya", family_name_la="Ben Ali", cin=None)
    )

    assert [each.idcs for each in hits.candidates] == [nadia]
    assert hits.candidates[0].zone is Zone.PROBABLE
    assert hits.capped == ()
    assert found(record_of(STRANGER), stranger).candidates == []


def test_who_has_a_name_in_one_script_is_found_by_the_other() -> None:
    arabic = NADIA | {"given_name_la": None, "family_name_la": None}
    (number,) = registered(arabic)
    hits = found(again(given_name_ar=None, family_name_ar=None, cin=None))
    assert [each.idcs for each in hits.candidates] == [number]


def test_the_same_card_goes_first() -> None:
    same_card = STRANGER | {"cin": "be-123456", "birth_date": "1984-01-01", "birth_precision": "year"}
    without_card, by_card = registered(NADIA | {"cin": None}, same_card)
    assert [(each.idcs, each.zone) for each in found(again()).candidates] == [
        (by_card, Zone.SAME_CARD),
        (without_card, Zone.PROBABLE),
    ]


def test_a_twin_and_a_brother_are_at_most_possible() -> None:
    twin = NADIA | {"given_name_ar": "سعاد", "given_name_la": "Souad", "cin": None}
    brother = twin | {"given_name_ar": "كريم", "given_name_la": "Karim", "sex": "male", "birth_date": "1986-01-20"}
    registered(twin, brother)
    assert {each.zone for each in found(again(cin=None)).candidates} <= {Zone.POSSIBLE}


def test_who_died_is_found_too_and_shown_as_that() -> None:
    registered(NADIA | {"status": "deceased"})
    assert [each.status for each in found(again()).candidates] == ["deceased"]


def test_a_key_that_many_have_is_cut_short_and_the_log_says_so_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "MOST_OF_KEY", 3)
    monkeypatch.setattr(duplicates, "SEARCH", duplicates.SEARCH.replace("limit 101", "limit 4"))
    registered(*(NADIA | {"cin": f"BE{place}", "phone": None} for place in range(6)))

    with capture_logs() as logs:
        hits = found(again(cin=None, phone=None))

    assert hits.compared == 4
    assert set(hits.capped) >= {"day", "year"}
    ((line),) = [each for each in logs if "duplicates" in each["event"]]
    assert line["kinds"] == hits.capped
    assert not any(word in json.dumps(line, ensure_ascii=False, default=str) for word in ("Nadia", "نادية", "1984"))


def test_nobody_can_be_written_without_keys() -> None:
    (number,) = registered(NADIA)
    for wrong in ("'{}'", "null"):
        with pytest.raises(psycopg.errors.IntegrityError):
            rows(f"update person set keys = {wrong} where idcs = '{number}'")


def test_doctor_finds_somebody_whose_keys_are_those_of_another_name(ready: Run) -> None:
    registered(NADIA, STRANGER)
    assert examined() == {}
    rows("update person set keys = (select keys from person order by id desc limit 1) where given_name_la = 'Nadia'")
    assert examined() == {"person_keys_changed": 1}
    assert ready("persons", "renew-keys", "--json").json == {"renewed": 1}
    assert examined() == {}


def test_who_takes_another_name_is_found_by_it_and_no_more_by_the_old_one() -> None:
    number, _ = registered(NADIA, STRANGER)
    new = {
        "family_name_ar": "الزرهوني",
        "family_name_la": "Zerhouni",
        "given_name_ar": "سعاد",
        "given_name_la": "Souad",
    }
    with transaction() as connection:
        change(connection, number, Told(clock.now(), "officer:0123456789abcdef", None), new, renamed=True)
    found_now = found(again(**new, cin=None, phone=None, address=None))
    assert [each.idcs for each in found_now.candidates] == [number]
    assert found(again(cin=None, phone=None, commune=None)).compared == 0
    assert "person_keys_changed" not in examined()


def test_names_are_counted_and_a_frequent_one_says_less() -> None:
    registered(*(STRANGER | {"cin": f"C{place}", "birth_date": f"19{place + 50}-05-06"} for place in range(40)), NADIA)
    before = bits_of_name(again(cin=None))
    rows("analyze person")
    with transaction() as connection:
        assert count_names(connection) == 3  # Karim, El Fassi, Fès
    assert value("select max(share) from name_share") == pytest.approx(40 / 41)
    karim = record_of(STRANGER)
    assert bits_of_name(again(cin=None)) == before
    assert bits_of_name(karim._replace(cin=None)) < before - 8


def bits_of_name(record: Record) -> float:
    candidate = found(record).candidates
    return max((reason.bits for each in candidate for reason in each.reasons if reason.field == "given"), default=0.0)


def test_a_phone_is_read_as_it_is_written_and_nonsense_is_refused(ready: Run) -> None:
    nadia, _ = registered(NADIA, STRANGER)
    given = ("persons", "duplicates", "--given-la", "Nadia", "--family-la", "Benali", "--as", "amina")
    national = ready(*given, "--phone", "06 61 23 45 67", "--json").json
    assert national == ready(*given, "--phone", "+212661234567", "--json").json
    assert [each["idcs"] for each in national["candidates"]] == [nadia]
    assert "The telephone is the same" in str(national)
    wrong = ready(*given, "--phone", "nonsense")
    assert (wrong.code, "phone: Is not a phone number." in wrong.err) == (2, True)


def test_who_may_be_whom_is_printed_with_reasons_and_noted(ready: Run) -> None:
    nadia, _ = registered(NADIA, STRANGER)
    ran = ready("persons", "duplicates", "--given-la", "Nadya", "--family-la", "Ben Ali", "--born", "1984-12-07",
                "--phone", "+212661234567", "--as", "amina", "--json")  # fmt: skip
    assert [each["idcs"] for each in ran.json["candidates"]] == [nadia]
    assert ran.out.startswith(nadia)
    assert "Day and month of birth are in each other's place" in ran.out
    assert "Nadia" not in ran.out
    assert rows("select act, cardinality(persons) from audit_entry") == [("search_persons", 1)]
