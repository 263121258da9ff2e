"""How fast audit entries are written, sealed, searched, exported and verified by the one file of an export.

`sijil bench console` calls `measure`.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from models import clock
from models.database import snapshot, transaction
from workflows.audit.acts import Act
from workflows.audit.entries import Entry, record
from workflows.audit.export import Order, export
from workflows.audit.sealing import seal_all

WRITTEN_ALONE = 2000  # entries, each by a statement of its own, as the console writes them
# Sixty people of the staff, who look at 400,000 cases and at pages of 25, and search for some.
FILL = """
    insert into audit_entry (at, actor, account_id, role, act, purpose, case_ids, persons, count, detail)
    select '2026-01-01Z'::timestamptz + k * interval '20 seconds', 'officer:' || left(md5((k %% 60)::text), 16),
        k %% 60,
        'caseworker',
        (array['read_case', 'read_queue', 'search', 'decide_review'])[1 + k %% 4], 'case',
        case when k %% 4 = 1 then (select array_agg((k * 7 + j) %% 400000) from generate_series(1, 25) as j)
            else array[(k * 31::bigint) %% 400000] end,
        case when k %% 4 = 2 then array['person:' || left(md5((k %% 90000)::text), 16)] else '{}' end, 1, '{"page":1}'
    from generate_series(%s::bigint, %s) as k
"""
AT_ONCE = 50_000


def fill(entries: int) -> None:
    """Writes so many entries, and has the database count them."""
    for first in range(1, entries + 1, AT_ONCE):
        with transaction() as connection:
            connection.execute(FILL, [first, min(first + AT_ONCE - 1, entries)])
    with transaction() as connection:
        connection.execute("analyze audit_entry")


def measure(entries: int = 1_000_000) -> dict[str, float]:
    """Fills an empty database with entries, and measures; times are seconds, rates are entries a second."""
    fill(entries)
    sealing = seconds(seal_all)
    with transaction() as connection:
        connection.execute("analyze audit_seal")
    with TemporaryDirectory(prefix="sijil-export-") as own:
        folder = Path(own) / "export"
        exporting = seconds(lambda: export(snapshot, Order(folder, Path(own) / "none", clock.now())))
        verify = [sys.executable, str(folder / "verify.py"), str(folder)]
        verifying = seconds(lambda: subprocess.run(verify, check=True, stdout=subprocess.DEVNULL))
    return {
        "entries": entries,
        "sealed_per_second": entries / sealing,
        "export_seconds": exporting,
        "verify_seconds": verifying,
        "written_ms": seconds(write_alone) / WRITTEN_ALONE * 1000,
    }


def write_alone() -> None:
    """Writes entries one by one: half of one case, half of a page."""
    with transaction() as connection:
        for number in range(WRITTEN_ALONE):
            cases = [number] if number % 2 else list(range(number, number + 25))
            act = Act.READ_CASE if number % 2 else Act.READ_QUEUE
            record(connection, Entry(at=clock.now(), actor="officer:1", role="caseworker", act=act, case_ids=cases))


def seconds(work: Callable[[], object]) -> float:
    """How long this takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
