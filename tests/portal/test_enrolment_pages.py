"""Asking to be enrolled on the pages: question by question after the papers that there are, a last look, a receipt."""

import re
from html import unescape
from typing import Any

import pytest

from models import clock
from models.database import transaction
from notifications.catalogues import LANGUAGES
from tests.enrolling import WITHOUT_PAPERS, a_registered, attested, both_officers, given_back, register_elsewhere
from tests.factories import an_idcs, born
from tests.filing import rows, value
from tests.portal.applying import Applying
from tests.portal.conftest import Client
from tests.portal.enrolling import CHILD, FOREIGN, asked_on_pages, fields_of, fill_in, typed
from tests.portal.standing import work_off
from web.applying.questions import Page
from web.asked import SHOULD
from web.enrolling.fields import FIELDS, PROOFS
from web.enrolling.questions import OF_PROOF, pages_of
from web.language import PAGES, country, day
from workflows.bodies.enrolment import Enrolment
from workflows.casework.enrolling import MOST_OPEN
from workflows.casework.enrolment_view import enrolment_of_reference
from workflows.intake.drafts import answers_of
from workflows.intake.submit import Accepted
from workflows.policies import newest_terms

languages = pytest.mark.parametrize("language", LANGUAGES)
CASES = pytest.mark.parametrize(
    "changes", [{}, CHILD, FOREIGN, WITHOUT_PAPERS], ids=["card", "child", "foreign", "witnesses"]
)


def stored() -> Enrolment:
    return Enrolment.restored(value("select body::text from case_body order by case_id desc limit 1"))


def shown_errors(page: str) -> list[tuple[str, str]]:
    """What the page says at each field."""
    return [
        (field, unescape(said))
        for field, said in re.findall(r'<p class="error" id="should\.(\S+)-problem">(.*?)</p>', page)
    ]


def told(language: str, field: str, code: str) -> tuple[str, str]:
    """What the page says at a field, with the field's name."""
    name = PAGES.text(language, f"field.{FIELDS[field].name}")
    return field, f"{PAGES.text(language, '{what}:').format(what=name)} {PAGES.text(language, f'wrong.{code}')}"


def accepted(who: Applying) -> Accepted:
    return Accepted(who.reference, who.secret, value("select max(id) from cases"))


@languages
def test_the_first_page_says_who_may_ask_and_what_to_bring_with_each_kind_of_papers(
    client: Client, language: str
) -> None:
    assert f'href="/{language}/enrol"' in client.get(f"/{language}").text
    first = unescape(client.get(f"/{language}/enrol").text)
    for proof in PROOFS:
        assert PAGES.text(language, f"choice.proof.{proof}") in first
    assert PAGES.text(language, "Who can ask for whom?") in first
    assert PAGES.text(language, "an extract of the birth certificate") in first
    who = Applying(client, language, "enrol")
    assert client.get(f"{who.here}/nothing").status_code == 404


@languages
def test_where_the_register_is_elsewhere_the_pages_lead_to_a_centre(
    client: Client, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    who = Applying(client, language, "enrol")
    fill_in(who, typed())
    register_elsewhere(monkeypatch)
    said = PAGES.text(language, "People are enrolled at service centres: go to one with the person and the papers.")
    page = unescape(client.get(f"/{language}/enrol").text)
    assert (said in page, f'action="/{language}/enrol"' in page) == (True, False)
    for answer in (client.post(f"/{language}/enrol"), client.post(f"{who.here}/check", data=hidden(who.page("check")))):
        assert ([each.status_code for each in answer.history], said in unescape(answer.text)) == ([303], True)
    assert value("select count(*) from cases") == 0


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))


def in_script_of(language: str, body: Enrolment) -> str:
    if language == "ar":
        return f"{body.given_name_ar} {body.family_name_ar}"
    return f"{body.given_name_la} {body.family_name_la}"


@languages
@CASES
def test_what_is_answered_is_filed_and_the_receipt_says_what_to_bring(
    client: Client, language: str, changes: dict[str, Any]
) -> None:
    who = asked_on_pages(client, language, **changes)
    proof = changes.get("proof", "cin")
    receipt = who.page("receipt")
    assert f'id="reference">{who.reference}<' in receipt
    assert f'id="secret">{who.secret}<' in receipt
    assert f'<bdi id="name">{in_script_of(language, stored())}</bdi>' in receipt
    papers = {
        "cin": "the national identity card, and a copy of it",
        "residence_card": "the residence card, still valid, and a copy of it",
        "birth_act": "an extract of the birth certificate",
        "witnesses": "both witnesses, at the same time, each with the national identity card and the identifier",
    }
    assert [each for each in papers if PAGES.text(language, papers[each]) in receipt] == [proof]
    body = stored()
    assert (body.proof, body.given_name_ar, body.commune, body.province) == (proof, "خالد", "Mohammedia", "MA-CAS")
    assert (body.guardian_is, body.nationality) == (changes.get("guardian_is"), changes.get("nationality", "MA"))
    assert len(body.witnesses) == len(changes.get("witnesses", ()))
    assert value("select count(*) from application_draft") == 0
    client.cookies.clear()
    assert who.secret not in client.get(f"{who.here}/receipt").text


def test_each_kind_of_papers_is_asked_for_its_own_and_other_papers_for_theirs(client: Client) -> None:
    who = Applying(client, "fr", "enrol")
    assert who.answer("papers", proof="cin") == "name"
    fill_in(who, typed())
    assert who.answer("papers?back=check", proof="residence_card", back="check") == "nationality"
    assert PAGES.text("fr", "Not all is answered yet:") in who.page("check")
    foreign = typed(**FOREIGN)
    assert who.answer("nationality?back=check", **fields_of("nationality", foreign), back="check") == "residence"
    assert who.answer("residence?back=check", **fields_of("residence", foreign), back="check") == "check"
    assert client.get(f"{who.here}/card", follow_redirects=False).headers["location"] == who.here
    assert who.answer("check") == "receipt"
    body = stored()
    assert (body.proof, body.nationality, body.cin, body.residence_card) == ("residence_card", "SN", None, "C1")


@languages
def test_the_last_look_shows_each_answer_in_words_with_a_link_to_change_it(client: Client, language: str) -> None:
    who = Applying(client, language, "enrol")
    fill_in(who, typed(**FOREIGN) | {f"{SHOULD}birth_date.{part}": "" for part in ("day", "month")})
    page = who.page("check")
    assert country(language, "SN") in page
    assert f"{born(40)[:4]} ({PAGES.text(language, 'only the year is known')})" in page
    for each in ("papers", "name", "birth", "sex", "nationality", "residence", "region", "address", "contact"):
        assert f'href="{who.here}/{each}?back=check"' in page


def test_a_button_that_is_pressed_twice_files_once(client: Client) -> None:
    who = Applying(client, "ar", "enrol")
    fill_in(who, typed())
    form = hidden(who.page("check"))
    for _ in range(2):
        assert str(client.post(f"{who.here}/check", data=form).url.path) == f"{who.here}/receipt"
    assert value("select count(*) from cases") == 1


def test_what_was_changed_in_another_tab_is_looked_at_again(client: Client) -> None:
    who = Applying(client, "fr", "enrol")
    fill_in(who, typed())
    form = hidden(who.page("check"))
    who.answer("birth", **fields_of("birth", typed(birth_place="Agadir")))
    answer = client.post(f"{who.here}/check", data=form)
    assert (answer.status_code, value("select count(*) from cases")) == (422, 0)
    assert PAGES.text("fr", "cannot_apply.changed_meanwhile") in unescape(answer.text)


def test_a_request_is_gone_on_with_on_another_phone_by_its_secret_and_leads_to_its_own_pages(client: Client) -> None:
    who = Applying(client, "fr", "enrol")
    who.answer("papers", proof="birth_act")
    assert PAGES.text("fr", "Go on with the one you began") in unescape(client.get("/fr/enrol").text)
    assert f'href="{who.here}"' in client.get("/fr/apply").text, "one browser fills in one thing at a time"
    client.cookies.clear()
    asked = unescape(client.get(f"/fr/status/{who.reference}").text)
    assert PAGES.text("fr", "This is not sent yet. What you answered is kept.") in asked
    assert f'action="{who.here}/open"' in asked
    opened = client.post(f"{who.here}/open", data={"secret": who.secret, "to": "act"})
    assert str(opened.url.path) == f"{who.here}/act"
    other = client.get(f"/fr/apply/{who.reference}/milieu", follow_redirects=False)
    assert (other.status_code, other.headers["location"]) == (303, who.here)


@languages
@CASES
def test_the_list_of_tasks_is_there_before_and_after_all_is_answered(
    client: Client, language: str, changes: dict[str, Any]
) -> None:
    who = Applying(client, language, "enrol")
    going_on = f">{PAGES.text(language, 'Go on')}</a>"
    assert going_on in who.page()
    fill_in(who, typed(**changes))
    page = who.page()
    assert going_on not in page
    assert f'href="{who.here}/check"' in page


def test_who_knows_the_papers_of_somebody_gets_no_receipt_of_theirs(client: Client) -> None:
    mine, theirs = (asked_on_pages(client).reference for _ in range(2))
    assert mine != theirs
    assert value("select count(*) from cases") == 2


def test_digits_of_another_script_blanks_and_a_year_alone_are_taken(client: Client) -> None:
    sent = typed(**CHILD, phone="٠٦ ١٢-٣٤-٥٦-٧٨") | {f"{SHOULD}birth_date.{part}": "" for part in ("day", "month")}
    guardian = an_idcs(31).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    sent |= {f"{SHOULD}birth_date.year": "٢٠٢٣", f"{SHOULD}birth_act_year": "٢٠٢٣"}
    sent |= {f"{SHOULD}guardian": f"{guardian[:5]} {guardian[5:]}"}
    who = Applying(client, "ar", "enrol")
    fill_in(who, sent)
    who.answer("check")
    body = stored()
    assert (body.birth_date.isoformat(), body.birth_precision, body.birth_act_year) == ("2023-01-01", "year", 2023)
    assert (body.guardian, body.phone) == (an_idcs(31), "+212612345678")
    asked_on_pages(client, cin="be ١٢٣٤٥٦")
    assert stored().cin == "BE123456"


@languages
@pytest.mark.parametrize(
    ("at", "changes", "problems"),
    [
        ("papers", {"proof": ""}, [("proof", "choose")]),
        ("name", {"given_name_ar": "Khalid"}, [("given_name_ar", "in_arabic")]),
        ("name", {"family_name_la": ""}, [("family_name_la", "half_name")]),
        ("name", dict.fromkeys(("given_name_ar", "family_name_ar", "given_name_la", "family_name_la"), ""), None),
        ("birth", {"birth_date": "2999-01-01"}, [("birth_date", "born_later")]),
        ("birth", {"birth_date": "2020-13-41", "birth_place": ""}, [("birth_date", "birth"), ("birth_place", "empty")]),
        ("birth", {**CHILD, "birth_date": born(20)}, [("birth_date", "of_age")]),
        ("sex", {"sex": ""}, [("sex", "choose")]),
        ("card", {"cin": "123"}, [("cin", "cin")]),
        ("nationality", {**FOREIGN, "nationality": ""}, [("nationality", "choose")]),
        ("nationality", {**FOREIGN, "nationality": "MA"}, [("nationality", "for_foreigners")]),
        ("residence", {**FOREIGN, "residence_until": "2020-01-01"}, [("residence_until", "card_over")]),
        (
            "act",
            {**CHILD, "birth_act_year": "abc", "birth_act": ""},
            [("birth_act", "empty"), ("birth_act_year", "count")],
        ),
        ("act", {**CHILD, "birth_act_year": "2001"}, [("birth_act_year", "act_year")]),
        ("guardian", {**CHILD, "guardian": "9000000128"}, [("guardian", "idcs_check_digit")]),
        ("first", {**WITHOUT_PAPERS, "witnesses": [{"idcs": "", "cin": "1"}]}, None),
        (
            "second",
            {**WITHOUT_PAPERS, "witnesses": [{"idcs": an_idcs(1), "cin": "A1"}] * 2},
            [("witnesses[1].idcs", "same_witness")],
        ),
        ("region", {"region": ""}, [("region", "choose")]),
        ("province", {"province": "MA-RAB"}, [("province", "choose")]),
        ("contact", {"phone": "12", "email": "x@"}, [("phone", "phone"), ("email", "email")]),
    ],
)
def test_what_cannot_be_is_said_on_its_page_and_what_was_typed_is_kept(
    client: Client, language: str, at: str, changes: dict[str, Any], problems: list[tuple[str, str]] | None
) -> None:
    sent = typed(**changes)
    who = Applying(client, language, "enrol")
    before = [] if at == "papers" else [each.name for each in pages_until(at, sent[f"{SHOULD}proof"])]
    for each in before:
        who.answer(each, **fields_of(each, sent))
    status, page, _ = who.send(at, **fields_of(at, sent))
    assert status == 422
    found = shown_errors(page)
    if problems is None:
        assert found
    else:
        assert found == [told(language, field, code) for field, code in problems]
    assert PAGES.text(language, "There is a problem") in page
    assert value("select count(*) from cases") == 0


def pages_until(at: str, proof: str) -> list[Page]:
    """The pages before this one, of who has these papers."""
    pages = pages_of({"proof": proof})
    return pages[: [each.name for each in pages].index(at)]


@languages
def test_papers_that_do_not_fit_what_was_said_are_told_at_the_last_look_with_the_page_to_change(
    client: Client, language: str
) -> None:
    who = Applying(client, language, "enrol")
    fill_in(who, typed())
    child = typed(**CHILD)
    at = who.answer("papers?back=check", proof="birth_act", back="check")
    while at != "check":
        said = fields_of(at, child) | ({"birth_act_year": "2001"} if at == "act" else {})
        at = who.answer(f"{at}?back=check", **said, back="check")
    status, page, _ = who.send("check")
    assert status == 422
    assert PAGES.text(language, "wrong.of_age") in page
    assert f'href="{who.here}/birth?back=check"' in page
    assert value("select count(*) from cases") == 0
    refused = client.post(f"{who.here}/check", data=hidden(page), follow_redirects=False)
    again = client.get(refused.headers["location"])
    assert (again.status_code, PAGES.text(language, "wrong.of_age") in unescape(again.text)) == (422, True)
    assert who.answer("birth?back=check", **fields_of("birth", typed(birth_date=born(9))), back="check") == "check"
    assert client.get(refused.headers["location"]).status_code == 200


@languages
def test_each_task_that_is_done_leads_to_its_part_of_the_last_look(client: Client, language: str) -> None:
    who = Applying(client, language, "enrol")
    fill_in(who, typed())
    parts = re.findall(f'href="{who.here}/check#([a-z]+)"', who.page())
    assert parts == ["papers", "person", "proof", "centre", "contact"]
    assert re.findall('<h2 id="([a-z]+)">', who.page("check")) == parts


@languages
def test_a_child_whose_parent_has_no_identifier_yet_is_asked_for_and_waits_for_the_parent(
    client: Client, language: str
) -> None:
    who = asked_on_pages(client, language, **CHILD | {"guardian": None})
    receipt = who.page("receipt")
    said = PAGES.text(
        language, "Whoever comes with the child is enrolled first, at the same visit, if they are not yet."
    )
    assert said in receipt
    assert (stored().guardian, stored().guardian_is) == (None, "mother")
    assert said in unescape(client.get(f"/{language}/status/{who.reference}").text)


def test_nobody_has_messages_sent_to_a_phone_without_end(client: Client) -> None:
    for _ in range(MOST_OPEN):
        asked_on_pages(client)
    who = Applying(client, "fr", "enrol")
    fill_in(who, typed())
    status, page, _ = who.send("check")
    assert (status, PAGES.text("fr", "wrong.too_many_enrolments") in page) == (422, True)
    assert f'href="{who.here}/contact?back=check"' in page
    who.answer("contact", phone="0612345679", language="fr")
    assert who.answer("check") == "receipt"
    assert value("select count(*) from message") == MOST_OPEN + 1


def test_a_form_of_another_site_is_refused(client: Client) -> None:
    who = Applying(client, "fr", "enrol")
    fill_in(who, typed())
    form, foreign = hidden(who.page("check")), {"Sec-Fetch-Site": "cross-site"}
    for address in (f"{who.here}/check", "/fr/enrol"):
        assert client.post(address, data=form, headers=foreign).status_code == 403
    assert value("select count(*) from cases") == 0


def test_nobody_learns_here_who_is_enrolled(client: Client) -> None:
    a_registered(31)
    for number in (31, 32):
        assert asked_on_pages(client, **CHILD | {"guardian": an_idcs(number)}).page("receipt")


@languages
def test_the_page_says_where_a_request_stands_by_when_and_what_to_do_if_one_does_not_agree(
    client: Client, language: str
) -> None:
    who = asked_on_pages(client, language)

    def page() -> str:
        return unescape(client.get(f"/{language}/status/{who.reference}").text)

    assert PAGES.text(language, "enrolment_pre_enrolled.title") in page()
    assert PAGES.text(language, "the national identity card, and a copy of it") in page()
    attested(accepted(who))
    term = clock.now() + newest_terms()["confirming"].within
    assert PAGES.text(language, "You will have an answer before {day}.").format(day=day(language, term)) in page()
    assert PAGES.text(language, "step.enrolment_confirmed") in page()
    given_back(accepted(who), "papers_not_seen")
    back = page()
    for key in ("enrolment_returned.title", "returned.papers_not_seen", "object.enrolment_returned"):
        assert PAGES.text(language, key) in back
    client.cookies.clear()
    assert PAGES.text(language, "returned.papers_not_seen") not in page(), "why is for who has the secret"
    assert PAGES.text(language, "enrolment_returned.title") in page()


@languages
def test_whoever_has_the_secret_sees_the_identifier_on_the_page_and_nobody_else(client: Client, language: str) -> None:
    who = asked_on_pages(client, language)
    client.post(f"{who.here}/follow", data=hidden(who.page("receipt")))
    both_officers(accepted(who))
    work_off()
    idcs = value("select idcs from person")
    shown = unescape(client.get(f"/{language}/status/{who.reference}").text)
    assert (idcs in shown, PAGES.text(language, "object.enrolment_notified") in shown) == (True, True)
    assert idcs in client.get(f"/{language}/status/{who.reference}/mine/data").text
    client.cookies.clear()
    assert idcs not in client.get(f"/{language}/status/{who.reference}").text
    assert rows("select stage from cases") == [("notified",)]


def test_every_kind_of_papers_has_its_questions() -> None:
    assert tuple(OF_PROOF) == PROOFS


def test_who_asks_for_a_mother_and_her_newborn_types_the_address_and_the_phone_once(client: Client) -> None:
    child = asked_on_pages(client, "ar", **CHILD | {"guardian": None})
    same = {"same": child.reference}
    begun = client.post("/ar/enrol", data=same, headers={"sec-fetch-site": "same-origin"})
    mother = str(begun.url.path).split("/")[3]
    with transaction() as connection:
        kept, sent = answers_of(connection, mother), enrolment_of_reference(connection, child.reference).body
    assert kept
    assert mother != child.reference
    names = ("region", "province", "commune", "phone", "language")
    assert [kept.person[each] for each in names] == [getattr(sent, each) for each in names]
    assert "given_name_ar" not in kept.person
    assert str(sent.commune) in unescape(client.get(f"/ar/enrol/{mother}/check").text)


def test_nothing_is_taken_over_from_a_request_that_this_browser_did_not_send(client: Client) -> None:
    child = asked_on_pages(client, "ar", **CHILD)
    client.cookies.clear()
    same = {"same": child.reference, "another": "yes"}
    begun = client.post("/ar/enrol", data=same, headers={"sec-fetch-site": "same-origin"})
    with transaction() as connection:
        kept = answers_of(connection, str(begun.url.path).split("/")[3])
    assert kept
    assert kept.person == {}
