"""Applications as a table: a row a member, the household's columns repeated, rows of one `application` one after another.

The columns follow the declaration's model, so that a new field is a new column without a line here.
"""

import csv
import difflib
import io
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from models.errors import Refused
from workflows.declaration import ApplicationBody, Belongings, Bills, Housing, Member
from workflows.text import canonical, whole_number

YES_NO = {
    "true": True, "yes": True, "1": True, "oui": True, "vrai": True, "نعم": True,
    "false": False, "no": False, "0": False, "non": False, "faux": False, "لا": False,
}  # fmt: skip
Cell = str | int | bool
GROUPS: dict[str, type[BaseModel]] = {"housing": Housing, "belongings": Belongings, "bills": Bills}
PARTS: dict[str, type[BaseModel]] = {**GROUPS, "member": Member}


class Cells(NamedTuple):
    """One application's cells as nested text, the line where it begins, and what is wrong with the shape of its rows."""

    line: int
    application: str
    body: dict[str, Any]
    flaw: str | None


def columns() -> Iterator[tuple[str, FieldInfo]]:
    """Every column with its field of the model: `application`, the household's, then the member's."""
    yield "application", ApplicationBody.model_fields["application"]
    yield from ((name, field) for name, field in ApplicationBody.model_fields.items() if name not in (*GROUPS, "members", "application"))
    for part, model in PARTS.items():
        for name, field in model.model_fields.items():
            yield from ((f"{part}.{name}{place}", field) for place in places(field))


def places(field: FieldInfo) -> list[str]:
    """What follows a field's name in its columns: of a list, a number for each value that it may hold."""
    if get_origin(field.annotation) is not list:
        return [""]
    most = next(each.max_length for each in field.metadata if hasattr(each, "max_length"))
    return [f".{number}" for number in range(1, most + 1)]


def is_amount(field: FieldInfo) -> bool:
    """Whether its cells hold dirhams."""
    return field.annotation is Decimal or any(Decimal in get_args(each) for each in get_args(field.annotation))


FIELDS = dict(columns())
HEADER = tuple(FIELDS)
NEEDED = ("application", *(name for name, field in FIELDS.items() if field.is_required()))
SAYS_YES_OR_NO = {name for name, field in FIELDS.items() if field.annotation is bool}
COUNTS = {name for name, field in FIELDS.items() if field.annotation is int}
AMOUNTS = {name for name, field in FIELDS.items() if is_amount(field)}


def read(lines: Iterable[str]) -> Iterator[Cells]:
    """The applications of a table, one at a time. Raises Refused where the header is not one of ours."""
    lines = iter(lines)
    first = next(lines, "").removeprefix("\ufeff")
    delimiter = max(",;\t", key=first.count)
    names = [canonical(name) for name in next(csv.reader([first], delimiter=delimiter), [])]
    require(names)
    reader = csv.reader(lines, delimiter=delimiter)
    numbered = ((reader.line_num + 1, row) for row in reader if any(map(canonical, row)))
    key = names.index("application")
    for application, rows in groupby(numbered, key=lambda each: canonical(each[1][key]) if len(each[1]) > key else ""):
        found = list(rows)
        body = nested(names, [row for _, row in found], decimal="," if delimiter == ";" else ".")
        yield Cells(found[0][0], application, body, misshapen(found, len(names)))


def misshapen(rows: list[tuple[int, list[str]]], wanted: int) -> str | None:
    """The first row that has more or fewer cells than there are columns: nobody can tell which cell belongs to which; None where none has."""
    wrong = next(((number, len(row)) for number, row in rows if len(row) != wanted), None)
    return wrong and f"Line {wrong[0]} has {wrong[1]} cells, the first line has {wanted}: a text that holds the separator needs quotes."


def require(names: list[str]) -> None:
    """Raises Refused for columns that are unknown, missing or there twice."""
    unknown = [name for name in names if name not in HEADER]
    if unknown:
        near = difflib.get_close_matches(unknown[0], HEADER, 1)
        hint = f": is {near[0]} meant?" if near else "."
        raise Refused("unknown_column", f"Line 1: the column {unknown[0]!r} is not known{hint} docs/formats.md lists all columns.")
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise Refused("column_twice", f"Line 1: the column {twice[0]!r} is there twice.")
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise Refused("column_missing", f"Line 1: the column {missing[0]!r} is missing.")


def nested(names: list[str], rows: list[list[str]], decimal: str = ".") -> dict[str, Any]:
    """One application's rows as the API's body; an empty cell is an answer left out. Rows of a wrong length are read as far as they go."""
    members, body = [], dict[str, Any]()
    for row in rows:
        cells = {name: plain(name, cell, decimal) for name, cell in zip(names, row, strict=False) if canonical(cell)}
        members.append({name.removeprefix("member."): cell for name, cell in cells.items() if name.startswith("member.")})
        if not body:
            body = household(cells)
    return body | {"members": members}


def household(cells: dict[str, Cell]) -> dict[str, Any]:
    """The household's columns of one row."""
    body: dict[str, Any] = {}
    for name, cell in cells.items():
        group, _, rest = name.partition(".")
        if group == "member":
            continue
        field, _, place = rest.partition(".")
        if place:
            body.setdefault(group, {}).setdefault(field, []).append(cell)
        elif rest:
            body.setdefault(group, {})[field] = cell
        else:
            body[name] = cell
    return body


def plain(column: str, cell: str, decimal: str) -> Cell:
    """A cell as JSON would hold it: an amount with a point, a whole number, yes or no from three languages; what is none of these is left as a text."""
    text = canonical(cell)
    if column in AMOUNTS:
        return text.replace(decimal, ".")
    if column in COUNTS:
        return whole_number(text)
    return YES_NO.get(text.lower(), text) if column in SAYS_YES_OR_NO else text


def rows(application: ApplicationBody) -> Iterator[str]:
    """One application as lines of the table, in the order of HEADER."""
    body = application.model_dump(mode="json")
    shared = {"application": application.application or ""} | dict(flat(body))
    for member in body["members"]:
        cells = shared | {f"member.{name}": cell for name, cell in member.items()}
        yield line(cells)


def flat(body: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The household's cells by column."""
    for name, value in body.items():
        if name in GROUPS:
            for field, cell in value.items():
                if isinstance(cell, list):
                    yield from ((f"{name}.{field}.{i}", each) for i, each in enumerate(cell, 1))
                else:
                    yield f"{name}.{field}", cell
        elif name not in ("members", "application"):
            yield name, value


def line(cells: dict[str, Any]) -> str:
    """One line; what was left out is an empty cell."""
    written = io.StringIO()
    csv.writer(written).writerow([text_of(cells.get(name)) for name in HEADER])
    return written.getvalue()


def text_of(value: object) -> str:
    """A cell's text."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
