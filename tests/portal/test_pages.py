"""The citizen's pages, in each language: where it stands, what to do, by when, whom to call; and what they must not
show.
"""

import re
from datetime import UTC, datetime
from html import unescape

import pytest

from notifications.catalogues import LANGUAGES
from tests.doubting import in_doubt, said
from tests.filing import a_household, changed, file, register, rows, value
from tests.people import caseworker
from tests.portal.conftest import HELPLINE, Client
from tests.portal.standing import (
    STANDINGS,
    asked_by_caseworker,
    proposed,
    registered,
    rejected,
    to_correct,
    under_review,
    work_off,
)
from web.language import PAGES, day
from workflows.stages.review import REASONS

NOWHERE = "RSU-0000-0000-0000"
both = pytest.mark.parametrize("language", LANGUAGES)


def seen(client: Client, address: str, status: int = 200) -> str:
    """A page's text as it is read."""
    answer = client.get(address)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return unescape(answer.text)


@both
@pytest.mark.parametrize("state", STANDINGS)
def test_a_page_says_where_an_application_stands_what_to_do_and_whom_to_call(
    client: Client, language: str, state: str
) -> None:
    taken = STANDINGS[state]()

    page = seen(client, f"/{language}/status/{taken.reference}")

    assert f'<html lang="{language}" dir="{LANGUAGES[language].direction}">' in page
    for part in ("title", "what", "do"):
        assert PAGES.text(language, f"{state}.{part}") in page
    assert f'<bdi class="code">{taken.reference}</bdi>' in page
    assert f'href="tel:{HELPLINE.replace(" ", "")}"' in page
    assert f'<bdi class="code">{HELPLINE}</bdi>' in page
    assert (
        f"<title>{PAGES.text(language, f'{state}.title')} – {taken.reference} – "
        f"{PAGES.text(language, 'Unified Social Register')}</title>" in page
    )
    assert PAGES.text(language, "There you may ask, at no cost, why something was decided.") in page


@both
def test_the_first_page_says_where_to_apply_before_anything_else_and_what_a_reference_looks_like(
    client: Client, language: str
) -> None:
    page = seen(client, f"/{language}")

    assert (
        "<ol>\n<li>"
        + PAGES.text(language, "You apply here, at any service centre, or at a service that files for you.")
        in page
    )
    described = re.search(r'<input id="reference"[^>]* aria-describedby="([\w-]+)"', page)
    assert described
    assert re.search(rf'id="{described[1]}">[^<]+<bdi class="code">RSU-XXXX-XXXX-XXXX</bdi>', page)
    assert 'href="/schema"' not in page.split("<footer>")[0]
    assert 'href="/schema"' in page


@both
def test_a_correction_is_asked_for_by_a_day(client: Client, language: str) -> None:
    taken = to_correct()
    until = value("select deadline from cases where id = %s", taken.case_id)

    assert PAGES.text(language, "Correct it before {day}.").format(day=day(language, until)) in seen(
        client, f"/{language}/status/{taken.reference}"
    )


def test_days_are_those_of_morocco_in_the_words_of_morocco() -> None:
    late = datetime(2025, 11, 30, 23, 30, tzinfo=UTC)  # Morocco was at UTC+1 then

    assert day("ar", late) == "1\u00a0دجنبر\u00a02025"
    assert day("fr", late) == "1er\u00a0décembre\u00a02025"
    assert day("fr", late.replace(day=20)) == "21\u00a0novembre\u00a02025"


@both
def test_no_page_shows_a_name_an_identifier_a_phone_or_the_score_without_the_secret(
    client: Client, language: str
) -> None:
    taken = to_correct()
    notified = registered()
    pages = [seen(client, f"/{language}/status/{each.reference}") for each in (taken, notified)]

    declared = [body for (body,) in rows("select body from case_body")]
    parts = ("idcs", "given_name_ar", "family_name_ar", "given_name_la", "family_name_la", "cin")
    private = {member[part] for body in declared for member in body["members"] for part in parts if part in member}
    private |= {body["phone"] for body in declared if "phone" in body}
    private |= {score[:6] for (score,) in rows("select facts ->> 'score' from event where kind = 'HouseholdApproved'")}
    assert len(private) > 5
    assert [each for each in private for page in pages if re.search(rf"(?<!\w){re.escape(each)}(?!\w)", page)] == []


@both
def test_the_reason_is_shown_to_the_receipts_secret_alone(client: Client, language: str) -> None:
    taken = to_correct()
    address = f"/{language}/status/{taken.reference}"
    reason = PAGES.text(language, "reason.birth_date_differs")

    before = seen(client, address)
    assert reason not in before
    assert f'href="/{language}/sign-in"' in before, "who lost the secret opens the file by a code"

    wrong = client.post(f"{address}/open", data={"secret": "0123456789"})
    assert wrong.status_code == 422
    assert reason not in wrong.text
    assert PAGES.text(language, "Error:") in unescape(wrong.text).split("</title>")[0]
    assert 'aria-invalid="true"' in wrong.text

    right = client.post(f"{address}/open", data={"secret": f" {taken.secret.lower()} "})
    assert right.status_code == 200
    assert reason in unescape(right.text)
    assert PAGES.text(language, "Member {number} of the declaration:").format(number=2) in unescape(right.text)
    assert 'name="secret"' not in right.text


@both
def test_it_is_said_which_part_of_a_birth_date_differs_and_never_what_the_register_keeps(
    client: Client, language: str
) -> None:
    made = a_household(1, members=3)
    register([made])
    known = made.body["members"][1]["birth_date"]
    (taken,) = file(changed(made.body, 1, birth_date=f"{int(known[:4]) - 11}{known[4:]}", birth_precision="day"))
    work_off()

    page = unescape(client.post(f"/{language}/status/{taken.reference}/open", data={"secret": taken.secret}).text)

    assert PAGES.text(language, "reason.birth_year_differs") in page
    assert PAGES.text(language, "reason.birth_date_differs") not in page
    assert 'data-field="members[1]" data-reason="birth_date_differs" data-differs="year">' in page
    assert known[:4] not in page


@both
def test_it_is_said_which_part_of_a_name_differs_on_the_page_and_by_the_api(client: Client, language: str) -> None:
    made = a_household(1, members=3)
    register([made])
    kept = {"given_name_ar": "خديجة", "family_name_ar": "المنصوري", "given_name_la": "Khadija"}
    declared = {**kept, "family_name_ar": "بوزيدي", "family_name_la": "Bouzidi"}
    idcs = made.body["members"][1]["idcs"]
    (taken,) = file(changed(made.body, 1, **declared))
    rows(
        "update person set given_name_ar = %s, family_name_ar = %s, given_name_la = %s, family_name_la = 'Mansouri' "
        "where idcs = %s",
        *kept.values(),
        idcs,
    )
    work_off()

    page = unescape(client.post(f"/{language}/status/{taken.reference}/open", data={"secret": taken.secret}).text)
    told = client.get(f"/api/v1/applications/{taken.reference}", headers={"Receipt-Secret": taken.secret}).json()

    assert PAGES.text(language, "reason.family_name_differs") in page
    assert 'data-field="members[1]" data-reason="name_differs" data-differs="family_name">' in page
    assert told["reasons"] == [{"field": "members[1]", "reason": "name_differs", "differs": ["family_name"]}]
    assert "Mansouri" not in page
    assert "المنصوري" not in page


@both
def test_a_household_in_doubt_is_told_that_it_need_do_nothing(client: Client, language: str) -> None:
    _, taken = in_doubt(0)
    work_off()

    page = unescape(client.post(f"/{language}/status/{taken.reference}/open", data={"secret": taken.secret}).text)

    assert PAGES.text(language, "under_review.title") in page
    assert PAGES.text(language, "under_review.do") in page
    assert PAGES.text(language, "event.IdentityDoubted") in page
    assert PAGES.text(language, "turn.work") in page
    assert steps_of(page)[:2] == ["done", "now"]

    said(taken)
    assert steps_of(unescape(client.get(f"/{language}/status/{taken.reference}").text))[:3] == ["done", "done", "now"]


def steps_of(page: str) -> list[str]:
    """How far the steps of the way have come."""
    return re.findall(r'<li class="(done|now|yours|ahead)"', page)


@both
def test_who_a_caseworker_did_not_confirm_is_asked_because_of_the_register(client: Client, language: str) -> None:
    _, taken = in_doubt(0)
    work_off()
    said(taken, others=[0])

    page = unescape(client.post(f"/{language}/status/{taken.reference}/open", data={"secret": taken.secret}).text)

    assert PAGES.text(language, "needs_correction.what") in page
    (differs,) = re.findall(r'data-reason="birth_date_differs" data-differs="(\w+)"', page)
    assert PAGES.text(language, f"reason.birth_{differs}_differs") in page
    assert PAGES.text(language, "event.IdentityNotConfirmed") in page


@both
def test_the_address_that_takes_the_secret_leads_back_to_the_application_for_whoever_brings_none(
    client: Client, language: str
) -> None:
    for reference in (to_correct().reference, NOWHERE):
        for method in ("GET", "HEAD"):
            answer = client.request(method, f"/{language}/status/{reference}/open", follow_redirects=False)
            assert (answer.status_code, answer.headers["location"]) == (303, f"/{language}/status/{reference}")
    assert client.get(f"/de/status/{NOWHERE}/open").status_code == 404


@both
@pytest.mark.parametrize(
    ("standing", "reason"),
    [
        (asked_by_caseworker, "reason.person_declared_twice"),
        (proposed, "doubt.false_declaration"),
        (rejected, "reason.false_declaration"),
    ],
)
def test_a_caseworkers_reason_is_shown_to_the_secret_too(
    client: Client, language: str, standing: object, reason: str
) -> None:
    taken = standing()  # type: ignore[operator]
    address = f"/{language}/status/{taken.reference}"

    assert PAGES.text(language, reason) not in seen(client, address)
    assert PAGES.text(language, reason) in unescape(client.post(f"{address}/open", data={"secret": taken.secret}).text)


@both
def test_what_is_held_against_a_household_is_named_value_by_value_to_the_secret_alone(
    client: Client, language: str
) -> None:
    taken = under_review(2)
    paths = ("bills.telecom", "members[1].occupation", "housing.bath_or_shower")
    caseworker(taken, "refuse", "false_declaration", about=paths)
    address = f"/{language}/status/{taken.reference}"
    closed = seen(client, address)
    told = unescape(client.post(f"{address}/open", data={"secret": taken.secret}).text)

    doubt, member = (
        PAGES.text(language, "doubt.false_declaration"),
        PAGES.text(language, "Member {number} of the declaration:"),
    )
    for place, field in (
        ("", "bills.telecom"),
        (member.format(number=2) + " ", "members.occupation"),
        ("", "housing.bath_or_shower"),
    ):
        what = PAGES.text(language, "{what}:").format(what=PAGES.text(language, f"field.{field}"))
        assert f"{what} {doubt}</li>" in told
        assert place in told
        assert what not in closed


@both
@pytest.mark.parametrize("reason", REASONS["refuse"])
def test_what_whoever_was_refused_can_do_depends_on_the_reason_and_is_told_to_the_secret_alone(
    client: Client, language: str, reason: str
) -> None:
    taken = rejected(reason)
    address = f"/{language}/status/{taken.reference}"
    advice = {each: PAGES.text(language, f"advice.{each}") for each in REASONS["refuse"]}
    generic = PAGES.text(language, "rejected.do")

    before, told = seen(client, address), unescape(client.post(f"{address}/open", data={"secret": taken.secret}).text)

    assert [each for each in (*advice.values(), generic) if each in before] == [generic]
    assert [each for each in (*advice.values(), generic) if each in told] == [advice[reason]]


@both
def test_in_a_hearing_the_page_says_until_when_to_answer_and_what_silence_does(client: Client, language: str) -> None:
    taken = proposed()

    page = seen(client, f"/{language}/status/{taken.reference}")

    until = value("select deadline from cases where id = %s", taken.case_id)
    assert PAGES.text(language, "Answer before {day}.").format(day=day(language, until)) in page
    silence = "If no answer comes, the review goes on: silence alone never leads to a refusal."
    assert PAGES.text(language, silence) in page


def test_a_secret_with_foreign_digits_counts_and_a_broken_form_is_a_wrong_secret(client: Client) -> None:
    taken = to_correct()
    eastern = taken.secret.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    address = f"/fr/status/{taken.reference}/open"

    assert client.post(address, data={"secret": eastern}).status_code == 200
    for body in (b"", b"\xff\xfe", b"secret=" + b"A" * 10_000, b"&".join([b"secret=1"] * 700), b"secret=%00"):
        assert client.post(address, content=body).status_code in (422, 429)


def test_a_mismatch_that_was_put_right_is_no_longer_the_reason(client: Client) -> None:
    """A caseworker's later question stands alone: what an earlier round found is over."""
    taken = asked_by_caseworker()
    earlier = '{"type":"MembersMismatched","rules":"x","mismatches":[{"member":0,"reason":"deceased"}]}'
    rows(
        "insert into event (case_id, seq, kind, at, actor, facts, commitment, hash) "
        "select case_id, 0, 'MembersMismatched', at - interval '1 hour', actor, %s, commitment, hash from event where "
        "case_id = %s and seq = 1",
        earlier,
        taken.case_id,
    )

    page = unescape(client.post(f"/fr/status/{taken.reference}/open", data={"secret": taken.secret}).text)

    assert PAGES.text("fr", "reason.person_declared_twice") in page
    assert PAGES.text("fr", "reason.deceased") not in page
    assert PAGES.text("fr", "correction_asked.what") in page


@pytest.mark.parametrize("state", STANDINGS)
def test_the_way_is_shown_until_its_end_and_of_no_application_that_has_left_it(client: Client, state: str) -> None:
    shown = '<ol class="steps">' in seen(client, f"/fr/status/{STANDINGS[state]().reference}")

    assert shown == (state not in ("lapsed", "rejected", "withdrawn"))


def test_the_steps_behind_are_ticked_and_the_one_at_hand_is_marked(client: Client) -> None:
    taken = to_correct()

    page = seen(client, f"/fr/status/{taken.reference}")

    assert page.count('class="done"') == 1
    assert page.count('aria-current="step"') == 1
    assert 'class="yours" aria-current="step"><span>' + PAGES.text("fr", "step.verified") in page
    assert PAGES.text("fr", "step.now") not in page.split("<ol")[1], "it waits for the citizen, and not for us"


def test_the_form_finds_a_reference_however_it_was_typed(client: Client) -> None:
    (taken,) = file(a_household().body)
    plain = taken.reference.removeprefix("RSU-").lower()
    eastern = plain.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))

    for typed in (plain, f"  {plain} ", f"rsu {plain}", f"RSU{plain.replace('-', '')}", eastern):
        answer = client.get("/ar/status", params={"reference": typed}, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/ar/status/{taken.reference}")


def test_whatever_else_is_typed_ends_on_a_page(client: Client) -> None:
    for typed in (
        "",
        "   ",
        "x" * 5000,
        "../../etc",
        "<script>alert(1)</script>",
        "%00",
        "\u0000",
        "ملف",
        "🙂",
        "RSU-",
    ):
        answer = client.get("/fr/status", params={"reference": typed})
        assert (typed, answer.status_code) in ((typed, 200), (typed, 404))
        assert "<script>" not in answer.text
        assert PAGES.text("fr", "Where does my application stand?") in unescape(answer.text)


@both
def test_an_unknown_reference_is_a_page_with_the_form_again(client: Client, language: str) -> None:
    page = seen(client, f"/{language}/status/{NOWHERE}", 404)

    assert PAGES.text(language, "error.unknown.title") in page
    assert PAGES.text(language, "error.404.title") not in page
    assert re.search(rf'<input id="reference" [^>]*value="{NOWHERE}"', page), "what was typed is still there"
    assert PAGES.text(language, "Error:") in page.split("</title>")[0]


@both
def test_what_cannot_be_a_reference_stays_in_the_field_with_what_one_looks_like(client: Client, language: str) -> None:
    page = seen(client, f"/{language}/status?reference=RSU-12", 404)

    assert PAGES.text(language, "error.typed.title") in page
    assert re.search(r'<input id="reference" [^>]*value="RSU-12"[^>]*aria-invalid="true"', page)


@both
def test_the_other_language_keeps_the_page(client: Client, language: str) -> None:
    taken = registered()
    other = next(each for each in LANGUAGES if each != language)

    answer = client.get(f"/{language}/status/{taken.reference}")

    assert answer.headers["content-language"] == language
    assert f'<a href="/{other}/status/{taken.reference}" lang="{other}" hreflang="{other}">' in answer.text
    for each in LANGUAGES:
        assert f'<link rel="alternate" hreflang="{each}" href="/{each}/status/{taken.reference}">' in answer.text
    assert client.get(f"/{other}/status/{taken.reference}").status_code == 200


ACCEPTED = {
    "fr": "fr",
    "fr-MA,fr;q=0.9,en;q=0.8": "fr",
    "en-US,en;q=0.9": "en",
    "de,en;q=0.3": "en",
    "": "ar",
    "*": "ar",
    "fr;q=0.2, ar;q=0.9": "ar",
    "ar;q=0, fr;q=0.1": "fr",
    "zgh, fr;q=0.5, ar;q=0.5": "fr",
    "frx, arb": "ar",
    ";;q=,,=;q=fr": "ar",
    "FR-ma": "fr",
}


def test_the_first_page_speaks_the_language_that_the_reader_likes_best(client: Client) -> None:
    answers = {accepted: client.get("/", headers={"Accept-Language": accepted}) for accepted in ACCEPTED}

    assert {accepted: answer.headers["content-language"] for accepted, answer in answers.items()} == ACCEPTED
    assert all("Accept-Language" in answer.headers["vary"] for answer in answers.values())
    assert PAGES.text("fr", "One register for all social programmes") in unescape(answers["fr"].text)


def test_a_page_varies_by_the_readers_languages_only_where_they_choose(client: Client) -> None:
    expected = {"/": True, "/nothing": True, "/fr": False, f"/fr/status/{registered().reference}": False}

    assert {
        address: "Accept-Language" in client.get(address).headers.get("vary", "") for address in expected
    } == expected


def test_the_language_in_the_address_goes_before_the_browsers(client: Client) -> None:
    assert client.get("/fr", headers={"Accept-Language": "ar"}).headers["content-language"] == "fr"
    assert client.get(f"/fr/status/{NOWHERE}", headers={"Accept-Language": "ar"}).headers["content-language"] == "fr"


def test_what_does_not_exist_is_said_in_a_page(client: Client) -> None:
    addresses = (
        "/de",
        "/de/status",
        "/nothing",
        "/robots.txt",
        "/static/none.css",
        "/fr/none",
        f"/de/status/{NOWHERE}",
        "/fr/status/a/b/c",
    )

    for address in addresses:
        answer = client.get(address, headers={"Accept-Language": "fr"})
        assert (address, answer.status_code) == (address, 404)
        assert PAGES.text("fr", "error.404.title") in unescape(answer.text)


@both
def test_without_a_number_to_call_people_are_sent_to_a_service_centre(
    client: Client, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "web.language.settings", lambda: type("Settings", (), {"helpline": "", "draft_languages": False})
    )

    page = seen(client, f"/{language}")

    assert "tel:" not in page
    assert PAGES.text(language, "Go to any service centre. Have your reference at hand.") in page


def test_an_erased_case_still_has_its_page(client: Client) -> None:
    taken = to_correct()
    rows("update event set evidence = null, facts = null, salt = null where case_id = %s", taken.case_id)

    answer = client.post(f"/fr/status/{taken.reference}/open", data={"secret": taken.secret})

    assert answer.status_code == 200
    assert PAGES.text("fr", "needs_correction.title") in unescape(answer.text)


def test_a_technical_delay_is_ours_and_looks_like_work(client: Client) -> None:
    (taken,) = file(a_household().body)
    work_off()
    rows("update cases set stage = 'parked' where id = %s", taken.case_id)

    assert PAGES.text("fr", "in_work.title") in seen(client, f"/fr/status/{taken.reference}")
