"""Cases that open others, wait for them and take turns, while the processes that work them are killed in between."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.database import transaction
from tests.contract.sources import ROOT
from tests.filing import examined, file_clean, rows, value
from tests.integration.auditing import anchor, breaks, replayed
from tests.toy_kind import Goes, ask, known
from workflows.queue.monitor import workers

pytestmark = pytest.mark.xdist_group("processes")
PATIENCE = 120.0
KILLS = 8
OUTCOMES: list[Goes] = ["well", "wrong"]
HOUSEHOLDS: list[int | None] = [None, 7001, 7002, 7003]
COUNT = "select count(*) from cases where kind = %s"
STANDING = "select kind, stage, machine, ready, waiting, count(*) from cases group by 1, 2, 3, 4, 5"
WENT = """
    select q.stage, array_agg(distinct e.stage) from cases q join cases e on e.parent_id = q.id group by 1
"""
REGISTERED = "select stage, count(*) from cases where kind = 'registration' group by 1"
AT_REST = "select not exists (select from cases where ready or waiting or machine)"


@pytest.fixture
def supervisor(database: str, broker: str, monkeypatch: pytest.MonkeyPatch) -> Iterator["subprocess.Popen[bytes]"]:
    """`sijil work`, whose processes know the kinds of tests/toy_kind.py."""
    monkeypatch.setenv("SIJIL_POPULATION_REGISTER", "tests.toy_register:Register")
    monkeypatch.setenv("SIJIL_BATCH", "7")
    monkeypatch.setenv("SIJIL_TRIES_SPREAD", "0")
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        [sys.executable, "-m", "sijil", "work", "--processes", "2"], stdin=quiet, stdout=quiet, stderr=quiet, cwd=ROOT
    )
    with known():
        yield process
    process.terminate()
    process.wait(60)


def kill_one(rng: random.Random) -> bool:
    """Kills a worker process; whether there was one."""
    with transaction() as connection:
        pids = [each["pid"] for each in workers(connection) if each["alive"]]
    if not pids:
        return False
    try:
        os.kill(rng.choice(pids), signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def test_nothing_is_lost_doubled_or_stuck(supervisor: "subprocess.Popen[bytes]", tmp_path: Path) -> None:
    rng, killed, rounds, end = random.Random(11), 0, 0, time.monotonic() + PATIENCE
    # Given questions about few households, of which each opens an errand, and registrations beside them
    while killed < KILLS:
        assert time.monotonic() < end
        ask(*rng.choices(OUTCOMES, k=12), households=rng.choices(HOUSEHOLDS, k=12))
        file_clean(3, 3 * rounds)
        rounds += 1
        # When the processes that work them are killed in between
        time.sleep(rng.uniform(0.1, 0.6))
        killed += kill_one(rng)
    while not value(AT_REST):
        assert time.monotonic() < end, rows(STANDING)
        time.sleep(0.2)

    # Then every question opened one errand and went where that led, and all proofs hold
    assert value(COUNT, "errand") == value(COUNT, "question") == 12 * rounds
    assert dict(rows(WENT)) == {"notified": ["notified"], "under_review": ["rejected"]}
    assert dict(rows("select stage, count(*) from cases where kind = 'registration' group by 1")) == {
        "notified": 3 * rounds
    }
    assert examined() == {}
    assert replayed().differing == 0
    anchor(tmp_path)
    assert breaks(tmp_path) == []
