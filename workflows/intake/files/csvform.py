"""Applications as a table: a row a member, the household's columns in each or in one of them; rows of one `application`
stand anywhere in the file.

The columns follow the declaration's model, so that a new field is a new column without a line here.
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
from workflows.intake.files.staging import Beside
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
    """Every column with its field of the model: `application`, the household's, then the member's."""
    yield "application", ApplicationBody.model_fields["application"]
    yield from (
        (name, field)
        for name, field in ApplicationBody.model_fields.items()
        if name not in (*GROUPS, "members", "application")
    )
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


def with_sure_key(header: Header, row: Row) -> Row:
    """The row, with a flaw where a quotation mark strayed into its application, doubled or not: it may be that of other
    rows, without the mark.
    """
    if row.flaw or not any('"' in key for key in keys(header, row)):
        return row
    return row._replace(
        flaw=f"Line {row.line} has a quotation mark within its application, which nothing tells from one that strayed "
        f"there."
    )


def keys(header: Header, row: Row) -> list[str]:
    """The applications that a row may belong to: one, but for a row that cannot be read, of which nobody knows where
    its cells begin.
    """
    if not row.flaw:
        return [row.cells[header.names.index("application")]]
    readings = [row.cells, header.cells_as_they_stand(row.text), header.cells_with_blank_ones(row.text, strict=False)]
    found = [key for cells in readings for key in keys_in(header, cells)] + [
        key for cells in readings for key in keys_of_joined(header, cells)
    ]
    between_marks = [part for key in found if '"' in key for part in key.split('"') if part]
    return list(dict.fromkeys(key.replace('"', "") for key in found + between_marks))


def keys_of_joined(header: Header, cells: Sequence[str]) -> Iterator[str]:
    """What may be the applications of rows that stand in one line, as where a line break was lost: the last cell of one
    and the first of the next are one.
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
    """The applications that two rows may belong to where a line break within a cell made them of one; none where they
    are no halves.
    """
    if not (first.flaw or second.flaw):
        return []
    try:
        whole = header.cells(first.text + second.text)
    except csv.Error:
        return []
    sound = [key for row in (first, second) if not row.flaw for key in keys(header, row)]
    return [key for key in (*keys_in(header, whole), *sound) if key] if len(whole) == len(header.names) else []


def is_torn(header: Header, row: Row) -> bool:
    """Whether a row lacks cells: a separator may have been lost, and its application stand in one cell with what stood
    beside it.
    """
    return row.flaw is not None and len(row.cells) < max(header.width, len(header.names))


def keys_in(header: Header, cells: Sequence[str]) -> list[str]:
    """What may stand under `application`: where there are too many or too few cells, nobody knows on which side of it,
    or whether one stands within it.
    """
    places = [place for place in places_of_key(header, len(cells)) if 0 <= place < len(cells)]
    found = [cells[place] for place in places]
    if len(header.names) < len(cells) < 2 * len(header.names) - 1:
        pairs = [(cells[place], cells[place + 1]) for place in sorted(places) if place + 1 in places]
        found += [between.join(pair) for pair in pairs for between in ("", header.separator)]
    return found or [""]


def places_of_key(header: Header, count: int) -> list[int]:
    """Where `application` may stand in a row of so many cells, the likeliest first."""
    at, last = header.names.index("application"), max(header.width, len(header.names)) - 1
    more = {count - len(header.names), count - last - 1}
    surplus = 0 < max(more) < last
    if at == 0:
        return [0, 1] if surplus else [0]
    if at == last:
        return [at + max(more), at + max(more) - 1] if surplus else [at + max(more)]
    ends = {at, *(at + each for each in more)}
    return list(range(min(ends), max(ends) + 1)) if max(ends) - min(ends) < last else sorted(ends)


def beside_key(header: Header) -> Beside:
    """What may stand in the cells before and after that of the application."""
    at = header.names.index("application")
    return Beside(choices(header.names[at - 1 : at]), choices(header.names[at + 1 : at + 2]))


def choices(column: list[str]) -> list[str] | None:
    """The texts of a column, where they can be listed; none where there is no such column."""
    annotation = FIELDS[column[0]].annotation if column else Literal[()]
    return [str(each) for each in get_args(annotation)] if get_origin(annotation) is Literal else None


def contradictions(header: Header, rows: Sequence[tuple[int, list[str]]]) -> list[Problem]:
    """A problem for each of the household's columns in which two rows say different things, with both lines; empty
    cells say nothing.
    """
    shared = [(place, name) for place, name in enumerate(header.names) if not name.startswith("member.")]
    differing = [(place, name) for place, name in shared if len({cells[place] for _, cells in rows}) > 1]
    found = []
    for place, name in differing:
        said = [(line, compared(name, cells[place], decimal_of(header))) for line, cells in rows if cells[place]]
        other = next((line for line, cell in said if cell != said[0][1]), None)
        found += (
            [Problem(name, f"Lines {said[0][0]} and {other} say different things of one household.")] if other else []
        )
    return found


def compared(column: str, cell: str, decimal: str) -> Cell | Decimal:
    """A cell as what it says: 60 and 60.00 are one amount, however many digits are written; 60.000 is none."""
    said = plain(column, cell, decimal)
    return Decimal(said) if column in AMOUNTS and AMOUNT.fullmatch(str(said)) else said


def decimal_of(header: Header) -> str:
    """What stands before the decimals, beside a point: where the comma separates cells, it cannot."""
    return "." if header.separator == "," else ","


def nested(names: list[str], rows: list[list[str]], decimal: str = ".") -> dict[str, Any]:
    """One application's rows as the API's body; an empty cell is an answer left out, and of the household it may stand
    in any of its rows.
    """
    filled = [{name: cell for name, cell in zip(names, row, strict=True) if cell} for row in rows]
    members = [
        {
            name.removeprefix("member."): plain(name, cell, decimal)
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
    return household({name: plain(name, cell, decimal) for name, cell in shared.items() if cell}) | {"members": members}


def household(cells: dict[str, Cell]) -> dict[str, Any]:
    """The household's columns as the API's fields."""
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


def plain(column: str, cell: str, decimal: str) -> Cell:
    """A cell as JSON would hold it: an amount with a point, a whole number, yes or no from three languages; what is
    none of these is left as a text.
    """
    if column in AMOUNTS:
        return cell.replace(decimal, ".")
    if column in COUNTS:
        return whole_number(cell)
    return YES_NO.get(cell.lower(), cell) if column in SAYS_YES_OR_NO else cell


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
