"""Who works, on what, and which queues are held back."""

from datetime import date, datetime

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, DateTime, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class Worker(SQLModel, table=True):
    """A worker process. It holds an advisory lock on its id for as long as it lives, which is how others know."""

    id: int = Field(sa_column=Column(BigInteger, Identity(always=False), primary_key=True))
    process: str = Field(
        default="", sa_column=Column(Text, nullable=False, server_default="")
    )  # its own name; hosts may share theirs, and numbers
    host: str
    pid: int
    queues: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    since: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    seen_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    counters: dict[str, float] = Field(sa_column=Column(JSONB, nullable=False))
    synchronous_commit: str | None = None  # as its sessions say themselves: the weakest


class Attempt(SQLModel, table=True):
    """A batch in work, written before the work on a connection of its own: what a dead worker leaves to be found.

    The work's transaction deletes it. One without a worker was quarantined: half of a batch whose worker died, a case
    that failed, or cases about which a register gave no answer (`unanswered`).
    """

    __table_args__ = (
        Index("attempt_quarantined", "unanswered", "at", "id", postgresql_where=text("worker_id is null")),
        Index("attempt_in_work", "worker_id", postgresql_where=text("worker_id is not null")),
    )

    id: int = Field(sa_column=Column(BigInteger, Identity(always=False), primary_key=True))
    worker_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    queue: str
    case_ids: list[int] = Field(sa_column=Column(ARRAY(BigInteger), nullable=False))
    at: datetime = Field(
        sa_column=Column(DateTime(timezone=True), nullable=False)
    )  # when it began; without a worker, when it may begin
    unanswered: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default="false")
    )  # asking again may take long
    probe: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default="false")
    )  # worked though its stage is held
    rank: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True))
    )  # of its first case: whom to ask about first


class HeldStage(SQLModel, table=True):
    """A stage at which all cases fail alike: workers leave it alone, but for a probe each minute,
    until one succeeds.
    """

    __tablename__ = "held_stage"

    kind: str = Field(primary_key=True)
    stage: str = Field(primary_key=True)
    error: str  # the exception's class and place, never its data
    since: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    probe_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class PausedQueue(SQLModel, table=True):
    """A queue that workers leave alone until it is resumed."""

    __tablename__ = "paused_queue"

    queue: str = Field(primary_key=True)
    since: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    actor: str


class StaffName(SQLModel, table=True):
    """The name behind a pseudonym of the history, as it was first given.

    It stands beside the history, so that it can be taken away.
    """

    __tablename__ = "staff_name"

    actor: str = Field(primary_key=True)
    name: str


class AnchorSeries(SQLModel, table=True):
    """The last anchor of each folder of anchors, so that one that is missing at the end shows
    (workflows/history/anchors.py).
    """

    __tablename__ = "anchor_series"

    series: str = Field(primary_key=True)
    number: int
    digest: str
    written_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class DailyJob(SQLModel, table=True):
    """A job that runs once a day, by whichever supervisor comes first: the last day it is done for,
    and its last try.
    """

    __tablename__ = "daily_job"

    name: str = Field(primary_key=True)
    done_on: date
    tried_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    error: str | None = None  # of the last try, if it failed: the exception's class and place, never its data
    clock_confirmed_on: date | None = (
        None  # when an operator last said that the clock is right, though nothing had happened for long
    )
