"""Makes mutants of the engine, and runs the tests that should see each.

`.venv/bin/python -m tests.mutation --sample 80 --seed 1`

It works in copies of this checkout, two mutants at a time, and prints every mutant that survives the tests of its
module; exit code 1 where one does. With TMPDIR in memory it is several times as fast.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from tests.mutation.mutants import Mutant, mutants_of

HERE = Path(__file__).resolve().parents[2]
OURS = {"benchmarks", "models", "notifications", "sijil", "tasks", "tests", "trials", "web", "workflows"}
DELIVERY = "delivery delivery_lanes refused_calls slow_gateways clock_jumps commands_messages rows_held"
# The tests that should see a mutant of each module, its own first. They run real servers, but no process of ours and no
# chaos, nor test_locks.py, which waits for minutes.
TESTS = {
    "workflows/queue/availability.py": "silence what_is_away",
    "workflows/queue/attempts.py": (
        "attempts living_workers dead_workers sweep silence what_is_away uncounted rows_held"
    ),
    "workflows/queue/batch.py": "dead_workers course one_bad_case attempts what_is_away",
    "workflows/queue/bisection.py": "one_bad_case attempts uncounted what_is_away silence dead_workers course",
    "workflows/queue/claim.py": (
        "unit/claim_cursor course monitor dead_workers silence sweep holds one_bad_case rows_held"
    ),
    "workflows/queue/stalled.py": "dead_workers living_workers sweep uncounted rows_held",
    "workflows/queue/drain.py": "silence what_is_away one_bad_case dead_workers course wakes",
    "workflows/queue/holds.py": "holds sweep rows_held",
    "workflows/queue/inhand.py": "hanging",
    "workflows/queue/monitor.py": "monitor uncounted commands_operation strange_servers living_workers holds",
    "workflows/queue/pauses.py": "monitor commands_operation course",
    "workflows/queue/sharedlock.py": "unit/shared_lock dead_workers",
    "workflows/queue/silence.py": "silence what_is_away",
    "workflows/queue/timers.py": "clock_jumps sweep citizens dead_workers holds rows_held",
    "workflows/queue/failures.py": "one_bad_case dead_workers uncounted silence sweep holds",
    "workflows/engine/work.py": "course resuming one_bad_case citizens two_households guards order_of_locks",
    "workflows/engine/turns.py": "general_engine kinds_of_cases updates",
    "workflows/engine/children.py": "kinds_of_cases general_engine upheld_appeals",
    "workflows/registers/circles.py": "property/circles persons_move",
    "workflows/registers/households.py": "updates earlier_days upheld_appeals redeclared_changes",
    "workflows/registers/period_rows.py": "periods updates earlier_days",
    "workflows/registers/periods.py": "property/periods periods earlier_days",
    "workflows/registers/person_moves.py": "persons_move updates",
    "workflows/bodies/merging.py": "property/merging updates earlier_days upheld_appeals",
    "workflows/stages/change.py": "updates earlier_days upheld_appeals persons_move",
    "workflows/appeals/holding.py": "appeals commands_appeals",
    "workflows/history/retention.py": "retention",
    "notifications/deliver.py": DELIVERY,
    "notifications/leases.py": DELIVERY,
}
# These take half a minute and more each, and other tests see what they see.
SLOW = ("a_different_case_probes_it_each_minute_and_nobody_is_ever_parked",)
# No plugin is loaded: that would take longer than most of these tests. `-x`: one red test is enough.
PYTEST = (
    "-x",
    "-q",
    "-rfE",
    "--disable-plugin-autoload",
    "-o",
    "addopts=--import-mode=importlib --strict-markers",
    "-p",
    "no:cacheprovider",
    "-k",
    " and ".join(f"not {each}" for each in SLOW),
)
# The libraries of our modules, loaded once: each run is a fork, which loads our modules alone.
PRELOADED = (
    "alembic",
    "babel",
    "dramatiq",
    "litestar",
    "phonenumbers",
    "psycopg",
    "pydantic",
    "redis",
    "sqlalchemy",
    "sqlmodel",
    "structlog",
    "uvicorn",
)
FORK = get_context("fork")
AT_ONCE = 2
LONGEST_SECONDS = 240


@dataclass(frozen=True, slots=True)
class Lane:
    """A copy of the checkout, with a pair of servers of its own."""

    copy: Path
    servers: Path

    def passes(self, tests: Iterable[str]) -> tuple[bool, str]:
        """Whether all these tests pass, and the first failure. Tests that hang do not pass."""
        run = FORK.Process(target=self.run, args=[tests])
        run.start()
        run.join(LONGEST_SECONDS)
        if run.exitcode is None:
            run.kill()
            run.join()
            return False, "it hangs"
        said = self.said.read_text(encoding="utf-8").splitlines()
        return run.exitcode == 0, next(
            (line for line in said if line.startswith(("FAILED", "ERROR"))), "\n".join(said[-5:])
        )

    @property
    def said(self) -> Path:
        return self.servers / "said"

    def run(self, tests: Iterable[str]) -> None:
        """Loads our modules from the copy and runs these tests, in a process of its own."""
        os.chdir(self.copy)
        sys.path[:] = [str(self.copy), *(each for each in sys.path if Path(each).resolve() != HERE)]
        for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
            del sys.modules[name]
        with self.said.open("w", encoding="utf-8") as file, redirect_stdout(file):
            code = pytest.main([*PYTEST, "--servers", str(self.servers), *tests])
        os._exit(code)

    def survives(self, mutant: Mutant) -> tuple[bool, str]:
        """Whether the tests of its module pass with this mutant, and the first failure."""
        target = self.copy / mutant.path
        target.write_text(mutant.text(), encoding="utf-8")
        try:
            return self.passes(files_of(str(mutant.path)))
        finally:
            shutil.copyfile(HERE / mutant.path, target)


def main() -> int:
    """Runs a sample of mutants; exit code 1 where one survived, 2 where a test fails without a mutant."""
    given = arguments()
    modules = [each for each in TESTS if given.only in each]
    everything = [mutant for module in modules for mutant in mutants_of(Path(module))]
    chosen = random.Random(given.seed).sample(everything, min(given.sample, len(everything)))
    files = sorted({file for module in modules for file in files_of(module)}) if given.unmutated else []
    for name in PRELOADED:
        import_module(name)
    with lanes() as free, ProcessPoolExecutor(AT_ONCE, FORK, initializer=free_lane, initargs=(free,)) as pool:
        red = [file for file, passes in zip(files, pool.map(try_out, files), strict=True) if not passes]
        if red:
            print(f"These tests fail without a mutant; mend them first: {', '.join(red)}")
            return 2
        survivors = sum(pool.map(try_out, chosen))
    print(
        f"{len(chosen) - survivors} of {len(chosen)} mutants were seen, {survivors} survived; "
        f"the sample is drawn from {len(everything)}"
    )
    return 1 if survivors else 0


def arguments() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    options.add_argument("--sample", type=int, default=80, help="how many mutants, drawn evenly over all modules")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", default="", help="only mutants of modules whose path holds this")
    options.add_argument(
        "--no-unmutated",
        dest="unmutated",
        action="store_false",
        help="do not run the tests without a mutant first",
    )
    return options.parse_args()


def files_of(module: str) -> list[str]:
    """The files of tests that should see a mutant of this module."""
    parts = [each.rpartition("/") for each in TESTS[module].split()]
    return [f"tests/{folder or 'integration'}/test_{name}.py" for folder, _, name in parts]


mine: list[Lane] = []  # the lane of this process of the pool


def free_lane(free: "SimpleQueue[Lane]") -> None:
    """Takes a free lane for this process of the pool."""
    mine.append(free.get())


def try_out(what: Mutant | str) -> bool:
    """Runs the tests of a mutant, or a file of tests without a mutant; whether they pass, which it prints."""
    began = time.monotonic()
    lives, said = mine[0].passes([what]) if isinstance(what, str) else mine[0].survives(what)
    result = ("passes" if lives else "FAILS") if isinstance(what, str) else ("SURVIVED" if lives else "killed")
    print(f"{result} {what} ({time.monotonic() - began:.0f} s{'' if lives else ', ' + said})", flush=True)
    return lives


@contextmanager
def lanes() -> Iterator["SimpleQueue[Lane]"]:
    """Makes the copies and runs their servers."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        made = [Lane(Path(folder) / f"copy{number}", Path(folder) / f"{number}") for number in range(AT_ONCE)]
        free: SimpleQueue[Lane] = FORK.SimpleQueue()
        started, done = FORK.Event(), FORK.Event()
        host = FORK.Process(target=run_servers, args=(made, started, done))
        host.start()
        try:
            for lane in made:
                shutil.copytree(HERE, lane.copy, ignore=shutil.ignore_patterns(".git", ".venv", ".sijil", "*.rdb"))
                (lane.copy / ".venv").symlink_to(HERE / ".venv")
            if not started.wait(LONGEST_SECONDS):
                raise SystemExit("The servers did not start.")
            for lane in made:
                free.put(lane)
            yield free
        finally:
            done.set()
            host.join()


def run_servers(made: Iterable[Lane], started: "Event", done: "Event") -> None:
    """Runs the servers of these lanes until that is done. A process of its own imports our modules for it: what this
    one has imported, each run of tests would have twice.
    """
    from sijil.embedded.postgres import Postgres
    from sijil.embedded.valkey import Valkey

    servers = [kind(lane.servers / name) for lane in made for kind, name in ((Postgres, "pg"), (Valkey, "vk"))]
    try:
        for server in servers:
            server.start()
        started.set()
        done.wait()
    finally:
        for server in servers:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
