"""The command line itself: help and version, and one clear sentence where arguments, settings, servers or we ourselves
are wrong.
"""

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from sijil.commands import data, running
from tests.commands import commands
from tests.conftest import forget_settings
from tests.factories import an_enrolment, an_idcs
from tests.integration.running import Run
from trials.servers import only_one
from workflows.bodies.declaration import ApplicationBody
from workflows.population.signatures import new_key


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_is_asked_for_by_either_option(sijil: Run, option: str) -> None:
    assert "unified social register" in sijil(option).out.lower()


@pytest.mark.parametrize("command", ["generate", "import"])
def test_the_help_says_that_a_population_is_enrolled_before_its_applications_come(sijil: Run, command: str) -> None:
    said = " ".join(sijil(command, "--help").out.split())
    assert "`sijil enrol`" in said
    assert "wait for a correction" in said or "waits for a correction" in said


def test_a_command_waits_for_no_library_that_it_does_not_use() -> None:
    heavy = {"sqlalchemy", "psycopg", "dramatiq", "litestar", "httpx", "phonenumbers", "prometheus_client", "babel"}
    program = (
        "import sys, atexit; atexit.register(lambda: print(*{each.partition('.')[0] for each in sys.modules})); "
        "from sijil.cli import main; main()"
    )

    out = subprocess.run(
        [sys.executable, "-c", program, "--version"], capture_output=True, text=True, check=True
    ).stdout

    assert "typer" in out.split()
    assert heavy & set(out.split()) == set()


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
        (("decide", "RSU-0000-0000-0000", "clear", "--reason", "moved", "--as", "amina"), "no application"),
        (("reviews", "show", "RSU-0000-0000-0000"), "no application"),
        (("reviews", "list", "--limit", "0"), "--limit"),
        (("decide", "rubbish", "clear", "--reason", "moved", "--as", "amina"), "no application"),
        (("decide", "RSU-0000-0000-0000", "clear"), "--reason"),
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


# Servers that are away -----------------------------------------------------------------------------


REFERENCE = "RSU-0000-0000-0000"
FILE = "a.ndjson"
APPEAL = "appeal.json"
ENROLMENT = "enrolment.json"
NEWBORN, KEY = "newborn.json", "key.pub"
A_NEWBORN = {
    "given_name_la": "Amine",
    "family_name_la": "Alaoui",
    "birth_date": "2026-11-20",
    "birth_precision": "day",
    "sex": "male",
}
# What a command cannot be run without.
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "sijil demo": ("--no-serve",),
    "sijil decide": (REFERENCE, "clear", "--reason", "moved", "--as", "amina"),
    "sijil reviews show": (REFERENCE,),
    "sijil audit export": ("copy",),
    "sijil enrol": (FILE,),
    "sijil erase": (REFERENCE, "--yes"),
    "sijil import": (FILE,),
    "sijil letters batch": ("letters",),
    "sijil letters delivered": (FILE,),
    "sijil messages retry": (REFERENCE,),
    "sijil messages settle": (REFERENCE, "sent", "--as", "amina"),
    "sijil parked retry": (REFERENCE,),
    "sijil parked show": (REFERENCE,),
    "sijil life-events begin": ("--behind", "1", "--as", "amina"),
    "sijil life-events retry": ("1", "--as", "amina"),
    "sijil life-events settle": ("1", "--as", "amina"),
    "sijil life-events show": ("1",),
    "sijil persons duplicates": (an_idcs(1),),
    "sijil queues pause": ("fraud",),
    "sijil queues resume": ("fraud",),
    "sijil show": (REFERENCE,),
    "sijil staff add": ("amina", "--role", "caseworker"),
    "sijil staff role": ("amina", "--give", "caseworker"),
    "sijil staff lock": ("amina",),
    "sijil staff reset": ("amina",),
    "sijil staff sign-in": ("amina",),
    "sijil update": (REFERENCE, "--left-by", an_idcs(1), "--true-from", "2026-11-01", "--as", "amina"),
    "sijil answer": (REFERENCE, "withdrawal", "--as", "amina"),
    "sijil appeals lodge": (REFERENCE, APPEAL, "--as", "amina"),
    "sijil appeals add": (REFERENCE, FILE, "--as", "amina"),
    "sijil appeals ask": (REFERENCE, "--for", "bill", "--as", "amina"),
    "sijil appeals return": (REFERENCE, "--reason", "more_to_ask", "--as", "amina"),
    "sijil enrolments file": (ENROLMENT, "--as", "amina"),
    "sijil enrolments return": (REFERENCE, "--reason", "person_not_seen", "--as", "amina"),
    "sijil enrolments same": (REFERENCE, "--idcs", an_idcs(1), "--as", "amina"),
    **{
        f"sijil enrolments {command}": (REFERENCE, "--as", "amina")
        for command in ("show", "complete", "confirm", "another")
    },
    **{
        f"sijil appeals {command}": (REFERENCE, "--as", "amina")
        for command in (
            "show",
            "assign",
            "hand-back",
            "propose",
            "agree",
            "escalate",
            "retry",
            "review",
        )
    },
    "sijil identities show": (REFERENCE,),
    "sijil identities decide": (REFERENCE, "--same", "1=slip", "--as", "amina"),
    "sijil population asked": (an_idcs(1),),
    "sijil population import": (FILE,),
    "sijil population partner add": ("school", "--key", KEY, "--policy", "yes-no"),
    "sijil population partner rotate": ("school", "--key", KEY),
    **{f"sijil population partner {command}": ("school",) for command in ("policy", "revoke")},
    "sijil population event birth": (NEWBORN,),
    "sijil population event merge": (an_idcs(1), "--into", an_idcs(2)),
    **{
        f"sijil population event {command}": (an_idcs(1), "--to", an_idcs(2))
        for command in ("marriage", "divorce", "guardian")
    },
    **{f"sijil population event {command}": (an_idcs(1),) for command in ("death", "undo-merge")},
    **{f"sijil population event {command}": (an_idcs(1), "family_name_la=Alaoui") for command in ("rename", "correct")},
}
WITHOUT_DATABASE = {"sijil flow", "sijil generate", "sijil match", "sijil score", "sijil population key"}
WITH_ONE_OF_THEIR_OWN = ("sijil bench ", "sijil chaos")
ON_DATABASE = [
    each for each in commands() if each not in WITHOUT_DATABASE and not each.startswith(WITH_ONE_OF_THEIR_OWN)
]


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
@pytest.mark.parametrize("command", ["doctor", "migrate"])
def test_a_database_that_cannot_be_reached_is_named_with_its_setting(
    broker: str, sijil: Run, monkeypatch: pytest.MonkeyPatch, command: str, url: str
) -> None:
    monkeypatch.setenv("SIJIL_DATABASE_URL", url)

    ran = sijil(command)

    assert ran.code == 2, ran
    assert "SIJIL_DATABASE_URL" in ran.err
    assert "secret" not in ran.err
    assert len(ran.err.strip().splitlines()) == 1


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a file in it, and a home and a port that nobody else has."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / FILE).write_text("{}", encoding="utf-8")
    (tmp_path / APPEAL).write_text('{"decision": "refusal", "grounds": ["not_heard"]}', encoding="utf-8")
    (tmp_path / ENROLMENT).write_text(json.dumps(an_enrolment()), encoding="utf-8")
    (tmp_path / NEWBORN).write_text(json.dumps(A_NEWBORN), encoding="utf-8")
    (tmp_path / KEY).write_text(json.dumps(new_key().as_dict(private=False)), encoding="utf-8")
    monkeypatch.setenv("SIJIL_HOME", str(tmp_path))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("SIJIL_PORT", str(taken.getsockname()[1]))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No command waits for servers."""
    monkeypatch.setattr(running, "START_SECONDS", 0)


@pytest.mark.usefixtures("broker", "elsewhere", "impatient")
@pytest.mark.parametrize("command", ON_DATABASE)
def test_every_command_names_the_setting_of_a_database_that_is_away(
    sijil: Run, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    of_register = command.startswith("sijil population ")
    name = "SIJIL_POPULATION_DATABASE_URL" if of_register else "SIJIL_DATABASE_URL"
    monkeypatch.setenv(name, "postgresql://sijil@127.0.0.1:1/sijil")

    ran = sijil(*command.split()[1:], *ARGUMENTS.get(command, ()))

    assert (ran.code, name in ran.err, len(ran.err.strip().splitlines())) == (2, True, 1), ran


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "url",
    ["redis://127.0.0.1:1/0", "unix:///nowhere/valkey.sock", "rubbish", "http://localhost", "redis://localhost:port/0"],
)
def test_a_broker_that_cannot_be_reached_is_named_with_its_setting(
    database: str, sijil: Run, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("SIJIL_BROKER_URL", url)

    ran = sijil("work")

    assert ran.code == 2, ran
    assert "SIJIL_BROKER_URL" in ran.err
    assert len(ran.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("command", "folder"),
    [(("chaos", "--cases", "50", "--kills", "1"), "chaos"), (("bench", "silent", "--applications", "100"), "bench")],
)
def test_two_proofs_in_one_home_do_not_remove_each_others_servers(
    sijil: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], folder: str
) -> None:
    monkeypatch.setenv("SIJIL_HOME", str(tmp_path))
    forget_settings()

    with only_one(tmp_path / folder):
        (tmp_path / folder).mkdir()
        ran = sijil(*command)

    assert (ran.code, "SIJIL_HOME" in ran.err) == (2, True), ran
    assert (tmp_path / folder).exists()


# Settings, and our own fault -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "given"), [("SIJIL_BATCH", "0"), ("SIJIL_TRIES", "many"), ("SIJIL_PORT", "http"), ("SIJIL_PORT", "70000")]
)
def test_a_setting_that_cannot_be_is_named(ready: Run, monkeypatch: pytest.MonkeyPatch, name: str, given: str) -> None:
    monkeypatch.setenv(name, given)

    ran = ready("doctor")

    assert ran.code == 2
    assert name in ran.err


def test_what_looks_like_a_setting_and_is_none_is_named_with_the_one_that_comes_nearest(
    sijil: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
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
