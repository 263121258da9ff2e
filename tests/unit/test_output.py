"""What a command prints: lines for people, and with --json one object as the last line."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from sijil.output import print_result


def test_with_json_the_last_line_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    print_result({"taken": 2, "refused": None}, True, "2 taken")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2 taken"
    assert json.loads(lines[-1]) == {"taken": 2, "refused": None}
    assert len(lines) == 2


def test_without_json_there_are_only_the_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_result({"taken": 2}, False, "2 taken", "none refused")
    assert capsys.readouterr().out == "2 taken\nnone refused\n"


def test_without_lines_the_result_says_itself(capsys: pytest.CaptureFixture[str]) -> None:
    print_result({"chain_breaks": 0, "events": 5}, False)
    assert capsys.readouterr().out == "chain breaks: 0\nevents: 5\n"


def test_numbers_paths_and_arabic_stay_readable(capsys: pytest.CaptureFixture[str]) -> None:
    print_result({"score": Decimal("9.5406400"), "file": Path("a/b"), "name": "طنجة"}, True)
    assert capsys.readouterr().out.splitlines()[-1] == '{"score": "9.5406400", "file": "a/b", "name": "طنجة"}'
