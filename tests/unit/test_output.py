"""What a command prints: lines for people, and with --json one object as the last line."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from models import clock
from sijil.commands.operation import event_line
from sijil.commands.parked import group_lines
from sijil.output import index_shown, print_result
from workflows.flows import places


def test_with_json_the_last_line_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    print_result({"taken": 2, "refused": None}, True, "2 taken")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2 taken"
    assert json.loads(lines[-1]) == {"taken": 2, "refused": None}
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("index", "threshold", "shown"),
    [
        ("9.476563233333333333333333333", None, "9.48"),
        ("9.476563233333333333333333333", "9.743001", "9.48"),
        ("9.7430019", "9.743001", "9.743002"),
        ("9.7430005", "9.743001", "9.74"),
        ("9.3264285", "9.3264284", "9.33"),
        ("9.3264284", "9.3264284", "9.326"),
        ("9.7430010001", "9.743001", "9.7430010001"),
    ],
)
def test_an_index_has_two_decimals_and_more_where_the_threshold_needs_them(
    index: str, threshold: str | None, shown: str
) -> None:
    assert index_shown(Decimal(index), Decimal(threshold) if threshold else None) == shown


def test_without_json_there_are_only_the_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_result({"taken": 2}, False, "2 taken", "none refused")
    assert capsys.readouterr().out == "2 taken\nnone refused\n"


def test_without_lines_the_result_says_itself(capsys: pytest.CaptureFixture[str]) -> None:
    print_result({"chain_breaks": 0, "events": 5}, False)
    assert capsys.readouterr().out == "chain breaks: 0\nevents: 5\n"


def test_numbers_paths_and_arabic_stay_readable(capsys: pytest.CaptureFixture[str]) -> None:
    print_result({"score": Decimal("9.5406400"), "file": Path("a/b"), "name": "طنجة"}, True)
    assert capsys.readouterr().out.splitlines()[-1] == '{"score": "9.5406400", "file": "a/b", "name": "طنجة"}'


@pytest.mark.parametrize("stage", sorted({stage.name for _, stage in places()}))
def test_the_name_of_a_stage_stands_apart_from_what_follows_it(stage: str) -> None:
    event = {"seq": 2, "at": clock.now(), "kind": "AppealAssigned", "stage": stage, "by": "karim", "facts": {}}
    assert f" {stage} " in event_line(event)
    (line,) = group_lines({"cases": 1, "stage": stage, "error": "KeyError in region_of", "references": []})
    assert f" {stage} " in line
