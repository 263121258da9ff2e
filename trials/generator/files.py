"""Writes a generated population into files: the persons, their applications, and the truth about both."""

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from trials.generator.household import households
from workflows.bodies.declaration import ApplicationBody
from workflows.intake.files.csvform import HEADER, csv_lines
from workflows.intake.files.textfiles import json_line

POPULATION, APPLICATIONS, TRUTH, TABLE = "population.ndjson", "applications.ndjson", "truth.ndjson", "applications.csv"


def write_files(directory: Path, count: int, seed: int, start: int = 0, *, csv: bool = False) -> Counter[str]:
    """Writes the files; how many households, persons and plants of each kind they hold."""
    directory.mkdir(parents=True, exist_ok=True)
    counts: Counter[str] = Counter()
    with ExitStack() as files:
        population, applications, truth = (
            files.enter_context((directory / name).open("w", encoding="utf-8"))
            for name in (POPULATION, APPLICATIONS, TRUTH)
        )
        for made in households(count, seed, start):
            population.writelines(json_line(each.row()) for each in made.persons)
            applications.write(json_line(made.body))
            truth.write(json_line(made.truth))
            counts.update(households=1, persons=len(made.persons))
            counts[made.truth["plant"] or "clean"] += 1
    if csv:
        write_table(directory, (made.body for made in households(count, seed, start)))
    return counts


def write_table(directory: Path, bodies: Iterable[dict[str, object]]) -> None:
    """Writes the applications as a CSV table, with a row for each member."""
    with (directory / TABLE).open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(HEADER) + "\r\n")
        for body in bodies:
            file.writelines(csv_lines(ApplicationBody.model_validate(body)))
