"""Operation by the command line: queues, workers, parked."""

import json
from typing import Any

import pytest

from tests.filing import Worker, drain_all, events_of, file_clean, rows, stage_of, value
from tests.integration.running import Ran, Run
from workflows.flow import QUEUES
from workflows.intake import Taken


def parked(error: str = "KeyError in persons") -> Taken:
    """A parked application."""
    (taken,) = file_clean(1, value("select count(*) from cases"))
    rows("insert into trouble select id, stage, version, 4, %s, 'engine.py:1 in work', now(), true from cases where id = %s", error, taken.case_id)
    rows(
        "insert into event select case_id, 2, 'CaseParked', at, 'sijil', evidence, %s, salt, commitment, hash from event where case_id = %s",
        json.dumps({"type": "CaseParked", "stage": "submitted", "error": error, "tries": 4}), taken.case_id,
    )  # fmt: skip
    rows("update cases set stage = 'parked', machine = false, ready = false, queue = null, version = 2 where id = %s", taken.case_id)
    return taken


def queue_rows(ran: Ran) -> dict[str, dict[str, Any]]:
    return {each["queue"]: each for each in ran.json["queues"]}


def test_queues_shows_depth_age_rate_and_wait(ready: Run, worker: Worker) -> None:
    file_clean(3)
    worker({"verification"}).drain("verification", 60)
    file_clean(2, 5)

    found = queue_rows(ready("queues", "--json"))

    assert set(QUEUES) <= set(found)
    assert (found["verification"]["depth"], found["scoring"]["depth"]) == (2, 3)
    assert found["verification"]["rate"] == pytest.approx(3 / 60, abs=0.01)
    assert found["verification"]["expected_wait"] == pytest.approx(40, abs=10)
    assert found["scoring"]["expected_wait"] is None
    assert {"oldest_seconds", "state"} <= set(found["scoring"])


def test_queues_pauses_and_resumes(ready: Run) -> None:
    assert ready("queues", "pause", "fraud", "--as", "omar", "--json").json == {"paused": "fraud"}
    assert queue_rows(ready("queues", "--json"))["fraud"]["state"] == "paused"
    assert "omar" not in value("select actor from paused_queue")

    assert ready("queues", "resume", "fraud", "--json").json == {"resumed": "fraud"}
    assert queue_rows(ready("queues", "--json"))["fraud"]["state"] == "open"
    again = ready("queues", "resume", "fraud")
    assert again.code == 2
    assert "not paused" in again.err


def test_workers_shows_who_is_alive_and_what_they_hold(ready: Run, worker: Worker) -> None:
    assert ready("workers", "--json").json == {"workers": []}
    (taken,) = file_clean(1)
    alive = worker({"scoring", "fraud"}).batches.attempts
    alive.begin("scoring", [taken.case_id], value("select now()"))
    rows("insert into worker (host, pid, queues, since, seen_at, counters) values ('gone', 1, '{}', now(), now(), '{}')")

    found = {each["host"]: each for each in ready("workers", "--json").json["workers"]}

    assert (found["test"]["alive"], found["test"]["holds"], found["test"]["queues"]) == (True, 1, ["fraud", "scoring"])
    assert (found["gone"]["alive"], found["gone"]["holds"]) == (False, 0)


def test_parked_lists_shows_and_sends_on_one(ready: Run, worker: Worker) -> None:
    assert ready("parked", "list", "--json").json == {"parked": []}
    one, _, other = parked(), parked(), parked("ValueError in score")

    groups = ready("parked", "list", "--json").json["parked"]
    assert [(each["error"], each["cases"]) for each in groups] == [("KeyError in persons", 2), ("ValueError in score", 1)]

    shown = ready("parked", "show", other.reference, "--json").json
    assert (shown["reference"], shown["error"], shown["tries"]) == (other.reference, "ValueError in score", 4)
    assert "engine.py" in shown["traceback"]

    assert ready("parked", "retry", one.reference, "--json").json == {"resumed": 1}
    assert stage_of(one) == "submitted"
    assert events_of(one)[-1] == "CaseResumed"
    drain_all(worker())
    assert stage_of(one) == "notified"


def test_parked_sends_on_all_with_the_same_error(ready: Run) -> None:
    one, two, other = parked(), parked(), parked("ValueError in score")

    assert ready("parked", "retry", "--error", "KeyError in persons", "--json").json == {"resumed": 2}

    assert [stage_of(each) for each in (one, two, other)] == ["submitted", "submitted", "parked"]


def test_what_is_not_parked_cannot_be_shown(ready: Run) -> None:
    (taken,) = file_clean(1)

    for command in ("show", "retry"):
        ran = ready("parked", command, taken.reference)
        assert ran.code == 2
        assert "not parked" in ran.err
