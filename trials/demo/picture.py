"""The picture of the running demo: a bar for each stage, the rate, and what waits in each queue."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from models import clock
from models.database import scalar, transaction
from models.errors import Unavailable
from trials.demo.arrivals import Filing
from workflows.queue.monitor import queues

BARS = (
    ("received", "ApplicationReceived"),
    ("verified", "PersonsVerified"),
    ("scored", "ScoreComputed"),
    ("fraud-checked", "NothingSuspicious"),
    ("approved", "HouseholdApproved"),
    ("notified", "NoticesIssued"),
    ("to correct", "MembersMismatched"),
    ("to review", "DuplicateSuspected"),
)
EVENTS = "select kind, count(*) from event where case_id > %s group by kind"
IN_MACHINE = "select count(*) from cases where id > %s and machine"
# These failed or got no answer, and wait for their next try.
TRIED_AGAIN = "select count(*) from cases where id > %s and machine and not ready"
OWED = "select count(*) from message where case_id > %s and status in ('owed', 'sending')"
LOOK_SECONDS = 0.25
PLAIN_SECONDS = 2.0
TRIED_SECONDS = 60.0  # as long as a register elsewhere needs on a busy machine, its pauses included
RATE_OVER = 5.0


@dataclass(frozen=True)
class Seen:
    """The counts that one look at the database found."""

    events: Mapping[str, int]
    in_machine: int
    tried_again: int
    owed: int
    depths: Mapping[str, int]
    at: float


@dataclass
class Picture:
    """Watches the `count` cases after the case `after`, until all have come to rest and their messages are sent."""

    count: int
    after: int
    filing: Filing
    console: Console = field(default_factory=Console)
    looks: "deque[Seen]" = field(default_factory=deque)

    def watch(self, check: Callable[[], None], quiet_seconds: float) -> None:
        """Draws a live picture on a terminal, and prints plain lines elsewhere.

        Raises Unavailable where the filing failed, or nothing moves for `quiet_seconds`; and what `check` raises.
        """
        if self.console.is_terminal:
            with Live(console=self.console, refresh_per_second=4) as live:
                self.until_rest(check, quiet_seconds, lambda seen: live.update(self.bars(seen)), 0)
        else:
            self.until_rest(
                check,
                quiet_seconds,
                lambda seen: self.console.print(self.counts_line(seen), highlight=False, soft_wrap=True),
                PLAIN_SECONDS,
            )
        if self.filing.failure:
            raise Unavailable(f"The demo could not file its applications: {self.filing.failure}")

    def until_rest(
        self, check: Callable[[], None], quiet_seconds: float, draw: Callable[[Seen], None], every: float
    ) -> None:
        """Looks again and again; draws every `every` seconds and at the end."""
        drawn = moved = time.monotonic() - every
        before: Seen | None = None
        while True:
            seen = self.look()
            # A case that failed may have its next try in an hour: after a while the demo stops waiting, and counts it.
            at_rest = seen.in_machine == 0 or (seen.in_machine == seen.tried_again and seen.at - moved > TRIED_SECONDS)
            resting = self.filing.done and at_rest and not seen.owed
            if resting or seen.at - drawn >= every:
                drawn = seen.at
                draw(seen)
            if resting:
                return
            check()
            if before is None or (before.events, before.owed) != (seen.events, seen.owed):
                moved, before = seen.at, seen
            if seen.at - moved > quiet_seconds:
                raise Unavailable(
                    f"Nothing has moved for {quiet_seconds:.0f} seconds. "
                    "See `sijil queues`, `sijil workers` and the logs in the home folder."
                )
            time.sleep(LOOK_SECONDS)

    def look(self) -> Seen:
        """Looks once, and keeps the counts for the rate."""
        with transaction() as connection:
            events = dict(connection.execute(EVENTS, [self.after]).fetchall())
            in_machine, tried_again, owed = (
                scalar(connection, each, [self.after]) for each in (IN_MACHINE, TRIED_AGAIN, OWED)
            )
            depths = {row["queue"]: row["depth"] for row in queues(connection, clock.now())}
        self.looks.append(Seen(events, in_machine, tried_again, owed, depths, time.monotonic()))
        while len(self.looks) > 2 and self.looks[-1].at - self.looks[0].at > RATE_OVER:
            self.looks.popleft()
        return self.looks[-1]

    def rate(self) -> float:
        """Cases a second that reached `notified`, over the last five seconds."""
        first, last = self.looks[0], self.looks[-1]
        if last.at <= first.at:
            return 0.0
        return (last.events.get("NoticesIssued", 0) - first.events.get("NoticesIssued", 0)) / (last.at - first.at)

    def bars(self, seen: Seen) -> Group:
        """The live picture: a bar for each stage."""
        table = Table.grid(padding=(0, 2))
        for name, kind in BARS:
            done = seen.events.get(kind, 0)
            table.add_row(name, ProgressBar(total=self.count, completed=min(done, self.count), width=40), f"{done:>7}")
        return Group(table, Text(self.footer(seen), style="dim"))

    def counts_line(self, seen: Seen) -> str:
        """The counts of the picture in one line."""
        return ", ".join(f"{name} {seen.events.get(kind, 0)}" for name, kind in BARS) + " | " + self.footer(seen)

    def footer(self, seen: Seen) -> str:
        """The rate, and what waits in each queue."""
        depths = {**seen.depths, "to be tried again": seen.tried_again}
        waiting = ", ".join(f"{queue} {depth}" for queue, depth in depths.items() if depth)
        return f"{self.rate():.0f} cases/s, waiting: {waiting or 'nothing'}"
