"""Another phone of a household: it waits until the known number was told, unless codes showed both."""

import pytest

from models import clock
from tests.changing import change_of, declare, nothing_wrong
from tests.filing import Body, Worker, changed, current_stage, drain_all, events_of, messages_of, rows, value
from tests.integration.test_updates import MORE
from tests.integration.test_updates import household as household
from tests.people import after, citizen, ring_timers
from tests.terms import days_of, over
from workflows.engine import work
from workflows.intake.submit import Accepted

NEW_PHONE = "+212661000001"


def phone_in_register() -> str:
    """The phone of the household's last version."""
    of_last = "select case_id from household_version order by version desc limit 1"
    return str(value(f"select phone from case_body where case_id = ({of_last}) order by number desc limit 1"))


def test_a_new_phone_that_nobody_showed_waits_and_tells_both_numbers_at_each_step(
    household: tuple[Body, Accepted], worker: Worker
) -> None:
    body, receipt = household
    old = phone_in_register()

    update = declare(receipt, change_of(changed(body, phone=NEW_PHONE), "contact"))
    drain_all(worker())
    assert (current_stage(update), phone_in_register()) == ("changing_phone", old)
    told = rows("select template, recipient from message where case_id = %s order by seq, template", update.case_id)
    assert told == [
        ("update_received", NEW_PHONE),
        ("update_received_besides", old),
        ("new_phone", NEW_PHONE),
        ("new_phone_besides", old),
    ]
    assert nothing_wrong()

    with after(days_of("new_phone") - 1.1):
        ring_timers()
        drain_all(worker())
        assert (current_stage(update), phone_in_register()) == ("changing_phone", old)
    with after(over("new_phone")) as now:
        ring_timers()
        drain_all(worker())
        assert (current_stage(update), phone_in_register()) == ("notified", NEW_PHONE)
        assert events_of(update).count("NewPhoneAnnounced") == 1
        with clock.at(now):
            assert nothing_wrong()


def test_a_new_phone_of_which_both_were_shown_counts_at_once_and_is_told_to_both(
    household: tuple[Body, Accepted], worker: Worker
) -> None:
    body, receipt = household
    old = phone_in_register()
    changing = change_of(changed(body, phone=NEW_PHONE), "contact")
    update = declare(receipt, changing, secret=receipt.secret, phone_shown=True)
    drain_all(worker())
    assert (current_stage(update), phone_in_register()) == ("notified", NEW_PHONE)
    told = rows("select template, recipient from message where case_id = %s order by seq, template", update.case_id)
    assert [recipient for template, recipient in told if template.endswith("_besides")] == [old] * 2
    assert nothing_wrong()


def test_whoever_has_the_known_phone_withdraws_another_one_in_time(
    household: tuple[Body, Accepted], worker: Worker
) -> None:
    body, receipt = household
    old = phone_in_register()
    update = declare(receipt, change_of(changed(body, phone=NEW_PHONE), "contact"), officer="amina")
    drain_all(worker())
    citizen(update, "withdrawal")
    with after(over("new_phone")) as now:
        ring_timers()
        drain_all(worker())
        assert (current_stage(update), phone_in_register()) == ("withdrawn", old)
        with clock.at(now):
            assert nothing_wrong()


def test_a_correction_that_names_yet_another_phone_waits_anew(household: tuple[Body, Accepted], worker: Worker) -> None:
    """Else a change of something else, which is corrected, would bring a phone in of which nobody was told."""
    body, receipt = household
    first = declare(receipt, change_of(changed(body, bills=MORE), "bills"))
    other = changed(body, bills=MORE | {"gas": "10"}, phone=NEW_PHONE)
    shown = declare(receipt, change_of(other, "bills"), secret=receipt.secret, phone_shown=True)
    drain_all(worker())
    assert [current_stage(each) for each in (first, shown)] == ["notified", "conflicting"]
    citizen(shown, "correction", changed(other, phone="+212661000002"))
    drain_all(worker())
    assert current_stage(shown) == "changing_phone"
    assert nothing_wrong()


def test_a_phone_that_was_shown_beside_one_that_is_known_no_more_waits(
    household: tuple[Body, Accepted], worker: Worker
) -> None:
    """Else who has a stolen phone would have the file, and the number in its place would hear of it too late."""
    body, receipt = household
    own = declare(
        receipt, change_of(changed(body, phone=NEW_PHONE), "contact"), secret=receipt.secret, phone_shown=True
    )
    other = changed(body, phone="+212661000002")
    thiefs = declare(receipt, change_of(other, "contact"), secret=receipt.secret, phone_shown=True)
    drain_all(worker())
    assert [current_stage(each) for each in (own, thiefs)] == ["notified", "conflicting"]
    citizen(thiefs, "correction", other)
    drain_all(worker())
    assert (current_stage(thiefs), phone_in_register()) == ("changing_phone", NEW_PHONE)
    assert nothing_wrong()


def test_a_change_that_began_before_another_phone_was_registered_brings_none_back_and_waits_for_none(
    household: tuple[Body, Accepted], worker: Worker
) -> None:
    body, receipt = household
    changing = change_of(changed(body, phone=NEW_PHONE), "contact")
    declare(receipt, changing, secret=receipt.secret, phone_shown=True)
    drain_all(worker())
    begun_before = declare(receipt, change_of(changed(body, bills=MORE), "bills", based_on=1))
    drain_all(worker())
    assert (current_stage(begun_before), phone_in_register()) == ("notified", NEW_PHONE)
    assert not [each for each in messages_of(begun_before) if each.startswith("new_phone")]
    assert nothing_wrong()


def test_a_phone_that_another_change_registered_meanwhile_is_not_waited_for(
    household: tuple[Body, Accepted], worker: Worker
) -> None:
    body, receipt = household
    changing = change_of(changed(body, phone=NEW_PHONE), "contact")
    declare(receipt, changing, secret=receipt.secret, phone_shown=True)
    same = declare(receipt, change_of(changed(body, bills=MORE, phone=NEW_PHONE), "bills"))
    drain_all(worker())
    assert (current_stage(same), phone_in_register()) == ("notified", NEW_PHONE)
    assert nothing_wrong()


def test_yet_another_phone_after_one_that_waited_waits_anew(household: tuple[Body, Accepted], worker: Worker) -> None:
    """Both numbers were told of the first one alone."""
    body, receipt = household
    old = phone_in_register()
    both = changed(body, bills=MORE | {"gas": "10"}, phone=NEW_PHONE)
    update = declare(receipt, change_of(both, "bills"))
    drain_all(worker())
    declare(receipt, change_of(changed(body, bills=MORE), "bills"))
    drain_all(worker())
    with after(over("new_phone")) as now:
        ring_timers()
        drain_all(worker())
        assert current_stage(update) == "conflicting"
        citizen(update, "correction", changed(both, phone="+212661000002"))
        drain_all(worker())
        assert (current_stage(update), phone_in_register()) == ("changing_phone", old)
        assert events_of(update).count("NewPhoneAnnounced") == 2
        with clock.at(now):
            assert nothing_wrong()


@pytest.mark.parametrize("turns", [True, False], ids=["by turns", "were there no turns"])
def test_a_removal_and_another_phone_that_are_due_together_change_the_household_one_after_the_other(
    household: tuple[Body, Accepted], worker: Worker, monkeypatch: pytest.MonkeyPatch, turns: bool
) -> None:
    """Else one transaction carries both to their ends, and what one does to the household undoes the other's.

    Without the turns it is refused, and the batch is halved until each goes alone.
    """
    if not turns:
        monkeypatch.setattr(work, "is_left_behind", lambda case: case.must_be_read_again)
    body, receipt = household
    removal = declare(receipt, change_of(body, "removal", "request"))
    phone = declare(receipt, change_of(changed(body, phone=NEW_PHONE), "contact"))
    drain_all(worker())
    assert (current_stage(removal), current_stage(phone)) == ("leaving", "changing_phone")

    with after(over("removal")) as now:
        ring_timers()
        drain_all(worker())
        assert current_stage(phone) == "notified"
        assert current_stage(removal) == "leaving"  # told again, because the household has changed
        with clock.at(now):
            assert nothing_wrong()
