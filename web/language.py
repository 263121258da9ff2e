"""The language of a page, its texts and its dates."""

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

from babel.dates import format_date, format_time
from babel.numbers import format_decimal
from litestar import Request
from litestar.response import Template

from models.days import MOROCCO
from models.settings import settings
from notifications.catalogues import LANGUAGES, STAFF_LANGUAGES, Catalogue
from workflows.policies import programme_names

PAGES = Catalogue(Path(__file__).parent / "locales", "pages")
DEFAULT = "ar"


def language_of(request: Request[Any, Any, Any]) -> str:
    """The language in the address, else the reader's best of ours by Accept-Language, else Arabic."""
    first = request.url.path.strip("/").split("/")[0]
    if first in LANGUAGES:
        return first
    accepted = [language_and_weight(part) for part in request.headers.get("accept-language", "")[:1000].split(",")]
    ours = [(weight, code) for code, weight in accepted if code in LANGUAGES and weight > 0]
    return max(ours, key=itemgetter(0), default=(0, DEFAULT))[1]


def language_and_weight(part: str) -> tuple[str, float]:
    """A language of Accept-Language (RFC 9110, 12.5.4) and its weight: `fr-MA;q=0.8` is ("fr", 0.8)."""
    code, _, parameter = part.partition(";")
    weight = re.fullmatch(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", parameter.strip().lower())
    return code.strip().split("-")[0].lower(), float(weight[1]) if weight else 1.0


def render_page_for(request: Request[Any, Any, Any], template: str, *, status: int = 200, **context: Any) -> Template:
    """A page in the language that `language_of` finds, for addresses that need not name one."""
    shown = render_page(template, language_of(request), status=status, **context)
    shown.headers["Vary"] = "Accept-Language"
    return shown


def render_page(template: str, language: str, *, status: int = 200, path: str = "", **context: Any) -> Template:
    """A page in this language. `path` follows the language in its address, for the link to the other language."""
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
            "date_of": partial(date_of, language),
            "hour": partial(hour, language),
            "number": partial(number, language),
            "term": partial(term, language),
            "index": partial(index, language),
            "programme": partial(programme, language),
            "status": status,
            "helpline": settings().helpline,
            **context,
        },
    )


def day(language: str, moment: datetime) -> str:
    """Morocco's date at this moment in words, with spaces at which no line breaks."""
    local = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(MOROCCO)
    return format_date(local, "long", locale=STAFF_LANGUAGES[language].locale).replace(" ", "\u00a0")


def date_of(language: str, written: str) -> str:
    """A day of a declaration (YYYY-MM-DD) in words."""
    return day(language, datetime.combine(date.fromisoformat(written), time(12), MOROCCO))


def hour(language: str, moment: datetime) -> str:
    """Morocco's time of the day at this moment, to the minute after it."""
    local = (moment + timedelta(minutes=1)).astimezone(MOROCCO)
    return str(format_time(local, "HH:mm", locale=STAFF_LANGUAGES[language].locale))


def number(language: str, value: Decimal | int | str) -> str:
    """A threshold, a count or an amount with all its digits, as it is written in Morocco."""
    return str(format_decimal(Decimal(value), "0.##########", locale=STAFF_LANGUAGES[language].locale))


def term(language: str, value: Decimal) -> str:
    """What a value adds to an index or takes off, without its sign: four decimals show the least that counts."""
    return str(format_decimal(round(abs(value), 4), "0.00##", locale=STAFF_LANGUAGES[language].locale))


def index(language: str, value: Decimal, *beside: Decimal | None) -> str:
    """An index with two decimals; with more, where it would else stand otherwise beside one of these than it does."""
    others = [each for each in beside if each is not None]
    places = next((n for n in range(2, 28) if all(stands_alike(value, each, n) for each in others)), 28)
    return str(
        format_decimal(round(value, places), "0.00" + "#" * (places - 2), locale=STAFF_LANGUAGES[language].locale)
    )


def stands_alike(value: Decimal, other: Decimal, places: int) -> bool:
    """Whether the value, rounded, is above, below or equal as before, both to the other and to the other rounded."""
    shown = round(value, places)
    return all(
        ((shown > each) - (shown < each)) == ((value > other) - (value < other))
        for each in (other, round(other, places))
    )


def programme(language: str, code: str) -> str:
    """A programme's name; its code, where it is none of today's."""
    return programme_names().get(code, {}).get(language, code)
