"""The history by the command line: audit, erase, replay, doctor."""

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest

from models import clock
from models.database import Connection
from models.errors import Unavailable
from sijil.commands import history
from tests.filing import Worker, drain_all, file_clean, rows, value
from tests.integration.running import Run
from workflows.history import keyranges
from workflows.history.keyranges import KeyRange
from workflows.intake.submit import Accepted

TAMPER = """
    update event set facts = replace(facts::text, '"rules":"', '"rules":"x')::json where kind = 'PersonsVerified'
"""


def test_audit_anchors_and_verifies_and_tells_a_tampered_history(
    reviewed: tuple[Accepted, Accepted], ready: Run, tmp_path: Path
) -> None:
    _, later = reviewed
    anchors = ("--anchors", tmp_path / "anchors")
    (tmp_path / "anchors").mkdir()
    alone = ready("audit", "verify", *anchors, "--json")
    assert (alone.code, alone.json["anchors"], "nothing outside the database confirms it" in alone.out) == (0, 0, True)
    assert Path(ready("audit", "anchor", *anchors, "--json").json["anchor"]).exists()
    assert ready("audit", "anchor", *anchors, "--json").json["anchor"] is None
    clean_run = ready("audit", "verify", *anchors, "--json")
    assert (clean_run.code, clean_run.json["breaks"], clean_run.json["anchors"]) == (0, 0, 1)

    rows("update event set actor = 'nobody' where case_id = %s and seq = 2", later.case_id)

    tampered = ready("audit", "verify", *anchors, "--json")
    assert tampered.code == 1
    assert tampered.json["breaks"] >= 1
    assert f"case {later.case_id}" in tampered.json["findings"][0]


def test_erase_says_how_many_events_lost_their_facts(ready: Run, worker: Worker) -> None:
    (taken,) = file_clean(1)
    early = ready("erase", taken.reference)
    assert early.code == 2
    assert "still open" in early.err
    drain_all(worker())

    assert ready("erase", taken.reference, "--json").json == {"erased_events": 6}
    assert ready("replay", "--json").json == {"decisions": 0, "mismatches": 0, "erased": 5}


def test_erase_asks_a_human_first_unless_told_yes(ready: Run, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = file_clean(2)
    drain_all(worker())

    monkeypatch.setattr("os.isatty", lambda _: True)
    monkeypatch.setattr("sys.stdin", StringIO("n\n"))
    ran = ready("erase", first.reference)
    assert (ran.code, "Nothing was erased" in ran.err, value("select count(*) from event where facts is null")) == (
        2,
        True,
        0,
    )

    monkeypatch.setattr("sys.stdin", StringIO("y\n"))
    assert ready("erase", first.reference, "--json").json == {"erased_events": 6}
    monkeypatch.setattr("sys.stdin", StringIO())
    assert ready("erase", second.reference, "--yes").code == 0


def test_replay_ends_with_1_where_a_decision_differs(ready: Run, worker: Worker) -> None:
    (taken,) = file_clean(1)
    drain_all(worker())
    assert ready("replay", "--json").json == {"decisions": 5, "mismatches": 0, "erased": 0}

    rows(
        """update event set facts = replace(facts::text, '"rules":"', '"rules":"x')::json where kind =
        'PersonsVerified'
        """
    )

    ran = ready("replay", "--json")
    assert (ran.code, ran.json) == (1, {"decisions": 5, "mismatches": 1, "erased": 0})
    assert f"{taken.reference}, event 2, PersonsVerified: differs" in ran.out.splitlines()


def test_replay_names_so_many_that_differ_and_counts_the_rest(
    ready: Run, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "SHOWN", 2)
    file_clean(3)
    drain_all(worker())
    rows(TAMPER)
    rows("delete from receipt where case_id = (select min(id) from cases)")

    said = ready("replay").out.splitlines()

    assert [line.endswith("differs") for line in said[:3]] == [True, True, False]
    assert (said[0].split(",")[0], said[2]) == (f"case {value('select min(id) from cases')}", "… and 1 more")


def test_doctor_ends_with_1_where_something_is_wrong(ready: Run) -> None:
    (taken,) = file_clean(1)
    healthy = ready("doctor", "--json")
    assert (healthy.code, set(healthy.json.values())) == (0, {0})
    assert "orphans" in healthy.json

    rows("update cases set ready = false where id = %s", taken.case_id)

    ran = ready("doctor", "--json")
    assert (ran.code, ran.json["orphans"]) == (1, 1)
    assert "orphans: 1" in ran.out


@pytest.mark.parametrize("command", ["replay", "doctor"])
def test_what_was_stopped_says_how_to_go_on_and_goes_on_there(
    ready: Run, worker: Worker, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    first, *_ = file_clean(3)
    drain_all(worker())
    rows(
        'update event set facts = replace(facts::text, \'"score":"\', \'"score":"1\')::json where kind = '
        "'ScoreComputed' and case_id = %s",
        first.case_id,
    )
    asked = iter([first.case_id, None])

    def away_after_the_first(connection: Connection, table: str, after: int, at_once: int) -> KeyRange:
        if (upto := next(asked)) is None:
            raise Unavailable("The database does not answer.")
        return KeyRange(after, upto)

    with monkeypatch.context() as away:
        away.setattr(keyranges, "next_range", away_after_the_first)
        stopped = ready(command)
    assert stopped.code == 1
    assert f"Stopped after case {first.case_id}. Go on: sijil {command} --after {first.case_id}" in stopped.out
    assert ready(command).code == 1
    rest = ready(command, "--after", str(first.case_id))
    assert rest.code == 0
    assert command != "doctor" or f"healthy after case {first.case_id}: " in rest.out


def test_replay_since_a_day_computes_again_what_moved_since(ready: Run, worker: Worker) -> None:
    file_clean(1)
    drain_all(worker())
    today, tomorrow = (clock.now() + timedelta(days=days) for days in (0, 1))

    assert ready("replay", "--since", f"{today:%F}", "--json").json["decisions"] == 5
    assert ready("replay", "--since", f"{tomorrow:%F}", "--json").json["decisions"] == 0
