"""A household asks that the commission decides its overdue appeal: at the right moment, once, and with its secret."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from models import clock
from models.errors import NotFound, Refused, Stale
from tests.appealing import acts, findings, say, withdraw
from tests.filing import current_stage, events_of, everything, facts_of, messages_of, rows, value, version_of
from tests.integration.auditing import wrong
from tests.integration.running import Run
from tests.people import ALL_TABLES, after, citizen
from tests.terms import days_of, over
from workflows.evidence import DECLARANT
from workflows.intake.submit import Accepted
from workflows.staff.signatures import OFFICER, pseudonym

REJECTED, UPHELD = findings(decision=False), findings(decision=True)
LAST = "select actor, facts ->> 'sent_by' from event where case_id = %s and kind = 'AppealEscalated'"


@pytest.fixture
def overdue(held: Accepted, work: Callable[[], None]) -> Iterator[Accepted]:
    """An appeal that salma held and did not decide in the agency's term: a supervisor has it, on the 61st day."""
    with after(over("answer")):
        work()
        assert current_stage(held) == "with_supervisor"
        yield held


def test_a_household_sends_its_overdue_appeal_to_the_commission(overdue: Accepted, work: Callable[[], None]) -> None:
    moved = citizen(overdue, "escalation")

    assert (moved.event, moved.stage) == ("AppealEscalated", "with_commission")
    assert rows(LAST, overdue.case_id) == [(DECLARANT, "household")]
    assert messages_of(overdue)[-1] == "appeal_escalated"
    waits = "select waits_for, holder, tab from desk_item where case_id = %s"
    assert rows(waits, overdue.case_id) == [("commission", None, "escalated")]
    term = value("select due_at from cases where id = %s", overdue.case_id) - clock.now()
    assert timedelta(hours=-1) < term - timedelta(days_of("commission")) <= timedelta(0)
    assert wrong() == ({}, [])

    assert say(overdue).stage == "with_commission"
    with pytest.raises(Refused):
        acts(overdue, "leila", "propose", UPHELD, role="supervisor")
    assert acts(overdue, "hanae", "propose", REJECTED, role="commission").event == "CommissionFound"
    assert acts(overdue, "said", "agree", role="commission").event == "AppealRejected"
    work()
    assert (current_stage(overdue), wrong()) == ("notified", ({}, []))


def test_it_may_withdraw_after_it_asked_for_the_commission(overdue: Accepted) -> None:
    citizen(overdue, "escalation")
    assert withdraw(overdue).stage == "withdrawn"
    assert wrong() == ({}, [])


def test_who_else_sends_an_appeal_to_the_commission_is_told_apart(held: Accepted, work: Callable[[], None]) -> None:
    for days in (60.1, 75.2):
        with after(days=days):
            work()
    assert facts_of(held, "AppealEscalated")["sent_by"] == "silence"


def test_a_supervisor_who_sends_an_appeal_to_the_commission_is_named(held: Accepted) -> None:
    acts(held, "leila", "escalate", role="supervisor")
    assert rows(LAST, held.case_id) == [(pseudonym(OFFICER, "leila"), "supervisor")]


# The right moment alone ----------------------------------------------------------------------------


def refused(receipt: Accepted) -> str:
    """The code by which an escalation is refused now, which changes nothing."""
    before = everything(*ALL_TABLES)
    with pytest.raises(Refused) as error:
        citizen(receipt, "escalation")
    assert everything(*ALL_TABLES) == before
    return error.value.code


def test_before_the_term_is_over_the_agency_has_it(queued: Accepted) -> None:
    assert refused(queued) == "not_possible_now"
    acts(queued, "salma", "assign")
    assert refused(queued) == "not_possible_now"
    acts(queued, "salma", "ask", ["bill"])
    assert refused(queued) == "not_possible_now"
    say(queued)
    acts(queued, "salma", "propose", REJECTED)
    assert refused(queued) == "not_possible_now"
    acts(queued, "yassine", "agree")
    assert refused(queued) == "not_possible_now"


def test_an_overdue_appeal_that_was_asked_or_proposed_on_comes_back_to_where_the_household_may(
    overdue: Accepted, work: Callable[[], None]
) -> None:
    acts(overdue, "leila", "ask", ["bill"], role="supervisor")
    assert refused(overdue) == "not_possible_now"
    say(overdue)
    work()
    assert current_stage(overdue) == "with_supervisor"
    acts(overdue, "leila", "propose", REJECTED, role="supervisor")
    assert refused(overdue) == "not_possible_now"
    acts(overdue, "yassine", "agree", "more_to_ask")
    work()
    assert citizen(overdue, "escalation").stage == "with_commission"
    assert wrong() == ({}, [])


def test_no_other_kind_of_case_and_no_decided_or_withdrawn_appeal_is_sent_there(
    refusal: Accepted, overdue: Accepted
) -> None:
    assert refused(refusal) == "not_possible_now"
    withdraw(overdue)
    assert refused(overdue) == "not_possible_now"


def test_a_wrong_secret_opens_nothing(overdue: Accepted, refusal: Accepted) -> None:
    before = everything(*ALL_TABLES)
    for secret in ("0000000000", refusal.secret):
        with pytest.raises(NotFound):
            citizen(overdue, "escalation", secret=secret)
    assert everything(*ALL_TABLES) == before


# Twice, and beside the supervisor ------------------------------------------------------------------


def test_a_second_time_changes_nothing(overdue: Accepted) -> None:
    seen = version_of(overdue)
    citizen(overdue, "escalation", version=seen)
    with pytest.raises(Stale):
        citizen(overdue, "escalation", version=seen)
    assert refused(overdue) == "not_possible_now"


def at_once(*acting: Callable[[], object]) -> list[str]:
    """What each came to, done at one moment: "done", or the name of the error that it was told."""
    start = Barrier(len(acting))

    def outcome(act: Callable[[], object]) -> str:
        start.wait()
        try:
            act()
        except (Refused, Stale) as error:
            return type(error).__name__
        return "done"

    with ThreadPoolExecutor(len(acting)) as people:
        return sorted(people.map(outcome, acting))


@pytest.mark.parametrize("with_version", [True, False])
@pytest.mark.parametrize(
    ("act", "given", "event"),
    [("propose", (UPHELD,), "AppealSetAside"), ("propose", (REJECTED,), "DecisionProposed"), ("escalate", (), "")],
)
def test_beside_a_supervisor_one_wins_and_the_other_is_told(
    overdue: Accepted, act: str, given: tuple[object, ...], event: str, with_version: bool
) -> None:
    seen = version_of(overdue) if with_version else None

    told = at_once(
        lambda: citizen(overdue, "escalation", version=seen),
        lambda: acts(overdue, "leila", act, *given, role="supervisor", version=seen),
    )

    assert (told[-1], told[0] in ("Stale", "Refused")) == ("done", True)
    happened = [each for each in events_of(overdue) if each in ("AppealEscalated", event)]
    assert len(happened) == 1
    assert wrong() == ({}, [])


def test_of_two_clicks_at_one_moment_one_counts(overdue: Accepted) -> None:
    seen = version_of(overdue)
    assert at_once(*[lambda: citizen(overdue, "escalation", version=seen)] * 2) == ["Stale", "done"]
    assert events_of(overdue).count("AppealEscalated") == messages_of(overdue).count("appeal_escalated") == 1


# At a desk -----------------------------------------------------------------------------------------


def test_an_officer_takes_it_at_a_desk_without_the_secret(overdue: Accepted, ready: Run) -> None:
    ran = ready("answer", overdue.reference, "escalation", "--as", "nadia", "--json")
    assert (ran.code, ran.json["event"], ran.json["stage"]) == (0, "AppealEscalated", "with_commission")
    assert rows(LAST, overdue.case_id) == [(pseudonym(OFFICER, "nadia"), "household")]
    again = ready("answer", overdue.reference, "escalation", "--as", "nadia")
    assert (again.code, events_of(overdue).count("AppealEscalated")) == (2, 1)
