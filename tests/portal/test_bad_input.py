"""What the API says of what it cannot take: which field, why, in plain words; nothing written, nothing sent back, no
stack trace.
"""

import gzip
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Any

import httpx
import pytest
from litestar import Request
from litestar.exceptions import HTTPException
from litestar.testing import RequestFactory

from models import clock
from models.settings import settings
from tests.factories import a_body, a_child, a_head, a_spouse, an_idcs
from tests.filing import rows
from tests.portal.conftest import Client
from tests.portal.problems import MARK, PROBLEM, errors_of
from web.errors import DETAILS, OTHER_DETAIL, on_http_error

APPLICATIONS = "/api/v1/applications"
TABLES = ("cases", "receipt", "case_body", "event", "message")


def nothing_written() -> bool:
    return [rows(f"select count(*) from {table}")[0][0] for table in TABLES] == [0] * len(TABLES)


def sent(client: Client, body: bytes | str, **headers: str) -> httpx.Response:
    return client.post(APPLICATIONS, content=body, headers={"Content-Type": "application/json"} | headers)


def without(body: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != field}


def many_members(how_many: int) -> list[dict[str, Any]]:
    return [a_head(), *[a_child(number) for number in range(1, how_many)]]


def tomorrow() -> str:
    return (clock.now().date() + timedelta(days=1)).isoformat()


GeneratedHousehold = Callable[[], dict[str, Any]]
# What is wrong, and what is said of which field.
WRONG: Mapping[str, tuple[GeneratedHousehold, dict[str, str]]] = {
    "an unknown region": (lambda: a_body(region=13), {"region": "Must be at most 12."}),
    "a region in words": (lambda: a_body(region=MARK), {"region": "Must be a whole number."}),
    "a negative bill": (lambda: a_body(bills={"gas": -1}), {"bills.gas": "Must be at least 0."}),
    "a negative bill in a list": (
        lambda: a_body(bills={"water_electricity": [10, -0.01]}),
        {"bills.water_electricity[1]": "Must be at least 0."},
    ),
    "forty members": (
        lambda: a_body(members=many_members(40)),
        {"members": "A household may have at most 30 members; this one has 40."},
    ),
    "a member twice": (
        lambda: a_body(members=[a_head(), a_spouse(), a_child(), a_child()]),
        {"members": "The same person stands at members[2], members[3]."},
    ),
    "two heads": (
        lambda: a_body(members=[a_head(), a_spouse(relationship="head")]),
        {"members": "Exactly one member must be the head."},
    ),
    "nobody declares": (
        lambda: a_body(members=[a_head(declarant=False)]),
        {"members": "Exactly one member must be the declarant."},
    ),
    "no members": (lambda: a_body(members=[]), {"members": "Must not be empty."}),
    "a birth date in the future": (
        lambda: a_body(members=[a_head(), a_spouse(), a_child(birth_date=tomorrow())]),
        {"members[2].birth_date": "Must not lie in the future."},
    ),
    "a birth date that no calendar has": (
        lambda: a_body(members=[a_head(birth_date="1980-02-30")]),
        {"members[0].birth_date": "Must be a date of the calendar, as YYYY-MM-DD."},
    ),
    "a birth date before all that live": (
        lambda: a_body(members=[a_head(birth_date="1889-12-31")]),
        {"members[0].birth_date": "Must be at least 1890-01-01."},
    ),
    "no name": (
        lambda: a_body(members=[without(a_head(family_name_la=None), "family_name_ar")]),
        {"members[0]": "Needs a given and a family name in Arabic or in Latin letters."},
    ),
    "an identifier of nine digits": (
        lambda: a_body(members=[a_head(idcs="123456789")]),
        {"members[0].idcs": "Must have ten digits, no more and no fewer."},
    ),
    "an identifier with a letter": (
        lambda: a_body(members=[a_head(idcs="234567890O")]),
        {"members[0].idcs": "Must hold digits alone."},
    ),
    "an identifier with a wrong digit": (
        lambda: a_body(members=[a_head(idcs=f"3{an_idcs(1)[1:]}")]),
        {"members[0].idcs": "Has one wrong digit, or two that are swapped."},
    ),
    "an unknown field": (lambda: a_body(colour="green"), {"colour": "Unknown field."}),
    "an unknown field of a member": (
        lambda: a_body(members=[a_head(), a_spouse(score=9)]),
        {"members[1].score": "Unknown field."},
    ),
    "a missing field": (lambda: without(a_body(), "housing"), {"housing": "Is missing."}),
    "a missing field of a member": (
        lambda: a_body(members=[without(a_head(), "sex")]),
        {"members[0].sex": "Is missing."},
    ),
    "a word that is not in the list": (lambda: a_body(milieu=MARK), {"milieu": "Must be 'urban' or 'rural'."}),
    "a phone that is none": (lambda: a_body(phone=MARK), {"phone": "Is not a phone number."}),
    "a phone in superscripts": (lambda: a_body(phone="+212" + "²" * 9), {"phone": "Is not a phone number."}),
    "a line break in a name": (
        lambda: a_body(members=[a_head(given_name_la="A\nB")]),
        {"members[0].given_name_la": "Must not be empty, nor hold control characters."},
    ),
    "a list where an object belongs": (lambda: a_body(bills=[1]), {"bills": "Must be an object."}),
    "an amount beyond all reason": (
        lambda: a_body(bills={"gas": 10**400}),
        {"bills.gas": "Must have at most 9 digits."},
    ),
    "several things at once": (
        lambda: a_body(region=0, bills={"gas": -5}, members=[a_head(), a_spouse(sex=MARK)]),
        {
            "region": "Must be at least 1.",
            "bills.gas": "Must be at least 0.",
            "members[1].sex": "Must be 'female' or 'male'.",
        },
    ),
}


def test_every_bad_field_is_named_with_what_is_wrong_with_it(client: Client) -> None:
    found = {name: errors_of(client.post(APPLICATIONS, json=made())) for name, (made, _) in WRONG.items()}

    assert found == {name: expected for name, (_, expected) in WRONG.items()}
    assert nothing_written()


def replaced(old: str, new: str) -> str:
    """An ordinary body with a piece of its text replaced."""
    whole = json.dumps(a_body())
    assert old in whole
    return whole.replace(old, new, 1)


TEXTS: Mapping[str, tuple[Callable[[], str | bytes], str]] = {
    "broken UTF-8": (lambda: replaced("Mohammedia", "Mohammédia").encode("latin-1"), "body"),
    "UTF-16": (lambda: json.dumps(a_body()).encode("utf-16"), "body"),
    "nothing": (lambda: b"", "body"),
    "not JSON": (lambda: f"{{{MARK}", "body"),
    "cut off": (lambda: json.dumps(a_body())[:-1], "body"),
    "something after the end": (lambda: json.dumps(a_body()) + "{}", "body"),
    "a list": (lambda: "[]", "body"),
    "a number": (lambda: "7", "body"),
    "null": (lambda: "null", "body"),
    "NaN": (lambda: replaced('"rooms": 2', '"rooms": NaN'), "housing.rooms"),
    "infinity in a bill": (lambda: replaced('"milieu"', '"bills": {"gas": Infinity}, "milieu"'), "bills.gas"),
    "NaN in a bill": (lambda: replaced('"milieu"', '"bills": {"gas": "NaN"}, "milieu"'), "bills.gas"),
    "a huge exponent": (lambda: replaced('"milieu"', '"bills": {"gas": 1e999999999}, "milieu"'), "bills.gas"),
    "a huge exponent in a string": (
        lambda: replaced('"milieu"', '"bills": {"gas": "1e999999999"}, "milieu"'),
        "bills.gas",
    ),
    "a tiny exponent in a string": (
        lambda: replaced('"milieu"', '"bills": {"gas": "1e-999999999"}, "milieu"'),
        "bills.gas",
    ),
    "a number of ten thousand digits": (lambda: replaced('"region": 6', '"region": ' + "9" * 10_000), "body"),
    "deep nesting": (lambda: "[" * 100_000, "body"),
    "deep nesting in a field": (
        lambda: replaced('"milieu": "urban"', '"milieu": ' + "[" * 5_000 + "]" * 5_000),
        "body",
    ),
    "a NUL in a name": (lambda: replaced("Khalid", r"Kha\u0000lid"), "members[0].given_name_la"),
    "a NUL in a commune": (lambda: replaced("Mohammedia", r"Moham\u0000media"), "commune"),
    "a NUL in a key": (lambda: replaced('"milieu"', r'"application": "a\u0000b", "milieu"'), "application"),
    "a lone surrogate in a name": (lambda: replaced("Khalid", r"Kha\ud800lid"), "body"),
    "a lone surrogate in a commune": (lambda: replaced("Mohammedia", r"\udfffMohammedia"), "body"),
}


def test_what_is_no_json_or_holds_what_no_text_may_hold_is_refused_and_named(client: Client) -> None:
    found = {name: list(errors_of(sent(client, made()))) for name, (made, _) in TEXTS.items()}

    assert found == {name: [field] for name, (_, field) in TEXTS.items()}
    assert nothing_written()


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "image/png", ";"],
)
def test_another_content_type_than_json_is_said(client: Client, media_type: str) -> None:
    answer = sent(client, json.dumps(a_body()), **{"Content-Type": media_type})

    assert "Content-Type" in errors_of(answer, 415)


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "application/json; charset=utf-8", "Application/JSON", "application/vnd.rsu+json"],
)
def test_every_kind_of_json_is_taken(client: Client, media_type: str) -> None:
    assert sent(client, json.dumps(a_body()), **{"Content-Type": media_type}).status_code == 201


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "zstd", "gzip, identity", "GZIP"])
def test_a_body_that_is_compressed_is_said(client: Client, coding: str) -> None:
    answer = sent(client, gzip.compress(json.dumps(a_body()).encode()), **{"Content-Encoding": coding})

    assert list(errors_of(answer, 415)) == ["Content-Encoding"]
    assert (
        client.post(
            "/fr/status/RSU-0000-0000-0000/open", content=b"secret=x", headers={"Content-Encoding": coding}
        ).status_code
        == 415
    )
    assert sent(client, json.dumps(a_body()), **{"Content-Encoding": "identity"}).status_code == 201


@pytest.mark.parametrize("charset", ["latin-1", "utf-16", '"ISO-8859-6"', "windows-1256"])
def test_another_encoding_of_text_than_utf8_is_said(client: Client, charset: str) -> None:
    answer = sent(client, json.dumps(a_body()), **{"Content-Type": f"application/json; charset={charset}"})

    assert errors_of(answer, 415) == {"Content-Type": "Must be UTF-8."}


SAME_KEY = [b"cle\xcc\x81 12", "clé 12".encode(), "\u200fclé\u00a0١٢\u2069".encode(), b" cl\xe9 12 "]


def test_a_key_is_the_same_key_however_it_is_typed_in_header_or_body(client: Client) -> None:
    first = client.post(APPLICATIONS, json=a_body(application="clé 12"))
    in_header = [client.post(APPLICATIONS, json=a_body(), headers={b"Idempotency-Key": key}) for key in SAME_KEY]
    in_body = [sent(client, json.dumps(a_body(application=key.decode()), ensure_ascii=False)) for key in SAME_KEY[:3]]

    assert [(each.status_code, each.json()["reference"]) for each in (*in_header, *in_body)] == [
        (200, first.json()["reference"])
    ] * 7


@pytest.mark.parametrize("escaped", [False, True])
def test_one_document_fares_alike_with_escapes_and_without(client: Client, escaped: bool) -> None:
    """Digits are read after JSON is: in texts they count, outside of texts they are none."""
    text = json.dumps(
        a_body(application="٢٠٢٦-١٧", commune="الحي ١٢", members=[a_head(idcs="٢٠٠٠٠٠٠٠١٠", birth_date="١٩٨٤-٠٧-١٦")]),
        ensure_ascii=escaped,
    )

    assert sent(client, text).status_code == 201
    assert rows(
        "select idempotency_key, body->>'commune', body->'members'->0->>'birth_date' from receipt join case_body "
        "using (case_id)"
    ) == [
        ("api:2026-17", "الحي 12", "1984-07-16"),
    ]
    assert errors_of(sent(client, text.replace('"region": 6', '"region": ٦')))["body"].startswith("Is not JSON")
    assert errors_of(
        sent(client, json.dumps(a_body(housing={"dwelling": "flat", "rooms": "٣"}), ensure_ascii=escaped))
    ) == {
        "housing.rooms": "Must be a whole number.",
    }


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('"region": 6', '"region": 6, "region": 7', "region"),
        ('"region": 6', r'"region": 6, "r\u0065gion": 6', "region"),
        ('"rooms": 2', '"rooms": 2, "rooms": 3', "housing.rooms"),
        ('"sex": "male"', r'"sex": "male", "\u0073ex": "female"', "members[0].sex"),
        ('"milieu"', '"colour": 1, "colour": 2, "milieu"', "colour"),
    ],
)
def test_a_name_that_stands_twice_in_an_object_is_named(client: Client, old: str, new: str, field: str) -> None:
    assert errors_of(sent(client, replaced(old, new))) == {field: "Stands there twice."}
    assert nothing_written()


def test_a_byte_order_mark_and_arabic_digits_are_no_mistakes(client: Client) -> None:
    text = json.dumps(a_body(), ensure_ascii=False).replace("+212612345678", "٠٦١٢٣٤٥٦٧٨")

    assert sent(client, b"\xef\xbb\xbf" + text.encode()).status_code == 201
    assert rows("select phone from case_body") == [("+212612345678",)]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("k" * 201, "Must have at most 200 characters."),
        ("k\tk", "Must not be empty, nor hold control characters."),
        ("", "Must not be empty"),
    ],
    ids=["too long", "a tabulator", "empty"],
)
def test_a_key_that_cannot_be_one_is_named_where_it_was_given_with_the_same_words(
    client: Client, key: str, said: str
) -> None:
    in_header = errors_of(client.post(APPLICATIONS, json=a_body(), headers={"Idempotency-Key": key}))
    in_body = errors_of(client.post(APPLICATIONS, json=a_body(application=key)))

    assert (list(in_header), list(in_body)) == (["Idempotency-Key"], ["application"])
    assert said in in_header["Idempotency-Key"]
    assert said in in_body["application"]


def test_a_megabyte_of_nonsense_is_answered_in_one_sentence(client: Client) -> None:
    body = json.dumps({f"field{number}": 1 for number in range(50_000)})
    assert len(body) < settings().max_body

    answer = sent(client, body)

    assert list(errors_of(answer)) == ["body"]
    assert len(answer.content) < 20_000


def test_an_application_by_api_of_which_nobody_showed_the_phone_keeps_nobody_out(client: Client) -> None:
    assert client.post(APPLICATIONS, json=a_body(application="one")).status_code == 201
    assert client.post(APPLICATIONS, json=a_body(application="two", commune="Rabat")).status_code == 201

    assert rows("select proved_at from cases") == [(None,), (None,)]


@pytest.mark.parametrize(
    ("key", "field"), [({"headers": {"Idempotency-Key": "one"}}, "Idempotency-Key"), ({}, "application")]
)
def test_a_key_reused_for_another_declaration_is_named_where_it_was_given(
    client: Client, key: dict[str, Any], field: str
) -> None:
    assert client.post(APPLICATIONS, json=a_body(application="one"), **key).status_code == 201

    answer = client.post(APPLICATIONS, json=a_body(application="one", commune="Rabat"), **key)

    assert list(errors_of(answer)) == [field]
    assert answer.json()["code"] == "key_reused"


def test_the_same_again_is_taken_once_and_gets_the_same_receipt(client: Client) -> None:
    first, again = [client.post(APPLICATIONS, json=a_body(), headers={"Idempotency-Key": "one"}) for _ in range(2)]

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json() | {"repeated": True}
    assert rows("select count(*) from cases") == [(1,)]


@pytest.mark.parametrize("chunked", [False, True], ids=["said beforehand", "chunked"])
def test_ten_megabytes_are_refused_with_an_answer_that_arrives(served: str, chunked: bool) -> None:
    """The plainest of clients sends all of it before it reads, and goes on with the same connection."""
    body = b'{"commune": "' + b"a" * 10_000_000 + b'"}'
    pieces = (body[place : place + 65_536] for place in range(0, len(body), 65_536))
    headers = {"Content-Type": "application/json"}
    connection = HTTPConnection(served.removeprefix("http://"), timeout=20)

    connection.request(
        "POST",
        APPLICATIONS,
        pieces if chunked else body,
        headers | ({"Transfer-Encoding": "chunked"} if chunked else {}),
        encode_chunked=chunked,
    )
    answer = connection.getresponse()
    problem = json.load(answer)
    assert (answer.status, answer.headers["Content-Type"]) == (413, PROBLEM)
    assert (problem["code"], problem["title"]) == ("too_large", "Content Too Large")
    assert problem["problems"] == [{"field": "body", "message": f"Must have at most {settings().max_body:,} bytes."}]

    connection.request("POST", APPLICATIONS, json.dumps(a_body()), headers)
    assert connection.getresponse().status == 201
    connection.close()


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_another_method_is_refused_with_those_that_there_are(client: Client, method: str) -> None:
    answer = client.request(method, APPLICATIONS)

    assert errors_of(answer, 405) == {}
    assert "POST" in answer.headers["allow"]
    assert (
        answer.json()["detail"] == "This address does not take this method. The header Allow names those that it takes."
    )


def test_whatever_the_framework_refuses_is_said_in_our_words() -> None:
    """Not in Python's description of the status, nor in the framework's own words."""
    request: Request[Any, Any, Any] = Request(RequestFactory().get("/api/v1/nothing").scope)
    for status in HTTPStatus:
        if 400 <= status < 500 and status != HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            answer = on_http_error(request, HTTPException(MARK, status_code=status, headers={"allow": "GET"}))

            content: Any = answer.content
            assert (answer.status_code, answer.headers["allow"]) == (status, "GET")
            assert content["detail"] == DETAILS.get(status, OTHER_DETAIL)


def test_nothing_that_a_program_asks_for_in_vain_is_answered_with_a_page(client: Client) -> None:
    for address in (
        "/api/v1/applications/RSU-0000-0000-0000",
        "/api/v1/nothing",
        "/api/",
        "/health/none",
        "/api/v1/applications/%00",
    ):
        answer = client.get(address)
        assert errors_of(answer, 404) == {}
        assert "URI" not in answer.json()["detail"]


def test_our_own_fault_has_a_reference_and_no_trace(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError(MARK)

    monkeypatch.setattr("web.api.applications.submit", broken)
    monkeypatch.setattr("web.portal.status_of", broken)

    answer = client.post(APPLICATIONS, json=a_body())
    page = client.get("/fr/status/RSU-0000-0000-0000")

    assert errors_of(answer, 500) == {}
    assert answer.json()["reference"] in answer.json()["detail"]
    assert page.status_code == 500
    assert MARK not in page.text
    assert "RuntimeError" not in page.text
