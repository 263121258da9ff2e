"""What a household may see of itself: its messages as they were sent, its other cases, and its data as a file."""

import json
from html import unescape
from pathlib import Path

import pytest

from models import clock
from notifications.catalogues import LANGUAGES
from tests.changing import change_of, declare
from tests.filing import a_household, rows, value
from tests.letters import letter_of
from tests.portal.applying import code_sent
from tests.portal.conftest import Client
from tests.portal.standing import registered, work_off
from tests.portal.visiting import open_file
from web.language import PAGES, day

both = pytest.mark.parametrize("language", LANGUAGES)


@both
def test_the_messages_are_shown_as_they_were_sent_with_the_end_of_the_number(client: Client, language: str) -> None:
    taken = registered()
    assert f'href="/{language}/status/{taken.reference}/mine"' in open_file(client, taken, language)
    page = unescape(client.get(f"/{language}/status/{taken.reference}/mine").text)
    sent = [(body, recipient) for body, recipient in rows("select body, recipient from message")]
    assert sent
    whole = f'<bdi class="code">{taken.reference}</bdi>'  # no line breaks within it, which would turn its parts round
    for body, recipient in sent:
        shown = body.replace(taken.reference, whole)
        assert f'lang="ar" dir="rtl">{shown}<' in page  # in whichever language the page is
        assert whole in shown
        assert recipient not in page
        assert f"…{recipient[-2:]}" in page
    assert PAGES.text(language, "on its way") in page


def test_of_an_e_mail_the_page_says_that_it_is_one_and_shows_no_part_of_the_address(client: Client) -> None:
    taken = registered()
    rows("update message set channel = 'email', recipient = 'home@example.ma'")
    open_file(client, taken)
    page = unescape(client.get(f"/fr/status/{taken.reference}/mine").text)
    assert PAGES.text("fr", "By e-mail") in page
    assert ".ma" not in page
    assert PAGES.text("fr", "To the phone that ends in") not in page


def test_the_file_of_data_holds_what_was_declared_and_no_word_of_other_households(client: Client) -> None:
    taken = registered()
    open_file(client, taken)
    answer = client.get(f"/fr/status/{taken.reference}/mine/data")
    assert answer.headers["content-disposition"] == f'attachment; filename="{taken.reference}.json"'
    assert answer.headers["cache-control"] == "no-store"
    data = json.loads(answer.content)
    ((body,),) = rows("select body from case_body")
    assert [each["idcs"] for each in data["declared"]["members"]] == [each["idcs"] for each in body["members"]]
    assert data["registered"]["index"] == str(value("select value from score"))
    assert {each["kind"] for each in data["happened"]} >= {"ApplicationReceived", "HouseholdApproved"}
    assert len(data["messages"]) == value("select count(*) from message")


@pytest.mark.parametrize("to", ["mine", "mine/data"])
def test_without_the_secret_nothing_of_it_is_shown(client: Client, to: str) -> None:
    taken, other = registered(0), registered(5)
    page = client.get(f"/fr/status/{taken.reference}/{to}").text
    assert PAGES.text("fr", "Give the secret code to go on") in unescape(page)
    open_file(client, other)
    page = client.get(f"/fr/status/{taken.reference}/{to}").text
    assert PAGES.text("fr", "Give the secret code to go on") in unescape(page)


def test_a_visit_by_code_leads_to_the_other_cases_of_the_household_and_one_by_the_secret_does_not(
    client: Client,
) -> None:
    taken = registered()
    body = a_household(0, members=3).body
    change = declare(taken, change_of(body | {"bills": {"gas": "250"}}, "bills"))
    work_off()
    assert "mine#others" not in open_file(client, taken)
    assert change.reference not in client.get(f"/fr/status/{taken.reference}/mine").text
    client.cookies.clear()
    client.post("/fr/sign-in", data={"who": taken.reference})
    client.post("/fr/sign-in/code", data={"code": code_sent(client)})
    page = unescape(client.get(f"/fr/status/{taken.reference}/mine").text)
    assert f'href="/fr/status/{change.reference}"' in page
    assert day("fr", clock.now()) in page.partition('id="others"')[2].partition("</ul>")[0]
    page = client.get(f"/fr/status/{taken.reference}").text
    assert page.count(f'href="/fr/status/{taken.reference}/mine#others"') == 2, (
        "beside the index of the other file, too"
    )
    page = unescape(client.get(f"/fr/status/{change.reference}/mine").text)
    assert f'href="/fr/status/{taken.reference}"' in page


@both
def test_what_was_told_again_and_how_it_went_stands_with_each_message(
    client: Client, language: str, tmp_path: Path
) -> None:
    taken = registered()
    letter_of(taken, tmp_path)
    open_file(client, taken, language)
    page = unescape(client.get(f"/{language}/status/{taken.reference}/mine").text)
    again = PAGES.text(
        language, "We tell you the same once more, because nothing shows that the message before reached you."
    )
    assert page.count(again) == 2
    assert page.count(PAGES.text(language, "did not arrive")) == 2
    assert PAGES.text(language, "given to the printer on {day}").split(" {")[0] in page
    assert PAGES.text(language, "delivered on {day}").split(" {")[0] in page
