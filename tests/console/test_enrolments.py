"""Enrolments in the console: one officer completes one, a second confirms it, and likely duplicates are told apart."""

import re
from html import unescape
from typing import Any

import pytest

from notifications.catalogues import STAFF_LANGUAGES
from tests.enrolling import (
    AMINA,
    BRAHIM,
    NADIA,
    WITHOUT_PAPERS,
    YOUSSEF,
    a_registered,
    asked,
    both_officers,
    register_elsewhere,
    two_witnesses,
)
from tests.factories import an_enrolment, an_idcs
from tests.filing import Worker, current_stage, drain_all, rows, value
from tests.portal.conftest import Client
from tests.portal.enrolling import CHILD, FOREIGN, typed
from tests.portal.test_enrolment_pages import shown_errors
from tests.staffing import Person, a_person, signed_in
from web.console.language import text
from workflows.intake.receipts import secret_for
from workflows.intake.submit import Accepted
from workflows.matching.duplicates.scoring import Zone
from workflows.matching.duplicates.wording import BIRTHS, CARDS, FAMILY, GIVEN, HOMES, PHONES, SEXES, ZONES
from workflows.staff.roles import Territory


@pytest.fixture
def officers(database: str) -> tuple[Person, Person]:
    return a_person(AMINA, "population_officer"), a_person(BRAHIM, "population_officer")


def case_page(client: Client, receipt: Accepted, language: str = "en") -> str:
    client.cookies.set("sijil-console-language", language)
    return unescape(client.get(f"/console/cases/{receipt.reference}").text)


def items(page: str) -> list[str]:
    return re.findall(r"<li>(.*)</li>", page.partition("</ul>")[0])


def seen_in(page: str) -> list[str]:
    """The identifiers of those who vouch whom a page shows."""
    return sorted(set(re.findall(r'name="seen" value="(\d{10})"', page)))


def act(client: Client, receipt: Accepted, form: str, token: str, **fields: Any) -> Any:
    version = value("select version from cases where id = %s", receipt.case_id)
    sent = {"token": token, "version": version, **fields}
    return client.post(f"/console/cases/{receipt.reference}/enrolment/{form}", data=sent)


def test_two_officers_complete_and_confirm(client: Client, officers: tuple[Person, Person], worker: Worker) -> None:
    receipt = asked()
    token = signed_in(client, officers[0])
    assert "another system's work" in case_page(client, receipt)
    done = act(client, receipt, "attest_enrolment", token, proof="cin", **typed(given_name_la="Khaled"))
    assert done.status_code == 200, shown_errors(done.text)
    assert current_stage(receipt) == "attested"
    assert "confirm_enrolment" not in case_page(client, receipt)
    assert act(client, receipt, "confirm_enrolment", token).status_code == 403

    token = signed_in(client, officers[1])
    page = case_page(client, receipt)
    assert "Attested by Amina Alaoui." in page
    assert "Khaled" in page
    assert act(client, receipt, "confirm_enrolment", token).status_code == 200
    drain_all(worker())
    assert value("select idcs from person where given_name_la = 'Khaled'") in case_page(client, receipt)
    acts = rows("select act from audit_entry where act like '%%enrolment' order by at")
    assert acts == [("attest_enrolment",), ("confirm_enrolment",)]


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
def test_each_wrong_field_of_an_officers_form_has_its_words_and_what_was_typed_stays(
    client: Client, officers: tuple[Person, Person], language: str
) -> None:
    two_witnesses(status="deceased")
    receipt = asked(**WITHOUT_PAPERS)
    token = signed_in(client, officers[0])
    client.cookies.set("sijil-console-language", language)
    sent = typed(**WITHOUT_PAPERS)
    page = act(client, receipt, "attest_enrolment", token, proof="witnesses", **sent)
    assert (page.status_code, shown_errors(page.text)) == (422, [])
    assert text(language, "refused.look_at_vouchers") in unescape(page.text)
    page = act(client, receipt, "attest_enrolment", token, proof="witnesses", **sent, seen=seen_in(page.text))
    assert page.status_code == 422
    assert shown_errors(page.text) == [("witnesses[1].idcs", text(language, "wrong.vouch_deceased"))]
    assert text(language, "refused.cannot_vouch") in unescape(page.text)
    page = act(client, receipt, "attest_enrolment", token, proof="cin", **typed(given_name_la="خالد"))
    assert shown_errors(page.text) == [("given_name_la", text(language, "wrong.in_latin"))]
    page = act(client, receipt, "attest_enrolment", token, proof="cin", **typed(province="MA-RAB"))
    assert shown_errors(page.text) == [("province", text(language, "wrong.choose"))]
    page = act(client, receipt, "attest_enrolment", token, proof="cin", **typed(nationality="SN"))
    assert shown_errors(page.text) == [("nationality", text(language, "wrong.for_moroccans"))]
    assert current_stage(receipt) == "pre_enrolled"


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
def test_people_who_look_alike_stand_side_by_side_and_an_officer_says_who_it_is(
    client: Client, officers: tuple[Person, Person], worker: Worker, language: str
) -> None:
    year = an_enrolment()["birth_date"][:4]
    known = a_registered(1, birth_date=f"{year}-01-01", birth_precision="year", sex="female", status="deceased")
    receipt = asked(birth_place="Fès")
    both_officers(receipt)
    drain_all(worker())
    token = signed_in(client, officers[1])
    page = case_page(client, receipt, language)
    before, for_it, against, unknown = re.split("<h4>.*</h4>", page)
    assert text(language, ZONES[Zone.SAME_CARD]) in before
    assert known["idcs"] in before
    assert text(language, "This person is registered as deceased") in before
    assert items(for_it) == [
        text(language, said) for said in (GIVEN["equal"], FAMILY["equal"], BIRTHS["same_year"], CARDS["equal"])
    ]
    assert items(against) == [text(language, SEXES["other"])]
    assert items(unknown) == [text(language, HOMES["unknown"]), text(language, PHONES["unknown"])]
    assert re.findall(r'<td class="differs"><bdi class="code" dir="ltr">(.*?)</bdi>', page) == [year]
    assert text(language, "Another person: none of these") in page
    phone = page.partition(f">{text(language, 'field.phone')}</th>")[2].partition("</tr>")[0]
    assert re.findall("<td>(.*?)</td>", phone)[1:] == [text(language, "unknown")]

    seen = act(client, receipt, "tell_apart", token, answer=known["idcs"])
    assert known["idcs"] not in unescape(seen.text).split("<h2>")[1], "no message tells the identifier"
    assert current_stage(receipt) == "possible_duplicate"
    act(client, receipt, "tell_apart", token, answer=known["idcs"], confirmed="yes")
    assert current_stage(receipt) == "enrolled_already"


def test_an_enrolment_is_given_back_once_its_words_were_seen(client: Client, officers: tuple[Person, Person]) -> None:
    receipt = asked()
    token = signed_in(client, officers[0])
    act(client, receipt, "attest_enrolment", token, proof="cin", **typed(language="ar"))
    token = signed_in(client, officers[1])
    seen = act(client, receipt, "return_enrolment", token, reason="person_not_seen")
    assert (current_stage(receipt), "غير مكتمل" in seen.text) == ("attested", True)
    act(client, receipt, "return_enrolment", token, reason="person_not_seen", confirmed="yes")
    assert current_stage(receipt) == "pre_enrolled"


def test_enrolments_wait_in_a_queue_of_their_own_and_the_next_one_goes_to_an_officer(
    client: Client, officers: tuple[Person, Person]
) -> None:
    first = asked()
    second = asked(**NADIA)
    for each in (first, second):
        token = signed_in(client, officers[0])
        act(client, each, "attest_enrolment", token, proof="cin", **typed(**({} if each is first else NADIA)))
    listed = client.get("/console/queues?tab=unassigned&queue=enrolments").text
    assert first.reference in listed
    assert second.reference in listed
    token = signed_in(client, a_person("Salma Idrissi", "caseworker"))
    assert "none=1" in str(client.post("/console/next", data={"token": token}).url), "none is a caseworker's"
    token = signed_in(client, officers[0])
    assert "none=1" in str(client.post("/console/next", data={"token": token}).url), "who attested does not confirm"
    token = signed_in(client, officers[1])
    assert first.reference in str(client.post("/console/next", data={"token": token}).url)


def test_a_person_who_is_to_be_enrolled_is_found_by_name(client: Client, officers: tuple[Person, Person]) -> None:
    receipt = asked()
    token = signed_in(client, officers[0])
    for name in ("Khaled Ben Ali", "بنعلي خالد"):
        assert (
            receipt.reference
            in client.post("/console/search", data={"token": token, "typed": name, "purpose": "case"}).text
        )


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
def test_an_officer_sees_each_witness_as_typed_and_as_in_the_register_and_attests_what_agrees_at_once(
    client: Client, officers: tuple[Person, Person], language: str
) -> None:
    two_witnesses()
    receipt = asked(**WITHOUT_PAPERS)
    token = signed_in(client, officers[0])
    page = case_page(client, receipt, language)
    for each in (NADIA, YOUSSEF):
        assert f"{each['given_name_ar']} {each['family_name_ar']}" in page
        assert each["birth_date"] in page
        assert page.count(each["cin"]) >= 2, "as typed, and in the register"
    assert text(language, "I saw the person and the papers, and all agrees: attest") in page
    refused = act(client, receipt, "attest_enrolment", token, as_sent="yes")
    assert (refused.status_code, current_stage(receipt)) == (422, "pre_enrolled"), "who was not shown was not looked at"
    assert act(client, receipt, "attest_enrolment", token, as_sent="yes", seen=seen_in(page)).status_code == 200
    assert current_stage(receipt) == "attested"
    looked = value("select persons from audit_entry where act = 'read_case' order by cardinality(persons) desc limit 1")
    assert len(looked) == 2


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
def test_what_a_colleague_changed_at_the_centre_stands_beside_what_was_sent(
    client: Client, officers: tuple[Person, Person], language: str
) -> None:
    receipt = asked(birth_place="Agadir")
    act(client, receipt, "attest_enrolment", signed_in(client, officers[0]), proof="cin", **typed(birth_place="Fès"))
    signed_in(client, officers[1])
    page = case_page(client, receipt, language)
    shown = page[page.index(text(language, "What must be decided")) :].split("</dl>")[0]
    assert text(language, "changed at the centre") in shown
    assert ("Fès" in shown, "Agadir" in shown) == (True, True)


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
def test_a_person_is_no_household_and_a_nationality_is_a_country(
    client: Client, officers: tuple[Person, Person], language: str
) -> None:
    receipt = asked(**FOREIGN)
    signed_in(client, officers[0])
    page = case_page(client, receipt, language)
    main = page[page.index("<main") :].replace('class="household"', "")  # a word of the sheet
    main = re.sub(r'<option value="family">.*?</option>', "", main)
    words = {"ar": ("الأسرة", "السنغال"), "fr": ("ménage", "Sénégal"), "en": ("ousehold", "Senegal")}
    household, country = words[language]
    assert (household in main, country in main) == (False, True)
    assert text(language, "by.applicant") in main


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
def test_of_a_child_whose_parent_is_not_enrolled_yet_the_page_says_what_to_do(
    client: Client, officers: tuple[Person, Person], language: str
) -> None:
    child = CHILD | {"birth_act_year": int(CHILD["birth_act_year"]), "guardian": None}
    receipt = asked(**child)
    token = signed_in(client, officers[0])
    page = case_page(client, receipt, language)
    assert text(language, "missing.guardian") in page
    assert 'name="as_sent"' not in page
    page = act(client, receipt, "attest_enrolment", token, proof="birth_act", **typed(**child)).text
    assert [each for each, _ in shown_errors(page)] == ["guardian"]
    a_registered(31, **NADIA)
    sent = typed(**child | {"guardian": an_idcs(31)})
    seen = act(client, receipt, "attest_enrolment", token, proof="birth_act", **sent)
    assert f"{NADIA['given_name_la']} {NADIA['family_name_la']}" in unescape(seen.text)
    act(client, receipt, "attest_enrolment", token, proof="birth_act", **sent, seen=seen_in(seen.text))
    assert current_stage(receipt) == "attested"


BEGIN = "/console/enrolments/begin"


def test_an_officer_begins_an_enrolment_once_and_gives_the_receipt(
    client: Client, officers: tuple[Person, Person]
) -> None:
    token = signed_in(client, officers[0])
    sent = {"token": token, "proof": "cin", **typed()}
    first, again = client.post(BEGIN, data=sent), client.post(BEGIN, data=sent)
    ((case_id, reference),) = rows("select case_id, reference from receipt")
    for page in (first, again):
        assert page.status_code == 200, shown_errors(page.text)
        assert reference in page.text
        assert secret_for(reference) in page.text
    assert rows("select stage from cases") == [("pre_enrolled",)]
    assert value("select facts ->> 'channel' from event where case_id = %s and seq = 1", case_id) == "office"
    assert rows("select act from audit_entry where act = 'file_enrolment'") == [("file_enrolment",)]
    receipt = Accepted(reference, secret_for(reference), case_id)
    assert act(client, receipt, "attest_enrolment", token, as_sent="yes").status_code == 200
    assert current_stage(receipt) == "attested"


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_the_receipt_names_the_person_in_their_language_whatever_the_officer_reads(
    client: Client, officers: tuple[Person, Person], language: str
) -> None:
    token = signed_in(client, officers[0])
    client.cookies.set("sijil-console-language", "en")
    page = client.post(BEGIN, data={"token": token, "proof": "cin", **typed(language=language)}).text
    slip = unescape(re.split(r'<section class="box slip"|</section>', page)[1])
    assert f'lang="{language}"' in slip
    assert ("خالد بنعلي" in slip, "Khalid Benali" in slip) == (language == "ar", language != "ar")
    assert text(language, "Secret code") in slip
    assert language == "fr" or not re.search("[A-Za-z]{3,} [a-z]{3,}", re.sub("<[^>]*>", "", slip))


def test_who_attested_is_offered_what_comes_next_and_not_to_hold_it(
    client: Client, officers: tuple[Person, Person]
) -> None:
    receipt = asked()
    token = signed_in(client, officers[0])
    assert "desk/take" in case_page(client, receipt)
    done = act(client, receipt, "attest_enrolment", token, as_sent="yes").text
    assert f'href="{BEGIN}"' in done.partition('class="head"')[0].rpartition("<section")[2]
    assert "desk/take" not in done
    signed_in(client, officers[1])
    assert "desk/take" in case_page(client, receipt)


def test_what_is_wrong_is_said_in_the_summary_which_has_the_focus(
    client: Client, officers: tuple[Person, Person]
) -> None:
    token, receipt = signed_in(client, officers[0]), asked()
    wrong = {"proof": "cin", **typed(given_name_la="خالد")}
    for page in (
        client.post(BEGIN, data={"token": token, **wrong}).text,
        act(client, receipt, "attest_enrolment", token, **wrong).text,
    ):
        summary = page.partition('class="summary"')[2].partition("</div>")[0]
        assert 'href="#should.given_name_la"' in summary
        assert page.count('href="#should.given_name_la"') == 1


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
def test_what_is_wrong_with_an_enrolment_at_a_desk_is_told_and_what_was_typed_stays(
    client: Client, officers: tuple[Person, Person], language: str
) -> None:
    token = signed_in(client, officers[0])
    client.cookies.set("sijil-console-language", language)
    for field, given, code in (("given_name_la", "خالد", "in_latin"), ("birth_place", "", "empty")):
        page = client.post(BEGIN, data={"token": token, "proof": "cin", **typed(phone="0612345678", **{field: given})})
        assert (page.status_code, shown_errors(page.text)) == (422, [(field, text(language, f"wrong.{code}"))])
        assert 'value="0612345678"' in page.text
    assert text(language, "refused.no_proof") in unescape(client.post(BEGIN, data={"token": token, **typed()}).text)
    assert rows("select id from cases") == []


def test_an_officer_begins_enrolments_of_their_own_territory_which_stands_in_the_form(client: Client) -> None:
    token = signed_in(client, a_person(AMINA, "population_officer", within=Territory(7, "MA-MAR")))
    form = client.get(BEGIN).text
    assert '<option value="MA-MAR" selected>' in form
    assert '<option value="7" selected>' in form
    page = client.post(BEGIN, data={"token": token, "proof": "cin", **typed(region="6", province="MA-CAS")})
    assert (page.status_code, text("ar", "refused.another_territory") in unescape(page.text)) == (403, True)
    assert rows("select id from cases") == []


def test_nobody_begins_an_enrolment_here_where_the_register_is_elsewhere(
    client: Client, officers: tuple[Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = signed_in(client, officers[0])
    register_elsewhere(monkeypatch)
    page = client.post(BEGIN, data={"token": token, "proof": "cin", **typed()})
    assert (page.status_code, text("ar", "refused.register_elsewhere") in unescape(page.text)) == (409, True)
