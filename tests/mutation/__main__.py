"""Makes mutants of the engine one by one and runs the tests that should see each: `.venv/bin/python -m tests.mutation --sample 80 --seed 1`.

It works in a copy of this checkout, and prints every mutant that all of these tests let live; exit code 1 where there is one.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.mutation.mutants import Mutant, mutants_of

HERE = Path(__file__).resolve().parents[2]
MODULES = ("workflows/queue/*.py", "workflows/engine.py", "tasks/deliver.py")
# The tests that run real servers but no process of ours: what they miss, chaos may still see, but not in minutes.
ENGINE = (
    "unit/test_claim_cursor.py", "unit/test_shared_lock.py", "integration/test_course.py", "integration/test_one_bad_case.py",
    "integration/test_silence.py", "integration/test_uncounted.py", "integration/test_what_is_away.py", "integration/test_dead_workers.py",
    "integration/test_sweep.py", "integration/test_living_workers.py", "integration/test_resuming.py", "integration/test_monitor.py",
    "integration/test_attempts.py", "integration/test_guards.py", "integration/test_two_households.py", "integration/test_citizens.py",
    "integration/test_commands_operation.py",
)  # fmt: skip
DELIVERY = ("integration/test_delivery.py", "integration/test_delivery_lanes.py", "integration/test_refused_calls.py", "integration/test_clock_jumps.py")
LONGEST_SECONDS = 600


def main() -> int:
    """Runs a sample; how many survived decides the exit code."""
    options = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    options.add_argument("--sample", type=int, default=80, help="how many mutants, drawn evenly over all modules")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", default="", help="mutants of modules whose path holds this")
    given = options.parse_args()
    everything = [each for pattern in MODULES for path in sorted(Path().glob(pattern)) if given.only in str(path) for each in mutants_of(path)]
    chosen = random.Random(given.seed).sample(everything, min(given.sample, len(everything)))
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(HERE, copy, ignore=shutil.ignore_patterns(".git", ".venv", ".sijil", "__pycache__", "*.rdb"))
        (copy / ".venv").symlink_to(HERE / ".venv")
        for number, mutant in enumerate(chosen, 1):
            lives = survives(mutant, copy)
            survivors += lives
            print(f"{number}/{len(chosen)} {'SURVIVED' if lives else 'killed'} {mutant}", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} mutants were seen (there are {len(everything)}); {survivors} survived")
    return 1 if survivors else 0


def survives(mutant: Mutant, copy: Path) -> bool:
    """Whether all tests pass with it. One that makes them hang is seen."""
    target = copy / mutant.path
    target.write_text(mutant.text(), encoding="utf-8")
    tests = [f"tests/{name}" for name in (DELIVERY if mutant.path.name == "deliver.py" else ENGINE)]
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-n", "2", "-p", "no:cacheprovider", *tests], cwd=copy, timeout=LONGEST_SECONDS,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        return ran.returncode == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        shutil.copyfile(HERE / mutant.path, target)


if __name__ == "__main__":
    sys.exit(main())
