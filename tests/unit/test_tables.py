"""A table of cells: whatever stands in a row harms no other, and what spreadsheets add is passed over."""

from io import BytesIO
from pathlib import Path

import pytest

from models.errors import Refused
from workflows.intake.files.sources import lines_of
from workflows.intake.files.tables import LONGEST_ROW, Row, is_table, read_table

COLUMNS = ("key", "name", "town")


def read(content: str | bytes) -> list[Row]:
    raw = content if isinstance(content, bytes) else content.encode()
    return list(read_table(lines_of(BytesIO(raw), LONGEST_ROW), COLUMNS, COLUMNS)[1])


def cells(content: str | bytes) -> list[list[str]]:
    assert [row.flaw for row in read(content) if row.flaw] == []
    return [row.cells for row in read(content)]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_commas_semicolons_and_tabs_separate_and_every_kind_of_line_end_counts(separator: str, end: str) -> None:
    assert cells(end.join(["key,name,town", "1,Amal,Fes", "2,Zaki,Taza"]).replace(",", separator)) == [
        ["1", "Amal", "Fes"],
        ["2", "Zaki", "Taza"],
    ]


@pytest.mark.parametrize(
    "content",
    [
        "sep=;\nkey;name;town\n1;A;B\n",
        '"sep=;"\r\nkey;name;town\r\n1;A;B',
        "SEP=,;;\nkey,name,town\n1,A,B\n",
        "\n\r\n,,,\nkey,name,town\n\n1,A,B\n",
        "key,name,town,,,\n1,A,B,,,\n",
        "key,name,town,,\n1,A,B\n",
        "key,name,town\n,,\n1,A,B\n\u200f , ,\n",
        '"key","name","town"\n"1","A","B"\n',
        "\u200fkey,name\u200e, town\u00a0\n\u200f1\u200b,\u00a0A\ufeff,B\u2069\n",
    ],
)
def test_what_spreadsheets_add_is_passed_over(content: str) -> None:
    assert cells(content) == [["1", "A", "B"]]


def test_cells_are_in_their_canonical_form() -> None:
    assert cells("key,name,town\n\u0661,A\u200cB,Beni\u00a0Mellal\n") == [["1", "AB", "Beni Mellal"]]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('2,"Zaki,Taza', "quotation mark"),
        ('2,"Za"ki,Taza', "quotation mark"),
        ('"2,Zaki,Taza', "quotation mark"),
        ("2,Zaki", "has 2 cells, the header has 3"),
        ("2,Zaki,Ta,za", "has 4 cells"),
        ("2,Zaki,Taza,", "has 4 cells"),
        ("2,Za\0ki,Taza", "NUL"),
        ("2,Zaki," + "x" * LONGEST_ROW, "longer than 100,000 bytes"),
        ("key,name,town", "is the header again"),
    ],
)
def test_a_row_that_cannot_be_read_costs_itself_and_no_other(row: str, said: str) -> None:
    first, wrong, last = read(f"key,name,town\n1,Amal,Fes\n{row}\n3,Nour,Safi\n")
    assert (first.cells, first.flaw, last.cells, last.flaw) == (["1", "Amal", "Fes"], None, ["3", "Nour", "Safi"], None)
    assert (wrong.line, wrong.flaw is not None and wrong.flaw.startswith("Line 3 ") and said in wrong.flaw) == (3, True)
    assert wrong.cells[0] in ("2", "key")


def test_a_text_that_holds_the_separator_is_not_taken_for_an_empty_column_at_the_end() -> None:
    """Its last cell is empty, as those of the columns without a name are: shifted by one, each cell would stand for
    another.
    """
    (row,) = read("key,name,town,,\n1,Douar A, Fes,,,\n")
    assert row.flaw == "Line 2 has 6 cells, the header has 3: a text that holds the separator needs quotes."


def test_a_quotation_mark_inside_a_text_without_quotes_is_a_letter_as_any() -> None:
    assert cells('key,name,town\n1,Amal "Mimi" B.,"Douar ""Laarab"", Fes"\n') == [
        ["1", 'Amal "Mimi" B.', 'Douar "Laarab", Fes']
    ]


@pytest.mark.parametrize("wrong", ["1,\xe9,B".encode("cp1252"), "1,\u0641\u0627\u0633,B".encode("cp1256")])
def test_another_encoding_refuses_the_file_with_the_line_and_how_to_save_it(wrong: bytes) -> None:
    with pytest.raises(Refused, match=r"Line 2 is not UTF-8, so nothing of the file was taken.*CSV UTF-8"):
        read(b"key,name,town\n" + wrong + b"\n")


@pytest.mark.parametrize(
    ("header", "code", "said"),
    [
        ("key,name,town,colour", "unknown_column", "Line 1: the column 'colour' is not known"),
        ("key,nam,town", "unknown_column", "is name meant"),
        ("key,,name,town", "unknown_column", "column 2 has no name"),
        ("key,name,town,name", "column_twice", "'name'"),
        ("key,name", "column_missing", "'town'"),
        ("\nsep=;\nkey;name", "column_missing", "Line 3"),
        ("sep=|\nkey|name", "separator", "comma, semicolon and tab"),
        ("1,Amal,Fes", "no_header", "holds none of the columns"),
        ('key,"name,town', "no_header", "not closed"),
        ("", "no_header", "empty"),
        ("\n,,\n", "no_header", "empty"),
        ("key,name,town\x851,Amal,Fes\x85", "line_ends", "Line 1 holds U+0085, which ends no row here. Open it"),
        ("\nkey,name,town\u20281,Amal,Fes\u2028", "line_ends", "Line 2 holds U+2028"),
        ("sep=,\u2029key,name,town\u20291,Amal,Fes", "line_ends", "U+2029"),
        ("x" * (LONGEST_ROW + 1), "no_header", "columns"),
        ("key,name,town\n1,A,B\nname,key,town\n", "second_header", "Line 3 is another header"),
        ("key,name,town\n1,A,B\nremark,name,town,key\n", "second_header", "Line 3 is another header"),
    ],
)
def test_a_wrong_header_refuses_the_file_and_says_which_column(header: str, code: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        read(header)
    assert refused.value.code == code
    assert said in str(refused.value)
    assert "Amal" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "so"),
    [
        ("a.csv", True),
        ("A.CSV", True),
        ("a.csv.gz", True),
        ("a.txt", True),
        ("a.ndjson", False),
        ("a.json.gz", False),
        ("a", False),
    ],
)
def test_a_table_whose_first_line_is_no_header_is_known_by_its_name(name: str, so: bool) -> None:
    assert is_table(Path(name), b'key;name\n{"key": 1}', COLUMNS) is so
    assert not is_table(Path(name), b'\n [{"key": 1}]', COLUMNS)


@pytest.mark.parametrize(
    "head",
    ["key;name;town\n1;", "\n;;\nsep=;\n\nkey;name;town", '"key","town","name",""', "\u200ftown\tname\tkey\tcolour"],
)
@pytest.mark.parametrize("name", ["stdin", "a.dat", "a.ndjson"])
def test_a_table_is_known_by_its_header_whatever_its_name(name: str, head: str) -> None:
    assert is_table(Path(name), head.encode(), COLUMNS)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"\x01\x02\x03data" * 99, "CSV UTF-8"),
        (b"any thing\0 of a program", "CSV UTF-8"),
        (b"", "is empty"),
        (b"\r\n \n", "is empty"),
        (b";;\n", "is empty"),
        (b"# A title\n\nSome text; with (some) marks.\n", "neither JSON nor a table"),
        ("Fès".encode("cp1252"), "neither JSON nor a table"),
    ],
)
def test_what_is_neither_text_nor_table_nor_json_is_refused_once(head: bytes, said: str) -> None:
    with pytest.raises(Refused, match=said):
        is_table(Path("a.dat"), head, COLUMNS)


def test_a_table_with_a_nul_in_a_row_is_a_table() -> None:
    assert is_table(Path("a.csv"), b"key;name;town\n1;A\0;B", COLUMNS)
