"""People are enrolled while the processes that enrol them are killed in between: each once, and no number is lost."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.sources import ROOT
from tests.enrolling import asked, both_officers
from tests.filing import examined, rows, value
from tests.integration.auditing import anchor, breaks, replayed
from tests.integration.test_kinds_killed import AT_REST, PATIENCE, STANDING, kill_one

pytestmark = pytest.mark.xdist_group("processes")
KILLS, PEOPLE, REQUESTS = 5, 6, 3  # in each round so many people, of whom each is asked for so many times
GIVEN = ("Khalid", "Youssef", "Hamza", "Rachid", "Tarik", "Driss", "Nabil")
FAMILY = ("Benali", "Tazi", "Mansouri", "Chraibi", "Fassi", "Idrissi", "Berrada", "Lahlou", "Sefrioui")
WITHOUT_PERSON = """
    select count(*) from issued_identifier i where not exists (select from person p where p.idcs = i.idcs)
"""


def a_person(number: int) -> dict[str, str | None]:
    """Each number is somebody who looks like no other one."""
    given, family = GIVEN[number % len(GIVEN)], FAMILY[number // len(GIVEN) % len(FAMILY)]
    latin = {"given_name_la": given, "family_name_la": family, "given_name_ar": None, "family_name_ar": None}
    return latin | {
        "cin": f"K{number * 12345}",
        "phone": f"+21261{number * 98765 % 10**7:07}",
        "birth_date": f"{1930 + number % 90}-{number % 12 + 1:02}-{number % 28 + 1:02}",
    }


@pytest.fixture
def supervisor(database: str, broker: str, monkeypatch: pytest.MonkeyPatch) -> Iterator["subprocess.Popen[bytes]"]:
    """`sijil work`, in small batches."""
    monkeypatch.setenv("SIJIL_BATCH", "4")
    monkeypatch.setenv("SIJIL_TRIES_SPREAD", "0")
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        [sys.executable, "-m", "sijil", "work", "--processes", "2"], stdin=quiet, stdout=quiet, stderr=quiet, cwd=ROOT
    )
    yield process
    process.terminate()
    process.wait(60)


def test_each_person_gets_one_identifier_whatever_dies(supervisor: "subprocess.Popen[bytes]", tmp_path: Path) -> None:
    rng, killed, people, end = random.Random(12), 0, 0, time.monotonic() + PATIENCE
    # Given people of whom each is asked for three times, at three centres
    while killed < KILLS:
        assert time.monotonic() < end
        for number in range(people, people + PEOPLE):
            for place in range(REQUESTS):
                both_officers(asked(birth_place=f"Place {place}", **a_person(number)))
        people += PEOPLE
        # When the processes that enrol them are killed in between
        time.sleep(rng.uniform(0.1, 0.5))
        killed += kill_one(rng)
    while not value(AT_REST):
        assert time.monotonic() < end, rows(STANDING)
        time.sleep(0.2)

    # Then each of them has one identifier, an officer sees the other requests, and all proofs hold
    assert value("select count(*) from person") == value("select count(distinct cin) from person") == people
    assert dict(rows("select stage, count(*) from cases group by 1")) == {
        "notified": people,
        "possible_duplicate": people * (REQUESTS - 1),
    }
    assert value(WITHOUT_PERSON) == 0
    assert examined() == {}
    assert replayed().differing == 0
    anchor(tmp_path)
    assert breaks(tmp_path) == []
