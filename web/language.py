"""The language of a page, its texts and its dates."""

import re
import unicodedata
from collections import ChainMap
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache, partial
from operator import itemgetter
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_decimal
from litestar import Request
from litestar.exceptions import NotFoundException
from litestar.response import Template

from models.days import MOROCCO, day_of
from models.languages import ALSO_CALLED, DEFAULT, DRAFTS, LANGUAGES, Language
from models.settings import settings
from notifications.catalogues import Catalogue
from notifications.places import PLACES
from web.drafts import DraftPage, in_default
from workflows.bodies.enrolment import countries
from workflows.bodies.territory import name_of
from workflows.policies import programme_names

MANY = 10_000  # numbers and dates whose words are kept: most pages show the same, and Babel takes long for each
BARE = dict.fromkeys(each for each in range(0x300, 0x670) if unicodedata.combining(chr(each)))
PAGES = Catalogue(Path(__file__).parent / "locales", "pages")
# Every language that may be shown somewhere, for its direction and its locale.
KNOWN: Mapping[str, Language] = ChainMap(DRAFTS, LANGUAGES)


def offered() -> Mapping[str, Language]:
    """The languages of the pages: the drafts only where the settings allow them."""
    return KNOWN if settings().draft_languages else LANGUAGES


def written_in(language: str) -> str:
    """The language of the messages to who reads the pages in this one: no phone need draw the script of a draft."""
    return language if language in LANGUAGES else DEFAULT


def language_of(request: Request[Any, Any, Any]) -> str:
    """The language in the address, else the reader's best of ours by Accept-Language, else Arabic."""
    first = request.url.path.strip("/").split("/")[0]
    ours = offered()
    if first in ours:
        return first
    accepted = [language_and_weight(part) for part in request.headers.get("accept-language", "")[:1000].split(",")]
    read = [(weight, code) for code, weight in accepted if code in ours and weight > 0]
    return max(read, key=itemgetter(0), default=(0, DEFAULT))[1]


def require_language(language: str) -> str:
    """The language, if it is one of ours. Raises NotFoundException for any other first word of an address."""
    if language not in offered():
        raise NotFoundException
    return language


def has_text(language: str, key: str) -> bool:
    """Whether the catalogue has this text; of a draft, whether the one has that speaks for it."""
    return (None, key) in PAGES.texts(written_in(language))


def text(language: str, key: str) -> str:
    """A text of the pages. What a draft lacks is said in Arabic, and marked so."""
    if language in LANGUAGES or (None, key) in PAGES.texts(language):
        return PAGES.text(language, key)
    return in_default(PAGES.text(DEFAULT, key))


def language_and_weight(part: str) -> tuple[str, float]:
    """A language of Accept-Language (RFC 9110, 12.5.4) and its weight: `fr-MA;q=0.8` is ("fr", 0.8)."""
    code, _, parameter = part.partition(";")
    weight = re.fullmatch(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", parameter.strip().lower())
    name = code.strip().split("-")[0].lower()
    return ALSO_CALLED.get(name, name), float(weight[1]) if weight else 1.0


def render_page_for(request: Request[Any, Any, Any], template: str, *, status: int = 200, **context: Any) -> Template:
    """A page in the language that `language_of` finds, for addresses that need not name one."""
    shown = render_page(template, language_of(request), status=status, **context)
    shown.headers["Vary"] = "Accept-Language"
    return shown


def render_page(template: str, language: str, *, status: int = 200, path: str = "", **context: Any) -> Template:
    """A page in this language. `path` follows the language in its address, for the link to the other language."""
    made = DraftPage if language in DRAFTS else Template
    return made(
        template,
        status_code=status,
        headers={"Content-Language": language},
        context={
            "language": language,
            "direction": KNOWN[language].direction,
            "languages": offered(),
            "is_draft": language in DRAFTS,
            "default": DEFAULT,
            "path": f"/{path}" if path else "",
            "t": partial(text, language),
            "day": partial(day, language),
            "date_of": partial(date_of, language),
            "hour": partial(hour, language),
            "number": partial(number, language),
            "worded": partial(worded, language),
            "term": partial(term, language),
            "index": partial(index, language),
            "programme": partial(programme, language),
            **places(language),
            "has_text": partial(has_text, language),
            "status": status,
            "helpline": settings().helpline,
            **context,
        },
    )


def places(language: str) -> dict[str, Any]:
    """The names of places in a language, as templates ask for them."""
    return {
        "province": partial(province, language),
        "country": partial(country, language),
        "countries": partial(countries_by_name, language),
    }


def province(language: str, code: str) -> str:
    """The name of a province or prefecture by its code (ISO 3166-2:MA), in the script of the language."""
    if language in LANGUAGES:
        return PLACES.text(language, code) if language == DEFAULT else name_of(code)
    return in_default(PLACES.text(DEFAULT, code))


@lru_cache
def country_names(language: str) -> Mapping[str, str]:
    """Every country by its code (ISO 3166-1), with its name in the language; of a draft in Arabic."""
    known = Locale.parse(KNOWN[language if language in LANGUAGES else DEFAULT].locale).territories
    return {code: known.get(code, code) for code in countries()}


@lru_cache
def countries_by_name(language: str) -> Sequence[tuple[str, str]]:
    """Every country with its name, in the order of the names: accents and hamzas count for nothing in it."""
    return sorted(
        country_names(language).items(), key=lambda each: unicodedata.normalize("NFD", each[1]).translate(BARE)
    )


def country(language: str, code: str) -> str:
    """The name of a country."""
    name = country_names(language).get(code, code)
    return name if language in LANGUAGES else in_default(name)


def day(language: str, moment: datetime) -> str:
    """Morocco's date at this moment in words, with spaces at which no line breaks.

    In a draft in figures alone, because most of the sentences that it stands in are in another language.
    """
    return in_words(language, day_of(moment.replace(tzinfo=moment.tzinfo or UTC)))


@lru_cache(MANY)
def in_words(language: str, local: date) -> str:
    """A date in words, in a draft in figures, with spaces at which no line breaks."""
    form = "dd/MM/yyyy" if language in DRAFTS else "long"
    written = format_date(local, form, locale=KNOWN[language].locale).replace(" ", "\u00a0")
    return written.replace("1\u00a0", "1er\u00a0", 1) if language == "fr" and local.day == 1 else written


def date_of(language: str, written: str) -> str:
    """A day of a declaration (YYYY-MM-DD) in words; a month or a year where no more of it is known."""
    if len(parts := written.split("-")) == 1:
        return written
    if len(parts) == 2:
        form = "MM/yyyy" if language in DRAFTS else "LLLL y"
        return format_date(date.fromisoformat(f"{written}-01"), form, KNOWN[language].locale).replace(" ", "\u00a0")
    return day(language, datetime.combine(date.fromisoformat(written), time(12), MOROCCO))


def worded(language: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in a sentence about something wrong, with each day in words."""
    return {name: in_words(language, each) if isinstance(each, date) else each for name, each in values.items()}


def hour(language: str, moment: datetime) -> str:
    """Morocco's time of the day at this moment, to the minute after it."""
    local = (moment + timedelta(minutes=1)).astimezone(MOROCCO)
    return str(format_time(local, "HH:mm", locale=KNOWN[language].locale))


@lru_cache(MANY)
def number(language: str, value: Decimal | int | str) -> str:
    """A threshold, a count or an amount with all its digits, as it is written in Morocco."""
    locale = KNOWN[language].locale
    return str(format_decimal(Decimal(value), "0.#", locale=locale, decimal_quantization=False))


@lru_cache(MANY)
def term(language: str, value: Decimal) -> str:
    """What a value adds to an index or takes off, without its sign: four decimals show the least that counts."""
    return str(format_decimal(round(abs(value), 4), "0.00##", locale=KNOWN[language].locale))


def index(language: str, value: Decimal, *beside: Decimal | None) -> str:
    """An index with two decimals; with more, where it would else stand otherwise beside one of these than it does."""
    others = [each for each in beside if each is not None]
    places = next((n for n in range(2, 28) if all(stands_alike(value, each, n) for each in others)), 28)
    return str(format_decimal(round(value, places), "0.00" + "#" * (places - 2), locale=KNOWN[language].locale))


def stands_alike(value: Decimal, other: Decimal, places: int) -> bool:
    """Whether the value, rounded, is above, below or equal as before, both to the other and to the other rounded."""
    shown = round(value, places)
    return all(
        ((shown > each) - (shown < each)) == ((value > other) - (value < other))
        for each in (other, round(other, places))
    )


def programme(language: str, code: str) -> str:
    """A programme's name, in French where it has none in the language; its code, if it is none of today's."""
    names = programme_names().get(code, {})
    if language in DRAFTS and DEFAULT in names:
        return in_default(names[DEFAULT])
    return names.get(language) or names.get("fr", code)
