"""What holds for every language, and that a language is added by a line and its catalogues: a pseudo-locale is."""

import re
from calendar import month_name
from collections.abc import Iterator, Sequence
from gettext import c2py
from html import unescape
from pathlib import Path

import pytest
from babel.messages.pofile import escape, read_po

from models.languages import LANGUAGES, SOURCE, Language
from notifications.catalogues import MESSAGES, Catalogue
from tests.filing import a_household, register
from tests.papers import a_picture
from tests.portal.applying import Applying, code_sent, fill_in
from tests.portal.conftest import Client
from tests.portal.standing import in_work, proposed, registered, rejected, to_correct, under_review, withdrawn
from tests.portal.test_public import NAMES
from tests.portal.visiting import hidden_of, open_file
from web.extracting import TEMPLATES, add, extracted, missing, written_in
from web.language import PAGES, province
from workflows.bodies.territory import provinces
from workflows.policies import programme_names

PSEUDO = "en_XA"
ACCENTED = str.maketrans("aceinosuyACEINOSUY", "áçéîñöšûýÁÇÉÎÑÖŠÛÝ")
MARKED = re.compile(r"⟦[^⟦⟧]*⟧")
LATIN = re.compile(r"[A-Za-zÀ-ÿ]{2,}")
NOT_ENGLISH = re.compile(r"[\u0600-\u06ff]+|\w*[à-ÿ]\w*|\b[a-z_]+\.[a-z_]+\b")  # Arabic, French, `kind.update`
PUBLIC = ("", *(f"/{each}" for each in NAMES), "/calculate/urban", "/apply", "/closed")
# Names, codes and forms that no language translates: of languages, registers, and what a developer reads.
KEPT = r"\bRSU(-[A-Z0-9]{4}){3}|\bRSU\b|\bAPI\b|\bPDF\b|\bTEST\d+|\b[0-9A-Z]{10}\b|[A-Z]{1,2}\d{5,6}"


def pseudo(text: str) -> str:
    """A text as no language writes it, between marks, with its places to fill as they are."""
    parts = re.split(r"(\{\w*\})", text)
    return f"⟦{''.join(each if each.startswith('{') else each.translate(ACCENTED) for each in parts)} ~~~⟧"


@pytest.fixture
def pseudo_locale(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Another language: its line in the table, and its two catalogues."""
    monkeypatch.setitem(LANGUAGES, PSEUDO, Language("ltr", "⟦Pseudo⟧", "en_GB"))
    for catalogue in (PAGES, MESSAGES):
        entries = [
            (f"msgctxt {escape(context)}\n" if context else "")
            + f"msgid {escape(key)}\nmsgstr {escape(pseudo(catalogue.text(SOURCE, key, context)))}\n"
            for context, key in catalogue.texts("ar")
        ]
        head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        (tmp_path / f"{catalogue.domain}.po").write_text("\n".join([head, *entries]), encoding="utf-8")
    ours = Catalogue.file
    there = tmp_path.joinpath
    monkeypatch.setattr(
        Catalogue, "file", lambda self, code: there(f"{self.domain}.po") if code == PSEUDO else ours(self, code)
    )


def read(html: str) -> list[str]:
    """What a page says: its text but for what it marks as of another language, and each attribute that is read out."""
    head, _, body = html.partition("<body>")
    html = head + re.sub(r'<(a|bdi|p) [^>]*\blang="[^"]*"[^>]*>.*?</\1>', "", body, flags=re.DOTALL)
    html = re.sub(r"<(style|svg).*?</\1>|<!--.*?-->", "", html, flags=re.DOTALL)
    attributes = re.findall(r'\b(?:alt|title|placeholder|aria-label)="([^"]*)"', html)
    return [unescape(each) for each in [re.sub(r"<[^>]*>", " ", html), *attributes]]


def outside(said: str) -> str:
    """What stands outside all marks; a text may be filled into another."""
    while MARKED.search(said):
        said = MARKED.sub(" ", said)
    return said


def unmarked(html: str, allowed: Sequence[str] = ()) -> list[str]:
    """The words of a page that come from no catalogue, but for these."""
    names = "|".join(map(re.escape, sorted(allowed, key=len, reverse=True)))
    kept = re.compile(f"{KEPT}|{names}" if names else KEPT)
    return [word for said in read(html) for word in re.findall(r"[^\W\d_]{2,}", kept.sub(" ", outside(said)))]


def every_page(client: Client, language: str) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Each citizen page, by a name, and what stands on it that people typed."""
    for each in PUBLIC:
        yield each, client.get(f"/{language}{each}").text, ()
    yield "error", client.get(f"/{language}/status/RSU-0000-0000-0000").text, ()
    yield "typed", client.get(f"/{language}/status?reference=RSU").text, ()
    standing = (in_work(), to_correct(), under_review(), withdrawn(), rejected(place=20), proposed(place=24))
    for case in standing:
        yield case.reference, client.get(f"/{language}/status/{case.reference}").text, ()
    taken, said = registered(), typed(a_household(0, members=3).body)
    yield "opened", open_file(client, taken, language), said
    for to in ("appeal", "values", "change", "withdraw", "mine"):
        yield to, client.get(f"/{language}/status/{taken.reference}/{to}").text, said
    yield from pages_of_documents(client, language)
    yield from pages_of_application(client, language)
    yield from pages_of_codes(client, language)


def pages_of_documents(client: Client, language: str) -> Iterator[tuple[str, str, Sequence[str]]]:
    """The page on which a household adds what shows its answer: empty, with a mistake, and with a document."""
    case = to_correct()
    open_file(client, case, language)
    here = f"/{language}/status/{case.reference}/documents"
    yield "documents", client.get(here).text, ()
    form = hidden_of(client.get(here).text)
    yield "documents/wrong", client.post(here, data=form, files={"file": ("x.exe", b"MZ")}).text, ()
    form["shows"] = ["bill"]
    yield "documents/added", client.post(here, data=form, files={"file": ("x.jpg", a_picture())}).text, ()


def pages_of_codes(client: Client, language: str) -> Iterator[tuple[str, str, Sequence[str]]]:
    """The pages that ask for a code of a phone: to open a file, and to send an application, up to its receipt."""
    here = f"/{language}/sign-in"
    yield "sign-in", client.get(here).text, ()
    yield "sign-in/wrong", client.post(here, data={"who": "12", "own": "no"}).text, ()
    yield "sign-in/code", client.post(here, data={"who": registered().reference, "own": "no"}).text, ()
    yield "sign-in/code/wrong", client.post(f"{here}/code", data={"code": "000000"}).text, ()
    made = a_household(30, members=2)
    register([made])
    who = Applying(client, language)
    fill_in(who, made.body | {"phone": "+212612345677"})
    who.send("check")
    yield "apply/code", client.get(f"{who.here}/code").text, ()
    yield "apply/code/sent", who.send("code", do="send")[1], ()
    yield "apply/code/wrong", who.send("code", code="000000")[1], ()
    yield "apply/receipt", who.send("code", code=code_sent(client))[1], ()


def pages_of_application(client: Client, language: str) -> Iterator[tuple[str, str, Sequence[str]]]:
    """The pages of an application that is begun, and one of mistakes."""
    who = Applying(client, language)
    names = ("", "members", "members/1/name", "members/1/identity", "check", "milieu", "region", "province", "commune")
    for each in (*names, "dwelling", "rooms", "comfort", "things", "counts", "water", "gas", "telecom", "contact"):
        yield f"apply/{each}", client.get(f"{who.here}/{each}".rstrip("/")).text, ()
    yield "wrong", who.send("rooms", housing__rooms="many")[1], ("many",)
    yield "nameless", who.send("members/1/name", given_name_la="1")[1], ()


def typed(body: object) -> list[str]:
    """Every word of a declaration."""
    if isinstance(body, dict):
        return [word for each in body.values() for word in typed(each)]
    if isinstance(body, list):
        return [word for each in body for word in typed(each)]
    return re.findall(r"[^\W\d_]{2,}", body) if isinstance(body, str) else []


@pytest.mark.usefixtures("pseudo_locale")
def test_a_language_is_added_by_a_line_and_its_catalogues_and_no_page_says_a_word_that_is_not_of_them(
    client: Client,
) -> None:
    known = [
        *(each.name for each in LANGUAGES.values()),
        *(name for by in programme_names().values() for name in by.values()),
        *(province(SOURCE, each) for each in provinces()),
        *month_name[1:],
    ]
    pages = list(every_page(client, PSEUDO))
    assert len(pages) > 40
    assert {name: words for name, html, said in pages if (words := unmarked(html, [*known, *said]))} == {}
    assert all(f'<html lang="{PSEUDO}" dir="ltr">' in html and "⟦" in html for _, html, _ in pages)
    assert f'hreflang="{PSEUDO}"' in client.get("/ar").text


def test_a_page_in_arabic_has_no_latin_word_but_names_and_what_was_typed(client: Client) -> None:
    known = [each.name for each in LANGUAGES.values()]
    leaks = {}
    for name, html, said in every_page(client, "ar"):
        kept = re.compile("|".join([KEPT, *map(re.escape, [*known, *said])]))
        if words := [word for each in read(html) for word in LATIN.findall(kept.sub(" ", each))]:
            leaks[name] = words
    assert leaks == {}


def test_a_page_in_english_has_no_key_and_no_word_of_another_language_but_names_and_what_was_typed(
    client: Client,
) -> None:
    regions = [PAGES.text(SOURCE, key) for _, key in PAGES.texts(SOURCE) if key.startswith("region.")]
    known = [each.name for each in LANGUAGES.values()] + [province(SOURCE, each) for each in provinces()] + regions
    leaks = {}
    for name, html, said in every_page(client, SOURCE):
        kept = re.compile("|".join([KEPT, *map(re.escape, [*known, *said])]))
        if words := [word for each in read(html) for word in NOT_ENGLISH.findall(kept.sub(" ", each))]:
            leaks[name] = words
    assert leaks == {}


def test_a_word_that_comes_from_no_catalogue_would_be_found() -> None:
    assert unmarked("<p>⟦Öñé ⟦twö⟧ ~⟧ three <a aria-label='x' title=\"four\">⟦fîvé⟧</a></p>") == ["three", "four"]


# Catalogues ----------------------------------------------------------------------------------------


def test_every_text_that_a_template_names_has_been_extracted() -> None:
    assert missing(PAGES, extracted(TEMPLATES)) == {language: [] for language in LANGUAGES}


def test_a_new_text_is_added_to_each_language_without_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = tmp_path / "new.html"
    template.write_text('{{ t("Something \\"new\\"") }} {{ t("kind.new") }} {{ t("kind." ~ kind) }}', encoding="utf-8")
    folder = tmp_path / "locales"
    for language in LANGUAGES:
        (folder / language).mkdir(parents=True)
        (folder / language / "pages.po").write_bytes(PAGES.file(language).read_bytes())
    asked = extracted([template])
    assert asked == ['Something "new"', "kind.new"]

    assert len(add(Catalogue(folder, "pages"), asked)) == 2 * (len(LANGUAGES) - 1) + 1

    for language in LANGUAGES:
        with (folder / language / "pages.po").open("rb") as file:
            new = [each.id for each in read_po(file) if each.id and not each.string]
        assert new == (asked if language != SOURCE else ["kind.new"])


@pytest.mark.parametrize("catalogue", [PAGES, MESSAGES], ids=lambda each: each.domain)
def test_a_new_language_begins_with_every_text_of_the_others_and_nothing_is_added_twice(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in LANGUAGES:
        if catalogue.file(each).exists():
            (tmp_path / each).mkdir()
            (tmp_path / each / f"{catalogue.domain}.po").write_bytes(catalogue.file(each).read_bytes())
    monkeypatch.setitem(LANGUAGES, "es", Language("ltr", "Español", "es_ES"))
    new = Catalogue(tmp_path, catalogue.domain)

    assert len(add(new, ())) == len(catalogue.texts("fr"))

    assert set(written_in(new.file("es"))) == set(catalogue.texts("fr"))
    assert add(new, ()) == []


@pytest.mark.parametrize("catalogue", [PAGES, MESSAGES], ids=lambda each: each.domain)
def test_arabic_has_its_six_plurals_in_the_usual_order(catalogue: Catalogue) -> None:
    """Babel's own header has few and many the other way round: a translator would fill them in wrongly."""
    header = re.search(r"nplurals=(\d); plural=(.*?);\\n", catalogue.file("ar").read_text(encoding="utf-8"))
    assert header
    form_of = c2py(header[2])
    expected = {0: 0, 1: 1, 2: 2, 3: 3, 10: 3, 11: 4, 99: 4, 100: 5, 101: 5, 102: 5, 103: 3, 111: 4}
    assert {n: form_of(n) for n in expected} == expected
    assert int(header[1]) == 6
