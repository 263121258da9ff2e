"""Which language a page speaks, and how it says texts and dates."""

import re
from datetime import UTC, datetime
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from litestar import Request
from litestar.response import Template

from models.settings import settings
from notifications.catalogues import LANGUAGES, Catalogue

PAGES = Catalogue(Path(__file__).parent / "locales", "pages")
DEFAULT = "ar"
MOROCCO = ZoneInfo("Africa/Casablanca")


def language_of(request: Request[Any, Any, Any]) -> str:
    """The one in the address, else the one that the reader likes best of those that we speak, else Arabic."""
    first = request.url.path.strip("/").split("/")[0]
    if first in LANGUAGES:
        return first
    liked = [language_and_weight(part) for part in request.headers.get("accept-language", "")[:1000].split(",")]
    spoken = [(much, code) for code, much in liked if code in LANGUAGES and much > 0]
    return max(spoken, key=itemgetter(0), default=(0, DEFAULT))[1]


def language_and_weight(part: str) -> tuple[str, float]:
    """A language of Accept-Language (RFC 9110, 12.5.4), and how much it is liked: `fr-MA;q=0.8` as ("fr", 0.8)."""
    code, _, parameter = part.partition(";")
    weight = re.fullmatch(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", parameter.strip().lower())
    return code.strip().split("-")[0].lower(), float(weight[1]) if weight else 1.0


def page_for(request: Request[Any, Any, Any], template: str, *, status: int = 200, **context: Any) -> Template:
    """A page in the reader's language, where no address need say which."""
    shown = page(template, language_of(request), status=status, **context)
    shown.headers["Vary"] = "Accept-Language"
    return shown


def page(template: str, language: str, *, status: int = 200, path: str = "", **context: Any) -> Template:
    """A page in a language; `path` is what follows the language in its address, so that the other language's link keeps
    the page.
    """
    return Template(
        template,
        status_code=status,
        headers={"Content-Language": language},
        context={
            "language": language,
            "direction": LANGUAGES[language].direction,
            "languages": LANGUAGES,
            "path": f"/{path}" if path else "",
            "t": partial(PAGES.text, language),
            "day": partial(day, language),
            "status": status,
            "helpline": settings().helpline,
            **context,
        },
    )


def day(language: str, moment: datetime) -> str:
    """A date in words, as in Morocco, which no line breaks."""
    return format_date(
        moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(MOROCCO), "long", locale=LANGUAGES[language].locale
    ).replace(" ", "\u00a0")
