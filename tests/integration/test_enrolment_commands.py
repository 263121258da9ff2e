"""Enrolments by command: filed, listed, shown, completed, confirmed, told apart; with rights and in the audit."""

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.enrolling import AMINA, BRAHIM, WITHOUT_PAPERS, a_registered, asked, both_officers, two_witnesses
from tests.factories import Json, an_enrolment, an_idcs
from tests.filing import Worker, current_stage, drain_all, rows, value
from tests.integration.running import Run
from tests.staffing import a_person, in_shell
from workflows.matching.duplicates.scoring import Zone
from workflows.matching.duplicates.wording import ZONES
from workflows.staff.roles import Territory
from workflows.stages.attest import OBJECTIONS


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    """An enrolment in a file."""
    path = tmp_path / "enrolment.json"
    path.write_text(json.dumps(an_enrolment(), ensure_ascii=False), encoding="utf-8")
    return path


def test_two_officers_enrol_a_person_who_comes_to_the_desk(ready: Run, worker: Worker, paper: Path) -> None:
    filed = ready("enrolments", "file", paper, "--as", AMINA, "--json").json
    reference = filed["reference"]
    listed = ready("enrolments", "list", "--stage", "pre_enrolled", "--as", AMINA, "--json").json
    assert [each["reference"] for each in listed["enrolments"]] == [reference]
    shown = ready("enrolments", "show", reference, "--as", AMINA).out
    assert f"enrolments complete {reference} --version 1 --as 'Amina Alaoui'" in shown
    assert "given_name_la: Khalid" in shown

    done = ready("enrolments", "complete", reference, "--file", paper, "--as", AMINA, "--json").json
    assert (done["stage"], done["event"]) == ("attested", "EnrolmentAttested")
    assert "Possible now" not in ready("enrolments", "show", reference, "--as", AMINA).out
    assert f"enrolments confirm {reference}" in ready("enrolments", "show", reference, "--as", BRAHIM).out
    alone = ready("enrolments", "confirm", reference, "--as", AMINA)
    assert (alone.code, "needs a second officer" in alone.err) == (2, True)
    assert ready("enrolments", "confirm", reference, "--as", BRAHIM).code == 0
    drain_all(worker())

    idcs = value("select idcs from person where enrolled_by is not null")
    assert f"Enrolled with the identifier {idcs}" in ready("enrolments", "show", reference, "--as", BRAHIM).out
    assert ready("enrolments", "list", "--as", BRAHIM).out.strip() == "no enrolment waits for an officer"


def test_an_officer_sees_both_who_look_alike_and_tells_them_apart(ready: Run, worker: Worker) -> None:
    known = a_registered(birth_precision="day")
    receipt = asked(birth_place="Fès")
    both_officers(receipt)
    drain_all(worker())

    shown = ready("enrolments", "show", receipt.reference, "--as", BRAHIM)
    assert f"May be {known['idcs']}. {ZONES[Zone.SAME_CARD]}:\n  The given name is the same\n" in shown.out
    assert "birth_place: Fès | nothing  differs" in shown.out
    (told,) = ready("enrolments", "show", receipt.reference, "--as", BRAHIM, "--json").json["alike"]
    assert told["person"]["given_name_la"] == "Khalid"

    typo = ready("enrolments", "same", receipt.reference, "--idcs", "123", "--as", BRAHIM)
    assert (typo.code, "ten digits" in typo.err) == (2, True)
    ended = ready("enrolments", "same", receipt.reference, "--idcs", known["idcs"], "--as", BRAHIM)
    assert "'enrolled_already'" in ended.out
    assert current_stage(receipt) == "enrolled_already"


def test_an_officer_compares_who_vouches_with_the_register_before_it_takes_an_attestation(ready: Run) -> None:
    two_witnesses(status="deceased")
    receipt = asked(**WITHOUT_PAPERS)
    shown = ready("enrolments", "show", receipt.reference, "--as", AMINA).out
    assert f"Vouches as witnesses[0]: {an_idcs(31)}, card C123456\n  in the register: given_name_ar: نادية" in shown
    assert OBJECTIONS["deceased"] in shown
    told = ready("enrolments", "show", receipt.reference, "--as", AMINA, "--json").json["vouching"]
    assert [each["objections"] for each in told] == [[], ["deceased"]]
    assert told[0]["person"]["cin"] == "C123456"

    unseen = ready("enrolments", "complete", receipt.reference, "--seen", an_idcs(31), "--as", AMINA)
    assert (unseen.code, "Compare those who vouch" in unseen.err) == (2, True)
    (offered,) = re.findall(r"^  sijil (enrolments complete .*--seen.*)$", shown, re.M)
    refused = ready(*shlex.split(offered))
    assert (refused.code, OBJECTIONS["deceased"] in refused.err) == (2, True)
    assert current_stage(receipt) == "pre_enrolled"


def test_what_is_wrong_with_a_file_is_told_field_by_field(ready: Run, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    said: Json = an_enrolment(nationality="SN", given_name_la="خالد")
    wrong.write_text(json.dumps(said), encoding="utf-8")
    ran = ready("enrolments", "file", wrong, "--as", AMINA)
    assert ran.code == 2
    assert "  proof: The national card is for Moroccans" in ran.err
    assert "  given_name_la: Must be written in Latin letters." in ran.err
    assert value("select count(*) from cases") == 0


def test_officers_act_in_their_territory_and_the_audit_says_who_did_what(
    ready: Run, worker: Worker, paper: Path
) -> None:
    here = Territory(6, "MA-CAS")
    amina, brahim = (a_person(name, "population_officer", within=here) for name in (AMINA, BRAHIM))
    elsewhere = a_person("Karim Fassi", "population_officer", within=Territory(7, "MA-MAR"))
    in_shell(amina)
    reference = ready("enrolments", "file", paper, "--json").json["reference"]
    assert ready("enrolments", "complete", reference).code == 0
    own = ready("enrolments", "confirm", reference)
    assert (own.code, "somebody else has to" in own.err) == (2, True)
    in_shell(elsewhere)
    assert "another office" in ready("enrolments", "file", paper).err
    assert "another office" in ready("enrolments", "confirm", reference).err
    in_shell(brahim)
    assert ready("enrolments", "show", reference).code == ready("enrolments", "confirm", reference).code == 0
    acts = rows("select act, role from audit_entry where act not in ('sign_in', 'act_refused') order by at, id")
    assert acts == [
        (act, "population_officer") for act in ("file_enrolment", "attest_enrolment", "read_case", "confirm_enrolment")
    ]
