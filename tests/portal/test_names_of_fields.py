"""Every field of every form has a name of its own that a screen reader says, and every problem says whose it is."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from notifications.catalogues import LANGUAGES
from tests.filing import a_household, register, rows
from tests.portal.applying import Applying, fill_in, mark_in, to_be_corrected
from tests.portal.conftest import Client
from tests.portal.standing import proposed, registered, to_correct
from tests.portal.test_changing import begun
from tests.portal.visiting import address_of, open_file, send, shown
from web.applying.progress import name_of
from web.enrolling.fields import PROOFS
from web.enrolling.questions import pages_of
from web.language import PAGES

both = pytest.mark.parametrize("language", LANGUAGES)
TICKED = ("radio", "checkbox")


class Fields(HTMLParser):
    """The fields of a page: each with its labels, and whether a legend stands over it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: list[dict[str, Any]] = []
        self.labels: dict[str, str] = {}
        self.legends: list[str] = []  # of the fieldsets that are open here
        self.said: list[str] = []  # what collects the text of a label or legend
        self.within = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        if tag == "fieldset":
            self.legends.append("")
        if tag in ("label", "legend"):
            self.within, self.said = found.get("for") or "" if tag == "label" else "", []
        if tag in ("input", "select", "textarea") and found.get("type") != "hidden":
            self.fields.append(found | {"legend": self.legends[-1] if self.legends else None})

    def handle_endtag(self, tag: str) -> None:
        text = " ".join("".join(self.said).split())
        if tag == "fieldset":
            self.legends.pop()
        if tag == "legend":
            self.legends[-1] = text
        if tag == "label":
            assert self.within not in self.labels, f"two labels of {self.within}"
            self.labels[self.within] = text

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    def nameless(self) -> list[str]:
        """The fields without a name: no label of their own, or several of one question and no legend over them."""
        names = [str(each.get("name")) for each in self.fields]
        return [
            str(each.get("id"))
            for each in self.fields
            if not self.labels.get(str(each.get("id")))
            or "aria-labelledby" in each
            or (not each["legend"] and (names.count(str(each["name"])) > 1 or each.get("type") == "radio"))
            or (each["legend"] is not None and not each["legend"])
        ]


def assert_named(page: str) -> None:
    """Every field has a name, and there is one at least."""
    read = Fields(page)
    assert read.fields
    assert read.nameless() == []


@both
def test_every_field_of_an_application_has_a_label(client: Client, language: str) -> None:
    made = a_household(0, members=2)
    register([made])
    who = Applying(client, language)
    assert_named(who.page("members/1/name"))
    fill_in(who, made.body)
    pages = ["name", "identity", "birth", "relationship", "education", "work", "health"]
    for each in (*(f"members/1/{name}" for name in pages), "milieu", "region", "province", "commune", "dwelling"):
        assert_named(who.page(each))
    for each in ("rooms", "comfort", "things", "counts", "water", "gas", "telecom", "contact"):
        assert_named(who.page(each))
    who.send("check")
    who.answer("code", do="send")
    assert_named(who.page("code"))


@both
def test_every_field_of_a_visit_has_a_label(client: Client, language: str) -> None:
    taken = registered()
    assert_named(client.get(address_of(taken, language=language)).text)
    open_file(client, taken, language)
    assert_named(client.get(address_of(taken, "change", language)).text)
    appeal = address_of(taken, "appeal", language)
    assert_named(client.get(appeal).text)
    values = ["bills.telecom", "bills.water_electricity", "housing.rooms", "housing.dwelling", "members[1].birth_date"]
    page = send(client, appeal, value=values, since="wrong")
    assert_named(page.text)
    wrong = proposed()
    open_file(client, wrong, language)
    assert_named(client.get(address_of(wrong, "say", language)).text)
    asked = to_correct(5)
    open_file(client, asked, language)
    assert_named(client.get(address_of(asked, "documents", language)).text)


@both
def test_every_field_of_a_public_page_has_a_label(client: Client, language: str) -> None:
    for each in ("", "apply", "sign-in", "calculate/urban", "calculate/rural", "enrol"):
        assert_named(client.get(f"/{language}/{each}".rstrip("/")).text)


@both
def test_every_field_of_a_request_to_be_enrolled_has_a_label(client: Client, language: str) -> None:
    who = Applying(client, language, "enrol")
    who.answer("region", region="6")
    for proof in PROOFS:
        who.answer("papers", proof=proof)
        for each in pages_of({"proof": proof}):
            assert_named(who.page(each.name))


@both
def test_a_problem_of_the_page_of_changes_says_in_the_summary_what_it_is_about(client: Client, language: str) -> None:
    _, page = begun(client, "nonsense", language, day={"day": "", "month": "", "year": ""})
    summary = page.partition('id="problems"')[2].partition("</div>")[0]
    assert f"{PAGES.text(language, 'field.what')}" in summary
    assert f"{PAGES.text(language, 'field.true_from')}" in summary


@both
def test_a_problem_of_a_members_name_or_identifier_says_in_the_summary_what_it_is_about(
    client: Client, language: str
) -> None:
    who = Applying(client, language)
    _, page, _ = who.send("members/1/name", given_name_la="Rkia")
    assert PAGES.text(language, "field.members.name") in page.partition('id="problems"')[2].partition("</div>")[0]
    for number in (1, 2):
        who.answer(f"members/{number}/name", given_name_la=f"Rkia {'ab'[number - 1]}", family_name_la="Oubella")
    who.answer("members/1/identity", idcs="9000000060", cin="")
    _, page, _ = who.send("members/2/identity", idcs="9000000060", cin="")
    assert PAGES.text(language, "field.members.idcs") in page.partition('id="problems"')[2].partition("</div>")[0]


@both
def test_what_is_to_be_corrected_of_members_stands_beside_their_names(client: Client, language: str) -> None:
    who, page = to_be_corrected(client, language)
    rows("update person set birth_date = birth_date + 3000 where idcs in (select idcs from person_claim)")
    client.post(f"/{language}/status/{who.reference}/correct", data=mark_in(page))
    second = a_household(0, members=3).body["members"][1]
    name = name_of(second)
    (listed,) = re.findall(r'<li><a href="[^"]*/members/2/birth[^"]*">(.*?)</a></li>', who.page())
    assert listed.startswith(f"<bdi>{name}</bdi>")


@both
def test_the_last_look_at_an_appeal_says_that_it_was_wrong_from_the_beginning(client: Client, language: str) -> None:
    taken = registered()
    open_file(client, taken, language)
    send(client, address_of(taken, "appeal?value=bills.telecom", language), value="bills.telecom", since="wrong")
    send(client, address_of(taken, "appeal/values", language), should__bills__telecom="49,5")
    page = shown(client, address_of(taken, "appeal/check", language))
    question, answer = (PAGES.text(language, each) for each in ("Was it wrong from the beginning?", "since.wrong"))
    assert re.search(rf"<dt>{re.escape(question)}</dt>\s*<dd>{re.escape(answer)}</dd>", page)
    assert f'href="{address_of(taken, "appeal", language)}#since"' in page
