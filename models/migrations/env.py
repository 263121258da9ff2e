"""Alembic's entry point; `models/migrate.py` hands it the connection."""

from alembic import context
from sqlmodel import SQLModel

from models import tables  # noqa: F401 - fills the metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=SQLModel.metadata)
with context.begin_transaction():
    context.run_migrations()
