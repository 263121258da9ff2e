"""The audit: who read or did what, when and why. Its rows are never changed: triggers of the database refuse it."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.types import UserDefinedType
from sqlmodel import Field, SQLModel


class TransactionNumber(UserDefinedType[str]):
    """PostgreSQL's `xid8`, which SQLAlchemy does not know: the number of a transaction, never used twice."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type as SQL has it."""
        return "xid8"


ischema_names["xid8"] = TransactionNumber


# What is not in an index yet is brought in by whoever writes next: a little and often, so that nobody waits long.
SHORT_LIST = {"gin_pending_list_limit": 256}  # kilobytes


class AuditEntry(SQLModel, table=True):
    """One act or reading by one of the staff. It names nobody: ids, codes and keyed pseudonyms alone."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        # The order in which entries are sealed.
        Index("audit_entry_settled", "xact", "id"),
        # Whose entries, by time; and the entry of an event, whose actor and moment it has.
        Index("audit_entry_actor", "actor", "at"),
        Index("audit_entry_at", "at"),
        Index("audit_entry_act", "act", "at"),
        Index("audit_entry_cases", "case_ids", postgresql_using="gin", postgresql_with=SHORT_LIST),
        Index("audit_entry_persons", "persons", postgresql_using="gin", postgresql_with=SHORT_LIST),
        CheckConstraint("at > '1900-01-01Z' and at < '9000-01-01Z'", name="audit_entry_at_readable"),
    )

    id: int = Field(sa_column=Column(BigInteger, Identity(always=False), primary_key=True))
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))  # when the act says that it was
    # Of the transaction that wrote it: once all earlier ones have ended, no entry can come before it any more.
    xact: str = Field(sa_column=Column(TransactionNumber, nullable=False, server_default=text("pg_current_xact_id()")))
    actor: str  # a pseudonymous id, as an event has it
    account_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    role: str
    act: str  # one of workflows/audit/acts.py
    purpose: str  # one of the same file
    case_ids: list[int] = Field(sa_column=Column(ARRAY(BigInteger), nullable=False))
    persons: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))  # who was searched for: keyed pseudonyms
    count: int = Field(sa_column=Column(Integer, nullable=False))  # records that were shown or changed
    detail: str = Field(sa_column=Column(JSON, nullable=False))  # codes and numbers; exact bytes, hence json


class AuditSeal(SQLModel, table=True):
    """The place of an entry in the one chain of all entries, given once it has been committed."""

    __tablename__ = "audit_seal"
    __table_args__ = (UniqueConstraint("entry_id"),)

    position: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    entry_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
