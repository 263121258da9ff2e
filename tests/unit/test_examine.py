"""A file from a stranger, looked at closely: what a PDF hides where nobody looks, and what bounds whoever reads it."""

import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pikepdf
import pytest
from PIL import Image

from models.errors import Refused
from tests.papers import (
    PHONE_MAKER,
    a_bomb,
    a_pdf,
    a_photograph,
    a_picture,
    encrypted,
    locked,
    with_actions,
    with_address,
    with_attachment,
    with_drawn_form,
    with_launch,
    with_script,
)
from workflows.documents import examine, taking
from workflows.documents.examine import LONGEST_SIDE, MEMORY, MOST_OBJECTS, MOST_PAGES, SECONDS, NotTaken, examined
from workflows.documents.taking import MOST_BYTES, take

Change = Callable[[pikepdf.Pdf], object]
SCRIPT = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")


def deep(depth: int) -> pikepdf.Object:
    """Arrays in arrays."""
    made = pikepdf.Array([])
    for _ in range(depth):
        made = pikepdf.Array([made])
    return made


def annotated(made: pikepdf.Pdf, **about: Any) -> None:
    """Puts an annotation on the first page."""
    made.pages[0].Annots = pikepdf.Array([pikepdf.Dictionary(Type=pikepdf.Name.Annot, **about)])


HIDDEN: dict[str, tuple[str, Change]] = {
    "a script behind a harmless action": (
        "pdf_action",
        lambda made: made.Root.__setattr__(
            "OpenAction", pikepdf.Dictionary(S=pikepdf.Name.GoTo, Next=pikepdf.Dictionary(S=pikepdf.Name.Launch))
        ),
    ),
    "a script that is named": (
        "pdf_script",
        lambda made: made.Root.__setattr__(
            "Names", pikepdf.Dictionary(JavaScript=pikepdf.Dictionary(Names=pikepdf.Array(["a", SCRIPT])))
        ),
    ),
    "a script under another key": (
        "pdf_script",
        lambda made: annotated(made, A=pikepdf.Dictionary(S=pikepdf.Name.JavaScript)),
    ),
    "a script within a stream": (
        "pdf_script",
        lambda made: made.Root.__setattr__("Hidden", made.make_indirect(pikepdf.Stream(made, b"", JS="app.alert(1)"))),
    ),
    "a script within arrays": (
        "pdf_script",
        lambda made: made.Root.__setattr__("Hidden", pikepdf.Array([pikepdf.Array([pikepdf.Dictionary(JS="x")])])),
    ),
    "a form that is sent": (
        "pdf_action",
        lambda made: annotated(made, A=pikepdf.Dictionary(S=pikepdf.Name.SubmitForm, F="https://example.org")),
    ),
    "another file that is opened": (
        "pdf_action",
        lambda made: annotated(made, A=pikepdf.Dictionary(S=pikepdf.Name.GoToR, F="other.pdf")),
    ),
    "a film": ("pdf_attachment", lambda made: annotated(made, Movie=pikepdf.Dictionary())),
    "a sound": ("pdf_attachment", lambda made: annotated(made, Sound=pikepdf.Dictionary())),
    "a medium": ("pdf_attachment", lambda made: annotated(made, Subtype=pikepdf.Name.RichMedia)),
    "a medium by its content": ("pdf_attachment", lambda made: annotated(made, RichMediaContent=pikepdf.Dictionary())),
    "a model": ("pdf_attachment", lambda made: annotated(made, **{"3DD": pikepdf.Dictionary()})),
    "a pinned file": ("pdf_attachment", lambda made: annotated(made, Subtype=pikepdf.Name.FileAttachment)),
    "an embedded stream": (
        "pdf_attachment",
        lambda made: made.Root.__setattr__(
            "Hidden", made.make_indirect(pikepdf.Stream(made, b"MZ", Type=pikepdf.Name.EmbeddedFile))
        ),
    ),
    "a portfolio": ("pdf_attachment", lambda made: made.Root.__setattr__("Collection", pikepdf.Dictionary())),
    "too many pages": ("too_many_pages", lambda made: [made.add_blank_page() for _ in range(MOST_PAGES)]),
    "no page": ("unreadable", lambda made: [made.pages.__delitem__(0) for _ in list(made.pages)]),
    "too many objects": (
        "too_complex",
        lambda made: made.Root.__setattr__("Hidden", pikepdf.Array([deep(1) for _ in range(MOST_OBJECTS)])),
    ),
    "arrays that are too deep": ("too_complex", lambda made: made.Root.__setattr__("Hidden", deep(100))),
}


@pytest.mark.parametrize("hidden", HIDDEN)
def test_what_a_pdf_hides_is_found_wherever_it_stands(hidden: str) -> None:
    code, change = HIDDEN[hidden]
    with pytest.raises(NotTaken) as refused:
        examined(a_pdf(change))
    assert str(refused.value) == code


REFUSED: dict[str, tuple[str, bytes]] = {
    "a program": ("wrong_type", b"MZ" + bytes(500)),
    "a bomb as PNG": ("too_many_pixels", a_bomb()),
    "a bomb as JPEG": ("too_many_pixels", a_bomb("JPEG")),
    "half a picture": ("unreadable", a_picture()[:300]),
    "half a PDF": ("unreadable", b"%PDF-1.7" + bytes(300)),
    "a script": ("pdf_script", a_pdf(with_script)),
    "a program that is started": ("pdf_action", a_pdf(with_launch)),
    "a page that acts": ("pdf_action", a_pdf(with_actions)),
    "an attachment": ("pdf_attachment", a_pdf(with_attachment)),
    "a drawn form": ("pdf_form", a_pdf(with_drawn_form)),
    "an encrypted PDF": ("pdf_encrypted", encrypted()),
    "a locked PDF": ("pdf_encrypted", locked()),
}


@pytest.mark.parametrize("sent", REFUSED)
def test_what_is_no_picture_and_no_plain_paper_is_refused_for_its_own_reason(sent: str) -> None:
    code, content = REFUSED[sent]
    with pytest.raises(NotTaken) as refused:
        examined(content)
    assert str(refused.value) == code


def test_a_picture_stands_upright_on_white_and_is_no_longer_than_a_page_needs() -> None:
    kept = Image.open(BytesIO(examined(a_photograph()).content))
    assert kept.size == (400, 600)
    assert kept.getpixel((390, 300))[0] > 200  # type: ignore[index]  # of a colour picture it is a tuple
    clear = BytesIO()
    Image.new("RGBA", (3_000, 50), (0, 0, 0, 0)).save(clear, "PNG")
    kept = Image.open(BytesIO(examined(clear.getvalue()).content))
    assert (kept.size[0], kept.getpixel((5, 5))) == (LONGEST_SIDE, (255, 255, 255))


def test_a_pdf_keeps_its_pages_and_loses_its_links() -> None:
    with pikepdf.open(BytesIO(examined(a_pdf(with_address)).content)) as kept:
        assert len(kept.pages) == 2
        assert "/A" not in kept.pages[0].Annots[0]


def with_makers(made: pikepdf.Pdf) -> None:
    """Says who made the file in every place where a program writes that."""
    by = pikepdf.Dictionary(Producer=PHONE_MAKER)
    made.Root.Metadata = made.make_indirect(pikepdf.Stream(made, PHONE_MAKER.encode()))
    made.Root.PieceInfo = by
    made.pages[0].PieceInfo = by
    made.pages[0].LastModified = f"D:20260101{PHONE_MAKER}"
    made.pages[0].Thumb = made.make_indirect(pikepdf.Stream(made, PHONE_MAKER.encode()))


def test_a_pdf_says_in_no_place_who_made_it_and_when() -> None:
    sent = a_pdf(with_makers)
    assert PHONE_MAKER.encode() in sent or PHONE_MAKER in str(pikepdf.open(BytesIO(sent)).Root.PieceInfo)
    with pikepdf.open(BytesIO(examined(sent).content)) as kept:
        assert not {"/Metadata", "/PieceInfo"} & set(kept.Root.keys())
        assert not {"/PieceInfo", "/LastModified", "/Thumb"} & set(kept.pages[0].obj.keys())
        assert "/Info" not in kept.trailer


def test_a_picture_keeps_its_pixels_alone() -> None:
    sent = BytesIO()
    about = Image.Exif()
    about[0x010F] = PHONE_MAKER
    Image.new("RGB", (40, 40), "red").save(
        sent, "JPEG", exif=about, comment=PHONE_MAKER.encode(), icc_profile=PHONE_MAKER.encode() * 9
    )
    kept = examined(sent.getvalue()).content
    assert PHONE_MAKER.encode() not in kept
    assert set(Image.open(BytesIO(kept)).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_the_program_that_reads_a_file_has_these_bounds_and_no_others() -> None:
    code = """
import resource
from workflows.documents import examine
limits = [resource.getrlimit(each) for each in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_CORE)]
examine.examined = lambda sent: examine.Taken("text/plain", 1, repr(
    [resource.getrlimit(each) for each in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_CORE)]).encode())
examine.main()
"""
    done = subprocess.run([sys.executable, "-c", code], input=b"", capture_output=True, check=True)
    expected = [(MEMORY, MEMORY), (SECONDS, SECONDS), (0, 0)]
    assert done.stdout == f"ok text/plain 1\n{expected!r}".encode()


def test_a_picture_that_takes_too_much_memory_is_refused_and_not_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def eats(sent: bytes, form: str) -> None:
        raise MemoryError

    monkeypatch.setattr(examine, "picture", eats)
    with pytest.raises(NotTaken, match="too_complex"):
        examined(a_picture())


@pytest.mark.parametrize(
    ("code", "written", "refused"),
    [
        (0, b"ok image/jpeg 1\n" + bytes(MOST_BYTES + 1), "too_large_file"),
        (-9, b"ok image/jpeg 1\nhalf of it", "too_complex"),
        (-24, b"", "too_complex"),
        (0, b"refused no_such_reason\n", "too_complex"),
        (0, b"ok image/jpeg\n", "too_complex"),
        (0, b"\xff\xfe", "too_complex"),
    ],
)
def test_what_the_program_writes_is_believed_only_if_it_is_whole_and_small(
    monkeypatch: pytest.MonkeyPatch, code: int, written: bytes, refused: str
) -> None:
    monkeypatch.setattr(taking, "run", lambda *_, **__: CompletedProcess([], code, written, b""))
    with pytest.raises(Refused) as why:
        take(b"\xff\xd8\xff")
    assert why.value.code == refused


def test_a_file_of_one_byte_too_many_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The form that brings it may be a little larger than the file."""
    asked: list[int] = []

    def read(*_: object, **given: Any) -> CompletedProcess[bytes]:
        asked.append(len(given["input"]))
        return CompletedProcess([], 0, b"ok image/jpeg 1\nx", b"")

    monkeypatch.setattr(taking, "run", read)
    assert take(bytes(MOST_BYTES)).content == b"x"
    with pytest.raises(Refused) as why:
        take(bytes(MOST_BYTES + 1))
    assert (why.value.code, asked) == ("too_large_file", [MOST_BYTES])


def test_the_program_is_ours_wherever_we_stand_and_knows_no_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "workflows" / "documents"
    other.mkdir(parents=True)
    for folder in (other.parent, other):
        (folder / "__init__.py").touch()
    (other / "examine.py").write_text("print('ok image/jpeg 1')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert take(a_picture()).content.startswith(b"\xff\xd8\xff")

    seen: dict[str, Any] = {}

    def noted(*_: object, **given: Any) -> CompletedProcess[bytes]:
        seen.update(given)
        return CompletedProcess([], 0, b"refused wrong_type\n", b"")

    monkeypatch.setattr(taking, "run", noted)
    with pytest.raises(Refused):
        take(b"x")
    assert seen["env"] == {}
