"""Who lost the receipt is found by reference, identifier, phone or name, in the territory of who searches alone."""

from typing import Any

import pytest

from models import clock
from models.database import transact
from models.errors import Refused
from tests.appealing import an_appeal
from tests.changing import change_of, declare
from tests.factories import an_idcs
from tests.filing import (
    Body,
    Worker,
    a_household,
    changed,
    clean,
    drain_all,
    examined,
    file,
    register,
    rows,
    value,
)
from tests.integration.auditing import erase
from tests.people import citizen
from tests.staffing import an_acting
from workflows.audit import pseudonyms
from workflows.desk.search import Found, search
from workflows.intake.submit import Accepted
from workflows.staff.guard import OWNER, Acting
from workflows.staff.roles import Territory

SALMA = Acting("salma", unproved=True)
KHALID = {
    "given_name_ar": "خالد",
    "family_name_ar": "بنعلي",
    "given_name_la": None,
    "family_name_la": None,
}


def finds(text: str, who: Acting = SALMA) -> Found:
    return transact(lambda connection: search(connection, who, text, clock.now()))


def found(text: str, who: Acting = SALMA) -> set[int]:
    return {each.case_id for each in finds(text, who).hits}


def filed(**of_head: Any) -> tuple[Body, Accepted]:
    """An application whose first member has this name, beside three others."""
    made = clean(4)
    register(made)
    body = changed(made[0].body, 0, **(KHALID | of_head)) | {"phone": "0612345678"}
    taken = file(body, *[each.body for each in made[1:]])
    return body, taken[0]


@pytest.mark.parametrize(
    "text",
    [
        "خالد بنعلي",
        "بنعلي خالد",
        "Khalid Benali",
        "khaled BEN ALI",
        "Benali Khalid",
        "خَالِد بن علي",
        "Khalid El Benali",
        "M. Khalid Benali",
    ],
)
def test_a_name_is_found_in_either_script_and_order_however_it_is_spelled(database: str, text: str) -> None:
    _, taken = filed()
    assert taken.case_id in found(text)


@pytest.mark.parametrize("text", ["Khadija Benali", "Khalid Bennani", "خالدة بنعلي", "Karim Alaoui"])
def test_another_name_is_not(database: str, text: str) -> None:
    _, taken = filed()
    assert taken.case_id not in found(text)


def test_a_reference_an_identifier_and_a_phone_are_found_however_they_are_typed(database: str) -> None:
    body, taken = filed()
    idcs = body["members"][0]["idcs"]
    for text in (
        taken.reference,
        taken.reference.lower().replace("-", " "),
        idcs,
        f" {idcs[:5]} {idcs[5:]}",
        idcs.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")),
        "06 12 34 56 78",
        "+212612345678",
    ):
        assert found(text) == {taken.case_id}, text
    assert [finds(text).by for text in (taken.reference, idcs, "0612345678", "a b")] == [
        "reference",
        "idcs",
        "phone",
        "name",
    ]
    for text in ("RSU-0000-0000-0000", an_idcs(99), "0699999999"):
        assert found(text) == set()


def test_a_hit_says_as_little_as_tells_it_apart(database: str) -> None:
    body, taken = filed(birth_date="1971-03-04", birth_precision="day")
    (hit,) = finds(body["members"][0]["idcs"]).hits
    assert (hit.reference, hit.kind, hit.stage, hit.commune, hit.birth_year) == (
        taken.reference,
        "registration",
        "submitted",
        body["commune"],
        1971,
    )


def test_every_case_of_a_household_is_found_its_appeals_too(home: tuple[Body, Accepted], worker: Worker) -> None:
    body, receipt = home
    change = declare(receipt, change_of(changed(body, bills={"telecom": "90"}), "bills"))
    appeal = an_appeal(receipt, "index", contested=[{"path": "bills.telecom", "should_be": "49.50"}])
    drain_all(worker())
    assert found(body["members"][0]["idcs"]) == {receipt.case_id, change.case_id, appeal.case_id}
    assert examined() == {}


def test_whoever_a_correction_names_is_found_and_whoever_it_leaves_out_is_not(worker: Worker) -> None:
    made = a_household(members=3)
    register([made])
    wrong = changed(made.body, 1, idcs=an_idcs(600_000_000))
    (receipt,) = file(wrong)
    drain_all(worker())
    assert found(an_idcs(600_000_000)) == {receipt.case_id}
    citizen(receipt, "correction", made.body)
    assert found(an_idcs(600_000_000)) == set()
    assert found(made.body["members"][1]["idcs"]) == {receipt.case_id}
    drain_all(worker())
    assert examined() == {}


def test_nobody_is_found_in_another_territory_nor_without_the_right(home: tuple[Body, Accepted]) -> None:
    body, receipt = home
    region, province = rows("select region, province from cases where id = %s", receipt.case_id)[0]
    idcs = body["members"][0]["idcs"]
    here = an_acting("here", "caseworker", Territory(region, province))
    far = an_acting("far", "supervisor", Territory(region % 12 + 1))
    for text in (idcs, receipt.reference):
        assert found(text, here) == {receipt.case_id}
        assert found(text, far) == set()
    for who in (an_acting("omar", "operator"), an_acting("aud", "auditor")):
        with pytest.raises(Refused, match="may do this"):
            finds(idcs, who)
    assert found(idcs, OWNER) == {receipt.case_id}


def test_each_search_is_noted_with_a_pseudonym_and_never_with_what_was_typed(home: tuple[Body, Accepted]) -> None:
    body, receipt = home
    idcs = body["members"][0]["idcs"]
    finds(idcs)
    finds("No Body")
    noted = rows(
        "select act, case_ids, persons, count, detail ->> 'by' from audit_entry where act = 'search' order by id"
    )
    assert noted == [
        ("search", [receipt.case_id], [pseudonyms.person("idcs", idcs)], 1, "idcs"),
        ("search", [], [pseudonyms.person("name", "No Body")], 0, "name"),
    ]
    assert not [text for (text,) in rows("select a::text from audit_entry a") if idcs in text or "No Body" in text]


@pytest.mark.parametrize("text", ["", "   ", "Khalid", "0612", "+21261234567890", "?", "a" * 150 + " " + "b" * 150])
def test_by_too_little_or_too_much_nobody_is_searched(database: str, text: str) -> None:
    with pytest.raises(Refused) as error:
        finds(text)
    assert error.value.code == "nothing_to_search"
    assert value("select count(*) from audit_entry") == 0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("12", "idcs_length"),
        ("123456789012345678", "idcs_length"),
        (an_idcs(12)[::-1], "idcs_check_digit"),
        (" ٢٢٢٢٢ ٢٢٢٢٢ ", "idcs_check_digit"),
    ],
)
def test_a_number_that_can_be_no_identifier_is_told_as_what_it_is(database: str, text: str, code: str) -> None:
    with pytest.raises(Refused) as error:
        finds(text)
    assert error.value.code == code
    assert value("select count(*) from audit_entry") == 0


def test_at_most_twenty_five_are_shown_the_latest_first_and_that_there_are_more(database: str) -> None:
    made = clean(27)
    register(made)
    taken = file(*[changed(each.body, 0, **KHALID) for each in made])
    shown = finds("Khalid Benali")
    assert ([each.case_id for each in shown.hits], shown.more) == (
        sorted((each.case_id for each in taken), reverse=True)[:25],
        True,
    )


def test_who_was_erased_is_not_found_by_anything_but_the_reference(worker: Worker) -> None:
    made = a_household(members=3)
    register([made])
    (receipt,) = file(made.body | {"phone": "0612345678"})
    citizen(receipt, "withdrawal")
    assert found(made.body["members"][0]["idcs"]) == {receipt.case_id}
    erase(receipt)
    for text in (made.body["members"][0]["idcs"], "0612345678"):
        assert found(text) == set()
    (hit,) = finds(receipt.reference).hits
    assert (hit.commune, hit.birth_year) == (None, None)
    assert rows("select keys from desk_search where case_id = %s", receipt.case_id) == [(None,)]
    assert examined() == {}
