"""A household contests a decision: people examine it in their term, two may reject it, silence may not."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest

from models import clock
from models.database import transaction
from models.errors import NotFound, Refused, Stale
from notifications.notices import notices
from tests.appealing import acts, an_appeal, findings, say, withdraw
from tests.changing import change_of, declare, depart, without
from tests.filing import (
    Body,
    a_household,
    changed,
    current_stage,
    events_of,
    everything,
    examined,
    facts_of,
    file,
    messages_of,
    register,
    rows,
    value,
    version_of,
)
from tests.integration.auditing import erase, wrong
from tests.people import ALL_TABLES, after, caseworker, citizen, refused
from workflows.bodies.appeal import AppealBody
from workflows.bodies.reading import valid
from workflows.casework.appeals import Lodging, lodge
from workflows.intake.submit import Accepted

SAID = "ما سكنا هناك قط.\nNous vivons à Fès."
DAY = timedelta(days=1)
TELECOM: dict[str, Any] = {"contested": [{"path": "bills.telecom", "should_be": "49.50"}], "grounds": ["value_wrong"]}

NEW_PHONE = "+212661000077"


def without_declarant(body: Body) -> Body:
    """The household without who declared it: its head declares now, or its first adult as its head."""
    members = [dict(each) for each in body["members"] if not each.get("declarant")]
    head = next((each for each in members if each["relationship"] == "head"), None) or next(filter(of_age, members))
    head |= {"relationship": "head", "declarant": True}
    return body | {"members": members}


def of_age(member: Body) -> bool:
    """Born long enough ago for any day of these tests."""
    return bool(member["birth_date"] < "2005")


@pytest.fixture
def refusal(reviewed: tuple[Accepted, Accepted]) -> Accepted:
    """An application that amina and brahim refused."""
    refused(reviewed[1])
    return reviewed[1]


@pytest.fixture
def queued(refusal: Accepted, work: Callable[[], None]) -> Accepted:
    """An appeal against that refusal, which waits for a caseworker."""
    appeal = an_appeal(refusal, text=SAID)
    work()
    return appeal


@pytest.fixture
def held(queued: Accepted) -> Accepted:
    """The same, which salma holds."""
    acts(queued, "salma", "assign")
    return queued


@pytest.fixture
def contested_index(home: tuple[Body, Accepted]) -> Accepted:
    """The receipt of a registered household."""
    return home[1]


def deadline_of(appeal: Accepted) -> datetime:
    found: datetime = value("select deadline from cases where id = %s", appeal.case_id)
    return found


# Lodging -------------------------------------------------------------------------------------------


def test_an_appeal_gets_a_receipt_of_its_own_and_is_answered_within_sixty_days_of_it(queued: Accepted) -> None:
    assert events_of(queued) == ["AppealLodged", "AppealTextAdded", "AppealQueued"]
    assert messages_of(queued) == ["appeal_received"]
    assert facts_of(queued, "AppealQueued")["late"] is False
    submitted = value("select submitted_at from cases where id = %s", queued.case_id)
    assert deadline_of(queued) == submitted + 60 * DAY
    assert rows("select text from case_text where case_id = %s", queued.case_id) == [(SAID,)]
    assert "Nous vivons" not in str(everything("event", "message", "case_body"))
    assert wrong() == ({}, [])


def test_an_appeal_holds_no_persons_and_stands_where_its_contested_case_does(
    queued: Accepted, refusal: Accepted
) -> None:
    assert value("select count(*) from person_claim where case_id = %s", queued.case_id) == 0
    about = "select household_id, region, province from cases where id = %s"
    assert rows(about, queued.case_id) == rows(about, refusal.case_id)


def test_a_second_appeal_against_the_same_decision_is_refused_while_one_is_open(
    queued: Accepted, refusal: Accepted
) -> None:
    before = everything(*ALL_TABLES)
    with pytest.raises(Refused) as error:
        an_appeal(refusal, grounds=["not_heard"])
    assert error.value.code == "open_appeal"
    assert everything(*ALL_TABLES) == before

    withdraw(queued)
    assert current_stage(an_appeal(refusal, grounds=["not_heard"])) == "lodged"
    assert wrong() == ({}, [])


def test_the_same_appeal_sent_twice_counts_once_and_another_under_its_key_is_refused(refusal: Accepted) -> None:
    first = an_appeal(refusal, key="k-1")
    again = an_appeal(refusal, key="k-1")
    assert (again.reference, again.secret, again.repeated) == (first.reference, first.secret, True)
    with pytest.raises(Refused) as error:
        an_appeal(refusal, key="k-1", grounds=["not_heard"])
    assert error.value.code == "key_reused"
    assert an_appeal(refusal).case_id if withdraw(first) else None


def test_another_text_under_a_key_is_another_appeal(refusal: Accepted) -> None:
    first = an_appeal(refusal, key="k-1", text=SAID)
    assert an_appeal(refusal, key="k-1", text=SAID).reference == first.reference
    with pytest.raises(Refused) as error:
        an_appeal(refusal, key="k-1", text="Something else.")
    assert error.value.code == "key_reused"


@pytest.fixture
def asked_twice(home: tuple[Body, Accepted], work: Callable[[], None]) -> tuple[Accepted, Callable[[], None]]:
    """A change of which a correction is asked for, and what lets it be asked for once more."""
    body, receipt = home
    rows("update person set birth_date = '1950-01-01' where idcs = %s", body["members"][1]["idcs"])
    update = declare(receipt, change_of(changed(body, bills={"telecom": "501"}), "bills"))
    work()

    def again() -> None:
        citizen(update, "correction", changed(body, bills={"telecom": "502"}))
        work()
        assert events_of(update).count("MembersMismatched") == 2

    return update, again


def test_the_same_words_against_a_later_decision_are_another_appeal(
    asked_twice: tuple[Accepted, Callable[[], None]], work: Callable[[], None]
) -> None:
    update, ask_again = asked_twice
    first = an_appeal(update, "correction")
    assert an_appeal(update, "correction").reference == first.reference
    work()
    ask_again()
    second = an_appeal(update, "correction")
    assert (second.repeated, second.reference != first.reference) == (False, True)
    assert wrong()[1] == []


def test_an_appeal_that_is_sent_again_with_its_key_is_the_same_whatever_was_decided_meanwhile(
    asked_twice: tuple[Accepted, Callable[[], None]], work: Callable[[], None]
) -> None:
    update, ask_again = asked_twice
    first = an_appeal(update, "correction", key="k-7")
    work()
    ask_again()
    again = an_appeal(update, "correction", key="k-7")
    assert (again.reference, again.repeated) == (first.reference, True)


def test_households_that_use_the_same_key_appeal_at_once_and_each_for_itself(
    home: tuple[Body, Accepted], work: Callable[[], None]
) -> None:
    made = a_household(1, members=3)
    register([made])
    (other,) = file(made.body)
    work()
    lodged = at_once(
        lambda: an_appeal(other, "index", key="1", **TELECOM),
        lambda: an_appeal(home[1], "index", key="1", **TELECOM),
        lambda: an_appeal(home[1], "index", key="1", **TELECOM),
    )
    assert sorted(each.repeated for each in lodged) == [False, False, True]
    assert len({each.reference for each in lodged}) == 2


def test_of_two_appeals_under_one_key_at_once_against_two_cases_of_a_household_one_is_refused(
    home: tuple[Body, Accepted], work: Callable[[], None]
) -> None:
    body, receipt = home
    update = declare(receipt, change_of(changed(body, phone=NEW_PHONE), "contact"))
    work()
    with ThreadPoolExecutor(1) as pool:
        with transaction() as connection:
            sent = {"reference": receipt.reference, "secret": receipt.secret, "decision": "index", **TELECOM}
            lodge(connection, Lodging(valid(AppealBody, sent), "1"), clock.now(), notices)
            second = pool.submit(an_appeal, update, "index", key="1", **TELECOM)
            while not value("select exists (select from pg_locks where not granted)"):
                time.sleep(0.01)
        with pytest.raises(Refused) as error:
            second.result()
    assert error.value.code == "key_reused"


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What these acts give, of which each begins when all are ready."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        barrier.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_a_wrong_secret_is_the_same_as_an_unknown_reference(refusal: Accepted) -> None:
    said = set()
    for unknown in (
        Accepted(refusal.reference, "0000000000", 0),
        Accepted("RSU-0000-0000-0000", refusal.secret, 0),
    ):
        with pytest.raises(NotFound) as error:
            an_appeal(unknown)
        said.add(str(error.value))
    assert len(said) == 1


def test_whoever_left_the_household_does_not_appeal_for_it(
    home: tuple[Body, Accepted], work: Callable[[], None]
) -> None:
    body, receipt = home
    update = declare(receipt, change_of(without_declarant(body), "member_left", "divorce"), officer="amina")
    work()
    assert current_stage(update) == "notified"
    before = everything(*ALL_TABLES)

    with pytest.raises(Refused) as error:
        an_appeal(receipt, "index", **TELECOM)

    assert (error.value.code, everything(*ALL_TABLES)) == ("not_of_the_household", before)
    assert current_stage(an_appeal(update, "index", **TELECOM)) == "lodged"


def test_whoever_departed_neither_appeals_nor_declares_for_the_household_they_left(
    home: tuple[Body, Accepted], work: Callable[[], None]
) -> None:
    body, receipt = home
    place = next(at for at, each in enumerate(body["members"]) if each["relationship"] != "head" and of_age(each))
    departure = depart(receipt, str(body["members"][place]["idcs"]))
    work()
    caseworker(departure, "clear", "moved")
    work()
    assert current_stage(departure) == "notified"

    with pytest.raises(Refused) as appeal:
        an_appeal(departure, "index", **TELECOM)
    with pytest.raises(Refused) as change:
        declare(departure, change_of(changed(without(body, place), bills={}), "bills", based_on=2))
    assert (appeal.value.code, change.value.code) == ("not_of_the_household", "not_of_the_household")
    assert current_stage(an_appeal(receipt, "index", **TELECOM)) == "lodged"


@pytest.mark.parametrize("by_removal", [False, True])
def test_an_appeal_writes_to_the_phone_that_the_household_has_now(
    home: tuple[Body, Accepted], work: Callable[[], None], by_removal: bool
) -> None:
    body, receipt = home
    moved = changed(body, phone=NEW_PHONE, commune="Tiznit", province="MA-TIZ", region=9)
    declare(receipt, change_of(moved, "moved"))
    work()
    if by_removal:
        declare(receipt, change_of(moved, "removal", "request", based_on=2))
        work()
        with after(days=7.1):
            work()
        assert rows("select 1 from household_end")

    appeal = an_appeal(receipt, "index", **TELECOM)
    work()

    assert rows("select recipient from message where case_id = %s", appeal.case_id) == [(NEW_PHONE,)]
    assert rows("select region, province from cases where id = %s", appeal.case_id) == [(9, "MA-TIZ")]
    assert wrong() == ({}, [])


def test_an_appeal_follows_the_phone_that_the_household_declares_meanwhile(
    home: tuple[Body, Accepted], work: Callable[[], None]
) -> None:
    body, receipt = home
    appeal = an_appeal(receipt, "index", **TELECOM)
    work()
    declare(receipt, change_of(changed(body, phone=NEW_PHONE), "contact"))
    work()
    acts(appeal, "salma", "assign")
    acts(appeal, "salma", "propose", findings(bills__telecom=True))
    work()

    told = rows("select template, recipient from message where case_id = %s order by seq", appeal.case_id)
    assert told == [("appeal_received", body["phone"]), ("appeal_corrected", NEW_PHONE)]


@pytest.mark.parametrize("decision", ["index", "threshold", "correction"])
def test_what_was_never_decided_cannot_be_contested(refusal: Accepted, decision: str) -> None:
    with pytest.raises(Refused) as error:
        an_appeal(refusal, decision)
    assert error.value.code == "nothing_to_contest"


@pytest.mark.parametrize(
    ("contested", "problem"),
    [
        ([], "Name the contested values."),
        ([{"path": "bills.telephone", "should_be": "1"}], "Names no value of the declaration that can be contested."),
        ([{"path": "members[99].occupation", "should_be": "none"}], "Names no value"),
        ([{"path": "members[0].idcs", "should_be": "1000000009"}], "Names no value"),
        ([{"path": "phone", "should_be": "+212612345678"}], "Names no value"),
        ([{"path": "housing.rooms", "should_be": 0}], "housing.rooms: Must be at least 1."),
        ([{"path": "housing.rooms", "should_be": "many"}], "housing.rooms: Must be a whole number."),
        ([{"path": "region", "should_be": 13}], "region: Must be at most 12."),
    ],
)
def test_an_index_is_contested_by_values_that_could_be_so(
    contested_index: Accepted, contested: object, problem: str
) -> None:
    with pytest.raises(Refused) as error:
        an_appeal(contested_index, "index", contested=contested)
    assert problem in error.value.problems[0]["message"]


def test_a_value_that_the_declaration_says_already_is_not_contested(contested_index: Accepted) -> None:
    rooms = value("select body -> 'housing' ->> 'rooms' from case_body where case_id = %s", contested_index.case_id)
    with pytest.raises(Refused, match="says so already"):
        an_appeal(contested_index, "index", contested=[{"path": "housing.rooms", "should_be": int(rooms)}])


def test_the_appeal_names_the_decision_by_case_and_event_and_who_took_it(queued: Accepted, refusal: Accepted) -> None:
    (body,) = rows("select body from case_body where case_id = %s", queued.case_id)[0]
    seq, actor, by = rows(
        "select seq, actor, facts ->> 'proposed_by' from event where case_id = %s and kind = 'ApplicationRefused'",
        refusal.case_id,
    )[0]
    assert (body["case"], body["seq"], body["event"]) == (refusal.case_id, seq, "ApplicationRefused")
    assert sorted(body["decided_by"]) == sorted([actor, by])


def test_a_late_appeal_waits_for_a_person_as_any_other(refusal: Accepted, work: Callable[[], None]) -> None:
    for days, late in ((60, False), (61.5, True)):
        with after(days=days):
            appeal = an_appeal(refusal)
            work()
            assert (current_stage(appeal), facts_of(appeal, "AppealQueued")["late"]) == ("queued", late)
            withdraw(appeal)
    assert wrong() == ({}, [])


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
    assert timedelta(days=30) <= deadline_of(held) - before <= timedelta(days=30, hours=3)
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
    with after(days=60.1):
        work()
        with pytest.raises(Refused):
            acts(held, "yassine", "propose", findings(decision=True))
        assert acts(held, "leila", "propose", findings(decision=True), role="supervisor").event == "AppealSetAside"
        work()
    assert current_stage(held) == "notified"
    assert wrong() == ({}, [])


def test_a_proposal_without_an_answer_is_void_before_the_term_is_over(held: Accepted, work: Callable[[], None]) -> None:
    term = deadline_of(held)
    with after(days=55):
        acts(held, "salma", "propose", findings(decision=False))
        assert deadline_of(held) == term
    with after(days=60.1):
        work()  # the proposal's term is over,
        work()  # and with it that of the answer
    assert events_of(held)[-2:] == ["ProposalUnanswered", "AppealOverdue"]
    assert current_stage(held) == "with_supervisor"
    with after(days=61):
        acts(held, "leila", "propose", findings(decision=False), role="supervisor")
        acts(held, "yassine", "agree")
        work()
    assert current_stage(held) == "notified"
    assert wrong() == ({}, [])


def test_a_proposal_that_is_early_has_ten_days(held: Accepted, work: Callable[[], None]) -> None:
    term = deadline_of(held)
    with after(days=5):
        acts(held, "salma", "propose", findings(decision=False))
    with after(days=15.1):
        work()
    assert (current_stage(held), deadline_of(held)) == ("under_examination", term)
    assert wrong() == ({}, [])


def test_the_commission_decides_by_two_members_who_had_no_part_before(held: Accepted, work: Callable[[], None]) -> None:
    acts(held, "salma", "propose", findings(decision=False))
    acts(held, "yassine", "agree", "more_to_ask")
    with pytest.raises(Refused):
        acts(held, "salma", "escalate")
    assert acts(held, "leila", "escalate", role="supervisor").stage == "with_commission"
    for name, second, role in (
        ("hanae", "", "commission"),
        ("hanae", "Hanae", "commission"),
        ("hanae", "amina", "commission"),
        ("salma", "hanae", "commission"),
        ("hanae", "said", "supervisor"),
    ):
        with pytest.raises(Refused):
            acts(held, name, "propose", findings(decision=False), second, role=role)
    moved = acts(held, "hanae", "propose", findings(decision=False), "said", role="commission")
    assert moved.event == "AppealRejected"
    work()
    assert current_stage(held) == "notified"
    assert wrong() == ({}, [])


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
