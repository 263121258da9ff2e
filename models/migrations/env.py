"""What Alembic runs: the connection is handed in by `models/migrate.py`."""

from alembic import context
from sqlmodel import SQLModel

from models import tables  # noqa: F401 - fills the metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=SQLModel.metadata)
with context.begin_transaction():
    context.run_migrations()
