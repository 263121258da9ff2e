"""Applications that come in files:

`sijil import` as a process, which is killed in the middle and run again until it has read the whole file.
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
from trials.generator.answers import Json

MOST_RUNS = 60  # of one file: the database is away for a while again and again


@dataclass
class ImportedFile:
    """One file, and the runs over it.

    `receipts` of every run are kept: an application has one reference, however often it was read.
    """

    path: Path
    crowd: Crowd
    log: Path
    runs: int = 0
    ended: "Future[None] | None" = None

    def begin(self) -> "subprocess.Popen[bytes]":
        """One run over the whole file."""
        self.runs += 1
        with self.log.open("ab") as log:
            command = ("sijil", "import", str(self.path), "--receipts", str(self.receipts(self.runs)))
            return start(*command, stdout=log, stderr=log)

    def receipts(self, run: int) -> Path:
        """What a run was told."""
        return self.path.with_suffix(f".receipts-{run}")

    def go_on(self) -> None:
        """Runs it again and again until one run ends well, beside whatever else happens."""
        self.ended = ThreadPoolExecutor(1, "import").submit(self.to_the_end)

    def to_the_end(self) -> None:
        """Raises Broken where it never ends well."""
        while self.runs < MOST_RUNS and not self.crowd.over:
            process = self.begin()
            while process.poll() is None and not self.crowd.over:
                time.sleep(0.05)
            stop([process])
            if process.returncode == 0:
                self.keep_receipts()
                return
            time.sleep(0.5)
        raise Broken(f"The import of {self.path.name} never ended well: see {self.log}.")

    def keep_receipts(self) -> None:
        """Those of all runs, also of one that was killed while it wrote a line."""
        for run in range(1, self.runs + 1):
            path = self.receipts(run)
            for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []:
                if line.endswith("\n"):
                    told = json.loads(line)
                    self.crowd.receive(told["application"], told["reference"], told["secret"])


@dataclass
class Files:
    """All that is still to come in files."""

    waiting: list[ImportedFile]
    begun: list[ImportedFile] = field(default_factory=list)

    def next(self) -> ImportedFile | None:
        """One that nobody has begun."""
        if not self.waiting:
            return None
        self.begun.append(self.waiting.pop())
        return self.begun[-1]

    def go_on(self) -> None:
        """What no strike was for comes undisturbed."""
        while file := self.next():
            file.go_on()

    @property
    def failure(self) -> BaseException | None:
        """What ended one before its time."""
        return next(
            (
                each.ended.exception()
                for each in self.begun
                if each.ended and each.ended.done() and each.ended.exception()
            ),
            None,
        )


def written(crowd: Crowd, count: int, folder: Path) -> Files:
    """The applications that come by file, in so many files."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [crowd.by_file[place::count] for place in range(count)]
    return Files(
        [
            ImportedFile(one_file(folder / f"file-{place}.ndjson", part), crowd, folder / "import.log")
            for place, part in enumerate(parts)
        ]
    )


def one_file(path: Path, bodies: Sequence[Json]) -> Path:
    """A file of applications, one a line."""
    path.write_text("".join(json.dumps(body, ensure_ascii=False) + "\n" for body in bodies), encoding="utf-8")
    return path
