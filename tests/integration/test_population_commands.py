"""The commands of the population register, and its service as a process of its own on its own database."""

import json
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from joserfc.jwk import OKPKey

from models.settings import settings
from tests.asking import BRAHIM, SALMA, Asker, asked, error
from tests.conftest import Servers, execute, forget_settings
from tests.integration.running import Run
from trials.demo.register import become_partner, enrol_in
from workflows.population.policies import POLICIES

PEOPLE = "\n".join(json.dumps(each, ensure_ascii=False) for each in (SALMA, BRAHIM)) + "\n"


@pytest.fixture
def here(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder; the register's own database is that of the test."""
    monkeypatch.setenv("SIJIL_POPULATION_DATABASE_URL", database)
    monkeypatch.setenv("SIJIL_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/elsewhere")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def a_key(sijil: Run, name: str) -> OKPKey:
    """A pair of keys in the working folder."""
    made = sijil("population", "key", name, "--json").json
    assert (made["private"], made["public"]) == (name, f"{name}.pub")
    return OKPKey.import_key(json.loads(Path(name).read_text(encoding="utf-8")))


def test_a_partner_is_made_listed_changed_and_revoked_by_commands(here: Path, sijil: Run, database: str) -> None:
    a_key(sijil, "bank.jwk")
    assert (here / "bank.jwk").stat().st_mode & 0o077 == 0
    assert '"d"' not in (here / "bank.jwk.pub").read_text(encoding="utf-8")

    late = sijil("population", "partner", "add", "bank", "--key", "bank.jwk.pub", "--until", "2026-01-01")
    assert (late.code, "is over" in late.err) == (2, True)
    made = sijil("population", "partner", "add", "bank", "--key", "bank.jwk.pub", "--policy", "yes-no", "--json")
    assert made.code == 0, made.err
    (here / "policy.json").write_text('{"fields": ["birth_date"], "purposes": ["pension"]}', encoding="utf-8")
    changed = sijil("population", "partner", "policy", "bank", "--policy", "policy.json", "--rate", "7", "--json").json
    assert (changed["policy"]["purposes"], changed["rate"]) == (["pension"], 7)
    new = a_key(sijil, "new.jwk")
    rotated = sijil("population", "partner", "rotate", "bank", "--key", "new.jwk.pub", "--days", "3", "--json").json
    assert (rotated["kid"], rotated["ending"]) == (new.kid, 1)
    (listed,) = sijil("population", "partner", "list", "--json").json["partners"]
    assert [bool(each["until"]) for each in listed["keys"]] == [True, False]
    assert sijil("population", "partner", "revoke", "bank", "--kid", new.kid).code == 0
    assert sijil("population", "partner", "revoke", "bank").code == 0
    assert "revoked" in sijil("population", "partner", "list").out

    with psycopg.connect(database) as connection:
        noted = connection.execute("select detail->>'what' from audit_entry order by id").fetchall()
    assert [each for (each,) in noted] == ["added", "policy_changed", "key_added", "key_revoked", "revoked"]


def test_what_is_wrong_with_a_key_or_a_policy_is_said(here: Path, sijil: Run) -> None:
    a_key(sijil, "one.jwk")
    (here / "none.json").write_text('{"fields": ["idcs"]}', encoding="utf-8")
    rsa = {"kty": "RSA", "n": "AQAB", "e": "AQAB"}
    (here / "rsa.jwk").write_text(json.dumps(rsa), encoding="utf-8")
    for key, policy, said in (
        ("one.jwk", "yes-no", "It is the private key"),
        ("rsa.jwk", "yes-no", "It is no JWK of Ed25519"),
        ("none.json", "yes-no", "It is no JWK of Ed25519"),
        ("nowhere", "yes-no", "cannot be read"),
        ("one.jwk.pub", "none.json", "The policy cannot be read"),
        ("one.jwk.pub", "yes_no", "these are social-register, yes-no"),
    ):
        ran = sijil("population", "partner", "add", "bank", "--key", key, "--policy", policy)
        assert (ran.code, said in ran.err) == (2, True), ran
    assert "is there already" in sijil("population", "key", "one.jwk").err
    assert "There is no partner 'bank'" in sijil("population", "partner", "revoke", "bank").err
    assert (
        "A partner's name"
        in sijil("population", "partner", "add", "The Bank", "--key", "one.jwk.pub", "--policy", "yes-no").err
    )


def test_a_known_name_or_key_is_not_given_twice(here: Path, sijil: Run) -> None:
    a_key(sijil, "one.jwk")
    add = ("population", "partner", "add", "bank", "--key", "one.jwk.pub", "--policy", "yes-no")
    assert sijil(*add).code == 0
    assert "There is a partner 'bank' already" in sijil(*add).err
    assert "has a key" in sijil("population", "partner", "rotate", "bank", "--key", "one.jwk.pub").err


def test_persons_come_in_by_file_and_are_told_who_asked(here: Path, sijil: Run, database: str) -> None:
    (here / "people.ndjson").write_text(PEOPLE, encoding="utf-8")
    assert sijil("population", "import", "people.ndjson", "--json").json["enrolled"] == 2
    assert sijil("population", "asked", SALMA["idcs"], "--json").json["questions"] == []
    assert "one wrong digit" in sijil("population", "asked", "4127730917").err
    with psycopg.connect(database) as connection:
        ((act, persons),) = connection.execute("select act, cardinality(persons) from audit_entry").fetchall()
    assert (act, persons) == ("read_questions", 1)


def test_a_command_leaves_the_settings_as_they_were(here: Path, sijil: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIJIL_HOME")
    assert sijil("population", "partner", "list").code == 0
    settings.cache_clear()
    assert settings().home == Path(".sijil")
    assert settings().database_url == "postgresql://nobody@127.0.0.1:1/elsewhere"


@pytest.fixture
def own(servers: Servers) -> Iterator[str]:
    """The address of an empty database for the register alone."""
    name = f"population_{uuid.uuid4().hex[:12]}"
    execute(servers.postgres, f"create database {name}")
    yield servers.postgres.url_of(name)
    execute(servers.postgres, f"drop database {name} with (force)")


def test_the_register_is_a_process_of_its_own_on_its_own_database(
    own: str, here: Path, sijil: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIJIL_POPULATION_DATABASE_URL", own)
    monkeypatch.setenv("SIJIL_POPULATION_PORT", "18017")
    assert sijil("population", "migrate").code == 0
    (here / "people.ndjson").write_text(PEOPLE, encoding="utf-8")
    assert sijil("population", "import", "people.ndjson").code == 0
    bank = Asker("http://127.0.0.1:18017", "bank", a_key(sijil, "bank.jwk"))
    assert sijil("population", "partner", "add", "bank", "--key", "bank.jwk.pub", "--policy", "yes-no").code == 0
    process = subprocess.Popen(
        [sys.executable, "-m", "sijil", "serve", "--only", "population"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 60
        while not is_ready(bank.url):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        answer = bank.compare(asked(SALMA), asked(BRAHIM, "1")).json()["answers"]
        assert [(each["name"], each["alive"]) for each in answer] == [("yes", "yes"), ("yes", "no")]
        assert error(bank.records(SALMA["idcs"])) == (403, "records_not_allowed", "")
        until = time.monotonic() + 30
        with psycopg.connect(own, autocommit=True) as connection:
            while (connection.execute("select count(*) from audit_seal").fetchone() or (0,))[0] < 2:
                assert time.monotonic() < until, "the audit is not sealed"
                time.sleep(0.2)
    finally:
        process.terminate()
        assert process.wait(30) in (0, -signal.SIGTERM)


def test_a_demo_with_a_register_elsewhere_makes_itself_its_partner_with_a_new_key_each_time(
    register_served: str, here: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("URL", "PARTNER", "KEY"):
        monkeypatch.setenv(f"SIJIL_POPULATION_{name}", "")  # so that they are put back after the test
    settings.cache_clear()
    enrol_in(True, [dict(SALMA)])
    keys = []
    for _ in range(2):
        become_partner()
        text = (settings().home / "population.jwk").read_text(encoding="utf-8")
        keys.append(OKPKey.import_key(json.loads(text)))

    with psycopg.connect(database) as connection:
        monkeypatch.setenv("SIJIL_DATABASE_URL", database)
        forget_settings()
        assert connection.execute("select count(*) from person").fetchone() == (1,)
    first, second = (Asker(register_served, "social-register", key) for key in keys)
    assert error(first.compare(asked(SALMA))) == (401, "key_not_valid", "")
    assert second.compare(asked(SALMA)).json()["answers"][0]["name"] == "same"


def is_ready(url: str) -> bool:
    """Whether the service says that it is ready."""
    try:
        return bool(httpx.get(f"{url}/health/ready", timeout=5).json() == {"status": "ready", "database": "ready"})
    except httpx.TransportError:
        return False


def test_without_tables_the_service_does_not_begin(
    own: str, here: Path, sijil: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIJIL_POPULATION_DATABASE_URL", own)
    ran = sijil("serve", "--only", "population", "--port", "18018")
    assert (ran.code, "this program needs" in ran.err) == (2, True), ran


def test_every_policy_that_has_a_name_is_in_the_help(here: Path, sijil: Run) -> None:
    said = sijil("population", "partner", "add", "--help").out
    assert [each for each in POLICIES if each not in said] == []


def test_no_file_is_written_over_or_reported_as_a_fault_where_a_key_cannot_be_written(here: Path, sijil: Run) -> None:
    (here / "bank.jwk.pub").write_text("of another pair", encoding="utf-8")
    (here / "file").touch()
    for name, said in (("bank.jwk", "bank.jwk.pub is there already"), ("file/bank.jwk", "cannot be written")):
        ran = sijil("population", "key", name)
        assert (ran.code, said in ran.err) == (2, True), ran
    assert (here / "bank.jwk.pub").read_text(encoding="utf-8") == "of another pair"
    assert not (here / "bank.jwk").exists()


def test_the_feed_of_a_register_in_our_own_database_is_verified_there(
    database: str, sijil: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SIJIL_DATABASE_URL", database)
    monkeypatch.setenv("SIJIL_HOME", str(tmp_path))
    forget_settings()
    for given in (("verify",), ("asked", SALMA["idcs"])):
        assert sijil("population", *given).code == 0
    assert not (tmp_path / "population").exists()
