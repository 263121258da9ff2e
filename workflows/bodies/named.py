"""What every body that says who a person is asks of the name: both parts of it, in a script that is read."""

from typing import TypeVar

from workflows.matching.verdict import Named

OTHER_SCRIPT = "Must be written in Arabic or in Latin letters, and not in both: no other script is read."
NAMELESS = "Needs a given and a family name in Arabic or in Latin letters."
Person = TypeVar("Person", bound=Named)


def require_name(person: Person) -> Person:
    """Requires both parts of the name in at least one script. Raises ValueError."""
    if not ((person.given_name_ar and person.family_name_ar) or (person.given_name_la and person.family_name_la)):
        raise ValueError(NAMELESS)
    return person


def name_in(language: str, person: Named) -> str:
    """The whole name in the script of a language, where both parts are known in it; else in the other one."""
    if language != "ar" and person.given_name_la and person.family_name_la:
        return f"{person.given_name_la} {person.family_name_la}"
    return whole_name(person)


def whole_name(person: Named) -> str:
    """The whole name, in Arabic where both parts are known in Arabic."""
    if person.given_name_ar and person.family_name_ar:
        return f"{person.given_name_ar} {person.family_name_ar}"
    return f"{person.given_name_la} {person.family_name_la}"
