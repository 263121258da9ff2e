"""A household adds documents to its case: what is taken, what is refused and why, and who sees them."""

import re
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from html import unescape
from io import BytesIO
from threading import Event, Semaphore

import httpx
import pikepdf
import pytest
from PIL import Image

from models import clock
from models.database import transact
from models.settings import settings
from notifications.catalogues import LANGUAGES
from tests.appealing import acts, an_appeal
from tests.filing import rows, value
from tests.papers import (
    PHONE_MAKER,
    a_bomb,
    a_pdf,
    a_photograph,
    a_picture,
    encrypted,
    locked,
    send_document,
    with_actions,
    with_address,
    with_attachment,
    with_drawn_form,
    with_launch,
    with_script,
)
from tests.portal.conftest import Client
from tests.portal.standing import in_work, proposed, registered, rejected, to_correct, work_off
from tests.portal.visiting import address_of, hidden_of, open_file, send, shown
from web import documents
from web.documents import AT_A_TIME, WAITING
from web.language import PAGES
from web.uploads import MOST_FORM
from workflows.documents.examine import Taken
from workflows.documents.storing import File, Giver, add
from workflows.intake.submit import Accepted

both = pytest.mark.parametrize("language", LANGUAGES)
LINK = re.compile(r'href="(/\w\w/status/[^"]+/documents/[^"/]+)"')


def appealing() -> Accepted:
    """An appeal that waits for people."""
    appeal = an_appeal(rejected())
    work_off()
    return appeal


def asked() -> Accepted:
    """An appeal about which a caseworker asked the household for a bill."""
    appeal = appealing()
    acts(appeal, "salma", "assign")
    acts(appeal, "salma", "ask", ["bill"])
    return appeal


@both
@pytest.mark.parametrize(
    ("standing", "moment"),
    [(appealing, "appeal"), (asked, "question"), (to_correct, "correction"), (proposed, "hearing")],
)
def test_a_document_is_added_from_the_page_of_the_case_and_shown_there(
    client: Client, language: str, standing: Callable[[], Accepted], moment: str
) -> None:
    taken = standing()
    page = open_file(client, taken, language)
    assert f'href="{address_of(taken, "documents", language)}"' in page
    assert PAGES.text(language, f"documents.{moment}") in shown(client, address_of(taken, "documents", language))

    answer = send_document(client, taken, a_picture(), language=language)

    assert str(answer.url.path) == address_of(taken, "documents", language)
    (address,) = LINK.findall(answer.text)
    found = client.get(address)
    assert (found.status_code, found.headers["content-type"]) == (200, "image/jpeg")
    assert Image.open(BytesIO(found.content)).size == (600, 400)
    assert rows("select moment, shows, media_type, pages, actor from document") == [
        (moment, "bill", "image/jpeg", 1, "declarant")
    ]
    told = open_file(client, taken, language)
    assert PAGES.text(language, "Documents added: {number}.").format(number=1) in told
    assert value("select case_ids from audit_entry where act = 'add_document'") == [taken.case_id]
    assert PAGES.text(language, "Nobody of the staff so far.") in told or standing is not to_correct


@pytest.mark.parametrize("standing", [in_work, registered, rejected])
def test_a_case_that_asks_for_nothing_takes_no_document(client: Client, standing: Callable[[], Accepted]) -> None:
    taken = standing()
    page = open_file(client, taken)
    assert "/documents" not in page
    assert str(client.get(address_of(taken, "documents")).url.path) == address_of(taken)
    fields = {"mark": hidden_of(page)["mark"][0], "shows": "bill"}
    client.post(address_of(taken, "documents"), data=fields, files={"file": ("x.jpg", a_picture())})
    assert value("select count(*) from document") == 0


def test_a_photograph_stands_upright_and_says_neither_where_nor_by_which_phone(client: Client) -> None:
    taken = to_correct()
    open_file(client, taken)
    answer = send_document(client, taken, a_photograph())
    (address,) = LINK.findall(answer.text)
    content = client.get(address).content
    kept = Image.open(BytesIO(content))
    assert kept.size == (400, 600)
    assert kept.getpixel((390, 300))[0] > 200  # type: ignore[index]
    assert kept.getpixel((390, 300))[1] < 60, "what was above is at the right now"  # type: ignore[index]
    assert not kept.getexif()
    assert PHONE_MAKER.encode() not in content
    assert "comment" not in kept.info
    assert "exif" not in kept.info


def test_a_large_photograph_is_made_smaller_and_a_png_becomes_a_picture_on_white(client: Client) -> None:
    taken = to_correct()
    open_file(client, taken)
    transparent = BytesIO()
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(transparent, "PNG")
    for sent, size in ((a_picture(6000, 4000), (2600, 1733)), (transparent.getvalue(), (50, 50))):
        address = LINK.findall(send_document(client, taken, sent).text)[-1]
        kept = Image.open(BytesIO(client.get(address).content))
        assert (kept.format, kept.size) == ("JPEG", size)
    assert kept.getpixel((5, 5)) == (255, 255, 255)


def test_a_pdf_is_kept_as_a_file_to_download_without_its_author_and_its_links(client: Client) -> None:
    taken = to_correct()
    open_file(client, taken)
    answer = send_document(client, taken, a_pdf(with_address), name="bill.exe")
    (address,) = LINK.findall(answer.text)
    found = client.get(address)
    assert found.headers["content-type"] == "application/pdf"
    assert found.headers["content-disposition"] == 'attachment; filename="bill.pdf"'
    with pikepdf.open(BytesIO(found.content)) as kept:
        assert len(kept.pages) == 2
        assert "/Info" not in kept.trailer
        assert "/A" not in kept.pages[0].Annots[0]
    assert PHONE_MAKER.encode() not in found.content
    assert value("select pages from document") == 2


@both
@pytest.mark.parametrize(
    ("sent", "name", "code"),
    [
        (b"MZ\x90\x00" + bytes(500), "bill.jpg", "wrong_type"),
        (b"\x7fELF" + bytes(500), "bill.pdf", "wrong_type"),
        (b"<html><script>alert(1)</script>", "bill.png", "wrong_type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "bill.svg", "wrong_type"),
        (b"GIF89a" + bytes(100), "bill.gif", "wrong_type"),
        (b"", "empty.jpg", "empty_file"),
        (a_bomb(), "bomb.png", "too_many_pixels"),
        (a_bomb("JPEG"), "bomb.jpg", "too_many_pixels"),
        (a_picture()[:300], "half.jpg", "unreadable"),
        (b"%PDF-1.7\n" + bytes(300), "broken.pdf", "unreadable"),
        (bytes(6_000_000), "six.jpg", "too_large_file"),
        (a_picture() + bytes(6_000_000), "six.jpg", "too_large_file"),
        (a_pdf(with_script), "script.pdf", "pdf_script"),
        (a_pdf(with_launch), "launch.pdf", "pdf_action"),
        (a_pdf(with_actions), "prints.pdf", "pdf_action"),
        (a_pdf(with_attachment), "attached.pdf", "pdf_attachment"),
        (a_pdf(with_drawn_form), "form.pdf", "pdf_form"),
        (encrypted(), "encrypted.pdf", "pdf_encrypted"),
        (locked(), "locked.pdf", "pdf_encrypted"),
        (None, "", "choose_file"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_is_refused_is_refused_with_its_reason_and_what_was_chosen_is_kept(
    client: Client, language: str, sent: bytes | None, name: str, code: str
) -> None:
    taken = to_correct()
    open_file(client, taken, language)
    answer = send_document(client, taken, sent, name=name, language=language, shows="family")
    page = unescape(answer.text)
    assert answer.status_code == (413 if code == "too_large_file" else 422)
    assert f'<a href="#file">{PAGES.text(language, f"wrong.{code}")}</a>' in page
    assert page.count(PAGES.text(language, f"wrong.{code}")) == 2
    if code != "too_large_file":
        assert 'value="family" checked' in page
    assert value("select count(*) from document") == 0


def test_whoever_goes_back_after_a_file_that_was_refused_is_not_asked_to_send_it_again(client: Client) -> None:
    taken = to_correct()
    open_file(client, taken)
    refused = send_document(client, taken, b"GIF89a" + bytes(100), name="bill.gif")
    assert (refused.status_code, refused.url.params["wrong"]) == (422, "wrong_type")
    assert client.get(str(refused.url)).status_code == 422  # a reload
    send_document(client, taken, a_picture())
    assert value("select count(*) from document") == 1
    assert client.get(str(refused.url)).status_code == 200
    assert client.get(f"{address_of(taken, 'documents')}?wrong=x&shows=x&of=1").status_code == 200


def test_the_limit_of_a_file_is_this_pages_alone(client: Client) -> None:
    taken = to_correct()
    open_file(client, taken)
    big = bytes(2_000_000)
    assert client.post(address_of(taken, "withdraw"), content=big).status_code == 413
    assert client.post("/api/v1/applications", content=big).status_code == 413
    assert client.post(address_of(taken, "documents"), content=bytes(MOST_FORM + 1)).status_code == 413
    assert client.post(address_of(taken, "documents"), content=bytes(41 * 1024 * 1024)).status_code == 413


def test_a_form_without_its_mark_or_from_another_site_keeps_nothing(client: Client) -> None:
    taken = to_correct()
    open_file(client, taken)
    file = {"file": ("a.jpg", a_picture())}
    assert client.post(address_of(taken, "documents"), data={"shows": "bill"}, files=file).status_code == 403
    mark = hidden_of(client.get(address_of(taken, "documents")).text)["mark"][0]
    elsewhere = {"sec-fetch-site": "cross-site"}
    answer = client.post(
        address_of(taken, "documents"), data={"shows": "bill", "mark": mark}, files=file, headers=elsewhere
    )
    assert answer.status_code == 403
    assert value("select count(*) from document") == 0


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data; boundary=x", b"--x\r\nnonsense"),
        ("multipart/form-data", b"--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\n" * 300),
        ("application/x-www-form-urlencoded", b"shows=bill"),
        ("", b"\x00"),
    ],
)
def test_a_body_that_is_no_form_does_nothing(client: Client, kind: str, body: bytes) -> None:
    taken = to_correct()
    open_file(client, taken)
    answer = client.post(address_of(taken, "documents"), content=body, headers={"content-type": kind})
    assert answer.status_code == 403


def test_a_file_that_is_sent_twice_is_kept_once(client: Client) -> None:
    taken = to_correct()
    open_file(client, taken)
    sent = a_picture()
    for _ in range(2):
        assert send_document(client, taken, sent).status_code == 200
    with ThreadPoolExecutor(3) as threads:
        answers = list(threads.map(lambda _: send_document(client, taken, a_pdf()).status_code, range(3)))
    assert answers == [200] * 3
    assert value("select count(*) from document") == 2
    assert value("select count(*) from audit_entry where act = 'add_document'") == 2


def test_a_case_takes_so_many_documents_for_one_moment_and_says_so(client: Client) -> None:
    taken = to_correct()
    open_file(client, taken)
    for each in range(5):
        assert send_document(client, taken, a_picture(50 + each)).status_code == 200
    page = shown(client, address_of(taken, "documents"))
    assert 'type="file"' not in page
    most = "You have added {number} documents, the most that can be added here. Bring others to any service centre."
    assert PAGES.text("fr", most).format(number=5) in page
    form = {"mark": hidden_of(page)["mark"][0], "shows": "bill"}
    answer = client.post(address_of(taken, "documents"), data=form, files={"file": ("x.jpg", a_picture(99))})
    assert answer.status_code == 422
    assert PAGES.text("fr", "wrong.too_many_documents") in unescape(answer.text)
    assert value("select count(*) from document") == 5


def test_a_document_opens_in_the_visit_of_its_own_case_alone_and_nothing_tells_it_from_an_unknown_one(
    client: Client,
) -> None:
    taken, other = to_correct(), an_appeal(rejected())
    open_file(client, taken)
    (address,) = LINK.findall(send_document(client, taken, a_picture()).text)
    document = address.rpartition("/")[2]
    assert len(document) == 24
    found = client.get(address)
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert found.headers["cache-control"] == "no-store"
    assert found.headers["content-disposition"] == 'inline; filename="bill.jpg"'

    open_file(client, other)
    foreign = client.get(address_of(other, f"documents/{document}"))
    unknown = client.get(address_of(other, "documents/unknown"))
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.text.replace(document, "") == unknown.text.replace("unknown", "")
    closed = client.get(address)
    assert closed.headers["content-type"].startswith("text/html")
    assert 'name="secret"' in closed.text
    client.cookies.clear()
    assert 'name="secret"' in client.get(address).text


def test_whoever_lodges_an_appeal_adds_documents_from_its_receipt(client: Client) -> None:
    taken = registered()
    open_file(client, taken)
    send(client, address_of(taken, "appeal?value=bills.telecom"), value="bills.telecom", since="wrong")
    send(client, address_of(taken, "appeal/values"), should__bills__telecom="49,5", text="")
    receipt = send(client, address_of(taken, "appeal/check"))
    form = hidden_of(receipt.text) | {"then": ["documents"]}
    page = client.post(address_of(taken, "appeal/follow"), data=form)
    (reference, case_id) = rows(
        "select reference, id from cases c join receipt r on r.case_id = c.id where kind = 'appeal'"
    )[0]
    appeal = Accepted(reference, "", case_id)
    assert str(page.url.path) == address_of(appeal, "documents")
    assert send_document(client, appeal, a_picture()).status_code == 200
    assert value("select moment from document where case_id = %s", case_id) == "appeal"


def test_a_case_that_moved_on_while_the_file_was_on_its_way_takes_it_no_more(client: Client) -> None:
    taken = to_correct()
    open_file(client, taken)
    form = {"mark": hidden_of(shown(client, address_of(taken, "documents")))["mark"][0], "shows": "bill"}
    send(client, address_of(taken, "withdraw"))
    answer = client.post(address_of(taken, "documents"), data=form, files={"file": ("x.jpg", a_picture())})
    assert str(answer.url.path) == address_of(taken)
    assert value("select count(*) from document") == 0


def test_a_visit_that_is_over_asks_for_the_secret_before_the_file_is_read(client: Client) -> None:
    taken = to_correct()
    answer = client.post(address_of(taken, "documents"), files={"file": ("x.jpg", a_picture())})
    assert 'name="secret"' in answer.text
    assert value("select count(*) from document") == 0


def test_a_storm_of_documents_holds_no_other_page_and_those_too_many_are_asked_to_come_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = to_correct()
    open_file(client, taken)
    begun, go_on = Semaphore(0), Event()

    def slow(sent: bytes) -> Taken:
        begun.release()
        assert go_on.wait(30)
        return Taken("image/jpeg", 1, sent)

    monkeypatch.setattr(documents, "take", slow)
    page = hidden_of(shown(client, address_of(taken, "documents")))
    fields = {"mark": page["mark"][0], "shows": "bill"}

    def sent(number: int) -> int:
        file = {"file": ("x.jpg", b"\xff\xd8\xff" + bytes([number]))}
        return client.post(address_of(taken, "documents"), data=fields, files=file).status_code

    with ThreadPoolExecutor(40) as threads:
        waiting = [threads.submit(sent, number) for number in range(WAITING + 3)]
        assert all(begun.acquire(timeout=30) for _ in range(AT_A_TIME))
        done, _ = wait(waiting, timeout=30, return_when=FIRST_COMPLETED)
        assert {each.result() for each in done} == {503}
        assert not begun.acquire(blocking=False), "no more than these at a time"
        assert client.get(address_of(taken)).status_code == 200
        go_on.set()
        answers = [each.result() for each in waiting]
    assert answers.count(503) == 3
    assert value("select count(*) from document") == 5


def pressed(client: Client, address: str) -> httpx.Response:
    """The answer to the button of a page that asks a question."""
    return client.post(address, data={"mark": hidden_of(shown(client, address))["mark"][0]})


@both
def test_a_household_takes_a_document_back_after_a_question_and_the_page_says_that_it_was_there(
    client: Client, language: str
) -> None:
    taken = to_correct()
    open_file(client, taken, language)
    answer = send_document(client, taken, a_picture(), language=language)
    (address,) = LINK.findall(answer.text)
    asking = f"{address}/remove"
    assert f'href="{asking}"' in answer.text
    question = shown(client, asking)
    assert PAGES.text(language, "Take this document back?") in unescape(question)
    assert value("select count(*) from document where content is not null") == 1, (
        "a look at the question removes nothing"
    )

    for _ in range(2):
        page = client.post(asking, data={"mark": hidden_of(question)["mark"][0]})
        assert str(page.url.path) == address_of(taken, "documents", language)

    assert PAGES.text(language, "taken back") in unescape(page.text)
    assert asking not in page.text
    assert rows("select content, wrapped_key, digest from document") == [(None, None, None)]
    assert client.get(address).status_code == 404
    assert str(client.get(asking).url.path) == address_of(taken, "documents", language)
    told = unescape(open_file(client, taken, language))
    for key in ("event.DocumentAdded", "event.DocumentRemoved"):
        assert told.count(PAGES.text(language, key)) == 1
    assert PAGES.text(language, "Documents added: {number}.").format(number=0) in told
    assert rows("select act, actor from audit_entry where act like '%%document' order by id") == [
        ("add_document", "declarant"),
        ("remove_document", "declarant"),
    ]


def test_a_document_is_taken_back_in_the_visit_of_its_own_case_alone_and_with_its_mark(client: Client) -> None:
    taken, other = to_correct(), an_appeal(rejected())
    open_file(client, taken)
    address = LINK.findall(send_document(client, taken, a_picture()).text)[0]
    document = address.rpartition("/")[2]
    assert client.post(f"{address}/remove", data={}).status_code == 403
    mark = {"mark": hidden_of(client.get(f"{address}/remove").text)["mark"][0]}
    assert client.post(f"{address}/remove", data=mark, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    page = open_file(client, other)
    mark = {"mark": hidden_of(page)["mark"][0]}
    for name in (document, "unknown"):
        assert client.get(address_of(other, f"documents/{name}/remove")).status_code == 404
        assert client.post(address_of(other, f"documents/{name}/remove"), data=mark).status_code == 404
    assert 'name="secret"' in client.post(f"{address}/remove", data=mark).text
    assert value("select count(*) from document where content is not null") == 1


def test_a_document_of_a_case_that_is_being_decided_stays_and_the_page_says_why(client: Client) -> None:
    taken = to_correct()
    open_file(client, taken)
    address = LINK.findall(send_document(client, taken, a_picture()).text)[0]
    mark = {"mark": hidden_of(shown(client, f"{address}/remove"))["mark"][0]}
    send(client, address_of(taken, "withdraw"))
    assert str(client.get(f"{address}/remove").url.path) == address_of(taken, "documents")
    answer = client.post(f"{address}/remove", data=mark)
    assert answer.status_code == 409
    said = "Your file is being decided, so the document cannot be taken back any more."
    assert PAGES.text("fr", said) in unescape(answer.text)
    assert value("select count(*) from document where content is not null") == 1


def test_what_was_taken_back_makes_room_for_another_but_not_for_ever(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = to_correct()
    open_file(client, taken)
    for each in range(5):
        page = send_document(client, taken, a_picture(50 + each)).text
    assert 'type="file"' not in page
    page = pressed(client, f"{LINK.findall(page)[0]}/remove").text
    assert 'type="file"' in page
    monkeypatch.setattr(settings(), "max_documents", 5)
    page = shown(client, address_of(taken, "documents"))
    assert 'type="file"' not in page


def test_a_document_that_an_officer_added_is_there_and_says_so(client: Client) -> None:
    taken = to_correct()
    file = File(b"sent", "bill", Taken("application/pdf", 1, b"%PDF-"))
    transact(lambda connection: add(connection, taken.case_id, file, clock.now(), Giver("Amina", "caseworker")))
    open_file(client, taken)
    page = unescape(shown(client, address_of(taken, "documents")))
    assert PAGES.text("fr", "Added at a service centre on {day}.").partition("{")[0] in page
    assert "Amina" not in page
    pressed(client, f"{LINK.findall(page)[0]}/remove")
    assert value("select count(*) from document where content is not null") == 0


def test_a_statement_that_was_begun_before_a_document_came_counts_and_once(client: Client) -> None:
    taken = proposed()
    open_file(client, taken)
    form = hidden_of(shown(client, address_of(taken, "say"))) | {"said": ["The bill shows it."]}
    send_document(client, taken, a_picture())
    for _ in range(2):
        answer = client.post(address_of(taken, "say"), data=form)
        assert str(answer.url.path) == address_of(taken)
    assert value("select count(*) from event where kind = 'StatementReceived'") == 1


def test_a_correction_that_was_begun_keeps_what_was_typed_when_a_document_comes(client: Client) -> None:
    taken = to_correct()
    page = open_file(client, taken)
    mark = {"mark": hidden_of(page)["mark"][0]}
    client.post(address_of(taken, "correct"), data=mark)
    rows("update application_draft set said = jsonb_set(said, '{household,commune}', '\"Typed\"')")
    before = rows("select said::text from application_draft")
    send_document(client, taken, a_picture())
    client.post(address_of(taken, "correct"), data=mark)
    assert rows("select said::text from application_draft") == before


def test_the_file_of_data_names_every_document_and_holds_none(client: Client) -> None:
    taken = to_correct()
    open_file(client, taken)
    page = send_document(client, taken, a_picture()).text
    send_document(client, taken, a_pdf(), shows="family")
    pressed(client, f"{LINK.findall(page)[0]}/remove")
    data = client.get(address_of(taken, "mine/data")).json()
    told = [(each["shows"], each["media_type"], each["pages"], each["taken_back"]) for each in data["documents"]]
    assert told == [("bill", "image/jpeg", 1, True), ("family", "application/pdf", 2, False)]
    assert {"at", "at_desk", "moment", "size", "there"} < set(data["documents"][0])
    assert [each["kind"] for each in data["happened"][:3]] == ["DocumentRemoved", "DocumentAdded", "DocumentAdded"]


def test_an_address_with_a_nul_in_it_is_none_of_ours(client: Client) -> None:
    taken = asked()
    open_file(client, taken)
    for address in (address_of(taken, "documents/%00"), address_of(taken, "documents/%00/remove"), "/static/%00"):
        assert client.get(address).status_code == 404
