"""The commands for members in doubt: who waits, both sides of one, and saying who they are."""

import shlex

import pytest

from models.errors import Unavailable
from tests.doubting import in_doubt
from tests.filing import Worker, current_stage, drain_all, rows, version_of
from tests.integration.running import Run
from tests.staffing import a_person
from workflows.audit.pseudonyms import IDCS, person
from workflows.evidence import RegisteredPerson
from workflows.registers.population import LocalRegister


def test_a_case_in_doubt_is_listed_shown_and_decided(ready: Run, worker: Worker) -> None:
    made, taken = in_doubt(0, 1)
    drain_all(worker())

    listed = ready("identities", "list", "--json").json
    assert (listed["waiting"], listed["identities"][0]["reference"]) == (1, taken.reference)
    assert [each["member"] for each in listed["identities"][0]["doubts"]] == [1, 2]

    shown = ready("identities", "show", taken.reference.lower(), "--as", "amina", "--json").json
    born = [each["registered"]["birth_date"] for each in shown["members"]]
    assert born == [each.birth_date.isoformat() for each in made.persons[:2]]
    assert all(each["declared"]["birth_date"] != each["registered"]["birth_date"] for each in shown["members"])
    noted = rows("select persons from audit_entry where act = 'read_person'")
    assert noted == [(sorted(person(IDCS, each.idcs) for each in made.persons[:2]),)]

    same, other = shown["answers"]
    assert "--other 1 --other 2" in other
    ran = ready(*shlex.split(same)[1:], "--json")
    assert (ran.code, ran.json["event"]) == (0, "IdentityConfirmed")
    drain_all(worker())
    assert current_stage(taken) == "notified"
    assert ready("identities", "list").out.strip() == "no identity is in doubt"


def test_a_register_that_gives_no_answer_is_said_and_the_command_goes_on(
    ready: Run, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, taken = in_doubt(0)
    drain_all(worker())

    def away(self: LocalRegister, idcs: object) -> dict[str, RegisteredPerson]:
        raise Unavailable("away")

    monkeypatch.setattr(LocalRegister, "stored", away)
    ran = ready("identities", "show", taken.reference, "--as", "amina")
    assert (ran.code, "The population register gives no answer now." in ran.out) == (0, True)
    assert "Answer by:" in ran.out
    assert made.persons[0].birth_date.isoformat() not in ran.out
    found = ready("identities", "show", taken.reference, "--as", "amina", "--json").json
    assert (found["register_away"], found["members"][0]["registered"]) == (True, None)


def test_lines_say_the_same(ready: Run, worker: Worker) -> None:
    made, taken = in_doubt(0)
    drain_all(worker())
    assert f"{taken.reference}  registration  version 2  member 1 birth_in_doubt" in ready("identities", "list").out
    out = ready("identities", "show", taken.reference, "--as", "amina").out
    assert "member 1: birth_in_doubt (one_digit), score 1.00" in out
    assert made.persons[0].birth_date.isoformat() in out
    assert "Answer by:" in out


def test_who_is_not_who_they_say_is_a_question_to_the_household(ready: Run, worker: Worker) -> None:
    _, taken = in_doubt(0, 1)
    drain_all(worker())
    ran = ready("identities", "decide", taken.reference, "--same", "1=slip", "--other", "2", "--as", "amina", "--json")
    assert (ran.json["event"], ran.json["stage"]) == ("IdentityNotConfirmed", "needs_correction")


def test_a_mistake_is_said_in_a_sentence_and_records_nothing(ready: Run, worker: Worker) -> None:
    _, taken = in_doubt(0, 1)
    drain_all(worker())
    version = version_of(taken)
    for said, told in (
        (("--same", "1=slip"), "Find once on each of the members 1, 2."),
        (("--same", "one=slip", "--other", "2"), "names no member"),
        (("--same", "1=moved", "--other", "2"), "'moved' is not known"),
        ((), "Find once"),
    ):
        ran = ready("identities", "decide", taken.reference, *said, "--as", "amina")
        assert (ran.code, told in ran.err) == (2, True), ran.err
    assert version_of(taken) == version


def test_where_nothing_is_in_doubt_there_is_nothing_to_show(ready: Run, worker: Worker) -> None:
    _, taken = in_doubt(0)
    ran = ready("identities", "show", taken.reference)
    assert (ran.code, "no identity in doubt" in ran.err) == (2, True)


def test_where_there_are_accounts_the_owner_is_told_to_sign_in(ready: Run, worker: Worker) -> None:
    _, taken = in_doubt(0)
    drain_all(worker())
    a_person("Amina", "caseworker")
    ran = ready("identities", "show", taken.reference)
    assert (ran.code, "You may not decide it." in ran.out, "sijil staff sign-in" in ran.out) == (0, True, True), ran
