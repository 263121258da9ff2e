"""The commands of officers and caseworkers for changes of registered households: file one, look at its review."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from models import clock
from models.database import transaction
from models.days import day_of
from tests.changing import change_of, declare, nothing_wrong, without
from tests.factories import an_idcs
from tests.filing import (
    Body,
    Worker,
    a_household,
    borrowing,
    changed,
    current_stage,
    drain_all,
    file,
    register,
    rows,
    value,
)
from tests.integration.running import Run
from tests.people import after, ring_timers
from tests.terms import over
from workflows.intake.submit import Accepted
from workflows.registers.person_moves import wake_missed_waits

Household = tuple[Body, Accepted]
BILLS = {"gas": "90", "water_electricity": ["800"], "telecom": "700"}


@pytest.fixture
def two(ready: Run, worker: Worker) -> tuple[Household, Household]:
    """Two registered households of at least three members, with their receipts."""
    made = [a_household(place, members=3) for place in (0, 1)]
    register(made)
    receipts = file(*[each.body for each in made])
    drain_all(worker())
    first, second = [(each.body, receipt) for each, receipt in zip(made, receipts, strict=True)]
    return first, second


def adult(body: Body) -> int:
    """The position of an adult who is not the head."""
    return next(
        place
        for place, each in enumerate(body["members"])
        if each["relationship"] != "head" and str(each["birth_date"]) < "2005"
    )


def written(body: Body, **changes: Any) -> str:
    """A change of the bills, as a file holds it."""
    declared = {name: given for name, given in changed(body, bills=BILLS).items() if name != "application"}
    change = {"change": "bills", "true_from": f"{day_of(clock.now())}", "based_on": 1, "declaration": declared}
    return json.dumps(change | changes, default=str)


# Filing --------------------------------------------------------------------------------------------


def test_an_officer_files_a_change_from_a_file_once(
    two: tuple[Household, Household], ready: Run, worker: Worker, tmp_path: Path
) -> None:
    (body, receipt), _ = two
    (tmp_path / "change.json").write_text(written(body))
    command = ("update", receipt.reference.lower(), tmp_path / "change.json", "--as", "Amina Berrada", "--json")

    first, again = ready(*command), ready(*command)

    assert (first.code, first.json["repeated"], again.code, again.json["repeated"]) == (0, False, 0, True)
    assert first.json["secret"] in first.out.splitlines()[1]
    assert again.json["reference"] == first.json["reference"]
    drain_all(worker())
    shown = ready("show", first.json["reference"], "--json")
    assert shown.json["stage"] == "notified"
    assert shown.json["events"][0]["by"] == "Amina Berrada"
    assert "fields bills.gas, bills.telecom, bills.water_electricity" in shown.out
    assert nothing_wrong()


def test_an_officer_files_a_change_from_standard_input(
    two: tuple[Household, Household], ready: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (body, receipt), _ = two
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(written(body).encode())))

    assert ready("update", receipt.reference, "-", "--as", "amina").code == 0
    assert value("select count(*) from cases where kind = 'update'") == 1


def test_an_officer_begins_with_the_household_as_it_is_registered(
    two: tuple[Household, Household], ready: Run, worker: Worker, tmp_path: Path
) -> None:
    (body, receipt), _ = two
    begun = json.loads(ready("update", receipt.reference, "--begin", "--as", "amina").out)
    assert (begun["change"], begun["true_from"], begun["based_on"]) == ("", f"{day_of(clock.now())}", 1)
    assert [each["idcs"] for each in begun["declaration"]["members"]] == [each["idcs"] for each in body["members"]]
    assert value("select count(*) from cases where kind = 'update'") == 0

    filled = tmp_path / "change.json"
    filled.write_text(json.dumps(begun))
    assert "change" in ready("update", receipt.reference, filled, "--as", "amina").err
    begun["declaration"]["bills"]["gas"] = "91"
    filled.write_text(json.dumps(begun | {"change": "bills"}))
    filed = ready("update", receipt.reference, filled, "--as", "amina", "--json")
    assert filed.code == 0
    drain_all(worker())
    shown = ready("show", filed.json["reference"], "--json")
    assert (shown.json["stage"], "fields bills.gas" in shown.out) == ("notified", True)

    assert ready("update", receipt.reference, filled, "--begin", "--as", "amina").code == 2
    assert ready("update", "RSU-0000-0000-0000", "--begin", "--as", "amina").code == 2


def test_an_adults_own_departure_is_filed_and_reviewed(
    two: tuple[Household, Household], ready: Run, worker: Worker
) -> None:
    (body, receipt), _ = two
    leaver = body["members"][adult(body)]["idcs"]

    filed = ready(
        "update", receipt.reference, "--left-by", leaver, "--true-from", day_of(clock.now()), "--as", "amina", "--json"
    )
    assert filed.code == 0
    drain_all(worker())

    cause, line = ready("reviews", "list").out.splitlines()
    assert f"  {filed.json['reference']}  update  " in line
    assert cause.startswith("own_departure: an adult declares their own departure")
    ran = ready("reviews", "show", filed.json["reference"], "--as", "samira", "--json")
    change = ran.json["change"]
    assert (change["change"], change["cause"], change["left_by"], change["version"]) == (
        "member_left",
        "departure",
        leaver,
        1,
    )
    assert [each["idcs"] for each in change["registered"]["members"]] == [each["idcs"] for each in body["members"]]
    assert leaver not in [each["idcs"] for each in ran.json["application"]["members"]]
    assert ran.json["others"] == []
    assert f"declared at a desk by the member {leaver}" in ran.out
    assert f"To clear it means: the member {leaver} leaves this household.\n" in ran.out
    place = [each["idcs"] for each in body["members"]].index(leaver)
    assert f"  members[{place}] leaves: {leaver}\n" in ran.out
    assert "-> nothing" not in ran.out
    assert "another household" not in ran.out.lower(), "nobody else claims anybody"
    assert "No other household" not in ran.out
    offered = [each.split()[3:6] for each in ran.json["answers"]]
    assert offered == [
        ["clear", "--reason", "moved"],
        ["clear", "--reason", "nothing_found"],
        ["refuse", "--reason", "false_declaration"],
    ]
    assert "--about" not in ran.out, "it is known what a departure is about"
    refused = ran.json["answers"][-1].partition(" decide ")[2].split()
    assert ready("decide", *refused).code == 0
    assert "It may be innocent: a divorce" in ran.out
    assert not any("handed_over" in each for each in ran.json["answers"])
    assert any("--reason moved" in each for each in ran.json["answers"])

    decided = ready("decide", filed.json["reference"], "clear", "--reason", "moved", "--as", "samira")
    assert decided.code == 0
    drain_all(worker())
    assert value("select count(*) from person_claim where idcs = %s", leaver) == 0
    assert nothing_wrong()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Give either FILE, or --left-by with --true-from, or --begin."),
        (("change.json", "--left-by", an_idcs(1), "--true-from", "2026-11-01"), "Give either FILE"),
        (("change.json", "--true-from", "2026-11-01"), "Give either FILE"),
        (("--left-by", an_idcs(1)), "Give either FILE"),
        (("--left-by", an_idcs(1), "--true-from", "yesterday"), "'yesterday' is no day"),
        (("--left-by", "12", "--true-from", "2026-11-01"), "--left-by: Must have ten digits, no more and no fewer."),
        (("--left-by", an_idcs(12)[::-1], "--true-from", "2026-11-01"), "--left-by: Has one wrong digit, or two that"),
        (("nothing.json",), "nothing.json cannot be read"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(sijil: Run, arguments: tuple[str, ...], said: str) -> None:
    ran = sijil("update", "RSU-0000-0000-0000", *arguments, "--as", "amina")
    assert (ran.code, ran.out) == (2, "")
    assert said in " ".join(ran.err.replace("│", " ").split())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"secret": "0000000000"}, "  secret: Unknown field."),
        ({"change": "member_left"}, "  body: A change of kind member_left needs a cause: death, divorce, departure."),
        ({"based_on": 7}, "  based_on: The household has no such version: its last is 1."),
    ],
)
def test_a_change_that_cannot_be_is_refused_with_its_field(
    two: tuple[Household, Household], ready: Run, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    (body, receipt), _ = two
    (tmp_path / "change.json").write_text(written(body, **changes))

    ran = ready("update", receipt.reference, tmp_path / "change.json", "--as", "amina")

    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err.splitlines()


def test_the_head_cannot_declare_their_own_departure(two: tuple[Household, Household], ready: Run) -> None:
    (body, receipt), _ = two
    head = next(each["idcs"] for each in body["members"] if each["relationship"] == "head")
    ran = ready("update", receipt.reference, "--left-by", head, "--true-from", day_of(clock.now()), "--as", "amina")
    assert (ran.code, ran.err) == (
        2,
        "sijil: Only an adult member who is not the head declares their own departure.\n",
    )


# Reviewing -----------------------------------------------------------------------------------------


def test_the_review_of_a_change_shows_what_it_changes_and_who_holds_the_person(
    two: tuple[Household, Household], ready: Run, worker: Worker
) -> None:
    (mine, receipt), (theirs, other) = two
    borrowed = borrowing(changed(mine, bills=BILLS), theirs, adult(theirs))
    update = declare(receipt, change_of(borrowed, "member_joined", "arrival"))
    drain_all(worker())
    assert current_stage(update) == "under_review"

    ran = ready("reviews", "show", update.reference, "--json")

    was = mine.get("bills", {}).get("gas")
    fields = {each["field"]: each for each in ran.json["change"]["differences"]}
    joined = f"members[{len(mine['members'])}].idcs"
    assert fields["bills.gas"]["declared"] == "90"
    assert was is None or float(fields["bills.gas"]["registered"]) == float(was)
    assert fields[joined] == {"field": joined, "registered": None, "declared": theirs["members"][adult(theirs)]["idcs"]}
    assert f"  {joined.removesuffix('.idcs')} joins: {fields[joined]['declared']}\n" in ran.out
    assert f"{joined.removesuffix('idcs')}" not in ran.out.rpartition("\n{")[0]
    assert ran.json["kind"] == "update"
    assert [each["reference"] for each in ran.json["others"]] == [other.reference]
    assert not any(" clear " in each for each in ran.json["answers"])
    refused = ready("decide", update.reference, "clear", "--reason", "handed_over", "--as", "amina")
    assert (refused.code, refused.err.startswith(f"sijil: Still held by {other.reference}")) == (2, True)
    assert current_stage(update) == "under_review"


def test_a_swap_is_cleared_because_both_hand_their_person_over(
    two: tuple[Household, Household], ready: Run, worker: Worker
) -> None:
    updates = []
    for (mine, receipt), (theirs, _) in (two, two[::-1]):
        body = borrowing(without(mine, adult(mine)), theirs, adult(theirs))
        updates.append(declare(receipt, change_of(body, "member_joined", "marriage"), officer="amina"))
    drain_all(worker())
    with transaction() as connection:
        wake_missed_waits(connection, clock.now())
    drain_all(worker())

    first, second = updates
    ran = ready("reviews", "show", first.reference, "--as", "samira", "--json")
    cleared = [each for each in ran.json["answers"] if " clear " in each]
    assert [each.partition("--reason ")[2].split()[0] for each in cleared] == ["handed_over"]
    assert "a change of that household lets them go" in " ".join(ran.out.split())
    (other,) = ran.json["others"]
    assert len(other["lets_go"]) == 1
    assert other["lets_go"] == other["holds"]
    in_vain = ready("decide", first.reference, "clear", "--reason", "moved", "--as", "samira")
    assert (in_vain.code, "because of handed_over" in in_vain.err) == (2, True)

    for update in (first, second):
        assert ready("decide", update.reference, "clear", "--reason", "handed_over", "--as", "samira").code == 0
        drain_all(worker())
    assert [current_stage(each) for each in updates] == ["notified", "notified"]
    assert nothing_wrong()


def test_a_change_that_nobody_answers_and_that_cannot_lapse_is_listed_for_a_caseworker(
    two: tuple[Household, Household], ready: Run, worker: Worker, tmp_path: Path
) -> None:
    # Given a change that needs a correction, whose person was given to another household, and silence
    (mine, receipt), (theirs, other) = two
    gone = without(mine, adult(mine))
    gone["members"][-1] |= {"birth_date": "1931-01-01", "birth_precision": "day"}
    leaving = declare(receipt, change_of(gone, "member_left", "departure"))
    joined = change_of(borrowing(theirs, mine, adult(mine)), "member_joined", "marriage")
    joining = declare(other, joined, officer="amina")
    drain_all(worker())
    rows("update cases set due_at = now(), deadline = now() where id = %s", joining.case_id)
    ring_timers()
    drain_all(worker())
    assert ready("decide", joining.reference, "clear", "--reason", "handed_over", "--as", "samira").code == 0
    drain_all(worker())
    assert ready("reviews", "list").out == "no review waits for a caseworker\n"
    with after(over("correction")):
        ring_timers()
        drain_all(worker())

    # Then a caseworker sees it, and what to do
    ran = ready("reviews", "list", "--json")
    assert (ran.json["waiting"], ran.json["kept_open"]) == (0, 1)
    assert [each["reference"] for each in ran.json["unanswered"]] == [leaving.reference]
    cause, line = ready("reviews", "list").out.splitlines()
    assert "sijil answer REFERENCE correction FILE --as OFFICER" in cause
    assert line.startswith(f"  {leaving.reference}  update  needs_correction  ")

    # And can look at it: whom to reach, what is asked, and by which command it is answered
    shown = ready("reviews", "show", leaving.reference, "--json")
    place = len(gone["members"]) - 1
    assert shown.code == 0
    assert shown.json["asked_because_of"] == [f"members[{place}] birth_date_differs"]
    assert shown.json["application"]["phone"].removeprefix("+212") in mine["phone"].replace(" ", "")
    assert shown.json["answers"] == [f"sijil answer {leaving.reference} correction FILE --version 4 --as OFFICER"]
    assert f"It is asked because of members[{place}] birth_date_differs." in shown.out
    assert f" leaves: {mine['members'][adult(mine)]['idcs']}\n" in shown.out

    # And once an officer has filed what the household says, it is done
    said = tmp_path / "said.json"
    said.write_text(
        json.dumps({name: each for name, each in without(mine, adult(mine)).items() if name != "application"})
    )
    assert ready("answer", leaving.reference, "correction", str(said), "--as", "amina").code == 0
    drain_all(worker())
    assert current_stage(leaving) == "notified"
    assert ready("reviews", "list").out == "no review waits for a caseworker\n"
