"""What may be true of a case that is due, and of a message; messages go by rank; reviews by how long they wait; since
when a case gets no answer.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TIMES = "submitted_at, stage_since, rank, due_at, deadline"
CHECKS = (
    ("cases", "case_due_in_a_queue", "(open and queue is not null) or not (ready or due_at is not null)"),
    ("cases", "case_ready_or_timed", "not (ready and due_at is not null)"),
    ("cases", "case_ended_is_at_rest", "open or not machine"),
    ("cases", "case_lane_known", "lane between 0 and 3"),
    ("cases", "case_times_readable", f"least({TIMES}) > '1900-01-01Z' and greatest({TIMES}) < '9000-01-01Z'"),
    ("message", "message_status_known", "status in ('owed', 'sending', 'sent', 'failed', 'stuck')"),
)
# Those sent before are left with the moment of the upgrade, so that the ledger is not written anew: nobody asks for
# their rank any more.
RANKS = """
    update message m set rank = e.at + (array['0', '1 minute', '5 minutes', '15 minutes']::interval[])[c.lane + 1]
    from event e join cases c on c.id = e.case_id where (e.case_id, e.seq) = (m.case_id, m.seq) and m.status <> 'sent'
"""
UNSENT, NOT_SENT = sa.text("status in ('owed', 'sending')"), sa.text("status in ('failed', 'stuck')")


def upgrade() -> None:
    """Forwards. Fails, and changes nothing, where a row breaks a check: an operator must see it."""
    for table, name, rule in CHECKS:
        op.create_check_constraint(name, table, rule)
    op.create_index(
        "case_with_people", "cases", ["stage", "stage_since", "id"], postgresql_where=sa.text("open and not machine")
    )
    op.add_column(
        "message", sa.Column("rank", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())
    )
    op.alter_column("message", "rank", server_default=None)
    op.execute(RANKS)
    op.drop_index("message_due", "message")
    op.create_index("message_due", "message", ["status", "rank", "tries", "due_at"], postgresql_where=UNSENT)
    op.create_index("message_due_by_time", "message", ["due_at"], postgresql_where=UNSENT)
    op.create_index("message_not_sent", "message", ["status"], postgresql_where=NOT_SENT)
    op.drop_column("message", "lease_owner")
    op.create_index("case_failure_open", "case_failure", ["case_id"], postgresql_where=sa.text("not parked"))
    op.add_column("case_failure", sa.Column("unanswered_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("case_failure", sa.Column("uncounted", sa.Boolean(), nullable=False, server_default="false"))
    op.add_column("attempt", sa.Column("unanswered", sa.Boolean(), nullable=False, server_default="false"))
    op.add_column("attempt", sa.Column("probe", sa.Boolean(), nullable=False, server_default="false"))
    op.add_column("attempt", sa.Column("rank", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "held_stage",
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("probe_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("stage"),
    )
    op.create_index("case_failure_alike", "case_failure", ["stage", "error", "at"])
    op.create_index(
        "attempt_quarantined", "attempt", ["unanswered", "at", "id"], postgresql_where=sa.text("worker_id is null")
    )
    op.create_index("attempt_in_work", "attempt", ["worker_id"], postgresql_where=sa.text("worker_id is not null"))


def downgrade() -> None:
    """Backwards."""
    op.drop_index("attempt_in_work", "attempt")
    op.drop_index("attempt_quarantined", "attempt")
    op.drop_index("case_failure_alike", "case_failure")
    op.drop_table("held_stage")
    op.drop_column("attempt", "probe")
    op.drop_column("attempt", "rank")
    op.drop_column("attempt", "unanswered")
    op.drop_column("case_failure", "uncounted")
    op.drop_column("case_failure", "unanswered_since")
    op.drop_index("case_failure_open", "case_failure")
    op.add_column("message", sa.Column("lease_owner", sa.BigInteger(), nullable=True))
    op.drop_index("message_not_sent", "message")
    op.drop_index("message_due_by_time", "message")
    op.drop_index("message_due", "message")
    op.create_index("message_due", "message", ["due_at"], postgresql_where=UNSENT)
    op.drop_column("message", "rank")
    op.drop_index("case_with_people", "cases")
    for table, name, _ in CHECKS:
        op.drop_constraint(name, table)
