"""Applications that come in files.

`sijil import` runs as a process, which is killed in the middle and run again until it has read the whole file.
"""

import json
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from models.errors import Broken
from sijil.processes import start, stop
from trials.chaos.crowd import Crowd
from trials.chaos.hosts import last_lines
from trials.generator.answers import Json

MOST_RUNS = 60  # of one file: again and again the database is away for a while


@dataclass
class ImportedFile:
    """One file and its imports, each of which writes receipts: an application must always get the same reference."""

    path: Path
    crowd: Crowd
    log: Path
    runs: int = 0
    ended: "Future[None] | None" = None

    def begin(self) -> "subprocess.Popen[bytes]":
        """Starts one import of the whole file."""
        self.runs += 1
        with self.log.open("ab") as log:
            command = ("sijil", "import", str(self.path), "--receipts", str(self.receipts(self.runs)))
            return start(*command, stdout=log, stderr=log)

    def receipts(self, run: int) -> Path:
        """The file of the receipts of one import."""
        return self.path.with_suffix(f".receipts-{run}")

    def go_on(self) -> None:
        """Imports the file in a thread until one import succeeds."""
        self.ended = ThreadPoolExecutor(1, "import").submit(self.to_the_end)

    def to_the_end(self) -> None:
        """Imports the file until one import succeeds. Raises Broken where none does."""
        while self.runs < MOST_RUNS and not self.crowd.over:
            process = self.begin()
            while process.poll() is None and not self.crowd.over:
                time.sleep(0.05)
            stop([process])
            if process.returncode == 0:
                self.keep_receipts()
                return
            time.sleep(0.5)
        said = "\n".join(last_lines(self.log))
        raise Broken(f"The import of {self.path.name} never succeeded in {self.runs} runs. Its log ends so:\n{said}")

    def keep_receipts(self) -> None:
        """Reads the receipts of all imports, but for a line that a kill left half-written."""
        for run in range(1, self.runs + 1):
            path = self.receipts(run)
            for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []:
                if line.endswith("\n"):
                    receipt = json.loads(line)
                    self.crowd.receive(receipt["application"], receipt["reference"], receipt["secret"])


@dataclass
class Files:
    """The files whose import has not begun, and those whose import has."""

    waiting: list[ImportedFile]
    begun: list[ImportedFile] = field(default_factory=list)

    def next(self) -> ImportedFile | None:
        """A file whose import has not begun; None where there is none."""
        if not self.waiting:
            return None
        self.begun.append(self.waiting.pop())
        return self.begun[-1]

    def go_on(self) -> None:
        """Imports all files that no strike chose."""
        while file := self.next():
            file.go_on()

    @property
    def failure(self) -> BaseException | None:
        """The error that ended an import, if one did."""
        return next(
            (
                each.ended.exception()
                for each in self.begun
                if each.ended and each.ended.done() and each.ended.exception()
            ),
            None,
        )


def write_files(crowd: Crowd, count: int, folder: Path) -> Files:
    """Writes the applications that come by file into so many files."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [crowd.by_file[place::count] for place in range(count)]
    return Files(
        [
            ImportedFile(write_file(folder / f"file-{place}.ndjson", part), crowd, folder / "import.log")
            for place, part in enumerate(parts)
        ]
    )


def write_file(path: Path, bodies: Sequence[Json]) -> Path:
    """Writes applications into a file, one a line."""
    path.write_text("".join(json.dumps(body, ensure_ascii=False) + "\n" for body in bodies), encoding="utf-8")
    return path
