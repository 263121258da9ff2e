"""The words of letters, in the catalogue of messages."""

from datetime import date, datetime

from models.days import day_of
from notifications.catalogues import MESSAGES

CONTEXT = "letter"
TRIED = (
    "We tried to reach you by text message on {day}, and once more after that. Nothing shows that it arrived, so we "
    "write to you by letter. The message said:"
)
ANSWER = "The days that it gives you count from {day}."
CONTEST = (
    "If you do not agree, you may appeal within {days} days. They count from the day on which this letter is handed to "
    "you. It costs nothing."
)


def says(language: str, text: str, **places: object) -> str:
    """One of these texts in a language."""
    return MESSAGES.text(language, text, CONTEXT).format(**places)


def written(moment: datetime) -> str:
    """Morocco's date at this moment as each of our languages writes it: no phone turns its order, no letter costs."""
    return as_day(day_of(moment))


def as_day(day: date) -> str:
    """A day as each of our languages writes it."""
    return f"{day:%d/%m/%Y}"
