"""The commands by which the staff examine appeals: what they show, what they do, and what they say to a mistake."""

import io
import json
import shlex
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from models import clock
from tests.appealing import acts, an_appeal, findings, say, withdraw
from tests.filing import Body, current_stage, everything, rows, value, version_of
from tests.integration.auditing import erase, wrong
from tests.integration.running import Run
from tests.people import ALL_TABLES, after, refused
from tests.terms import days_of, over
from workflows.intake.submit import Accepted
from workflows.policies import threshold_of_version

VALUES: list[dict[str, Any]] = [
    {"path": "bills.telecom", "should_be": "49.50"},
    {"path": "belongings.mobile_phones", "should_be": 0},
]


@pytest.fixture
def appeal(home: tuple[Body, Accepted], work: Callable[[], None]) -> Accepted:
    """An appeal against an index, which waits."""
    lodged = an_appeal(home[1], "index", contested=VALUES, grounds=["value_wrong"], text="The bill is a neighbour's.")
    work()
    return lodged


def test_an_appeal_is_examined_by_commands_alone(
    appeal: Accepted, ready: Run, work: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = appeal.reference
    listed = ready("appeals", "list", "--json").json
    assert (listed["waiting"], listed["appeals"][0]["reference"], listed["appeals"][0]["holder"]) == (1, ref, None)

    assert ready("appeals", "assign", ref, "--as", "salma", "--json").json["event"] == "AppealAssigned"
    assert ready("appeals", "assign", ref, "--as", "yassine", "--json").json["event"] == "TakenOver"
    assert "held by yassine" in ready("appeals", "list").out
    assert ready("appeals", "hand-back", ref, "--as", "yassine", "--json").json["stage"] == "queued"
    given = ready("appeals", "assign", ref, "--to", "salma", "--as", "leila", "--role", "supervisor", "--json")
    assert given.json["event"] == "AppealAssigned"

    asked = ready("appeals", "ask", ref, "--for", "bill", "--for", "explanation", "--as", "salma", "--json")
    assert asked.json["stage"] == "information_asked"
    text = tmp_path / "said.txt"
    text.write_text("هذه فاتورة الجار.", encoding="utf-8")
    assert ready("appeals", "add", ref, text, "--as", "amina", "--json").json["event"] == "InformationGiven"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"And this is ours."), encoding="utf-8"))
    assert ready("appeals", "add", ref, "-", "--as", "amina", "--json").json["event"] == "AppealTextAdded"
    assert [said for (said,) in rows("select text from case_text order by seq")][1:] == [
        "هذه فاتورة الجار.",
        "And this is ours.",
    ]

    both = ["--uphold", "bills.telecom=document_shows_it", "--reject", "belongings.mobile_phones=nothing_shows_it"]
    assert ready("appeals", "propose", ref, *both, "--as", "salma", "--json").json["event"] == "DecisionProposed"
    back = ready("appeals", "return", ref, "--reason", "more_to_ask", "--as", "yassine", "--json")
    assert back.json["event"] == "ProposalReturned"
    assert ready("appeals", "propose", ref, *both, "--as", "salma", "--json").json["stage"] == "proposed"
    assert ready("appeals", "agree", ref, "--as", "yassine", "--json").json["event"] == "AppealUpheld"
    work()

    shown = ready("appeals", "show", ref, "--json").json["outcome"]
    assert (current_stage(appeal), shown["outcome"], shown["blocked"]) == ("notified", "partly_upheld", None)
    corrected = rows("select score_computed::text, score_corrected::text from score_correction")
    assert [(shown["score_computed"], shown["score_corrected"])] == corrected
    assert wrong() == ({}, [])


def test_the_page_of_an_appeal_shows_the_values_the_text_and_who_may_not(
    reviewed: tuple[Accepted, Accepted], ready: Run, work: Callable[[], None]
) -> None:
    refused(reviewed[1])
    appeal = an_appeal(reviewed[1], text="We live there.\nAsk anybody.")
    work()
    shown = ready("appeals", "show", appeal.reference, "--as", "salma", "--json")
    assert sorted(shown.json["may_not"]) == ["amina", "brahim"]
    assert "  | We live there.\n  | Ask anybody.\n" in shown.out
    assert shown.json["contested_reference"] == reviewed[1].reference
    assert f"assign {appeal.reference} --version {version_of(appeal)} --as salma" in shown.json["answers"][0]


def test_of_a_refusal_it_shows_the_reason_the_household_it_was_reviewed_with_and_what_the_citizen_said(
    reviewed: tuple[Accepted, Accepted], ready: Run, work: Callable[[], None]
) -> None:
    first, later = reviewed
    refused(later)
    appeal = an_appeal(later)
    work()
    shown = ready("appeals", "show", appeal.reference, "--json")
    assert shown.json["basis"] == {
        "reason": "false_declaration",
        "reviewed_with": [first.reference],
        "statement": "We never lived there.",
        "score": None,
        "score_if_upheld": None,
        "threshold": None,
    }
    assert (
        f"It was decided because of false_declaration.\nIt was reviewed with {first.reference}.\n"
        "When the refusal was proposed, the citizen said:\n  | We never lived there.\n"
    ) in shown.out
    assert "Rules None" not in shown.out


def test_of_an_index_it_shows_the_index_and_what_that_would_be_exact_in_json_and_rounded_for_people(
    appeal: Accepted, ready: Run, work: Callable[[], None]
) -> None:
    before = ready("appeals", "show", appeal.reference, "--json")
    assert "Formula in force since 2021-08-09.\nHeld by nobody. Nobody is excluded.\n" in before.out
    basis = before.json["basis"]
    score, upheld = Decimal(basis["score"]), Decimal(basis["score_if_upheld"])
    assert f"Index {score:.2f}; if all is upheld, {upheld:.2f}. The lower the index, the nearer" in before.out
    alone = [Decimal(each["score_if_alone"]) for each in before.json["contested"]]
    assert [each - score for each in alone] != [0, 0]
    assert sum(each - score for each in alone) == upheld - score
    assert f"should be 49.50; index with this alone {alone[0]:.2f}\n" in before.out

    acts(appeal, "salma", "assign")
    acts(appeal, "salma", "propose", findings(bills__telecom=True, belongings__mobile_phones=True))
    work()
    after = ready("appeals", "show", appeal.reference, "--json")
    assert "is due" not in after.out
    outcome = after.json["outcome"]
    assert [outcome["score_computed"], outcome["score_corrected"]] == [basis["score"], basis["score_if_upheld"]]
    assert f"was computed as {score:.2f} and is corrected to {upheld:.2f}, from " in after.out


def test_who_looks_at_an_appeal_or_a_history_by_command_stands_in_the_audit(appeal: Accepted, ready: Run) -> None:
    read = "select act, role, count from audit_entry order by id"
    ready("appeals", "show", appeal.reference, "--as", "salma")
    assert [act for act, *_ in rows(read)][-1] == "read_case"
    ready("show", appeal.reference)
    assert [(act, count) for act, _, count in rows(read)][-2:] == [("read_case", 1), ("read_case", 1)]


def test_of_an_appeal_that_is_over_no_answer_is_said_to_be_due(appeal: Accepted, ready: Run) -> None:
    assert "'queued', version 3, the answer is due " in ready("appeals", "show", appeal.reference).out
    assert ready("answer", appeal.reference, "withdrawal", "--as", "salma").code == 0
    assert " is 'withdrawn', version 4.\n" in ready("appeals", "show", appeal.reference).out


def test_of_a_threshold_it_shows_the_index_beside_it(home: tuple[Body, Accepted], ready: Run) -> None:
    facts = rows("select facts::text from event where kind = 'HouseholdApproved'")[0][0]
    missed = [each["programme"] for each in json.loads(facts)["eligibilities"] if not each["eligible"]]
    appeal = an_appeal(home[1], "threshold", programme=missed[0], contested=VALUES)
    shown = ready("appeals", "show", appeal.reference, "--json")
    assert shown.json["basis"]["threshold"] == str(threshold_of_version(shown.json["policy"]).threshold)
    assert f". The threshold is {shown.json['basis']['threshold']}. The lower the index" in shown.out


def test_the_list_says_by_when_an_appeal_needs_whom_and_leaves_out_what_one_may_not_decide(
    appeal: Accepted, ready: Run
) -> None:
    ref, today = appeal.reference, clock.now()
    assert f"  {ref}  queued  on the index  held by nobody  needs a caseworker\n" in ready("appeals", "list").out
    acts(appeal, "karim", "assign")
    acts(appeal, "karim", "propose", findings(bills__telecom=True, belongings__mobile_phones=False))
    by = f"{today + timedelta(days_of('agreement')):%F}"
    line = f"due {by}  {ref}  proposed  on the index  held by karim  needs a second person\n"
    assert ready("appeals", "list").out == line
    assert ready("appeals", "list", "--as", "salma").out == line
    assert ready("appeals", "list", "--as", "karim").out == "left out because you may not decide them: 1\n"
    assert f", a second person agrees by {by}.\n" in ready("appeals", "show", ref).out
    with after(over("agreement") + 3):
        assert ready("appeals", "list").out.startswith(f"OVERDUE 3 d  {ref}  ")


def test_an_appeal_that_was_not_answered_in_its_term_is_listed_as_overdue_whatever_term_a_supervisor_has(
    appeal: Accepted, ready: Run, work: Callable[[], None]
) -> None:
    with after(days_of("answer") + 2.5):
        work()
        (line,) = ready("appeals", "list").out.splitlines()
    assert line.startswith(f"OVERDUE 2 d  {appeal.reference}  with_supervisor  ")
    assert "  needs a supervisor" in line


def test_while_the_household_is_asked_an_appeal_says_by_when_it_answers(appeal: Accepted, ready: Run) -> None:
    acts(appeal, "karim", "assign")
    acts(appeal, "karim", "ask", ["bill"])
    by = f"{clock.now() + timedelta(days_of('information')):%F}"
    assert f", the household answers by {by}.\n" in ready("appeals", "show", appeal.reference).out
    line = (
        f"due {by}  {appeal.reference}  information_asked  on the index  held by karim  needs the household's answer\n"
    )
    assert ready("appeals", "list").out == line


def offered(ready: Run, appeal: Accepted, name: str = "") -> list[str]:
    """The commands that `appeals show` offers this person, without what all of them have."""
    shown = ready("appeals", "show", appeal.reference, *(["--as", name] if name else []), "--json")
    assert all(f" {appeal.reference} " in each and each.endswith(name or "YOUR-NAME") for each in shown.json["answers"])
    words = [each.partition(" appeals ")[2].replace(f" {appeal.reference}", "") for each in shown.json["answers"]]
    return [each.partition(" --version")[0] for each in words]


PROPOSE = "propose --uphold PATH=REASON --reject PATH=REASON"
BY_SUPERVISOR = ["assign --to COLLEAGUE --role supervisor", "hand-back --role supervisor"]


def test_whoever_reads_an_appeal_is_offered_what_they_may_do_and_nothing_else(appeal: Accepted, ready: Run) -> None:
    assert offered(ready, appeal, "karim") == [
        "assign",
        "assign --to COLLEAGUE --role supervisor",
        "escalate --role supervisor",
        "add FILE",
    ]
    acts(appeal, "karim", "assign")
    held = ["assign --to COLLEAGUE --role supervisor", "hand-back", "ask --for CODE", PROPOSE]
    assert offered(ready, appeal, "karim") == [*held, "escalate --role supervisor", "add FILE"]
    assert offered(ready, appeal, "salma") == [
        "assign",
        *BY_SUPERVISOR,
        "escalate --role supervisor",
        "add FILE",
    ]
    assert offered(ready, appeal) == ["assign", *held, "escalate --role supervisor", "add FILE"]

    acts(appeal, "karim", "propose", findings(bills__telecom=True, belongings__mobile_phones=False))
    assert offered(ready, appeal, "karim") == ["add FILE"]
    assert offered(ready, appeal, "salma") == ["agree", "return --reason CODE", "add FILE"]
    assert offered(ready, appeal) == ["agree", "return --reason CODE", "add FILE"]


def test_an_appeal_names_the_paths_and_codes_of_the_commands_that_it_offers(
    appeal: Accepted, home: tuple[Body, Accepted], ready: Run
) -> None:
    def codes(name: str) -> set[str]:
        return set(ready("appeals", "show", appeal.reference, "--as", name, "--json").json["codes"])

    assert codes("karim") == set()
    acts(appeal, "karim", "assign")
    shown = ready("appeals", "show", appeal.reference, "--as", "karim", "--json")
    assert shown.json["codes"]["PATH"] == ["bills.telecom", "belongings.mobile_phones"]
    assert "  PATH is one of bills.telecom, belongings.mobile_phones.\n" in shown.out
    assert "  REASON to reject is one of nothing_shows_it, register_confirms, " in shown.out
    assert "  CODE to ask is one of bill, school_certificate, " in shown.out
    assert codes("salma") == set()
    acts(appeal, "karim", "propose", findings(bills__telecom=True, belongings__mobile_phones=False))
    assert codes("salma") == {"CODE to return"}


def test_the_commands_that_an_appeal_offers_run_once_their_words_are_filled_in(appeal: Accepted, ready: Run) -> None:
    def offered_codes() -> tuple[list[str], dict[str, list[str]]]:
        told = ready("appeals", "show", appeal.reference, "--as", "karim", "--json").json
        return told["answers"], told["codes"]

    acts(appeal, "karim", "assign")
    answers, codes = offered_codes()
    (ask,) = [each for each in answers if " ask " in each]
    assert ready(*shlex.split(ask.replace("CODE", codes["CODE to ask"][0]))[1:]).code == 0
    say(appeal)
    acts(appeal, "leila", "escalate", role="supervisor")
    answers, codes = offered_codes()
    (proposal,) = [each for each in answers if " propose " in each]
    for option, path in zip(("uphold", "reject"), codes["PATH"], strict=True):
        proposal = proposal.replace(f"--{option} PATH=REASON", f"--{option} {path}={codes[f'REASON to {option}'][0]}")
    assert ready(*shlex.split(proposal)[1:]).code == 0


def test_the_commission_is_offered_its_decision_but_not_to_who_proposed_one(appeal: Accepted, ready: Run) -> None:
    acts(appeal, "karim", "assign")
    acts(appeal, "karim", "propose", findings(bills__telecom=True, belongings__mobile_phones=False))
    acts(appeal, "salma", "agree", "more_to_ask")
    acts(appeal, "leila", "escalate", role="supervisor")
    assert offered(ready, appeal, "karim") == ["add FILE"]
    assert offered(ready, appeal, "salma") == [f"{PROPOSE} --role commission", "add FILE"]
    acts(appeal, "salma", "propose", findings(bills__telecom=True, belongings__mobile_phones=True), role="commission")
    assert offered(ready, appeal, "karim") == ["add FILE"]
    assert offered(ready, appeal, "salma") == [f"{PROPOSE} --role commission", "add FILE"]
    second = [f"{PROPOSE} --role commission", "agree --role commission", "return --reason CODE --role commission"]
    assert offered(ready, appeal, "said") == offered(ready, appeal) == [*second, "add FILE"]


def test_the_staff_see_what_a_member_of_the_commission_found_and_that_a_second_one_is_needed(
    appeal: Accepted, ready: Run
) -> None:
    ref = appeal.reference
    acts(appeal, "leila", "escalate", role="supervisor")
    assert f"  {ref}  with_commission  on the index  held by nobody  needs two members of the commission\n" in (
        ready("appeals", "list").out
    )
    assert ready("appeals", "show", ref, "--json").json["proposal"] is None
    acts(appeal, "hanae", "propose", findings(bills__telecom=True, belongings__mobile_phones=False), role="commission")

    assert "  held by nobody  needs a second member of the commission\n" in ready("appeals", "list").out
    assert ready("appeals", "list", "--as", "hanae").out == "left out because you may not decide them: 1\n"
    shown = ready("appeals", "show", ref, "--json")
    assert shown.json["proposal"] == {
        "by": "hanae",
        "outcome": "partly_upheld",
        "findings": [
            {"path": "bills.telecom", "upheld": True, "reason": "document_shows_it"},
            {"path": "belongings.mobile_phones", "upheld": False, "reason": "nothing_shows_it"},
        ],
    }
    assert shown.json["may_not"] == ["hanae"]
    assert (
        "Proposed by hanae: partly_upheld. A second member of the commission must agree.\n"
        "  bills.telecom: upheld, document_shows_it\n"
    ) in shown.out
    acts(appeal, "said", "agree", "more_to_ask", role="commission")
    assert "needs two members of the commission\n" in ready("appeals", "list", "--as", "hanae").out
    assert ready("appeals", "show", ref, "--json").json["proposal"] is None


def test_a_parked_appeal_is_shown_without_commands(appeal: Accepted, ready: Run) -> None:
    rows("update cases set stage = 'parked' where id = %s", appeal.case_id)
    assert offered(ready, appeal, "karim") == []


def test_it_shows_what_is_declared_beside_what_it_should_be(appeal: Accepted, ready: Run) -> None:
    shown = ready("appeals", "show", appeal.reference, "--json")
    assert [(each["path"], each["declared"], each["should_be"]) for each in shown.json["contested"]] == [
        ("bills.telecom", "500", "49.50"),
        ("belongings.mobile_phones", 3, 0),
    ]
    assert "bills.telecom: declared 500, should be 49.50" in shown.out


def test_a_supervisor_sends_it_to_the_commission_which_decides_by_two(appeal: Accepted, ready: Run) -> None:
    ref = appeal.reference
    told = ready("appeals", "escalate", ref, "--as", "salma")
    assert (told.code, "Only a supervisor may do this" in told.err) == (2, True)
    assert ready("appeals", "escalate", ref, "--as", "leila", "--role", "supervisor").code == 0
    found = ["--reject", "bills.telecom=nothing_shows_it", "--reject", "belongings.mobile_phones=register_confirms"]
    told = ready("appeals", "propose", ref, *found, "--as", "hanae", "--role", "commission", "--json")
    assert (told.json["event"], told.json["stage"]) == ("CommissionFound", "with_commission")
    second = ["--role", "commission", "--json"]
    assert "you proposed it" in ready("appeals", "agree", ref, "--as", "hanae", *second).err
    back = ready("appeals", "return", ref, "--reason", "more_to_ask", "--as", "said", *second)
    assert back.json["event"] == "FindingReturned"
    assert "propose one first" in ready("appeals", "agree", ref, "--as", "said", *second).err
    ready("appeals", "propose", ref, *found, "--as", "said", "--role", "commission")
    assert ready("appeals", "agree", ref, "--as", "hanae", *second).json["event"] == "AppealRejected"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["propose", "--uphold", "bills.telecom"], "it looks like bills.telecom=document_shows_it"),
        (
            ["propose", "--uphold", "bills.telecom=document_shows_it"],
            "Find once on each of: bills.telecom, belongings.",
        ),
        (["ask", "--for", "money"], "'money' is not known. Known are bill, school_certificate"),
        (["agree"], "not possible while the case is 'under_examination'"),
        (["retry"], "not possible while the case is 'under_examination'"),
        (["add", "/nowhere/at/all"], "/nowhere/at/all cannot be read"),
        (["hand-back", "--version", "1"], "The case has moved on meanwhile"),
    ],
)
def test_a_mistake_is_told_with_what_to_do_and_changes_nothing(
    appeal: Accepted, ready: Run, arguments: list[str], says: str
) -> None:
    acts(appeal, "salma", "assign")
    before = everything(*ALL_TABLES)
    command, *rest = arguments
    ran = ready("appeals", command, appeal.reference, *rest, "--as", "salma")
    assert (ran.code, says in ran.err) == (2, True), ran.err
    assert everything(*ALL_TABLES) == before


@pytest.mark.parametrize(
    "act",
    [
        [
            "propose",
            "--uphold",
            "bills.telecom=document_shows_it",
            "--uphold",
            "belongings.mobile_phones=visit_shows_it",
        ],
        ["ask", "--for", "bill"],
        ["agree"],
        ["hand-back"],
    ],
)
def test_an_appeal_that_nobody_holds_is_to_be_taken_first(appeal: Accepted, ready: Run, act: list[str]) -> None:
    before = everything(*ALL_TABLES)
    command, *rest = act
    ran = ready("appeals", command, appeal.reference, *rest, "--as", "salma")
    assert ran == (
        2,
        "",
        f"sijil: Nobody holds this appeal. Take it first: sijil appeals assign {appeal.reference}\n",
    )
    assert everything(*ALL_TABLES) == before


def test_another_kind_of_case_is_no_appeal(home: tuple[Body, Accepted], ready: Run) -> None:
    for command in (["show"], ["assign", "--as", "salma"]):
        ran = ready("appeals", command[0], home[1].reference, *command[1:])
        assert (ran.code, "is no appeal: it is a case of the kind 'registration'" in ran.err) == (2, True)


@pytest.mark.parametrize(
    "command", [["reviews", "show"], ["decide", "clear", "--reason", "nothing_found", "--as", "salma"]]
)
def test_an_appeal_is_no_review_and_says_where_it_is_shown(appeal: Accepted, ready: Run, command: list[str]) -> None:
    before = everything(*ALL_TABLES)
    place = 2 if command[0] == "reviews" else 1
    ran = ready(*command[:place], appeal.reference, *command[place:])
    says = f"sijil: {appeal.reference} is an appeal: sijil appeals show {appeal.reference}\n"
    assert ran == (2, "", says)
    assert everything(*ALL_TABLES) == before


def test_a_text_that_is_too_long_is_refused_and_kept_nowhere(appeal: Accepted, ready: Run, tmp_path: Path) -> None:
    text = tmp_path / "said.txt"
    text.write_text("x" * 2001, encoding="utf-8")
    ran = ready("appeals", "add", appeal.reference, text, "--as", "amina")
    assert (ran.code, "FILE" in ran.err) == (2, True)
    assert value("select count(*) from case_text") == 1


def test_an_erased_appeal_is_said_to_be_erased(appeal: Accepted, ready: Run) -> None:
    withdraw(appeal)
    erase(appeal)
    ran = ready("appeals", "show", appeal.reference)
    assert (ran.code, "erased" in ran.err) == (2, True)
