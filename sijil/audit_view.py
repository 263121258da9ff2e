"""What the search of the audit is asked, and how its entries look in a shell."""

from collections.abc import Sequence
from typing import Any

from models.database import Connection
from workflows.audit.search import Found, of_person, of_phone
from workflows.intake.receipts import find

REFERENCES = 3  # of an entry, in a line for people


class Sought:
    """The persons and cases of a search. Raises Refused for what can be none, and NotFound for an unknown case."""

    def __init__(self, connection: Connection, person: str, phone: str, reference: str) -> None:
        self.case_ids = [find(connection, reference).id] if reference else []
        by = [of_person(connection, person)] if person else []
        by += [of_phone(connection, phone)] if phone else []
        self.persons = [pseudonym for pseudonym, _ in by]
        self.of_persons = [case_id for _, cases in by for case_id in cases]

    def lists(self) -> tuple[list[int], list[str], list[int]]:
        """The three as `Wanted` has them."""
        return self.case_ids, self.persons, self.of_persons


def lines_of(found: Sequence[Found], rows: int) -> list[str]:
    """A line for each entry, and how to go on."""
    lines = [line_of(each) for each in found]
    if len(found) == rows:
        lines.append(f"Older ones: the same command with --before {found[-1].position}")
    return lines or ["no entry fits"]


def line_of(found: Found) -> str:
    """An entry in a line: position, when, who, what, why, and which records."""
    entry, first = found.entry, ", ".join(found.references[:REFERENCES])
    more = f" and {len(found.references) - REFERENCES} more" if len(found.references) > REFERENCES else ""
    searched = f"; searched for {', '.join(entry.persons)}" if entry.persons else ""
    who = f"{found.name} ({entry.role})" if entry.role else found.name
    which = f": {first}{more}" if first else ""
    return f"{found.position:>7}  {entry.at:%F %T}  {who}: {entry.act}, for {entry.purpose}{which}{searched}"


def as_object(found: Found) -> dict[str, Any]:
    """An entry for a program."""
    entry = found.entry._asdict()
    return {
        "position": found.position,
        "name": found.name,
        **{name: entry[name] for name in ("at", "actor", "account_id", "role", "act", "purpose", "persons", "detail")},
        "cases": found.references,
        "count": found.entry.records,
    }
