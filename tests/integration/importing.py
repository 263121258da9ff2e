"""Files of applications, and how their import ended. The fixture is known by conftest.py."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.bootstrap import intake
from tests.filing import Body
from workflows.bodies.declaration import ApplicationBody
from workflows.intake.files.csvform import HEADER, csv_line, csv_lines, household_cells
from workflows.intake.importing import ImportOutputs, import_file

Reject = dict[str, Any]


def lines(*bodies: Body) -> str:
    """Bodies as NDJSON."""
    return "".join(json.dumps(body, ensure_ascii=False) + "\n" for body in bodies)


def table(*bodies: Body, delimiter: str = ",") -> str:
    """Bodies as CSV."""
    text = (
        ",".join(HEADER)
        + "\r\n"
        + "".join(line for body in bodies for line in csv_lines(ApplicationBody.model_validate(body)))
    )
    return text.replace(",", delimiter)


@pytest.fixture
def imported(tmp_path: Path) -> Callable[..., tuple[Counter[str], list[Reject]]]:
    """Writes a file, imports it, and reads the reject file."""

    def run(content: str | bytes, name: str = "file.ndjson") -> tuple[Counter[str], list[Reject]]:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        outputs = ImportOutputs(tmp_path / "rejects.ndjson", tmp_path / "receipts.ndjson")
        counts = import_file(path, outputs, intake()).counts
        rejects = (
            [json.loads(line) for line in outputs.rejects.read_text().splitlines()] if outputs.rejects.exists() else []
        )
        return counts, rejects

    return run


Imported = Callable[..., tuple[Counter[str], list[Reject]]]


def unchecked_rows(body: Body) -> Iterator[str]:
    """The rows of a body that is not valid."""
    shared = {"application": body["application"]} | dict(household_cells(body))
    return (csv_line(shared | {f"member.{name}": cell for name, cell in member.items()}) for member in body["members"])


def fields(reject: Reject) -> dict[str, str]:
    """Its problems by field, each a sentence."""
    assert [
        each for each in reject["problems"] if not (each["message"][0].isupper() and each["message"].endswith("."))
    ] == []
    return {each["field"]: each["message"] for each in reject["problems"]}
