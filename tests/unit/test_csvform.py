"""Applications as a table: what is written is read back, and rows that contradict each other are named."""

import json
from typing import Any

import pytest

from models.errors import Problem
from tests.factories import a_body, a_head, an_application, an_idcs, bodies_of_table
from workflows.bodies.declaration import ApplicationBody
from workflows.bodies.reading import valid
from workflows.intake.files.csvform import (
    HEADER,
    body_of_rows,
    contradictions,
    csv_lines,
    keys_of_halves,
    possible_keys,
)
from workflows.intake.files.tables import Header, Row

ORDINARY = an_application(
    belongings={"mobile_phones": 2, "antenna": True},
    bills={"gas": "50", "water_electricity": ["190.5", "200"], "telecom": "49.90"},
)


def written(*applications: ApplicationBody, delimiter: str = ",") -> str:
    """A table of these, header first."""
    return "".join([",".join(HEADER) + "\r\n", *(line for each in applications for line in csv_lines(each))]).replace(
        ",", delimiter
    )


def application_in(text: str) -> ApplicationBody:
    (body,) = bodies_of_table(text)
    return valid(ApplicationBody, body)


def header_of(*names: str, separator: str = ",") -> Header:
    return Header(list(names), separator, 1)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_an_application_is_read_back_as_it_was_written(delimiter: str) -> None:
    assert application_in(written(ORDINARY, delimiter=delimiter)) == ORDINARY


@pytest.mark.parametrize(
    ("cell", "read_as"),
    [
        ("oui", True),
        ("NON", False),
        ("نعم", True),
        ("لا", False),
        ("Vrai", True),
        ("faux", False),
        ("true", True),
        ("0", False),
        ("on", "on"),
        ("2", "2"),
    ],
)
def test_a_question_may_be_answered_in_three_languages(cell: str, read_as: object) -> None:
    body = body_of_rows(["application", "housing.bath_or_shower", "member.declarant"], [["1", cell, cell]])
    assert body["housing"]["bath_or_shower"] == body["members"][0]["declarant"] == read_as


def test_a_name_that_reads_like_an_answer_stays_a_name() -> None:
    body = body_of_rows(
        ["application", "commune", "member.family_name_la", "member.family_name_ar"], [["1", "Non", "Oui", "لا"]]
    )
    assert (body["commune"], body["members"]) == ("Non", [{"family_name_la": "Oui", "family_name_ar": "لا"}])


def test_a_whole_number_is_one() -> None:
    assert body_of_rows(["application", "housing.rooms", "commune"], [["1", "3", "Sidi Ifni"]]) == {
        "application": "1",
        "housing": {"rooms": 3},
        "commune": "Sidi Ifni",
        "members": [{}],
    }


def test_an_empty_cell_is_an_answer_left_out() -> None:
    assert body_of_rows(["application", "phone", "member.idcs", "member.cin"], [["1", "", an_idcs(1), ""]]) == {
        "application": "1",
        "members": [{"idcs": an_idcs(1)}],
    }


def test_of_three_bills_the_middle_one_may_be_missing() -> None:
    names = ["application", "bills.water_electricity.1", "bills.water_electricity.2", "bills.water_electricity.3"]
    assert body_of_rows(names, [["1", "100", "", "120"]])["bills"] == {"water_electricity": ["100", "120"]}


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_where_the_comma_separates_nothing_an_amount_may_have_a_decimal_comma(delimiter: str) -> None:
    text = written(ORDINARY, delimiter=delimiter).replace("190.5", "190,5").replace("49.90", "49,90")
    assert application_in(text) == ORDINARY


@pytest.mark.parametrize(("cell", "read_as"), [("74,50", "74.50"), ("74.50", "74.50"), ("1.234,50", "1.234.50")])
def test_an_amount_with_thousands_quarantined_is_left_as_nonsense_to_be_refused(cell: str, read_as: str) -> None:
    names = ["application", "commune", "bills.gas", "bills.water_electricity.1"]
    body = body_of_rows(names, [["1", "A,B", cell, cell]], ",")
    assert (body["bills"], body["commune"]) == ({"gas": read_as, "water_electricity": [read_as]}, "A,B")


def test_a_text_that_holds_the_separator_stands_in_quotes() -> None:
    assert application_in(written(an_application(commune="Douar A, Mohammedia"))).commune == "Douar A, Mohammedia"


def test_of_the_household_a_cell_may_stand_in_one_of_its_rows_alone() -> None:
    names = ["application", "commune", "bills.water_electricity.1", "bills.water_electricity.2", "member.idcs"]
    assert body_of_rows(names, [["1", "", "", "120", "1"], ["1", "Fes", "100", "", "2"]]) == {
        "application": "1",
        "commune": "Fes",
        "bills": {"water_electricity": ["100", "120"]},
        "members": [{"idcs": "1"}, {"idcs": "2"}],
    }


def test_rows_that_say_different_things_of_a_household_are_named_both() -> None:
    header = header_of("application", "commune", "phone", "housing.bath_or_shower", "housing.rooms", "member.idcs")
    rows = [
        (4, ["1", "Fes", "", "oui", "2", "1"]),
        (9, ["1", "", "0612345678", "نعم", "02", "2"]),
        (17, ["1", "Taza", "", "true", "2", "3"]),
    ]
    assert contradictions(header, rows) == [Problem("commune", "Lines 4 and 17 say different things of one household.")]


@pytest.mark.parametrize(
    ("separator", "cells", "differ"),
    [
        (";", ("60", "60,00"), False),
        (";", ("6.5", "6,50"), False),
        (",", ("060", "60.0"), False),
        (";", ("60", "60,000"), True),
        (";", ("60", "60,01"), True),
    ],
)
def test_an_amount_is_the_same_however_many_digits_are_written(
    separator: str, cells: tuple[str, str], differ: bool
) -> None:
    header = header_of("application", "bills.gas", "bills.water_electricity.1", separator=separator)
    found = contradictions(header, [(2, ["1", cells[0], cells[0]]), (3, ["1", cells[1], cells[1]])])
    assert [each["field"] for each in found] == (header.names[1:] if differ else [])


@pytest.mark.parametrize(
    ("names", "cells", "may_be"),
    [
        (("application", "commune", "region"), ["A", "Fes"], ["A"]),
        (("application", "commune", "region"), ["A", "Douar", "Fes", "6"], ["A", "Douar", "ADouar", "A,Douar"]),
        (("commune", "region", "application"), ["Douar", "Fes", "6", "A"], ["A", "6", "6A", "6,A"]),
        (("commune", "application", "region"), ["Douar", "Fes", "A", "6"], ["Fes", "A", "FesA", "Fes,A"]),
        (("commune", "application", "region"), ["A", "6"], ["A", "6"]),
        (("application", "commune", "region"), ["", "Fes"], [""]),
        (("commune", "region", "application"), ["Fes"], ["Fes"]),
        (
            ("application", "commune", "region"),
            ["A", 'B"C', "Fes", "6"],
            ["A", "BC", "ABC", "A,BC", "B", "C", "AB", "A,B"],
        ),
    ],
)
def test_a_row_with_too_many_or_too_few_cells_belongs_to_the_applications_that_may_stand_in_it(
    names: tuple[str, ...], cells: list[str], may_be: list[str]
) -> None:
    assert possible_keys(header_of(*names), Row(2, ",".join(cells), cells, "Wrong.")) == may_be


@pytest.mark.parametrize(
    ("first", "second", "may_be"),
    [
        (["20"], ["26-1", "Fes", "6"], ["2026-1", "26-1"]),
        (["26-1", "Fes", "6"], ["x"], ["26-1"]),
        (["20", "Fes"], ["26-1"], []),
    ],
)
def test_rows_that_a_line_break_may_have_parted_belong_to_the_application_of_the_whole(
    first: list[str], second: list[str], may_be: list[str]
) -> None:
    rows = [
        Row(line, ",".join(cells), cells, "Wrong." if len(cells) < 3 else None)
        for line, cells in enumerate((first, second))
    ]
    assert list(dict.fromkeys(keys_of_halves(header_of("application", "commune", "region"), *rows))) == may_be


def test_columns_come_in_any_order() -> None:
    body: dict[str, Any] = a_body(members=[a_head()])
    head = body["members"][0]
    sent = {
        "member.idcs": head["idcs"],
        "member.relationship": "head",
        "member.declarant": "oui",
        "member.sex": "male",
        "member.birth_date": head["birth_date"],
        "member.given_name_ar": head["given_name_ar"],
        "member.family_name_ar": head["family_name_ar"],
        "housing.rooms": "2",
        "housing.dwelling": "flat",
        "commune": "Mohammedia",
        "region": "6",
        "milieu": "urban",
        "application": "A",
    }
    assert application_in(",".join(sent) + "\n" + ",".join(sent.values()) + "\n").head.idcs == head["idcs"]


def test_every_field_of_a_declaration_has_a_column() -> None:
    written = json.loads(ORDINARY.model_dump_json())
    flat = {name for name, value in written.items() if not isinstance(value, dict | list)}
    flat |= {f"{group}.{name}" for group in ("housing", "belongings") for name in written[group]}
    flat |= {"bills.gas", "bills.telecom", *(f"bills.water_electricity.{i}" for i in (1, 2, 3))}
    flat |= {f"member.{name}" for name in written["members"][0]}
    assert set(HEADER) == flat
