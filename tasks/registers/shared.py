"""What all processes share of a register elsewhere: whether it is left alone, who tries it, and the rate it allows.

It is a row of the database, where the queue is, too: without it nobody asks. While the register answers and takes
whatever comes, a question costs one look at the row, and nothing is written.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from models import clock
from models.database import Connection, read_rows, transact

OPENS_AFTER = 3  # questions in a row without an answer
PAUSE = timedelta(seconds=5)  # a register that is away costs nothing to ask, and citizens wait
LONGEST_WAIT = timedelta(hours=1)  # of a Retry-After: somebody may mend sooner what asks for more
FRESH_SECONDS = 1.0  # for which a look at the row is good, where nothing is asked by it
COLUMNS = "failures, open_until, call_size, free_at"
LOOK = f"select {COLUMNS} from register_elsewhere where name = %(name)s"
# A moment beyond the longest wait was written by a clock that has gone back since: it counts for nothing. While the
# register is left alone, whoever comes first after the pause moves its end, and so is the one who tries.
FREE = "case when r.free_at between %(now)s and %(latest)s then r.free_at else %(now)s end"
ADMIT = f"""
    insert into register_elsewhere as r (name, failures, free_at) values (%(name)s, 0, %(now)s + %(takes)s)
    on conflict (name) do update set
        free_at = {FREE} + %(takes)s,
        open_until = case when r.open_until is not null then %(now)s + %(pause)s end
    where (r.open_until is null or r.open_until <= %(now)s or r.open_until > %(latest)s)
        and (r.free_at <= %(now)s + %(patience)s or r.free_at > %(latest)s)
    returning {COLUMNS}
"""
BOOK = f"update register_elsewhere r set free_at = {FREE} + %(takes)s where name = %(name)s returning {COLUMNS}"
FAILED = f"""
    insert into register_elsewhere as r (name, failures, open_until, call_size, free_at)
    values (%(name)s, 1, %(now)s + %(wait)s::interval, 1, %(now)s)
    on conflict (name) do update set failures = r.failures + 1, call_size = 1, open_until = greatest(
        case when r.open_until <= %(latest)s then r.open_until end,
        case when %(wait)s::interval is not null or r.failures + 1 >= {OPENS_AFTER}
            then %(now)s + coalesce(%(wait)s::interval, %(pause)s) end
    )
    returning {COLUMNS}
"""
ANSWERED = f"""
    update register_elsewhere set failures = 0, open_until = null,
        call_size = nullif(least(%(largest)s, 2 * coalesce(call_size, %(largest)s)), %(largest)s)
    where name = %(name)s returning {COLUMNS}
"""
log = structlog.get_logger()


class Seen(NamedTuple):
    """The row: failures in a row, until when the register is left alone, the persons of the next question (None: as
    many as it takes), and until when its rate is booked.
    """

    failures: int = 0
    open_until: datetime | None = None
    call_size: int | None = None
    free_at: datetime | None = None


NOTHING = Seen()  # is amiss


@dataclass(slots=True)
class Shared:
    """The state of one register, which every process reads and writes; the threads of this one share it."""

    name: str  # of the row
    says: str  # how the log names the register
    largest: int  # persons of a question
    rate: float  # persons a second, at the most; 0: as many as there are
    patience: timedelta  # for which a question waits for its turn
    seen: Seen = NOTHING
    seen_at: float = float("-inf")  # by the monotonic clock
    last_warning: tuple[str, timedelta] | None = None  # the reason and the pause that the log last named

    @property
    def is_open(self) -> bool:
        """Whether the register is left alone, or only tried."""
        return self.seen.open_until is not None

    @property
    def call_size(self) -> int:
        """The persons of the next question, at the most."""
        return min(self.largest, self.seen.call_size or self.largest)

    def look(self) -> Seen:
        """What the row said a moment ago."""
        if time.monotonic() - self.seen_at > FRESH_SECONDS:
            rows = read_rows(LOOK, {"name": self.name})
            self.saw(Seen(*rows[0]) if rows else NOTHING)
        return self.seen

    def saw(self, seen: Seen) -> Seen:
        """Remembers what the row says."""
        if self.is_open and seen.open_until is None:
            log.info(f"{self.says} answers again")
            self.last_warning = None
        self.seen, self.seen_at = seen, time.monotonic()
        return seen

    def seconds_left(self) -> float:
        """How long nobody asks yet: while the register is left alone, or its rate is booked beyond all patience."""
        seen, now = self.look(), clock.now()
        waits = [seen.open_until and seen.open_until - now]
        if self.rate:
            waits.append(seen.free_at and seen.free_at - now - self.patience)
        latest = LONGEST_WAIT + self.patience
        return max([each.total_seconds() for each in waits if each and each <= latest], default=0.0)

    def admit(self, size: int) -> float | None:
        """In how many seconds a question about so many persons may be asked; None: not now.

        While the register is left alone, one of all processes tries it once the pause is over. A try of which nothing
        is heard is over after another pause.
        """
        self.seen_at = float("-inf")
        if not self.rate and self.look().open_until is None:
            return 0.0
        return self.booked(ADMIT, size)

    def book(self, size: int) -> float:
        """The same for a question that is asked once more."""
        return self.booked(BOOK, size) or 0.0 if self.rate else 0.0

    def booked(self, statement: str, size: int) -> float | None:
        """Books a question; in how many seconds it begins, or None."""
        now, takes = clock.now(), timedelta(seconds=size / self.rate if self.rate else 0)
        patience = self.patience if self.rate else LONGEST_WAIT
        if not self.write(statement, now, takes=takes, patience=patience):
            return None
        assert self.seen.free_at is not None
        return max(0.0, (self.seen.free_at - takes - now).total_seconds()) if self.rate else 0.0

    def failed(self, why: str, wait: timedelta | None) -> None:
        """Counts a question without an answer. One with a `wait` was refused as a whole: nobody asks meanwhile."""
        self.write(FAILED, clock.now(), wait=wait)
        pause = wait or PAUSE
        if not self.is_open:
            return
        if self.last_warning is None or why != self.last_warning[0] or pause > self.last_warning[1]:
            text = f"{self.says} is left alone for a while; what asks it waits"
            log.warning(text, why=why, seconds=round(pause.total_seconds()))
            self.last_warning = (why, pause)

    def answered(self) -> None:
        """Counts an answer: nothing is left alone any more. Writes only where something was amiss."""
        if self.seen._replace(free_at=None) != NOTHING:
            self.write(ANSWERED, clock.now(), largest=self.largest)

    def write(self, statement: str, now: datetime, **given: object) -> bool:
        """Writes the row; whether it did."""
        latest = now + LONGEST_WAIT + self.patience
        asked = {"name": self.name, "now": now, "latest": latest, "pause": PAUSE, **given}

        def written(connection: Connection) -> Seen | None:
            row = connection.execute(statement, asked).fetchone()
            return Seen(*row) if row else None

        if (found := transact(written)) is not None:
            self.saw(found)
        return found is not None
