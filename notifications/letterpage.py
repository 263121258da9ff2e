"""A letter as a page to print: HTML that needs nothing else, because browsers set Arabic right and print it."""

import re
from datetime import datetime
from html import escape
from typing import NamedTuple

from models.languages import LANGUAGES
from models.settings import settings
from notifications.wording import says, written

TITLE = "Unified Social Register"
DAY = "Date: {day}"
REFERENCE = "Reference: {reference}"
GREETING = "Dear Sir or Madam,"
CALL = "If you have a question, call {helpline}, or go to any service centre with this letter."
GO = "If you have a question, go to any service centre with this letter."
SECRET = (
    "This service is free. Nobody of ours asks you by telephone or at your door for the secret code of your receipt."
)
WITHOUT_RECEIPT = "If you have lost your receipt, a service centre helps you with your identity card."
# References, numbers and dates read from left to right within an Arabic sentence.
LEFT_TO_RIGHT = re.compile(r"RSU(?:-[A-Z0-9]{4}){3}|\+?\d[\d /]+\d")
STYLE = (
    "@page{size:A4;margin:25mm}body{font:16px/1.7 sans-serif;max-width:160mm;margin:auto}"
    ".to{margin:15mm 0;margin-inline-start:50%;white-space:pre-line}h1{font-size:20px}bdi{white-space:nowrap}"
)


class Addressee(NamedTuple):
    """To whom a letter goes, as the household declared it."""

    name: str
    street: str  # empty: not declared
    commune: str
    province: str  # empty: not declared
    region: str


class LetterPage(NamedTuple):
    """What a letter says, and of what day it is."""

    language: str
    to: Addressee
    reference: str
    at: datetime
    text: str


def page_of(letter: LetterPage) -> bytes:
    """The page, in UTF-8."""
    lines = [
        "<!doctype html>",
        f'<html lang="{letter.language}" dir="{LANGUAGES[letter.language].direction}"><head><meta charset="utf-8">',
        f"<title>{escape(letter.reference)}</title><style>{STYLE}</style></head><body>",
        f"<h1>{inline(says(letter.language, TITLE))}</h1>",
        f'<p class="to">{"<br>".join(f"<bdi>{escape(each)}</bdi>" for each in letter.to if each)}</p>',
        *(f"<p>{inline(each)}</p>" for each in paragraphs(letter)),
        "</body></html>",
    ]
    return "\n".join(lines).encode() + b"\n"


def paragraphs(letter: LetterPage) -> list[str]:
    """The paragraphs of a letter, in its language."""
    language, helpline = letter.language, settings().helpline
    return [
        says(language, REFERENCE, reference=letter.reference),
        says(language, DAY, day=written(letter.at)),
        says(language, GREETING),
        *letter.text.split("\n\n"),
        says(language, CALL, helpline=helpline) if helpline else says(language, GO),
        says(language, WITHOUT_RECEIPT),
        says(language, SECRET),
    ]


def inline(text: str) -> str:
    """A text for HTML, in which references and numbers keep their order."""
    return LEFT_TO_RIGHT.sub(lambda found: f'<bdi dir="ltr">{found[0]}</bdi>', escape(text))
