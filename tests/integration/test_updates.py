"""A registered household changes: what the register knows of it from then on, and who is told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import pytest

from models import clock
from models.database import transaction
from models.days import day_of, midnight
from models.errors import NotFound, Refused
from notifications.notices import notices
from tests.changing import change_of, declare, depart, nothing_wrong
from tests.factories import a_case_file, an_idcs
from tests.filing import (
    Body,
    Worker,
    a_household,
    changed,
    current_stage,
    drain_all,
    events_of,
    facts_of,
    file,
    messages_of,
    register,
    rows,
    value,
)
from tests.people import after, caseworker, citizen, ring_timers
from tests.terms import over, reminded
from workflows.bodies.change import ChangeRequest
from workflows.casework.changes import DeclaredChange, Sender, declare_change
from workflows.evidence import IndexInForce
from workflows.intake.submit import Accepted
from workflows.stages import score

MORE = {"gas": "90", "water_electricity": ["800"], "telecom": "700"}
PERIODS = "select version, valid, known from household_period order by number"


@pytest.fixture
def household(database: str, worker: Worker) -> tuple[Body, Accepted]:
    """A registered household of at least three, and its receipt."""
    made = a_household(0, members=3)
    register([made])
    (receipt,) = file(made.body)
    drain_all(worker())
    assert current_stage(receipt) == "notified"
    return made.body, receipt


def problem_of(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    """The fields that it names."""
    return [each["field"] for each in refused.value.problems]


# What is registered --------------------------------------------------------------------------------


def test_a_change_is_registered_with_what_moved_by_it(household: tuple[Body, Accepted], worker: Worker) -> None:
    body, receipt = household

    update = declare(receipt, change_of(changed(body, bills=MORE), "bills"))
    drain_all(worker())

    assert current_stage(update) == "notified"
    assert facts_of(update, "ChangeAccepted")["fields"] == ["bills.gas", "bills.telecom", "bills.water_electricity"]
    facts = facts_of(update, "HouseholdChanged")
    before, now = (value("select value from score where case_id = %s", each.case_id) for each in (receipt, update))
    assert (facts["version"], facts["score_before"], facts["score"]) == (2, str(before), str(now))
    moved = sum(float(after_) - float(was) for *_, was, after_ in facts["moved"] if was and after_)
    assert before != now
    assert moved
    assert value("select count(*) from person_claim where case_id = %s", update.case_id) == len(body["members"])
    assert nothing_wrong()


def test_what_moved_adds_up_to_the_difference_of_the_scores(household: tuple[Body, Accepted], worker: Worker) -> None:
    body, receipt = household
    update = declare(receipt, change_of(changed(body, bills=MORE), "bills"))
    drain_all(worker())

    facts = value("select facts from event where case_id = %s and kind = 'HouseholdChanged'", update.case_id)
    terms = [
        (value("select coalesce(%s, '0')::numeric", now) - value("select coalesce(%s, '0')::numeric", was))
        for _, _, _, was, now in facts["moved"]
    ]
    assert sum(terms) == value("select %s::numeric - %s::numeric", facts["score"], facts["score_before"])


def test_a_change_is_true_from_its_day_and_known_from_its_approval(
    household: tuple[Body, Accepted], worker: Worker
) -> None:
    body, receipt = household
    filed = value("select submitted_at from cases")

    with after(days=40) as now:
        day = day_of(now - timedelta(days=20))
        declare(receipt, change_of(changed(body, bills=MORE), "bills", true_from=day))
        drain_all(worker())

    (first_version, first_valid, first_known), *rest = rows(PERIODS)
    assert (first_version, first_valid.lower, first_valid.upper) == (1, filed, None)
    assert first_known.upper is not None
    assert [(version, valid.lower, valid.upper, known.upper) for version, valid, known in rest] == [
        (1, filed, midnight(day), None),
        (2, midnight(day), None, None),
    ]
    assert {known.lower for *_, known in rest} == {first_known.upper}
    with clock.at(now):
        assert nothing_wrong()


def test_the_rules_of_today_count_for_a_change_of_the_past(household: tuple[Body, Accepted], worker: Worker) -> None:
    body, receipt = household
    with after(days=3000) as now:
        day = day_of(now - timedelta(days=2990))
        update = declare(receipt, change_of(changed(body, bills=MORE), "bills", true_from=day))
        drain_all(worker())

    file_now = a_case_file(declaration=change_of(changed(body, bills=MORE), "bills").declaration)
    computed = score.decide(file_now, IndexInForce(at=now, version="2021-08-09"))
    assert facts_of(update, "ScoreComputed")["score"] == str(computed.score)


# Who is told ---------------------------------------------------------------------------------------


def test_the_household_is_told_that_it_was_received_and_registered(
    household: tuple[Body, Accepted], worker: Worker
) -> None:
    body, receipt = household
    update = declare(receipt, change_of(changed(body, bills=MORE), "bills"))
    drain_all(worker())

    assert messages_of(update)[0] == "update_received"
    assert messages_of(update)[1:] in (["update_registered"], ["update_registered_with_loss"])


def test_a_lost_programme_is_told(household: tuple[Body, Accepted], worker: Worker) -> None:
    body, receipt = household
    if value("select count(*) from eligibility where eligible") == 0:
        poorer = declare(receipt, change_of(changed(body, bills={}, belongings={}), "bills"))
        drain_all(worker())
        assert facts_of(poorer, "HouseholdChanged")["gained"]
    version = value("select max(version) from household_version")
    richer = changed(body, belongings={"computer": True, "cars": 5, "credit": True, "second_home": True}, bills=MORE)

    update = declare(receipt, change_of(richer, "belongings", based_on=version))
    drain_all(worker())

    assert facts_of(update, "HouseholdChanged")["lost"]
    assert events_of(update)[-1] == "LossTold"
    assert messages_of(update)[-1] == "update_registered_with_loss"


def test_a_new_e_mail_address_is_written_to_besides_the_phone(household: tuple[Body, Accepted], worker: Worker) -> None:
    body, receipt = household
    update = declare(receipt, change_of(changed(body, email="home@example.ma"), "contact"))
    drain_all(worker())

    told = rows("select channel, recipient, template from message where case_id = %s order by seq", update.case_id)
    by_email = [template for channel, _, template in told if channel == "email"]
    assert {recipient for channel, recipient, _ in told if channel == "email"} == {"home@example.ma"}
    assert by_email == [f"{template}_by_email" for channel, _, template in told if channel == "sms"]
    assert by_email
    assert nothing_wrong()


# Who may -------------------------------------------------------------------------------------------


def test_a_wrong_secret_is_as_an_unknown_reference(household: tuple[Body, Accepted]) -> None:
    body, receipt = household
    with pytest.raises(NotFound):
        declare(receipt, change_of(changed(body, bills=MORE), "bills"), secret="0000000000")
    assert value("select count(*) from cases") == 1


def test_an_officer_files_for_a_household_without_a_secret(household: tuple[Body, Accepted], worker: Worker) -> None:
    body, receipt = household
    update = declare(receipt, change_of(changed(body, bills=MORE), "bills"), officer="amina")
    drain_all(worker())

    assert current_stage(update) == "notified"
    assert value("select actor from event where case_id = %s and seq = 1", update.case_id).startswith("officer:")
    assert nothing_wrong()


@pytest.mark.parametrize(
    ("request_of", "field"),
    [
        (lambda body: change_of(changed(body, bills=MORE), "bills", based_on=2), "based_on"),
        (lambda body: change_of(body, "bills"), "declaration"),
        (lambda body: change_of(changed(body, bills=MORE), "member_joined", "birth"), "change"),
        (lambda body: change_of(changed(body, bills=MORE), "correction", "error"), "change"),
        (
            lambda body: change_of(
                changed(body, bills=MORE), "bills", true_from=day_of(clock.now()) + timedelta(days=1)
            ),
            "true_from",
        ),
        (
            lambda body: change_of(
                changed(body, bills=MORE), "bills", true_from=day_of(clock.now()) - timedelta(days=1)
            ),
            "true_from",
        ),
    ],
    ids=["a version to come", "nothing changes", "nobody joins", "a correction", "tomorrow", "before the first day"],
)
def test_what_cannot_be_is_refused_with_its_field(
    household: tuple[Body, Accepted], request_of: Callable[[Body], ChangeRequest], field: str
) -> None:
    body, receipt = household
    with pytest.raises(Refused) as refused:
        declare(receipt, request_of(body))
    assert problem_of(refused) == [field]
    assert value("select count(*) from cases") == 1


def test_a_change_that_is_sent_twice_counts_once(household: tuple[Body, Accepted], worker: Worker) -> None:
    body, receipt = household
    request = change_of(changed(body, bills=MORE), "bills")

    first, second = declare(receipt, request), declare(receipt, request)

    assert (second.reference, second.repeated) == (first.reference, True)
    assert value("select count(*) from cases where kind = 'update'") == 1


def test_no_more_than_five_changes_of_a_household_are_open(household: tuple[Body, Accepted]) -> None:
    body, receipt = household
    for number in range(5):
        declare(receipt, change_of(changed(body, bills=MORE | {"gas": number}), "bills"))
    with pytest.raises(Refused, match="open"):
        declare(receipt, change_of(changed(body, bills=MORE | {"gas": 6}), "bills"))


def test_of_changes_at_once_no_more_than_five_are_open(household: tuple[Body, Accepted]) -> None:
    # Given four open changes, and one that is not committed yet
    body, receipt = household

    def request(gas: int) -> ChangeRequest:
        return change_of(changed(body, bills=MORE | {"gas": str(gas)}), "bills")

    for gas in range(4):
        declare(receipt, request(gas))
    with ThreadPoolExecutor(3) as senders, transaction() as connection:
        fifth = DeclaredChange(receipt.reference, request(4), Sender(secret=receipt.secret))
        declare_change(connection, fifth, clock.now(), notices)

        # When others come meanwhile
        more = [senders.submit(declare, receipt, request(gas)) for gas in range(5, 8)]
        wait(more, timeout=0.5)
        connection.commit()

    # Then each counts that one
    assert [type(each.exception()) for each in more] == [Refused] * 3
    assert value("select count(*) from cases where kind = 'update' and open") == 5


# Turns ---------------------------------------------------------------------------------------------


def test_a_second_change_of_other_fields_is_rebased(household: tuple[Body, Accepted], worker: Worker) -> None:
    body, receipt = household
    first = declare(receipt, change_of(changed(body, bills=MORE), "bills"))
    second = declare(receipt, change_of(changed(body, commune="Taza"), "moved"))

    drain_all(worker())

    assert [current_stage(each) for each in (first, second)] == ["notified", "notified"]
    assert facts_of(second, "ChangeRebased")["version"] == 2
    declared = value(
        "select body -> 'declaration' from case_body where case_id = %s order by number desc limit 1", second.case_id
    )
    assert (declared["commune"], declared["bills"]["telecom"]) == ("Taza", "700")
    assert rows("select version from household_version order by version") == [(1,), (2,), (3,)]
    assert nothing_wrong()


def test_a_second_change_of_the_same_field_is_the_citizens_to_choose(
    household: tuple[Body, Accepted], worker: Worker
) -> None:
    body, receipt = household
    declare(receipt, change_of(changed(body, bills=MORE), "bills"))
    second = declare(receipt, change_of(changed(body, bills=MORE | {"gas": "10"}), "bills"))
    drain_all(worker())
    assert current_stage(second) == "conflicting"
    assert facts_of(second, "ChangeConflicts")["fields"] == ["bills.gas"]
    assert messages_of(second)[-1] == "update_conflict"

    citizen(second, "correction", changed(body, bills=MORE | {"gas": "11"}))
    drain_all(worker())

    assert current_stage(second) == "notified"
    assert rows("select max(version) from household_version") == [(3,)]
    assert nothing_wrong()


def test_a_conflict_that_nobody_answers_changes_nothing(household: tuple[Body, Accepted], worker: Worker) -> None:
    body, receipt = household
    declare(receipt, change_of(changed(body, bills=MORE), "bills"))
    second = declare(receipt, change_of(changed(body, bills=MORE | {"gas": "10"}), "bills"))
    drain_all(worker())
    with after(reminded("conflict")):
        ring_timers()
        drain_all(worker())
        assert current_stage(second) == "conflicting"
    with after(over("conflict")) as now:
        ring_timers()
        drain_all(worker())
        assert current_stage(second) == "lapsed"
        with clock.at(now):
            assert nothing_wrong()
    assert rows("select max(version) from household_version") == [(2,)]


def test_a_change_that_people_looked_at_undoes_no_other_change(
    household: tuple[Body, Accepted], worker: Worker
) -> None:
    body, receipt = household
    departure = depart(receipt, adult(body))
    drain_all(worker())
    other = declare(receipt, change_of(changed(body, bills=MORE), "bills"))
    drain_all(worker())
    assert [current_stage(each) for each in (departure, other)] == ["under_review", "notified"]

    caseworker(departure, "clear", "moved")
    drain_all(worker())

    assert current_stage(departure) == "notified"
    assert facts_of(departure, "ChangeOvertaken")["version"] == 2
    assert messages_of(departure).count("departure_declared") == 1
    declared = value(
        "select body -> 'declaration' from case_body where case_id = %s order by number desc limit 1",
        departure.case_id,
    )
    assert declared["bills"]["telecom"] == "700"
    assert adult(body) not in [each["idcs"] for each in declared["members"]]
    assert nothing_wrong()


def test_a_change_of_a_household_that_ended_meanwhile_is_void(household: tuple[Body, Accepted], worker: Worker) -> None:
    body, receipt = household
    departure = depart(receipt, adult(body))
    removal = declare(receipt, change_of(body, "removal", "request"))
    drain_all(worker())
    with after(over("removal")) as now:
        ring_timers()
        drain_all(worker())
        assert current_stage(removal) == "removed"
        caseworker(departure, "clear", "moved")
        drain_all(worker())
        assert current_stage(departure) == "void"
        with clock.at(now):
            assert nothing_wrong()


# The end of a household ----------------------------------------------------------------------------


def test_a_removal_waits_seven_days_and_ends_the_household(household: tuple[Body, Accepted], worker: Worker) -> None:
    body, receipt = household
    removal = declare(receipt, change_of(body, "removal", "request"))
    drain_all(worker())
    assert current_stage(removal) == "leaving"
    assert messages_of(removal)[-1] == "removal_announced"

    with after(over("removal")) as now:
        ring_timers()
        drain_all(worker())
        assert current_stage(removal) == "removed"
        assert messages_of(removal)[-1] == "removed"
        assert value("select count(*) from person_claim") == 0
        assert value("select count(*) from household_period where upper_inf(valid) and upper_inf(known)") == 0
        with clock.at(now):
            assert nothing_wrong()
        with pytest.raises(Refused, match="not in the register"):
            declare(receipt, change_of(changed(body, bills=MORE), "bills"), officer="amina")


def test_a_household_that_changes_before_its_removal_is_told_again(
    household: tuple[Body, Accepted], worker: Worker
) -> None:
    body, receipt = household
    removal = declare(receipt, change_of(body, "removal", "request"))
    drain_all(worker())
    declare(receipt, change_of(changed(body, bills=MORE), "bills"))
    drain_all(worker())
    with after(over("removal")):
        ring_timers()
        drain_all(worker())
        assert current_stage(removal) == "leaving"
    with after(over("removal", 2) + 0.2) as now:
        ring_timers()
        drain_all(worker())
        assert current_stage(removal) == "removed"
        assert messages_of(removal) == ["update_received", "removal_announced", "removal_announced", "removed"]
        with clock.at(now):
            assert nothing_wrong()


def test_a_removal_can_be_taken_back(household: tuple[Body, Accepted], worker: Worker) -> None:
    body, receipt = household
    removal = declare(receipt, change_of(body, "removal", "request"))
    drain_all(worker())

    citizen(removal, "withdrawal")

    assert current_stage(removal) == "withdrawn"
    assert value("select count(*) from person_claim") == len(body["members"])
    assert nothing_wrong()


def test_whoever_left_the_register_may_apply_again(household: tuple[Body, Accepted], worker: Worker) -> None:
    body, receipt = household
    declare(receipt, change_of(body, "removal", "request"))
    drain_all(worker())
    with after(over("removal")) as now:
        ring_timers()
        drain_all(worker())
        (again,) = file({name: given for name, given in body.items() if name != "application"} | {"application": "x"})
        drain_all(worker())
        assert current_stage(again) == "notified"
        with clock.at(now):
            assert nothing_wrong()


# A member's own departure --------------------------------------------------------------------------


def adult(body: Body) -> str:
    """An adult who is not the head."""
    return next(
        str(each["idcs"])
        for each in body["members"]
        if each["relationship"] != "head" and str(each["birth_date"]) < "2005"
    )


def test_an_adult_declares_their_own_departure_and_a_caseworker_decides(
    household: tuple[Body, Accepted], worker: Worker
) -> None:
    body, receipt = household
    idcs = adult(body)

    update = depart(receipt, idcs)
    drain_all(worker())
    assert current_stage(update) == "under_review"
    assert "departure_declared" in messages_of(update)

    caseworker(update, "clear", "moved")
    drain_all(worker())

    assert current_stage(update) == "notified"
    assert value("select count(*) from person_claim where idcs = %s", idcs) == 0
    assert nothing_wrong()


def test_the_head_and_a_stranger_cannot_depart_like_this(household: tuple[Body, Accepted]) -> None:
    body, receipt = household
    head = next(str(each["idcs"]) for each in body["members"] if each["relationship"] == "head")
    for idcs in (head, an_idcs(99)):
        with pytest.raises(Refused):
            depart(receipt, idcs)
