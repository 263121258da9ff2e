"""Every command on real servers: what it does, the JSON object on its last line, and one clear sentence where it cannot."""

import json
from collections.abc import Callable
from decimal import Decimal
from importlib import metadata
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from sijil.commands import data, history
from sijil.generator import files
from tests.conftest import Servers
from tests.filing import (
    Body,
    a_household,
    changed,
    clean,
    drain_all,
    events_of,
    file_clean,
    rows,
    stage_of,
    stages,
    value,
)
from tests.integration.running import Ran, Run
from workflows.declaration import ApplicationBody
from workflows.flow import QUEUES
from workflows.intake import Taken
from workflows.queue.drain import Drainer

Worker = Callable[..., Drainer]


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


def ndjson(path: Path, *bodies: Body) -> Path:
    """Bodies as a file."""
    path.write_text("".join(json.dumps(body) + "\n" for body in bodies))
    return path


# Data in -------------------------------------------------------------------------------------------


def test_migrate_says_that_nothing_was_to_do(ready: Run) -> None:
    ran = ready("migrate", "--json")

    assert (ran.code, ran.json["migrated"]) == (0, False)


def test_migrate_brings_an_empty_database_up_to_date(servers: Servers, database: str, broker: str, sijil: Run) -> None:
    rows("drop schema public cascade; create schema public")
    assert "Run `sijil migrate`" in sijil("doctor").err

    assert sijil("migrate", "--json").json["migrated"] is True
    assert sijil("doctor").code == 0


def test_import_counts_what_it_took_and_names_the_reject_file(ready: Run, tmp_path: Path) -> None:
    good, bad = (each.body for each in clean(2))
    path = ndjson(tmp_path / "in.ndjson", good, changed(bad, region=13))

    ran = ready("import", path, "--json")

    rejects = tmp_path / "in.ndjson.rejects.ndjson"
    assert (ran.code, ran.json) == (0, {"taken": 1, "repeated": 0, "refused": 1, "rejects": str(rejects)})
    assert json.loads(rejects.read_text())["line"] == 2
    assert ready("import", path, "--json").json == {"taken": 0, "repeated": 1, "refused": 1, "rejects": str(rejects)}


def test_import_ends_with_1_where_every_application_was_refused(ready: Run, tmp_path: Path) -> None:
    good, bad = (each.body for each in clean(2))
    refused = ndjson(tmp_path / "refused.ndjson", changed(bad, region=13), {})
    taken = ndjson(tmp_path / "taken.ndjson", good)

    ran = ready("import", refused, "--json")
    assert (ran.code, ran.json["taken"], ran.json["refused"]) == (1, 0, 2)
    assert "the refused ones are listed in" in ran.out

    assert [ready("import", taken).code for _ in range(2)] == [0, 0]  # the second time, it had been taken before
    assert ready("import", ndjson(tmp_path / "empty.ndjson")).code == 0


def test_import_writes_rejects_and_receipts_where_it_is_told(ready: Run, tmp_path: Path) -> None:
    path = ndjson(tmp_path / "in.ndjson", clean(1)[0].body, {})

    ready("import", path, "--rejects", tmp_path / "r.ndjson", "--receipts", tmp_path / "s.ndjson")

    assert (tmp_path / "r.ndjson").read_text().count("\n") == (tmp_path / "s.ndjson").read_text().count("\n") == 1


def test_generate_enrol_and_import_make_a_register_that_can_be_worked(ready: Run, worker: Worker, tmp_path: Path) -> None:
    made = ready("generate", "--households", 30, "--seed", 5, "--to", tmp_path / "made", "--csv", "--json")
    assert (made.code, made.json["households"]) == (0, 30)
    assert all(Path(each).exists() for each in made.json["files"])

    assert ready("enrol", tmp_path / "made" / files.POPULATION, "--json").json == {"enrolled": made.json["persons"]}
    assert ready("enrol", tmp_path / "made" / files.POPULATION, "--json").json == {"enrolled": 0}
    assert ready("import", tmp_path / "made" / files.TABLE, "--json").json["taken"] == 30
    drain_all(worker())

    truth = [json.loads(line)["expect"] for line in (tmp_path / "made" / files.TRUTH).read_text().splitlines()]
    assert stages() == {stage: truth.count(stage) for stage in set(truth)}


def test_generate_says_the_same_for_the_same_seed(sijil: Run, tmp_path: Path) -> None:
    for place in ("a", "b"):
        assert sijil("generate", "--households", 20, "--seed", 9, "--to", tmp_path / place).code == 0

    for name in (files.POPULATION, files.APPLICATIONS, files.TRUTH):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_files_that_cannot_be_written_or_read_are_refused_by_name(sijil: Run, tmp_path: Path) -> None:
    written = sijil("generate", "--households", 1, "--to", "/proc/nope")
    read = sijil("enrol", tmp_path / "nothing.ndjson")

    assert (written.code, written.err) == (2, "sijil: /proc/nope cannot be written: No such file or directory.\n")
    assert (read.code, read.err) == (2, f"sijil: {tmp_path}/nothing.ndjson cannot be read: No such file or directory.\n")


def test_score_takes_variables_and_lists_what_it_assumed_to_be_zero(sijil: Run, tmp_path: Path) -> None:
    path = tmp_path / "score.json"
    path.write_text(json.dumps({"milieu": "urban", "region": 6, "variables": {}}))

    found = sijil("score", path, "--json").json

    assert isinstance(found["score"], str)
    assert {"programmes", "contributions", "assumed_zero"} <= set(found)
    assert found["assumed_zero"]


def test_score_takes_a_declaration(sijil: Run, tmp_path: Path) -> None:
    path = tmp_path / "score.json"
    path.write_text(json.dumps(a_household().body))

    found = sijil("score", path, "--json").json

    assert found["contributions"]


def test_score_shows_terms_that_add_up_to_the_score(sijil: Run, tmp_path: Path) -> None:
    path = tmp_path / "score.json"
    path.write_text(json.dumps(a_household().body))

    ran = sijil("score", path, "--json")

    terms = [Decimal(line.split()[-1]) for line in ran.out.splitlines() if line.startswith("  ")]
    assert sum(terms) == Decimal(ran.json["exact"])


def test_score_takes_no_declaration_that_intake_would_refuse(sijil: Run, tmp_path: Path) -> None:
    path = tmp_path / "score.json"
    path.write_text(json.dumps(changed(a_household().body, 0, birth_date="2040-01-01", birth_precision="day")))

    ran = sijil("score", path)

    assert (ran.code, ran.out) == (2, "")
    assert "members[0].birth_date: Must not lie in the future." in ran.err


# Auditors ---------------------------------------------------------------------------------------


def test_audit_anchors_and_verifies_and_tells_a_tampered_history(doubted: tuple[Taken, Taken], ready: Run, tmp_path: Path) -> None:
    _, later = doubted
    anchors = ("--anchors", tmp_path / "anchors")
    (tmp_path / "anchors").mkdir()
    alone = ready("audit", "verify", *anchors, "--json")
    assert (alone.code, alone.json["anchors"], "No anchor stands in" in alone.out) == (0, 0, True)
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
    assert (ran.code, "Nothing was erased" in ran.err, value("select count(*) from event where facts is null")) == (2, True, 0)

    monkeypatch.setattr("sys.stdin", StringIO("y\n"))
    assert ready("erase", first.reference, "--json").json == {"erased_events": 6}
    monkeypatch.setattr("sys.stdin", StringIO())
    assert ready("erase", second.reference, "--yes").code == 0


def test_replay_ends_with_1_where_a_decision_differs(ready: Run, worker: Worker) -> None:
    (taken,) = file_clean(1)
    drain_all(worker())
    assert ready("replay", "--json").json == {"decisions": 5, "mismatches": 0, "erased": 0}

    rows("""update event set facts = replace(facts::text, '"rules":"', '"rules":"x')::json where kind = 'PersonsVerified'""")

    ran = ready("replay", "--json")
    assert (ran.code, ran.json) == (1, {"decisions": 5, "mismatches": 1, "erased": 0})
    assert f"{taken.reference}, event 2, PersonsVerified: differs" in ran.out.splitlines()


def test_replay_names_so_many_that_differ_and_counts_the_rest(ready: Run, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "SHOWN", 2)
    file_clean(3)
    drain_all(worker())
    rows("""update event set facts = replace(facts::text, '"rules":"', '"rules":"x')::json where kind = 'PersonsVerified'""")
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


# Operators -----------------------------------------------------------------------------------------


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


def test_without_an_anchor_verification_says_that_only_the_database_vouches(ready: Run, tmp_path: Path) -> None:
    ran = ready("audit", "verify", "--anchors", tmp_path, "--json")

    assert (ran.code, ran.json["anchors"]) == (0, 0)
    assert "only the database vouches for itself" in ran.out


def test_replay_shows_twenty_differences_and_counts_the_others(ready: Run, worker: Worker) -> None:
    file_clean(21)
    drain_all(worker())
    rows("update event set facts = replace(facts::text, '\"rules\":\"', '\"rules\":\"not-')::json where kind = 'PersonsVerified'")

    ran = ready("replay", "--json")

    assert ran.json["mismatches"] == 21
    assert ran.out.count(": differs") == 20
    assert "and 1 more" in ran.out


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_is_asked_for_by_either_option(sijil: Run, option: str) -> None:
    assert "unified social register" in sijil(option).out.lower()


@pytest.mark.parametrize("command", ["generate", "import"])
def test_the_help_says_that_a_population_is_enrolled_before_its_applications_come(sijil: Run, command: str) -> None:
    said = " ".join(sijil(command, "--help").out.split())
    assert "`sijil enrol`" in said
    assert "wait for a correction" in said or "waits for a correction" in said


def test_the_version_is_that_of_the_package(sijil: Run) -> None:
    assert sijil("--version").out == f"sijil {metadata.version('sijil')}\n"


# What cannot be ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("import", "nothing.ndjson"), "nothing.ndjson"),
        (("enrol", "nothing.ndjson"), "nothing.ndjson"),
        (("score", "nothing.json"), "nothing.json"),
        (("generate", "--households", "0"), "--households"),
        (("generate", "--households", "many"), "--households"),
        (("decide", "RSU-0000-0000-0000", "lift", "--reason", "moved", "--as", "amina"), "no application"),
        (("doubts", "show", "RSU-0000-0000-0000"), "no application"),
        (("doubts", "list", "--limit", "0"), "--limit"),
        (("decide", "rubbish", "lift", "--reason", "moved", "--as", "amina"), "no application"),
        (("decide", "RSU-0000-0000-0000", "lift"), "--reason"),
        (("erase", "RSU-0000-0000-0000"), "no application"),
        (("queues", "pause", "nothing"), "verification"),
        (("queues", "resume", "nothing"), "verification"),
        (("parked", "retry", "--error", "KeyError in nowhere"), "parked list"),
        (("audit", "verify", "--anchors", "/nowhere"), "no folder /nowhere"),
        (("parked", "show", "RSU-0000-0000-0000"), "no application"),
        (("parked", "retry"), "--error"),
        (("parked", "retry", "RSU-0000-0000-0000", "--error", "x"), "--error"),
        (("work", "--queues", "verification,nothing"), "nothing"),
        (("work", "--processes", "0"), "--processes"),
        (("nonsense",), "nonsense"),
        (("doctor", "--nonsense"), "--nonsense"),
    ],
)
def test_a_wrong_argument_gets_one_sentence_that_names_it(ready: Run, arguments: tuple[str, ...], said: str) -> None:
    ran = ready(*arguments)

    assert ran.code == 2
    assert said in ran.err
    assert ran.out == ""


def test_what_is_not_parked_cannot_be_shown(ready: Run) -> None:
    (taken,) = file_clean(1)

    for command in ("show", "retry"):
        ran = ready("parked", command, taken.reference)
        assert ran.code == 2
        assert "not parked" in ran.err


@pytest.mark.parametrize("content", ["", "{", "[]", "17", '{"milieu": "urban"}', '{"milieu": "moon", "region": 1, "variables": {}}'])
def test_a_document_that_cannot_be_scored_is_told_why(sijil: Run, tmp_path: Path, content: str) -> None:
    path = tmp_path / "score.json"
    path.write_text(content)

    ran = sijil("score", path)

    assert ran.code == 2
    assert ran.err


def test_a_person_file_with_a_bad_line_is_told_which(ready: Run, tmp_path: Path) -> None:
    path = tmp_path / "persons.ndjson"
    for content, said in (("{\n", "line 1"), ("[]\n", "line 1"), ("17\n", "line 1"), ('{"idcs": "1234567890"}\n', "line 1"), ("\xff", "line 1")):
        path.write_bytes(content.encode("latin-1"))
        ran = ready("enrol", path)
        assert (ran.code, said in ran.err) == (2, True), (content, ran)


def test_a_person_with_a_value_that_cannot_be_is_told_which_and_nobody_is_enrolled(ready: Run, tmp_path: Path) -> None:
    path = tmp_path / "persons.ndjson"
    person = a_household().persons[0].row()
    for wrong in ({"birth_date": "yesterday"}, {"sex": "other"}, {"idcs": "12"}, {"status": "asleep"}, {"given_name_la": None}):
        path.write_text(json.dumps(person) + "\n" + json.dumps(person | {"idcs": "1234567890"} | wrong) + "\n")
        ran = ready("enrol", path)
        assert ran.code == 2, (wrong, ran)
        assert "line 2" in ran.err
    assert value("select count(*) from person") == 0


ON_DATABASE = [("doctor",), ("migrate",), ("replay",), ("queues",), ("workers",), ("parked", "list"), ("audit", "verify"), ("erase", "RSU-0000-0000-0000")]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://sijil:secret@127.0.0.1:1/sijil",
        "postgresql://sijil:secret@/nothing?host=/nowhere",
        "postgresql://sijil:secret@nowhere.invalid/sijil",
        "rubbish",
        "mysql://sijil:secret@localhost/sijil",
        "postgresql://sijil:secret@localhost:port/sijil",
        "http://localhost",
        "://",
    ],
)
@pytest.mark.parametrize("command", ON_DATABASE[:2])
def test_a_database_that_cannot_be_reached_is_named_with_its_setting(
    broker: str, sijil: Run, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], url: str
) -> None:
    monkeypatch.setenv("SIJIL_DATABASE_URL", url)

    ran = sijil(*command)

    assert ran.code == 2, ran
    assert "SIJIL_DATABASE_URL" in ran.err
    assert "secret" not in ran.err
    assert len(ran.err.strip().splitlines()) == 1


@pytest.mark.parametrize("command", ON_DATABASE[2:])
def test_every_command_says_so(broker: str, sijil: Run, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]) -> None:
    monkeypatch.setenv("SIJIL_DATABASE_URL", "postgresql://sijil@127.0.0.1:1/sijil")

    ran = sijil(*command)

    assert (ran.code, "SIJIL_DATABASE_URL" in ran.err) == (2, True)


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "unix:///nowhere/valkey.sock", "rubbish", "http://localhost", "redis://localhost:port/0"])
def test_a_broker_that_cannot_be_reached_is_named_with_its_setting(database: str, sijil: Run, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("SIJIL_BROKER_URL", url)

    ran = sijil("work")

    assert ran.code == 2, ran
    assert "SIJIL_BROKER_URL" in ran.err
    assert len(ran.err.strip().splitlines()) == 1


@pytest.mark.parametrize(("name", "given"), [("SIJIL_BATCH", "0"), ("SIJIL_TRIES", "many"), ("SIJIL_PORT", "http"), ("SIJIL_PORT", "70000")])
def test_a_setting_that_cannot_be_is_named(ready: Run, monkeypatch: pytest.MonkeyPatch, name: str, given: str) -> None:
    monkeypatch.setenv(name, given)

    ran = ready("doctor")

    assert ran.code == 2
    assert name in ran.err


def test_what_looks_like_a_setting_and_is_none_is_named_with_the_one_that_comes_nearest(sijil: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIJIL_DATABSE_URL", "postgresql://sijil:secret@db.example/sijil")
    monkeypatch.setenv("SIJIL_COLOUR", "blue")

    ran = sijil("flow")

    assert ran.code == 0
    assert ran.err.splitlines() == [
        "sijil: SIJIL_COLOUR is not a setting and was ignored.",
        "sijil: SIJIL_DATABSE_URL is not a setting and was ignored. Did you mean SIJIL_DATABASE_URL?",
    ]


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (lambda *_: dict[str, str]()["Fatima Zahra"], "KeyError in <lambda>"),
        (lambda *_: ApplicationBody.model_validate({"commune": "Fatima Zahra"}), "ValidationError in model_validate"),
    ],
)
def test_what_nobody_thought_of_is_told_by_class_and_place_and_never_with_its_data(
    sijil: Run, monkeypatch: pytest.MonkeyPatch, raised: Callable[..., Any], said: str
) -> None:
    monkeypatch.setattr(data, "chart", raised)

    ran = sijil("flow")

    first, *places = ran.err.splitlines()
    assert (ran.code, ran.out, first) == (70, "", f"sijil: failed unexpectedly: {said}")
    assert any("sijil/commands/data.py" in place for place in places)
    assert "Fatima" not in ran.err
