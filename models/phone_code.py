"""The table of codes by SMS, which prove that somebody has a phone at hand."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, Column, DateTime, Index, LargeBinary, SmallInteger, Text, text
from sqlmodel import Field, SQLModel


class PhoneCode(SQLModel, table=True):
    """A code that somebody asked for, or would have got: the row of an unknown household looks like any other.

    The code itself is in no table: it follows from the token and the installation's key. The number is here until the
    message left; its keyed digest stays for a day, so that no phone gets more messages than it should.
    """

    __tablename__ = "phone_code"
    __table_args__ = (
        Index("phone_code_owed", "at", postgresql_where=text("status = 'owed'")),
        Index("phone_code_at", "at"),
        Index("phone_code_number", "number_key", "at", postgresql_where=text("number_key is not null")),
        Index("phone_code_address", "address_key", "at"),
        CheckConstraint("status in ('none', 'owed', 'sent', 'failed', 'used')", name="phone_code_status"),
        CheckConstraint("tries >= 0", name="phone_code_tries"),
    )

    token: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))  # the SHA-256 of what the cookie holds
    reference: str | None = None  # what the code opens; none: of nobody that we know
    recipient: str | None = None  # until it is sent
    number_key: bytes | None = Field(default=None, sa_column=Column(LargeBinary))  # keyed digest of the number
    address_key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))  # keyed digest of the asker's network
    language: str
    own_phone: bool = Field(sa_column=Column(Boolean, nullable=False))  # nobody else uses it, as its reader says
    # none: nobody gets it | owed | sent | failed | used
    status: str = Field(sa_column=Column(Text, nullable=False))
    tries: int = Field(default=0, sa_column=Column(SmallInteger, nullable=False, server_default="0"))
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
