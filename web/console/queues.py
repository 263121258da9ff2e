"""The operators' page of the queues: what waits, how fast it goes, the last hour, and their pauses."""

from datetime import datetime
from typing import Any, NamedTuple

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from models import clock
from models.database import Connection, snapshot, transaction
from models.errors import NotFound, Refused
from notifications.catalogues import STAFF_LANGUAGES
from tasks.wake import wake
from web.console.charts import Chart, chart
from web.console.language import console_language
from web.console.live import live_page
from web.console.pages import go, may, reader_of
from web.errors import status_of
from workflows.flows import all_queues
from workflows.queue import pauses
from workflows.queue.failed import held_stages
from workflows.queue.monitor import queues, with_people
from workflows.queue.samples import Minute, last_hour

HERE = "/console/operations"
Asked = Request[Any, Any, Any]


class Hour(NamedTuple):
    """The last hour of a queue: its minutes, what waited at each, and what was done in each."""

    minutes: list[Minute]
    waiting: Chart
    done: Chart


@get("/operations", opt={"act": "read_operations"}, sync_to_thread=True)
def show_queues(request: Asked) -> Template:
    """All queues, and what waits for people."""
    now = clock.now()
    with snapshot() as connection:
        rows, people = queues(connection, now), with_people(connection, now)
        hours = hours_of(request, connection, now)
    return live_page(request, "operations/queues", rows=rows, people=people, hours=hours)


@get("/operations/queues/{queue:str}", opt={"act": "read_operations"}, sync_to_thread=True)
def show_queue(request: Asked, queue: FromPath[str]) -> Template:
    """One queue, with each minute of the last hour."""
    return queue_page(request, queue)


def queue_page(request: Asked, queue: str, **context: Any) -> Template:
    """The page of a queue. Raises NotFound where there is none of this name."""
    if queue not in all_queues():
        raise NotFound("There is no such queue.")
    now = clock.now()
    with snapshot() as connection:
        (row,) = [each for each in queues(connection, now) if each["queue"] == queue]
        held = [each for each in held_stages(connection) if each["queue"] == queue]
        hour = hours_of(request, connection, now)[queue]
    given = {"refused": None, "reason": "", **context}
    operates = may(reader_of(request), "pause_queue")
    return live_page(request, "operations/queue", row=row, held=held, hour=hour, operates=operates, **given)


def hours_of(request: Asked, connection: Connection, now: datetime) -> dict[str, Hour]:
    """The last hour of each queue, drawn in the reader's direction."""
    direction = STAFF_LANGUAGES[console_language(request)].direction
    return {queue: hour_of(minutes, direction) for queue, minutes in last_hour(connection, now).items()}


def hour_of(minutes: list[Minute], direction: str) -> Hour:
    """The last hour of a queue, drawn."""
    waiting = [each.sample.depth if each.sample else None for each in minutes]
    done = [each.sample.done if each.sample else None for each in minutes]
    return Hour(minutes, chart(waiting, direction), chart(done, direction))


@post("/operations/queues/{queue:str}/pause", opt={"act": "pause_queue"}, sync_to_thread=True)
def pause_queue(request: Asked, queue: FromPath[str]) -> Template | Redirect:
    """Pauses a queue, for a reason."""
    reason = request.state.form.get("reason")
    try:
        if not reason:
            raise Refused("no_pause_reason", "Say why, for whoever looks at the queues.")
        with transaction() as connection:
            pauses.pause(connection, queue, reader_of(request).name, clock.now(), reason)
    except Refused as refused:
        return queue_page(request, queue, status=status_of(refused), refused=refused, reason=reason)
    return go(f"{HERE}/queues/{queue}")


@post("/operations/queues/{queue:str}/resume", opt={"act": "resume_queue"}, sync_to_thread=True)
def resume_queue(request: Asked, queue: FromPath[str]) -> Template | Redirect:
    """Resumes a queue, and wakes its workers."""
    try:
        with transaction() as connection:
            pauses.resume(connection, queue, reader_of(request).name, clock.now())
    except Refused as refused:
        return queue_page(request, queue, status=status_of(refused), refused=refused)
    wake(queue)
    return go(f"{HERE}/queues/{queue}")


HANDLERS = [show_queues, show_queue, pause_queue, resume_queue]
