"""Importing files: what can be taken is taken, everything else is reported with its line and its reason."""

import json
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest

from models.errors import Refused
from models.settings import settings
from tasks.bootstrap import intake
from tests.factories import an_idcs
from tests.filing import Body, a_household, changed, clean, rows, value, with_members
from tests.integration.importing import Imported, fields, lines, table, unchecked_rows
from trials.generator import files
from workflows.intake import importing
from workflows.intake.files.csvform import HEADER
from workflows.intake.files.tables import LONGEST_ROW
from workflows.intake.importing import ImportOutputs, applications_in, import_file

pytestmark = pytest.mark.usefixtures("database", "broker")

TWO = [each.body for each in clean(2)]


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_a_clean_file_is_taken_whole_and_leaves_no_reject_file(imported: Imported, tmp_path: Path, form: str) -> None:
    bodies = [each.body for each in clean(20)]

    counts, rejects = imported(lines(*bodies) if form == "ndjson" else table(*bodies), f"file.{form}")

    assert (counts, rejects) == (Counter(taken=20, repeated=0, refused=0), [])
    assert not (tmp_path / "rejects.ndjson").exists()
    assert rows("select count(*), min(lane) from cases") == [(20, 3)]


def test_both_forms_say_the_same(imported: Imported) -> None:
    bodies = [each.body for each in clean(20)]
    imported(table(*bodies), "file.csv")
    from_table = rows(
        "select d.body::text, r.idempotency_key from case_body d join receipt r using (case_id) order by 2"
    )

    counts, _ = imported(lines(*bodies))

    assert counts == Counter(taken=0, repeated=20, refused=0)
    assert from_table == rows(
        "select d.body::text, r.idempotency_key from case_body d join receipt r using (case_id) order by 2"
    )


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_the_same_file_twice_doubles_nothing(imported: Imported, form: str) -> None:
    content = lines(*TWO) if form == "ndjson" else table(*TWO)
    imported(content, f"file.{form}")

    counts, rejects = imported(content, f"file.{form}")

    assert (counts, rejects) == (Counter(taken=0, repeated=2, refused=0), [])
    assert value("select count(*) from cases") == value("select count(*) from message") == 2


def test_a_file_without_keys_is_recognised_the_second_time_by_what_it_says(imported: Imported) -> None:
    body = {name: given for name, given in TWO[0].items() if name != "application"}
    imported(lines(body))

    assert imported(lines(body))[0] == Counter(taken=0, repeated=1, refused=0)


def test_receipts_are_readable_by_their_owner_alone_and_open_the_application(
    imported: Imported, tmp_path: Path
) -> None:
    imported(lines(*TWO))

    path = tmp_path / "receipts.ndjson"
    written = [json.loads(line) for line in path.read_text().splitlines()]
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each["line"] for each in written] == [1, 2]
    assert sorted(each["reference"] for each in written) == sorted(
        reference for (reference,) in rows("select reference from receipt")
    )
    assert all(each["secret"] for each in written)


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_a_byte_order_mark_is_no_fault(imported: Imported, form: str) -> None:
    content = lines(*TWO) if form == "ndjson" else table(*TWO)

    assert imported(b"\xef\xbb\xbf" + content.encode(), f"file.{form}")[0]["taken"] == 2


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_table_may_have_semicolons_or_tabs(imported: Imported, delimiter: str) -> None:
    assert imported(table(*TWO, delimiter=delimiter), "file.csv")[0]["taken"] == 2


def test_a_table_may_say_yes_and_no_and_write_eastern_digits(imported: Imported) -> None:
    content = (
        table(*TWO).replace("true", "oui").replace("false", "لا").translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    )
    header, rest = content.split("\r\n", 1)

    assert imported(",".join(HEADER) + "\r\n" + rest, "file.csv")[0]["taken"] == 2
    assert header


def test_windows_line_ends_and_blank_lines_are_no_fault(imported: Imported) -> None:
    assert imported(("\r\n" + lines(*TWO).replace("\n", "\r\n") + "\r\n\n").encode())[0] == Counter(
        taken=2, repeated=0, refused=0
    )


WRONG: dict[str, tuple[Body, str, str]] = {
    "a negative bill": (changed(TWO[0], bills={"gas": "-5"}), "bills.gas", "at least 0"),
    "an unknown region": (changed(TWO[0], region=13), "region", "at most 12"),
    "40 members": (with_members(TWO[0], 40), "members", "at most 30 members"),
    "a member twice": (
        TWO[0]
        | {"members": [*TWO[0]["members"], TWO[0]["members"][0] | {"relationship": "child", "declarant": False}]},
        "members",
        "same person",
    ),
    "a birth in the future": (changed(TWO[0], 0, birth_date="2999-12-31"), "members[0].birth_date", "future"),
    "an identifier of nine digits": (changed(TWO[0], 0, idcs="123456789"), "members[0].idcs", "ten digits"),
    "a mistyped identifier": (
        changed(TWO[0], 0, idcs=an_idcs(12)[::-1]),
        "members[0].idcs",
        "one wrong digit",
    ),
    "an unknown field": (changed(TWO[0], income=5), "income", "Unknown field"),
    "no head": (changed(TWO[0], 0, relationship="other_relative"), "members", "Exactly one member must be the head"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_reported_with_its_line_and_field_and_the_rest_is_taken(imported: Imported, name: str) -> None:
    wrong, field, message = WRONG[name]

    counts, (reject,) = imported(lines(TWO[1], wrong))

    assert counts == Counter(taken=1, repeated=0, refused=1)
    assert (reject["line"], reject["application"], reject["code"]) == (2, wrong["application"], "not_valid")
    assert message in fields(reject)[field]


@pytest.mark.parametrize(
    "name", ["a negative bill", "an unknown region", "40 members", "a member twice", "a birth in the future"]
)
def test_in_a_table_what_is_wrong_is_reported_with_the_line_where_the_application_begins(
    imported: Imported, name: str
) -> None:
    wrong, field, message = WRONG[name]
    begins = 2 + len(TWO[1]["members"])
    good = table(TWO[1])

    counts, (reject,) = imported(good + "".join(unchecked_rows(wrong)), "file.csv")

    assert counts == Counter(taken=1, repeated=0, refused=1)
    assert (reject["line"], reject["application"]) == (begins, wrong["application"])
    assert message in fields(reject)[field]


def test_no_value_that_was_sent_stands_in_the_reject_file(imported: Imported, tmp_path: Path) -> None:
    wrong = changed(changed(TWO[0], 0, birth_date="not-a-date-4711"), region=4712)

    imported(lines(wrong))

    text = (tmp_path / "rejects.ndjson").read_text()
    assert "4711" not in text
    assert "4712" not in text


def test_a_line_that_is_not_utf8_is_reported_and_the_rest_taken(imported: Imported) -> None:
    first, second = lines(TWO[0]).encode(), lines(TWO[1]).encode()

    counts, (reject,) = imported(first[:40] + b"\xff\xfe" + first[40:] + second)

    assert counts == Counter(taken=1, repeated=0, refused=1)
    assert reject["line"] == 1
    assert "UTF-8" in fields(reject)["body"]


def test_a_table_in_another_encoding_is_refused_before_anything_is_taken(imported: Imported) -> None:
    content = table(*TWO).encode().replace(TWO[1]["commune"].encode(), b"Caf\xe9")

    with pytest.raises(Refused, match=f"Line {2 + len(TWO[0]['members'])} is not UTF-8"):
        imported(content, "file.csv")

    assert value("select count(*) from cases") == 0


@pytest.mark.parametrize("line", ["{", "[]", "17", "null", '"text"', "not json at all"])
def test_a_line_that_is_no_application_is_reported(imported: Imported, line: str) -> None:
    counts, (reject,) = imported(f"{line}\n{lines(*TWO)}")

    assert counts == Counter(taken=2, repeated=0, refused=1)
    assert reject["line"] == 1
    assert reject["problems"]


def test_a_line_that_is_too_long_is_reported_and_the_rest_taken(imported: Imported) -> None:
    too_long = '{"commune": "' + "x" * settings().max_body + '"}\n'

    counts, (reject,) = imported(lines(TWO[0]) + too_long + lines(TWO[1]))

    assert counts == Counter(taken=2, repeated=0, refused=1)
    assert reject["line"] == 2
    assert f"{settings().max_body:,}" in fields(reject)["body"]


def test_a_row_that_is_too_long_refuses_its_application_and_does_not_just_leave_a_member_out(
    imported: Imported,
) -> None:
    made = a_household(members=4)
    header, first, second, *rest = table(made.body).splitlines(keepends=True)
    too_long = second.rstrip("\r\n") + "x" * LONGEST_ROW + "\r\n"

    counts, (reject,) = imported(
        header + first + too_long + "".join(rest) + "".join(table(TWO[0]).splitlines(keepends=True)[1:]), "file.csv"
    )

    assert counts == Counter(taken=1, repeated=0, refused=1)
    assert (reject["lines"], fields(reject)) == ([2, 3, 4, 5], {"body": "Line 3 is longer than 100,000 bytes."})
    assert value("select count(*) from receipt where idempotency_key like %s", f"%{made.body['application']}") == 0


@pytest.mark.parametrize("name", ["more", "fewer"])
def test_a_row_with_another_number_of_cells_refuses_its_application_and_no_other(imported: Imported, name: str) -> None:
    begins = 2 + len(TWO[1]["members"])
    first, *others = unchecked_rows(TWO[0])
    wrong = (
        first.replace(TWO[0]["commune"], "Douar A, " + TWO[0]["commune"])
        if name == "more"
        else first.rsplit(",", 1)[0] + "\r\n"
    )

    counts, (reject,) = imported(table(TWO[1]) + wrong + "".join(others), "file.csv")

    assert counts == Counter(taken=1, repeated=0, refused=1)
    assert (reject["line"], reject["application"]) == (begins, TWO[0]["application"])
    assert f"Line {begins} has {len(HEADER) + (1 if name == 'more' else -1)} cells" in fields(reject)["body"]


def test_a_row_that_says_of_no_application_that_it_belongs_to_it_is_refused_with_the_one_that_it_may_belong_to(
    imported: Imported,
) -> None:
    alone = list(unchecked_rows(TWO[1] | {"application": ""}))

    counts, rejects = imported(table(TWO[0]) + "".join(alone), "file.csv")

    assert counts == Counter(taken=0, repeated=0, refused=len(alone) + 1)
    empty = {"application": "Is empty: it says which rows belong together."}
    assert [fields(reject) == empty for reject in rejects].count(True) == len(alone)


def test_a_cell_with_a_control_character_is_refused_and_harms_nobody(imported: Imported) -> None:
    wrong = [
        changed(TWO[0], commune="Fes\u0000"),
        changed(TWO[0], application="key\u0000"),
        changed(TWO[0], 0, given_name_la="A\u0000"),
    ]

    counts, rejects = imported(lines(*wrong, TWO[1]))

    assert counts == Counter(taken=1, repeated=0, refused=3)
    assert [reject["line"] for reject in rejects] == [1, 2, 3]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (("comune", *HEADER), "commune"),
        ([name for name in HEADER if name != "region"], "region"),
        ((*HEADER, "region"), "twice"),
        (("a", "b"), "none of the columns"),
    ],
)
def test_a_wrong_header_refuses_the_file_and_names_the_column(
    imported: Imported, header: tuple[str, ...], said: str
) -> None:
    with pytest.raises(Refused, match=said):
        imported(",".join(header) + "\r\nx\r\n", "file.csv")

    assert value("select count(*) from cases") == 0


@pytest.mark.parametrize("name", ["file.csv", "file.ndjson", "file"])
@pytest.mark.parametrize("content", ["", "\ufeff", "\n \r\n"])
def test_an_empty_file_is_refused_whatever_its_name(imported: Imported, content: str, name: str) -> None:
    with pytest.raises(Refused, match="The file is empty"):
        imported(content, name)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"nothing\.ndjson"):
        import_file(tmp_path / "nothing.ndjson", ImportOutputs(tmp_path / "rejects.ndjson"), intake())


@pytest.mark.parametrize(
    "outputs", [ImportOutputs(Path("/proc/nope")), ImportOutputs(Path("rejects.ndjson"), Path("/proc/nope"))]
)
def test_outputs_that_cannot_be_written_refuse_the_file_before_anything_is_taken(
    imported: Imported, outputs: ImportOutputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.ndjson").write_text(lines(TWO[0]))

    with pytest.raises(Refused, match="/proc/nope cannot be written: "):
        import_file(tmp_path / "file.ndjson", outputs, intake())

    assert value("select count(*) from cases") == 0


@pytest.mark.parametrize("onto", ["rejects", "receipts", "each_other", "link"])
def test_no_outcome_is_written_into_the_file_that_is_read(tmp_path: Path, onto: str) -> None:
    path, other, link = tmp_path / "in.ndjson", tmp_path / "out.ndjson", tmp_path / "link.ndjson"
    path.write_text(lines(*TWO))
    link.symlink_to(path)
    outputs = {
        "rejects": ImportOutputs(path),
        "receipts": ImportOutputs(other, path),
        "each_other": ImportOutputs(other, other),
        "link": ImportOutputs(link),
    }

    with pytest.raises(Refused, match="different files"):
        import_file(path, outputs[onto], intake())

    assert path.read_text() == lines(*TWO)
    assert value("select count(*) from cases") == 0


def test_every_set_is_a_transaction_of_its_own(imported: Imported, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "SET", 3)

    assert imported(lines(*[each.body for each in clean(10)]))[0]["taken"] == 10
    assert value("select count(distinct submitted_at) from cases") == 4


def test_a_file_that_breaks_off_is_finished_by_a_second_run(
    imported: Imported, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "SET", 3)
    bodies = [each.body for each in clean(7)]
    imported(lines(*bodies[:3]) + lines(bodies[3])[:100])

    counts, rejects = imported(lines(*bodies))

    assert (counts, rejects) == (Counter(taken=4, repeated=3, refused=0), [])


def test_what_the_generator_writes_is_taken_in_both_forms(imported: Imported, tmp_path: Path) -> None:
    files.write_files(tmp_path / "made", 60, 3, csv=True)

    first, rejects = imported((tmp_path / "made" / files.APPLICATIONS).read_bytes())
    second, _ = imported((tmp_path / "made" / files.TABLE).read_bytes(), "file.csv")

    assert (first["taken"], second["repeated"]) == (60, 60)
    assert rejects == []


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_a_big_file_is_read_in_bounded_memory(tmp_path: Path, form: str) -> None:
    content = lines(TWO[0]) if form == "ndjson" else "".join(table(TWO[0]).splitlines(keepends=True)[1:])
    path = tmp_path / f"big.{form}"
    with path.open("w") as file:
        file.write("" if form == "ndjson" else ",".join(HEADER) + "\r\n")
        file.writelines(content.replace(TWO[0]["application"], f"key-{number}") for number in range(5_000))

    tracemalloc.start()
    try:
        counted = sum(each.body is not None for each in applications_in(path, Counter()))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert counted == 5_000
    assert most < path.stat().st_size / 2


def test_lines_that_are_deep_or_hold_half_a_character_are_refused_alone(imported: Imported) -> None:
    deep, half = '{"bills": ' + "[" * 600 + "]" * 600 + "}", r'{"application": "\ud800", "region": 1}'

    counts, rejects = imported("\n".join([deep, half, r'{"\ud800": 1, "\ud800": 2}', lines(TWO[0])]))

    assert counts == Counter(taken=1, repeated=0, refused=3)
    assert [(each["application"], list(fields(each))) for each in rejects] == [(None, ["body"])] * 3
