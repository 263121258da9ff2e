"""The message ledger: every message that we owe somebody, and what became of it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlmodel import Field, SQLModel


class Message(SQLModel, table=True):
    """One message, owed from the moment its event is recorded. Its key allows one of a template for an event."""

    __table_args__ = (
        # The deliverer reads it: messages that are owed, or whose lease may have ended, lowest rank first. It passes
        # over those that must wait without reading their rows.
        Index(
            "message_due", "status", "rank", "tries", "due_at", postgresql_where=text("status in ('owed', 'sending')")
        ),
        # The sweep reads it to learn whether any message is due, however many wait; the monitor, since when.
        Index("message_due_by_time", "due_at", postgresql_where=text("status in ('owed', 'sending')")),
        # The monitor reads it: messages sent in the last minute. Its cost for a write could not be measured.
        Index("message_sent", "sent_at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
        # /metrics counts by it the messages that operators must look at.
        Index("message_not_sent", "status", postgresql_where=text("status in ('failed', 'stuck')")),
        CheckConstraint("status in ('owed', 'sending', 'sent', 'failed', 'stuck')", name="message_status_known"),
    )

    case_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    seq: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    template: str = Field(sa_column=Column(Text, primary_key=True))
    # The reference that we give the gateway.
    id: UUID = Field(sa_column=Column(PG_UUID, nullable=False, server_default=text("uuidv7()")))
    channel: str
    language: str
    # An erasure takes the recipient, the text and the salt of the digest that the event seals.
    recipient: str | None = None
    body: str | None = None
    salt: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    # owed -> sending -> sent | failed | stuck (an operator must look)
    status: str = Field(default="owed", sa_column=Column(Text, nullable=False, server_default="owed"))
    # Since when it is owed, plus the allowance of its case's lane.
    rank: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    # Owed: not to be sent before. Sending: the end of its lease.
    due_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    # The number of its lease: a late answer under an older number is void.
    fence: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"))
    # How often it was sent, not how often we asked about it.
    tries: int = Field(sa_column=Column(SmallInteger, nullable=False, server_default="0"))
    sent_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    error: str | None = None
