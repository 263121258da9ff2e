"""An upheld appeal corrects the register from the contested day, in every version that holds the wrong value."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from models import clock
from models.database import transaction
from models.days import day_of, midnight
from models.errors import Refused
from notifications.notices import notices
from tests.appealing import acts, an_appeal, findings
from tests.changing import change_of, declare
from tests.conftest import forget_settings
from tests.factories import a_case_file
from tests.filing import (
    Body,
    Worker,
    changed,
    current_stage,
    drain_all,
    events_of,
    facts_of,
    messages_of,
    register_says,
    rows,
    value,
)
from tests.integration.auditing import breaks, erase, wrong
from tests.integration.running import Run
from tests.meeting import Counted, Work
from tests.people import after, citizen, retry_parked, ring_timers
from tests.terms import over
from workflows.bodies.declaration import Declaration
from workflows.casework.appeal_view import appeal_of_reference, outcome
from workflows.casework.changes import DeclaredChange, Sender, declare_change
from workflows.events.appeal import CorrectionBlocked
from workflows.evidence import CorrectionOutcome
from workflows.flows.update import FLOW as UPDATE
from workflows.history.retention import purge
from workflows.intake.receipts import secret_for
from workflows.intake.submit import Accepted
from workflows.policies import index_of_version
from workflows.policies.rules import in_force
from workflows.scoring.formula import RULES
from workflows.stages import take_effect

TELECOM: list[dict[str, Any]] = [{"path": "bills.telecom", "should_be": "49.50"}]
TWO: list[dict[str, Any]] = [*TELECOM, {"path": "belongings.mobile_phones", "should_be": 0}]
KNOWN_NOW = "select version, lower(valid), upper(valid) from household_period where upper_inf(known) order by valid"
DECLARED = """
    select b.body -> 'declaration' from case_body b join cases c on c.id = b.case_id and c.body_number = b.number
    where c.id = %s
"""


def appealed(receipt: Accepted, work: Callable[[], None], contested: Sequence[dict[str, Any]] = TELECOM) -> Accepted:
    """An appeal against an index, which salma holds."""
    appeal = an_appeal(receipt, "index", contested=contested, grounds=["value_wrong"])
    work()
    acts(appeal, "salma", "assign")
    return appeal


def test_a_change_that_comes_while_an_appeal_opens_its_correction_meets_it_and_both_are_done(
    home: tuple[Body, Accepted], work: Callable[[], None]
) -> None:
    """Intake holds the household's turn and waits for the appeal's row; the worker has that row, and wants the turn."""
    body, receipt = home
    appeal = appealed(receipt, work)
    uphold(appeal)
    worker = Work(appeal.case_id)
    declared = DeclaredChange(
        receipt.reference, change_of(changed(body, commune="Taza"), "moved"), Sender(secret=receipt.secret)
    )
    intake = Counted(lambda connection: declare_change(connection, declared, clock.now(), notices))

    with ThreadPoolExecutor(2) as processes:
        running = [processes.submit(worker.run)]
        assert worker.holds.wait(10)
        running.append(processes.submit(intake.run))
        for each in running:
            each.result(30)

    assert worker.runs + intake.runs == 3  # one of them met a deadlock
    work()
    assert (current_stage(appeal), value("select count(*) from cases where kind = 'update'")) == ("notified", 2)
    assert value("select count(*) from cases where kind = 'update' and stage = 'notified'") == 2
    assert wrong() == ({}, [])


def uphold(appeal: Accepted) -> None:
    """She upholds it whole."""
    paths = [
        each["path"] for each in value("select body -> 'contested' from case_body where case_id = %s", appeal.case_id)
    ]
    assert (
        acts(appeal, "salma", "propose", findings(**{path.replace(".", "__"): True for path in paths})).stage
        == "decided"
    )


def score_of(receipt: Accepted) -> Decimal:
    """The last index of a case."""
    found: Decimal = value("select value from score where case_id = %s order by seq desc limit 1", receipt.case_id)
    return found


def child_of(appeal: Accepted) -> Accepted:
    """The change that the appeal opened last."""
    case_id, reference = rows(
        "select id, reference from cases join receipt on case_id = id where parent_id = %s order by parent_seq desc",
        appeal.case_id,
    )[0]
    return Accepted(reference, secret_for(reference), case_id)


def children(appeal: Accepted) -> int:
    """How many changes it opened."""
    return int(value("select count(*) from cases where parent_id = %s", appeal.case_id))


# The correction ------------------------------------------------------------------------------------


def test_the_entry_is_corrected_once_and_the_index_stands_as_it_was_and_as_it_is(
    home: tuple[Body, Accepted], work: Callable[[], None], tmp_path: Any
) -> None:
    body, receipt = home
    filed = value("select submitted_at from cases")
    with after(days=20) as now:
        appeal = appealed(receipt, work, TWO)
        uphold(appeal)
        work()

        child = child_of(appeal)
        assert (current_stage(appeal), current_stage(child), children(appeal)) == ("notified", "notified", 1)
        assert events_of(appeal)[-3:] == ["AppealUpheld", "CorrectionOpened", "CorrectionMade"]
        before, corrected = score_of(receipt), score_of(child)
        assert before != corrected
        assert rows("select score_computed, score_corrected, contested_case, corrected_by from score_correction") == [
            (before, corrected, receipt.case_id, child.case_id)
        ]
        assert rows(KNOWN_NOW) == [(2, filed, None)]  # as if the wrong version had never been
        assert facts_of(child, "HouseholdChanged")["corrects"] == 1
        declared = value(DECLARED, child.case_id)
        assert (declared["bills"]["telecom"], "belongings" in declared) == ("49.50", False)  # no telephone is left out
        assert [each["idcs"] for each in declared["members"]] == [each["idcs"] for each in body["members"]]
        assert wrong() == ({}, [])
    assert breaks(tmp_path, now) == []


def test_the_household_is_told_by_the_appeal_alone_what_changed_and_from_when(
    home: tuple[Body, Accepted], work: Callable[[], None]
) -> None:
    appeal = appealed(home[1], work)
    uphold(appeal)
    work()

    assert messages_of(appeal) == ["appeal_received", "appeal_corrected"]
    assert messages_of(child_of(appeal)) == []
    with_values = value("select body from message where case_id = %s order by seq desc limit 1", appeal.case_id)
    assert appeal.reference in with_values
    with transaction() as connection:
        came_to = outcome(appeal_of_reference(connection, appeal.reference).file)
    assert came_to is not None
    assert [each.path for each in came_to.findings if each.upheld] == ["bills.telecom"]
    assert came_to.true_from == day_of(value("select submitted_at from cases where id = %s", home[1].case_id))
    assert came_to.score_corrected == score_of(child_of(appeal))


def test_a_partly_upheld_appeal_corrects_only_what_was_upheld(
    home: tuple[Body, Accepted], work: Callable[[], None]
) -> None:
    appeal = appealed(home[1], work, TWO)
    found = findings(bills__telecom=True, belongings__mobile_phones=False)
    assert acts(appeal, "salma", "propose", found).stage == "proposed"
    assert acts(appeal, "yassine", "agree").stage == "decided"
    work()

    declared = value(DECLARED, child_of(appeal).case_id)
    assert (declared["bills"]["telecom"], declared["belongings"]["mobile_phones"]) == ("49.50", 3)
    assert facts_of(appeal, "AppealUpheld")["outcome"] == "partly_upheld"
    assert current_stage(appeal) == "notified"
    assert wrong() == ({}, [])


def test_a_threshold_that_was_not_met_is_judged_anew_by_the_corrected_values(
    home: tuple[Body, Accepted], work: Callable[[], None]
) -> None:
    missed = rows("select programme from eligibility where not eligible order by programme")
    appeal = an_appeal(home[1], "threshold", programme=missed[0][0], contested=TELECOM, grounds=["value_wrong"])
    work()
    acts(appeal, "salma", "assign")
    uphold(appeal)
    work()
    assert current_stage(appeal) == "notified"
    judged = "select count(*) from eligibility where programme = %s and version = 2"
    assert value(judged, missed[0][0]) == 1
    assert wrong() == ({}, [])


# Later versions ------------------------------------------------------------------------------------


@pytest.fixture
def changed_twice(home: tuple[Body, Accepted], work: Callable[[], None]) -> tuple[Accepted, list[Accepted]]:
    """The household, and two later versions, of days 30 and 60, which both repeat the contested value."""
    body, receipt = home
    later: list[Accepted] = []
    for days, commune in ((30, "Taza"), (60, "Guercif")):
        with after(days=days):
            update = declare(receipt, change_of(changed(body, commune=commune), "moved", based_on=len(later) + 1))
            work()
            assert current_stage(update) == "notified"
            later.append(update)
    return receipt, later


def test_a_correction_reaches_both_later_versions_that_hold_the_wrong_value(
    changed_twice: tuple[Accepted, list[Accepted]], work: Callable[[], None]
) -> None:
    receipt, later = changed_twice
    days = [midnight(day_of(value("select submitted_at from cases where id = %s", each.case_id))) for each in later]
    filed = value("select submitted_at from cases where id = %s", receipt.case_id)
    with after(days=80) as now:
        appeal = appealed(receipt, work)
        uphold(appeal)
        work()
        child = child_of(appeal)
        assert current_stage(appeal) == "notified"
        changed_to = facts_of(child, "HouseholdChanged")
        assert [(each["version"], each["replaces"]) for each in changed_to["earlier"]] == [(4, 1), (5, 2)]
        assert (changed_to["version"], changed_to["corrects"]) == (6, 3)
        assert rows(KNOWN_NOW) == [(4, filed, days[0]), (5, days[0], days[1]), (6, days[1], None)]
        made = facts_of(appeal, "CorrectionMade")
        assert (made["score_computed"], made["score_corrected"]) == (
            str(score_of(receipt)),
            changed_to["earlier"][0]["score"],
        )
        declared = value(DECLARED, child.case_id)
        assert (declared["commune"], declared["bills"]["telecom"]) == ("Guercif", "49.50")
        with clock.at(now):
            assert wrong() == ({}, [])


def test_a_later_version_with_another_value_keeps_it(home: tuple[Body, Accepted], work: Callable[[], None]) -> None:
    body, receipt = home
    with after(days=30):
        declare(receipt, change_of(changed(body, bills={"telecom": "90"}), "bills"))
        work()
    with after(days=40) as now:
        appeal = appealed(receipt, work)
        uphold(appeal)
        work()
        assert rows("select replaces, corrects from household_version order by version") == [
            (None, False),
            (None, False),
            (1, True),
            (2, True),
        ]
        assert value(DECLARED, child_of(appeal).case_id)["bills"]["telecom"] == "90"
        made = facts_of(appeal, "CorrectionMade")
        assert made["score_corrected"] != str(score_of(child_of(appeal)))
        with clock.at(now):
            assert wrong() == ({}, [])


def test_the_contested_index_is_corrected_though_a_change_of_the_same_day_left_it_no_time(
    home: tuple[Body, Accepted], work: Callable[[], None], ready: Run
) -> None:
    body, receipt = home
    declare(receipt, change_of(changed(body, bills={"telecom": "900"}), "bills"))
    work()
    assert [version for version, *_ in rows(KNOWN_NOW)] == [2]
    appeal = appealed(receipt, work)
    uphold(appeal)
    work()

    changed_to, made = facts_of(child_of(appeal), "HouseholdChanged"), facts_of(appeal, "CorrectionMade")
    said = {name: each for name, each in body.items() if name != "application"} | {"bills": {"telecom": "49.50"}}
    filed = day_of(value("select submitted_at from cases where id = %s", receipt.case_id))
    index = index_of_version(facts_of(receipt, "ScoreComputed")["policy"])
    right = RULES[in_force(RULES)](Declaration.model_validate(said), filed, index).score
    assert (made["score_computed"], made["score_corrected"]) == (str(score_of(receipt)), str(right))
    assert made["score_corrected"] != str(score_of(child_of(appeal)))
    assert changed_to["unreached"] == [{"version": 1, "score": str(right)}]
    assert ("earlier" in changed_to, [version for version, *_ in rows(KNOWN_NOW)]) == (False, [3])
    shown = ready("appeals", "show", appeal.reference)
    assert f"is corrected to {right:.2f}, from {filed}.\nA later change of bills.telecom stands: " in shown.out
    assert wrong() == ({}, [])


def test_no_later_change_is_told_where_the_entry_has_the_corrected_value(
    changed_twice: tuple[Accepted, list[Accepted]], work: Callable[[], None], ready: Run
) -> None:
    with after(days=80):
        appeal = appealed(changed_twice[0], work, TWO)
        uphold(appeal)
        work()
        shown = ready("appeals", "show", appeal.reference, "--json")
    assert (shown.code, shown.json["outcome"]["changed_since"]) == (0, [])
    assert "A later change" not in shown.out


def test_each_version_is_judged_by_the_day_on_which_it_was_decided(
    changed_twice: tuple[Accepted, list[Accepted]], work: Callable[[], None]
) -> None:
    with after(days=80):
        appeal = appealed(changed_twice[0], work)
        uphold(appeal)
        work()
    change = value("select body from case_body where case_id = %s", child_of(appeal).case_id)
    decided = [
        day_of(at).isoformat()
        for (at,) in rows("select at from event where kind in ('HouseholdApproved', 'HouseholdChanged') order by at")
    ][:3]
    assert [each["decided_on"] for each in change["earlier"]] + [change["decided_on"]] == decided
    assert change["true_from"] == decided[0]


def test_ages_are_those_of_the_contested_day(home: tuple[Body, Accepted], work: Callable[[], None]) -> None:
    contested = facts_of(home[1], "ScoreComputed")
    with after(days=3000) as now:
        appeal = appealed(home[1], work)
        uphold(appeal)
        work()
        declaration = Declaration.model_validate(value(DECLARED, child_of(appeal).case_id))
        index = index_of_version(contested["policy"])
        filed = day_of(value("select submitted_at from cases where id = %s", home[1].case_id))
        then, today = (RULES[in_force(RULES)](declaration, day, index).score for day in (filed, day_of(now)))
    assert score_of(child_of(appeal)) == then != today


# Turns ---------------------------------------------------------------------------------------------


def test_a_change_that_comes_between_the_finding_and_the_correction_is_kept(
    home: tuple[Body, Accepted], work: Callable[[], None]
) -> None:
    body, receipt = home
    appeal = appealed(receipt, work)
    with after(days=2) as now:
        yesterday = day_of(now - timedelta(days=1))
        first = declare(receipt, change_of(changed(body, language="fr"), "contact", true_from=yesterday))
        second = declare(receipt, change_of(changed(body, commune="Tiznit"), "moved"))
        uphold(appeal)
        assert value("select waiting from cases where id = %s", appeal.case_id)  # its turn comes after theirs
        work()
        assert [current_stage(each) for each in (first, second, appeal)] == ["notified"] * 3
        child = child_of(appeal)
        assert events_of(child)[:2] == ["UpdateReceived", "ChangeRebased"]
        declared = value(DECLARED, child.case_id)
        assert (declared["language"], declared["commune"], declared["bills"]["telecom"]) == ("fr", "Tiznit", "49.50")
        wrongs = [each["replaces"] for each in facts_of(child, "HouseholdChanged")["earlier"]]
        assert wrongs == [1, 2]
        assert wrong() == ({}, [])


def test_a_value_that_the_household_changed_itself_meanwhile_is_not_overwritten(
    home: tuple[Body, Accepted], work: Callable[[], None]
) -> None:
    body, receipt = home
    appeal = appealed(receipt, work)
    with after(days=1):
        declare(receipt, change_of(changed(body, bills={"telecom": "90"}), "bills"))
        uphold(appeal)
        work()
        assert current_stage(appeal) == "notified"
        assert value(DECLARED, child_of(appeal).case_id)["bills"]["telecom"] == "90"
        assert (
            facts_of(appeal, "CorrectionMade")["score_corrected"]
            != facts_of(appeal, "CorrectionMade")["score_computed"]
        )
        assert wrong() == ({}, [])


def test_the_correction_enters_as_its_appeal_leaves_though_another_change_waits(
    home: tuple[Body, Accepted], work: Callable[[], None]
) -> None:
    body, receipt = home
    appeal = appealed(receipt, work)
    uphold(appeal)
    late = declare(receipt, change_of(changed(body, commune="Taza"), "moved"))
    assert value("select waiting from cases where id = %s", late.case_id)
    work()
    assert [current_stage(each) for each in (appeal, child_of(appeal), late)] == ["notified"] * 3
    assert events_of(late)[1] == "ChangeRebased"
    assert wrong() == ({}, [])


# Every end of the change ---------------------------------------------------------------------------


@pytest.fixture
def waiting(home: tuple[Body, Accepted], work: Callable[[], None], worker: Worker) -> Accepted:
    """An upheld appeal, which waits for the change that it opened; that one is not looked at yet."""
    appeal = appealed(home[1], work)
    uphold(appeal)
    drain_all(worker(["approval"]))
    assert (current_stage(appeal), current_stage(child_of(appeal))) == ("effective", "submitted")
    return appeal


def blocked(appeal: Accepted, why: str) -> None:
    """The appeal waits for a caseworker now, and says where its change ended."""
    assert (current_stage(appeal), facts_of(appeal, "CorrectionBlocked")["why"]) == ("correction_blocked", why)


def test_a_change_that_is_withdrawn_leads_to_a_caseworker_who_tries_again(
    waiting: Accepted, work: Callable[[], None]
) -> None:
    citizen(child_of(waiting), "withdrawal")
    work()
    blocked(waiting, "withdrawn")
    assert wrong() == ({}, [])

    assert acts(waiting, "leila", "retry", role="supervisor").event == "CorrectionRetried"
    work()
    assert (current_stage(waiting), children(waiting)) == ("notified", 2)
    assert value("select count(*) from score_correction") == 1
    assert wrong() == ({}, [])


def test_a_change_that_is_late_leads_to_a_caseworker_and_is_waited_for_again(
    waiting: Accepted, work: Callable[[], None]
) -> None:
    with after(over("taking_effect")):
        rows("update cases set ready = false where id = %s", child_of(waiting).case_id)
        work()
        blocked(waiting, "late")
        assert acts(waiting, "leila", "retry", role="supervisor").event == "CorrectionAwaited"
        rows("update cases set ready = true where id = %s", child_of(waiting).case_id)
        work()
        assert (current_stage(waiting), children(waiting)) == ("notified", 1)
        assert wrong() == ({}, [])


@pytest.mark.parametrize(
    "differs", ["status = 'deceased'", "birth_date = '1950-01-01'"], ids=["a death since", "another birth date since"]
)
def test_a_member_of_whom_the_population_register_says_otherwise_now_does_not_stop_a_correction(
    home: tuple[Body, Accepted], work: Callable[[], None], differs: str
) -> None:
    appeal = appealed(home[1], work)
    register_says(f"{differs} where idcs = %s", home[0]["members"][1]["idcs"])
    uphold(appeal)
    work()

    child = child_of(appeal)
    assert (current_stage(appeal), current_stage(child), children(appeal)) == ("notified", "notified", 1)
    assert events_of(child)[1:3] == ["CorrectionAccepted", "ScoreComputed"]
    assert messages_of(appeal) == ["appeal_received", "appeal_corrected"]
    assert wrong() == ({}, [])


def test_a_change_that_is_parked_leads_to_a_caseworker_and_is_waited_for_again(
    waiting: Accepted, work: Callable[[], None], worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIJIL_TRIES", "1")
    forget_settings()
    body = "select body::text from case_body where case_id = %s"
    kept = value(body, child_of(waiting).case_id)
    tear = "update case_body set body = %s::json where case_id = %s"
    rows(tear, "{}", child_of(waiting).case_id)
    drain_all(worker())
    drain_all(worker())
    assert current_stage(child_of(waiting)) == "parked"
    blocked(waiting, "parked")
    rows(tear, kept, child_of(waiting).case_id)
    assert wrong()[0].keys() <= {"parked"}

    assert acts(waiting, "leila", "retry", role="supervisor").event == "CorrectionAwaited"
    retry_parked(child_of(waiting).case_id)
    work()
    assert (current_stage(waiting), children(waiting)) == ("notified", 1)
    assert wrong() == ({}, [])


@pytest.mark.parametrize(
    "stage", [each.name for each in UPDATE.stages.values() if not each.open and each.name not in ("notified", "void")]
)
def test_no_other_end_of_a_change_is_a_correction(stage: str) -> None:
    assert take_effect.decide(a_case_file(), CorrectionOutcome(at=clock.now(), case=7, stage=stage, ended=True)) == (
        CorrectionBlocked(case=7, why=stage)
    )


def test_where_the_household_left_the_register_meanwhile_there_is_nothing_to_correct_and_it_is_told(
    home: tuple[Body, Accepted], worker: Worker, work: Callable[[], None]
) -> None:
    body, receipt = home
    appeal = appealed(receipt, work)
    removal = declare(receipt, change_of(body, "removal", "request"))
    work()
    with after(over("removal")) as now:
        ring_timers()
        worker(["timers"]).drain("timers", 60)
        uphold(appeal)
        work()

        stages = [current_stage(each) for each in (removal, child_of(appeal), appeal)]
        assert stages == ["removed", "void", "notified"]
        assert messages_of(appeal) == ["appeal_received", "appeal_without_entry"]
        with clock.at(now):
            assert wrong()[1] == []


def test_a_removal_that_is_due_waits_for_the_correction_of_an_upheld_appeal_and_is_told_again(
    home: tuple[Body, Accepted], work: Callable[[], None]
) -> None:
    body, receipt = home
    appeal = appealed(receipt, work)
    removal = declare(receipt, change_of(body, "removal", "request"))
    work()
    with after(over("removal")) as now:
        uphold(appeal)
        ring_timers()
        work()
        assert (current_stage(appeal), current_stage(removal)) == ("notified", "leaving")
        assert messages_of(removal).count("removal_announced") == 2
        with clock.at(now):
            assert wrong()[1] == []


def test_an_appeal_is_upheld_though_the_household_left_the_register_before(
    home: tuple[Body, Accepted], work: Callable[[], None]
) -> None:
    body, receipt = home
    appeal = appealed(receipt, work)
    declare(receipt, change_of(body, "removal", "request"))
    work()
    with after(over("removal")) as now:
        work()
        assert rows("select 1 from household_end")

        uphold(appeal)
        work()

        assert (current_stage(appeal), children(appeal)) == ("notified", 0)
        assert events_of(appeal)[-2:] == ["AppealUpheld", "NothingToCorrect"]
        assert messages_of(appeal) == ["appeal_received", "appeal_without_entry"]
        with clock.at(now):
            assert wrong()[1] == []


def test_what_an_open_appeal_rests_on_is_erased_by_no_command_and_no_period(
    home: tuple[Body, Accepted], work: Callable[[], None]
) -> None:
    body, receipt = home
    update = declare(receipt, change_of(changed(body, commune="Taza"), "moved"))
    work()
    appeal = appealed(receipt, work)
    for each in (receipt, update):
        with pytest.raises(Refused) as error:
            erase(each)
        assert error.value.code == "still_open"
    with transaction() as connection:
        purge(connection, clock.now() + timedelta(days=20_000))

    uphold(appeal)
    work()
    assert current_stage(appeal) == "notified"
    erase(receipt)
    assert wrong()[1] == []


def test_values_are_not_contested_once_the_household_s_last_declaration_was_erased(
    home: tuple[Body, Accepted], work: Callable[[], None]
) -> None:
    body, receipt = home
    update = declare(receipt, change_of(changed(body, commune="Taza"), "moved"))
    work()
    erase(update)
    with pytest.raises(Refused) as error:
        an_appeal(receipt, "index", contested=TELECOM, grounds=["value_wrong"])
    assert error.value.code == "erased"


def test_an_erasure_takes_the_appeal_and_the_correction_that_hold_what_was_declared_too(
    home: tuple[Body, Accepted], work: Callable[[], None]
) -> None:
    receipt = home[1]
    appeal = appealed(receipt, work)
    uphold(appeal)
    work()

    erase(receipt)

    assert rows("select case_id from case_body where num_nonnulls(body, phone, salt) > 0") == []
    assert (
        rows(
            "select case_id from household_member m join household_version using (household_id, version) "
            "where m.name is not null"
        )
        == []
    )
    assert events_of(child_of(appeal))[-1] == events_of(appeal)[-1] == "CaseErased"
    assert wrong() == ({}, [])
