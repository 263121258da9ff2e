"""Score, screen, approve, notify: what a worker decides on a frozen case file and its evidence."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pkgutil import iter_modules
from typing import Any

import pytest

from models.errors import Broken
from tests.factories import NOW, a_case_file, a_declaration, a_head, born
from workflows import fraud
from workflows.casefile import CaseFile
from workflows.events.registration import (
    DuplicateSuspected,
    HouseholdApproved,
    NothingSuspicious,
    NoticesIssued,
    ScoreComputed,
    Signal,
)
from workflows.evidence import Holder, IndexInForce, RegisterState, ScreeningAnswer, TimePassed
from workflows.flows.grammar import clock_only
from workflows.fraud import SIGNALS
from workflows.fraud.phone_shared import FROM_HOUSEHOLDS
from workflows.policies.rules import in_force
from workflows.registers.ports import Ports
from workflows.scoring.formula import RULES
from workflows.stages import approve, notify, score, screen

NAMED = ("AMO_TADAMON", "ASD")
DECEMBER_2023 = datetime(2023, 12, 15, tzinfo=UTC)


def a_score(value: str) -> ScoreComputed:
    return ScoreComputed(
        policy="2021-08-09", score=Decimal(value), constant=Decimal(0), region=Decimal(0), contributions=()
    )


def eligible(event: HouseholdApproved) -> dict[str, bool]:
    """Of the two programmes that these tests name; another one that is added is none of their business."""
    return {each.programme: each.eligible for each in event.eligibilities if each.programme in NAMED}


class SocialRegister:
    """Our own register, with what it would say."""

    def __init__(
        self,
        held: dict[int, tuple[Holder, ...]] | None = None,
        phones: dict[str, int] | None = None,
        versions: dict[int, int] | None = None,
    ) -> None:
        self.held, self.phones, self.versions = held or {}, phones or {}, versions or {}

    def declared_twice(self, files: Any) -> dict[int, tuple[Holder, ...]]:
        return {}

    def claim_persons(self, files: Any) -> dict[int, tuple[Holder, ...]]:
        return self.held

    def households_by_phone(self, phones: Any) -> dict[str, int]:
        return self.phones

    def last_versions(self, household_ids: Any) -> dict[int, int]:
        return self.versions

    def about_to_leave(self, files: Any, held: Any) -> dict[int, tuple[int, ...]]:
        return {}

    def persons_lost(self, files: Any) -> set[int]:
        return set()


def ports(register: SocialRegister, now: datetime = NOW) -> Ports:
    return Ports(now, None, register, None, None, None)  # type: ignore[arg-type]


# Score ---------------------------------------------------------------------------------------------


def test_a_score_is_computed_with_the_ages_of_its_day() -> None:
    case = a_case_file(declaration=a_declaration(members=[a_head(birth_date=born(39, days=365))]))
    values = []
    for day in (NOW - timedelta(days=1), NOW + timedelta(days=2)):
        event = score.decide(case, IndexInForce(at=day, version="2021-08-09"))
        values += [each.value for each in event.contributions if each.variable == "head_age"]
    assert values == [39, 40]


def test_a_score_keeps_every_term_that_is_not_zero_and_only_those() -> None:
    event = score.decide(a_case_file(), IndexInForce(at=NOW, version="2021-08-09"))
    assert all(each.product == each.coefficient * each.value for each in event.contributions)
    assert all(each.value for each in event.contributions)
    assert sum((each.product for each in event.contributions), event.constant + event.region) == event.score
    assert event.policy == "2021-08-09"


def test_every_case_of_a_batch_is_scored_at_one_moment_under_the_index_of_that_day() -> None:
    index = IndexInForce(at=NOW, rules=in_force(RULES), version="2021-08-09")
    assert score.gather([a_case_file(id=1), a_case_file(id=2)], ports(SocialRegister())) == {1: index, 2: index}


def test_a_score_under_a_version_that_no_file_holds_is_our_fault_and_says_what_to_put_back() -> None:
    with pytest.raises(Broken, match="version 1999-01-01, which no policy file holds"):
        score.decide(a_case_file(), IndexInForce(at=NOW, version="1999-01-01"))


def test_where_nothing_is_asked_every_case_of_a_batch_has_one_moment() -> None:
    assert clock_only([a_case_file(id=1), a_case_file(id=2)], ports(SocialRegister())) == {
        1: TimePassed(at=NOW),
        2: TimePassed(at=NOW),
    }


# Screen --------------------------------------------------------------------------------------------


def test_a_household_that_claims_nobody_elses_members_raises_no_review() -> None:
    assert screen.decide(a_case_file(), ScreeningAnswer(at=NOW)) == NothingSuspicious(rules="signals-2026-11")


def test_a_person_of_another_household_goes_to_a_caseworker_with_both_cases() -> None:
    held = (
        Holder(3, case_id=90, household_id=900),
        Holder(1, case_id=80, household_id=800),
        Holder(2, case_id=80, household_id=800),
    )
    event = screen.decide(a_case_file(), ScreeningAnswer(at=NOW, held=held))
    assert isinstance(event, DuplicateSuspected)
    assert event.signals == (Signal(code="person_in_two_households", members=(1, 2, 3), cases=(80, 90)),)


@pytest.mark.parametrize("households", [FROM_HOUSEHOLDS, 100])
def test_a_phone_that_many_households_give_is_only_noted(households: int) -> None:
    event = screen.decide(a_case_file(), ScreeningAnswer(at=NOW, phone_households=households))
    assert event == NothingSuspicious(rules="signals-2026-11", noted=(Signal(code="phone_shared", count=households),))


def test_a_phone_that_three_households_give_is_not_worth_a_note() -> None:
    assert screen.decide(a_case_file(), ScreeningAnswer(at=NOW, phone_households=3)) == NothingSuspicious(
        rules="signals-2026-11"
    )


def test_a_shared_phone_stands_beside_the_review_and_raises_none() -> None:
    event = screen.decide(a_case_file(), ScreeningAnswer(at=NOW, held=(Holder(0, 80, 800),), phone_households=5))
    assert isinstance(event, DuplicateSuspected)
    assert [each.code for each in event.signals] == ["person_in_two_households", "phone_shared"]


def test_every_signal_says_why_a_person_should_look_and_what_may_be_innocent_in_it() -> None:
    assert set(SIGNALS) == {each.name for each in iter_modules(fraud.__path__)}
    assert all(each.WHY and each.INNOCENT for each in SIGNALS.values())


def test_each_case_is_screened_with_its_own_claims_and_phone() -> None:
    cases = [
        a_case_file(id=1),
        a_case_file(id=2, declaration=a_declaration(phone="0712345678")),
        a_case_file(id=3, declaration=a_declaration(phone=None)),
    ]
    held: dict[int, tuple[Holder, ...]] = {2: (Holder(0, 80, 800),)}
    answers = screen.gather(cases, ports(SocialRegister(held, {"+212612345678": 1, "+212712345678": 6})))
    assert {number: (answer.held, answer.phone_households) for number, answer in answers.items()} == {
        1: ((), 1),
        2: (held[2], 6),
        3: ((), 0),
    }


# Approve -------------------------------------------------------------------------------------------


def approved(value: str, at: datetime = NOW, last_version: int = 0) -> HouseholdApproved:
    case = a_case_file(a_score(value))
    asked = ports(SocialRegister(versions={case.household_id or 0: last_version}), at)
    event = approve.decide(case, approve.gather([case], asked)[case.id])
    assert isinstance(event, HouseholdApproved)
    return event


@pytest.mark.parametrize(
    ("value", "asd", "tadamon"),
    [
        ("9.3264284", True, True),
        ("9.32642840000000000000000001", True, False),
        ("9.743001", True, False),
        ("9.74300100000000000000000001", False, False),
        ("9.7430014", False, False),  # shown with six decimals it would pass
        ("5", True, True),
        ("15", False, False),
    ],
)
def test_a_threshold_is_met_up_to_itself_and_compared_unrounded(value: str, asd: bool, tadamon: bool) -> None:
    assert eligible(approved(value)) == {"AMO_TADAMON": tadamon, "ASD": asd}


def test_a_household_above_every_threshold_is_registered_all_the_same() -> None:
    event = approved("15")
    assert (event.version, event.score) == (1, Decimal(15))


@pytest.mark.parametrize("last", [0, 1, 41])
def test_approval_writes_the_version_after_the_last(last: int) -> None:
    assert approved("9", last_version=last).version == last + 1


def test_only_programmes_in_force_that_day_are_told() -> None:
    assert eligible(approved("9", at=DECEMBER_2023)) == {"AMO_TADAMON": True, "ASD": True}
    assert eligible(approved("9", at=datetime(2023, 11, 30, tzinfo=UTC))) == {"AMO_TADAMON": True}
    assert eligible(approved("9", at=datetime(2022, 11, 30, tzinfo=UTC))) == {}


def test_a_household_without_a_version_is_at_version_none() -> None:
    first, second = a_case_file(id=1, household_id=10), a_case_file(id=2, household_id=20)
    states = approve.gather([first, second], ports(SocialRegister(versions={20: 4})))
    assert {number: state.last_version for number, state in states.items()} == {1: 0, 2: 4}


def test_approval_without_a_score_is_our_fault_and_no_decision() -> None:
    with pytest.raises(KeyError):
        approve.decide(a_case_file(), RegisterState(at=NOW, last_version=0, thresholds=("ASD-2023-12-01",)))


# Notify --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "programmes"), [("9", ("AMO_TADAMON", "ASD")), ("9.5", ("ASD",)), ("12", ())])
def test_every_registered_household_is_told_which_thresholds_it_meets(value: str, programmes: tuple[str, ...]) -> None:
    case: CaseFile = a_case_file(a_score(value), approved(value))
    told = notify.decide(case, TimePassed(at=NOW))
    assert isinstance(told, NoticesIssued)
    assert tuple(name for name in told.programmes if name in NAMED) == programmes
