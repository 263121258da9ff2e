"""Whatever was refused has an address: whoever goes back in the browser is led to a page, and sends no form again."""

import pkgutil
import re
from collections.abc import Iterator
from html import unescape
from importlib import import_module
from types import ModuleType
from typing import get_type_hints

import pytest
from litestar.response import Redirect

import web.applying
import web.enrolling
from notifications.catalogues import LANGUAGES
from tests.appealing import acts, an_appeal
from tests.conftest import forget_settings
from tests.factories import an_idcs
from tests.filing import rows, value
from tests.portal.applying import Applying, mark_in
from tests.portal.conftest import Client
from tests.portal.standing import registered, rejected, work_off
from tests.portal.visiting import address_of, hidden_of, open_file, send
from web.language import PAGES

both = pytest.mark.parametrize("language", LANGUAGES)


@both
def test_a_mistyped_reference_is_kept_for_the_page_that_says_so_and_not_in_its_address(
    client: Client, language: str
) -> None:
    form = {"who": "RSU-٢٣٤٥ <b>", "own": "yes"}
    refused = client.post(f"/{language}/sign-in", data=form, follow_redirects=False)
    assert (refused.status_code, refused.headers["location"]) == (303, f"/{language}/sign-in?wrong=1")
    assert {"HttpOnly", "Secure", "Max-Age=300", "SameSite=strict"} <= set(
        re.split("; ", refused.headers["set-cookie"].replace("Path=/; ", ""))
    )
    for _ in range(2):
        shown = client.get(f"/{language}/sign-in?wrong=1")
        assert (shown.status_code, PAGES.text(language, "wrong.who") in unescape(shown.text)) == (422, True)
        assert 'value="RSU-٢٣٤٥ &lt;b&gt;"' in shown.text
        assert re.findall(r'value="(\w+)" checked', shown.text) == ["yes"]

    assert client.post(f"/{language}/sign-in", data={"who": an_idcs(91), "own": "no"}).status_code == 200

    back = client.get(f"/{language}/sign-in?wrong=1")
    assert (back.status_code, "RSU-" in back.text.partition('id="who"')[2].partition(">")[0]) == (200, False)


def test_where_too_many_codes_were_asked_for_the_page_that_says_so_has_an_address(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIJIL_CODES_FROM_NETWORK", "1")
    forget_settings()
    client.post("/fr/sign-in", data={"who": an_idcs(92), "own": "no"})
    client.cookies.clear()
    refused = client.post("/fr/sign-in", data={"who": an_idcs(91), "own": "no"}, follow_redirects=False)
    assert (refused.status_code, refused.headers["location"]) == (303, "/fr/sign-in?wrong=too_many_codes")
    shown = client.get(refused.headers["location"])
    assert (shown.status_code, PAGES.text("fr", "wrong.too_many_codes") in unescape(shown.text)) == (429, True)


def test_a_refused_last_look_has_an_address_that_says_so_until_something_else_is_said(client: Client) -> None:
    who = Applying(client, "fr")
    who.answer("members/1/name", given_name_la="Rkia", family_name_la="Oubella")
    hidden = {"seen": "x", **mark_in(who.page())}
    refused = client.post(f"{who.here}/check", data=hidden, follow_redirects=False)
    assert refused.status_code == 303
    address = refused.headers["location"]
    for _ in range(2):
        shown = client.get(address)
        assert (shown.status_code, PAGES.text("fr", "cannot_apply.not_whole") in unescape(shown.text)) == (422, True)
    who.answer("members/1/name", given_name_la="Rkia", family_name_la="Oubella El Amrani")
    assert client.get(address).status_code == 200
    assert client.get(address.replace("not_whole", "nonsense")).status_code == 200


def test_a_refused_last_look_at_an_appeal_has_an_address_and_keeps_what_was_said(client: Client) -> None:
    taken = registered()
    open_file(client, taken)
    send(client, address_of(taken, "appeal?value=bills.telecom"), value="bills.telecom", since="wrong")
    page = send(client, address_of(taken, "appeal/values"), should__bills__telecom="49,5", text="Voilà")
    form = hidden_of(page.text)
    refused = client.post(address_of(taken, "appeal/check"), data=form | {"text": ["\x01"]}, follow_redirects=False)
    assert (refused.status_code, refused.headers["location"]) == (
        303,
        address_of(taken, "appeal/check?wrong=not_valid"),
    )
    shown = client.get(refused.headers["location"])
    assert (shown.status_code, PAGES.text("fr", "cannot.not_valid") in unescape(shown.text)) == (422, True)


def test_an_act_that_came_too_late_has_an_address_and_keeps_what_was_said(client: Client) -> None:
    appeal = an_appeal(rejected())
    work_off()
    open_file(client, appeal)
    form = hidden_of(client.get(address_of(appeal, "say")).text) | {"said": ["Voilà."]}
    acts(appeal, "salma", "assign")
    refused = client.post(address_of(appeal, "say"), data=form, follow_redirects=False)
    assert (refused.status_code, refused.headers["location"]) == (303, address_of(appeal, "say?wrong=moved_on"))
    for _ in range(2):
        shown = client.get(refused.headers["location"])
        assert (shown.status_code, PAGES.text("fr", "cannot.moved_on") in unescape(shown.text)) == (409, True)
        assert "Voilà.</textarea>" in unescape(shown.text)


def test_a_household_that_is_erased_meanwhile_is_told_at_an_address_that_nothing_can_be_changed(client: Client) -> None:
    taken = registered()
    page = open_file(client, taken)
    change = client.get(address_of(taken, "change")).text
    rows("update case_body set body = null")
    for to, form in (("change", hidden_of(change) | {"what": ["member_joined.forgotten"]}), ("confirm", mark_in(page))):
        refused = client.post(address_of(taken, to), data=form, follow_redirects=False)
        assert (refused.status_code, refused.headers["location"]) == (303, address_of(taken, "change?wrong=cannot"))
    shown = client.get(address_of(taken, "change?wrong=cannot"))
    said = "This cannot be changed here. A service centre can help."
    assert (shown.status_code, PAGES.text("fr", said) in unescape(shown.text)) == (422, True)


def test_where_too_many_were_begun_the_first_page_says_so_at_an_address(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIJIL_DRAFTS_FROM_NETWORK", "1")
    forget_settings()
    Applying(client, "fr")
    client.cookies.clear()
    refused = client.post("/fr/apply", follow_redirects=False)
    assert (refused.status_code, refused.headers["location"]) == (303, "/fr/apply?wrong=full")
    assert client.get("/fr/apply?wrong=full").status_code == 429
    assert value("select count(*) from application_draft") == 1


def modules_of(folder: ModuleType) -> Iterator[ModuleType]:
    """The modules of a folder that have addresses."""
    found = (import_module(f"{folder.__name__}.{each.name}") for each in pkgutil.iter_modules(folder.__path__))
    return (each for each in found if hasattr(each, "HANDLERS"))


def test_no_form_of_an_application_or_an_enrolment_is_answered_with_a_page_but_one_that_a_secret_opens() -> None:
    """What was typed before a visit ended stands in the form that asks for the secret again, and is kept nowhere."""
    modules = [module for folder in (web.applying, web.enrolling) for module in modules_of(folder)]
    takes = [each for module in modules for each in module.HANDLERS if "POST" in each.http_methods]
    pages = {each.fn.__name__ for each in takes if get_type_hints(each.fn)["return"] is not Redirect}
    assert (len(takes) > 10, pages) == (True, {"go_on"})
