"""The terms of the policies in days, for tests that let them pass: who changes a term changes no test."""

from workflows.policies import newest_terms


def days_of(term: str) -> int:
    """How many days a term has."""
    return newest_terms()[term].within.days


def over(term: str, times: int = 1) -> float:
    """So many days after which a term is over, a little later; so many times one after the other."""
    return days_of(term) * times + 0.1


def reminded(term: str, number: int = 1) -> float:
    """So many days after which a reminder is due, a little later."""
    return newest_terms()[term].reminders[number - 1].days + 0.1
