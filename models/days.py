"""Days of Morocco: a household is declared from a day on, and a day begins at midnight in Casablanca."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

MOROCCO = ZoneInfo("Africa/Casablanca")


def day_of(moment: datetime) -> date:
    """The day that it is in Morocco at this moment."""
    return moment.astimezone(MOROCCO).date()


def midnight(day: date) -> datetime:
    """The moment, in UTC, with which this day begins in Morocco."""
    return datetime.combine(day, time(), MOROCCO).astimezone(UTC)
