"""What officers do for a household that has no secret: its answers, and its appeals."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.appealing import an_appeal
from tests.changing import change_of, declare, nothing_wrong
from tests.filing import (
    Body,
    Worker,
    a_household,
    changed,
    current_stage,
    drain_all,
    events_of,
    everything,
    file,
    register,
    rows,
    value,
    version_of,
)
from tests.integration.running import Run
from tests.integration.test_lodging_appeals import without_declarant
from tests.people import ALL_TABLES, after, caseworker, ring_timers
from tests.terms import over
from workflows.intake.submit import Accepted

APPEAL = {
    "decision": "index",
    "grounds": ["value_wrong"],
    "contested": [{"path": "bills.telecom", "should_be": "49.50"}],
    "text": "The bill is a neighbour's.",
}


def declaration_in(path: Path, body: Body) -> Path:
    """A file with the declaration of this body."""
    path.write_text(json.dumps({name: each for name, each in body.items() if name != "application"}, default=str))
    return path


def officers_of(accepted: Accepted) -> list[tuple[str, str]]:
    """The kinds of the events that a named officer caused, with the name, in order."""
    return rows(
        "select kind, name from event join staff_name using (actor) "
        "where case_id = %s and evidence ->> 'by' = event.actor order by seq",
        accepted.case_id,
    )


def test_an_officer_records_the_choice_in_a_conflict(
    home: tuple[Body, Accepted], ready: Run, worker: Worker, tmp_path: Path
) -> None:
    body, receipt = home
    first = declare(receipt, change_of(changed(body, bills={"telecom": "700"}), "bills"))
    second = declare(receipt, change_of(changed(body, bills={"telecom": "90"}), "bills"))
    drain_all(worker())
    assert [current_stage(first), current_stage(second)] == ["notified", "conflicting"]

    new = declaration_in(tmp_path / "new.json", changed(body, bills={"telecom": "95"}))
    ran = ready("answer", second.reference.lower(), "correction", new, "--as", "Amina Berrada", "--json")

    assert (ran.code, ran.json) == (0, {"event": "CorrectionReceived", "stage": "submitted", "version": 3})
    drain_all(worker())
    assert current_stage(second) == "notified"
    last = "select body -> 'declaration' -> 'bills' ->> 'telecom' from case_body where case_id = %s order by number"
    assert [each for (each,) in rows(last, second.case_id)] == ["90", "95"]
    assert officers_of(second) == [("CorrectionReceived", "Amina Berrada")]
    assert "CorrectionReceived" in ready("show", second.reference).out
    assert nothing_wrong()


def test_a_conflict_is_not_answered_with_what_the_register_says(
    home: tuple[Body, Accepted], ready: Run, worker: Worker, tmp_path: Path
) -> None:
    body, receipt = home
    first = changed(body, bills={"telecom": "700"})
    declare(receipt, change_of(first, "bills"))
    second = declare(receipt, change_of(changed(body, bills={"telecom": "90"}), "bills"))
    drain_all(worker())
    before = everything(*ALL_TABLES)

    new = declaration_in(tmp_path / "new.json", first)
    ran = ready("answer", second.reference, "correction", new, "--as", "amina")

    assert (ran.code, "nothing changes. To keep that, withdraw the change." in ran.err) == (2, True), ran.err
    assert everything(*ALL_TABLES) == before
    assert ready("answer", second.reference, "withdrawal", "--as", "amina").code == 0
    assert value("select max(version) from household_version") == 2


def test_an_officer_lodges_an_appeal_by_the_reference_of_somebody_who_left(
    home: tuple[Body, Accepted], ready: Run, worker: Worker, tmp_path: Path
) -> None:
    body, receipt = home
    declare(receipt, change_of(without_declarant(body), "member_left", "divorce"), officer="amina")
    drain_all(worker())
    (tmp_path / "appeal.json").write_text(json.dumps(APPEAL))
    ran = ready("appeals", "lodge", receipt.reference, tmp_path / "appeal.json", "--as", "amina")
    assert (ran.code, ran.err) == (0, "")


def test_an_officer_records_a_correction_and_a_reopening(
    ready: Run, worker: Worker, tmp_path: Path, database: str
) -> None:
    made = a_household(members=3)
    register([made])
    (receipt,) = file(changed(made.body, 1, birth_date="1977-07-07", birth_precision="day"))
    drain_all(worker())
    with after(over("correction")):
        for _ in range(3):
            ring_timers()
            drain_all(worker())
        assert current_stage(receipt) == "lapsed"
        assert (
            ready("answer", receipt.reference, "reopening", "--as", "amina", "--json").json["event"] == "CaseReopened"
        )
        drain_all(worker())
        new = declaration_in(tmp_path / "new.json", made.body)
        assert ready("answer", receipt.reference, "correction", new, "--as", "amina").code == 0
        drain_all(worker())
    assert current_stage(receipt) == "notified"
    assert officers_of(receipt) == [("CaseReopened", "amina"), ("CorrectionReceived", "amina")]


def test_an_officer_writes_down_what_a_household_says_before_a_refusal(
    reviewed: tuple[Accepted, Accepted], ready: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    caseworker(reviewed[1], "refuse", "false_declaration", "brahim")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("ما سكنا هناك قط.".encode())))

    ran = ready("answer", reviewed[1].reference, "statement", "-", "--as", "amina", "--json")

    assert (ran.json["event"], ran.json["stage"]) == ("StatementReceived", "under_review")
    assert rows("select text from case_text") == [("ما سكنا هناك قط.",)]
    assert "ما سكنا هناك قط." in ready("reviews", "show", reviewed[1].reference).out


def test_an_officer_takes_a_removal_back(home: tuple[Body, Accepted], ready: Run, worker: Worker) -> None:
    body, receipt = home
    removal = declare(receipt, change_of(body, "removal", "request"))
    drain_all(worker())
    assert current_stage(removal) == "leaving"

    late = ready("answer", removal.reference, "withdrawal", "--as", "amina", "--version", "1")
    assert (late.code, "moved on" in late.err) == (2, True)
    assert ready("answer", removal.reference, "withdrawal", "--as", "amina").code == 0
    assert current_stage(removal) == "withdrawn"


def test_an_officer_lodges_an_appeal_once_and_withdraws_it(
    home: tuple[Body, Accepted], ready: Run, work: Callable[[], None], tmp_path: Path
) -> None:
    (tmp_path / "appeal.json").write_text(json.dumps(APPEAL))
    command = ("appeals", "lodge", home[1].reference.lower(), tmp_path / "appeal.json", "--as", "amina", "--json")

    first, again = ready(*command), ready(*command)

    assert (first.code, first.json["repeated"], again.code, again.json["repeated"]) == (0, False, 0, True)
    assert again.json["reference"] == first.json["reference"]
    assert first.json["secret"] in first.out.splitlines()[1]
    work()
    lodged = Accepted(first.json["reference"], first.json["secret"], value("select max(id) from cases"))
    assert (current_stage(lodged), rows("select text from case_text")) == ("queued", [(APPEAL["text"],)])
    assert officers_of(lodged) == [("AppealLodged", "amina"), ("AppealTextAdded", "amina")]
    assert ready("answer", lodged.reference, "withdrawal", "--as", "amina").code == 0
    assert current_stage(lodged) == "withdrawn"
    assert nothing_wrong()


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (APPEAL | {"secret": "0000000000"}, "  secret: Unknown field."),
        (APPEAL | {"decision": "refusal", "contested": []}, "No such decision was taken on this case"),
        ({"grounds": ["other"]}, "  decision: Is missing."),
    ],
)
def test_an_appeal_that_cannot_be_is_refused_at_the_desk(
    home: tuple[Body, Accepted], ready: Run, tmp_path: Path, sent: dict[str, Any], said: str
) -> None:
    (tmp_path / "appeal.json").write_text(json.dumps(sent))
    before = everything(*ALL_TABLES, "staff_name")
    ran = ready("appeals", "lodge", home[1].reference, tmp_path / "appeal.json", "--as", "amina")
    assert (ran.code, ran.out, said in ran.err) == (2, "", True), ran.err
    assert everything(*ALL_TABLES, "staff_name") == before


def test_an_open_appeal_is_open_for_the_desk_as_well(home: tuple[Body, Accepted], ready: Run, tmp_path: Path) -> None:
    an_appeal(home[1], "index", contested=APPEAL["contested"])
    (tmp_path / "appeal.json").write_text(json.dumps(APPEAL))
    ran = ready("appeals", "lodge", home[1].reference, tmp_path / "appeal.json", "--as", "amina")
    assert (ran.code, "An appeal against this decision is open" in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("correction",), "A correction needs a FILE."),
        (("statement",), "A statement needs a FILE."),
        (("withdrawal", "new.json"), "A withdrawal takes no FILE."),
        (("objection",), "'objection' is not one of"),
        (("correction", "/nowhere/at/all"), "/nowhere/at/all cannot be read"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(sijil: Run, arguments: tuple[str, ...], said: str) -> None:
    ran = sijil("answer", "RSU-0000-0000-0000", *arguments, "--as", "amina")
    assert (ran.code, ran.out) == (2, "")
    assert said in " ".join(ran.err.replace("│", " ").split())


def test_nobody_answers_at_a_desk_without_a_name(reviewed: tuple[Accepted, Accepted], ready: Run) -> None:
    before = version_of(reviewed[1])
    ran = ready("answer", reviewed[1].reference, "withdrawal", "--as", "  ")
    assert (ran.code, version_of(reviewed[1])) == (2, before)
    assert "CaseWithdrawn" not in events_of(reviewed[1])
