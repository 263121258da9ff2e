"""The table of applications that households are filling in."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, DateTime, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class ApplicationDraft(SQLModel, table=True):
    """What a household has said so far of an application that it has not sent. The row goes when it is sent."""

    __tablename__ = "application_draft"
    __table_args__ = (
        Index("application_draft_changed", "changed_at"),
        Index("application_draft_from", "begun_from", "begun_at", postgresql_where=text("begun_from is not null")),
        Index("application_draft_fresh", "begun_at", postgresql_where=text("begun_from is not null")),
    )

    reference: str = Field(primary_key=True)  # that the application will be filed with
    said: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    begun_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    changed_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    begun_from: bytes | None = None  # the network, as a keyed digest: for an hour, and while nothing is answered
