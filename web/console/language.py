"""The languages of the console, their texts, dates and waits in words."""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal, get_decimal_symbol
from litestar import Request

from models.days import MOROCCO
from models.errors import Broken
from models.languages import DEFAULT, SOURCE
from notifications.catalogues import CODED, STAFF_LANGUAGES, Catalogue
from web.language import (
    PAGES,
    countries_by_name,
    country,
    day,
    index,
    language_and_weight,
    number,
    programme,
    province,
)

# One for each section of the console.
SECTIONS = (
    "console",
    "console_cases",
    "console_operations",
    "console_provider",
    "console_audit",
    "console_queues",
    "console_duplicates",
)
CATALOGUES = [Catalogue(Path(__file__).parents[1] / "locales", domain) for domain in SECTIONS]
COOKIE = "sijil-console-language"
AMOUNT = re.compile(r"\d+\.\d+")  # as declarations write it


def console_language(request: Request[Any, Any, Any]) -> str:
    """The language that the reader chose, else their browser's best of ours, else Arabic."""
    chosen = request.cookies.get(COOKIE, "")
    if chosen in STAFF_LANGUAGES:
        return chosen
    accepted = [language_and_weight(part) for part in request.headers.get("accept-language", "")[:1000].split(",")]
    ours = [(weight, code) for code, weight in accepted if code in STAFF_LANGUAGES and weight > 0]
    return max(ours, key=lambda each: each[0], default=(0, DEFAULT))[1]


@lru_cache(maxsize=10_000)  # a page asks for hundreds, each in five catalogues
def text(language: str, key: str) -> str:
    """A text of the console; what it says of values, choices and regions is that of the citizens' pages."""
    if language == SOURCE and not CODED.fullmatch(key):
        return key
    found = (each.texts(language).get((None, key)) for each in (*CATALOGUES, PAGES))
    if (said := next(filter(None, found), None)) is None:
        raise Broken(f"No catalogue of the console has {key!r} in '{language}': add it to web/locales/{language}/.")
    return said


def has_text(language: str, key: str) -> bool:
    """Whether the catalogue has it: for codes that other parts of the program make."""
    try:
        return bool(text(language, key))
    except Broken:
        return False


def locale_of(language: str) -> str:
    """The locale of dates and numbers."""
    return STAFF_LANGUAGES[language].locale


def moment(language: str, at: datetime) -> str:
    """Morocco's date and time."""
    comma = "،" if language == "ar" else ","
    written = format_datetime(at.astimezone(MOROCCO), f"d MMM y'{comma}' HH:mm", locale=locale_of(language))
    return written.replace(" ", "\u00a0")


def short_day(language: str, at: datetime) -> str:
    """Morocco's date, as narrow as it can be said with the month's name."""
    return format_datetime(at.astimezone(MOROCCO), "d MMM y", locale=locale_of(language)).replace(" ", "\u00a0")


def duration(language: str, span: timedelta) -> str:
    """A span in words: `3 days`. Up to a quarter of a year it is counted in days: terms are."""
    if timedelta(days=1.5) <= abs(span) < timedelta(days=100):
        return format_timedelta(abs(span), granularity="day", threshold=100, locale=locale_of(language))
    return format_timedelta(abs(span), locale=locale_of(language), threshold=1.5)


def whole(language: str, value: int) -> str:
    """A whole number, its thousands apart."""
    return str(format_decimal(value, "#,##0", locale=locale_of(language)))


def span(language: str, seconds: int) -> str:
    """Seconds in words, as the unit that fits: `3 minutes`."""
    return duration(language, timedelta(seconds=seconds))


def date_only(language: str, on: date) -> str:
    """A date in words."""
    return format_date(on, "long", locale=locale_of(language)).replace(" ", "\u00a0")


def minute(language: str, at: datetime) -> str:
    """Morocco's time to the minute."""
    return format_datetime(at.astimezone(MOROCCO), "HH:mm", locale=locale_of(language))


def time_of_day(language: str, at: datetime) -> str:
    """Morocco's time to the second."""
    return format_datetime(at.astimezone(MOROCCO), "HH:mm:ss", locale=locale_of(language))


def added(language: str, value: Decimal) -> str:
    """What a value adds to an index, or takes off, with its sign."""
    return ("+" if value >= 0 else "-") + str(format_decimal(abs(value), "0.0000", locale=locale_of(language)))


def figure(language: str, value: Any) -> str:
    """An amount with the digits that were declared and the language's decimal mark; anything else as it is."""
    said = str(value)
    return said.replace(".", get_decimal_symbol(locale_of(language))) if AMOUNT.fullmatch(said) else said


def by_name(language: str, codes: Iterable[str]) -> list[tuple[str, str]]:
    """Provinces by their codes, each with its name, in the order of the names."""
    return sorted(((code, province(language, code)) for code in codes), key=lambda each: each[1])


def words_of(language: str) -> dict[str, Any]:
    """What every page of the console needs to speak a language."""
    return {
        "language": language,
        "direction": STAFF_LANGUAGES[language].direction,
        "languages": STAFF_LANGUAGES,
        "t": partial(text, language),
        "has_text": partial(has_text, language),
        "day": partial(day, language),
        "moment": partial(moment, language),
        "short_day": partial(short_day, language),
        "duration": partial(duration, language),
        "whole": partial(whole, language),
        "span": partial(span, language),
        "time_of_day": partial(time_of_day, language),
        "minute": partial(minute, language),
        "date_only": partial(date_only, language),
        "number": partial(number, language),
        "index": partial(index, language),
        "programme": partial(programme, language),
        "added": partial(added, language),
        "figure": partial(figure, language),
        "place": partial(province, language),
        "by_name": partial(by_name, language),
        "country": partial(country, language),
        "countries": partial(countries_by_name, language),
    }
