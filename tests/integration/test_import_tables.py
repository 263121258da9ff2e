"""Tables as offices send them: no household is taken in part, whatever stands in its rows and wherever they stand."""

import csv
import gzip
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from models.errors import Refused
from tasks.bootstrap import intake
from tests.filing import a_household, changed, clean, rows, value
from tests.integration.importing import Imported, fields, lines, table, unchecked_rows
from workflows.bodies.declaration import MOST_READ
from workflows.intake.files.csvform import HEADER
from workflows.intake.importing import ImportOutputs, import_file

pytestmark = pytest.mark.usefixtures("database", "broker")
MADE = [a_household(place, members=3).body for place in range(3)]


def rows_of(*bodies: dict[str, Any]) -> list[str]:
    """The rows of a table, without its header."""
    return table(*bodies).splitlines(keepends=True)[1:]


def stored() -> list[tuple[Any, ...]]:
    """Every declaration with its key."""
    return rows("select r.idempotency_key, d.body from case_body d join receipt r using (case_id) order by 1")


def test_households_whose_rows_stand_anywhere_in_the_file_are_brought_together(imported: Imported) -> None:
    imported(lines(*MADE))
    whole = [(key, len(body["members"])) for key, body in stored()]
    rows("truncate cases, receipt, case_body, event, message")
    mixed = rows_of(*MADE)
    random.Random(3).shuffle(mixed)

    counts, _ = imported(",".join(HEADER) + "\r\n" + "".join(mixed), "file.csv")

    assert counts == Counter(taken=3, repeated=0, refused=0)
    assert [(key, len(body["members"])) for key, body in stored()] == whole


def test_a_household_at_both_ends_of_a_long_file_is_one(imported: Imported, tmp_path: Path) -> None:
    first, *others = rows_of(MADE[0])
    between = "".join(
        line.replace(MADE[1]["application"], f"k{number}") for number in range(7_000) for line in rows_of(MADE[1])[:1]
    )

    outputs = ImportOutputs(tmp_path / "r")
    (tmp_path / "file.csv").write_text(",".join(HEADER) + "\r\n" + first + between + "".join(others))
    found = import_file(tmp_path / "file.csv", outputs, intake())

    assert value("select count(*) from receipt where idempotency_key = %s", f"import:{MADE[0]['application']}") == 1
    assert found.rows == Counter(
        read=7_000 + 1 + len(others), taken=2 + len(others), refused=6_999
    )  # of the 7,000 one declarant, once


@pytest.mark.parametrize("at", [0, 1, -1])
def test_a_quotation_mark_that_is_never_closed_costs_its_own_application(imported: Imported, at: int) -> None:
    sent = rows_of(*MADE)
    sent[at] = sent[at].replace(",urban,", ',"urban,').replace(",rural,", ',"rural,')
    its = MADE[-1 if at == -1 else 0]

    counts, (reject,) = imported(",".join(HEADER) + "\r\n" + "".join(sent), "file.csv")

    assert counts == Counter(taken=2, repeated=0, refused=1)
    assert (reject["application"], reject["rows"]) == (its["application"], len(its["members"]))
    assert fields(reject)["body"].startswith(f"Line {2 + (at if at >= 0 else len(sent) - 1)} has a quotation mark")


def test_a_row_that_is_broken_before_it_names_its_application_refuses_that_application_all_the_same(
    imported: Imported,
) -> None:
    columns = [*HEADER[1:], HEADER[0]]
    sent = [",".join([*cells[1:], cells[0]]) for cells in (row.strip().split(",") for row in rows_of(*MADE))]
    for wrong in ('"' + sent[1], "one, more," + sent[1]):
        counts, (reject,) = imported("\n".join([",".join(columns), sent[0], wrong, *sent[2:]]), "file.csv")
        assert (counts["taken"] + counts["repeated"], counts["refused"], reject["application"]) == (
            2,
            1,
            MADE[0]["application"],
        )


@pytest.mark.parametrize("wrong", ['{0}"', '"{0}', '{1}"{2}', '"""{0}"', '"{0}"""', '"{1}""{2}"'])
def test_a_quotation_mark_that_strayed_into_an_application_leaves_no_household_in_part(
    imported: Imported, wrong: str
) -> None:
    sent, key = rows_of(*MADE), MADE[0]["application"]
    sent[1] = sent[1].replace(key, wrong.format(key, key[:3], key[3:]), 1)

    counts, (reject,) = imported(",".join(HEADER) + "\r\n" + "".join(sent), "file.csv")

    assert counts == Counter(taken=2, repeated=0, refused=1)
    assert (reject["application"], reject["rows"]) == (key, len(MADE[0]["members"]))
    assert fields(reject)["body"].startswith("Line 3 has a quotation mark")


def test_two_quotation_marks_that_swallow_a_separator_leave_no_household_in_part(imported: Imported) -> None:
    sent = rows_of(*MADE)
    sent[1] = '"' + sent[1].replace(f",{MADE[0]['milieu']},", f',{MADE[0]["milieu"]}",', 1)

    counts, rejects = imported(",".join(HEADER) + "\r\n" + "".join(sent), "file.csv")

    assert counts == Counter(taken=2, repeated=0, refused=2)
    assert (rejects[0]["application"], rejects[0]["lines"][:2]) == (MADE[0]["application"], [2, 3])


def test_a_row_without_its_application_is_neither_taken_with_its_neighbours_nor_are_they_taken_without_it(
    imported: Imported,
) -> None:
    sent = rows_of(*MADE)
    merged = (
        len(MADE[0]["members"]) - 1
    )  # as where a spreadsheet's cells were merged: the last row of the first household
    sent[merged] = sent[merged].replace(MADE[0]["application"], "", 1)

    counts, rejects = imported(",".join(HEADER) + "\r\n" + "".join(sent), "file.csv")

    assert counts == Counter(taken=1, repeated=0, refused=3)
    assert [each["application"] for each in rejects] == [MADE[0]["application"], MADE[1]["application"], None]
    assert fields(rejects[0])["body"].startswith(f"Line {merged + 2} names no application")
    assert [key.removeprefix("import:") for key, _ in stored()] == [MADE[2]["application"]]


def test_a_row_ends_at_its_line_so_a_line_break_in_a_cell_refuses_the_application_that_has_it(
    imported: Imported,
) -> None:
    sent = rows_of(*MADE)
    place = sent[1].index(MADE[0]["commune"])
    sent[1] = sent[1][:place] + '"Douar\n' + sent[1][place:].replace(MADE[0]["commune"], MADE[0]["commune"] + '"', 1)

    counts, rejects = imported(",".join(HEADER) + "\r\n" + "".join(sent), "file.csv")

    assert counts == Counter(taken=2, repeated=0, refused=2)
    assert [(each["line"], each["rows"]) for each in rejects] == [(2, len(MADE[0]["members"])), (4, 1)]
    assert value("select count(*) from receipt where idempotency_key = %s", f"import:{MADE[0]['application']}") == 0


def test_a_later_row_that_says_something_else_of_the_household_refuses_it_with_both_lines(imported: Imported) -> None:
    sent = [
        *rows_of(MADE[1]),
        *list(unchecked_rows(MADE[0]))[:1],
        *list(unchecked_rows(changed(MADE[0], region=MADE[0]["region"] % 12 + 1)))[1:],
    ]
    begins = 2 + len(MADE[1]["members"])

    counts, (reject,) = imported(",".join(HEADER) + "\r\n" + "".join(sent), "file.csv")

    assert counts == Counter(taken=1, repeated=0, refused=1)
    assert fields(reject) == {"region": f"Lines {begins} and {begins + 1} say different things of one household."}
    assert reject["lines"] == list(range(begins, begins + len(MADE[0]["members"])))


def test_the_household_s_columns_may_be_filled_in_one_of_its_rows_alone(imported: Imported) -> None:
    shared = [place for place, name in enumerate(HEADER) if not name.startswith("member.") and name != "application"]
    cells = [row.strip().split(",") for row in rows_of(MADE[0])]
    bare = [
        ",".join("" if place in shared and number != 1 else cell for place, cell in enumerate(row))
        for number, row in enumerate(cells)
    ]

    assert imported("\n".join([",".join(HEADER), *bare]), "file.csv")[0]["taken"] == 1
    assert imported(lines(MADE[0]))[0]["repeated"] == 1


def test_a_key_in_other_code_points_is_the_same_key(imported: Imported) -> None:
    body = changed(MADE[0], application="2026-\u00e91")
    first, *others = rows_of(body)
    spelt = [
        row.replace("2026-\u00e91", each)
        for row, each in zip(others, ("\u0662\u0660\u0662\u0666-\u00e9\u0661", "\u200f2026-e\u03011"), strict=False)
    ]

    assert imported(",".join(HEADER) + "\r\n" + first + "".join([*spelt, *others[2:]]), "file.csv")[0] == Counter(
        taken=1, repeated=0, refused=0
    )


def test_more_rows_than_a_household_can_have_members_are_refused_in_bounded_memory(imported: Imported) -> None:
    row = rows_of(MADE[0])[0]

    counts, (reject,) = imported(",".join(HEADER) + "\r\n" + row * 5_000 + "".join(rows_of(MADE[1])), "file.csv")

    assert counts == Counter(taken=1, repeated=0, refused=1)
    assert (reject["rows"], len(reject["lines"])) == (5_000, MOST_READ + 1)
    assert fields(reject) == {"members": "Has 5,000 rows, of which the first is line 2: a row is a member."}


def test_a_header_that_comes_again_is_a_row_that_is_refused(imported: Imported) -> None:
    counts, (reject,) = imported(table(MADE[0]) + table(MADE[1]), "file.csv")

    assert counts == Counter(taken=2, repeated=0, refused=1)
    assert fields(reject) == {"body": f"Line {2 + len(MADE[0]['members'])} is the header again."}


@pytest.mark.parametrize("form", ["utf-16", "utf-16-le", "utf-16-be", "gzip", "cr", "sep", "columns"])
def test_what_spreadsheets_write_is_read(imported: Imported, form: str) -> None:
    text = table(*MADE, delimiter=";")
    content = {
        "gzip": gzip.compress(text.encode()),
        "cr": text.replace("\r\n", "\r").encode(),
        "sep": f"\ufeffsep=;\r\n{text}".encode(),
        "columns": text.replace("\r\n", ";;;\r\n").encode(),
    }.get(form) or text.encode(form)

    assert imported(content, "file.csv.gz" if form == "gzip" else "file.csv")[0] == Counter(
        taken=3, repeated=0, refused=0
    )


@pytest.mark.parametrize("name", ["stdin", "file.dat", "file.ndjson", "file.txt"])
def test_a_table_is_read_whatever_its_name(imported: Imported, name: str) -> None:
    assert imported("\ufeffsep=;\r\n" + table(*MADE, delimiter=";"), name)[0] == Counter(taken=3, repeated=0, refused=0)


@pytest.mark.parametrize("name", ["README.md", "README", "README.ndjson"])
def test_a_text_that_is_neither_table_nor_json_is_refused_once(imported: Imported, name: str) -> None:
    with pytest.raises(Refused, match="neither JSON nor a table"):
        imported("# Sijil\n\nThe case service, with `application`; see docs.\n", name)


def test_an_array_of_applications_is_read_whatever_its_name(imported: Imported) -> None:
    assert imported(json.dumps(MADE, indent=2), "file.json")[0] == Counter(taken=3, repeated=0, refused=0)
    assert imported(json.dumps(MADE), "file.csv")[0] == Counter(taken=0, repeated=3, refused=0)


def test_nothing_is_taken_of_a_document_that_breaks_off(imported: Imported) -> None:
    with pytest.raises(Refused, match="not JSON from line"):
        imported(json.dumps([each.body for each in clean(20)], indent=2)[:-2])

    assert value("select count(*) from cases") == 0


def test_every_row_is_accounted_for_whatever_a_file_holds(tmp_path: Path) -> None:
    luck = random.Random(11)
    sent = rows_of(*[each.body for each in clean(40)])
    for _ in range(30):
        place = luck.randrange(len(sent))
        at = luck.randrange(len(sent[place]))
        sent[place] = (
            sent[place][:at] + luck.choice(['"', ",", "\n", "\r", "\0", "\u200f", '""', "x"]) + sent[place][at:]
        )
    path = tmp_path / "file.csv"
    path.write_bytes((",".join(HEADER) + "\n" + "".join(sent)).encode())
    read = len([line for line in path.read_bytes().splitlines() if line]) - 1

    found = import_file(path, ImportOutputs(tmp_path / "r"), intake())

    rejected = [json.loads(line) for line in (tmp_path / "r").read_text().splitlines()]
    assert found.rows["read"] == read == found.rows["taken"] + found.rows["refused"]
    assert sum(each["rows"] for each in rejected) == found.rows["refused"]
    assert found.counts.total() - found.counts["taken"] == len(rejected)
    whole = {each.body["application"]: len(each.body["members"]) for each in clean(40)}
    taken = {key.removeprefix("import:"): len(body["members"]) for key, body in stored()}
    assert len(taken) > 10
    assert {key: members for key, members in taken.items() if key in whole} == {
        key: whole[key] for key in taken if key in whole
    }


@pytest.mark.parametrize("first", ["application", "milieu", "member.idcs"])
def test_a_line_break_that_was_lost_leaves_no_household_in_part(imported: Imported, first: str) -> None:
    """With the application at the beginning, in the middle and at the end of a row.

    One of the rows joined is a child, whose head stands below.
    """
    columns = [*HEADER[HEADER.index(first) :], *HEADER[: HEADER.index(first)]]
    by_name = [dict(zip(HEADER, next(csv.reader([row])), strict=True)) for row in rows_of(*MADE[:2])]
    by_name.sort(key=lambda cells: (cells["application"], cells["member.relationship"] == "head"))
    sent = [",".join(cells[name] for name in columns) for cells in by_name]
    border = next(at for at, cells in enumerate(by_name) if cells["application"] != by_name[0]["application"])
    joined = [",".join(columns), *sent[: border - 1], sent[border - 1] + sent[border], *sent[border + 1 :]]

    counts, rejects = imported("\n".join(joined), "file.csv")

    assert counts["taken"] == 0
    assert {each["application"] for each in MADE[:2]} <= {each["application"] for each in rejects}


@pytest.mark.parametrize("between", ["", "\n"])
def test_a_second_file_behind_the_first_with_its_columns_in_another_order_refuses_both(
    imported: Imported, between: str
) -> None:
    """Also where nothing ended the first one's last line, and where one of the columns is unknown: read by the first
    header, cars would be cows.
    """
    other = list(HEADER)
    cars, cows, phone = (other.index(name) for name in ("belongings.cars", "belongings.cows", "phone"))
    other[cars], other[cows], other[phone] = "belongings.cows", "belongings.cars", "telephone"
    with pytest.raises(Refused) as refused:
        imported(table(*MADE[:2]).rstrip() + between + ",".join(other) + "\n" + "".join(rows_of(MADE[2])), "file.csv")
    assert refused.value.code == "second_header"
