"""Workers and what they have in hand, held stages, queues paused and sampled, staff names and daily jobs."""

from datetime import date, datetime

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, DateTime, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class Worker(SQLModel, table=True):
    """A worker process. It holds an advisory lock on its id for as long as it lives, so that others see it is alive."""

    id: int = Field(sa_column=Column(BigInteger, Identity(always=False), primary_key=True))
    # The process's own random name: two hosts may share a name, and two processes a number.
    process: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    host: str
    pid: int
    queues: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    since: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    seen_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    counters: dict[str, float] = Field(sa_column=Column(JSONB, nullable=False))
    synchronous_commit: str | None = None  # the weakest setting among its sessions, as they report it


class Attempt(SQLModel, table=True):
    """A batch in work. The worker commits it before it begins, so that others find what a dead worker held.

    The transaction of the work deletes it. An attempt without a worker is quarantined: half of a batch whose worker
    died, a case that failed, or cases about which a register gave no answer (`unanswered`). One with an end is a lease.
    """

    __table_args__ = (
        Index("attempt_quarantined", "unanswered", "at", "id", postgresql_where=text("worker_id is null")),
        Index("attempt_in_work", "worker_id", postgresql_where=text("worker_id is not null")),
    )

    id: int = Field(sa_column=Column(BigInteger, Identity(always=False), primary_key=True))
    worker_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    queue: str
    case_ids: list[int] = Field(sa_column=Column(ARRAY(BigInteger), nullable=False))
    # When it began; without a worker, when it may begin.
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    # Of a lease, its end: until then the worker may ask a register elsewhere about these cases.
    ends_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    # A register gave no answer, so asking again may take long.
    unanswered: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default="false"))
    # A worker works it although its stage is held.
    probe: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default="false"))
    # The rank of its first case: the lowest is asked about first.
    rank: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class HeldStage(SQLModel, table=True):
    """A stage at which all cases fail alike. Workers try one case a minute, the probe, until one succeeds."""

    __tablename__ = "held_stage"

    kind: str = Field(primary_key=True)
    stage: str = Field(primary_key=True)
    error: str  # the exception's class and place, never its data
    since: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    probe_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class RegisterElsewhere(SQLModel, table=True):
    """What all processes know of a register elsewhere: whether it is left alone, and until when its rate is booked."""

    __tablename__ = "register_elsewhere"

    name: str = Field(primary_key=True)
    failures: int  # questions without an answer, in a row
    open_until: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))  # None: it answers
    call_size: int | None = None  # persons of the next question; None: as many as it takes
    free_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class PausedQueue(SQLModel, table=True):
    """A queue that workers leave alone until an operator resumes it."""

    __tablename__ = "paused_queue"

    queue: str = Field(primary_key=True)
    since: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    actor: str
    reason: str | None = None  # in the operator's words


class QueueSample(SQLModel, table=True):
    """What waited in a queue at the beginning of a minute, and what was done in the minute before; kept for a day."""

    __tablename__ = "queue_sample"

    queue: str = Field(primary_key=True)
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), primary_key=True))
    depth: int
    oldest_seconds: int
    done: int


class StaffName(SQLModel, table=True):
    """The name behind a pseudonym of the history, as it was first given; kept apart, so that it can be erased."""

    __tablename__ = "staff_name"

    actor: str = Field(primary_key=True)
    name: str


class AnchorSeries(SQLModel, table=True):
    """The last anchor of each folder, so that a removed one is missed (workflows/history/anchors.py)."""

    __tablename__ = "anchor_series"

    series: str = Field(primary_key=True)
    number: int
    digest: str
    written_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class DailyJob(SQLModel, table=True):
    """A job that the first supervisor to come runs once a day: the last day it is done for, and its last try."""

    __tablename__ = "daily_job"

    name: str = Field(primary_key=True)
    done_on: date
    tried_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    error: str | None = None  # of the last try, if it failed: the exception's class and place, never its data
    # When an operator last confirmed the clock, after a time in which nothing had happened.
    clock_confirmed_on: date | None = None
