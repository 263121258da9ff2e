"""Pages in a language whose translation is a draft: what it lacks is said in Arabic, marked as Arabic.

A text of the other language stands between two marks until the page is whole; only then is it known whether it fills an
element, stands among other words, or is in the title or an attribute, which take no element.
"""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

from litestar.response import Template
from litestar.response.base import ASGIResponse

from models.languages import DEFAULT, LANGUAGES

# Noncharacters of Unicode, for use within a program: no text of ours, and none that the portal takes, has them.
BEGIN, END = "\ufdd0", "\ufdd1"
AS_DEFAULT = f'lang="{DEFAULT}" dir="{LANGUAGES[DEFAULT].direction}"'
# A title and a text field hold no elements; nor does what stands within a tag.
WITHOUT_ELEMENTS = re.compile(r"<(title|textarea)\b.*?</\1>|<[^>]*>", re.DOTALL)
FILLED = re.compile(
    r"<(ol|ul|dl|h[1-3]|p|li|dt|dd|label|legend|summary|button|th|td|a|strong)\b([^>]*)>(.*?)</\1>", re.DOTALL
)
OF_NO_LANGUAGE = re.compile(r"<bdi\b.*?</bdi>|<[^>]*>", re.DOTALL)
LETTER = re.compile(r"[^\W\d_]")


class DraftPage(Template):
    """A page of which some texts are in Arabic."""

    def to_asgi_response(self, *args: Any, **more: Any) -> ASGIResponse:
        """Renders the page and marks them."""
        made = super().to_asgi_response(*args, **more)
        made.body = marked(bytes(made.body).decode()).encode()
        made.headers["content-length"] = str(len(made.body))
        return made


def in_default(text: str) -> str:
    """A text in Arabic, for a page that is in another language."""
    return f"{BEGIN}{text}{END}"


def marked(html: str) -> str:
    """The page with the language and direction of each text that is in Arabic."""
    return "".join(spanned(filled(WITHOUT_ELEMENTS.sub(lambda found: unmarked(found[0]), html))))


def unmarked(text: str) -> str:
    """A text without marks."""
    return text.replace(BEGIN, "").replace(END, "")


def filled(html: str) -> str:
    """The page where each element that holds nothing but Arabic says so itself, so that it also begins at the right."""

    def one(found: re.Match[str]) -> str:
        name, attributes, inner = found.groups()
        if BEGIN not in inner or " lang=" in attributes:
            return found[0]
        if LETTER.search(outside(inner)):
            return f"<{name}{attributes}>{filled(inner)}</{name}>"
        return f"<{name}{attributes} {AS_DEFAULT}>{unmarked(inner)}</{name}>"

    return FILLED.sub(one, html)


def outside(html: str) -> str:
    """What is said outside the marks, but for codes and figures, which are of no language."""
    kept, depth = [], 0
    for each in re.split(f"([{BEGIN}{END}])", html):
        depth += (each == BEGIN) - (each == END)
        kept.append("" if depth else each)
    return unescape(OF_NO_LANGUAGE.sub(" ", unmarked("".join(kept))))


def spanned(html: str) -> Iterator[str]:
    """The parts of a page where what is left between marks is an element; one text may be filled into another."""
    depth = 0
    for each in re.split(f"([{BEGIN}{END}])", html):
        if each == BEGIN:
            depth += 1
            yield f"<span {AS_DEFAULT}>" if depth == 1 else ""
        elif each == END and depth:
            depth -= 1
            yield "" if depth else "</span>"
        elif each != END:
            yield each
