"""COPY keeps every value as it is, in whichever of its two formats a table's rows travel."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from models.database import Connection, transaction
from workflows.engine.projections import PROJECTIONS
from workflows.engine.record import copy

STRANGE = 'a\tb\\N\\.\nمريم \\u0000 "é" \r'
AT = datetime(2026, 11, 29, 11, 59, 59, 999_999, UTC)
JSON = '{"b" : 1, "a":"\\\\ \\t \\u00e9 مريم",   "b":2.10}'  # exact bytes: order, blanks and repeated keys stay
ALL_BYTES = bytes(range(256))
MOST = 2**63 - 1
ROWS: dict[str, tuple[Any, ...]] = {
    "event": (MOST, 1, STRANGE, AT, STRANGE, JSON, None, None, ALL_BYTES, b"", ALL_BYTES),
    "score": (1, 1, MOST, Decimal("-12345678901234567890.00012345678901234567890"), "", AT),
    "household": (1, MOST, AT),
    "household_version": (1, 2, 3, STRANGE, -32_768, None, "", 32_767, None, True),
    "household_end": (1, MOST, AT),
    "score_correction": (1, 2, 3, 4, 5, Decimal("9.70"), Decimal("-0.00"), STRANGE, 6, AT),
    "person_awaited": (1, STRANGE, 2),
    "household_member": (1, 2, 3, STRANGE, None, STRANGE),
    "person": (
        "2000000002",
        "",
        STRANGE,
        "",
        STRANGE,
        date(2026, 2, 28),
        "day",
        "female",
        None,
        "alive",
        STRANGE,
        "MA",
        None,
        MOST,
        None,
        STRANGE,
        "",
        [-MOST, 0, MOST],
    ),
    "eligibility": (1, 2, STRANGE, False, Decimal("9.7430010"), ""),
}
ISSUED = "insert into issued_identifier (idcs) values ('2000000002')"  # before anybody has it
AS_TEXT = {"household_period", "message"}


@pytest.mark.parametrize("table", ROWS)
def test_binary_copy_keeps_every_value(database: str, table: str) -> None:
    (columns,) = [each.columns for each in PROJECTIONS if each.name == table]
    with transaction() as connection:
        if table == "person":
            connection.execute(ISSUED)
        copy(connection, table, columns, [ROWS[table]])
        assert read(connection, table, columns) == ROWS[table]


def test_each_table_of_events_is_copied_in_one_of_the_two_ways() -> None:
    assert {each.name for each in PROJECTIONS} == {*ROWS, *AS_TEXT}


def read(connection: Connection, table: str, columns: str) -> Any:
    """The one row of a table, JSON as the text that was stored."""
    texts = columns.replace("evidence, facts", "evidence::text, facts::text")
    return connection.execute(f"select {texts} from {table}").fetchone()
