"""What people decide, and what time decides when nobody speaks: correct, lapse, reopen, review, overdue, withdraw."""

from datetime import timedelta

import pytest

from models.errors import Refused
from tests.factories import NOW, a_case_file, a_recorded
from workflows.casefile import CaseFile, Parent
from workflows.engine.lanes import INTERACTIVE
from workflows.events.event import Recorded
from workflows.events.registration import (
    ApplicationRefused,
    CaseReopened,
    CaseWithdrawn,
    CorrectionAsked,
    CorrectionReceived,
    CorrectionReminded,
    DuplicateSuspected,
    HearingReminded,
    HearingUnanswered,
    Lapsed,
    MembersMismatched,
    RefusalProposed,
    ReviewCleared,
    ReviewOverdue,
    StatementReceived,
)
from workflows.evidence import Correction, Reopening, ReviewVerdict, Statement, TimePassed, Withdrawal
from workflows.flows.registration import FLOW as REGISTRATION
from workflows.stages import correct, hear, lapse, overdue, reopen, review, unanswered, withdraw

DAY = timedelta(days=1)
CORRECTION, HEARING = REGISTRATION.stages["needs_correction"], REGISTRATION.stages["hearing"]


# The citizen ---------------------------------------------------------------------------------------


def waiting(*past: object, stage_seq: int = 0) -> CaseFile:
    """A case that asked for a correction just now."""
    return a_case_file(*past, stage="needs_correction", deadline=NOW + timedelta(days=30), stage_seq=stage_seq)  # type: ignore[arg-type]


def test_a_correction_is_always_taken() -> None:
    assert correct.decide(waiting(), Correction(at=NOW, number=2, digest="0c" * 32)) == CorrectionReceived(
        body=2, digest="0c" * 32
    )


def test_the_file_goes_on_with_the_declaration_that_was_corrected() -> None:
    event = a_recorded(CorrectionReceived(body=2, digest="0c" * 32), seq=5, at=NOW + DAY)
    moved = waiting().after(event, "submitted")
    assert (moved.body_number, moved.stage, moved.version, moved.stage_since) == (2, "submitted", 5, NOW + DAY)


def test_a_stage_that_leads_to_itself_keeps_its_beginning() -> None:
    moved = waiting().after(a_recorded(CorrectionReminded(reminder=1), seq=5, at=NOW + DAY), "needs_correction")
    assert moved.stage_since == NOW
    assert moved.last(CorrectionReminded).reminder == 1


@pytest.mark.parametrize("hours", [-1, 0, 1])
def test_what_was_said_in_this_stay_counts_whatever_the_clock_did_meanwhile(hours: int) -> None:
    mismatched = a_case_file().after(
        a_recorded(MembersMismatched(rules="r", mismatches=()), seq=2, at=NOW), "needs_correction"
    )
    reminded = mismatched.after(
        a_recorded(CorrectionReminded(reminder=1), seq=3, at=NOW + timedelta(hours=hours)), "needs_correction"
    )
    assert lapse.decide(reminded, TimePassed(at=NOW + 2 * timedelta(hours=hours))) == CorrectionReminded(reminder=2)


def test_what_was_said_in_an_earlier_stay_is_not_of_this_one_though_a_clock_went_back() -> None:
    reminded = waiting(a_recorded(CorrectionReminded(reminder=1), seq=5, at=NOW + DAY))
    corrected = reminded.after(a_recorded(CorrectionReceived(body=2, digest="0c" * 32), seq=6, at=NOW), "submitted")
    back = corrected.after(a_recorded(MembersMismatched(rules="r", mismatches=()), seq=7, at=NOW), "needs_correction")
    assert back.last_here(CorrectionReminded) is None


@pytest.mark.parametrize(
    ("days", "expected"),
    [(7, CorrectionReminded(reminder=1)), (29.9, CorrectionReminded(reminder=1)), (30, Lapsed()), (400, Lapsed())],
)
def test_silence_is_reminded_before_the_deadline_and_lapses_from_then_on(days: float, expected: object) -> None:
    assert lapse.decide(waiting(), TimePassed(at=NOW + days * DAY, deadline=NOW + 30 * DAY)) == expected


def test_reminders_are_counted() -> None:
    case = waiting(a_recorded(CorrectionReminded(reminder=1), at=NOW + 7 * DAY))
    assert lapse.decide(case, TimePassed(at=NOW + 21 * DAY)) == CorrectionReminded(reminder=2)


def test_reminders_of_an_earlier_correction_do_not_count() -> None:
    case = waiting(a_recorded(CorrectionReminded(reminder=2), seq=3), stage_seq=5)
    assert lapse.decide(case, TimePassed(at=NOW + 7 * DAY)) == CorrectionReminded(reminder=1)


def test_a_silent_citizen_is_reminded_twice_and_then_the_application_lapses() -> None:
    # Given a case that waits, and nobody speaks
    case, now = waiting(), NOW
    told: list[tuple[int, str]] = []
    # When every timer that the map sets rings
    while (due := CORRECTION.next_timer(case.stage_since, now)) is not None:
        now = due
        event = lapse.decide(case, TimePassed(at=now, deadline=NOW + 30 * DAY))
        case = case.after(a_recorded(event, seq=len(told) + 2, at=now), CORRECTION.transitions[type(event)])
        told.append(((now - NOW).days, type(event).__name__))
        if case.stage != "needs_correction":
            break
    # Then it ends lapsed, and never refused
    assert told == [(7, "CorrectionReminded"), (21, "CorrectionReminded"), (30, "Lapsed")]


def test_a_lapsed_application_can_be_taken_up_again() -> None:
    assert reopen.decide(a_case_file(stage="lapsed"), Reopening(at=NOW)) == CaseReopened()
    assert REGISTRATION.stages["lapsed"].transitions == {CaseReopened: "submitted"}


@pytest.mark.parametrize("stage", ["submitted", "scored", "needs_correction", "under_review", "hearing"])
def test_an_application_is_taken_back_from_where_it_stands(stage: str) -> None:
    assert withdraw.decide(a_case_file(stage=stage), Withdrawal(at=NOW)) == CaseWithdrawn(stage=stage)


# The caseworker ------------------------------------------------------------------------------------


def reviewed(*past: object, stage_seq: int = 0) -> CaseFile:
    """A case that came under review just now."""
    return a_case_file(*past, stage="under_review", stage_seq=stage_seq)  # type: ignore[arg-type]


def an_answer(verdict: str, reason: str, by: str = "officer:one", about: tuple[str, ...] = ()) -> ReviewVerdict:
    return ReviewVerdict(at=NOW, by=by, verdict=verdict, reason=reason, about=about)


TELECOM = ("bills.telecom",)
REFUSE = an_answer("refuse", "false_declaration", about=TELECOM)
PROPOSED = RefusalProposed(reason="false_declaration", about=TELECOM)


@pytest.mark.parametrize("reason", review.REASONS["clear"])
def test_one_caseworker_clears_a_review(reason: str) -> None:
    assert review.decide(reviewed(), an_answer("clear", reason)) == ReviewCleared(reason=reason)


@pytest.mark.parametrize("verdict", ["correct", "refuse"])
def test_who_reviews_what_another_case_opened_asks_nobody_since_nobody_is_told(verdict: str) -> None:
    opened = a_case_file(stage="under_review", parent=Parent(3, 9))
    with pytest.raises(Refused) as error:
        review.decide(opened, an_answer(verdict, review.REASONS[verdict][0]))
    assert error.value.code == "not_possible_now"
    assert review.decide(opened, an_answer("clear", "moved")) == ReviewCleared(reason="moved")


@pytest.mark.parametrize("reason", review.REASONS["correct"])
def test_one_caseworker_asks_for_a_correction(reason: str) -> None:
    answer = an_answer("correct", reason, about=TELECOM)
    assert review.decide(reviewed(), answer) == CorrectionAsked(reason=reason, about=TELECOM)


@pytest.mark.parametrize(("verdict", "reason"), [("correct", "value_in_doubt"), ("refuse", "false_declaration")])
@pytest.mark.parametrize(
    ("about", "code"),
    [
        ((), "about_missing"),
        (("bills.rent",), "unknown_value"),
        (("members[99].occupation",), "unknown_value"),
        (("members[0].idcs",), "unknown_value"),
        (("bills.telecom", ""), "unknown_value"),
    ],
)
def test_a_reason_about_a_value_says_which(verdict: str, reason: str, about: tuple[str, ...], code: str) -> None:
    with pytest.raises(Refused) as refused:
        review.decide(reviewed(), an_answer(verdict, reason, about=about))
    assert refused.value.code == code


def test_a_refusal_is_agreed_to_about_what_the_citizen_was_heard_on() -> None:
    case = reviewed(SUSPECTED, proposed("officer:two"), ANSWERED, stage_seq=6)
    refusal = ApplicationRefused(reason="false_declaration", proposed_by="officer:two", about=TELECOM)
    assert review.decide(case, an_answer("refuse", "false_declaration")) == refusal
    with pytest.raises(Refused, match=r"because of false_declaration bills\.telecom") as refused:
        review.decide(case, an_answer("refuse", "false_declaration", about=("bills.gas",)))
    assert refused.value.code == "another_reason"


def test_the_proposer_may_hold_another_value_against_them_and_they_are_heard_on_that() -> None:
    case = reviewed(SUSPECTED, proposed("officer:one"), ANSWERED, stage_seq=6)
    about = ("bills.gas", "bills.gas")
    assert review.decide(case, an_answer("refuse", "false_declaration", about=about)) == RefusalProposed(
        reason="false_declaration", about=("bills.gas",)
    )


def test_the_first_to_refuse_only_proposes() -> None:
    assert review.decide(reviewed(), REFUSE) == PROPOSED


def proposed(by: str, *, seq: int = 5) -> Recorded:
    return a_recorded(PROPOSED, seq=seq, at=NOW, actor=by)


SUSPECTED = a_recorded(DuplicateSuspected(rules="r", signals=()), seq=4, at=NOW - DAY)
ANSWERED = a_recorded(StatementReceived(digest="0d" * 32, begun=NOW), seq=6, at=NOW)
UNANSWERED = a_recorded(HearingUnanswered(begun=NOW), seq=6, at=NOW)


@pytest.mark.parametrize("heard", [ANSWERED, UNANSWERED])
def test_a_second_caseworker_who_agrees_refuses_once_the_citizen_was_heard(heard: Recorded) -> None:
    case = reviewed(SUSPECTED, proposed("officer:two"), heard, stage_seq=6)
    refusal = ApplicationRefused(reason="false_declaration", proposed_by="officer:two", about=TELECOM)
    assert review.decide(case, REFUSE) == refusal


def test_a_proposal_counts_only_once_the_citizen_was_heard_on_it() -> None:
    case = reviewed(SUSPECTED, a_recorded(HearingUnanswered(begun=NOW), seq=5), proposed("officer:two", seq=7))
    assert review.decide(case, REFUSE) == PROPOSED


def test_nobody_refuses_alone_however_often_they_say_so() -> None:
    case = reviewed(SUSPECTED, proposed("officer:one"), ANSWERED, stage_seq=6)
    with pytest.raises(Refused, match="second caseworker") as refused:
        review.decide(case, REFUSE)
    assert refused.value.code == "needs_second_person"


def test_a_proposal_of_an_earlier_review_is_forgotten() -> None:
    again = a_recorded(DuplicateSuspected(rules="r", signals=()), seq=7)
    case = reviewed(proposed("officer:two"), ANSWERED, again, stage_seq=7)
    assert review.decide(case, REFUSE) == PROPOSED


def in_hearing(*past: Recorded) -> CaseFile:
    """A case that a caseworker proposed to refuse just now."""
    return a_case_file(SUSPECTED, proposed("officer:one"), *past, stage="hearing", stage_seq=5, deadline=NOW + 15 * DAY)


def test_a_statement_brings_the_case_back_to_its_review_at_its_place_by_age() -> None:
    event = hear.decide(in_hearing(), Statement(at=NOW, digest="0d" * 32))
    assert event == StatementReceived(digest="0d" * 32, begun=NOW - DAY)
    back = in_hearing().after(a_recorded(event, seq=6, at=NOW + DAY), "under_review")
    assert (back.stage_since, back.lane) == (NOW - DAY, INTERACTIVE)


def test_nobody_is_refused_for_silence_in_a_hearing() -> None:
    # Given a case in which the citizen may answer, and nobody speaks
    case, now = in_hearing(), NOW
    told: list[tuple[int, str]] = []
    # When every timer that the flow sets rings
    while case.stage == "hearing" and len(told) < 5:
        due = HEARING.next_timer(case.stage_since, now)
        assert due is not None
        now = due
        event = unanswered.decide(case, TimePassed(at=now, deadline=NOW + 15 * DAY))
        case = case.after(a_recorded(event, seq=len(told) + 6, at=now), HEARING.transitions[type(event)])
        told.append(((now - NOW).days, type(event).__name__))
    # Then it is back in its review, at its place by age
    assert told == [(7, "HearingReminded"), (12, "HearingReminded"), (15, "HearingUnanswered")]
    assert (case.stage, case.stage_since, case.last(HearingReminded).reminder) == ("under_review", NOW - DAY, 2)


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        ("refuse", "nothing_found"),
        ("clear", "false_declaration"),
        ("correct", "moved"),
        ("burn", "moved"),
        ("refuse", ""),
        ("", ""),
    ],
)
def test_a_verdict_needs_a_reason_of_its_own_and_the_answer_lists_them(verdict: str, reason: str) -> None:
    with pytest.raises(Refused, match="false_declaration, duplicate_application") as refused:
        review.decide(reviewed(), an_answer(verdict, reason))
    assert refused.value.code == "unknown_reason"


def test_a_review_that_nobody_looks_at_is_counted_and_stays_open() -> None:
    first = overdue.decide(reviewed(), TimePassed(at=NOW + 10 * DAY))
    second = overdue.decide(reviewed(a_recorded(first, at=NOW + 10 * DAY)), TimePassed(at=NOW + 20 * DAY))
    assert (first, second) == (ReviewOverdue(times=1), ReviewOverdue(times=2))
    assert REGISTRATION.stages["under_review"].transitions[ReviewOverdue] == "under_review"


def test_a_new_review_counts_anew() -> None:
    assert overdue.decide(
        reviewed(a_recorded(ReviewOverdue(times=3), seq=5), stage_seq=7), TimePassed(at=NOW + 10 * DAY)
    ) == ReviewOverdue(times=1)
