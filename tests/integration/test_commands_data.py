"""Data in and out by the command line: migrate, import, enrol, generate, score."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from sijil.commands import data
from sijil.commands.data import default_rejects
from tests.conftest import Servers
from tests.filing import Body, Worker, a_household, changed, clean, drain_all, rows, stages
from tests.integration.running import Run
from trials.generator import files
from trials.generator.household import household


def ndjson(path: Path, *bodies: Body) -> Path:
    """Bodies as a file."""
    path.write_text("".join(json.dumps(body) + "\n" for body in bodies))
    return path


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
    told = {"refused": 1, "rows_read": 2, "rows_taken": 1, "rows_refused": 1, "rejects": str(rejects)}
    assert (ran.code, ran.json) == (1, {"taken": 1, "repeated": 0} | told)
    assert "2 rows read = 1 taken + 1 refused" in ran.out
    assert json.loads(rejects.read_text())["line"] == 2
    assert ready("import", path, "--json").json == {"taken": 0, "repeated": 1} | told


@pytest.mark.parametrize("command", ["import", "enrol"])
def test_who_interrupts_a_file_is_told_that_it_can_be_given_again(
    ready: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    path = ndjson(tmp_path / "in.ndjson", clean(1)[0].body)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(data, f"{command}_file", interrupted)
    ran = ready(command, path)

    assert ran.code == 130
    assert "Run the same command again" in ran.err


def test_import_ends_with_1_where_any_application_was_refused(ready: Run, tmp_path: Path) -> None:
    good, bad = (each.body for each in clean(2))
    refused = ndjson(tmp_path / "refused.ndjson", good, changed(bad, region=13))
    taken = ndjson(tmp_path / "taken.ndjson", good)

    ran = ready("import", refused, "--json")
    assert (ran.code, ran.json["taken"], ran.json["refused"]) == (1, 1, 1)
    assert "the refused ones are listed in" in ran.out

    assert [ready("import", taken).code for _ in range(2)] == [0, 0]  # it had been taken before
    assert ready("import", ndjson(tmp_path / "empty.ndjson")).code == 2


@pytest.mark.parametrize(
    ("file", "rejects"),
    [
        ("in.csv", "in.csv.rejects.ndjson"),
        ("/dev/shm/in.csv", "/dev/shm/in.csv.rejects.ndjson"),
        ("/dev/stdin", "stdin.rejects.ndjson"),
        ("/dev/fd/63", "63.rejects.ndjson"),
        ("/proc/self/fd/0", "0.rejects.ndjson"),
    ],
)
def test_the_refused_are_listed_beside_the_file_and_those_of_a_stream_here(file: str, rejects: str) -> None:
    assert str(default_rejects(Path(file))) == rejects


def test_import_writes_rejects_and_receipts_where_it_is_told(ready: Run, tmp_path: Path) -> None:
    path = ndjson(tmp_path / "in.ndjson", clean(1)[0].body, {})

    ready("import", path, "--rejects", tmp_path / "r.ndjson", "--receipts", tmp_path / "s.ndjson")

    assert (tmp_path / "r.ndjson").read_text().count("\n") == (tmp_path / "s.ndjson").read_text().count("\n") == 1


@pytest.mark.parametrize(
    ("command", "option"), [("import", "--rejects"), ("import", "--receipts"), ("enrol", "--rejects")]
)
def test_a_full_disk_under_the_outcomes_is_one_sentence_and_the_file_can_be_given_again(
    ready: Run, tmp_path: Path, command: str, option: str
) -> None:
    made = a_household()
    good = made.body if command == "import" else made.persons[0].row()
    path = ndjson(tmp_path / "in.ndjson", good, {})

    ran = ready(command, path, option, "/dev/full")

    last = ran.err.strip().splitlines()[-1]
    assert (
        ran.code,
        last.startswith(
            "sijil: /dev/full cannot be written to its end: No space left on device; what was taken is taken"
        ),
    ) == (2, True)
    assert "Traceback" not in ran.err
    again = ready(command, path, "--json").json
    assert (again["repeated" if command == "import" else "known"], again["refused"]) == (1, 1)


def test_generate_enrol_and_import_make_a_register_that_can_be_worked(
    ready: Run, worker: Worker, tmp_path: Path
) -> None:
    made = ready("generate", "--households", 30, "--seed", 5, "--to", tmp_path / "made", "--csv", "--json")
    assert (made.code, made.json["households"]) == (0, 30)
    assert all(Path(each).exists() for each in made.json["files"])
    applications = [json.loads(line) for line in (tmp_path / "made" / files.APPLICATIONS).read_text().splitlines()]
    assert applications == [household(5, number).body for number in range(30)]

    assert ready("enrol", tmp_path / "made" / files.POPULATION, "--json").json["enrolled"] == made.json["persons"]
    again = ready("enrol", tmp_path / "made" / files.POPULATION, "--json")
    assert (again.code, again.json["enrolled"], again.json["known"]) == (0, 0, made.json["persons"])
    assert ready("import", tmp_path / "made" / files.TABLE, "--json").json["taken"] == 30
    drain_all(worker())

    truth = [json.loads(line)["expect"] for line in (tmp_path / "made" / files.TRUTH).read_text().splitlines()]
    assert stages() == {stage: truth.count(stage) for stage in set(truth)}


def test_files_that_cannot_be_written_or_read_are_refused_by_name(sijil: Run, tmp_path: Path) -> None:
    written = sijil("generate", "--households", 1, "--to", "/proc/nope")
    read = sijil("enrol", tmp_path / "nothing.ndjson")

    assert (written.code, written.err) == (2, "sijil: /proc/nope cannot be written: No such file or directory.\n")
    assert (read.code, read.err) == (
        2,
        f"sijil: {tmp_path}/nothing.ndjson cannot be read: No such file or directory.\n",
    )


def test_enrol_says_what_it_took_and_ends_with_1_where_it_refused_anybody(ready: Run, tmp_path: Path) -> None:
    path, person = tmp_path / "persons.ndjson", a_household().persons[0].row()
    path.write_text("{\n" + json.dumps(person) + "\n")

    ran = ready("enrol", path, "--json")

    told = {
        "enrolled": 1,
        "known": 0,
        "refused": 1,
        "rows_read": 2,
        "rows_taken": 1,
        "rows_refused": 1,
        "rejects": f"{path}.rejects.ndjson",
    }
    assert (ran.code, ran.json) == (1, told)
    assert "1 enrolled, 0 known, 1 refused\n2 rows read = 1 taken + 1 refused\n" in ran.out


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


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", ["score.json: it is not JSON: it cannot be read from column 1 on.\n"]),
        ("{", ["score.json: it is not JSON: it cannot be read from column 2 on.\n"]),
        ('{"milieu": "urban", "milieu": "rural"}', ["score.json: milieu stands there twice.\n"]),
        ("\udc80", ["score.json: it is not UTF-8.\n"]),
        ("[]", ["must hold one JSON object"]),
        ("17", ["must hold one JSON object"]),
        (
            '{"milieu": "urban"}',
            ["The declaration is not valid.", "\n  region: Is missing.\n", "\n  members: Is missing.\n"],
        ),
        (
            '{"milieu": "moon", "region": 1, "variables": {}}',
            ["The document is not valid.", "\n  milieu: Must be 'urban' or 'rural'.\n"],
        ),
    ],
)
def test_a_document_that_cannot_be_scored_is_told_why(
    sijil: Run, tmp_path: Path, content: str, said: list[str]
) -> None:
    path = tmp_path / "score.json"
    path.write_text(content, errors="surrogateescape")

    ran = sijil("score", path)

    assert (ran.code, ran.out) == (2, "")
    assert [words for words in said if words not in ran.err] == []
