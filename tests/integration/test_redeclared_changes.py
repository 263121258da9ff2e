"""A change that is corrected stays the change that was filed: its kind, its members, and who is told besides."""

from collections.abc import Callable
from typing import Any

import pytest

from models.errors import Refused
from tests.changing import change_of, declare, depart, nothing_wrong, without
from tests.filing import Body, changed, current_stage, rows, value
from tests.people import caseworker, citizen
from workflows.intake.submit import Accepted

Work = Callable[[], None]
BILLS = {"telecom": "501"}
OTHER_PHONE = "+212661000099"
NEWEST = "select body -> 'declaration' from case_body where case_id = %s order by number desc limit 1"


def asked_to_correct(receipt: Accepted, body: Body, kind: str, work: Work) -> Accepted:
    """A change of this kind with a birth date that the population register does not know."""
    request = change_of(changed(body, 1, birth_date="1950-01-01", birth_precision="day"), kind)
    update = declare(receipt, request, secret=receipt.secret, phone_shown=True)
    work()
    assert current_stage(update) == "needs_correction"
    return update


def leaver(body: Body) -> int:
    """The place of an adult who neither heads the household nor declares for it."""
    return next(
        place
        for place, each in enumerate(body["members"])
        if each["relationship"] != "head" and not each.get("declarant") and str(each["birth_date"]) < "2005"
    )


def departing(receipt: Accepted, body: Body, work: Work) -> tuple[Accepted, Body]:
    """The departure of an adult that a caseworker sent back, and what it declares."""
    place = leaver(body)
    update = depart(receipt, str(body["members"][place]["idcs"]))
    work()
    caseworker(update, "correct", "value_in_doubt")
    return update, without(body, place)


def refusal(act: Callable[[], Any]) -> tuple[str, list[str]]:
    """The code of what is refused, and the fields that it names."""
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code, [each["field"] for each in refused.value.problems]


def test_a_change_of_bills_is_not_corrected_into_a_departure(home: tuple[Body, Accepted], work: Work) -> None:
    body, receipt = home
    update = asked_to_correct(receipt, changed(body, bills=BILLS), "bills", work)

    smaller = without(changed(body, bills=BILLS), leaver(body))
    assert refusal(lambda: citizen(update, "correction", smaller)) == ("not_valid", ["declaration"])
    assert current_stage(update) == "needs_correction"

    citizen(update, "correction", changed(body, bills=BILLS))
    work()
    assert current_stage(update) == "notified"
    assert value("select count(*) from person_claim") == len(body["members"])
    assert nothing_wrong()


def test_a_change_is_not_corrected_into_what_the_register_says_already(home: tuple[Body, Accepted], work: Work) -> None:
    body, receipt = home
    update = asked_to_correct(receipt, changed(body, bills=BILLS), "bills", work)

    assert refusal(lambda: citizen(update, "correction", body)) == ("not_valid", ["declaration"])


def test_a_correction_may_hold_who_joined_by_another_change_meanwhile(home: tuple[Body, Accepted], work: Work) -> None:
    body, receipt = home
    update = asked_to_correct(receipt, changed(body, bills=BILLS), "bills", work)
    smaller = without(body, leaver(body))
    declare(receipt, change_of(smaller, "member_left", "departure"))
    work()

    citizen(update, "correction", changed(smaller, bills=BILLS))
    work()

    assert current_stage(update) == "notified"
    assert value("select count(*) from person_claim") == len(smaller["members"])
    assert nothing_wrong()


def test_a_new_phone_of_a_correction_is_told_to_the_old_one(home: tuple[Body, Accepted], work: Work) -> None:
    body, receipt = home
    old = value("select phone from case_body where case_id = %s", receipt.case_id)
    update = asked_to_correct(receipt, changed(body, bills=BILLS), "bills", work)

    citizen(update, "correction", changed(body, bills=BILLS, phone=OTHER_PHONE))
    work()

    assert current_stage(update) == "changing_phone"
    told = rows("select template, recipient from message where case_id = %s", update.case_id)
    assert {who for template, who in told if template.startswith("new_phone")} == {old, OTHER_PHONE}


def test_a_new_phone_that_is_corrected_back_is_told_once(home: tuple[Body, Accepted], work: Work) -> None:
    body, receipt = home
    update = asked_to_correct(receipt, changed(body, bills=BILLS, phone=OTHER_PHONE), "contact", work)

    citizen(update, "correction", changed(body, bills=BILLS))
    work()

    assert current_stage(update) == "notified"
    told = rows("select recipient, count(*) from message where case_id = %s group by seq, recipient", update.case_id)
    assert {count for _, count in told} == {1}


@pytest.mark.parametrize(
    ("rewritten", "field"),
    [({"bills": {"telecom": "9999"}}, "declaration.bills.telecom"), ({"phone": OTHER_PHONE}, "declaration.phone")],
)
def test_whoever_leaves_changes_nothing_else_of_the_household(
    home: tuple[Body, Accepted], work: Work, rewritten: Body, field: str
) -> None:
    body, receipt = home
    update, rest = departing(receipt, body, work)

    assert refusal(lambda: citizen(update, "correction", changed(rest, **rewritten))) == ("not_valid", [field])


def test_a_departure_is_declared_anew_on_the_household_as_it_is_now(home: tuple[Body, Accepted], work: Work) -> None:
    body, receipt = home
    update, rest = departing(receipt, body, work)
    declare(
        receipt,
        change_of(changed(body, bills=BILLS, phone=OTHER_PHONE), "bills"),
        secret=receipt.secret,
        phone_shown=True,
    )
    work()

    citizen(update, "correction", rest)
    work()
    caseworker(update, "clear", "moved")
    work()

    assert current_stage(update) == "notified"
    declared = value(NEWEST, update.case_id)
    assert (declared["bills"]["telecom"], declared["phone"]) == ("501", OTHER_PHONE)
    assert [each["idcs"] for each in declared["members"]] == [each["idcs"] for each in rest["members"]]
    assert nothing_wrong()


def test_a_departure_that_the_household_declared_meanwhile_is_withdrawn(
    home: tuple[Body, Accepted], work: Work
) -> None:
    body, receipt = home
    update, rest = departing(receipt, body, work)
    declare(receipt, change_of(rest, "member_left", "departure"))
    work()

    assert refusal(lambda: citizen(update, "correction", rest)) == ("no_departure", [])
    assert citizen(update, "withdrawal").stage == "withdrawn"
