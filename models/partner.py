"""Who may ask the population register: its partners, their keys, and the questions that were taken a moment ago."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
)
from sqlalchemy.dialects.postgresql import JSON
from sqlmodel import Field, SQLModel


class Partner(SQLModel, table=True):
    """An organisation that may ask, what it may ask and what it is told, and how much of that a second."""

    __table_args__ = (
        CheckConstraint("name ~ '^[a-z][a-z0-9-]{1,39}$'", name="partner_name_readable"),
        CheckConstraint("rate between 1 and 1000000", name="partner_rate_bounded"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=False), primary_key=True))
    name: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    salt: bytes = Field(sa_column=Column(LargeBinary, nullable=False))  # its tokens are made with it
    policy: str = Field(sa_column=Column(JSON, nullable=False))  # as workflows/population/policies.py has it
    rate: int = Field(sa_column=Column(Integer, nullable=False))  # persons a second
    # How many persons it may ask about at once, at this moment; it grows by the rate.
    allowance: float = Field(sa_column=Column(Double, nullable=False))
    allowance_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    made_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class PartnerKey(SQLModel, table=True):
    """A public key of a partner (Ed25519), by which it signs what it asks."""

    __tablename__ = "partner_key"

    partner_id: int = Field(
        sa_column=Column(BigInteger, ForeignKey("partner.id"), primary_key=True, autoincrement=False)
    )
    kid: str = Field(primary_key=True)
    x: str  # the key itself, as a JWK has it (RFC 8037)
    valid_from: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    valid_until: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class PartnerTries(SQLModel, table=True):
    """How often a partner has asked about a person since a moment, by the partner's own token of them."""

    __tablename__ = "partner_tries"
    __table_args__ = (Index("partner_tries_since", "since"),)

    partner_id: int = Field(
        sa_column=Column(BigInteger, ForeignKey("partner.id"), primary_key=True, autoincrement=False)
    )
    token: str = Field(primary_key=True)
    since: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    times: int = Field(sa_column=Column(BigInteger, nullable=False))


class PartnerQuestion(SQLModel, table=True):
    """A question that was taken: its id is good for none other, while its signature would be believed."""

    __tablename__ = "partner_question"
    __table_args__ = (Index("partner_question_at", "at"),)

    partner_id: int = Field(
        sa_column=Column(BigInteger, ForeignKey("partner.id"), primary_key=True, autoincrement=False)
    )
    id: str = Field(primary_key=True)
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
