"""Who may change where a case stands: the engine alone. Intake writes a case's first row and first event."""

import ast
from collections.abc import Iterator

from tests.contract.sources import FILES, ROOT, parsed

WRITING = {"record", "record_transitions"}  # of workflows/engine/record.py


def imported(tree: ast.AST) -> Iterator[str]:
    """What is taken from `workflows.engine.record`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "workflows.engine.record":
            yield from (each.name for each in node.names)


def test_the_engine_alone_records_a_change_and_intake_a_beginning() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): taken for path in FILES if (taken := WRITING & set(imported(parsed(path))))
    }
    assert found == {
        "workflows/engine/work.py": {"record", "record_transitions"},
        "workflows/engine/opening.py": {"record_transitions"},
    }


def test_a_case_has_a_new_head_by_the_engine_and_its_record_alone() -> None:
    """A head is written with every event; intake's is an insert."""
    texts = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in FILES}
    writing = {name for name, text in texts.items() if "update cases" in text and "head = " in text}
    assert writing == {"workflows/engine/work.py", "workflows/engine/record.py"}
