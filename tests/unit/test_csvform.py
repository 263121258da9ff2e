"""Applications as a table: what is written is read back, and a wrong header says which column."""

import json
from typing import Any

import pytest

from models.errors import Refused
from sijil.csvform import HEADER, Cells, nested, read, rows
from tests.factories import a_body, a_head, an_application
from workflows.declaration import ApplicationBody

ORDINARY = an_application(
    belongings={"mobile_phones": 2, "antenna": True}, bills={"gas": "50", "water_electricity": ["190.5", "200"], "telecom": "49.90"},
)  # fmt: skip


def table(*applications: ApplicationBody, delimiter: str = ",") -> list[str]:
    """A table of these, header first, as lines."""
    lines = [",".join(HEADER) + "\r\n", *(line for each in applications for line in rows(each))]
    return [line.replace(",", delimiter) for line in lines]


def application_of(cells: Cells) -> ApplicationBody:
    return ApplicationBody.model_validate(cells.body)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_an_application_is_read_back_as_it_was_written(delimiter: str) -> None:
    (cells,) = read(table(ORDINARY, delimiter=delimiter))
    assert application_of(cells) == ORDINARY


def test_a_byte_order_mark_and_blank_lines_are_no_matter() -> None:
    lines = table(ORDINARY)
    (cells,) = read(["\ufeff" + lines[0], "\r\n", *lines[1:], ",,,\r\n"])
    assert application_of(cells) == ORDINARY


def test_rows_of_one_application_belong_together_and_each_knows_its_line() -> None:
    second = an_application(application="sender-2", members=[a_head()])
    found = list(read(table(ORDINARY, second)))
    assert [(each.application, each.line, len(each.body["members"])) for each in found] == [("sender-1", 2, 4), ("sender-2", 6, 1)]


@pytest.mark.parametrize(
    ("cell", "read_as"),
    [("oui", True), ("NON", False), ("نعم", True), ("لا", False), ("Vrai", True), (" faux ", False), ("true", True), ("0", False), ("on", "on"), ("2", "2")],
)
def test_a_question_may_be_answered_in_three_languages(cell: str, read_as: object) -> None:
    body = nested(["application", "housing.bath_or_shower", "member.declarant"], [["1", cell, cell]])
    assert body["housing"]["bath_or_shower"] == body["members"][0]["declarant"] == read_as


def test_a_name_that_reads_like_an_answer_stays_a_name() -> None:
    body = nested(["application", "commune", "member.family_name_la", "member.family_name_ar"], [["1", "Non", "Oui", "لا"]])
    assert (body["commune"], body["members"]) == ("Non", [{"family_name_la": "Oui", "family_name_ar": "لا"}])


def test_a_cell_is_trimmed_and_may_count_in_arabic_indic_digits() -> None:
    assert nested(["application", "housing.rooms", "commune"], [["1", " ٣ ", "  Sidi Ifni "]]) == {
        "application": "1", "housing": {"rooms": 3}, "commune": "Sidi Ifni", "members": [{}],
    }  # fmt: skip


def test_an_empty_cell_is_an_answer_left_out() -> None:
    assert nested(["application", "phone", "member.idcs", "member.cin"], [["1", "", "1000000001", " "]]) == {
        "application": "1", "members": [{"idcs": "1000000001"}],
    }  # fmt: skip


def test_of_three_bills_the_middle_one_may_be_missing() -> None:
    names = ["application", "bills.water_electricity.1", "bills.water_electricity.2", "bills.water_electricity.3"]
    assert nested(names, [["1", "100", "", "120"]])["bills"] == {"water_electricity": ["100", "120"]}


def test_where_semicolons_separate_an_amount_may_have_a_decimal_comma() -> None:
    lines = [line.replace("190.5", "190,5").replace("49.90", "49,90") for line in table(ORDINARY, delimiter=";")]
    (cells,) = read(lines)
    assert application_of(cells) == ORDINARY


@pytest.mark.parametrize(("cell", "read_as"), [("74,50", "74.50"), ("74.50", "74.50"), ("٧٤,٥", "74.5"), ("1.234,50", "1.234.50")])
def test_an_amount_with_thousands_set_apart_is_left_as_nonsense_to_be_refused(cell: str, read_as: str) -> None:
    names = ["application", "commune", "bills.gas", "bills.water_electricity.1"]
    body = nested(names, [["1", "A,B", cell, cell]], ",")
    assert (body["bills"], body["commune"]) == ({"gas": read_as, "water_electricity": [read_as]}, "A,B")


@pytest.mark.parametrize(("old", "new", "cells"), [("Mohammedia", "Douar A, Mohammedia", 1), ("\r\n", ",\r\n", 1), (",none\r\n", "\r\n", -1)])
def test_a_row_with_more_or_fewer_cells_than_columns_is_told_by_its_line(old: str, new: str, cells: int) -> None:
    header, first, second, *rest = table(ORDINARY)
    assert old in second
    (found,) = read([header, first, second.replace(old, new), *rest])
    assert found.flaw == f"Line 3 has {len(HEADER) + cells} cells, the first line has {len(HEADER)}: a text that holds the separator needs quotes."


def test_a_text_that_holds_the_separator_stands_in_quotes() -> None:
    (found,) = read(table(an_application(commune="Douar A, Mohammedia")))
    assert (found.flaw, found.body["commune"]) == (None, "Douar A, Mohammedia")


def test_columns_come_in_any_order() -> None:
    body: dict[str, Any] = a_body(members=[a_head()])
    head = body["members"][0]
    sent = {
        "member.idcs": head["idcs"], "member.relationship": "head", "member.declarant": "oui", "member.sex": "male", "member.birth_date": head["birth_date"],
        "member.given_name_ar": head["given_name_ar"], "member.family_name_ar": head["family_name_ar"], "housing.rooms": "2", "housing.dwelling": "flat",
        "commune": "Mohammedia", "region": "6", "milieu": "urban", "application": "A",
    }  # fmt: skip
    (cells,) = read([",".join(sent) + "\n", ",".join(sent.values()) + "\n"])
    assert application_of(cells).head.idcs == head["idcs"]


def header_without(name: str) -> str:
    return ",".join(each for each in HEADER if each != name)


@pytest.mark.parametrize(
    ("header", "code", "said"),
    [
        (",".join(HEADER) + ",member.colour", "unknown_column", "'member.colour'"),
        (",".join(HEADER).replace("housing.rooms", "housing.room"), "unknown_column", "is housing.rooms meant"),
        (",".join(HEADER) + ",region", "column_twice", "'region'"),
        (header_without("member.idcs"), "column_missing", "'member.idcs'"),
        (header_without("application"), "column_missing", "'application'"),
        ("", "column_missing", "'application'"),
    ],
)
def test_a_wrong_header_says_which_column(header: str, code: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        list(read([header]))
    assert refused.value.code == code
    assert said in str(refused.value)


def test_every_field_of_a_declaration_has_a_column() -> None:
    written = json.loads(ORDINARY.model_dump_json())
    flat = {name for name, value in written.items() if not isinstance(value, dict | list)}
    flat |= {f"{group}.{name}" for group in ("housing", "belongings") for name in written[group]}
    flat |= {"bills.gas", "bills.telecom", *(f"bills.water_electricity.{i}" for i in (1, 2, 3))}
    flat |= {f"member.{name}" for name in written["members"][0]}
    assert set(HEADER) == flat
