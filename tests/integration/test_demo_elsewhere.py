"""The whole demo with the population register as a service of its own: real processes, two databases, one partner."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.filing import rows, value
from tests.integration.message_centre import free_port

APPLICATIONS = 12
SECONDS = 200
ASKED = ["PersonsVerified", "MembersMismatched", "IdentityDoubted"]


def test_the_demo_with_a_register_elsewhere_comes_to_its_report_and_leaves_nothing_behind(
    database: str, broker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "demo"
    monkeypatch.setenv("SIJIL_HOME", str(home))
    monkeypatch.setenv("SIJIL_POPULATION_PORT", str(free_port()))
    asked = ("--applications", str(APPLICATIONS), "--no-serve", "--remote-register", "--json")
    command = [sys.executable, "-m", "sijil", "demo", *asked]
    ran = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=SECONDS, check=False)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    assert (found["applications"], found["parked"]) == (APPLICATIONS, 0)
    assert found["notified"] > 0
    assert value("select count(*) from person") == 0, "whoever was confirmed was so by the other database"
    assert value("select count(distinct case_id) from event where kind = any(%s)", ASKED) == APPLICATIONS
    assert rows("select failures, open_until from register_elsewhere where open_until is not null") == []
    assert not list(home.rglob("postmaster.pid")), "every server that it started has ended"
