"""The message ledger: everything that anybody is owed, and what became of it."""

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
    """One message, owed from the moment its event is recorded.

    Its key makes a second one for the same event impossible.
    """

    __table_args__ = (
        # What a deliverer reads: owed, or on its way with a lease that may have ended, lowest rank first. What must
        # wait is passed over in the index alone.
        Index(
            "message_due", "status", "rank", "tries", "due_at", postgresql_where=text("status in ('owed', 'sending')")
        ),
        # What the sweep asks, whether anything is due, however many wait for their time; and since when the oldest is.
        Index("message_due_by_time", "due_at", postgresql_where=text("status in ('owed', 'sending')")),
        # What the monitor reads: those sent in the last minute. Costs a write nothing that could be measured.
        Index("message_sent", "sent_at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
        # What operators must look at, counted with every look at the metrics.
        Index("message_not_sent", "status", postgresql_where=text("status in ('failed', 'stuck')")),
        CheckConstraint("status in ('owed', 'sending', 'sent', 'failed', 'stuck')", name="message_status_known"),
    )

    case_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    seq: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    template: str = Field(sa_column=Column(Text, primary_key=True))
    id: UUID = Field(
        sa_column=Column(PG_UUID, nullable=False, server_default=text("uuidv7()"))
    )  # the reference that the gateway is given
    channel: str
    language: str
    recipient: str | None = None  # erased with the rest
    body: str | None = None
    salt: bytes | None = Field(
        default=None, sa_column=Column(LargeBinary)
    )  # of its digest, which its event seals; erased with the text
    # owed -> sending -> sent | failed | stuck (an operator must look)
    status: str = Field(default="owed", sa_column=Column(Text, nullable=False, server_default="owed"))
    rank: datetime = Field(
        sa_column=Column(DateTime(timezone=True), nullable=False)
    )  # owed since, plus its case's lane's allowance
    due_at: datetime = Field(
        sa_column=Column(DateTime(timezone=True), nullable=False)
    )  # owed: not before; sending: end of the lease
    fence: int = Field(
        sa_column=Column(Integer, nullable=False, server_default="0")
    )  # lease number: a late answer under an older one is void
    tries: int = Field(
        sa_column=Column(SmallInteger, nullable=False, server_default="0")
    )  # how often it was sent, not how often asked about
    sent_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    error: str | None = None
