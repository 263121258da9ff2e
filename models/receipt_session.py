"""What a citizen's visit leaves for a while: the session that a receipt's secret opened, and wrong secrets."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, DateTime, Index, Integer, LargeBinary
from sqlalchemy.dialects.postgresql import JSON
from sqlmodel import Field, SQLModel


class ReceiptSession(SQLModel, table=True):
    """A visit that the secret of a receipt opened, of one reference alone. Neither the secret nor its cookie is here.

    `draft` is what was typed in a form that is not sent yet. The row goes with the visit, and half an hour later at
    the latest, whatever became of it.
    """

    __tablename__ = "receipt_session"
    __table_args__ = (Index("receipt_session_begun", "begun_at"),)

    token: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))  # the SHA-256 of what the cookie holds
    reference: str
    begun_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    seen_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    draft: str | None = Field(default=None, sa_column=Column(JSON))


class WrongSecret(SQLModel, table=True):
    """How often in a row a wrong secret was given for a reference, and when last: each wait is longer than the one
    before.
    """

    __tablename__ = "wrong_secret"
    __table_args__ = (
        Index("wrong_secret_at", "at"),
        CheckConstraint("tries >= 0", name="wrong_secret_tries"),
    )

    reference: str = Field(primary_key=True)
    tries: int = Field(sa_column=Column(Integer, nullable=False))
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
