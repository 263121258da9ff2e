"""Life events: what happened to a person, as the population register tells its partners, in one order."""

from datetime import date, datetime
from typing import Literal, get_args

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSON
from sqlmodel import Field, SQLModel

from models.audit import TransactionNumber

Kind = Literal[
    "birth",
    "death",
    "marriage",
    "divorce",
    "guardian_changed",
    "name_changed",
    "corrected",
    "merged",
    "merge_undone",
]
EVENTS: tuple[Kind, ...] = get_args(Kind)


class PersonEvent(SQLModel, table=True):
    """Something that happened to a person, written in the transaction that changed the person's row.

    The database refuses to change or delete a row.
    """

    __tablename__ = "person_event"
    __table_args__ = (
        # The order in which events get their positions.
        Index("person_event_settled", "xact", "id"),
        Index("person_event_of", "idcs", "id"),
        CheckConstraint(f"kind in ({', '.join(repr(each) for each in EVENTS)})", name="person_event_known"),
        CheckConstraint("at > '1900-01-01Z' and at < '9000-01-01Z'", name="person_event_at_readable"),
    )

    id: int = Field(sa_column=Column(BigInteger, Identity(always=False), primary_key=True))
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))  # when the register was told
    xact: str = Field(sa_column=Column(TransactionNumber, nullable=False, server_default=text("pg_current_xact_id()")))
    kind: str
    idcs: str
    other_idcs: str | None = None  # a merge: who stays; a birth: a parent; else a spouse or guardian
    happened_on: date | None = Field(default=None, sa_column=Column(Date))
    fields: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))  # that changed
    actor: str  # a pseudonymous id
    commitment: bytes = Field(sa_column=Column(LargeBinary, nullable=False))  # to what stands beside in the next table


class PersonBefore(SQLModel, table=True):
    """What stood there before an event, so that it can be taken back; the event holds a salted digest of it."""

    __tablename__ = "person_before"

    event_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    salt: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    values: str = Field(sa_column=Column("values", JSON, nullable=False))


class PersonMerge(SQLModel, table=True):
    """Two entries that are of one person, as long as that is held: both stay as they are."""

    __tablename__ = "person_merge"
    __table_args__ = (
        CheckConstraint("idcs <> kept_idcs", name="person_merge_of_two"),
        Index("person_merge_into", "kept_idcs"),
    )

    idcs: str = Field(primary_key=True)  # that is used no more
    kept_idcs: str
    event_id: int = Field(sa_column=Column(BigInteger, nullable=False))


class PersonEventSeal(SQLModel, table=True):
    """The position of an event in the one feed of all, given once it has been committed."""

    __tablename__ = "person_event_seal"
    __table_args__ = (UniqueConstraint("entry_id"),)

    position: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    entry_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
