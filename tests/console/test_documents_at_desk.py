"""An officer adds a document that a household brings to a desk: who may, where, when, and what the history says."""

import re
from html import unescape

import httpx
import pytest

from models.settings import settings
from notifications.catalogues import LANGUAGES
from tests.appealing import acts, an_appeal
from tests.filing import examined, facts_of, rows, value
from tests.papers import a_bomb, a_pdf, a_picture, encrypted, send_document, with_script
from tests.people import caseworker
from tests.portal.conftest import Client
from tests.portal.standing import in_work, proposed, registered, rejected, to_correct, under_review, work_off
from tests.portal.visiting import open_file
from tests.staffing import a_person, signed_in
from web.console.language import text
from web.language import PAGES
from workflows.intake.submit import Accepted
from workflows.staff.roles import Territory

ADDED = re.compile(r'<form action="(/console/cases/[^"]+/documents)"')


def brought(
    client: Client, taken: Accepted, token: str, sent: bytes | None = b"", language: str = "fr", **more: str
) -> httpx.Response:
    """What an officer's form answers."""
    fields = {"token": token, "adds": "1", "shows": "bill"} | more
    chosen = ("", b"") if sent is None else ("named by whoever.jpg", sent or a_picture())
    return client.post(
        f"/console/cases/{taken.reference}/documents",
        data=fields,
        files={"file": chosen},
        headers={"accept-language": language},
    )


def appealing() -> Accepted:
    """An appeal that waits for people."""
    appeal = an_appeal(rejected())
    work_off()
    return appeal


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_an_officer_adds_what_a_household_brings_and_both_see_it(client: Client, language: str) -> None:
    taken = to_correct()
    token = signed_in(client, a_person("Amina", "caseworker"))
    asked = client.get(f"/console/cases/{taken.reference}", headers={"accept-language": language}).text
    assert ADDED.findall(asked) == [f"/console/cases/{taken.reference}/documents"]

    page = brought(client, taken, token, language=language)

    assert page.status_code == 200
    assert text(language, "done.DocumentAdded") in page.text
    assert page.text.count("Amina") >= 2
    ((moment, actor),) = rows("select moment, actor from document")
    assert moment == "correction"
    assert actor.startswith("officer:")
    assert rows("select actor, role, act, detail from audit_entry where act = 'take_document'") == [
        (actor, "caseworker", "take_document", {"moment": "correction", "shows": "bill", "pages": 1})
    ]
    assert "named by whoever" not in str(facts_of(taken, "DocumentAdded"))
    assert examined() == {}
    client.cookies.clear()
    told = open_file(client, taken, "fr")
    assert PAGES.text("fr", "event.DocumentAddedAtDesk") in told
    assert "Amina" not in told


@pytest.mark.parametrize("role", ["caseworker", "supervisor", "population_officer"])
def test_those_roles_add_documents_in_their_territory_and_in_no_other(client: Client, role: str) -> None:
    taken = to_correct()
    region = value("select region from cases")
    for within, status, kept in ((region % 12 + 1, 403, 0), (region, 200, 1)):
        token = signed_in(client, a_person(f"{role} {within}", role, within=Territory(within)))
        assert brought(client, taken, token).status_code == status
        assert value("select count(*) from document") == kept


@pytest.mark.parametrize("role", ["auditor", "operator", "administrator", "commission"])
def test_no_other_role_adds_one_nor_is_offered_to(client: Client, role: str) -> None:
    taken = to_correct()
    token = signed_in(client, a_person("Salma", role))
    assert ADDED.findall(client.get(f"/console/cases/{taken.reference}").text) == []
    assert brought(client, taken, token).status_code == 403
    assert value("select count(*) from document") == 0


def test_a_form_without_its_token_or_from_another_site_keeps_nothing(client: Client) -> None:
    taken = to_correct()
    token = signed_in(client, a_person("Amina", "caseworker"))
    for forged in ("", "0" * 32):
        assert brought(client, taken, forged).status_code == 403
    client.headers["sec-fetch-site"] = "cross-site"
    assert brought(client, taken, token).status_code == 403
    del client.headers["sec-fetch-site"]
    client.cookies.clear()
    assert client.post(f"/console/cases/{taken.reference}/documents", follow_redirects=False).status_code == 303
    assert value("select count(*) from document") == 0


def test_at_a_desk_more_is_taken_than_on_the_page_and_at_any_time_before_the_decision(client: Client) -> None:
    taken = to_correct()
    waiting = [(under_review(20), "desk"), (proposed(place=40), "hearing"), (appealing(), "appeal")]
    open_file(client, taken)
    for each in range(5):
        assert send_document(client, taken, a_picture(50 + each)).status_code == 200
    token = signed_in(client, a_person("Amina", "caseworker"))
    assert brought(client, taken, token).status_code == 200
    for case, moment in waiting:
        assert brought(client, case, token).status_code == 200
        assert value("select moment from document where case_id = %s", case.case_id) == moment
    assert examined() == {}


@pytest.mark.parametrize("standing", [in_work, registered, rejected])
def test_a_case_that_people_do_not_have_in_hand_takes_none(client: Client, standing: type) -> None:
    taken = standing()
    token = signed_in(client, a_person("Amina", "caseworker"))
    assert ADDED.findall(client.get(f"/console/cases/{taken.reference}").text) == []
    answer = brought(client, taken, token)
    assert answer.status_code == 409
    assert value("select count(*) from document") == 0


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (None, "choose_file"),
        (b"MZ" + bytes(500), "wrong_type"),
        (a_bomb(), "too_many_pixels"),
        (a_pdf(with_script), "pdf_script"),
        (encrypted(), "pdf_encrypted"),
        (bytes(6_000_000), "too_large_file"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_is_refused_is_refused_in_the_officers_language_and_the_form_stays_open(
    client: Client, sent: bytes | None, code: str
) -> None:
    taken = to_correct()
    token = signed_in(client, a_person("Amina", "caseworker"))
    answer = brought(client, taken, token, sent, shows="family")
    page = unescape(answer.text)
    assert answer.status_code == 422 if code != "too_large_file" else answer.status_code in (413, 422)
    assert PAGES.text("fr", f"wrong.{code}") in page
    if code != "too_large_file":
        assert '<option value="family" selected>' in page
    assert value("select count(*) from document") == 0


def test_what_it_shows_must_be_chosen_and_a_full_case_takes_no_more(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = to_correct()
    token = signed_in(client, a_person("Amina", "caseworker"))
    assert text("fr", "refused.choose_shows") in unescape(brought(client, taken, token, shows="anything").text)
    monkeypatch.setattr(settings(), "max_documents", 1)
    assert brought(client, taken, token).status_code == 200
    answer = brought(client, taken, token, a_picture(70))
    assert text("fr", "refused.too_many_documents") in unescape(answer.text)
    assert value("select count(*) from document") == 1


def test_the_page_of_a_case_tells_what_was_taken_back_from_what_was_erased(client: Client) -> None:
    taken = to_correct()
    open_file(client, taken)
    page = send_document(client, taken, a_picture()).text
    address = re.findall(r'href="([^"]+/remove)"', page)[0]
    mark = re.findall(r'name="mark" value="([0-9a-f]*)"', client.get(address).text)[0]
    client.post(address, data={"mark": mark})
    signed_in(client, a_person("Amina", "caseworker"))
    page = unescape(client.get(f"/console/cases/{taken.reference}", headers={"accept-language": "fr"}).text)
    assert text("fr", "taken back by the household") in page
    assert f" – {text('fr', 'erased')}" not in page
    gone = f"<strong>{text('fr', 'done.DocumentRemoved')}</strong>{text('fr', ':')} {text('fr', 'shows.bill')}"
    assert gone in page


def test_a_caseworker_who_decides_on_what_is_not_there_any_more_is_told_what_happened(client: Client) -> None:
    appeal = appealing()
    acts(appeal, "salma", "assign")
    token = signed_in(client, a_person("Amina", "caseworker"))
    seen = value("select version from cases where id = %s", appeal.case_id)
    assert brought(client, appeal, token).status_code == 200
    answer = client.post(
        f"/console/cases/{appeal.reference}/appeal/add_text",
        data={"token": token, "version": seen, "text": "It says so."},
        headers={"accept-language": "fr"},
    )
    assert answer.status_code == 409
    assert text("fr", "done.DocumentAdded") in answer.text


TAKEN_BACK = re.compile(r'<form action="(/console/cases/[^"]+/documents/[^"]+/remove)"')


def taken_back(client: Client, taken: Accepted, token: str) -> httpx.Response:
    """What the answer is to who takes the case's one document back."""
    document = value("select id from document")
    address = f"/console/cases/{taken.reference}/documents/{document}/remove"
    return client.post(address, data={"token": token}, headers={"accept-language": "fr"})


def offered(client: Client, taken: Accepted) -> list[str]:
    """The ways to take a document back that a case's page offers."""
    return TAKEN_BACK.findall(client.get(f"/console/cases/{taken.reference}").text)


def test_an_officer_takes_a_wrong_scan_back_and_only_that_it_was_there_stays(client: Client) -> None:
    taken = to_correct()
    token = signed_in(client, a_person("Amina", "caseworker"))
    brought(client, taken, token)
    assert len(offered(client, taken)) == 1

    page = taken_back(client, taken, token)

    assert page.status_code == 200
    assert text("fr", "taken back at a desk") in unescape(page.text)
    ((actor, gone),) = rows("select actor, content is null and wrapped_key is null and digest is null from document")
    assert gone
    assert rows("select actor from event where kind = 'DocumentRemoved'") == [(actor,)]
    assert rows("select actor, role, detail from audit_entry where act = 'take_back_document'") == [
        (actor, "caseworker", {"moment": "correction", "shows": "bill"})
    ]
    assert offered(client, taken) == []
    assert taken_back(client, taken, token).status_code == 200, "pressed twice"
    assert value("select count(*) from event where kind = 'DocumentRemoved'") == 1
    assert examined() == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_household_reads_that_an_officer_took_back_what_it_had_brought(client: Client, language: str) -> None:
    taken = to_correct()
    token = signed_in(client, a_person("Amina", "caseworker"))
    brought(client, taken, token)
    taken_back(client, taken, token)
    client.cookies.clear()
    page = open_file(client, taken, language)
    told = [PAGES.text(language, f"event.{each}AtDesk") for each in ("DocumentRemoved", "DocumentAdded")]
    assert [each for each in told if each not in page] == []
    assert f"{PAGES.text(language, 'looked.took_back')} {PAGES.text(language, 'role.caseworker')}" in page
    assert "Amina" not in page
    listed = unescape(client.get(f"/{language}/status/{taken.reference}/documents").text)
    assert PAGES.text(language, "taken back by an officer") in listed
    kept = client.get(f"/{language}/status/{taken.reference}/mine/data").json()
    assert [each["taken_back_at_desk"] for each in kept["documents"]] == [True]


@pytest.mark.parametrize(
    ("role", "status"),
    [("caseworker", 403), ("population_officer", 403), ("supervisor", 200), ("commission", 403), ("auditor", 403)],
)
def test_what_another_one_added_a_supervisor_takes_back_and_nobody_else(client: Client, role: str, status: int) -> None:
    taken = to_correct()
    brought(client, taken, signed_in(client, a_person("Amina", "caseworker")))
    token = signed_in(client, a_person("Salma", role))
    assert len(offered(client, taken)) == (status == 200)
    assert taken_back(client, taken, token).status_code == status
    assert value("select count(*) from document where content is not null") == (status != 200)


def test_what_a_proposal_rests_on_is_taken_back_by_nobody_of_the_staff(client: Client) -> None:
    """Else who proposes a refusal could take away what speaks against it before a second person agrees."""
    taken = under_review()
    brought(client, taken, signed_in(client, a_person("Amina", "caseworker")))
    token = signed_in(client, a_person("Salma", "supervisor"))
    assert len(offered(client, taken)) == 1
    caseworker(taken, "refuse", "false_declaration")
    assert offered(client, taken) == []
    assert taken_back(client, taken, token).status_code == 422
    assert value("select count(*) from document where content is not null") == 1


def test_a_supervisor_of_another_territory_takes_none_back(client: Client) -> None:
    taken = to_correct()
    brought(client, taken, signed_in(client, a_person("Amina", "caseworker")))
    far = Territory(value("select region from cases") % 12 + 1)
    token = signed_in(client, a_person("Salma", "supervisor", within=far))
    assert taken_back(client, taken, token).status_code == 403


def test_what_the_household_gave_it_alone_takes_back(client: Client) -> None:
    taken = to_correct()
    open_file(client, taken)
    send_document(client, taken, a_picture())
    token = signed_in(client, a_person("Salma", "supervisor"))
    assert offered(client, taken) == []
    answer = taken_back(client, taken, token)
    assert (answer.status_code, text("fr", "refused.given_by_household") in unescape(answer.text)) == (422, True)
    assert value("select count(*) from document where content is not null") == 1


def test_once_the_case_is_decided_nobody_takes_one_back_and_a_forged_form_takes_none(client: Client) -> None:
    taken = to_correct()
    token = signed_in(client, a_person("Amina", "caseworker"))
    brought(client, taken, token)
    assert taken_back(client, taken, "0" * 32).status_code == 403
    rows("update cases set stage = 'rejected', open = false, ready = false, due_at = null")
    assert offered(client, taken) == []
    assert taken_back(client, taken, token).status_code == 409
    assert value("select count(*) from document where content is not null") == 1
