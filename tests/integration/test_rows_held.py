"""One row that an operator's session or a slow page holds must not hold up all that is due beside it."""

import psycopg
import pytest

from models import clock
from models.connection import timeouts
from models.database import transaction
from notifications.leases import FRESH, lease
from tests.conftest import forget_settings
from tests.filing import Worker, drain_all, file_clean, rows, stages
from workflows.engine.lanes import ALLOWANCE
from workflows.queue.attempts import quarantine, quarantine_unanswered
from workflows.queue.claim import Cursor, claim
from workflows.queue.holds import Place, probe
from workflows.queue.stalled import recover_attempts
from workflows.queue.timers import fire_timers, reset_astray


def test_whoever_looks_for_work_passes_over_what_is_held_and_finds_it_afterwards(
    database: str, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(timeouts, "lock_timeout", "200ms")
    forget_settings()
    # Given timers that are over and astray, cases that are due, quarantined, unanswered and in a dead worker's hands,
    # and messages that are owed
    timed = file_clean(2)
    rows("delete from person")
    drain_all(worker())
    assert stages() == {"needs_correction": 2}
    rows("update cases set due_at = now() - interval '1 minute' where id = %s", timed[0].case_id)
    rows("update cases set due_at = now() - interval '1 year' where id = %s", timed[1].case_id)
    failed, silent, dead, _ = (each.case_id for each in file_clean(6)[2:])
    attempts = worker().runner.attempts
    with transaction() as connection:
        quarantine(connection, "verification", [failed], clock.now())
        quarantine_unanswered(connection, "verification", [[silent]], clock.now())
    begun = attempts.begin("verification", [dead], clock.now())

    def found() -> list[bool]:
        """Whether each who looks for work finds some."""
        now = clock.now()
        taken = [attempts.take_quarantined(["verification"], now, unanswered) for unanswered in (False, True)]
        leased = lease(FRESH, 10)
        with transaction() as connection:
            claimed = claim(connection, "verification", dict.fromkeys(ALLOWANCE, 10), Cursor())
            probe(connection, Place("registration", "submitted"), now)
            probes = connection.execute("select from attempt where probe").fetchall()
            recover_attempts(connection, [attempts.sign_on_once()], now)
            rescued = not connection.execute("select from attempt where id = %s", [begun.id]).fetchall()
            return [
                bool(each)
                for each in (
                    *taken,
                    leased,
                    claimed,
                    probes,
                    reset_astray(connection, now, 10),
                    fire_timers(connection, now),
                    rescued,
                )
            ]

    # Then nobody waits while they are held, and nothing is overlooked once they are not
    with psycopg.connect(database) as holder:
        for table in ("cases", "attempt", "message"):
            holder.execute(f"select from {table} for update")
        assert not any(found())
    assert all(found())
