"""An export is verified by one file and Python alone, and says what the command says of the database."""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from models import clock
from models.database import snapshot
from tests.entries import an_entry, sealed
from tests.filing import file_clean, rows
from tests.integration.auditing import anchor, breaks, cut_tail, delete_whole, erase
from tests.integration.running import Run
from tests.integration.test_audit import CHANGE
from tests.integration.test_audit_anchored import TAMPERINGS, by_force
from workflows.audit import exported, standalone
from workflows.audit.export import Order, export
from workflows.audit.exported import CASES, ENTRIES, EVENTS, MANIFEST, SEALS, verify_export
from workflows.intake.submit import Accepted


class Ended(NamedTuple):
    """How the one file ended, and what it said."""

    code: int
    lines: list[str]
    err: str


def by_itself(*arguments: Path) -> Ended:
    """Runs the one file with Python alone: no other package can be imported."""
    command = [sys.executable, "-I", "-S", f"{arguments[0]}/verify.py", *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, cwd="/")
    assert "Traceback" not in ran.stderr
    return Ended(ran.returncode, ran.stdout.splitlines(), ran.stderr)


@pytest.fixture
def history(notified: list[Accepted], anchors: Path) -> list[Accepted]:
    """Three notified applications, and three entries about them, of which an anchor holds all but the last."""
    sealed(an_entry(1), an_entry(2, persons=["person:0123456789abcdef"]))
    anchor(anchors)
    file_clean(1, 10)
    sealed(an_entry(3))
    return notified


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where an export goes."""
    return tmp_path / "export"


def exported_to(folder: Path, anchors: Path, with_facts: bool = False) -> Path:
    """Exports all that there is."""
    export(snapshot, Order(folder, anchors, clock.system_now(), with_facts))
    return folder


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize("with_facts", [False, True])
def test_the_file_says_what_the_command_says(ready: Run, anchors: Path, folder: Path, with_facts: bool) -> None:
    facts = ["--with-facts"] if with_facts else []
    made = ready("audit", "export", folder, "--anchors", anchors, *facts, "--as", "amina", "--json")
    assert made.code == 0
    assert made.json == {"folder": str(folder), CASES: 4, EVENTS: 19, ENTRIES: 4, SEALS: 4}

    ended = by_itself(folder)

    said = ready("audit", "verify", "--anchors", anchors).out.splitlines()
    assert (ended.code, ended.lines[: len(said)]) == (0, said)
    assert "audit_entries: 4" in said
    assert len(ended.lines) == len(said) + (not with_facts)


def test_the_export_is_an_act_itself_and_stands_in_it(ready: Run, history: list[Accepted], folder: Path) -> None:
    assert ready("audit", "export", folder, "--as", "amina", "--purpose", "complaint").code == 0

    last = (folder / ENTRIES).read_text().splitlines()[-1]

    assert '"export_audit","complaint",[],[],0,{"cases":4,"with_facts":false}]' in last
    assert "amina" not in last
    again = ready("audit", "export", folder)
    assert (again.code, "not an empty folder" in again.err) == (2, True)
    assert rows("select count(*) from audit_entry where act = 'export_audit'") == [(1,)]


def test_only_facts_hold_personal_data(history: list[Accepted], anchors: Path, tmp_path: Path) -> None:
    personal = {
        str(value)
        for statement in (
            "select idcs, name from household_member",
            "select phone, null from case_body",
            "select recipient, body from message",
            "select reference, idempotency_key from receipt",
        )
        for row in rows(statement)
        for value in row
        if value
    }
    assert len(personal) > 10

    def found_in(folder: Path) -> set[str]:
        whole = "".join(path.read_text() for path in folder.rglob("*.*json"))
        return {value for value in personal if value in whole}

    assert found_in(exported_to(tmp_path / "bare", anchors)) == set()
    assert found_in(exported_to(tmp_path / "whole", anchors, with_facts=True)) != set()


@pytest.mark.parametrize("name", CHANGE)
def test_whatever_was_done_to_the_events_the_file_finds_the_same(
    history: list[Accepted], anchors: Path, folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tampered, other, _ = history
    for statement in CHANGE[name].format(case=tampered.case_id, other=other.case_id).split(";"):
        rows(statement)
    live = breaks(anchors)
    assert live

    found = verify_export(exported_to(folder, anchors, with_facts=True))
    assert found.breaks == live

    monkeypatch.setattr(exported, "RANGE", 1)
    assert sorted(verify_export(folder).breaks) == sorted(live)


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize("name", ["another detail", *(name for name in TAMPERINGS if not name.startswith("another "))])
def test_whatever_was_done_to_the_entries_the_file_finds_the_same(anchors: Path, folder: Path, name: str) -> None:
    rows("alter table audit_seal drop constraint audit_seal_entry_id_key")
    by_force(*TAMPERINGS[name][0])
    live = breaks(anchors)
    assert live

    assert verify_export(exported_to(folder, anchors)).breaks == live


@pytest.mark.parametrize("tamper", [cut_tail, delete_whole])
def test_what_only_an_anchor_shows_is_found_in_the_export(
    history: list[Accepted], anchors: Path, folder: Path, tamper: Callable[[int], None]
) -> None:
    tamper(history[1].case_id)

    ended = by_itself(exported_to(folder, anchors))

    assert (ended.code, ended.lines[0]) == (1, breaks(anchors)[0])
    assert ended.lines[0].startswith(f"case {history[1].case_id}: ")


@pytest.mark.parametrize("with_facts", [False, True])
def test_what_was_erased_by_law_is_no_break_and_what_is_gone_otherwise_is(
    history: list[Accepted], anchors: Path, tmp_path: Path, with_facts: bool
) -> None:
    erase(history[0])
    found = verify_export(exported_to(tmp_path / "erased", anchors, with_facts))
    assert (found.breaks, found.erased) == ([], 6)

    rows("update event set evidence = null, facts = null, salt = null where case_id = %s", history[1].case_id)
    found = verify_export(exported_to(tmp_path / "gone", anchors, with_facts))
    assert (found.breaks, found.erased) == (breaks(anchors), 6)
    assert len(found.breaks) == 6


# The files -----------------------------------------------------------------------------------------


def without_line(text: str) -> str:
    return "".join(text.splitlines(keepends=True)[1:])


def with_a_line_twice(text: str) -> str:
    return text.splitlines(keepends=True)[0] + text


def with_another_digit(text: str) -> str:
    last = text.rindex("1")
    return f"{text[:last]}2{text[last + 1 :]}"


DAMAGES: list[Callable[[str], str]] = [
    without_line,
    with_a_line_twice,
    with_another_digit,
    lambda text: text[:-9],
    lambda text: f"rubbish\n{text}",
]


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize("name", [CASES, EVENTS, ENTRIES, SEALS])
def test_a_damaged_file_of_an_export_shows(anchors: Path, folder: Path, name: str) -> None:
    path = exported_to(folder, anchors) / name
    assert verify_export(folder).breaks == []
    whole = path.read_text()

    for damage in DAMAGES:
        path.write_text(damage(whole))
        assert verify_export(folder).breaks, damage


@pytest.mark.usefixtures("history")
def test_the_anchors_of_somebody_else_are_the_better_measure(anchors: Path, folder: Path, tmp_path: Path) -> None:
    exported_to(folder, anchors)
    assert by_itself(folder, anchors).code == 0
    (path,) = (folder / "anchors").iterdir()
    path.unlink()
    alone = by_itself(folder)
    assert (alone.code, "There is no anchor: nothing outside the database confirms this." in alone.lines) == (0, True)

    assert by_itself(folder, anchors).code == 0
    (own,) = anchors.iterdir()
    own.write_text(own.read_text().replace('"audit": [2', '"audit": [3'))
    assert by_itself(folder, anchors).code == 1


@pytest.mark.usefixtures("history")
def test_what_is_no_whole_export_ends_with_2_and_one_sentence(anchors: Path, folder: Path, tmp_path: Path) -> None:
    exported_to(folder, anchors)
    assert by_itself(folder, tmp_path / "nowhere").code == 2
    (folder / MANIFEST).unlink()

    ended = by_itself(folder)

    assert (ended.code, ended.lines, ended.err.count("\n")) == (2, [], 1)


def test_no_name_stands_twice_in_the_one_file_and_it_imports_the_standard_library_alone() -> None:
    tree = ast.parse(standalone.source())
    defined = Counter(
        name
        for node in tree.body
        for name in (
            [node.name]
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
            else [each.id for target in node.targets for each in ast.walk(target) if isinstance(each, ast.Name)]
            if isinstance(node, ast.Assign)
            else [each.asname or each.name for each in node.names]
            if isinstance(node, ast.Import | ast.ImportFrom)
            else []
        )
    )
    assert [name for name, times in defined.items() if times > 1] == []
    assert len(defined) > 60
    taken = {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
    assert {str(each).partition(".")[0] for each in taken} <= sys.stdlib_module_names
