"""Operation by the command line: queues, workers, parked."""

import json
import re
from typing import Any

import pytest
import structlog
from structlog.testing import LogCapture

from sijil.commands import operation
from sijil.commands.operation import without_zeros
from tests.filing import Worker, a_household, current_stage, drain_all, events_of, file, file_clean, rows, value
from tests.integration.running import Ran, Run
from workflows.flows import case_queues
from workflows.intake.submit import Accepted


def parked(error: str = "KeyError in compare") -> Accepted:
    """A parked application."""
    (taken,) = file_clean(1, value("select count(*) from cases"))
    rows(
        "insert into case_failure select id, kind, stage, version, 4, %s, 'engine.py:1 in work', now(), true "
        "from cases where id = %s",
        error,
        taken.case_id,
    )
    rows(
        "insert into event select case_id, 2, 'CaseParked', at, 'sijil', evidence, %s, salt, commitment, hash from "
        "event where case_id = %s",
        json.dumps({"type": "CaseParked", "stage": "submitted", "error": error, "tries": 4}),
        taken.case_id,
    )
    rows(
        "update cases set stage = 'parked', machine = false, ready = false, queue = null, version = 2 where id = %s",
        taken.case_id,
    )
    return taken


def queue_rows(ran: Ran) -> dict[str, dict[str, Any]]:
    return {each["queue"]: each for each in ran.json["queues"]}


def test_queues_shows_depth_age_rate_and_wait(ready: Run, worker: Worker) -> None:
    file_clean(3)
    worker({"verification"}).drain("verification", 60)
    file_clean(2, 5)

    found = queue_rows(ready("queues", "--json"))

    assert set(case_queues()) <= set(found)
    assert (found["verification"]["depth"], found["scoring"]["depth"]) == (2, 3)
    assert found["verification"]["rate"] == pytest.approx(3 / 60, abs=0.01)
    assert found["verification"]["expected_wait"] == pytest.approx(40, abs=10)
    assert found["scoring"]["expected_wait"] is None
    assert {"oldest_seconds", "state"} <= set(found["scoring"])


def test_queues_pauses_and_resumes(ready: Run) -> None:
    assert ready("queues", "pause", "fraud", "--as", "omar", "--json").json == {"paused": "fraud"}
    shown = ready("queues", "--json")
    paused = queue_rows(shown)["fraud"]
    assert (paused["state"], paused["paused_by"], paused["expected_wait"]) == ("paused", "omar", None)
    since = value("select since from paused_queue")
    assert f"-            0  paused since {since:%F %R} by omar" in shown.out
    assert "omar" not in value("select actor from paused_queue")

    again = ready("queues", "pause", "fraud", "--as", "nadia")
    assert (again.code, again.err) == (2, f"sijil: The queue 'fraud' is already paused since {since:%F %R} by omar.\n")
    assert value("select since from paused_queue") == since

    assert ready("queues", "resume", "fraud", "--json").json == {"resumed": "fraud"}
    assert queue_rows(ready("queues", "--json"))["fraud"]["state"] == "open"
    again = ready("queues", "resume", "fraud")
    assert again.code == 2
    assert "not paused" in again.err


def test_the_reason_of_a_pause_is_shown_on_one_line_and_never_logged(ready: Run) -> None:
    assert ready("queues", "pause", "fraud", "--as", "omar", "--reason", " a faulty\n rule ").code == 0
    shown = ready("queues", "--json")
    assert queue_rows(shown)["fraud"]["paused_because"] == "a faulty rule"
    assert "by omar: a faulty rule" in shown.out
    assert "faulty" not in shown.err
    assert queue_rows(ready("queues", "--json"))["scoring"].get("paused_because") is None


def test_a_reason_that_nobody_would_read_is_refused(ready: Run) -> None:
    assert ready("queues", "pause", "fraud", "--as", "omar", "--reason", "why " * 51).code == 2
    assert value("select count(*) from paused_queue") == 0


def test_who_paused_and_who_resumed_is_logged_by_pseudonym_and_can_be_looked_up(
    ready: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged = LogCapture()
    monkeypatch.setattr(operation, "log", structlog.wrap_logger(structlog.PrintLogger(), processors=[logged]))

    ready("queues", "pause", "fraud", "--as", "omar")
    since = value("select since from paused_queue")
    ready("queues", "resume", "fraud", "--as", "Nadia Alami")

    actors = dict(rows("select name, actor from staff_name"))
    assert logged.entries == [
        {"event": "queue paused", "log_level": "info", "queue": "fraud", "by": actors["omar"]},
        {
            "event": "queue resumed",
            "log_level": "info",
            "queue": "fraud",
            "by": actors["Nadia Alami"],
            "paused_by": actors["omar"],
            "since": f"{since:%FT%TZ}",
        },
    ]
    assert all(actor.startswith("operator:") for actor in actors.values())


def test_queues_says_how_many_workers_leave_the_gateway_alone(ready: Run, worker: Worker) -> None:
    file_clean(1)
    first, second, third = worker({"delivery"}), worker({"delivery", "scoring"}), worker({"scoring"})
    for each in (first, second, third):
        each.runner.attempts.heartbeat(value("select now()"), {"gateway_open": 1})
    rows(
        "insert into worker (host, pid, queues, since, seen_at, counters) values ('gone', 1, '{delivery}', now(), "
        "now(), '{}')"
    )
    rows("update message set status = 'sent', sent_at = now()")
    file_clean(1, 1)

    ran = ready("queues", "--json")
    found = queue_rows(ran)
    assert "-            0  gateway left alone by 2 of 2 workers" in ran.out
    assert {name: found["delivery"][name] for name in ("state", "left_alone_by", "of_workers", "expected_wait")} == {
        "state": "left_alone",
        "left_alone_by": 2,
        "of_workers": 2,
        "expected_wait": None,
    }
    assert found["scoring"]["state"] == "open"

    first.runner.attempts.heartbeat(value("select now()"), {"gateway_open": 0})
    ran = ready("queues", "--json")
    assert "gateway left alone by 1 of 2 workers" in ran.out
    assert queue_rows(ran)["delivery"]["expected_wait"] is not None
    second.runner.attempts.heartbeat(value("select now()"), {"gateway_open": 0})
    assert queue_rows(ready("queues", "--json"))["delivery"]["state"] == "open"

    second.runner.attempts.heartbeat(value("select now()"), {"gateway_open": 1})
    ready("queues", "pause", "delivery")
    assert queue_rows(ready("queues", "--json"))["delivery"]["state"] == "paused"


def test_queues_says_how_many_workers_leave_the_population_register_alone(ready: Run, worker: Worker) -> None:
    file_clean(1)
    first, second = worker(), worker()
    first.runner.attempts.heartbeat(value("select now()"), {"register_open": 1})
    second.runner.attempts.heartbeat(value("select now()"), {"register_open": 0})

    ran = ready("queues", "--json")

    assert "population register left alone by 1 of 2 workers" in ran.out
    found = queue_rows(ran)
    assert (found["verification"]["state"], found["scoring"]["state"]) == ("register_left_alone", "open")


def test_workers_shows_who_is_alive_and_what_they_hold(ready: Run, worker: Worker) -> None:
    assert ready("workers", "--json").json == {"workers": []}
    (taken,) = file_clean(1)
    alive = worker({"scoring", "fraud"}).runner.attempts
    alive.begin("scoring", [taken.case_id], value("select now()"))
    rows(
        "insert into worker (host, pid, queues, since, seen_at, counters) values ('gone', 1, '{}', now(), now(), '{}')"
    )

    found = {each["host"]: each for each in ready("workers", "--json").json["workers"]}

    assert (found["test"]["alive"], found["test"]["holds"], found["test"]["queues"]) == (True, 1, ["fraud", "scoring"])
    assert (found["gone"]["alive"], found["gone"]["holds"]) == (False, 0)
    assert ", holds 1, serves fraud, scoring" in ready("workers").out


def test_parked_lists_shows_and_sends_on_one(ready: Run, worker: Worker) -> None:
    assert ready("parked", "list", "--json").json == {"parked": []}
    one, _, other = parked(), parked(), parked("ValueError in score")

    listed = ready("parked", "list", "--limit", 1, "--json")
    groups = listed.json["parked"]
    assert [(each["error"], each["cases"]) for each in groups] == [
        ("KeyError in compare", 2),
        ("ValueError in score", 1),
    ]
    assert [each["references"] for each in groups] == [[one.reference], [other.reference]]
    assert [line.split() for line in listed.out.splitlines()[1:3]] == [
        [one.reference],
        ["and", "1", "more", "(--limit)"],
    ]

    shown = ready("parked", "show", other.reference, "--json").json
    assert (shown["reference"], shown["error"], shown["tries"]) == (other.reference, "ValueError in score", 4)
    assert "engine.py" in shown["traceback"]

    assert ready("parked", "retry", one.reference, "--json").json == {"resumed": 1, "left": 0}
    assert current_stage(one) == "submitted"
    assert events_of(one)[-1] == "CaseResumed"
    drain_all(worker())
    assert current_stage(one) == "notified"


def test_parked_sends_on_all_with_the_same_error(ready: Run) -> None:
    one, two, other = parked(), parked(), parked("ValueError in score")

    assert ready("parked", "retry", "--error", "KeyError in compare", "--json").json == {"resumed": 2, "left": 0}

    assert [current_stage(each) for each in (one, two, other)] == ["submitted", "submitted", "parked"]


def test_thousands_go_on_set_by_set_and_one_that_cannot_be_loaded_stays_and_is_counted(
    ready: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.resuming.SET", 2)
    all_of_them = [parked() for _ in range(5)]
    rows("delete from case_body where case_id = %s", all_of_them[2].case_id)

    ran = ready("parked", "retry", "--error", "KeyError in compare", "--json")

    assert ran.json == {"resumed": 4, "left": 1}
    assert [current_stage(each) for each in all_of_them] == [
        "submitted",
        "submitted",
        "parked",
        "submitted",
        "submitted",
    ]


def test_queues_shows_what_waits_for_citizens_caseworkers_and_operators(
    reviewed: tuple[Accepted, Accepted], ready: Run, worker: Worker
) -> None:
    parked()
    file(a_household(7, members=2).body)
    drain_all(worker())
    rows("update cases set stage_since = stage_since - interval '12 days' where stage = 'under_review'")

    ran = ready("queues", "--json")

    people = {(each["kind"], each["stage"]): each for each in ran.json["people"]}
    assert {place: (each["owner"], each["waiting"]) for place, each in people.items() if each["waiting"]} == {
        ("registration", "needs_correction"): ("citizen", 1),
        ("registration", "under_review"): ("caseworker", 1),
        ("", "parked"): ("operator", 1),
    }
    assert {("registration", "hearing"), ("update", "conflicting"), ("appeal", "with_supervisor")} <= people.keys()
    assert people["registration", "under_review"]["oldest_seconds"] == pytest.approx(12 * 86400, abs=60)
    assert "under_review              1        12 d  caseworker" in ran.out


def test_what_is_watched_is_shown_until_ctrl_c(ready: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("sijil.commands.operation.time.sleep", sleep)

    for command in ("queues", "workers"):
        looks.clear()
        ran = ready(command, "--watch")
        assert (ran.code, ran.out.count("press Ctrl-C to stop"), len(looks)) == (0, 3, 3)


def test_show_tells_how_a_case_came_to_where_it_stands_and_names_nobody(
    reviewed: tuple[Accepted, Accepted], ready: Run, worker: Worker
) -> None:
    _, later = reviewed
    ready("decide", later.reference, "correct", "--reason", "person_lives_elsewhere", "--as", "Amina Berrada")

    ran = ready("show", later.reference.lower(), "--json")

    assert [(each["kind"], each["stage"]) for each in ran.json["events"]] == [
        ("ApplicationReceived", "submitted"),
        ("PersonsVerified", "verified"),
        ("ScoreComputed", "scored"),
        ("DuplicateSuspected", "under_review"),
        ("CorrectionAsked", "needs_correction"),
    ]
    assert ran.json["events"][-1]["by"] == "Amina Berrada"
    assert [each["template"] for each in ran.json["messages"]] == ["received", "review", "correction_asked"]
    assert f"{later.reference} (registration) is 'needs_correction' since" in ran.out
    assert "the stage ends" in ran.out
    assert "reason person_lives_elsewhere" in ran.out
    declared = value("select body from case_body where case_id = %s", later.case_id)
    secrets = [str(each[name]) for each in declared["members"] for name in ("idcs", "birth_date")] + [
        declared["phone"],
        declared["commune"],
    ]
    assert [each for each in secrets if each and each in ran.out] == []


def test_numbers_are_shown_without_zeros_at_their_end_and_told_to_programs_as_they_are(
    ready: Run, worker: Worker
) -> None:
    (taken,) = file_clean(1)
    drain_all(worker())
    kept = "9.649565100000000000000000000"
    rows(
        "update event set facts = jsonb_set(facts::jsonb, '{score}', to_jsonb(%s::text)) where kind = 'ScoreComputed'",
        kept,
    )

    ran = ready("show", taken.reference, "--json")

    assert re.findall(r"ScoreComputed .*\bscore (\S+?)[,)]", ran.out)[0] == kept.rstrip("0")
    assert next(each["facts"]["score"] for each in ran.json["events"] if each["kind"] == "ScoreComputed") == kept


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("9.6495000", "9.6495"),
        ("10.000", "10"),
        ("-0.50", "-0.5"),
        ("100", "100"),
        (100, 100),
        ("verify-1.0", "verify-1.0"),
    ],
)
def test_what_is_no_number_with_a_point_stays_as_it_is(written: object, shown: object) -> None:
    assert without_zeros(written) == shown


def test_the_rate_has_one_decimal(ready: Run) -> None:
    file_clean(3)
    rows("update message set status = 'sent', sent_at = now() where case_id in (select min(case_id) from message)")

    (line,) = [each for each in ready("queues").out.splitlines() if each.startswith("delivery")]

    assert line.split()[3] == "0.0"


def test_show_tells_of_a_parked_case_what_failed_and_of_an_erased_one_that_it_was_erased(ready: Run) -> None:
    taken = parked()
    assert "failed 4 times" in ready("show", taken.reference).out
    assert ready("show", taken.reference, "--json").json["events"][-1]["stage"] == "parked"

    rows("update event set facts = null where case_id = %s", taken.case_id)
    assert "(erased)" in ready("show", taken.reference).out
    assert ready("show", "RSU-0000-0000-0000").code == 2


def test_what_is_not_parked_cannot_be_shown(ready: Run) -> None:
    (taken,) = file_clean(1)

    for command in ("show", "retry"):
        ran = ready("parked", command, taken.reference)
        assert ran.code == 2
        assert "not parked" in ran.err
