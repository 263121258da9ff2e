"""`sijil match`: two names with their reasons, and a file of pairs, whole or not at all."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.errors import Refused
from sijil.commands.match import app, explain
from workflows.matching.pairs_file import LONGEST_LINE, score_file, scored_path


def run(*arguments: str) -> str:
    """What the command prints. Raises what it raises."""
    ran = CliRunner().invoke(app, list(arguments), catch_exceptions=False, standalone_mode=False)
    if ran.exception:
        raise ran.exception
    return ran.output


def test_two_names_are_explained() -> None:
    said = run("قاسم العلوي", "Kacem Alaoui")
    assert "the same name" in said
    assert "قاسم  kacem" in said
    assert "ق/k" in said


def test_two_names_are_explained_in_json() -> None:
    found = json.loads(run("كريم", "Karima", "--json").splitlines()[-1])
    assert set(found) == {"score", "verdict", "reasons"}
    assert found["reasons"][0]["left"] == "كريم"


@pytest.mark.parametrize("arguments", [(), ("Karim",), ("Karim", ""), ("-", "Karim"), ("a", "b", "--pairs", "x.tsv")])
def test_what_cannot_be_compared_is_refused(arguments: tuple[str, ...]) -> None:
    with pytest.raises(Refused):
        run(*arguments)


def test_a_file_gets_a_column_and_keeps_everything_else(tmp_path: Path) -> None:
    file = tmp_path / "pairs.tsv"
    rows = ['1\tقاسم\t"Kacem"\tx', "2\tكريم\tWalid\t", "3\t\t-\t y "]
    file.write_bytes("\r\n".join(["id\tarabic\tlatin\tnote", *rows]).encode("utf-8-sig"))

    said = json.loads(run("--pairs", str(file), "--json").splitlines()[-1])

    header, *scored = (tmp_path / "pairs.scored.tsv").read_text(encoding="utf-8").splitlines()
    assert header == "id\tarabic\tlatin\tnote\tscore"
    assert [row.rpartition("\t")[0] for row in scored] == rows
    assert [float(row.rpartition("\t")[2]) > 0.8 for row in scored] == [True, False, False]
    assert said["rows"] == 3
    assert said["without_name"] == 1
    assert set(said) == {"rows", "seconds", "core_seconds", "pairs_per_second", "without_name", "output"}


def test_columns_may_be_called_a_and_b_in_any_order(tmp_path: Path) -> None:
    file = tmp_path / "pairs"
    file.write_text("b\ta\nKacem\tقاسم\n", encoding="utf-8")
    assert score_file(file).output == tmp_path / "pairs.scored.tsv"


WRONG = [
    (b"", "column_missing", "Line 1"),
    (b"arabic\tother\nx\ty\n", "column_missing", "'latin' is missing"),
    (b"a\ta\tb\nx\ty\tz\n", "column_missing", "twice"),
    (b"x\ty\n", "column_missing", "Line 1"),
    (b"a\tb\tscore\nx\ty\t1\n", "scored", "score"),
    (b"a\tb\nx\ty\nx\n", "broken_line", "Line 3"),
    (b"a\tb\nx\ty\tz\n", "broken_line", "Line 2"),
    (b"a\tb\n\nx\ty\n", "broken_line", "Line 2"),
    (b"a\tb\nx\t\xff\n", "not_utf8", "Line 2"),
    (b"a\tb\nx\t" + b"y" * LONGEST_LINE, "long_line", "Line 2"),
]


@pytest.mark.parametrize(("content", "code", "said"), WRONG, ids=lambda each: str(each)[:30])
def test_a_broken_file_is_refused_with_its_line_and_nothing_is_written(
    tmp_path: Path, content: bytes, code: str, said: str
) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_bytes(content)
    scored_path(file).write_text("of before", encoding="utf-8")
    with pytest.raises(Refused) as refused:
        score_file(file)
    assert refused.value.code == code
    assert said in str(refused.value)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["pairs.scored.tsv", "pairs.tsv"]
    assert scored_path(file).read_text(encoding="utf-8") == "of before"


def test_no_refusal_names_a_person(tmp_path: Path) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_text("a\tb\nKarim\tTazi\tAlaoui\n", encoding="utf-8")
    with pytest.raises(Refused) as refused:
        score_file(file)
    assert "Karim" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        score_file(tmp_path / "none.tsv")
    assert refused.value.code == "no_file"


def test_an_output_that_cannot_be_written_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_text("a\tb\nx\ty\n", encoding="utf-8")
    scored_path(file).mkdir()
    with pytest.raises(Refused) as refused:
        score_file(file)
    assert refused.value.code == "not_writable"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("name", ["Владимир", "Ωmar Alaoui", "عمر Владимир"])
def test_a_name_in_a_script_that_is_not_read_is_refused_and_not_called_another_name(name: str) -> None:
    for given in ((name, "Karim Tazi"), ("Karim Tazi", name)):
        with pytest.raises(Refused, match="Arabic or in Latin letters") as refused:
            explain(*given, as_json=False)
        assert refused.value.code == "script"
