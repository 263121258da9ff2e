"""The desk: what waits for people or was decided by them lately, who has it open, and what they note on it.

A row of `desk_item` repeats what the case and its events say, so that a page of a queue is read in the order of an
index (workflows/desk/items.py). The engine writes it in the transaction that moves the case.
"""

from datetime import datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Text,
    text,
)
from sqlmodel import Field, SQLModel

from models.patterns import LONGEST_TEXT

# Where an item stands for whoever looks: every list of the console is one of these, or some of them merged. In the
# words of the database, so that a test can compare them.
TAB = """
    case
        when waits_for is null and done_at is not null then 'done'::text
        when waits_for is null then null::text
        when waits_for = 'citizen'::text then 'citizen'::text
        when waits_for = 'operator'::text then 'parked'::text
        when waits_for <> all (array['staff'::text, 'population_officer'::text, 'either'::text]) then 'escalated'::text
        when holder is null then 'unassigned'::text
        else 'held'::text
    end
"""
SORTED_AT = "case when waits_for is null then done_at else due_at end"
WITH_STAFF = "waits_for in ('staff', 'population_officer', 'either', 'supervisor', 'commission')"
NEXT = "holder is null and waits_for in ('staff', 'population_officer', 'either', 'supervisor')"


class DeskItem(SQLModel, table=True):
    """A case that waits for people, or that they decided lately."""

    __tablename__ = "desk_item"
    __table_args__ = (
        CheckConstraint(
            "waits_for in ('staff', 'population_officer', 'either', 'supervisor', 'commission', 'citizen', 'operator')",
            name="desk_waits",
        ),
        CheckConstraint("waits_for is null or done_at is null", name="desk_waits_or_done"),
        CheckConstraint("num_nulls(done_at, done_by, done_as) in (0, 3)", name="desk_done_whole"),
        CheckConstraint("priority between 1 and 4", name="desk_priority_known"),
        # A page of a list, in its order: of the whole country, of a region, of a province, of a queue.
        Index("desk_item_due", "tab", "sorted_at", "case_id"),
        Index("desk_item_region", "tab", "region", "sorted_at", "case_id"),
        Index("desk_item_province", "tab", "province", "sorted_at", "case_id"),
        Index("desk_item_queue", "tab", "queue", "sorted_at", "case_id"),
        # What somebody holds, and what somebody decided.
        Index("desk_item_holder", "holder", "sorted_at", "case_id", postgresql_where=text(WITH_STAFF)),
        Index("desk_item_done_by", "done_by", "sorted_at", "case_id", postgresql_where=text("done_by is not null")),
        # The best next case.
        Index("desk_item_next", "waits_for", "priority", "sorted_at", "case_id", postgresql_where=text(NEXT)),
        Index(
            "desk_item_next_region",
            "waits_for",
            "region",
            "priority",
            "sorted_at",
            "case_id",
            postgresql_where=text(NEXT),
        ),
        Index(
            "desk_item_next_province",
            "waits_for",
            "province",
            "priority",
            "sorted_at",
            "case_id",
            postgresql_where=text(NEXT),
        ),
        # What retention deletes.
        Index("desk_item_left", "since", postgresql_where=text("waits_for is null")),
    )

    case_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    kind: str
    queue: str  # one of workflows/desk/items.py
    stage: str
    waits_for: str | None = Field(default=None, sa_column=Column(Text))  # None: it left the desk
    due_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    since: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    priority: int = Field(sa_column=Column(SmallInteger, nullable=False))  # 1 is first
    why: str  # it has this priority
    holder: str | None = None  # a pseudonym, as in the history
    barred: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))  # who may not decide it
    region: int = Field(sa_column=Column(SmallInteger, nullable=False))
    province: str | None = None
    language: str | None = None  # None: parked before anybody looked at it
    flags: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    version: int = Field(sa_column=Column(Integer, nullable=False))  # of the case when it last moved here
    done_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    done_by: str | None = None
    done_as: str | None = None  # the kind of the event
    tab: str | None = Field(default=None, sa_column=Column(Text, Computed(TAB, persisted=True)))
    sorted_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), Computed(SORTED_AT, persisted=True))
    )


class DeskLock(SQLModel, table=True):
    """Who has a case open to decide it, until when. It binds nobody: the version of the case does."""

    __tablename__ = "desk_lock"

    case_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    holder: str
    until: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class DeskSearch(SQLModel, table=True):
    """By what the people of a case are found: the identifiers of its members, and their names folded.

    Written with each body that declares a household; erased with it.
    """

    __tablename__ = "desk_search"
    __table_args__ = (Index("desk_search_keys", "keys", postgresql_using="gin"),)

    case_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    keys: list[str] | None = Field(default=None, sa_column=Column(ARRAY(Text)))  # None: erased


class DeskEntry(SQLModel, table=True):
    """What people did with an item that decides nothing: assigned, handed back, given a priority, noted."""

    __tablename__ = "desk_entry"
    __table_args__ = (
        CheckConstraint(f"char_length(text) between 1 and {LONGEST_TEXT}", name="desk_entry_length"),
        CheckConstraint("what in ('assigned', 'handed_back', 'priority', 'note')", name="desk_entry_known"),
        Index("desk_entry_of", "case_id", "id"),
    )

    id: int = Field(sa_column=Column(BigInteger, Identity(always=False), primary_key=True))
    case_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    actor: str  # a pseudonym
    what: str
    given_to: str | None = None  # of one that was handed back: who held it
    priority: int | None = Field(default=None, sa_column=Column(SmallInteger))
    text: str | None = None  # of a note; None: erased
