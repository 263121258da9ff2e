"""What may be true of a case that is due, and of a message."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CHECKS = (
    ("cases", "case_due_in_a_queue", "(open and queue is not null) or not (ready or due_at is not null)"),
    ("cases", "case_ready_or_timed", "not (ready and due_at is not null)"),
    ("cases", "case_ended_is_at_rest", "open or not machine"),
    ("cases", "case_lane_known", "lane between 0 and 3"),
    ("message", "message_status_known", "status in ('owed', 'sending', 'sent', 'failed', 'stuck')"),
)


def upgrade() -> None:
    """Forwards. Fails, and changes nothing, where a row breaks a check: an operator must see it."""
    for table, name, rule in CHECKS:
        op.create_check_constraint(name, table, rule)


def downgrade() -> None:
    """Backwards."""
    for table, name, _ in CHECKS:
        op.drop_constraint(name, table)
