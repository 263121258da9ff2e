"""A citizen contests a decision on pages: chosen, said, checked, sent once, and followed with a receipt of its own."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from notifications.catalogues import LANGUAGES
from tests.appealing import acts, an_appeal, findings
from tests.filing import current_stage, rows, value
from tests.people import caseworker
from tests.portal.applying import code_sent
from tests.portal.conftest import Client
from tests.portal.standing import (
    departure,
    entry_reviewed,
    in_work,
    leaving,
    registered,
    rejected,
    to_correct,
    work_off,
)
from tests.portal.test_signing_in import asked, typed
from tests.portal.visiting import address_of, hidden_of, open_file, send, shown
from tests.terms import days_of
from web.language import PAGES, day
from workflows.intake.receipts import secret_for
from workflows.intake.submit import Accepted

both = pytest.mark.parametrize("language", LANGUAGES)
TERM = timedelta(days_of("lodging"))
LONG_AGO = f"interval '{TERM.days + 10} days'"
WORDS = "لم يكن لنا هذا الخط.\nVoilà <b>."
TERMS = (
    "It costs nothing. Nobody may ask you for money for it.",
    "Meanwhile nothing is taken from the register: your household stays as it stands there. Each programme decides on "
    "its help itself.",
    "You may be asked for papers, such as a bill, or for an explanation. If you do not answer, we decide on what we "
    "know.",
    "A correction counts from the day of the decision. If it makes the index higher, a programme may end its help and "
    "ask back what it has paid since: ask the programme first.",
)


def up_to_check(client: Client, taken: Accepted, language: str = "fr") -> str:
    """The page on which the citizen looks at the appeal a last time, reached over the pages before it."""
    open_file(client, taken, language)
    send(client, address_of(taken, "appeal?value=bills.telecom", language), value="bills.telecom", since="wrong")
    answer = send(client, address_of(taken, "appeal/values", language), should__bills__telecom="49,5", text=WORDS)
    assert str(answer.url.path) == address_of(taken, "appeal/check", language)
    return unescape(answer.text)


def appeals() -> list[tuple[str, dict[str, object]]]:
    """The appeals there are: reference and body."""
    found = (
        "select reference, body from cases c join case_body b on b.case_id = c.id join receipt r on r.case_id = c.id"
    )
    return rows(f"{found} where c.kind = 'appeal' order by c.id")


@both
def test_a_value_is_contested_from_the_link_beside_it_to_the_receipt(client: Client, language: str) -> None:
    taken = registered()
    page = up_to_check(client, taken, language)
    assert WORDS in page
    assert "49,5" in page
    assert appeals() == []

    answer = send(client, address_of(taken, "appeal/check", language))

    ((reference, body),) = appeals()
    assert str(answer.url.path) == address_of(taken, "appeal/receipt", language)
    assert body["contested"] == [{"path": "bills.telecom", "should_be": "49.5"}]
    assert (body["decision"], body["grounds"]) == ("index", ["value_wrong"])
    assert rows("select text from case_text") == [(WORDS,)]
    assert value("select facts ->> 'channel' from event where kind = 'AppealLodged'") == "page"
    assert reference in answer.text
    for _ in range(2):
        again = shown(client, address_of(taken, "appeal/receipt", language))
        (secret,) = re.findall(r'id="appeal-secret">(\w+)<', again)
    assert open_file(client, Accepted(reference, secret, 0), language)


def test_an_appeal_from_a_visit_that_a_code_opened_has_a_receipt_without_a_secret(client: Client) -> None:
    taken = registered()
    asked(client, taken.reference)
    typed(client, code_sent(client))
    send(client, address_of(taken, "appeal?value=bills.telecom"), value="bills.telecom", since="wrong")
    send(client, address_of(taken, "appeal/values"), should__bills__telecom="49,5", text=WORDS)
    page = send(client, address_of(taken, "appeal/check")).text
    ((reference, _),) = appeals()
    assert reference in page
    assert 'id="appeal-secret"' not in page
    assert secret_for(reference) not in page


@both
def test_what_it_means_stands_before_the_button(client: Client, language: str) -> None:
    taken = registered()
    until = value(
        "update message set delivery = 'delivered', delivery_at = now() where case_id = %s returning delivery_at",
        taken.case_id,
    )
    page = up_to_check(client, taken, language)
    lodge = PAGES.text(language, "You may appeal at no cost before {day}.")
    told = [
        *(PAGES.text(language, each) for each in TERMS),
        lodge.format(day=day(language, until + TERM)),
    ]
    button = page.index(PAGES.text(language, "Send the appeal"))
    assert [each for each in told if not 0 < page.find(each) < button] == []


def test_a_form_that_is_sent_twice_lodges_one_appeal_and_both_see_its_receipt(client: Client) -> None:
    taken = registered()
    page = up_to_check(client, taken)
    form = hidden_of(page)

    def press(_: int) -> tuple[int, str]:
        answer = client.post(address_of(taken, "appeal/check"), data=form, follow_redirects=False)
        return answer.status_code, answer.headers["location"]

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(press, range(4))) == {(303, address_of(taken, "appeal/receipt"))}
    assert len(appeals()) == 1
    assert press(0) == (303, address_of(taken, "appeal/receipt"))
    assert len(appeals()) == 1


def test_the_same_form_after_the_visit_was_opened_anew_is_the_same_appeal(client: Client) -> None:
    taken = registered()
    form = hidden_of(up_to_check(client, taken))
    assert client.post(address_of(taken, "appeal/check"), data=form).status_code == 200

    open_file(client, taken)
    page = client.get(address_of(taken)).text
    mark = re.findall(r'name="mark" value="(\w+)"', page)[0]
    again = client.post(address_of(taken, "appeal/check"), data=form | {"mark": [mark]})

    assert len(appeals()) == 1
    assert again.status_code == 200


@both
def test_while_an_appeal_runs_the_page_of_its_decision_says_that_we_work(client: Client, language: str) -> None:
    taken = registered()
    assert PAGES.text(language, "turn.done") in client.get(address_of(taken, "", language)).text
    an_appeal(taken, "index", contested=[{"path": "bills.telecom", "should_be": "1"}])
    page = client.get(address_of(taken, "", language)).text
    assert PAGES.text(language, "turn.work") in page
    assert PAGES.text(language, "turn.done") not in page


def test_after_a_mistake_the_value_that_was_chosen_stands_first(client: Client) -> None:
    taken = registered()
    open_file(client, taken)
    address = address_of(taken, "appeal")
    offered = re.findall(r'name="value"[^>]*value="([^"]+)"', client.get(address).text)
    assert offered[0] != "bills.telecom"
    answer = send(client, address, value="bills.telecom")
    assert answer.status_code == 422
    assert re.findall(r'name="value"[^>]*value="([^"]+)"', answer.text)[0] == "bills.telecom"


@both
def test_what_is_missing_is_said_above_and_at_its_field_and_what_was_typed_is_kept(
    client: Client, language: str
) -> None:
    taken = registered()
    open_file(client, taken, language)
    address = address_of(taken, "appeal", language)
    answer = send(client, address, since="wrong")
    page = unescape(answer.text)
    missing = PAGES.text(language, "wrong.choose_value")
    assert answer.status_code == 422
    assert page.split("<title>")[1].startswith(PAGES.text(language, "Error:"))
    assert f'<a href="#value">{missing}</a>' in page
    assert f'id="value-problem">{missing}</p>' in page
    assert re.search(r'id="since-wrong"[^>]* checked', page)

    send(client, address, value=["bills.telecom", "housing.rooms"], since="wrong")
    values = address_of(taken, "appeal/values", language)
    answer = send(client, values, should__bills__telecom="abc", should__housing__rooms="99", text=WORDS)
    page = unescape(answer.text)
    assert answer.status_code == 422
    bounds = PAGES.text(language, "wrong.count_bounds").format(least=1, most=50)
    for field, said in (("bills.telecom", PAGES.text(language, "wrong.amount")), ("housing.rooms", bounds)):
        what = PAGES.text(language, "{what}:").format(what=PAGES.text(language, f"field.{field}"))
        assert f'<a href="#should.{field}">{what} {said}</a>' in page
        assert f'id="should.{field}-problem">{what} {said}</p>' in page
    assert 'value="abc"' in page
    assert 'value="99"' in page
    assert WORDS in page
    for each in LANGUAGES:
        assert 'value="abc"' in shown(client, address_of(taken, "appeal/values", each)), "another language keeps it"


@pytest.mark.parametrize(("text", "code"), [("x" * 2001, "long_text"), ("\x07", "text")])
def test_own_words_have_bounds(client: Client, text: str, code: str) -> None:
    taken = registered()
    open_file(client, taken)
    send(client, address_of(taken, "appeal"), value="bills.telecom", since="wrong")
    answer = send(client, address_of(taken, "appeal/values"), should__bills__telecom="1", text=text)
    assert answer.status_code == 422
    said = PAGES.text("fr", f"wrong.{code}").format(**{"is": 2001, "most": 2000})
    assert f'id="text-problem">{said}' in unescape(answer.text)


def test_whoever_goes_back_in_an_appeal_after_a_mistake_is_not_asked_to_send_it_again(client: Client) -> None:
    taken = registered()
    open_file(client, taken)
    first, values = address_of(taken, "appeal"), address_of(taken, "appeal/values")
    wrong_then_right: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        (first, {"since": "wrong"}, {"value": "bills.telecom", "since": "wrong"}),
        (values, {"should__bills__telecom": "abc"}, {"should__bills__telecom": "1"}),
    ]
    for address, wrong, right in wrong_then_right:
        refused = send(client, address, follow=False, **wrong)
        assert (refused.status_code, refused.headers["location"]) == (303, f"{address}?wrong=1")
        for _ in range(2):  # and reloads
            assert client.get(f"{address}?wrong=1").status_code == 422
        assert send(client, address, **right).status_code == 200
        assert client.get(f"{address}?wrong=1").status_code == 200


def test_values_that_do_not_fit_together_are_said_before_anything_is_lodged(client: Client) -> None:
    taken = registered()
    open_file(client, taken)
    (body,) = rows("select body from case_body where case_id = %s", taken.case_id)
    head = [each["relationship"] for each in body[0]["members"]].index("head")
    path = f"members[{head}].relationship"
    send(client, address_of(taken, "appeal"), value=path, since="wrong")
    client_form = {f"should.{path}": "child"}
    page = client.get(address_of(taken, "appeal/values")).text
    client.post(address_of(taken, "appeal/values"), data=hidden_of(page) | client_form)

    answer = send(client, address_of(taken, "appeal/check"))

    assert answer.status_code == 422
    assert PAGES.text("fr", "cannot.not_valid") in unescape(answer.text)
    assert appeals() == []


@both
def test_what_has_changed_since_leads_to_how_a_change_is_declared(client: Client, language: str) -> None:
    taken = registered()
    open_file(client, taken, language)
    answer = send(client, address_of(taken, "appeal", language), value="bills.telecom", since="changed")
    assert str(answer.url.path) == address_of(taken, "change", language)
    page = unescape(answer.text)
    assert PAGES.text(language, "Since which day?") in page
    assert PAGES.text(language, "field.bills.telecom") in page
    assert appeals() == []


@both
@pytest.mark.parametrize(("standing", "decision"), [(rejected, "refusal"), (to_correct, "correction")])
def test_a_refusal_and_a_demand_are_contested_with_a_reason(
    client: Client, language: str, standing: object, decision: str
) -> None:
    taken = standing()  # type: ignore[operator]
    assert PAGES.text(language, "I do not agree") in open_file(client, taken, language)
    address = address_of(taken, "appeal", language)
    assert PAGES.text(language, f"contests.{decision}") in shown(client, address)
    assert send(client, address).status_code == 422

    checked = send(client, address, ground=["not_heard", "other"], text="x")
    assert str(checked.url.path) == address_of(taken, "appeal/check", language)
    answer = send(client, address_of(taken, "appeal/check", language))

    ((_, body),) = appeals()
    assert str(answer.url.path) == address_of(taken, "appeal/receipt", language)
    assert (body["decision"], body["grounds"], body.get("contested")) == (decision, ["not_heard", "other"], None)


def test_while_an_appeal_is_open_its_page_offers_no_second_one(client: Client) -> None:
    taken = registered()
    an_appeal(taken, "index", contested=[{"path": "bills.telecom", "should_be": "1"}])
    page = open_file(client, taken)
    assert PAGES.text("fr", "I do not agree") not in page
    assert PAGES.text("fr", "This is wrong") not in page
    for to in ("appeal", "appeal/values", "appeal/check"):
        assert str(client.get(address_of(taken, to)).url.path) == address_of(taken)


def test_an_appeal_that_was_lodged_meanwhile_elsewhere_is_said(client: Client) -> None:
    taken = registered()
    up_to_check(client, taken)
    form = hidden_of(client.get(address_of(taken, "appeal/check")).text)
    an_appeal(taken, "index", contested=[{"path": "bills.telecom", "should_be": "1"}])

    answer = client.post(address_of(taken, "appeal/check"), data=form)

    assert str(answer.url.path) == address_of(taken)
    assert PAGES.text("fr", "An appeal against this decision is being examined.") in unescape(answer.text)
    assert len(appeals()) == 1


@pytest.mark.parametrize("standing", [in_work, leaving])
def test_where_there_is_no_decision_none_is_contested(client: Client, standing: object) -> None:
    taken = standing()  # type: ignore[operator]
    open_file(client, taken)
    assert str(client.get(address_of(taken, "appeal")).url.path) == address_of(taken)


def test_the_pages_before_are_shown_first(client: Client) -> None:
    taken = registered()
    open_file(client, taken)
    for to in ("appeal/values", "appeal/check"):
        assert str(client.get(address_of(taken, to)).url.path) == address_of(taken, "appeal")
    assert str(client.get(address_of(taken, "appeal/receipt")).url.path) == address_of(taken)


def test_a_late_appeal_is_taken_and_says_that_it_is_late(client: Client) -> None:
    taken = registered()
    long_ago = f"update message set delivery = 'delivered', delivery_at = now() - {LONG_AGO} where case_id = %s"
    rows(long_ago, taken.case_id)
    page = up_to_check(client, taken)
    ended = PAGES.text(
        "fr", "The term ended on {day}. You may send it all the same: a caseworker decides whether it can be examined."
    )
    assert ended.split("{")[0] in page
    assert send(client, address_of(taken, "appeal/check")).status_code == 200
    assert len(appeals()) == 1


@both
def test_while_nothing_proves_that_the_message_arrived_the_term_has_not_begun(client: Client, language: str) -> None:
    taken = registered()
    rows(f"update event set at = at - {LONG_AGO} where case_id = %s", taken.case_id)
    page = up_to_check(client, taken, language)
    assert PAGES.text(language, "You may appeal at no cost.") in page
    unproved = "The term of {days} days has not begun: nothing shows yet that our message about it reached you."
    assert PAGES.text(language, unproved).format(days=TERM.days) in page
    assert (
        PAGES.text(
            language,
            "The term ended on {day}. You may send it all the same: a caseworker decides whether it can be examined.",
        ).split("{")[0]
        not in page
    )


@both
@pytest.mark.parametrize("contested", [registered, rejected])
def test_the_first_page_of_an_appeal_says_above_its_questions_within_how_many_days_and_until_which(
    client: Client, language: str, contested: Callable[[], Accepted]
) -> None:
    taken = contested()
    proved = "update message set delivery = 'delivered', delivery_at = now() where case_id = %s returning delivery_at"
    told = value(proved, taken.case_id)
    open_file(client, taken, language)
    page = unescape(client.get(address_of(taken, "appeal", language)).text)
    said = [
        PAGES.text(language, "You may appeal at no cost before {day}.").format(day=day(language, told + TERM)),
        PAGES.text(language, "The term of {days} days counts from {day}, when our message reached you.").format(
            days=TERM.days, day=day(language, told)
        ),
    ]
    assert [page.count(each) for each in said] == [1, 1]
    assert max(page.index(each) for each in said) < page.index("<fieldset")
    rows(f"update message set delivery_at = delivery_at - {LONG_AGO}")
    late = "The term ended on {day}. You may send it all the same: a caseworker decides whether it can be examined."
    page = unescape(client.get(address_of(taken, "appeal", language)).text)
    assert 0 < page.find(PAGES.text(language, late).split("{")[0]) < page.index("<fieldset")


def test_whoever_left_the_household_contests_nothing_and_sees_no_value_of_it(client: Client) -> None:
    taken = registered()
    form = hidden_of(up_to_check(client, taken))
    rows("delete from person_claim where idcs = (select applicant_idcs from cases where id = %s)", taken.case_id)
    assert str(client.post(address_of(taken, "appeal/check"), data=form).url.path) == address_of(taken)
    for to in ("appeal", "appeal/values", "appeal/check"):
        assert str(client.get(address_of(taken, to)).url.path) == address_of(taken)
    assert PAGES.text("fr", "field.bills.telecom") not in shown(client, address_of(taken, "change"))
    assert appeals() == []


def test_whoever_declared_that_they_left_is_shown_no_value_of_whom_they_left(client: Client) -> None:
    taken = departure()
    caseworker(taken, "clear", "moved")
    work_off()
    assert current_stage(taken) == "notified"
    open_file(client, taken)
    assert str(client.get(address_of(taken, "appeal")).url.path) == address_of(taken)


def test_a_decision_that_was_set_aside_is_contested_no_more(client: Client) -> None:
    taken = rejected()
    appeal = an_appeal(taken)
    work_off()
    acts(appeal, "salma", "assign")
    acts(appeal, "salma", "propose", findings(decision=True))
    work_off()
    assert PAGES.text("fr", "I do not agree") not in open_file(client, taken)


def test_a_name_is_shown_as_it_was_typed_and_is_no_markup(client: Client) -> None:
    taken = registered()
    name = "<img src=x onerror=alert(1)>&quot;"
    for part in ("given_name_ar", "given_name_la"):
        named = "update case_body set body = jsonb_set(body::jsonb, %s, to_jsonb(%s::text))::json where case_id = %s"
        rows(named, ["members", "1", part], name, taken.case_id)
    open_file(client, taken)
    page = client.get(address_of(taken, "appeal?value=members.diploma")).text
    assert "<img" not in page
    assert "&lt;img" in page


def test_a_review_of_an_entry_is_contested_with_the_secret_of_the_registration(client: Client) -> None:
    review = entry_reviewed()
    open_file(client, review)
    send(client, address_of(review, "appeal"), value="bills.telecom", since="wrong")
    send(client, address_of(review, "appeal/values"), should__bills__telecom="3")
    before = len(appeals())
    send(client, address_of(review, "appeal/check"))
    assert len(appeals()) == before + 1


@both
def test_an_appeal_is_followed_from_its_receipt_answered_and_withdrawn(client: Client, language: str) -> None:
    taken = registered()
    up_to_check(client, taken, language)
    send(client, address_of(taken, "appeal/check", language))
    ((reference, _),) = appeals()
    case_id = value("select case_id from receipt where reference = %s", reference)
    appeal = Accepted(reference, "", case_id)

    form = hidden_of(client.get(address_of(taken, "appeal/receipt", language)).text)
    followed = client.post(address_of(taken, "appeal/follow", language), data=form)
    assert str(followed.url.path) == address_of(appeal, language=language)
    assert PAGES.text(language, "What you contest") in unescape(followed.text)
    assert 'name="secret"' in shown(client, address_of(taken, language=language)), "a visit is of one reference"

    work_off()
    acts(appeal, "salma", "assign")
    acts(appeal, "salma", "ask", ["bill"])
    page = shown(client, address_of(appeal, language=language))
    assert '<div class="state must">' in page
    assert PAGES.text(language, "turn.must") in page
    asked = shown(client, address_of(appeal, "say", language))
    assert PAGES.text(language, "reason.bill") in asked
    answered = send(client, address_of(appeal, "say", language), said=WORDS)
    assert str(answered.url.path) == address_of(appeal, language=language)
    assert current_stage(appeal) == "under_examination"
    assert PAGES.text(language, "event.InformationGiven") in unescape(answered.text)

    region = value("select region from cases where id = %s", case_id)
    office = PAGES.text(language, "In charge: the office of the region {region}.")
    page = shown(client, address_of(appeal, language=language))
    assert office.format(region=PAGES.text(language, f"region.{region}")) in page
    silence = (
        "If you have no answer by then, a supervisor gets the appeal by itself, and after that a commission. You need "
        "do nothing for that, and silence never rejects it."
    )
    assert PAGES.text(language, silence) in page

    gone = send(client, address_of(appeal, "withdraw", language))
    assert current_stage(appeal) == "withdrawn"
    assert PAGES.text(language, "appeal_withdrawn.title") in unescape(gone.text)


def test_after_the_decision_the_page_says_which_value_was_upheld(client: Client) -> None:
    taken = registered()
    contested = [{"path": "bills.telecom", "should_be": "12.00"}, {"path": "belongings.computer", "should_be": True}]
    appeal = an_appeal(taken, "index", contested=contested)
    work_off()
    acts(appeal, "salma", "assign")
    acts(appeal, "salma", "propose", findings(bills__telecom=True, belongings__computer=False))
    acts(appeal, "yassine", "agree")
    work_off()
    page = open_file(client, appeal)
    assert PAGES.text("fr", "reason.document_shows_it") in page
    assert PAGES.text("fr", "reason.nothing_shows_it") in page
    assert '<div class="state done">' in page
