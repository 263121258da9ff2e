"""Life events reach the social register: each once, in order, and each opens the right case there."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from models import clock
from models.database import transact, transaction
from models.days import day_of
from models.errors import Unavailable
from models.life_feed import HERE
from tasks.listening import hear_next, hearing, read_here
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
    events_of,
    examined,
    facts_of,
    file,
    healthy,
    messages_of,
    register,
    rows,
    value,
)
from tests.hearing import counts, cursor, happens, heard, members_of, opened
from tests.integration.running import Run
from tests.people import after, caseworker, citizen, ring_timers
from web.metrics import SijilCollector
from workflows.heard import feed
from workflows.heard.told import Halted, LifeEvent, Page, Standing
from workflows.intake.receipts import secret_for
from workflows.intake.submit import Accepted
from workflows.population import life
from workflows.registers.enrol import enrol

TODAY = day_of(clock.now())
WRONG = "1931-03-07"


@pytest.fixture
def homes(database: str, worker: Worker) -> list[tuple[Body, Accepted]]:
    """Two registered households of three or more members, each with its receipt."""
    made = [a_household(place, members=3) for place in (0, 1)]
    register(made)
    receipts = file(*[each.body for each in made])
    drain_all(worker())
    assert [current_stage(each) for each in receipts] == ["notified"] * 2
    return [(each.body, receipt) for each, receipt in zip(made, receipts, strict=True)]


def persons(body: Body) -> list[str]:
    """The identifiers of a body's members."""
    return [each["idcs"] for each in body["members"]]


def place_of(body: Body, relationship: str) -> int:
    """The place of the first member of this relationship."""
    return next(place for place, each in enumerate(body["members"]) if each["relationship"] == relationship)


def another(body: Body) -> int:
    """The place of a member who is neither head nor declarant."""
    return next(
        place
        for place, each in enumerate(body["members"])
        if each["relationship"] != "head" and not each.get("declarant")
    )


# A death --------------------------------------------------------------------------------------------


def test_a_death_leaves_the_dead_out_and_the_household_is_told(
    homes: list[tuple[Body, Accepted]], work: Callable[[], None]
) -> None:
    body, taken = homes[0]
    dead = persons(body)[another(body)]
    happens(life.die, dead, on=TODAY)

    assert heard() == {"opened": 1}
    work()

    (update,) = opened()
    assert current_stage(update) == "notified"
    assert events_of(update)[:3] == ["UpdateReceived", "RegisterTold", "ScoreComputed"]
    assert facts_of(update, "UpdateReceived")["channel"] == "register"
    assert set(members_of(taken)) == {*persons(body)} - {dead}
    assert messages_of(update) == ["entry_told_of", "entry_reviewed"]
    assert value("select count(*) from person_claim where idcs = %s", dead) == 0
    assert value("select distinct actor from event where case_id = %s", update.case_id) == "sijil"
    assert heard() == {"opened": 1}
    assert rows("select * from life_event_aside") == []
    assert nothing_wrong()


def test_a_head_who_died_is_for_the_household_to_replace_and_comes_back_until_it_did(
    homes: list[tuple[Body, Accepted]], work: Callable[[], None]
) -> None:
    body, taken = homes[0]
    head = place_of(body, "head")
    happens(life.die, persons(body)[head])
    heard()
    work()
    (update,) = opened()
    assert current_stage(update) == "under_review"
    assert facts_of(update, "DuplicateSuspected")["signals"] == [{"code": "told_by_register", "members": [head]}]
    caseworker(update, "clear", "nothing_found")
    work()
    assert current_stage(update) == "under_review"

    caseworker(update, "correct", "member_died")
    assert messages_of(update)[-1] == "entry_declare_anew"
    first, *others = [each for place, each in enumerate(body["members"]) if place != head]
    first = first | {"relationship": "head", "declarant": True}
    others = [each | {"declarant": False, "relationship": "other_relative"} for each in others]
    answered(update, body | {"members": [first, *others]})
    work()

    assert current_stage(update) == "notified"
    assert persons(body)[head] not in members_of(taken)
    assert nothing_wrong()


def answered(update: Accepted, body: Body) -> None:
    """The household declares what a case asks it for."""
    citizen(update, "correction", body, secret=secret_for(update.reference))


@pytest.fixture
def alone(database: str, work: Callable[[], None]) -> tuple[Body, Accepted]:
    """A registered household of one, and its receipt."""
    made = next(each for place in range(40) if len((each := a_household(place)).body["members"]) == 1)
    register([made])
    (taken,) = file(made.body)
    work()
    assert current_stage(taken) == "notified"
    return made.body, taken


def test_the_last_member_who_died_ends_the_household_once_a_caseworker_looked(
    alone: tuple[Body, Accepted], work: Callable[[], None]
) -> None:
    """Another change that came between does not give anybody a term to take back what nobody asked for."""
    body, taken = alone
    happens(life.die, persons(body)[0])
    heard()
    work()
    (update,) = opened()
    assert current_stage(update) == "under_review"
    assert value("select count(*) from household_end") == 0
    declare(taken, change_of(changed(body, bills={"telecom": "77"}), "bills"))
    work()

    caseworker(update, "clear", "nothing_found")
    work()

    assert current_stage(update) == "removed"
    assert messages_of(update)[-1] == "entry_ended"
    assert value("select count(*) from household_end") == 1
    heard()
    assert nothing_wrong()


def test_where_a_mistake_ended_a_household_a_person_has_to_find_its_people(
    alone: tuple[Body, Accepted], work: Callable[[], None]
) -> None:
    dead = persons(alone[0])[0]
    happens(life.die, dead)
    heard()
    work()
    caseworker(opened()[0], "clear", "nothing_found")
    work()
    happens(life.change, dead, {"status": "alive"})
    assert heard() == {"opened": 1, "aside": 1}
    assert rows("select reason from life_event_aside") == [("ended_by_mistake",)]


def test_what_was_declared_of_the_dead_meanwhile_goes_with_them(
    homes: list[tuple[Body, Accepted]], work: Callable[[], None], worker: Worker
) -> None:
    body, taken = homes[0]
    place = another(body)
    change = declare(taken, change_of(changed(body, place, occupation="trader"), "belongings"))
    drain_all(worker(["verification"]))
    assert current_stage(change) == "verified"
    happens(life.die, persons(body)[place])
    heard()
    work()
    assert [current_stage(each) for each in (change, *opened())] == ["notified"] * 2
    assert persons(body)[place] not in members_of(taken)
    assert nothing_wrong()


def test_a_change_that_was_asked_about_the_dead_goes_on_once_they_are_left_out(
    homes: list[tuple[Body, Accepted]], work: Callable[[], None]
) -> None:
    body, taken = homes[0]
    place = another(body)
    change = declare(taken, change_of(changed(body, bills={"telecom": "77"}), "bills"))
    happens(life.die, persons(body)[place])
    heard()
    work()
    assert facts_of(change, "MembersMismatched")["mismatches"][0]["reason"] == "deceased"
    assert [current_stage(each) for each in (change, *opened())] == ["needs_correction", "notified"]

    heard()
    work()
    assert current_stage(change) == "notified"
    assert persons(body)[place] not in members_of(taken)
    heard()
    assert rows("select * from life_event_aside") == []
    assert nothing_wrong()


def test_a_death_that_the_household_declares_itself_opens_nothing_more(
    homes: list[tuple[Body, Accepted]], work: Callable[[], None]
) -> None:
    body, taken = homes[0]
    place = another(body)
    declare(taken, change_of(without(body, place), "member_left", "death"))
    happens(life.die, persons(body)[place])
    assert heard() == {"waits": 1}
    work()

    assert heard() == {"waits": 1}
    assert opened() == []
    assert persons(body)[place] not in members_of(taken)
    assert rows("select * from life_event_aside") == []


def test_who_dies_while_an_application_is_looked_at_is_left_out_once_it_is_registered(
    homes: list[tuple[Body, Accepted]], work: Callable[[], None]
) -> None:
    """The trap: the application was compared with the register before that, and is not compared again."""
    made = a_household(2, members=3)
    register([made])
    shared = another(homes[0][0])
    (filed,) = file(borrowing(made.body, homes[0][0], shared))
    work()
    assert current_stage(filed) == "under_review"
    dead = persons(made.body)[another(made.body)]
    happens(life.die, dead)
    assert heard() == {"waits": 1}
    assert opened() == []

    declare(homes[0][1], change_of(without(homes[0][0], shared), "member_left", "departure"))
    work()
    caseworker(filed, "clear", "moved")
    work()
    assert current_stage(filed) == "notified"
    assert dead in members_of(filed)
    heard()
    work()

    assert [current_stage(each) for each in opened()] == ["notified"]
    assert dead not in members_of(filed)
    heard()
    assert rows("select * from life_event_aside") == []
    assert nothing_wrong()


def test_a_dead_who_stays_a_member_is_set_aside_for_a_person(
    homes: list[tuple[Body, Accepted]], work: Callable[[], None]
) -> None:
    body, _ = homes[0]
    happens(life.die, persons(body)[place_of(body, "head")])
    heard()
    work()
    (update,) = opened()
    caseworker(update, "correct", "member_died")
    with after(days=40):
        ring_timers()
        work()
        ring_timers()
        work()
        assert current_stage(update) == "lapsed"
        heard()

    assert rows("select reason, waits_for from life_event_aside") == [("still_a_member", None)]
    assert examined()["life_events_aside"] == 1


def test_a_death_that_was_a_mistake_is_taken_back_with_what_it_opened(
    homes: list[tuple[Body, Accepted]], work: Callable[[], None]
) -> None:
    body, taken = homes[0]
    head = persons(body)[place_of(body, "head")]
    happens(life.die, head)
    heard()
    work()
    happens(life.change, head, {"status": "alive"})

    assert heard() == {"opened": 1, "taken_back": 1}
    (update,) = opened()
    assert (current_stage(update), messages_of(update)[-1]) == ("unchanged", "entry_stays")
    assert set(members_of(taken)) == {*persons(body)}
    assert rows("select * from life_event_aside") == []
    assert nothing_wrong()


def test_who_was_left_out_by_a_mistake_is_declared_again_by_the_household(
    homes: list[tuple[Body, Accepted]], work: Callable[[], None]
) -> None:
    body, taken = homes[0]
    member = persons(body)[another(body)]
    happens(life.die, member)
    heard()
    work()
    happens(life.change, member, {"status": "alive"})
    assert heard() == {"opened": 1, "invited": 1}
    (update,) = opened()
    assert messages_of(update)[-1] == "change_invited"
    joined = declare(taken, change_of(body, "member_joined", "arrival", based_on=2))
    work()
    assert current_stage(joined) == "notified"
    assert nothing_wrong()


# Two entries of one person ---------------------------------------------------------------------------


def test_a_merge_is_looked_at_in_each_household_and_ends_where_it_is_taken_back(
    homes: list[tuple[Body, Accepted]], work: Callable[[], None]
) -> None:
    one, other = (persons(body)[another(body)] for body, _ in homes)
    happens(life.merge, one, other)
    assert heard() == {"opened": 1}
    work()
    reviews = opened()
    assert [current_stage(each) for each in reviews] == ["under_review"] * 2
    assert [messages_of(each) for each in reviews] == [["entry_told_of", "entry_looked_at"]] * 2

    happens(life.undo_merge, one)
    assert heard() == {"opened": 1, "taken_back": 1}
    assert [current_stage(each) for each in reviews] == ["unchanged"] * 2
    assert [set(members_of(taken)) for _, taken in homes] == [{*persons(body)} for body, _ in homes]
    assert nothing_wrong()


def twin_of(idcs: str) -> str:
    """The identifier of another entry of the register that says the same of a person."""
    kept = an_idcs(600_000_001)
    (said,) = [each for (each,) in rows("select to_json(p) from person p where idcs = %s", idcs)]
    assert enrol([{**said, "idcs": kept}]) == 1
    return kept


def test_a_merge_that_was_decided_is_looked_at_again_where_it_is_taken_back(
    homes: list[tuple[Body, Accepted]], work: Callable[[], None]
) -> None:
    body, taken = homes[0]
    place = another(body)
    old = persons(body)[place]
    kept = twin_of(old)
    happens(life.merge, old, kept)
    heard()
    work()
    (review,) = opened()
    caseworker(review, "correct", "person_declared_twice")
    answered(review, changed(body, place, idcs=kept))
    work()
    assert current_stage(review) == "under_review"
    caseworker(review, "clear", "nothing_found")
    work()
    assert current_stage(review) == "notified"
    assert kept in members_of(taken)
    assert old not in members_of(taken)

    happens(life.undo_merge, old)
    assert heard() == {"opened": 2}
    work()
    assert current_stage(opened()[-1]) == "under_review"
    assert nothing_wrong()


def declaring(number: int, member: Body, idcs: str) -> Body:
    """A household in which this person is declared by another identifier, too."""
    made = a_household(number, members=3)
    register([made])
    names = (
        "given_name_ar",
        "family_name_ar",
        "given_name_la",
        "family_name_la",
        "birth_date",
        "birth_precision",
        "sex",
    )
    said = {name: member[name] for name in names if name in member}
    return changed(made.body, another(made.body), **said, idcs=idcs)


@pytest.mark.parametrize("turned", [False, True])
def test_a_person_of_two_entries_is_in_two_households_only_once_a_caseworker_has_looked(
    turned: bool, homes: list[tuple[Body, Accepted]], work: Callable[[], None]
) -> None:
    body, _ = homes[0]
    member = body["members"][another(body)]
    twin = twin_of(member["idcs"])
    happens(life.merge, *((twin, member["idcs"]) if turned else (member["idcs"], twin)))
    heard()
    work()
    (review,) = opened()
    caseworker(review, "clear", "nothing_found")
    (second,) = file(declaring(7, member, twin))
    work()

    assert current_stage(second) == "under_review"
    (signal,) = facts_of(second, "DuplicateSuspected")["signals"]
    assert (signal["code"], len(signal["members"]), len(signal["cases"])) == ("one_person_twice", 1, 1)
    caseworker(second, "clear", "nothing_found")
    work()
    assert current_stage(second) == "notified"
    assert nothing_wrong()


def test_of_two_households_at_once_with_the_two_entries_of_a_person_one_is_looked_at(
    homes: list[tuple[Body, Accepted]], worker: Worker
) -> None:
    made = a_household(8, members=3)
    register([made])
    member = made.body["members"][another(made.body)]
    twin = twin_of(member["idcs"])
    happens(life.merge, member["idcs"], twin)
    heard()
    receipts = file(made.body, declaring(7, member, twin))
    drainers = [worker(batch=1) for _ in receipts]
    with ThreadPoolExecutor(len(drainers)) as threads:
        list(threads.map(drain_all, drainers))
    assert sorted(map(current_stage, receipts)) == ["notified", "under_review"]


def test_a_merge_that_was_taken_back_says_nothing_of_two_households(
    homes: list[tuple[Body, Accepted]], work: Callable[[], None]
) -> None:
    member = homes[0][0]["members"][another(homes[0][0])]
    twin = twin_of(member["idcs"])
    happens(life.merge, member["idcs"], twin)
    happens(life.undo_merge, member["idcs"])
    heard()
    (second,) = file(declaring(7, member, twin))
    work()
    assert current_stage(second) == "notified"


def test_a_death_is_told_under_the_entry_that_stayed_and_found_under_the_one_that_a_household_has(
    homes: list[tuple[Body, Accepted]], work: Callable[[], None]
) -> None:
    body, taken = homes[0]
    old = persons(body)[another(body)]
    kept = twin_of(old)
    happens(life.merge, old, kept)
    heard()
    work()
    happens(life.die, kept)

    assert heard() == {"opened": 2}
    work()
    assert current_stage(opened()[-1]) == "notified"
    assert old not in members_of(taken)
    happens(life.change, kept, {"status": "alive"})
    assert heard() == {"opened": 2, "invited": 1}
    assert nothing_wrong()


def test_a_death_that_is_told_under_the_entry_that_did_not_stay_reaches_the_household_that_has_the_other(
    homes: list[tuple[Body, Accepted]], work: Callable[[], None]
) -> None:
    body, taken = homes[0]
    stayed = persons(body)[another(body)]
    old = twin_of(stayed)
    happens(life.merge, old, stayed)
    heard()
    work()
    happens(life.die, old)

    assert heard() == {"opened": 2}
    work()
    assert current_stage(opened()[-1]) == "notified"
    assert stayed not in members_of(taken)


# Corrections and names -------------------------------------------------------------------------------


def test_a_corrected_birth_date_sends_on_who_waited_for_it_once(
    homes: list[tuple[Body, Accepted]], work: Callable[[], None]
) -> None:
    made = a_household(2, members=3)
    register([made])
    (filed,) = file(changed(made.body, 1, birth_date=WRONG, birth_precision="day"))
    work()
    assert current_stage(filed) == "needs_correction"
    happens(life.change, persons(made.body)[1], {"birth_date": WRONG, "birth_precision": "day"})

    assert heard() == {"sent_on": 1}
    work()
    assert current_stage(filed) == "notified"
    heard()
    work()
    assert messages_of(filed) == ["received", "correction", "register_changed", "registered"]
    assert opened() == []
    assert nothing_wrong()


def test_a_case_that_was_compared_since_is_not_sent_on_when_the_event_comes_again(
    homes: list[tuple[Body, Accepted]], work: Callable[[], None]
) -> None:
    made = a_household(2, members=3)
    register([made])
    wrong = changed(made.body, 1, birth_date=WRONG, birth_precision="day")
    (first,) = file(wrong)
    work()
    happens(life.change, persons(made.body)[1], {"birth_date": "1952-06-20", "birth_precision": "day"})
    assert heard() == {"sent_on": 1}
    work()
    citizen(first, "withdrawal")
    (second,) = file(wrong | {"application": "another"})
    work()
    assert current_stage(second) == "needs_correction"
    heard()
    assert "RegisterChanged" not in events_of(second)
    assert rows("select * from life_event_aside where position = 1") == []


def test_a_registered_entry_whose_index_rests_on_a_corrected_birth_date_is_compared(
    homes: list[tuple[Body, Accepted]], work: Callable[[], None]
) -> None:
    body, _ = homes[0]
    place = another(body)
    happens(life.change, persons(body)[place], {"birth_date": WRONG, "birth_precision": "day"})
    assert heard() == {"opened": 1}
    work()
    (review,) = opened()
    assert (current_stage(review), events_of(review)[:2]) == ("needs_correction", ["UpdateReceived", "EntryToCompare"])
    assert messages_of(review) == ["entry_told_of", "entry_differs"]

    answered(review, changed(body, place, birth_date=WRONG, birth_precision="day"))
    work()
    assert current_stage(review) == "notified"
    assert facts_of(review, "HouseholdChanged")["corrects"] == 1
    assert nothing_wrong()


def test_an_entry_that_agrees_with_the_correction_stays_as_it_is_without_another_word(
    homes: list[tuple[Body, Accepted]], work: Callable[[], None]
) -> None:
    body, _ = homes[0]
    idcs = persons(body)[another(body)]
    before = value("select birth_date from person where idcs = %s", idcs)
    rows("update person set birth_date = '1931-03-08' where idcs = %s", idcs)
    happens(life.change, idcs, {"birth_date": f"{before}"})
    heard()
    work()

    (review,) = opened()
    assert (current_stage(review), messages_of(review)) == ("unchanged", ["entry_told_of"])
    assert value("select count(*) from household_version where case_id = %s", review.case_id) == 0
    assert nothing_wrong()


def test_another_name_changes_no_registered_entry_and_whoever_is_nobodys_is_counted(
    homes: list[tuple[Body, Accepted]], work: Callable[[], None]
) -> None:
    register([stranger := a_household(3, members=3)])
    happens(life.change, persons(homes[0][0])[0], {"family_name_la": "Fassi"}, renamed=True)
    happens(life.die, stranger.persons[0].idcs)
    assert heard() == {"nothing": 1, "nobody": 1}
    assert opened() == []
    assert cursor() == 2


# What only the household can say -----------------------------------------------------------------------


def test_by_a_marriage_each_household_is_asked_once_to_declare_what_has_changed(
    homes: list[tuple[Body, Accepted]], work: Callable[[], None]
) -> None:
    one, other = (persons(body)[another(body)] for body, _ in homes)
    happens(life.wed, one, other, on=TODAY)
    assert heard() == {"invited": 1}
    happens(life.wed, one, other, divorced=True)
    happens(life.change_guardian, one, other)
    assert heard() == {"invited": 3}

    for _, taken in homes:
        assert events_of(taken)[-3:] == ["ChangeInvited"] * 3
        assert messages_of(taken).count("change_invited") == 3
        assert facts_of(taken, "ChangeInvited")["happened"] == "guardian_changed"
        assert current_stage(taken) == "notified"
    assert opened() == []
    assert nothing_wrong()


def test_whoever_declared_since_is_not_asked(homes: list[tuple[Body, Accepted]], work: Callable[[], None]) -> None:
    body, taken = homes[0]
    happens(life.wed, persons(body)[0], persons(body)[1])
    declare(taken, change_of(changed(body, bills={"telecom": "77"}), "bills"))
    work()
    assert heard() == {"nothing": 1}
    assert "change_invited" not in messages_of(taken)


def test_a_newborn_is_for_the_parents_household_to_declare(
    homes: list[tuple[Body, Accepted]], work: Callable[[], None]
) -> None:
    body, taken = homes[0]
    child = twin_of(persons(body)[0])
    happens(life.born, child, parent=persons(body)[0])
    assert heard() == {"invited": 1}
    joined = declare(taken, change_of(borrowing(body, with_idcs(body, 0, child), 0), "member_joined", "birth"))
    happens(life.born, child, parent=persons(body)[0])
    assert heard() == {"invited": 1, "nothing": 1}
    work()
    assert current_stage(joined) == "notified"
    assert nothing_wrong()


def with_idcs(body: Body, place: int, idcs: str) -> Body:
    """The body with another identifier of this member."""
    return changed(body, place, idcs=idcs)


# Once, in order, and never lost -------------------------------------------------------------------------


def test_who_dies_between_reading_and_the_commit_has_done_nothing_and_the_next_does_all_of_it(
    homes: list[tuple[Body, Accepted]],
) -> None:
    happens(life.die, persons(homes[0][0])[another(homes[0][0])])
    page = read_here(Standing())
    with transaction() as connection:
        known = feed.standing(connection, HERE, clock.now())
        assert feed.hear(connection, known, page, hearing(HERE)).events == 1
        connection.rollback()
    assert (cursor(), opened()) == (0, [])
    assert heard() == {"opened": 1}
    assert (cursor(), len(opened())) == (1, 1)


def test_a_page_that_comes_again_does_nothing(homes: list[tuple[Body, Accepted]]) -> None:
    happens(life.die, persons(homes[0][0])[another(homes[0][0])])
    with transaction() as connection:
        known = feed.standing(connection, HERE, clock.now())
    page = read_here(known)
    for events in (1, 0, 0):
        assert transact(lambda connection: feed.hear(connection, known, page, hearing(HERE))).events == events
    assert (counts(), len(opened())) == ({"opened": 1}, 1)


def test_of_several_who_read_the_same_one_applies_each_event(homes: list[tuple[Body, Accepted]]) -> None:
    one, other = (persons(body)[another(body)] for body, _ in homes)
    for _ in range(20):
        happens(life.wed, one, other)
    happens(life.merge, one, other)
    happens(life.undo_merge, one)

    def listen(_: int) -> None:
        for _ in range(8):
            hear_next(HERE, read_here)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(listen, range(4)))
    heard()
    assert sum(counts().values()) == cursor() == 22
    assert [events_of(taken).count("ChangeInvited") for _, taken in homes] == [20, 20]
    assert len(opened()) == 2
    assert healthy()


def test_an_event_that_cannot_be_applied_is_set_aside_and_the_feed_goes_on(
    homes: list[tuple[Body, Accepted]], work: Callable[[], None], ready: Run
) -> None:
    body, taken = homes[0]
    dead = persons(body)[another(body)]
    number = value("select body_number from cases where id = %s", taken.case_id)
    rows("update case_body set body = null where case_id = %s and number = %s", taken.case_id, number)
    happens(life.die, dead)
    happens(life.die, persons(homes[1][0])[another(homes[1][0])])

    assert heard() == {"aside": 1, "opened": 1}
    (reason,) = [each for (each,) in rows("select reason from life_event_aside where waits_for is null")]
    assert "erased" in reason
    assert dead not in reason
    shown = ready("life-events", "aside", "--json").json["aside"]
    assert [(each["position"], each["kind"]) for each in shown] == [(1, "death")]
    assert dead not in str(shown)
    assert ready("life-events", "show", "1", "--as", "leila", "--json").json["person"] == dead
    assert ready("life-events", "retry", "1", "--as", "leila", "--json").json["outcome"] == "aside"
    assert ready("life-events", "settle", "1", "--as", "leila").code == 0
    assert value("select idcs from life_event_aside where position = 1") is None
    assert "life_events_aside" not in examined()
    assert counts() == {"aside": 1, "opened": 1}


def test_of_two_feeds_with_something_aside_at_one_position_neither_is_lost(database: str, ready: Run) -> None:
    for source in ("here", "elsewhere"):
        rows(
            "insert into life_event_aside (source, position, kind, at, fields, reason, since) "
            "values (%s, 7, 'reborn', now(), '{}', 'unknown_kind', now())",
            source,
        )
    assert ready("life-events", "settle", "7", "--as", "leila").code == 0
    assert value("select count(*) from life_event_aside where settled_at is null") == 1
    assert ready("life-events", "settle", "7", "--as", "leila").code == 0
    assert ready("life-events", "settle", "7", "--as", "leila").code == 2
    assert value("select count(*) from life_event_aside") == 2


def test_a_lock_is_waited_for_and_then_the_event_waits_apart(homes: list[tuple[Body, Accepted]]) -> None:
    body, taken = homes[0]
    happens(life.wed, persons(body)[0], persons(body)[1])
    happens(life.die, persons(homes[1][0])[another(homes[1][0])])
    with transaction() as holder:
        holder.execute("select from cases where id = %s for update", [taken.case_id])
        with pytest.raises(Unavailable):
            hear_next(HERE, read_here)
        assert cursor() == 0
        hear_next(HERE, read_here, patient=False)
        assert (cursor(), counts()) == (2, {"waits": 1, "opened": 1})
    with after(seconds=60):
        heard()
    assert "ChangeInvited" in events_of(taken)
    assert rows("select kind from life_event_aside where kind = 'marriage'") == []


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([], "goes_back"),
        ([1], "goes_back"),
        ([3], "gap"),
        ([2, 4], "gap"),
        ([2, 3, 3], "goes_back"),
        ([2, 2], "goes_back"),
    ],
)
def test_a_feed_that_does_not_go_on_where_it_ended_is_halted_and_operators_see_why(
    homes: list[tuple[Body, Accepted]], ready: Run, events: list[int], code: str
) -> None:
    one, other = persons(homes[0][0])[:2]
    for _ in range(2):
        happens(life.wed, one, other)
    heard()
    lies = read_here(Standing())
    told = {each.position: each for each in lies.events}
    page = Page([told.get(each) or LifeEvent(each, clock.now(), "death", one) for each in events])
    with pytest.raises(Halted):
        hear_next(HERE, lambda _: page)

    assert (cursor(), opened()) == (2, [])
    assert value("select halted from life_feed") == code
    assert examined()["life_feed_halted"] == 1
    assert code in ready("life-events", "status").out
    assert 'sijil_life_events_halted{feed="here"} 1.0' in metrics()
    assert 'sijil_life_events_total{feed="here",outcome="invited"} 2.0' in metrics()
    heard()
    assert value("select halted from life_feed") is None


def metrics() -> str:
    """What Prometheus reads."""
    registry = CollectorRegistry(auto_describe=False)
    with transaction() as connection:
        registry.register(SijilCollector(connection, "ready"))
        return generate_latest(registry).decode()


def test_a_feed_that_was_rewritten_is_halted_until_an_operator_goes_on(
    homes: list[tuple[Body, Accepted]], ready: Run
) -> None:
    one, other = persons(homes[0][0])[:2]
    happens(life.wed, one, other)
    heard()
    lies = Page([LifeEvent(1, clock.now(), "death", one), LifeEvent(2, clock.now(), "death", other)])
    with pytest.raises(Halted):
        hear_next(HERE, lambda _: lies)
    assert (cursor(), value("select halted from life_feed")) == (1, "rewritten")

    assert ready("life-events", "begin", "--behind", "1", "--as", "leila").code == 0
    hear_next(HERE, lambda _: lies)
    assert (cursor(), len(opened())) == (2, 1)
    assert healthy()


def test_an_idle_feed_writes_nothing(homes: list[tuple[Body, Accepted]]) -> None:
    happens(life.wed, *persons(homes[0][0])[:2])
    heard()
    xmin = value("select xmin::text || xmax::text || answered_at::text from life_feed")
    for _ in range(5):
        hear_next(HERE, read_here)
    assert value("select xmin::text || xmax::text || answered_at::text from life_feed") == xmin


def test_a_kind_that_nobody_knows_is_set_aside(homes: list[tuple[Body, Accepted]]) -> None:
    known = persons(homes[0][0])[0]
    hear_next(
        HERE, lambda _: Page([LifeEvent(1, clock.now(), "reborn", known), LifeEvent(2, clock.now(), flaw="unreadable")])
    )
    assert rows("select position, reason from life_event_aside order by 1") == [(1, "unknown_kind"), (2, "unreadable")]
    assert counts() == {"aside": 2}
    hear_next(
        HERE, lambda _: Page([LifeEvent(2, clock.now(), flaw="unreadable"), LifeEvent(3, clock.now(), "death", known)])
    )
    assert cursor() == 3
