"""The table of documents that households add: sealed, each by a key of its own."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel


class Document(SQLModel, table=True):
    """A document that shows something about a case. What it shows can be read with a key of the settings alone.

    Once its period is over, its case is erased or its household takes it back, content and key are gone, and the row
    says that it was there. The case's events say so, too: `seq` is the one of its coming, `removed_seq` that of its
    going.
    """

    __tablename__ = "document"
    __table_args__ = (
        UniqueConstraint("case_id", "digest"),  # the same file that is sent twice is kept once
        UniqueConstraint("case_id", "seq"),
        Index("document_by_key", "key_id", "id", postgresql_where=text("wrapped_key is not null")),
        CheckConstraint("size > 0 and pages > 0", name="document_size"),
        CheckConstraint(
            "removed_seq is null or (removed_seq > seq and num_nonnulls(content, wrapped_key, digest) = 0)",
            name="document_removed_whole",
        ),
    )

    id: str = Field(primary_key=True)  # nobody guesses it
    case_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    seq: int = Field(sa_column=Column(Integer, nullable=False))
    removed_seq: int | None = Field(default=None, sa_column=Column(Integer))
    moment: str  # what the household was asked for when it added it
    shows: str  # what the household says that it shows: a code
    media_type: str
    size: int = Field(sa_column=Column(Integer, nullable=False))  # of the content, in bytes
    pages: int = Field(sa_column=Column(Integer, nullable=False))
    content: bytes | None = Field(default=None, sa_column=Column(LargeBinary))  # sealed by the key of this document
    wrapped_key: bytes | None = Field(default=None, sa_column=Column(LargeBinary))  # sealed by the key `key_id`
    key_id: str
    digest: bytes | None = Field(default=None, sa_column=Column(LargeBinary))  # keyed, of the file as it was sent
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    actor: str
