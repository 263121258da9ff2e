"""Another phone of a registered household: shown by a code, told to both numbers, and waiting else."""

from html import unescape

import pytest

from models.errors import Refused
from notifications.catalogues import LANGUAGES
from tests.changing import change_of, declare
from tests.filing import a_household, current_stage, rows, value
from tests.people import after
from tests.portal.applying import Applying, code_sent
from tests.portal.conftest import Client
from tests.portal.standing import registered, work_off
from tests.portal.test_changing import begun
from tests.portal.test_signing_in import asked, typed
from tests.portal.visiting import open_file
from tests.terms import days_of
from web.language import PAGES
from workflows.casework.changes import MOST_PHONES, PHONES_WITHIN
from workflows.intake.receipts import secret_for
from workflows.intake.submit import Accepted

NEW = "+212661000001"
PHONES = "select b.phone from case_body b join cases c on c.id = b.case_id where c.kind = 'update'"
both = pytest.mark.parametrize("language", LANGUAGES)


def update_of() -> Accepted:
    """The one update there is."""
    ((reference, case_id),) = rows(
        "select r.reference, c.id from cases c join receipt r on r.case_id = c.id where c.kind = 'update'"
    )
    return Accepted(reference, "", case_id)


def stays(language: str) -> str:
    """What is said to who opened their file by the secret."""
    said = (
        "You opened your file with the secret code of the receipt. So the number that we know stays in use for {days} "
        "days, and we tell both numbers. If you have that number at hand, sign in by a code instead: then the new one "
        "counts at once."
    )
    return PAGES.text(language, said).format(days=days_of("new_phone"))


def becomes_the_phone_of(taken: Accepted) -> None:
    """Another number becomes that of a registered household: they have both at hand."""
    declared = change_of(a_household(0, members=3).body | {"phone": NEW}, "contact")
    declare(taken, declared, secret=taken.secret, phone_shown=True)
    work_off()
    assert current_stage(update_of()) == "notified"


def with_new_phone(who: Applying) -> tuple[str, str]:
    """Declares another number and sends it; the page that follows, and its name."""
    assert who.answer("contact", phone=NEW, language="ar") == "check"
    status, page, after = who.send("check")
    assert status == 200
    return page, after


@both
def test_by_the_secret_the_new_number_is_shown_by_a_code_and_waits(client: Client, language: str) -> None:
    who, _ = begun(client, "contact", language)
    page, after = with_new_phone(who)
    assert after == "code"
    assert PAGES.text(language, "Send without a code") in page
    assert stays(language) in page
    who.answer("code", do="send")
    wrong, page, _ = who.send("code", code="000000")
    assert (wrong, value("select count(*) from cases where kind = 'update'")) == (422, 0)
    status, page, _ = who.send("code", code=code_sent(client))
    waits = "For {days} days codes and messages still go to the number that we know. Both numbers are told."
    assert (status, PAGES.text(language, waits).format(days=days_of("new_phone")) in page) == (200, True)
    undo = "Was another number not meant? Open the file of this change before then, and withdraw the change."
    assert PAGES.text(language, undo) in page
    work_off()
    assert (current_stage(update_of()), rows(PHONES)) == ("changing_phone", [(NEW,)])
    shown = unescape(client.get(f"/{language}/status/{update_of().reference}").text)
    assert PAGES.text(language, "update_changing_phone.title") in shown


def test_who_has_both_numbers_at_hand_changes_them_at_once(client: Client) -> None:
    taken = registered()
    asked(client, taken.reference)
    typed(client, code_sent(client))
    who, _ = begun(client, "contact", taken=taken)
    page, after = with_new_phone(who)
    assert after == "code"
    assert stays("fr") not in page
    client.cookies.delete("__Host-code")
    who.answer("code", do="send")
    assert who.send("code", code=code_sent(client))[0] == 200
    work_off()
    assert current_stage(update_of()) == "notified"
    assert 'name="secret"' not in client.get(f"/fr/status/{taken.reference}/mine").text, "they showed the new one here"


def test_without_a_code_to_the_new_number_it_waits_even_for_who_has_the_known_one(client: Client) -> None:
    taken = registered()
    asked(client, taken.reference)
    typed(client, code_sent(client))
    who, _ = begun(client, "contact", taken=taken)
    with_new_phone(who)
    assert who.send("code", do="without")[0] == 200
    work_off()
    assert current_stage(update_of()) == "changing_phone"


def test_the_code_that_shows_a_new_number_opens_no_file(client: Client) -> None:
    who, _ = begun(client, "contact")
    with_new_phone(who)
    who.answer("code", do="send")
    opened = typed(client, code_sent(client))
    assert (opened.status_code, PAGES.text("fr", "wrong.code_over") in unescape(opened.text)) == (422, True)
    assert rows("select household_id from receipt_session where household_id is not null") == []


def test_a_code_to_a_number_that_is_the_households_no_more_opens_nothing(client: Client) -> None:
    taken = registered()
    asked(client, taken.reference)
    becomes_the_phone_of(taken)
    assert typed(client, code_sent(client)).status_code == 422


@pytest.mark.parametrize("own", ["yes", "no"])
def test_a_visit_that_a_code_opened_is_over_once_its_number_is_the_households_no_more(client: Client, own: str) -> None:
    taken = registered()
    asked(client, taken.reference, own=own)
    typed(client, code_sent(client))
    mine = f"/fr/status/{taken.reference}/mine"
    assert 'name="secret"' not in client.get(mine).text
    becomes_the_phone_of(taken)
    assert 'name="secret"' in client.get(mine).text
    assert 'name="mark"' not in client.get(f"/fr/status/{update_of().reference}").text


def test_a_visit_that_the_secret_opened_goes_on_when_the_phone_changes(client: Client) -> None:
    taken = registered()
    open_file(client, taken)
    becomes_the_phone_of(taken)
    assert 'name="secret"' not in client.get(f"/fr/status/{taken.reference}/mine").text


def test_a_visit_that_a_code_opened_is_never_shown_the_secret(client: Client) -> None:
    taken = registered()
    asked(client, taken.reference)
    assert typed(client, code_sent(client)).status_code == 200
    answer = client.get(f"/fr/apply/{taken.reference}/receipt", follow_redirects=False)
    assert answer.headers["location"] == f"/fr/status/{taken.reference}"
    who, _ = begun(client, "bills", taken=taken)
    tasks = who.page()
    assert (f'id="reference">{taken.reference}<' in tasks, taken.secret in tasks) == (True, False)
    assert taken.secret not in who.page("check")


def test_the_receipt_of_a_change_that_began_before_another_phone_was_registered_says_nothing_of_a_phone(
    client: Client,
) -> None:
    who, _ = begun(client, "bills")
    who.answer("water", bills__water_electricity=["80"])
    who.answer("gas", bills__gas="12")
    who.answer("telecom", bills__telecom="99.90")
    becomes_the_phone_of(Accepted(who.reference, who.secret, int(value("select min(id) from cases"))))
    status, page, after = who.send("check")
    assert (status, after) == (200, "receipt")
    waits = "For {days} days codes and messages still go to the number that we know. Both numbers are told."
    assert PAGES.text("fr", waits).format(days=days_of("new_phone")) not in page
    work_off()
    assert {stage for (stage,) in rows("select stage from cases where kind = 'update'")} == {"notified"}


def test_what_is_sent_in_a_visit_that_a_code_opened_has_a_receipt_without_a_secret(client: Client) -> None:
    """That of a change opens the household as that of its registration does: a lost phone would have it for ever."""
    taken = registered()
    asked(client, taken.reference)
    typed(client, code_sent(client))
    who, _ = begun(client, "bills", taken=taken)
    who.answer("water", bills__water_electricity=["80"])
    who.answer("gas", bills__gas="12")
    who.answer("telecom", bills__telecom="99.90")
    _, page, after = who.send("check")
    assert (after, f'id="reference">{update_of().reference}<' in page) == ("receipt", True)
    assert 'id="secret"' not in page
    assert secret_for(update_of().reference) not in page
    said = "Write the reference down or print this page. With it you open this file by a code to your phone."
    assert PAGES.text("fr", said) in page


def test_another_change_of_the_contact_asks_for_no_code(client: Client) -> None:
    who, _ = begun(client, "contact")
    assert who.answer("contact", phone=value("select phone from case_body"), language="fr") == "check"
    assert who.send("check")[2] == "receipt"
    work_off()
    assert current_stage(update_of()) == "notified"


@both
def test_who_signs_in_by_the_known_number_reads_at_once_that_another_waits(client: Client, language: str) -> None:
    who, _ = begun(client, "contact", language)
    with_new_phone(who)
    assert who.send("code", do="without")[0] == 200
    work_off()
    client.cookies.clear()
    asked(client, who.reference)
    typed(client, code_sent(client))
    page = unescape(client.get(f"/{language}/status/{who.reference}").text)
    assert PAGES.text(language, "update_changing_phone.title") in page
    assert f'href="/{language}/status/{update_of().reference}"' in page
    assert PAGES.text(language, "You can take it back before {day}.").partition("{day}")[0] in page


@both
def test_a_fourth_number_within_a_month_is_refused_before_a_code_leaves(client: Client, language: str) -> None:
    taken, body = registered(), a_household(0, members=3).body
    for number in range(MOST_PHONES):
        declare(taken, change_of(body | {"phone": f"+21266100001{number}"}, "contact"))
    open_file(client, taken, language)
    who, _ = begun(client, "contact", language, taken)
    assert who.answer("contact", phone=NEW, language="ar") == "check"
    status, page, after_it = who.send("check")
    assert (status, after_it) == (422, "check")
    assert PAGES.text(language, "cannot_apply.too_many_phones") in page
    assert who.send("code", do="send")[::2] == (422, "check"), "the page of the code sends none either"
    assert value("select count(*) from phone_code") == 0
    assert value("select count(*) from cases where kind = 'update'") == MOST_PHONES


def test_an_officer_may_name_one_still_and_so_may_everybody_a_month_later(client: Client) -> None:
    taken, body = registered(), a_household(0, members=3).body
    for number in range(MOST_PHONES):
        declare(taken, change_of(body | {"phone": f"+21266100001{number}"}, "contact"))
    with pytest.raises(Refused, match="3 times within 30 days"):
        declare(taken, change_of(body | {"phone": NEW}, "contact"))
    declare(taken, change_of(body | {"phone": NEW}, "contact"), officer="amina")
    with after(PHONES_WITHIN.days + 1):
        declare(taken, change_of(body | {"phone": "+212661000002"}, "contact"))
