"""What nobody should type on the citizens' pages: it is told in their language, what was typed is kept, and nothing
breaks.
"""

import re
from collections.abc import Mapping
from html import unescape
from urllib.parse import quote

import pytest

from models import clock
from models.database import transaction
from notifications.catalogues import LANGUAGES
from tests.filing import a_household, register, rows, value
from tests.portal.applying import Applying, born, code_sent, fill_in
from tests.portal.conftest import Client
from tests.portal.standing import registered
from tests.portal.visiting import MARK, address_of, hidden_of, open_file
from web.applying.questions import HOUSEHOLD, MEMBER, questions_of
from web.asked import PARTS_OF_DATE
from web.language import PAGES
from workflows.intake import drafts
from workflows.intake.drafts import Answers

both = pytest.mark.parametrize("language", LANGUAGES)
NASTY: Mapping[str, str | bytes] = {
    "emoji": "😀👨‍👩‍👧",
    "turned around": "\u202eabc\u202c\u200f",
    "markup": "<script>alert(1)</script>\"'>",
    "statement": "'; drop table cases; --",
    "too long": "ا" * 5_000,
    "a NUL": "a\x00b",
    "lines": "a\r\nb\tc",
    "negative": "-1",
    "huge": "9" * 400,
    "exponent": "1e999999999",
    "a fraction of another script": "٣٫١٤١٥٩",
    "presentation forms": "\ufee3\ufea4\ufee4\ufeaa",
    "half a letter": b"\xed\xa0\x80\xff",
}


def fields_of(page: str) -> set[str]:
    """The fields of a page's form, but for those that it hides."""
    return set(re.findall(r'<input (?!type="hidden")[^>]*name="([^"]+)"', page))


def asks_of(name: str) -> set[str]:
    """What a page asks."""
    page = next(each for each in (*HOUSEHOLD, *MEMBER) if each.name == name)
    asked = questions_of(page, {"region": 6})
    return {
        f"{each.field}.{part}" if each.kind in ("date", "birth") else each.field
        for each in asked
        for part in (PARTS_OF_DATE if each.kind in ("date", "birth") else ("",))
    }


@pytest.mark.parametrize("kind", NASTY)
def test_every_page_of_an_application_survives_what_nobody_should_type(client: Client, kind: str) -> None:
    nasty = NASTY[kind]
    typed = nasty if isinstance(nasty, bytes) else nasty.encode()
    for language in LANGUAGES:
        who = Applying(client, language)
        who.answer("members/1/name", given_name_la="Hind", family_name_la="Alaoui")
        who.answer("region", region="6")
        told = PAGES.text(language, "There is a problem")
        pages = [*(each.name for each in HOUSEHOLD), *(f"members/1/{each.name}" for each in MEMBER)]
        for to in pages:
            page = client.get(f"{who.here}/{to}").text
            fields = fields_of(page)
            assert fields == asks_of(to.rpartition("/")[2]), to
            body = "&".join([f"mark={MARK.findall(page)[0]}", *(f"{quote(each)}={quote(typed)}" for each in fields)])
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            answer = client.post(f"{who.here}/{to}", content=body, headers=form)
            assert answer.status_code in (200, 422), (to, answer.text)
            assert "<script" not in answer.text
            assert (told in unescape(answer.text)) == (answer.status_code == 422)


@both
@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("members/1/birth", {"sex": "male", **born(31, 2, 1990)}),
        ("members/1/name", {"given_name_ar": "هند😀", "family_name_ar": "العلوي"}),
        ("commune", {"commune": "الرباط📍"}),
        ("members/1/identity", {"idcs": "12-34", "cin": "٩٩"}),
        ("gas", {"bills__gas": "1.200"}),
        ("contact", {"phone": "06 12", "language": "fr"}),
        ("counts", {"belongings__cars": "two", "belongings__cows": "3"}),
    ],
)
def test_what_was_typed_is_kept_beside_what_is_right(
    client: Client, language: str, to: str, said: dict[str, str]
) -> None:
    who = Applying(client, language)
    who.answer("members/1/name", given_name_la="Hind", family_name_la="Alaoui")
    status, _, _ = who.send(to, **said)
    assert status == 422
    for _ in range(2):  # and after a reload
        page = unescape(client.get(f"{who.here}/{to}?wrong=1").text)
        for name, given in said.items():
            field = f'name="should.{name.replace("__", ".")}"'
            found = [each for each in re.findall(r"<input[^>]*>", page) if field in each and f'value="{given}"' in each]
            assert found, (name, given)
            assert 'type="radio"' not in found[0] or "checked" in found[0]


@both
def test_a_household_has_thirty_members_at_most_and_who_is_one_too_many_is_told(client: Client, language: str) -> None:
    who = Applying(client, language)
    crowd = {number: {"given_name_la": f"N{number}", "family_name_la": "Alaoui"} for number in range(1, 31)}
    last = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', who.page("members/1/name")))
    with transaction() as connection:
        drafts.save(connection, who.reference, Answers(members=crowd, used=30), clock.now())
    assert PAGES.text(language, "Add a member") not in who.page("members")

    names = {"should.given_name_la": "Forty", "should.family_name_la": "Alaoui"}
    answer = client.post(f"{who.here}/members/31/name", data=last | {"new": "1"} | names)

    assert answer.status_code == 422
    assert PAGES.text(language, "wrong.too_many").format(most=30) in unescape(answer.text)
    assert 'value="Forty"' in answer.text
    assert len(value("select said -> 'members' from application_draft")) == 30


@both
def test_a_wrong_and_an_old_code_are_told_before_an_application_is_sent(client: Client, language: str) -> None:
    made = a_household(0, members=2)
    register([made])
    who = Applying(client, language)
    fill_in(who, made.body)
    who.send("check")
    who.answer("code", do="send")
    code = code_sent(client)

    status, page, _ = who.send("code", code="😀")
    assert status == 422
    assert PAGES.text(language, "wrong.code").format(left=4) in page
    rows("update phone_code set at = at - interval '16 minutes'")
    status, page, _ = who.send("code", code=code)
    assert status == 422
    assert PAGES.text(language, "wrong.code_over") in page
    assert value("select count(*) from cases") == 0
    who.answer("code", do="send")
    assert who.send("code", code=f"\u200f {code_sent(client)} ")[2] == "receipt"


@both
def test_what_somebody_says_has_changed_is_kept_when_their_visit_is_over(client: Client, language: str) -> None:
    taken = registered()
    open_file(client, taken, language)
    address = address_of(taken, "change", language)
    form = hidden_of(client.get(address).text)
    rows("update receipt_session set begun_at = begun_at - interval '1 hour'")
    day = {"should.true_from.day": "٣", "should.true_from.month": "11", "should.true_from.year": "2026"}

    asked = client.post(address, data=form | day | {"what": "moved"})
    again = client.post(address_of(taken, "open", language), data=hidden_of(asked.text) | {"secret": taken.secret})

    assert str(again.url.path) == address
    assert re.search(r'value="moved" checked', again.text)
    assert 'value="٣"' in again.text
