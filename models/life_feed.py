"""How far the social register has read the life events of the population register, and those that are not done with."""

from datetime import date, datetime

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, Date, DateTime, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

HERE, ELSEWHERE = "here", "elsewhere"  # the feed of this database, and that of the register on another machine


class LifeFeed(SQLModel, table=True):
    """A feed, and the position to which it is applied: it moves in the transaction that applies the events."""

    __tablename__ = "life_feed"
    __table_args__ = (
        CheckConstraint(f"source in ('{HERE}', '{ELSEWHERE}')", name="life_feed_known"),
        CheckConstraint("cursor >= 0", name="life_feed_cursor_counts"),
    )

    source: str = Field(primary_key=True)
    cursor: int = Field(sa_column=Column(BigInteger, nullable=False))
    # Of the last event, to see whether it still stands there; none for one that could not be read.
    digest: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    counts: dict[str, int] = Field(sa_column=Column(JSONB, nullable=False))  # of all events, by what came of them
    heard_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))  # the last event
    answered_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))  # the last page
    halted: str | None = None  # why nothing more is applied: a code
    halted_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class MergeHeard(SQLModel, table=True):
    """Two identifiers of one person, as the population register told: it tells what happens under the second one from
    then on, while a household may still have the first.
    """

    __tablename__ = "merge_heard"
    __table_args__ = (Index("merge_heard_into", "kept_idcs"),)

    source: str = Field(primary_key=True)
    idcs: str = Field(primary_key=True)
    kept_idcs: str


class LifeEventAside(SQLModel, table=True):
    """A life event that is not done with: it waits for cases to end, or a person looks at it.

    Once it is done with, it is gone, or holds nobody's identifier any more.
    """

    __tablename__ = "life_event_aside"
    __table_args__ = (
        Index("life_event_waits", "position", postgresql_where=text("waits_for is not null")),
        Index(
            "life_event_aside_open",
            "position",
            postgresql_where=text("waits_for is null and settled_at is null"),
        ),
        Index("life_event_of", "idcs", postgresql_where=text("waits_for is not null")),
    )

    source: str = Field(primary_key=True)
    position: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    kind: str
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))  # when the register was told
    idcs: str | None = None
    other_idcs: str | None = None
    happened_on: date | None = Field(default=None, sa_column=Column(Date))
    fields: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    reason: str  # a code, or the exception's class and place, never its data
    since: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    waits_for: list[int] | None = Field(default=None, sa_column=Column(ARRAY(BigInteger)))  # cases; None: for a person
    again_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))  # at the latest
    settled_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    settled_by: str | None = None
