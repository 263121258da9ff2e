"""Real files for tests of documents, made by Pillow and pikepdf; and how a browser sends one."""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Any

import httpx
import pikepdf
from PIL import Image

from tests.portal.conftest import Client
from tests.portal.visiting import address_of, hidden_of
from workflows.intake.submit import Accepted

GPS, ORIENTATION, MAKER = 0x8825, 0x0112, 0x010F
PHONE_MAKER = "Cheap Phones of Fes"


def a_picture(width: int = 600, height: int = 400, kind: str = "JPEG", **more: Any) -> bytes:
    """A photograph of a size: red above, white below."""
    made = Image.new("RGB", (width, height), "white")
    made.paste("red", (0, 0, width, height // 2))
    written = BytesIO()
    made.save(written, kind, **more)
    return written.getvalue()


def a_photograph() -> bytes:
    """As a phone writes it: lying on its side, with where and by which phone it was taken, and a comment."""
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKER] = 6, PHONE_MAKER
    exif[GPS] = {1: "N", 2: (34.0, 2.0, 3.0), 3: "W", 4: (5.0, 0.0, 1.0)}
    return a_picture(exif=exif, comment=PHONE_MAKER.encode())


def a_bomb(kind: str = "PNG") -> bytes:
    """A picture of 3.6 thousand million pixels in a few kilobytes."""
    if kind == "JPEG":
        made = bytearray(a_picture(16, 16))
        at = made.index(b"\xff\xc0") + 5
        made[at : at + 4] = struct.pack(">HH", 60_000, 60_000)
        return bytes(made)
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(10**6))) + chunk(b"IEND", b"")
    )


def chunk(name: bytes, content: bytes) -> bytes:
    """A part of a PNG."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def a_pdf(change: Callable[[pikepdf.Pdf], object] = lambda made: None, **more: Any) -> bytes:
    """A PDF of two pages, which says who made it; `change` puts something into it."""
    made = pikepdf.new()
    for _ in range(2):
        made.add_blank_page()
    made.docinfo["/Author"] = PHONE_MAKER
    change(made)
    written = BytesIO()
    made.save(written, **more)
    return written.getvalue()


def with_script(made: pikepdf.Pdf) -> None:
    """It runs a script when it is opened."""
    action = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))
    made.Root.OpenAction = made.make_indirect(action)


def with_launch(made: pikepdf.Pdf) -> None:
    """A click on it starts a program."""
    action = pikepdf.Dictionary(S=pikepdf.Name.Launch, F=pikepdf.String("cmd.exe"))
    link = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9], A=action)
    made.pages[0].Annots = pikepdf.Array([link])


def with_address(made: pikepdf.Pdf) -> None:
    """It has a link to a site, as bills have."""
    action = pikepdf.Dictionary(S=pikepdf.Name.URI, URI=pikepdf.String("https://example.org"))
    link = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9], A=action)
    made.pages[0].Annots = pikepdf.Array([link])


def with_actions(made: pikepdf.Pdf) -> None:
    """Its page does something when it is shown."""
    made.pages[0].AA = pikepdf.Dictionary(O=pikepdf.Dictionary(S=pikepdf.Name.Named, N=pikepdf.Name.Print))


def with_attachment(made: pikepdf.Pdf) -> None:
    """Another file is in it."""
    made.attachments["virus.exe"] = b"MZ" + bytes(100)


def with_drawn_form(made: pikepdf.Pdf) -> None:
    """A program draws it (XFA)."""
    made.Root.AcroForm = pikepdf.Dictionary(XFA=made.make_stream(b"<xdp/>"), Fields=pikepdf.Array([]))


def encrypted() -> bytes:
    """A PDF that everybody opens, and nobody may change."""
    return a_pdf(encryption=pikepdf.Encryption(owner="owner", user=""))


def locked() -> bytes:
    """A PDF with a password."""
    return a_pdf(encryption=pikepdf.Encryption(owner="owner", user="secret"))


def send_document(
    client: Client, taken: Accepted, sent: bytes | None, name: str = "scan.jpg", language: str = "fr", **typed: str
) -> httpx.Response:
    """Sends the form of the page of documents with a file, as a browser does; None: no file is chosen."""
    address = address_of(taken, "documents", language)
    fields = {key: values[0] for key, values in hidden_of(client.get(address).text).items()}
    fields |= {"shows": "bill"} | typed
    chosen = ("", b"") if sent is None else (name, sent)
    file = (*chosen, "application/octet-stream")
    return client.post(address, data=fields, files={"file": file})
