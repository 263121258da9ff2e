"""The message ledger: every message that we owe somebody, and what became of it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
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
        # The deliverer of a channel reads it: messages that are owed, or whose lease may have ended, lowest rank first.
        # It passes over those that must wait without reading their rows.
        Index(
            "message_due",
            "channel",
            "status",
            "rank",
            "tries",
            "due_at",
            postgresql_where=text("status in ('owed', 'sending')"),
        ),
        # The sweep reads it to learn whether any message is due, however many wait; the monitor, since when.
        Index("message_due_by_time", "due_at", postgresql_where=text("status in ('owed', 'sending')")),
        # The monitor reads it: messages sent in the last minute. Its cost for a write could not be measured.
        Index("message_sent", "sent_at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
        # /metrics counts by it what was reported in the last hour.
        Index("message_reported", "delivery_at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
        # /metrics counts by it the messages that operators must look at.
        Index("message_not_sent", "status", postgresql_where=text("status in ('failed', 'stuck')")),
        # The sweep reads them: messages on which a term hangs and of which nothing is proved, longest sent first; and
        # those that are known not to have arrived. A message that was delivered, or repeated, is in neither.
        Index(
            "message_unproved",
            "sent_at",
            postgresql_where=text("needs_proof and status = 'sent' and delivery is null"),
        ),
        Index(
            "message_lost",
            "case_id",
            postgresql_where=text("needs_proof and (status = 'failed' or delivery = 'undelivered')"),
        ),
        # Operators list by it what did not arrive, in its order, page by page.
        Index(
            "message_undelivered",
            "status",
            "case_id",
            "seq",
            "template",
            postgresql_where=text("delivery = 'undelivered'"),
        ),
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
    # What the gateway's reports say: delivered, or undelivered; and since when we know it.
    delivery: str | None = None
    delivery_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    # A term hangs on it: another one follows unless its delivery is proved. False once one did.
    needs_proof: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=text("false")))


class Letter(SQLModel, table=True):
    """A letter that is set aside for the printer. Its text stands in the message of this number."""

    __table_args__ = (
        # A batch takes the longest waiting first.
        Index("letter_waiting", "set_aside_at", "id", postgresql_where=text("batch is null")),
        Index("letter_of_batch", "batch", postgresql_where=text("batch is not null")),
        Index("letter_of_case", "case_id"),
    )

    id: UUID = Field(sa_column=Column(PG_UUID, primary_key=True))
    case_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    set_aside_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    batch: int | None = Field(default=None, sa_column=Column(Integer))


class LetterBatch(SQLModel, table=True):
    """A file of letters for the printer: which letters it holds is settled before it is written."""

    __tablename__ = "letter_batch"

    number: int = Field(sa_column=Column(Integer, Identity(always=False), primary_key=True))
    begun_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    done_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))  # its file is whole


class MessagePart(SQLModel, table=True):
    """A part of a message, under the number that the gateway gave it; reports name this number.

    A report may come before we have recorded that the message was sent. Then its row names no message yet.
    """

    __tablename__ = "message_part"
    __table_args__ = (
        # Every part of a message is read to learn whether all of it arrived; an erasure deletes them.
        Index("message_part_of", "case_id", "seq", "template", postgresql_where=text("case_id is not null")),
        CheckConstraint("state in ('waiting', 'undelivered', 'delivered')", name="message_part_state_known"),
    )

    gateway: str = Field(sa_column=Column(Text, primary_key=True))
    number: str = Field(sa_column=Column(Text, primary_key=True))
    case_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    seq: int | None = Field(default=None, sa_column=Column(Integer))
    template: str | None = None
    # The lease under which it was sent, and of how many parts: a message that was sent twice arrived if all parts of
    # one sending did.
    fence: int | None = Field(default=None, sa_column=Column(Integer))
    parts: int | None = Field(default=None, sa_column=Column(SmallInteger))
    state: str = Field(default="waiting", sa_column=Column(Text, nullable=False, server_default="waiting"))
    # When we learned its state.
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
