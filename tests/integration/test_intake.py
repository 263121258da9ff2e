"""Taking applications in: each once, however often and by however many it is sent."""

from threading import Barrier, Thread

import pytest

from models import clock
from models.database import transaction
from notifications.notices import notices
from tests.filing import (
    Body,
    a_household,
    an_application,
    changed,
    everything,
    file,
    outcomes_of,
    rows,
    value,
    with_members,
)
from workflows.bodies.declaration import ApplicationBody
from workflows.engine.lanes import INTERACTIVE
from workflows.intake.submit import Accepted, Application, Outcome, Rejected, key_of, submit

TABLES = ("cases", "event", "message", "case_body", "receipt")


@pytest.fixture
def body(database: str) -> Body:
    """A clean application."""
    return a_household(members=2).body


def one(application: Application) -> Outcome:
    (outcome,) = outcomes_of([application])
    return outcome


def refused(outcome: Outcome) -> Rejected:
    assert isinstance(outcome, Rejected)
    return outcome


def taken(outcome: Outcome) -> Accepted:
    assert isinstance(outcome, Accepted), outcome
    return outcome


def test_an_application_becomes_a_case_with_a_receipt_a_first_event_and_a_message(body: Body) -> None:
    (receipt,) = file(body)

    assert rows("select id, stage, queue, ready, open, version, region from cases") == [
        (receipt.case_id, "submitted", "verification", True, True, 1, body["region"])
    ]
    assert rows("select reference, case_id from receipt") == [(receipt.reference, receipt.case_id)]
    assert rows("select kind, actor from event") == [("ApplicationReceived", "declarant")]
    assert rows("select template, status from message") == [("received", "owed")]
    assert receipt.reference in value("select body from message")


def test_the_secret_is_stored_nowhere(body: Body) -> None:
    (receipt,) = file(body)

    assert receipt.secret not in str(everything(*TABLES))


def test_the_same_application_again_gets_the_same_receipt_and_writes_nothing(body: Body) -> None:
    (first,) = file(body)
    before = everything(*TABLES)

    again = taken(one(an_application(body)))

    assert (again.reference, again.secret, again.case_id, again.repeated) == (
        first.reference,
        first.secret,
        first.case_id,
        True,
    )
    assert everything(*TABLES) == before


def test_a_repetition_is_recognised_after_the_case_has_ended(body: Body) -> None:
    (first,) = file(body)
    rows("update cases set stage = 'notified', open = false, ready = false, machine = false")

    assert taken(one(an_application(body))).reference == first.reference


@pytest.mark.parametrize("stage", ["withdrawn", "lapsed", "rejected"])
def test_the_same_form_without_a_key_of_its_own_is_a_new_application_once_the_first_has_ended_without_a_registration(
    body: Body, stage: str
) -> None:
    def sent() -> Accepted:
        declared = ApplicationBody.model_validate(
            {name: given for name, given in body.items() if name != "application"}
        )
        return taken(one(Application(key_of(declared), "api", INTERACTIVE, declared)))

    first = sent()
    rows(
        "update cases set stage = %s, open = false, machine = false, ready = false, queue = null where id = %s",
        stage,
        first.case_id,
    )

    second = sent()

    assert (second.repeated, second.reference == first.reference) == (False, False)
    assert (sent().reference, sent().repeated) == (second.reference, True)
    assert value("select count(*) from cases") == 2


def test_the_same_key_with_another_declaration_is_refused_and_writes_nothing(body: Body) -> None:
    file(body)
    before = everything(*TABLES)

    outcome = refused(one(an_application(changed(body, commune="Elsewhere"))))

    assert outcome.code == "key_reused"
    assert everything(*TABLES) == before


def test_two_senders_may_use_the_same_key(body: Body) -> None:
    other = a_household(1)

    first = taken(one(an_application(body, key="17", channel="api")))
    second = taken(one(an_application(other.body, key="17", channel="import")))

    assert first.reference != second.reference


def test_a_declarant_with_an_open_application_is_refused_and_the_key_stays_free(body: Body) -> None:
    (first,) = file(body)
    before = everything(*TABLES)
    anew = an_application(body, key="anew")

    assert refused(one(anew)).code == "open_application"
    assert everything(*TABLES) == before

    # Once the first has ended, the very same request is taken
    rows("update cases set stage = 'withdrawn', open = false, ready = false, machine = false")
    assert taken(one(anew)).case_id != first.case_id


def test_a_declaration_that_cannot_be_so_is_refused_with_its_fields_and_writes_nothing(body: Body) -> None:
    wrong = with_members(changed(body, 1, birth_date="2999-01-01"), 31)

    outcome = refused(one(an_application(wrong)))

    assert outcome.code == "not_valid"
    assert [problem["field"] for problem in outcome.problems] == ["members[1].birth_date", "members"]
    assert "30" in outcome.problems[1]["message"]
    assert not any(everything(*TABLES).values())


def test_twins_in_one_set_become_one_case_with_one_receipt(body: Body) -> None:
    first, second = outcomes_of([an_application(body), an_application(body)])

    assert (taken(first).reference, taken(first).repeated) == (taken(second).reference, False)
    assert taken(second).repeated
    assert value("select count(*) from cases") == 1


def test_twins_in_one_set_that_differ_are_told_so(body: Body) -> None:
    first, second = outcomes_of([an_application(body), an_application(changed(body, commune="Elsewhere"))])

    assert isinstance(first, Accepted)
    assert refused(second).code == "key_reused"
    assert value("select count(*) from case_body") == 1


def test_two_applications_of_one_declarant_in_one_set_only_the_first_is_taken(body: Body) -> None:
    first, second = outcomes_of([an_application(body, key="1"), an_application(body, key="2")])

    assert isinstance(first, Accepted)
    assert refused(second).code == "open_application"
    assert rows("select idempotency_key from receipt") == [("api:1",)]


def test_a_refused_twin_is_refused_like_the_first(body: Body) -> None:
    file(body)

    outcomes = outcomes_of([an_application(body, key="2"), an_application(body, key="2")])

    assert [refused(each).code for each in outcomes] == ["open_application"] * 2


def test_in_a_set_the_bad_ones_are_refused_and_the_others_taken_in_order(body: Body) -> None:
    good, late = a_household(1).body, a_household(2).body
    file(late)

    outcomes = outcomes_of(
        [
            an_application(changed(body, 0, birth_date="2999-01-01")),
            an_application(good),
            an_application(late),
            an_application(changed(good, commune="Elsewhere")),
        ]
    )

    assert [type(each) for each in outcomes] == [Rejected, Accepted, Accepted, Rejected]
    assert [getattr(each, "code", None) for each in outcomes] == ["not_valid", None, None, "key_reused"]
    assert taken(outcomes[2]).repeated


def test_nothing_is_kept_of_a_set_that_is_rolled_back(body: Body) -> None:
    with transaction() as connection:
        submit(connection, [an_application(body)], clock.now(), notices)
        connection.rollback()

    assert not any(everything(*TABLES).values())


# Two at once ---------------------------------------------------------------------------------------


def test_two_senders_of_the_same_applications_at_once_make_each_once(database: str) -> None:
    """Two threads, a connection each, send the same thirty applications in opposite orders."""
    applications = [an_application(a_household(place).body) for place in range(30)]
    assert value("select count(*) from cases") == 0
    barrier = Barrier(2)
    found: dict[str, list[Outcome]] = {}

    def send(name: str, what: list[Application]) -> None:
        barrier.wait(10)
        with transaction() as connection:
            found[name] = submit(connection, what, clock.now(), notices)

    threads = [Thread(target=send, args=("one", applications)), Thread(target=send, args=("other", applications[::-1]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert [taken(each).reference for each in found["one"]] == [taken(each).reference for each in found["other"][::-1]]
    assert sorted(taken(each).repeated for each in found["one"] + found["other"]) == [False] * 30 + [True] * 30
    assert value("select count(*) from cases") == value("select count(*) from receipt") == 30


def test_while_one_sender_has_not_committed_the_other_waits_and_gets_the_same_receipt(body: Body) -> None:
    application = an_application(body)
    found: list[Outcome] = []

    def send() -> None:
        with transaction() as connection:
            found.extend(submit(connection, [application], clock.now(), notices))

    with transaction() as connection:
        (first,) = submit(connection, [application], clock.now(), notices)
        other = Thread(target=send)
        other.start()
        other.join(0.3)
        assert found == []
        assert connection.execute("select count(*) from cases").fetchone() == (1,)
    other.join(60)

    assert [(taken(each).reference, taken(each).repeated) for each in found] == [(taken(first).reference, True)]


def test_where_the_first_sender_rolls_back_the_second_is_taken(body: Body) -> None:
    application = an_application(body)
    found: list[Outcome] = []

    def send() -> None:
        with transaction() as connection:
            found.extend(submit(connection, [application], clock.now(), notices))

    other = Thread(target=send)
    with transaction() as connection:
        submit(connection, [application], clock.now(), notices)
        other.start()
        other.join(0.3)
        connection.rollback()
    other.join(60)

    assert [taken(each).repeated for each in found] == [False]
    assert value("select count(*) from cases") == 1


@pytest.mark.parametrize(
    "key", ['a key with "quotes", {braces}, \\slashes and NULL', "NULL", "مفتاح", "a,b", " ", "'; drop table cases; --"]
)
def test_any_key_is_a_key(body: Body, key: str) -> None:
    first = taken(one(an_application(body, key=key)))

    assert taken(one(an_application(body, key=key))).reference == first.reference
    assert value("select idempotency_key from receipt") == f"api:{key}"
