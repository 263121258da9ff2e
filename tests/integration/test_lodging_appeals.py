"""A household contests a decision: who may, against what, once, and where it is reached."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest

from models import clock
from models.database import transaction
from models.errors import NotFound, Refused
from notifications.notices import notices
from tests.appealing import SAID, TELECOM, acts, an_appeal, findings, withdraw
from tests.changing import change_of, declare, depart, without
from tests.factories import an_idcs
from tests.filing import (
    Body,
    a_household,
    changed,
    current_stage,
    events_of,
    everything,
    facts_of,
    file,
    messages_of,
    register,
    rows,
    value,
)
from tests.integration.auditing import wrong
from tests.people import ALL_TABLES, after, caseworker, citizen
from workflows.bodies.appeal import AppealBody
from workflows.bodies.reading import valid
from workflows.casework.appeals import Lodging, lodge
from workflows.intake.submit import Accepted

DAY = timedelta(days=1)

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


def deadline_of(appeal: Accepted) -> datetime:
    found: datetime = value("select deadline from cases where id = %s", appeal.case_id)
    return found


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
    update = declare(
        receipt, change_of(changed(body, phone=NEW_PHONE), "contact"), secret=receipt.secret, phone_shown=True
    )
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
    declare(receipt, change_of(moved, "moved"), secret=receipt.secret, phone_shown=True)
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


def test_an_appeal_writes_to_the_e_mail_address_of_the_household_too(
    home: tuple[Body, Accepted], work: Callable[[], None]
) -> None:
    body, receipt = home
    declare(receipt, change_of(changed(body, email="home@example.ma"), "contact"))
    work()
    appeal = an_appeal(receipt, "index", **TELECOM)
    work()
    told = rows("select channel, recipient from message where case_id = %s order by channel", appeal.case_id)
    assert told == [("email", "home@example.ma"), ("sms", body["phone"])]
    assert wrong() == ({}, [])


def test_an_appeal_follows_the_phone_that_the_household_declares_meanwhile(
    home: tuple[Body, Accepted], work: Callable[[], None]
) -> None:
    body, receipt = home
    appeal = an_appeal(receipt, "index", **TELECOM)
    work()
    declare(receipt, change_of(changed(body, phone=NEW_PHONE), "contact"), secret=receipt.secret, phone_shown=True)
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
        ([{"path": "members[0].idcs", "should_be": an_idcs(9)}], "Names no value"),
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
    rows("update message set delivery = 'delivered', delivery_at = now() where case_id = %s", refusal.case_id)
    for days, late in ((60, False), (61.5, True)):
        with after(days=days):
            appeal = an_appeal(refusal)
            work()
            assert (current_stage(appeal), facts_of(appeal, "AppealQueued")["late"]) == ("queued", late)
            withdraw(appeal)
    assert wrong() == ({}, [])
