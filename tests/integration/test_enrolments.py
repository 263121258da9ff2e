"""Enrolments on the real engine: two officers, a search, one identifier; every promise of a case holds for them."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from models import clock
from models.database import transact, transaction
from models.days import day_of
from models.errors import NotFound, Refused, Stale
from tests.enrolling import (
    ALWAYS,
    AMINA,
    BRAHIM,
    NADIA,
    SALMA,
    WITHOUT_PAPERS,
    a_registered,
    a_request,
    asked,
    attested,
    both_officers,
    confirmed,
    given_back,
    register_elsewhere,
    told_apart,
    two_witnesses,
)
from tests.factories import Json, an_enrolment, an_idcs, born
from tests.filing import (
    Worker,
    current_stage,
    drain_all,
    events_of,
    examined,
    facts_of,
    file_clean,
    messages_of,
    rows,
    value,
)
from tests.hearing import happens, heard
from tests.integration.auditing import anchor, breaks, replayed
from tests.people import after, citizen, ring_timers
from tests.terms import over
from workflows.audit.sealing import seal_all
from workflows.history.erasure import erase
from workflows.history.timeline import timeline
from workflows.identifiers.typed import identifier
from workflows.intake.submit import Accepted
from workflows.population import life
from workflows.population.feed import FEED
from workflows.population.life import Told
from workflows.registers.enrol import insert_new

ENROLLED = ["EnrolmentReceived", "EnrolmentAttested", "EnrolmentConfirmed", "PersonEnrolled"]
PERSON = """
    select idcs, given_name_ar, family_name_ar, given_name_la, family_name_la, birth_date::text, sex, cin, status,
        birth_place, nationality, guardian
    from person where enrolled_by = %s
"""
CHILD: Json = {
    "birth_date": born(3),
    "proof": "birth_act",
    "cin": None,
    "birth_act": "118",
    "birth_act_year": int(born(3)[:4]),
    "birth_act_office": "Mohammedia",
    "guardian": an_idcs(31),
    "guardian_is": "mother",
}


def healthy(anchors: Path) -> None:
    """Doctor, replay and audit find nothing."""
    assert examined() == {}
    assert replayed().differing == 0
    anchor(anchors)
    assert breaks(anchors) == []


def persons() -> int:
    return int(value("select count(*) from person"))


def why(refused: pytest.ExceptionInfo[Refused]) -> list[tuple[str, str]]:
    return [(each["field"], each["message"]) for each in refused.value.problems]


# The way -------------------------------------------------------------------------------------------


def test_where_the_register_is_elsewhere_nobody_is_enrolled_here(
    database: str, broker: str, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = asked()
    register_elsewhere(monkeypatch)
    for act in (lambda: asked(cin="ZZ99"), lambda: attested(before)):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.code == "register_elsewhere"
    assert value("select count(*) from cases") == 1
    assert events_of(before) == ["EnrolmentReceived"]


WAITS = """
    select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
    and wait_event = 'advisory'
"""


def test_who_comes_by_a_file_while_an_officer_enrols_them_is_found_and_not_enrolled_twice(worker: Worker) -> None:
    """The file's transaction has written the person, and not ended, when the search begins."""
    receipt = asked()
    both_officers(receipt)
    said = an_enrolment()
    known = {name: said[name] for name in (*ALWAYS, "cin")} | {"birth_precision": "day", "status": "alive"}
    with ThreadPoolExecutor(1) as threads:
        with transaction() as connection:
            assert insert_new(connection, [known | {"idcs": an_idcs(7)}]) == [an_idcs(7)]
            working = threads.submit(lambda: drain_all(worker()))
            while not working.done() and not value(WAITS):
                time.sleep(0.01)
        working.result()
    assert (current_stage(receipt), persons()) == ("possible_duplicate", 1)
    assert [each["idcs"] for each in facts_of(receipt, "LikelyDuplicates")["candidates"]] == [an_idcs(7)]


def test_a_person_whom_two_officers_enrol_gets_one_identifier_and_is_told(worker: Worker, tmp_path: Path) -> None:
    file_clean(2)
    receipt = asked()
    assert (current_stage(receipt), examined()) == ("pre_enrolled", {})
    attested(receipt)
    assert current_stage(receipt) == "attested"
    confirmed(receipt)
    drain_all(worker())

    assert (current_stage(receipt), events_of(receipt)) == ("notified", ENROLLED)
    ((idcs, *person),) = rows(PERSON, receipt.case_id)
    assert identifier(idcs) == idcs == facts_of(receipt, "PersonEnrolled")["idcs"]
    assert person == [
        *("خالد", "بنعلي", "Khalid", "Benali", born(40), "male", "BE123456", "alive"),
        *("Mohammedia", "MA", None),
    ]
    assert messages_of(receipt) == ["enrolment_received", "enrolled"]
    assert value("select household_id from cases where id = %s", receipt.case_id) is None
    healthy(tmp_path)


def test_no_message_names_the_person_or_holds_the_identifier(worker: Worker) -> None:
    receipt = asked()
    both_officers(receipt)
    drain_all(worker())
    said = " ".join(body for (body,) in rows("select body from message where case_id = %s", receipt.case_id))
    idcs = value("select idcs from person where enrolled_by = %s", receipt.case_id)
    assert not [each for each in (idcs, "Khalid", "خالد", "Benali", "بنعلي", "BE123456") if each in said]


def test_the_papers_count_and_not_what_was_sent(worker: Worker, tmp_path: Path) -> None:
    receipt = asked()
    attested(receipt, sent=a_request(given_name_la="Khaled", province="MA-MOH"))
    confirmed(receipt)
    drain_all(worker())
    assert value("select given_name_la from person where enrolled_by = %s", receipt.case_id) == "Khaled"
    assert value("select province from cases where id = %s", receipt.case_id) == "MA-MOH"
    healthy(tmp_path)


def test_the_desk_shows_how_the_papers_say_that_the_person_is_reached(worker: Worker) -> None:
    receipt = asked(phone=None, commune="Mohammedia")
    shown = "select flags, region from desk_item where case_id = %s"
    assert rows(shown, receipt.case_id) == [(["letter"], 6)]
    attested(receipt, sent=a_request(region=7, province="MA-MAR"))
    assert rows(shown, receipt.case_id) == [(["second_person"], 7)]
    assert examined() == {}


def test_a_name_that_is_known_in_one_script_is_made_up_in_no_other(worker: Worker, tmp_path: Path) -> None:
    receipt = asked(given_name_la=None, family_name_la=None)
    both_officers(receipt)
    drain_all(worker())
    assert rows("select given_name_ar, given_name_la, family_name_la from person where enrolled_by is not null") == [
        ("خالد", "", "")
    ]
    healthy(tmp_path)


# Family names.
TEN = ["Tazi", "Mansouri", "Chraibi", "Idrissi", "Berrada", "Kettani", "Ouazzani", "Filali", "Hajji", "Zniber"]


def test_a_batch_is_enrolled_at_once_each_with_an_identifier_of_their_own(worker: Worker, tmp_path: Path) -> None:
    made = [
        asked(
            **NADIA
            | {
                "family_name_la": name,
                "given_name_ar": None,
                "family_name_ar": None,
                "birth_date": f"19{60 + n}-05-1{n}",
                "cin": f"{name[:2]}{n}{n}40{n}",
            }
        )
        for n, name in enumerate(TEN)
    ]
    both_officers(*made)
    drain_all(worker())
    assert [current_stage(each) for each in made] == ["notified"] * 10
    assert value("select count(distinct idcs) from person where enrolled_by is not null") == 10
    healthy(tmp_path)


def test_a_request_with_the_same_key_counts_once_and_who_sends_the_same_words_gets_no_receipt_of_it(
    database: str,
) -> None:
    first, again = asked("a key"), asked("a key")
    assert (again.reference, again.repeated) == (first.reference, True)
    with pytest.raises(Refused, match="used for another enrolment"):
        asked("a key", birth_place="Fès")
    assert len({asked().reference, asked().reference, first.reference}) == 3
    assert value("select count(*) from cases") == 3


def test_what_was_asked_may_be_withdrawn_until_the_identifier_is_issued(worker: Worker, tmp_path: Path) -> None:
    receipts = [asked(str(n)) for n in range(3)]
    attested(receipts[1])
    attested(receipts[2])
    confirmed(receipts[2])
    for each in receipts:
        citizen(each, "withdrawal")
    drain_all(worker())
    assert {current_stage(each) for each in receipts} == {"withdrawn"}
    assert persons() == 0
    healthy(tmp_path)


def test_who_does_not_come_is_reminded_twice_and_then_the_file_ends(worker: Worker) -> None:
    receipt = asked()
    for days in (31, 76, 91):
        with after(days=days):
            ring_timers()
            drain_all(worker(["timers"]))
    assert events_of(receipt)[1:] == ["EnrolmentReminded", "EnrolmentReminded", "Lapsed"]
    assert messages_of(receipt) == [
        "enrolment_received",
        "enrolment_reminder",
        "enrolment_reminder",
        "enrolment_lapsed",
    ]
    assert examined().keys() <= {"events_ahead"}
    assert replayed().differing == 0


def test_an_enrolment_that_no_officer_answers_moves_up_and_turns_against_nobody(worker: Worker) -> None:
    receipt = asked()
    attested(receipt)
    with after(over("confirming")):
        ring_timers()
        drain_all(worker(["timers"]))
    assert (current_stage(receipt), events_of(receipt)[-1]) == ("attested", "EnrolmentOverdue")
    assert value("select array[priority::text, why] from desk_item where case_id = %s", receipt.case_id) == [
        "1",
        "overdue",
    ]


# Two officers --------------------------------------------------------------------------------------


def test_who_attested_does_not_confirm_nor_give_back_nor_tell_apart(worker: Worker) -> None:
    a_registered()
    receipt = asked()
    attested(receipt, AMINA)
    with pytest.raises(Refused, match="you attested it"):
        confirmed(receipt, "  amina ALAOUI ")
    with pytest.raises(Refused, match="you attested it"):
        given_back(receipt, name=AMINA)
    confirmed(receipt, BRAHIM)
    drain_all(worker())
    with pytest.raises(Refused, match="You attested"):
        told_apart(receipt, name=AMINA)
    assert current_stage(receipt) == "possible_duplicate"


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("EnrolmentConfirmed", '{"type":"EnrolmentConfirmed","attested_by":"officer:1"}'),
        ("EnrolmentConfirmed", '{"type":"EnrolmentConfirmed"}'),
        ("FoundAnother", '{"type":"FoundAnother","others":[],"attested_by":"officer:1"}'),
        ("EnrolledAlready", '{"type":"EnrolledAlready","idcs":"1","attested_by":"officer:1"}'),
    ],
)
def test_the_database_takes_no_confirmation_of_one_officer(database: str, kind: str, facts: str) -> None:
    insert = """
        insert into event (case_id, seq, kind, at, actor, evidence, facts, salt, commitment, hash)
        values (1, 1, %s, now(), 'officer:1', '{}', %s, '', '', '')
    """
    with pytest.raises(psycopg.errors.CheckViolation, match="event_second_is_another"):
        rows(insert, kind, facts)
    if "attested_by" in facts:
        rows(insert, kind, facts.replace("officer:1", "officer:2"))


def test_the_database_takes_no_second_person_of_one_enrolment(worker: Worker) -> None:
    receipt = asked()
    both_officers(receipt)
    drain_all(worker())
    rows("insert into issued_identifier values (%s)", an_idcs(5))
    with pytest.raises(psycopg.errors.UniqueViolation, match="person_enrolled_by"):
        rows(
            "insert into person (idcs, given_name_ar, family_name_ar, given_name_la, family_name_la, birth_date, "
            "birth_precision, sex, status, enrolled_by, keys) select %s, given_name_ar, family_name_ar, given_name_la, "
            "family_name_la, birth_date, birth_precision, sex, status, enrolled_by, keys from person",
            an_idcs(5),
        )


def test_what_a_second_officer_gives_back_waits_for_the_centre_again(worker: Worker, tmp_path: Path) -> None:
    receipt = asked()
    attested(receipt)
    with pytest.raises(Refused, match="There is no reason 'because'"):
        given_back(receipt, "because")
    given_back(receipt)
    assert (current_stage(receipt), messages_of(receipt)[-1]) == ("pre_enrolled", "enrolment_returned")
    attested(receipt, BRAHIM)
    confirmed(receipt, AMINA)
    drain_all(worker())
    assert current_stage(receipt) == "notified"
    healthy(tmp_path)


def test_a_second_click_changes_nothing(worker: Worker) -> None:
    receipt = asked()
    attested(receipt, version=1)
    with pytest.raises(Stale):
        attested(receipt, version=1)
    confirmed(receipt, version=2)
    with pytest.raises(Stale):
        confirmed(receipt, version=2)
    with pytest.raises(Refused, match="while the enrolment is 'confirmed'"):
        confirmed(receipt)
    drain_all(worker())
    assert events_of(receipt) == ENROLLED


def test_another_kind_of_case_is_no_enrolment(database: str) -> None:
    (application,) = file_clean(1)
    with pytest.raises(NotFound, match="is no enrolment"):
        attested(application)


# Who vouches ---------------------------------------------------------------------------------------


def test_a_child_comes_with_a_parent_who_is_enrolled(worker: Worker, tmp_path: Path) -> None:
    a_registered(31, **NADIA)
    receipt = asked(**CHILD)
    both_officers(receipt)
    drain_all(worker())
    assert value("select guardian from person where enrolled_by = %s", receipt.case_id) == an_idcs(31)
    assert value("select count(*) from person_event") == 0, "nobody was born who is three years old"
    healthy(tmp_path)


@pytest.mark.parametrize(("tie", "parent"), [("mother", an_idcs(31)), ("father", an_idcs(31)), ("guardian", None)])
def test_a_newborn_is_a_life_event_once_with_the_parent_who_came(
    worker: Worker, tmp_path: Path, tie: str, parent: str | None
) -> None:
    a_registered(31, **NADIA)
    day = day_of(clock.now()) - timedelta(days=9)
    receipt = asked(**{**CHILD, "birth_date": f"{day}", "birth_act_year": day.year, "guardian_is": tie})
    both_officers(receipt)
    for _ in range(2):
        drain_all(worker())

    told = rows("select kind, idcs, other_idcs, happened_on, actor from person_event")
    assert told == [("birth", facts_of(receipt, "PersonEnrolled")["idcs"], parent, day, "sijil")]
    healthy(tmp_path)


def test_the_household_of_a_newborns_mother_is_asked_to_declare_the_child(worker: Worker, tmp_path: Path) -> None:
    (home,) = file_clean(1)
    drain_all(worker())
    mother = value("select idcs from household_member join person using (idcs) where birth_date < '1999-01-01' limit 1")
    day = day_of(clock.now())
    receipt = asked(**{**CHILD, "birth_date": f"{day}", "birth_act_year": day.year, "guardian": mother})
    both_officers(receipt)
    drain_all(worker())
    seal_all(FEED)

    assert heard() == {"invited": 1}
    assert facts_of(home, "ChangeInvited")["happened"] == "birth"
    assert messages_of(home)[-1] == "change_invited"
    healthy(tmp_path)


def test_a_parent_without_an_identifier_is_enrolled_first_and_the_child_waits_for_the_officer_to_add_it(
    worker: Worker, tmp_path: Path
) -> None:
    child = asked(**CHILD | {"guardian": None})
    with pytest.raises(Refused) as refused:
        attested(child)
    assert why(refused) == [("guardian", "Is missing.")]
    mother = asked(**NADIA)
    both_officers(mother)
    drain_all(worker())
    idcs = value("select idcs from person")
    attested(child, sent=a_request(**CHILD | {"guardian": idcs}))
    confirmed(child)
    drain_all(worker())
    assert value("select guardian from person where guardian is not null") == idcs
    healthy(tmp_path)


def test_where_a_person_lives_comes_into_the_register(worker: Worker, tmp_path: Path) -> None:
    both_officers(asked(commune="Aït Melloul", address="Douar Tikiouine, 4"))
    drain_all(worker())
    assert rows("select commune, address from person") == [("Aït Melloul", "Douar Tikiouine, 4")]
    healthy(tmp_path)


def test_who_has_no_papers_comes_with_two_witnesses(worker: Worker, tmp_path: Path) -> None:
    two_witnesses()
    receipt = asked(**WITHOUT_PAPERS)
    both_officers(receipt)
    drain_all(worker())
    assert current_stage(receipt) == "notified"
    healthy(tmp_path)


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"status": "deceased"}, "witnesses[1].idcs", "not alive"),
        ({"cin": None}, "witnesses[1].cin", "knows no national card"),
        ({"cin": "D1"}, "witnesses[1].cin", "another national card"),
        ({"birth_date": born(17)}, "witnesses[1].idcs", "not of age"),
        ({"idcs": an_idcs(33)}, "witnesses[1].idcs", "knows no such person"),
        (
            {
                "given_name_ar": "خالد",
                "family_name_ar": "بنعلي",
                "given_name_la": "Khaled",
                "family_name_la": "Benali",
                "birth_date": born(40),
            },
            "witnesses[1].idcs",
            "who is to be enrolled",
        ),
        (
            {
                "given_name_la": "Amina",
                "family_name_la": "Alaoui",
                "given_name_ar": "أمينة",
                "family_name_ar": "العلوي",
            },
            "witnesses[1].idcs",
            "This is you",
        ),
    ],
)
def test_a_witness_who_may_not_be_one_is_told_and_nothing_is_kept(
    database: str, changes: dict[str, str | None], field: str, sentence: str
) -> None:
    two_witnesses(**changes)
    receipt = asked(**WITHOUT_PAPERS)
    with pytest.raises(Refused) as refused:
        attested(receipt)
    ((where, said),) = why(refused)
    assert (where, sentence in said) == (field, True), said
    assert current_stage(receipt) == "pre_enrolled"
    assert value("select count(*) from case_body where case_id = %s", receipt.case_id) == 1


def test_two_entries_of_one_person_are_one_witness_and_who_died_by_one_of_them_is_dead(database: str) -> None:
    two_witnesses()
    first, second = an_idcs(31), an_idcs(32)
    happens(life.merge, second, first)
    receipt = asked(**WITHOUT_PAPERS)
    with pytest.raises(Refused) as refused:
        attested(receipt)
    ((where, said),) = why(refused)
    assert (where, "other witness" in said) == ("witnesses[1].idcs", True)

    happens(life.die, second)
    with pytest.raises(Refused) as refused:
        attested(receipt)
    assert [where for where, said in why(refused) if "not alive" in said] == ["witnesses[0].idcs", "witnesses[1].idcs"]
    happens(life.undo_merge, second)
    with pytest.raises(Refused) as refused:
        attested(receipt)
    assert [where for where, _ in why(refused)] == ["witnesses[1].idcs"]


def test_a_witness_does_not_confirm(database: str) -> None:
    two_witnesses(given_name_la="Brahim", family_name_la="Chraibi", given_name_ar="ابراهيم", family_name_ar="الشرايبي")
    receipt = asked(**WITHOUT_PAPERS)
    attested(receipt)
    with pytest.raises(Refused, match="You vouch for this person"):
        confirmed(receipt, BRAHIM)
    confirmed(receipt, SALMA)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"status": "deceased"}, "not alive"),
        ({"birth_date": born(16)}, "not of age"),
        ({"idcs": an_idcs(9)}, "no such"),
    ],
)
def test_a_parent_who_cannot_answer_for_a_child_is_told(database: str, changes: dict[str, str], sentence: str) -> None:
    a_registered(31, **{**NADIA, **changes})
    with pytest.raises(Refused, match="cannot do so") as refused:
        attested(asked(**CHILD))
    assert [(field, sentence in said) for field, said in why(refused)] == [("guardian", True)]


# Likely duplicates ---------------------------------------------------------------------------------


def alike(worker: Worker, **changes: str) -> Accepted:
    """Somebody who is confirmed, and looks like a person of the register."""
    receipt = asked(**changes)
    both_officers(receipt)
    drain_all(worker())
    assert current_stage(receipt) == "possible_duplicate"
    return receipt


def test_who_looks_alike_goes_to_an_officer_and_to_no_refusal(worker: Worker, tmp_path: Path) -> None:
    known = a_registered()
    receipt = alike(worker)
    (candidate,) = facts_of(receipt, "LikelyDuplicates")["candidates"]
    assert candidate["idcs"] == known["idcs"]
    assert messages_of(receipt)[-1] == "enrolment_looked_at"
    assert value("select count(*) from issued_identifier") == 1
    healthy(tmp_path)


def test_another_person_gets_an_identifier_and_is_not_asked_about_again(worker: Worker, tmp_path: Path) -> None:
    a_registered()
    receipt = alike(worker)
    told_apart(receipt)
    drain_all(worker())
    assert (current_stage(receipt), persons()) == ("notified", 2)
    assert events_of(receipt)[-3:] == ["LikelyDuplicates", "FoundAnother", "PersonEnrolled"]
    healthy(tmp_path)


def test_who_came_into_the_register_meanwhile_is_asked_about_and_who_was_told_apart_is_not(worker: Worker) -> None:
    a_registered(1)
    receipt = alike(worker)
    a_registered(2)
    told_apart(receipt)
    drain_all(worker())
    assert current_stage(receipt) == "possible_duplicate"
    assert [each["idcs"] for each in facts_of(receipt, "LikelyDuplicates")["candidates"]] == [an_idcs(2)]
    told_apart(receipt)
    drain_all(worker())
    assert current_stage(receipt) == "notified"
    assert facts_of(receipt, "FoundAnother")["others"] == [an_idcs(1), an_idcs(2)]


def test_the_same_person_ends_the_case_and_no_message_tells_the_identifier(worker: Worker, tmp_path: Path) -> None:
    known = a_registered()
    receipt = alike(worker)
    with pytest.raises(Refused, match="none of the people who were found"):
        told_apart(receipt, an_idcs(44))
    with pytest.raises(Refused) as refused:
        told_apart(receipt, "123")
    assert [field for field, _ in why(refused)] == ["same"]
    told_apart(receipt, known["idcs"])

    assert (current_stage(receipt), persons()) == ("enrolled_already", 1)
    assert messages_of(receipt)[-1] == "enrolment_ended_at_desk"
    said = str(rows("select body from message where case_id = %s", receipt.case_id))
    with transaction() as connection:
        said += str(timeline(connection, receipt.reference))
    assert known["idcs"] not in said
    healthy(tmp_path)


def test_of_two_in_one_batch_who_are_alike_one_is_enrolled_and_an_officer_sees_the_other(
    worker: Worker, tmp_path: Path
) -> None:
    first, second = asked("1"), asked("2", birth_place="Fès")
    both_officers(first, second)
    drain_all(worker())
    assert (current_stage(first), current_stage(second), persons()) == ("notified", "possible_duplicate", 1)
    (candidate,) = facts_of(second, "LikelyDuplicates")["candidates"]
    assert candidate["idcs"] == facts_of(first, "PersonEnrolled")["idcs"]
    assert value("select count(*) from issued_identifier") == 1
    told_apart(second)
    drain_all(worker())
    assert persons() == 2
    healthy(tmp_path)


@pytest.mark.parametrize("batch", [1, 100])
def test_whom_the_register_would_find_is_found_within_a_batch_too(batch: int, worker: Worker, tmp_path: Path) -> None:
    first, second = asked("1", birth_date="1960-02-03"), asked("2", birth_date="1960-03-03", cin="BK654321")
    both_officers(first, second)
    drain_all(worker(batch=batch))
    assert (current_stage(first), current_stage(second), persons()) == ("notified", "possible_duplicate", 1)
    healthy(tmp_path)


def test_two_workers_at_once_enrol_one_of_two_who_are_alike(worker: Worker, tmp_path: Path) -> None:
    receipts = [asked(str(n), birth_place=f"Place {n}") for n in range(8)]
    both_officers(*receipts)
    drainers = [worker(batch=1) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(drain_all, drainers))
    assert sorted(map(current_stage, receipts)) == ["notified"] + ["possible_duplicate"] * 7
    assert persons() == 1
    healthy(tmp_path)


# What is kept --------------------------------------------------------------------------------------


def test_the_doctor_sees_a_person_who_is_not_as_they_were_enrolled(worker: Worker) -> None:
    receipt = asked()
    both_officers(receipt)
    drain_all(worker())
    rows("update person set family_name_la = 'Other' where enrolled_by = %s", receipt.case_id)
    assert examined() == {"register_changed": 1, "person_keys_changed": 1}
    rows("delete from person where enrolled_by = %s", receipt.case_id)
    assert examined() == {"register_changed": 1}


def test_what_life_events_changed_since_is_no_fault_and_what_they_did_not_is(worker: Worker) -> None:
    receipt = asked()
    both_officers(receipt)
    drain_all(worker())
    idcs, told = facts_of(receipt, "PersonEnrolled")["idcs"], Told(clock.now(), "officer:0123456789abcdef")
    with transaction() as connection:
        life.change(connection, idcs, told, {"family_name_la": "Alami"}, renamed=True)
        life.die(connection, idcs, told)
    assert examined() == {}
    rows("update person set given_name_la = 'Other' where enrolled_by = %s", receipt.case_id)
    assert examined()["register_changed"] == 1


def test_an_erasure_leaves_the_person_in_the_register_and_nothing_of_the_papers(worker: Worker) -> None:
    a_registered(31, **NADIA)
    receipt = asked(**CHILD)
    both_officers(receipt)
    drain_all(worker())
    transact(lambda connection: erase(connection, receipt.reference, "owner", clock.now()))
    assert value("select count(*) from person where enrolled_by = %s", receipt.case_id) == 1
    assert value("select count(*) from case_body where case_id = %s and body is not null", receipt.case_id) == 0
    assert value("select count(*) from event where case_id = %s and facts is not null", receipt.case_id) == 0
    assert value("select keys from desk_search where case_id = %s", receipt.case_id) is None
    assert examined() == {}


def test_a_life_event_after_the_enrolment_is_no_fault_and_a_change_by_hand_is(worker: Worker) -> None:
    receipt = asked()
    both_officers(receipt)
    drain_all(worker())
    ((idcs,),) = rows("select idcs from person where enrolled_by = %s", receipt.case_id)
    told = Told(clock.now(), "officer:0123456789abcdef")
    with transaction() as connection:
        life.change(connection, idcs, told, {"given_name_la": "Other", "birth_date": "1991-01-01"})
        life.change(connection, idcs, told, {"given_name_la": "Another"}, renamed=True)
        life.die(connection, idcs, told)
    assert examined() == {}

    rows("update person set nationality = 'FRA' where idcs = %s", idcs)
    assert examined() == {"register_changed": 1}
