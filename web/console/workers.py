"""The operators' pages of the workers and of the daily jobs."""

from typing import Any

from litestar import Request, get
from litestar.response import Template

from models import clock
from models.database import snapshot
from tasks.schedule import next_run
from web.console.live import live_page, note_look
from web.console.pages import may, reader_of
from workflows.audit.acts import Act
from workflows.queue.in_work import batches_in_work
from workflows.queue.monitor import daily_jobs, workers
from workflows.staff.territories import within

NAMED = 5  # references of a batch
Asked = Request[Any, Any, Any]


@get("/operations/workers", opt={"act": "read_operations"}, sync_to_thread=True)
def show_workers(request: Asked) -> Template:
    """Every worker process, and what it holds."""
    note_look(request, Act.READ_OPERATIONS)
    who = reader_of(request)
    with snapshot() as connection:
        rows, held = workers(connection), batches_in_work(connection, NAMED, within(who, "read_operations"))
    found = [row | {"batches": held.get(row["id"], []), **worked(row)} for row in rows]
    return live_page(request, "operations/workers", rows=found, reads_cases=may(who, "read_case"))


def worked(row: dict[str, Any]) -> dict[str, int]:
    """What a worker did since it began: cases moved, batches that failed, and the share of its time on batches."""
    counters, seconds = row["counters"], max(1.0, (clock.now() - row["since"]).total_seconds())
    busy = counters.get("busy_milliseconds", 0) / 10 / seconds
    return {"moved": int(counters.get("cases", 0)), "failed": int(counters.get("failures", 0)), "busy": round(busy)}


@get("/operations/jobs", opt={"act": "read_operations"}, sync_to_thread=True)
def show_jobs(request: Asked) -> Template:
    """The daily jobs: the last day that each is done for, when it is due next, and its last error."""
    with snapshot() as connection:
        rows = daily_jobs(connection)
    jobs = [
        row | {"next": next_run(row["name"], row["done_on"], row["tried_at"], row["error"] is not None)} for row in rows
    ]
    return live_page(request, "operations/jobs", jobs=jobs)


HANDLERS = [show_workers, show_jobs]
