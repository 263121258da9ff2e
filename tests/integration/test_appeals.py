"""An appeal is examined: people decide it in their term, two may reject it, silence may not."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from models import clock
from models.database import transaction
from models.errors import NotFound, Refused, Stale
from tests.appealing import TELECOM, acts, an_appeal, findings, say, withdraw
from tests.filing import (
    current_stage,
    events_of,
    examined,
    facts_of,
    messages_of,
    rows,
    value,
    version_of,
)
from tests.integration.auditing import erase, wrong
from tests.people import after, caseworker
from tests.terms import days_of, over
from workflows.casework.appeal_view import appeal_of_reference
from workflows.casework.possible import possible_acts
from workflows.intake.submit import Accepted
from workflows.staff.guard import Acting, permit
from workflows.staff.roles import COUNTRY, Grant
from workflows.staff.signatures import OFFICER, pseudonym
from workflows.staff.subjects import subject_of

DAY = timedelta(days=1)


def deadline_of(appeal: Accepted) -> datetime:
    found: datetime = value("select deadline from cases where id = %s", appeal.case_id)
    return found


# Who may -------------------------------------------------------------------------------------------


def test_neither_of_those_who_took_the_decision_may_hold_the_appeal(queued: Accepted) -> None:
    for name in ("amina", "BRAHIM "):
        with pytest.raises(Refused) as error:
            acts(queued, name, "assign")
        assert error.value.code == "took_the_decision"
        with pytest.raises(Refused):
            acts(queued, "leila", "assign", name, role="supervisor")


def test_only_the_holder_examines_and_a_colleague_may_take_over(held: Accepted) -> None:
    for act, given in (("propose", findings(decision=True)), ("ask", ["bill"]), ("hand_back", None)):
        with pytest.raises(Refused) as error:
            acts(held, "yassine", act, *([given] if given else []))
        assert error.value.code == "not_the_holder"

    assert acts(held, "yassine", "assign").event == "TakenOver"
    with pytest.raises(Refused):
        acts(held, "salma", "propose", findings(decision=True))
    assert acts(held, "yassine", "hand_back").stage == "queued"
    with pytest.raises(Refused) as error:
        acts(held, "salma", "assign", "yassine")
    assert error.value.code == "another_role"
    assert acts(held, "leila", "assign", "yassine", role="supervisor").event == "AppealAssigned"
    assert wrong() == ({}, [])


def test_a_rejection_needs_a_second_person_who_did_not_take_the_decision(
    held: Accepted, work: Callable[[], None]
) -> None:
    moved = acts(held, "salma", "propose", findings(decision=False))
    assert (moved.event, moved.stage) == ("DecisionProposed", "proposed")
    for name, code in (
        ("Salma", "needs_second_person"),
        ("amina", "took_the_decision"),
        ("brahim", "took_the_decision"),
    ):
        with pytest.raises(Refused) as error:
            acts(held, name, "agree")
        assert error.value.code == code

    assert acts(held, "yassine", "agree").event == "AppealRejected"
    work()

    assert (current_stage(held), messages_of(held)[-1]) == ("notified", "appeal_rejected")
    assert events_of(held)[-2:] == ["AppealRejected", "AppealClosed"]
    assert facts_of(held, "AppealRejected")["findings"] == [
        {"path": "decision", "upheld": False, "reason": "nothing_shows_it"}
    ]
    assert wrong() == ({}, [])


def test_the_second_person_may_give_a_proposal_back_and_the_term_goes_on(held: Accepted) -> None:
    before = deadline_of(held)
    acts(held, "salma", "propose", findings(decision=False))
    moved = acts(held, "yassine", "agree", "finding_not_shown")
    assert (moved.event, moved.stage, deadline_of(held)) == ("ProposalReturned", "under_examination", before)
    assert acts(held, "salma", "propose", findings(decision=True)).event == "AppealSetAside"


def test_an_appeal_upheld_against_a_refusal_sets_it_aside_and_the_household_may_file_again(
    held: Accepted, work: Callable[[], None]
) -> None:
    assert acts(held, "salma", "propose", findings(decision=True)).stage == "decided"
    work()
    assert (current_stage(held), messages_of(held)[-1]) == ("notified", "appeal_set_aside")
    assert events_of(held)[-2:] == ["AppealSetAside", "AppealClosed"]
    assert wrong() == ({}, [])


@pytest.mark.parametrize("found", [{}, {"bills__telecom": True}, {"decision": True, "other": False}])
def test_findings_are_whole(held: Accepted, found: dict[str, bool]) -> None:
    with pytest.raises(Refused) as error:
        acts(held, "salma", "propose", findings(**found))
    assert error.value.code == "findings_incomplete"


def test_an_old_version_changes_nothing(held: Accepted) -> None:
    with pytest.raises(Stale):
        acts(held, "salma", "propose", findings(decision=True), version=version_of(held) - 1)


def test_a_caseworker_acts_on_no_other_kind_of_case(refusal: Accepted) -> None:
    with pytest.raises(NotFound):
        acts(refusal, "salma", "assign")


# The terms -----------------------------------------------------------------------------------------


def test_the_term_stands_still_while_the_citizen_is_asked(held: Accepted, work: Callable[[], None]) -> None:
    before = deadline_of(held)
    with after(days=10):
        assert acts(held, "salma", "ask", ["bill", "explanation"]).stage == "information_asked"
        assert messages_of(held)[-1] == "appeal_information"
    with after(days=22):
        assert say(held).stage == "under_examination"
    assert abs(deadline_of(held) - before - 12 * DAY) < timedelta(minutes=5)
    assert wrong() == ({}, [])

    with pytest.raises(Refused) as error:
        acts(held, "salma", "ask", ["bill"])
    assert error.value.code == "asked_already"
    with after(days=23):
        assert acts(held, "leila", "assign", role="supervisor").event == "TakenOver"
        assert acts(held, "leila", "ask", ["bill"], role="supervisor").event == "InformationAsked"
    with after(days=26):
        say(held)
        with pytest.raises(Refused):
            acts(held, "leila", "ask", ["bill"], role="supervisor")
    assert abs(deadline_of(held) - before - 15 * DAY) < timedelta(minutes=5)
    assert wrong() == ({}, [])


def test_the_silence_of_the_citizen_dismisses_nothing(held: Accepted, work: Callable[[], None]) -> None:
    before = deadline_of(held)
    acts(held, "salma", "ask", ["bill"])
    for days in (15.1, 25.1, 30.1):
        with after(days=days):
            work()
    assert events_of(held)[-4:] == [
        "InformationAsked",
        "InformationReminded",
        "InformationReminded",
        "InformationNotGiven",
    ]
    assert current_stage(held) == "under_examination"
    assert timedelta(0) <= deadline_of(held) - before - timedelta(days_of("information")) <= timedelta(hours=3)
    assert wrong() == ({}, [])


def test_the_silence_of_the_agency_raises_the_appeal_to_the_commission(
    held: Accepted, work: Callable[[], None]
) -> None:
    for days, stage in (
        (44, "under_examination"),
        (45.1, "under_examination"),
        (60.1, "with_supervisor"),
        (75.2, "with_commission"),
        (105.3, "with_commission"),
        (135.4, "with_commission"),
    ):
        with after(days=days):
            work()
            assert current_stage(held) == stage
    assert events_of(held)[-5:] == [
        "AppealReminded",
        "AppealOverdue",
        "AppealEscalated",
        "CommissionOverdue",
        "CommissionOverdue",
    ]
    assert messages_of(held)[-2:] == ["appeal_late", "appeal_escalated"]
    assert wrong() == ({}, [])


def test_a_supervisor_decides_an_overdue_appeal_without_taking_it(held: Accepted, work: Callable[[], None]) -> None:
    with after(over("answer")):
        work()
        with pytest.raises(Refused):
            acts(held, "yassine", "propose", findings(decision=True))
        assert acts(held, "leila", "propose", findings(decision=True), role="supervisor").event == "AppealSetAside"
        work()
    assert current_stage(held) == "notified"
    assert wrong() == ({}, [])


def test_a_proposal_without_an_answer_is_void_before_the_term_is_over(held: Accepted, work: Callable[[], None]) -> None:
    term = deadline_of(held)
    with after(days_of("answer") - 5):
        acts(held, "salma", "propose", findings(decision=False))
        assert deadline_of(held) == term
    with after(over("answer")):
        work()  # the proposal's term is over,
        work()  # and with it that of the answer
    assert events_of(held)[-2:] == ["ProposalUnanswered", "AppealOverdue"]
    assert current_stage(held) == "with_supervisor"
    with after(days_of("answer") + 1):
        acts(held, "leila", "propose", findings(decision=False), role="supervisor")
        acts(held, "yassine", "agree")
        work()
    assert current_stage(held) == "notified"
    assert wrong() == ({}, [])


def test_a_proposal_that_is_early_has_ten_days(held: Accepted, work: Callable[[], None]) -> None:
    term = deadline_of(held)
    with after(days=5):
        acts(held, "salma", "propose", findings(decision=False))
    with after(5 + over("agreement")):
        work()
    assert (current_stage(held), deadline_of(held)) == ("under_examination", term)
    assert wrong() == ({}, [])


# The commission ------------------------------------------------------------------------------------

STANDS = "select stage, stage_since, deadline, due_at from cases where id = %s"
RIGHT = findings(decision=False)


@pytest.fixture
def in_commission(held: Accepted) -> Accepted:
    """An appeal on which salma and omar proposed decisions, which were returned, and which leila sent on."""
    acts(held, "salma", "propose", RIGHT)
    acts(held, "yassine", "agree", "more_to_ask")
    acts(held, "omar", "assign", role="supervisor")
    acts(held, "omar", "propose", RIGHT)
    acts(held, "yassine", "agree", "more_to_ask")
    with pytest.raises(Refused):
        acts(held, "salma", "escalate")
    assert acts(held, "leila", "escalate", role="supervisor").stage == "with_commission"
    return held


def member(appeal: Accepted, name: str, act: str, *given: Any) -> str:
    """What a member of the commission does, by its event."""
    return acts(appeal, name, act, *given, role="commission").event


def test_in_the_commission_one_member_proposes_and_a_second_one_agrees(
    in_commission: Accepted, work: Callable[[], None]
) -> None:
    assert member(in_commission, "hanae", "propose", RIGHT) == "CommissionFound"
    with pytest.raises(Refused) as error:
        member(in_commission, "Hanae ", "agree")
    assert error.value.code == "needs_second_person"
    assert member(in_commission, "said", "agree") == "AppealRejected"
    work()

    first, second = rows(
        "select actor from event where case_id = %s and kind in ('CommissionFound', 'AppealRejected') order by seq",
        in_commission.case_id,
    )
    assert facts_of(in_commission, "AppealRejected")["proposed_by"] == first[0] != second[0]
    assert facts_of(in_commission, "AppealRejected")["findings"] == [
        {"path": "decision", "upheld": False, "reason": "nothing_shows_it"}
    ]
    assert (current_stage(in_commission), messages_of(in_commission)[-1]) == ("notified", "appeal_rejected")
    assert wrong() == ({}, [])


@pytest.mark.parametrize(
    ("name", "role", "code"),
    [
        ("amina", "commission", "took_the_decision"),
        ("BRAHIM", "commission", "took_the_decision"),
        ("salma", "commission", "needs_second_person"),
        ("omar", "commission", "needs_second_person"),
        ("said", "supervisor", "another_role"),
        ("said", "caseworker", "another_role"),
    ],
)
def test_who_had_a_part_before_neither_proposes_nor_agrees_nor_returns_in_the_commission(
    in_commission: Accepted, name: str, role: str, code: str
) -> None:
    with pytest.raises(Refused) as error:
        acts(in_commission, name, "propose", RIGHT, role=role)
    assert error.value.code == code
    member(in_commission, "hanae", "propose", RIGHT)
    for given in ([], ["more_to_ask"]):
        with pytest.raises(Refused) as error:
            acts(in_commission, name, "agree", *given, role=role)
        assert error.value.code == code


def test_what_one_member_finds_moves_nothing_and_tells_the_household_nothing(
    in_commission: Accepted, work: Callable[[], None]
) -> None:
    before, told = rows(STANDS, in_commission.case_id), messages_of(in_commission)
    bodies = value("select count(*) from case_body where case_id = %s", in_commission.case_id)
    member(in_commission, "hanae", "propose", findings(decision=True))
    work()
    assert rows(STANDS, in_commission.case_id) == before
    assert messages_of(in_commission) == told
    assert value("select count(*) from case_body where case_id = %s", in_commission.case_id) == bodies
    with after(over("commission")):
        work()
        assert events_of(in_commission)[-2:] == ["CommissionFound", "CommissionOverdue"]
        say(in_commission)
        assert member(in_commission, "said", "agree") == "AppealSetAside"
        work()
    assert (current_stage(in_commission), messages_of(in_commission)[-1]) == ("notified", "appeal_set_aside")
    assert facts_of(in_commission, "AppealSetAside")["proposed_by"].startswith("officer:")
    assert wrong() == ({}, [])


def test_a_second_member_returns_a_finding_and_any_member_finds_anew(
    in_commission: Accepted, work: Callable[[], None]
) -> None:
    with pytest.raises(Refused) as error:
        member(in_commission, "said", "agree")
    assert error.value.code == "nothing_proposed"
    member(in_commission, "hanae", "propose", RIGHT)
    for name, reason, code in (("hanae", "more_to_ask", "needs_second_person"), ("said", "no", "unknown_reason")):
        with pytest.raises(Refused) as error:
            member(in_commission, name, "agree", reason)
        assert error.value.code == code
    assert member(in_commission, "said", "agree", "finding_not_shown") == "FindingReturned"
    for name in ("said", "karima"):  # what was returned waits for nobody
        with pytest.raises(Refused) as error:
            member(in_commission, name, "agree")
        assert error.value.code == "nothing_proposed"

    assert member(in_commission, "said", "propose", RIGHT) == "CommissionFound"
    assert member(in_commission, "hanae", "agree") == "AppealRejected"
    work()
    assert current_stage(in_commission) == "notified"
    assert wrong() == ({}, [])


def test_a_finding_is_replaced_until_somebody_agreed_and_who_replaces_it_needs_a_second(
    in_commission: Accepted, work: Callable[[], None]
) -> None:
    member(in_commission, "hanae", "propose", RIGHT)
    seen = version_of(in_commission)
    assert member(in_commission, "hanae", "propose", findings(decision=True)) == "CommissionFound"
    with pytest.raises(Stale):  # said would agree with what hanae found first
        acts(in_commission, "said", "agree", role="commission", version=seen)
    member(in_commission, "said", "propose", RIGHT)
    with pytest.raises(Refused) as error:
        member(in_commission, "said", "agree")
    assert error.value.code == "needs_second_person"
    assert member(in_commission, "hanae", "agree") == "AppealRejected"
    work()
    assert current_stage(in_commission) == "notified"
    assert wrong() == ({}, [])


@pytest.mark.parametrize("whole", [True, False])
def test_the_commission_corrects_the_index_by_two_members_whether_it_upholds_whole_or_in_part(
    contested_index: Accepted, work: Callable[[], None], whole: bool
) -> None:
    contested = [*TELECOM["contested"], {"path": "belongings.mobile_phones", "should_be": 0}]
    appeal = an_appeal(contested_index, "index", contested=contested, grounds=["value_wrong"])
    work()
    acts(appeal, "leila", "escalate", role="supervisor")
    member(appeal, "hanae", "propose", findings(bills__telecom=True, belongings__mobile_phones=whole))
    assert value("select count(*) from case_body where case_id = %s", appeal.case_id) == 1
    assert member(appeal, "said", "agree") == "AppealUpheld"
    work()

    (first,) = rows("select actor from event where case_id = %s and kind = 'CommissionFound'", appeal.case_id)
    decided = facts_of(appeal, "AppealUpheld")
    assert (decided["outcome"], decided["proposed_by"]) == ("upheld" if whole else "partly_upheld", first[0])
    assert (current_stage(appeal), messages_of(appeal)[-1]) == ("notified", "appeal_corrected")
    assert wrong() == ({}, [])


def test_of_two_members_who_agree_at_one_moment_one_decides(in_commission: Accepted) -> None:
    member(in_commission, "hanae", "propose", RIGHT)

    def agreed(name: str) -> str:
        try:
            return member(in_commission, name, "agree")
        except (Refused, Stale):
            return "too late"

    with ThreadPoolExecutor(2) as members:
        answers = sorted(members.map(agreed, ("said", "karima")))
    assert answers == ["AppealRejected", "too late"]
    assert events_of(in_commission).count("AppealRejected") == 1


def test_the_console_offers_a_second_member_to_agree_and_never_the_first(in_commission: Accepted) -> None:
    def offered(name: str) -> set[str]:
        with transaction() as connection:
            view = appeal_of_reference(connection, in_commission.reference)
            return set(possible_acts(view, pseudonym(OFFICER, name), ["commission"], clock.now()))

    finding = {"propose_decision"}
    assert (offered("hanae"), offered("said"), offered("salma")) == (finding, finding, set())
    member(in_commission, "hanae", "propose", RIGHT)
    both = {*finding, "agree_to_decision", "return_decision"}
    assert (offered("hanae"), offered("said"), offered("salma")) == (finding, both, set())
    member(in_commission, "said", "propose", RIGHT)
    assert (offered("hanae"), offered("said")) == (both, finding)


def test_an_account_of_the_commission_has_the_right_to_agree_to_what_another_one_proposed(
    in_commission: Accepted,
) -> None:
    def agrees_as(name: str) -> str:
        who = Acting(name, 1, (Grant("commission", COUNTRY),))
        with transaction() as connection:
            subject = subject_of(connection, in_commission.case_id, "agree_to_decision", who)
        return permit(who, "agree_to_decision", subject)

    member(in_commission, "hanae", "propose", RIGHT)
    assert agrees_as("said") == "commission"
    with pytest.raises(Refused) as error:
        agrees_as("Hanae")
    assert error.value.code == "not_yours"


def test_a_member_of_the_commission_does_not_agree_for_a_caseworker(held: Accepted) -> None:
    acts(held, "salma", "propose", RIGHT)
    with pytest.raises(Refused) as error:
        acts(held, "said", "agree", role="commission")
    assert error.value.code == "another_role"


# The end -------------------------------------------------------------------------------------------


def test_a_citizen_withdraws_and_nothing_is_decided(held: Accepted) -> None:
    assert withdraw(held).stage == "withdrawn"
    assert messages_of(held)[-1] == "appeal_withdrawn"
    with pytest.raises(Refused):
        say(held)
    assert wrong() == ({}, [])


def test_an_appeal_takes_twenty_texts_and_no_more(held: Accepted) -> None:
    for number in range(19):
        say(held, f"text {number}")
    with pytest.raises(Refused) as error:
        say(held)
    assert error.value.code == "too_many_texts"


def test_an_erasure_takes_the_texts_and_values_of_an_appeal_and_its_history_still_holds(held: Accepted) -> None:
    withdraw(held)
    erase(held)
    assert rows("select text, salt from case_text where case_id = %s", held.case_id) == [(None, None)]
    assert rows("select body, phone from case_body where case_id = %s", held.case_id) == [(None, None)]
    assert examined() == {}


def test_a_demanded_correction_is_contested_and_the_citizen_sends_the_declaration_again(
    reviewed: tuple[Accepted, Accepted], work: Callable[[], None]
) -> None:
    receipt = reviewed[1]
    caseworker(receipt, "correct", "person_declared_twice", "amina")
    appeal = an_appeal(receipt, "correction")
    work()
    with pytest.raises(Refused):
        acts(appeal, "amina", "assign")
    acts(appeal, "salma", "assign")
    acts(appeal, "salma", "propose", findings(decision=True))
    work()
    assert (current_stage(appeal), messages_of(appeal)[-1]) == ("notified", "appeal_set_aside")
    assert current_stage(receipt) == "needs_correction"
    assert wrong() == ({}, [])


def test_an_appeal_against_the_index_is_rejected_value_by_value(
    contested_index: Accepted, work: Callable[[], None]
) -> None:
    appeal = an_appeal(contested_index, "index", **TELECOM)
    work()
    acts(appeal, "salma", "assign")
    acts(appeal, "salma", "propose", findings(bills__telecom=False))
    acts(appeal, "yassine", "agree")
    work()
    assert current_stage(appeal) == "notified"
    assert wrong() == ({}, [])
