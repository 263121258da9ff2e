"""No household is taken in part: one character too many or too few, at every place of a table, in several orders of its
columns and rows.
"""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories import an_idcs
from workflows.intake.files.staging import NeighbourTexts, StagedRow, group_rows
from workflows.intake.importing import ReadApplication, applications_in

pytestmark = pytest.mark.usefixtures("database")

COLUMNS = {
    "application": "",
    "milieu": "urban",
    "region": "6",
    "commune": '"Douar A; Fes"',
    "housing.dwelling": "flat",
    "housing.rooms": "2",
    "member.idcs": "",
    "member.given_name_la": "Amal",
    "member.family_name_la": "Alami",
    "member.birth_date": "1990-01-02",
    "member.sex": "female",
    "member.relationship": "",
    "member.declarant": "",
}
ORDERS = {
    "first": list(COLUMNS),
    "between": [
        "milieu",
        "commune",
        "application",
        "region",
        *(name for name in COLUMNS if name not in ("milieu", "commune", "application", "region")),
    ],
    "last": [*(name for name in COLUMNS if name not in ("application", "commune")), "commune", "application"],
    "beside a number": ["application", "region", *(name for name in COLUMNS if name not in ("application", "region"))],
    "quoted": [
        "milieu",
        "commune",
        "application",
        *(name for name in COLUMNS if name not in ("milieu", "commune", "application")),
    ],
    "blank columns": [
        *(name for name in COLUMNS if name not in ("application", "region")),
        "region",
        "application",
        "",
    ],
}
SIZES = {"1": 2, "17": 3, "8": 1}  # members by the end of the key: one is the beginning of another
Table = list[str]


def rows_of(order: list[str], variant: str) -> Table:
    """Three households, whose keys begin with what tells this table from the others."""
    found = []
    for key, size in SIZES.items():
        for place in range(size):
            head = place == 0
            said = {
                "application": variant + key,
                "member.idcs": an_idcs(int(key) * 100 + place),
                "member.relationship": "head" if head else "child",
                "member.declarant": "oui" if head else "non",
            }
            cells = [(COLUMNS | said).get(name, "") for name in order]
            found.append(
                ";".join(f'"{cell.strip(chr(34))}"' for cell in cells) if order is ORDERS["quoted"] else ";".join(cells)
            )
    return found


def faults(text: str) -> Iterator[tuple[int, int, str]]:
    """Where something is cut out, how much, and what is put in: a separator or a line break lost, a line break or a
    quotation mark that strayed, one lost.
    """
    for at, letter in enumerate(text):
        if letter in ';"\n':
            yield at, 1, ""
        yield at, 0, "\n"
        yield at, 0, '"'
        if letter == ";":
            yield at, 0, ";"


def tables(order: list[str], mixed: bool) -> tuple[list[Table], int]:
    """The table with each fault, each with keys of its own, and how many rows all have: a household between two stands
    for nothing.
    """
    every = [fault for fault in faults(text_of(order, mixed, 0)) if fault[1] or fault[0] % (7 if mixed else 3) == 0]
    made = []
    for number, (at, cut, put) in enumerate(every):
        text = text_of(order, mixed, number)
        made.append([*(text[:at] + put + text[at + cut :]).split("\n"), rows_of(order, f"between {number} ")[-1]])
    return made, sum(1 for each in made for row in each if row.strip('; "'))


def text_of(order: list[str], mixed: bool, number: int) -> str:
    """The table of this number; all are equally long."""
    rows = rows_of(order, f"v{number:04}-")
    if mixed:
        random.Random(5).shuffle(rows)
    return "\n".join(rows)


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("order", ORDERS)
def test_every_application_is_taken_whole_or_refused_whatever_one_character_does(
    tmp_path: Path, order: str, mixed: bool
) -> None:
    made, written = tables(ORDERS[order], mixed)
    (tmp_path / "file.csv").write_text("\n".join([";".join(ORDERS[order]), *(row for table in made for row in table)]))
    counts: Counter[str] = Counter()

    found = list(applications_in(tmp_path / "file.csv", counts))

    assert counts["read"] == written == sum(each.rows for each in found)
    assert [told for each in found if each.body for told in part_of(each)] == []
    taken = sum(each.body is not None for each in found)
    assert taken > len(made) * 2  # the one between, and at least one of the three


def part_of(read: ReadApplication) -> list[str]:
    """Why an application that is taken is not one of those that were written, whole."""
    assert read.body is not None
    _, _, key = (read.key or "").rpartition(" " if "between" in str(read.key) else "-")
    wanted = {an_idcs(int(key) * 100 + place) for place in range(SIZES.get(key, 0))} if key.isdigit() else set()
    return [] if wanted == {each.idcs for each in read.body.members} else [f"{read.key}: lines {read.lines}"]


def test_an_application_whose_key_another_one_s_begins_with_is_spared(tmp_path: Path) -> None:
    """A row of 17 that lacks a cell is none of 1, with `7urban` behind it."""
    rows = rows_of(ORDERS["first"], "2026-")
    rows[3] = rows[3].replace(";flat", "", 1)
    (tmp_path / "file.csv").write_text("\n".join([";".join(ORDERS["first"]), *rows]))

    found = {each.key: each.body is not None for each in applications_in(tmp_path / "file.csv", Counter())}

    assert found == {"2026-1": True, "2026-17": False, "2026-8": True}


def test_a_long_file_whose_rows_all_lack_a_separator_is_staged_in_moments() -> None:
    sound = (StagedRow(f"2026-{number}", number, "x") for number in range(1, 20_001))
    torn = (StagedRow(f"2026-{number}urban", 20_000 + number, "", "Wrong.", torn=True) for number in range(1, 20_001))

    found = list(group_rows([*sound, *torn], 10, 1_000, NeighbourTexts([], ["urban", "rural"])))

    assert (len(found), sum(not each.flaws for each in found)) == (40_000, 0)
