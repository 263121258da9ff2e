"""A message as it enters the ledger: its number and its salt."""

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

import pytest

from workflows.engine.messages import ledger_entry
from workflows.registers.ports import Notice

NOTICE = Notice("received", "sms", "ar", "+212612345678", "text")
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "at", [NOW, datetime(1970, 1, 1, tzinfo=UTC), datetime(1901, 1, 1, tzinfo=UTC), datetime(8999, 1, 1, tzinfo=UTC)]
)
def test_a_number_is_a_uuid_of_version_7_whatever_the_clock_says(at: datetime) -> None:
    number = UUID(ledger_entry(NOTICE, at).id)

    assert (number.version, number.variant) == (7, RFC_4122)


def test_numbers_and_salts_differ_within_a_moment_and_numbers_grow_with_time() -> None:
    entries = [ledger_entry(NOTICE, NOW + timedelta(seconds=second)) for second in range(100) for _ in range(10)]

    assert len({each.id for each in entries}) == len({each.salt for each in entries}) == 1000
    assert [each.id for each in entries[::10]] == sorted(each.id for each in entries[::10])
