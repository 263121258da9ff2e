"""Amazigh, whose translation is a draft: it is offered to nobody by itself, and what it lacks is said in Arabic."""

from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from models.languages import ALSO_CALLED, DRAFTS
from tests.conftest import forget_settings
from tests.filing import rows
from tests.portal.conftest import Client
from tests.portal.standing import registered
from tests.portal.test_languages import every_page
from web.drafts import BEGIN, END, in_default, marked
from web.language import PAGES, text

EMPTY = {"meta", "link", "input", "br", "img", "path", "circle", "rect", "line"}
ARABIC, TIFINAGH = range(0x0600, 0x0700), range(0x2D30, 0x2D80)


@pytest.fixture
def offering(client: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """The portal where the settings allow drafts."""
    monkeypatch.setenv("SIJIL_DRAFT_LANGUAGES", "true")
    forget_settings()
    yield client
    monkeypatch.undo()
    forget_settings()


class Words(HTMLParser):
    """Every text of a page with the language that its elements say; what a person typed stands in a bdi."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.said: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if "dir" in given and given.get("lang") == "ar":
            assert given["dir"] == "rtl"
        if tag not in EMPTY:
            bare = tag in ("bdi", "title", "textarea") or given.get("class") == "unseen"  # nobody sees how it is drawn
            own = "typed" if bare else given.get("lang")
            self.open.append((tag, own or (self.open[-1][1] if self.open else "")))

    def handle_endtag(self, tag: str) -> None:
        if tag not in EMPTY:
            assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.said.append((self.open[-1][1], data))


def of_script(script: range, said: str) -> bool:
    return any(ord(each) in script for each in said)


# Who it is offered to ----------------------------------------------------------------------------


@pytest.mark.parametrize("asked", ["zgh", *ALSO_CALLED])
def test_by_itself_it_is_offered_to_nobody_and_who_asks_for_it_reads_what_else_they_like_or_arabic(
    client: Client, asked: str
) -> None:
    assert client.get("/zgh").status_code == 404
    assert 'hreflang="zgh"' not in client.get("/ar").text
    for others, shown in (("", "ar"), (",fr;q=0.8,en;q=0.5", "fr")):
        page = client.get("/", headers={"Accept-Language": f"{asked}-MA{others}"})
        assert page.headers["Content-Language"] == shown


@pytest.mark.parametrize("asked", ["zgh", *ALSO_CALLED])
def test_where_the_settings_allow_drafts_browsers_get_it_by_each_of_its_names(offering: Client, asked: str) -> None:
    page = offering.get("/", headers={"Accept-Language": f"{asked}-Tfng,fr;q=0.8"})
    assert page.headers["Content-Language"] == "zgh"
    assert '<html lang="zgh" dir="ltr">' in page.text
    assert '<a href="/zgh" lang="zgh" hreflang="zgh">ⵜⴰⵎⴰⵣⵉⵖⵜ</a>' in offering.get("/ar").text


# What its pages say ------------------------------------------------------------------------------


def test_every_page_says_that_it_is_a_draft_leads_to_arabic_and_marks_what_is_arabic(offering: Client) -> None:
    pages = list(every_page(offering, "zgh"))
    assert len(pages) > 40
    for name, html, _ in pages:
        assert BEGIN not in html, name
        assert END not in html, name
        draft = html.partition('<div class="draft">')[2].partition("</div>")[0]
        assert text("zgh", "This page is not yet whole in this language.") in draft, name
        assert PAGES.text("ar", "A machine translated it, and nobody who speaks the language has read it yet.") in draft
        assert '<a href="/ar' in draft, name
        words = Words(html).said
        assert [said for language, said in words if language == "zgh" and of_script(ARABIC, said)] == [], name
        assert [said for language, said in words if language == "ar" and of_script(TIFINAGH, said)] == [], name
        assert any(language == "zgh" and of_script(TIFINAGH, said) for language, said in words), name


def test_a_day_is_in_figures_so_that_it_reads_the_same_in_both_scripts(offering: Client) -> None:
    page = offering.get(f"/zgh/status/{registered().reference}").text
    assert "ⴰⵙⵏⴼⵍ ⴰⵎⴳⴳⴰⵔⵓ: " in page
    assert "ⵏⵓⵡⴰⵏⴱⵉⵔ" not in page


def test_our_messages_are_in_arabic_because_simple_phones_do_not_draw_tifinagh(offering: Client) -> None:
    page = offering.get("/zgh/our-messages").text
    assert '<p class="message" lang="ar" dir="rtl">' in page
    offering.post("/zgh/sign-in", data={"who": registered().reference, "own": "no"})
    assert rows("select language from phone_code") == [("ar",)]


# How a text of the other language is marked ------------------------------------------------------


def test_an_element_that_holds_nothing_else_says_itself_that_it_is_arabic() -> None:
    code = '<bdi class="code">RSU-1</bdi>'
    assert marked(f"<p>{in_default('واحد')} {in_default(f'اثنان {code}')}</p>") == (
        f'<p lang="ar" dir="rtl">واحد اثنان {code}</p>'
    )


def test_a_list_of_nothing_else_is_arabic_itself_so_that_its_numbers_stand_on_the_same_side() -> None:
    said = in_default("واحد")
    assert marked(f"<ol><li>{said}</li></ol>") == '<ol lang="ar" dir="rtl"><li>واحد</li></ol>'
    assert marked(f"<ol><li>{said}</li><li>ⵢⴰⵏ</li></ol>") == ('<ol><li lang="ar" dir="rtl">واحد</li><li>ⵢⴰⵏ</li></ol>')


def test_among_other_words_it_has_an_element_of_its_own_and_one_alone() -> None:
    inner = in_default("ثلاثة")
    assert marked(f"<li>ⵢⴰⵏ {in_default(f'اثنان {inner}')}</li>") == (
        '<li>ⵢⴰⵏ <span lang="ar" dir="rtl">اثنان ثلاثة</span></li>'
    )


def test_where_no_element_may_stand_it_stands_bare() -> None:
    assert marked(f'<title>{in_default("أ")}</title><nav aria-label="{in_default("ب")}"></nav>') == (
        '<title>أ</title><nav aria-label="ب"></nav>'
    )


def test_a_mark_without_its_other_half_leaves_no_element_open() -> None:
    assert marked(f"{END}a{BEGIN}{END}") == 'a<span lang="ar" dir="rtl"></span>'


@pytest.mark.parametrize("language", DRAFTS)
def test_what_the_draft_has_is_its_own_and_what_it_lacks_is_arabic(language: str) -> None:
    assert text(language, "Show") == PAGES.text(language, "Show")
    assert text(language, "rejected.what") == in_default(PAGES.text("ar", "rejected.what"))
