"""A program of its own that reads one file from a stranger, and writes what of it may be kept.

It reads the file from its standard input. It writes a line (`ok`, the media type and the number of pages, or `refused`
and the code of a reason) and then the bytes to keep. It holds no secret and knows no database, and the system bounds
its memory and its time: a file that is a trap takes this process and nothing else.
"""

import resource
import sys
from collections.abc import Iterator
from io import BytesIO
from typing import Any, NamedTuple

MEMORY, SECONDS = 1 << 30, 20  # of the whole process; a picture of the most pixels takes a third of it
MOST_PIXELS = {"JPEG": 50_000_000, "PNG": 20_000_000}  # a PNG is decoded whole, a JPEG at a fraction of its size
LONGEST_SIDE = 2_600  # pixels: a page of A4 at 220 dots an inch
QUALITY = 85
MOST_PAGES, MOST_OBJECTS, DEEPEST = 50, 20_000, 60
# By its first bytes, never by its name.
PICTURES = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG"}
PDF = b"%PDF-"
# What a PDF may not hold: a key of a dictionary, or the kind of an action, with the reason for which it is refused.
SCRIPTS, ACTIONS, FILES, FORMS = "pdf_script", "pdf_action", "pdf_attachment", "pdf_form"
FORBIDDEN_KEYS = {
    **dict.fromkeys(("/JS", "/JavaScript"), SCRIPTS),
    "/AA": ACTIONS,
    **dict.fromkeys(("/EF", "/EmbeddedFiles", "/AF", "/Collection"), FILES),
    **dict.fromkeys(("/RichMedia", "/RichMediaContent", "/3DD", "/Movie", "/Sound"), FILES),
    "/XFA": FORMS,
}
FORBIDDEN_KINDS = {"/EmbeddedFile": FILES, "/Filespec": FILES, "/RichMedia": FILES, "/FileAttachment": FILES}
HARMLESS_ACTIONS = {"/GoTo", "/URI"}  # to a page of the same file; links to elsewhere are taken out
LOST = ("/Metadata", "/PieceInfo", "/Thumb", "/LastModified")  # what says who made it, with which program, and when
# What libraries raise for a file that is broken.
BROKEN = (OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, EOFError, RuntimeError)


class Taken(NamedTuple):
    """What may be kept of a file."""

    media_type: str
    pages: int
    content: bytes


class NotTaken(Exception):
    """The file is refused; the code says why."""


def examined(sent: bytes) -> Taken:
    """What may be kept of a file. Raises NotTaken."""
    try:
        for first, form in PICTURES.items():
            if sent.startswith(first):
                return picture(sent, form)
        if sent.startswith(PDF):
            return pdf(sent)
    except MemoryError:
        raise NotTaken("too_complex") from None
    except BROKEN:
        raise NotTaken("unreadable") from None
    raise NotTaken("wrong_type")


def picture(sent: bytes, form: str) -> Taken:
    """A picture as its pixels alone, turned the right way up, as a JPEG."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # we count ourselves, and neither warn nor decode before
    with Image.open(BytesIO(sent), formats=["JPEG", "PNG"]) as opened:
        if opened.width * opened.height > MOST_PIXELS[form]:
            raise NotTaken("too_many_pixels")
        opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        opened.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        upright = ImageOps.exif_transpose(opened).convert("RGBA")
    clean = Image.new("RGB", upright.size, "white")  # which has nothing of the file but what is pasted
    clean.paste(upright, mask=upright)
    written = BytesIO()
    clean.save(written, "JPEG", quality=QUALITY)
    return Taken("image/jpeg", 1, written.getvalue())


def pdf(sent: bytes) -> Taken:
    """A PDF without what says who made it, if nothing in it acts. Raises NotTaken."""
    import pikepdf

    try:
        opened = pikepdf.open(BytesIO(sent), suppress_warnings=True)
    except pikepdf.PasswordError:
        raise NotTaken("pdf_encrypted") from None
    except pikepdf.PdfError:
        raise NotTaken("unreadable") from None
    with opened:
        if opened.is_encrypted:
            raise NotTaken("pdf_encrypted")
        pages = len(opened.pages)
        if not pages or pages > MOST_PAGES:
            raise NotTaken("unreadable" if not pages else "too_many_pages")
        for each in all_of(opened):
            check(each)
            strip(each)
        return Taken("application/pdf", pages, saved(opened))


def all_of(opened: Any) -> Iterator[Any]:
    """Every dictionary of a PDF, those of its streams too. Raises NotTaken where there are too many."""
    import pikepdf

    waiting = [(each, 0) for each in (opened.trailer, *opened.objects)]
    seen = 0
    while waiting:
        found, depth = waiting.pop()
        seen += 1
        if seen > MOST_OBJECTS or depth > DEEPEST:
            raise NotTaken("too_complex")
        if isinstance(found, pikepdf.Dictionary | pikepdf.Stream):
            yield found
            parts = [part for _, part in found.items()]
        else:
            parts = list(found) if isinstance(found, pikepdf.Array) else []
        # What stands elsewhere in the file comes by itself.
        waiting += [(each, depth + 1) for each in parts if isinstance(each, pikepdf.Object) and not each.is_indirect]


def check(found: Any) -> None:
    """Raises NotTaken for a dictionary that acts, or carries a file."""
    for key in found:
        if key in FORBIDDEN_KEYS:
            raise NotTaken(FORBIDDEN_KEYS[key])
    for key in ("/Type", "/Subtype"):
        if (kind := str(found.get(key, ""))) in FORBIDDEN_KINDS:
            raise NotTaken(FORBIDDEN_KINDS[kind])
    for key in ("/A", "/OpenAction"):
        action = found.get(key)
        kind = str(action.get("/S", "")) if hasattr(action, "keys") else "/GoTo"
        if kind == "/JavaScript":
            raise NotTaken(SCRIPTS)
        if kind not in HARMLESS_ACTIONS or (hasattr(action, "keys") and "/Next" in action):
            raise NotTaken(ACTIONS)


def strip(found: Any) -> None:
    """Takes out of a dictionary what says who made the file, and links to elsewhere."""
    for key in LOST:
        if key in found:
            del found[key]
    action = found.get("/A")
    if hasattr(action, "keys") and str(action.get("/S", "")) == "/URI":
        del found["/A"]


def saved(opened: Any) -> bytes:
    """The PDF written anew: what nothing refers to stays behind."""
    if "/Info" in opened.trailer:
        del opened.trailer["/Info"]
    written = BytesIO()
    opened.save(written, deterministic_id=True)
    return written.getvalue()


def main() -> None:
    """Reads the file, and writes what may be kept of it."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a picture of the memory would show the document
    try:
        taken = examined(sys.stdin.buffer.read())
    except NotTaken as reason:
        sys.stdout.buffer.write(f"refused {reason}\n".encode())
        return
    sys.stdout.buffer.write(f"ok {taken.media_type} {taken.pages}\n".encode() + taken.content)


if __name__ == "__main__":
    main()
