"""Applications as a table: one row for each member, and the household's columns filled in at least one of its rows.

The rows of one `application` may stand anywhere in the file. The columns follow the declaration's model, so that a new
field becomes a new column without a line here.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from models.errors import Problem
from workflows.bodies.declaration import ApplicationBody, Belongings, Bills, Housing, Member
from workflows.bodies.text import whole_number
from workflows.intake.files.staging import NeighbourTexts
from workflows.intake.files.tables import Header, Row

YES_NO = {
    "true": True,
    "yes": True,
    "1": True,
    "oui": True,
    "vrai": True,
    "نعم": True,
    "false": False,
    "no": False,
    "0": False,
    "non": False,
    "faux": False,
    "لا": False,
}
Cell = str | int | bool
LONGEST_KEY = 200
AMOUNT = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,2})?")
GROUPS: dict[str, type[BaseModel]] = {"housing": Housing, "belongings": Belongings, "bills": Bills}
PARTS: dict[str, type[BaseModel]] = {**GROUPS, "member": Member}


def columns() -> Iterator[tuple[str, FieldInfo]]:
    """Every column with its field of the model: `application`, then the household's columns, then the member's."""
    yield "application", ApplicationBody.model_fields["application"]
    yield from (
        (name, field)
        for name, field in ApplicationBody.model_fields.items()
        if name not in (*GROUPS, "members", "application")
    )
    for part, model in PARTS.items():
        for name, field in model.model_fields.items():
            yield from ((f"{part}.{name}{suffix}", field) for suffix in suffixes(field))


def suffixes(field: FieldInfo) -> list[str]:
    """The suffixes of a field's columns: a list has one numbered column for each possible value, other fields one."""
    if get_origin(field.annotation) is not list:
        return [""]
    most = next(each.max_length for each in field.metadata if hasattr(each, "max_length"))
    return [f".{number}" for number in range(1, most + 1)]


def is_amount(field: FieldInfo) -> bool:
    """Whether the field's cells hold amounts in dirhams."""
    return field.annotation is Decimal or any(Decimal in get_args(each) for each in get_args(field.annotation))


FIELDS = dict(columns())
HEADER = tuple(FIELDS)
NEEDED = ("application", *(name for name, field in FIELDS.items() if field.is_required()))
SAYS_YES_OR_NO = {name for name, field in FIELDS.items() if field.annotation is bool}
COUNTS = {name for name, field in FIELDS.items() if field.annotation is int}
AMOUNTS = {name for name, field in FIELDS.items() if is_amount(field)}


def with_sure_key(header: Header, row: Row) -> Row:
    """The row, with a flaw where its application has a quotation mark: without it, it may be the key of other rows."""
    if row.flaw or not any('"' in key for key in possible_keys(header, row)):
        return row
    flaw = "has a quotation mark within its application, which nothing tells from one that strayed there."
    return row._replace(flaw=f"Line {row.line} {flaw}")


def possible_keys(header: Header, row: Row) -> list[str]:
    """The applications to which a row may belong: one, or several where it cannot be read and its cells are unsure."""
    if not row.flaw:
        return [row.cells[header.names.index("application")]]
    readings = [row.cells, header.cells_as_they_stand(row.text), header.cells_with_blank_ones(row.text, strict=False)]
    found = [key for cells in readings for key in keys_in(header, cells)] + [
        key for cells in readings for key in keys_of_joined(header, cells)
    ]
    between_marks = [part for key in found if '"' in key for part in key.split('"') if part]
    return list(dict.fromkeys(key.replace('"', "") for key in found + between_marks))


def keys_of_joined(header: Header, cells: Sequence[str]) -> Iterator[str]:
    """The possible applications of rows that a lost line break joined into one line.

    There the last cell of one row and the first of the next are one cell.
    """
    at, last = header.names.index("application"), max(header.width, len(header.names)) - 1
    for border in range(last, len(cells) - last, last):
        if at == 0:
            yield from (
                cells[border][start:].strip()
                for start in range(max(0, len(cells[border]) - LONGEST_KEY), len(cells[border]))
            )
        elif at == last:
            yield from (cells[border][:end].strip() for end in range(1, min(len(cells[border]), LONGEST_KEY) + 1))
        else:
            yield from (cells[border - last + at], cells[border + at])


def keys_of_halves(header: Header, first: Row, second: Row) -> list[str]:
    """The possible applications of two rows that are halves of one, parted by a line break within a cell.

    There are none where the two rows are no halves.
    """
    if not (first.flaw or second.flaw):
        return []
    try:
        whole = header.cells(first.text + second.text)
    except csv.Error:
        return []
    sound = [key for row in (first, second) if not row.flaw for key in possible_keys(header, row)]
    return [key for key in (*keys_in(header, whole), *sound) if key] if len(whole) == len(header.names) else []


def is_torn(header: Header, row: Row) -> bool:
    """Whether a row lacks cells: where a separator was lost, its application shares a cell with the text beside it."""
    return row.flaw is not None and len(row.cells) < max(header.width, len(header.names))


def keys_in(header: Header, cells: Sequence[str]) -> list[str]:
    """The possible applications of a row of cells.

    Where there are too many or too few, nothing tells on which side of the application, or whether within it.
    """
    places = [place for place in places_of_key(header, len(cells)) if 0 <= place < len(cells)]
    found = [cells[place] for place in places]
    if len(header.names) < len(cells) < 2 * len(header.names) - 1:
        pairs = [(cells[place], cells[place + 1]) for place in sorted(places) if place + 1 in places]
        found += [between.join(pair) for pair in pairs for between in ("", header.separator)]
    return found or [""]


def places_of_key(header: Header, count: int) -> list[int]:
    """The places where `application` may stand in a row of so many cells, the likeliest first."""
    at, last = header.names.index("application"), max(header.width, len(header.names)) - 1
    more = {count - len(header.names), count - last - 1}
    surplus = 0 < max(more) < last
    if at == 0:
        return [0, 1] if surplus else [0]
    if at == last:
        return [at + max(more), at + max(more) - 1] if surplus else [at + max(more)]
    ends = {at, *(at + each for each in more)}
    return list(range(min(ends), max(ends) + 1)) if max(ends) - min(ends) < last else sorted(ends)


def neighbour_texts(header: Header) -> NeighbourTexts:
    """The texts that may stand in the cells before and after that of the application."""
    at = header.names.index("application")
    return NeighbourTexts(choices(header.names[at - 1 : at]), choices(header.names[at + 1 : at + 2]))


def choices(column: list[str]) -> list[str] | None:
    """The texts that a column may hold: None where they cannot be listed, an empty list where there is no column."""
    annotation = FIELDS[column[0]].annotation if column else Literal[()]
    return [str(each) for each in get_args(annotation)] if get_origin(annotation) is Literal else None


def contradictions(header: Header, rows: Sequence[tuple[int, list[str]]]) -> list[Problem]:
    """A problem for each household column in which two rows differ, with both lines; empty cells do not count."""
    shared = [(place, name) for place, name in enumerate(header.names) if not name.startswith("member.")]
    differing = [(place, name) for place, name in shared if len({cells[place] for _, cells in rows}) > 1]
    found = []
    for place, name in differing:
        values = [(line, comparable(name, cells[place], decimal_of(header))) for line, cells in rows if cells[place]]
        other = next((line for line, value in values if value != values[0][1]), None)
        if other:
            found.append(Problem(name, f"Lines {values[0][0]} and {other} say different things of one household."))
    return found


def comparable(column: str, cell: str, decimal: str) -> Cell | Decimal:
    """A cell's value, in which 60 and 60.00 are the same amount; 60.000 is no amount and stays a text."""
    value = json_value(column, cell, decimal)
    return Decimal(value) if column in AMOUNTS and AMOUNT.fullmatch(str(value)) else value


def decimal_of(header: Header) -> str:
    """The decimal mark that counts beside the point: the comma, unless it separates the cells."""
    return "." if header.separator == "," else ","


def body_of_rows(names: list[str], rows: list[list[str]], decimal: str = ".") -> dict[str, Any]:
    """One application's rows as a body of the API.

    An empty cell is an answer left out; a household's answer may stand in any of the rows.
    """
    filled = [{name: cell for name, cell in zip(names, row, strict=True) if cell} for row in rows]
    members = [
        {
            name.removeprefix("member."): json_value(name, cell, decimal)
            for name, cell in cells.items()
            if name.startswith("member.")
        }
        for cells in filled
    ]
    shared = {
        name: next((cells[name] for cells in filled if name in cells), None)
        for name in names
        if not name.startswith("member.")
    }
    household = {name: json_value(name, cell, decimal) for name, cell in shared.items() if cell}
    return nested_fields(household) | {"members": members}


def nested_fields(cells: dict[str, Cell]) -> dict[str, Any]:
    """The household's columns, such as `bills.gas`, as the nested fields of the API."""
    body: dict[str, Any] = {}
    for name, cell in cells.items():
        group, _, rest = name.partition(".")
        field, _, place = rest.partition(".")
        if place:
            body.setdefault(group, {}).setdefault(field, []).append(cell)
        elif rest:
            body.setdefault(group, {})[field] = cell
        else:
            body[name] = cell
    return body


def json_value(column: str, cell: str, decimal: str) -> Cell:
    """A cell as JSON would hold it: an amount with a point, a whole number, or true or false.

    Yes and no are known in three languages. Any other text stays as it is.
    """
    if column in AMOUNTS:
        return cell.replace(decimal, ".")
    if column in COUNTS:
        return whole_number(cell)
    return YES_NO.get(cell.lower(), cell) if column in SAYS_YES_OR_NO else cell


def csv_lines(application: ApplicationBody) -> Iterator[str]:
    """One application as lines of the table, in the order of HEADER."""
    body = application.model_dump(mode="json")
    shared = {"application": application.application or ""} | dict(household_cells(body))
    for member in body["members"]:
        cells = shared | {f"member.{name}": cell for name, cell in member.items()}
        yield csv_line(cells)


def household_cells(body: dict[str, Any]) -> Iterator[tuple[str, Any]]:
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


def csv_line(cells: dict[str, Any]) -> str:
    """One line of the table; a column without a value is an empty cell."""
    written = io.StringIO()
    csv.writer(written).writerow([cell_text(cells.get(name)) for name in HEADER])
    return written.getvalue()


def cell_text(value: object) -> str:
    """A value as the text of its cell."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
