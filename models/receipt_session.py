"""What a citizen's visit leaves for a while: the session that a receipt's secret opened, and wrong secrets."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, DateTime, Index, Integer, LargeBinary
from sqlalchemy.dialects.postgresql import ARRAY, JSON
from sqlmodel import Field, SQLModel


class ReceiptSession(SQLModel, table=True):
    """A visit: of one reference alone where the secret of a receipt opened it, of all cases of a household where a
    code by SMS did. Neither the secret nor its cookie is here.

    `draft` is what was typed in a form of this reference that is not sent yet. The row goes with the visit, and a day
    later at the latest, whatever became of it.
    """

    __tablename__ = "receipt_session"
    __table_args__ = (Index("receipt_session_begun", "begun_at"),)

    token: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))  # the SHA-256 of what the cookie holds
    reference: str
    begun_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    seen_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    draft: str | None = Field(default=None, sa_column=Column(JSON))
    household_id: int | None = Field(default=None, sa_column=Column(BigInteger))  # where a code opened it
    # Keyed digests of the numbers whose codes opened it, or were shown in it.
    number_keys: list[bytes] | None = Field(default=None, sa_column=Column(ARRAY(LargeBinary)))
    own_phone: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default="false"))


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
