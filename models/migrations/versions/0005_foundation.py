"""The foundation: persons, households, cases of every kind, their history, the ledger, and what the engine needs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from models.audit import TransactionNumber

revision = "0005"
down_revision = None
branch_labels = None
depends_on = None

TIMES = "submitted_at, stage_since, rank, due_at, deadline"
TABLES = (
    "anchor_series",
    "attempt",
    "audit_entry",
    "audit_seal",
    "case_body",
    "case_failure",
    "case_text",
    "cases",
    "daily_job",
    "desk_entry",
    "desk_item",
    "desk_lock",
    "desk_search",
    "document",
    "eligibility",
    "event",
    "held_stage",
    "household",
    "household_end",
    "household_member",
    "household_period",
    "household_version",
    "kept_form",
    "letter",
    "letter_batch",
    "life_event_aside",
    "life_feed",
    "merge_heard",
    "message",
    "message_part",
    "partner_key",
    "partner_question",
    "partner_tries",
    "partner",
    "name_share",
    "paused_queue",
    "person",
    "person_awaited",
    "person_claim",
    "person_before",
    "person_event",
    "person_event_seal",
    "person_merge",
    "issued_identifier",
    "phone_code",
    "queue_sample",
    "receipt",
    "application_draft",
    "receipt_session",
    "register_elsewhere",
    "score",
    "score_correction",
    "sign_in_flow",
    "sign_in_wait",
    "staff_role",
    "staff_session",
    "staff_account",
    "staff_name",
    "worker",
    "wrong_secret",
)
DESK_TAB = """
    case
        when waits_for is null and done_at is not null then 'done'::text
        when waits_for is null then null::text
        when waits_for = 'citizen'::text then 'citizen'::text
        when waits_for = 'operator'::text then 'parked'::text
        when waits_for <> all (array['staff'::text, 'population_officer'::text, 'either'::text]) then 'escalated'::text
        when holder is null then 'unassigned'::text
        else 'held'::text
    end
"""
DESK_NEXT = "holder is null and waits_for in ('staff', 'population_officer', 'either', 'supervisor')"
# The queue changes all the time: its dead rows are cleared away often, and pages keep room for a row's next version.
# What is sealed cannot be compressed.
TUNED = """
    alter table cases set (
        fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1,
        autovacuum_analyze_scale_factor = 0.05
    );
    alter table attempt set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
    alter table message set (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
    alter table document alter column content set storage external
"""

# What was noted of the staff, which identifiers were issued and what happened to persons stays as it is, whoever
# connects: `enable always` fires in every session.
KEPT = """
    create function refuse_change() returns trigger language plpgsql as $$
        begin
            raise exception 'Rows of % are never changed.', tg_table_name;
        end
    $$;
    create trigger audit_entry_kept before update or delete or truncate on audit_entry
        for each statement execute function refuse_change();
    create trigger audit_seal_kept before update or delete or truncate on audit_seal
        for each statement execute function refuse_change();
    create trigger issued_identifier_kept before update or delete or truncate on issued_identifier
        for each statement execute function refuse_change();
    create trigger person_event_kept before update or delete or truncate on person_event
        for each statement execute function refuse_change();
    create trigger person_event_seal_kept before update or delete or truncate on person_event_seal
        for each statement execute function refuse_change();
    alter table person_event enable always trigger person_event_kept;
    alter table person_event_seal enable always trigger person_event_seal_kept;
    alter table issued_identifier enable always trigger issued_identifier_kept;
    alter table audit_entry enable always trigger audit_entry_kept;
    alter table audit_seal enable always trigger audit_seal_kept
"""


def upgrade() -> None:
    """From nothing."""
    op.execute("create extension if not exists btree_gist")  # households' periods go by number and range at once
    op.create_table(
        "anchor_series",
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("series"),
    )
    op.create_table(
        "attempt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("worker_id", sa.BigInteger(), nullable=True),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("case_ids", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unanswered", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("probe", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("rank", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "attempt_in_work", "attempt", ["worker_id"], unique=False, postgresql_where=sa.text("worker_id is not null")
    )
    op.create_index(
        "attempt_quarantined",
        "attempt",
        ["unanswered", "at", "id"],
        unique=False,
        postgresql_where=sa.text("worker_id is null"),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("xact", TransactionNumber(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("case_ids", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("persons", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("detail", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("at > '1900-01-01Z' and at < '9000-01-01Z'", name="audit_entry_at_readable"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("audit_entry_act", "audit_entry", ["act", "at"], unique=False)
    op.create_index("audit_entry_actor", "audit_entry", ["actor", "at"], unique=False)
    op.create_index("audit_entry_at", "audit_entry", ["at"], unique=False)
    op.create_index(
        "audit_entry_cases",
        "audit_entry",
        ["case_ids"],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": 256},
    )
    op.create_index(
        "audit_entry_persons",
        "audit_entry",
        ["persons"],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": 256},
    )
    op.create_index("audit_entry_settled", "audit_entry", ["xact", "id"], unique=False)
    op.create_table(
        "audit_seal",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("entry_id"),
    )
    op.create_table(
        "case_body",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=True),
        sa.Column("body", postgresql.JSON(astext_type=sa.Text()), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "number"),
    )
    op.create_index("case_body_phone", "case_body", ["phone"], unique=False)
    op.create_table(
        "case_failure",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("traceback", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("parked", sa.Boolean(), nullable=False),
        sa.Column("unanswered_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("uncounted", sa.Boolean(), server_default="false", nullable=False),
        sa.PrimaryKeyConstraint("case_id"),
    )
    op.create_index("case_failure_alike", "case_failure", ["kind", "stage", "error", "at"], unique=False)
    op.create_index(
        "case_failure_open", "case_failure", ["case_id"], unique=False, postgresql_where=sa.text("not parked")
    )
    op.create_table(
        "case_text",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("char_length(text) between 1 and 2000", name="case_text_length"),
        sa.PrimaryKeyConstraint("case_id", "seq"),
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("machine", sa.Boolean(), nullable=False),
        sa.Column("queue", sa.String(), nullable=True),
        sa.Column("lane", sa.SmallInteger(), nullable=False),
        sa.Column("ready", sa.Boolean(), nullable=False),
        sa.Column("waiting", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("rank", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=True),
        sa.Column("applicant_idcs", sa.String(), nullable=True),
        sa.Column("region", sa.SmallInteger(), nullable=False),
        sa.Column("province", sa.String(), nullable=True),
        sa.Column("body_number", sa.Integer(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stage_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("parent_seq", sa.Integer(), nullable=True),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            f"least({TIMES}) > '1900-01-01Z' and greatest({TIMES}) < '9000-01-01Z'",
            name="case_times_readable",
        ),
        sa.CheckConstraint(
            "(open and queue is not null) or not (ready or due_at is not null)", name="case_due_in_a_queue"
        ),
        sa.CheckConstraint("lane between 0 and 3", name="case_lane_known"),
        sa.CheckConstraint("not (ready and due_at is not null)", name="case_ready_or_timed"),
        sa.CheckConstraint("not waiting or (open and not (machine or ready))", name="case_waiting_is_at_rest"),
        sa.CheckConstraint("open or not machine", name="case_ended_is_at_rest"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("case_due", "cases", ["queue", "lane", "rank"], unique=False, postgresql_where=sa.text("ready"))
    op.create_index("case_one_in_machine", "cases", ["household_id"], unique=True, postgresql_where=sa.text("machine"))
    op.create_index(
        "case_one_open_registration",
        "cases",
        ["applicant_idcs"],
        unique=True,
        postgresql_where=sa.text("open and kind = 'registration' and proved_at is not null"),
    )
    op.create_index(
        "case_of_household",
        "cases",
        ["household_id"],
        unique=False,
        postgresql_where=sa.text("kind <> 'registration'"),
    )
    op.create_index(
        "case_opened_once",
        "cases",
        ["parent_id", "parent_seq"],
        unique=True,
        postgresql_where=sa.text("parent_id is not null"),
    )
    op.create_index("case_timer", "cases", ["due_at"], unique=False, postgresql_where=sa.text("due_at is not null"))
    op.create_index(
        "case_waiting", "cases", ["household_id", "rank"], unique=False, postgresql_where=sa.text("waiting")
    )
    op.create_index(
        "case_with_people",
        "cases",
        ["kind", "stage", "stage_since", "id"],
        unique=False,
        postgresql_where=sa.text("open and not machine and not waiting"),
    )
    op.create_table(
        "daily_job",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("clock_confirmed_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "desk_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("given_to", sa.String(), nullable=True),
        sa.Column("priority", sa.SmallInteger(), nullable=True),
        sa.Column("text", sa.String(), nullable=True),
        sa.CheckConstraint("char_length(text) between 1 and 2000", name="desk_entry_length"),
        sa.CheckConstraint("what in ('assigned', 'handed_back', 'priority', 'note')", name="desk_entry_known"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("desk_entry_of", "desk_entry", ["case_id", "id"], unique=False)
    op.create_table(
        "desk_item",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("waits_for", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("barred", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("region", sa.SmallInteger(), nullable=False),
        sa.Column("province", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("flags", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.String(), nullable=True),
        sa.Column("done_as", sa.String(), nullable=True),
        sa.Column("tab", sa.Text(), sa.Computed(DESK_TAB, persisted=True), nullable=True),
        sa.Column(
            "sorted_at",
            sa.DateTime(timezone=True),
            sa.Computed("case when waits_for is null then done_at else due_at end", persisted=True),
            nullable=True,
        ),
        sa.CheckConstraint(
            "waits_for in ('staff', 'population_officer', 'either', 'supervisor', 'commission', 'citizen', 'operator')",
            name="desk_waits",
        ),
        sa.CheckConstraint("waits_for is null or done_at is null", name="desk_waits_or_done"),
        sa.CheckConstraint("num_nulls(done_at, done_by, done_as) in (0, 3)", name="desk_done_whole"),
        sa.CheckConstraint("priority between 1 and 4", name="desk_priority_known"),
        sa.PrimaryKeyConstraint("case_id"),
    )
    for name, first in (("due", []), ("region", ["region"]), ("province", ["province"]), ("queue", ["queue"])):
        op.create_index(f"desk_item_{name}", "desk_item", ["tab", *first, "sorted_at", "case_id"], unique=False)
    op.create_index(
        "desk_item_holder",
        "desk_item",
        ["holder", "sorted_at", "case_id"],
        unique=False,
        postgresql_where=sa.text("waits_for in ('staff', 'population_officer', 'either', 'supervisor', 'commission')"),
    )
    op.create_index(
        "desk_item_done_by",
        "desk_item",
        ["done_by", "sorted_at", "case_id"],
        unique=False,
        postgresql_where=sa.text("done_by is not null"),
    )
    for name, first in (("", []), ("_region", ["region"]), ("_province", ["province"])):
        op.create_index(
            f"desk_item_next{name}",
            "desk_item",
            ["waits_for", *first, "priority", "sorted_at", "case_id"],
            unique=False,
            postgresql_where=sa.text(DESK_NEXT),
        )
    op.create_index(
        "desk_item_left", "desk_item", ["since"], unique=False, postgresql_where=sa.text("waits_for is null")
    )
    op.create_table(
        "desk_lock",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("case_id"),
    )
    op.create_table(
        "desk_search",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("keys", sa.ARRAY(sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("case_id"),
    )
    op.create_index("desk_search_keys", "desk_search", ["keys"], unique=False, postgresql_using="gin")
    op.create_table(
        "document",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("removed_seq", sa.Integer(), nullable=True),
        sa.Column("moment", sa.String(), nullable=False),
        sa.Column("shows", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.CheckConstraint("size > 0 and pages > 0", name="document_size"),
        sa.CheckConstraint(
            "removed_seq is null or (removed_seq > seq and num_nonnulls(content, wrapped_key, digest) = 0)",
            name="document_removed_whole",
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("case_id", "digest"),
        sa.UniqueConstraint("case_id", "seq"),
    )
    op.create_index(
        "document_by_key",
        "document",
        ["key_id", "id"],
        unique=False,
        postgresql_where=sa.text("wrapped_key is not null"),
    )
    op.create_table(
        "eligibility",
        sa.Column("household_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("eligible", sa.Boolean(), nullable=False),
        sa.Column("threshold", sa.Numeric(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("household_id", "version", "programme"),
    )
    op.create_table(
        "event",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("evidence", postgresql.JSON(astext_type=sa.Text()), nullable=True),
        sa.Column("facts", postgresql.JSON(astext_type=sa.Text()), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("owed", sa.LargeBinary(), server_default="", nullable=False),
        sa.CheckConstraint(
            "kind not in ('ApplicationRefused', 'AppealRejected', 'AppealUpheld', 'AppealSetAside', "
            "'EnrolmentConfirmed', 'FoundAnother', 'EnrolledAlready') or facts is null "
            "or coalesce(facts ->> 'proposed_by', facts ->> 'attested_by', '') not in ('', actor) "
            "or (facts ->> 'proposed_by' is null and (kind = 'AppealSetAside' or (kind = 'AppealUpheld' "
            "and coalesce(facts ->> 'outcome', '') = 'upheld')))",
            name="event_second_is_another",
        ),
        sa.PrimaryKeyConstraint("case_id", "seq"),
    )
    op.create_index(
        "event_at", "event", ["at"], unique=False, postgresql_using="brin", postgresql_with={"autosummarize": "on"}
    )
    op.create_table(
        "held_stage",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("probe_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "stage"),
    )
    op.create_table(
        "household",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("registered_by", sa.BigInteger(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "household_member",
        sa.Column("household_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("idcs", sa.Text(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("relationship", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("household_id", "version", "position"),
    )
    op.create_table(
        "household_period",
        sa.Column("household_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("valid", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("known", postgresql.TSTZRANGE(), nullable=False),
        sa.CheckConstraint("not (isempty(valid) or isempty(known))", name="household_period_not_empty"),
        postgresql.ExcludeConstraint(
            (sa.column("household_id"), "="),
            (sa.column("valid"), "&&"),
            (sa.column("known"), "&&"),
            using="gist",
            name="household_period_no_overlap",
        ),
        sa.PrimaryKeyConstraint("household_id", "number"),
    )
    op.create_table(
        "household_end",
        sa.Column("household_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("household_id"),
    )
    op.create_table(
        "household_version",
        sa.Column("household_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("milieu", sa.String(), nullable=False),
        sa.Column("region", sa.SmallInteger(), nullable=False),
        sa.Column("province", sa.String(), nullable=True),
        sa.Column("commune", sa.String(), nullable=False),
        sa.Column("size", sa.SmallInteger(), nullable=False),
        sa.Column("replaces", sa.Integer(), nullable=True),
        sa.Column("corrects", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("household_id", "version"),
    )
    op.create_table(
        "message",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=True),
        sa.Column("body", sa.String(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.Text(), server_default="owed", nullable=False),
        sa.Column("rank", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tries", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("delivery", sa.String(), nullable=True),
        sa.Column("delivery_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("needs_proof", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("status in ('owed', 'sending', 'sent', 'failed', 'stuck')", name="message_status_known"),
        sa.PrimaryKeyConstraint("case_id", "seq", "template"),
    )
    op.create_index(
        "message_due",
        "message",
        ["channel", "status", "rank", "tries", "due_at"],
        unique=False,
        postgresql_where=sa.text("status in ('owed', 'sending')"),
    )
    op.create_index(
        "message_due_by_time",
        "message",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("status in ('owed', 'sending')"),
    )
    op.create_index(
        "message_lost",
        "message",
        ["case_id"],
        unique=False,
        postgresql_where=sa.text("needs_proof and (status = 'failed' or delivery = 'undelivered')"),
    )
    op.create_index(
        "message_not_sent",
        "message",
        ["status"],
        unique=False,
        postgresql_where=sa.text("status in ('failed', 'stuck')"),
    )
    op.create_index(
        "message_reported",
        "message",
        ["delivery_at"],
        unique=False,
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )
    op.create_index(
        "message_sent",
        "message",
        ["sent_at"],
        unique=False,
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )
    op.create_index(
        "message_undelivered",
        "message",
        ["status", "case_id", "seq", "template"],
        unique=False,
        postgresql_where=sa.text("delivery = 'undelivered'"),
    )
    op.create_index(
        "message_unproved",
        "message",
        ["sent_at"],
        unique=False,
        postgresql_where=sa.text("needs_proof and status = 'sent' and delivery is null"),
    )
    op.create_table(
        "letter",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("set_aside_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("letter_of_batch", "letter", ["batch"], postgresql_where=sa.text("batch is not null"))
    op.create_index("letter_of_case", "letter", ["case_id"])
    op.create_index("letter_waiting", "letter", ["set_aside_at", "id"], postgresql_where=sa.text("batch is null"))
    op.create_table(
        "letter_batch",
        sa.Column("number", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "message_part",
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("template", sa.String(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=True),
        sa.Column("parts", sa.SmallInteger(), nullable=True),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state in ('waiting', 'undelivered', 'delivered')", name="message_part_state_known"),
        sa.PrimaryKeyConstraint("gateway", "number"),
    )
    op.create_index(
        "message_part_of",
        "message_part",
        ["case_id", "seq", "template"],
        unique=False,
        postgresql_where=sa.text("case_id is not null"),
    )
    op.create_table(
        "person_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("xact", TransactionNumber(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("idcs", sa.String(), nullable=False),
        sa.Column("other_idcs", sa.String(), nullable=True),
        sa.Column("happened_on", sa.Date(), nullable=True),
        sa.Column("fields", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "kind in ('birth', 'death', 'marriage', 'divorce', 'guardian_changed', 'name_changed', 'corrected', "
            "'merged', 'merge_undone')",
            name="person_event_known",
        ),
        sa.CheckConstraint("at > '1900-01-01Z' and at < '9000-01-01Z'", name="person_event_at_readable"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("person_event_settled", "person_event", ["xact", "id"], unique=False)
    op.create_index("person_event_of", "person_event", ["idcs", "id"], unique=False)
    op.create_table(
        "person_before",
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("values", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_table(
        "person_event_seal",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("entry_id"),
    )
    op.create_table(
        "person_merge",
        sa.Column("idcs", sa.String(), nullable=False),
        sa.Column("kept_idcs", sa.String(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("idcs <> kept_idcs", name="person_merge_of_two"),
        sa.PrimaryKeyConstraint("idcs"),
    )
    op.create_index("person_merge_into", "person_merge", ["kept_idcs"], unique=False)
    op.create_table(
        "life_feed",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("halted", sa.String(), nullable=True),
        sa.Column("halted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("source in ('here', 'elsewhere')", name="life_feed_known"),
        sa.CheckConstraint("cursor >= 0", name="life_feed_cursor_counts"),
        sa.PrimaryKeyConstraint("source"),
    )
    op.create_table(
        "life_event_aside",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idcs", sa.String(), nullable=True),
        sa.Column("other_idcs", sa.String(), nullable=True),
        sa.Column("happened_on", sa.Date(), nullable=True),
        sa.Column("fields", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waits_for", sa.ARRAY(sa.BigInteger()), nullable=True),
        sa.Column("again_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("source", "position"),
    )
    op.create_index(
        "life_event_waits", "life_event_aside", ["position"], postgresql_where=sa.text("waits_for is not null")
    )
    op.create_index(
        "life_event_aside_open",
        "life_event_aside",
        ["position"],
        postgresql_where=sa.text("waits_for is null and settled_at is null"),
    )
    op.create_table(
        "merge_heard",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("idcs", sa.String(), nullable=False),
        sa.Column("kept_idcs", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("source", "idcs"),
    )
    op.create_index("merge_heard_into", "merge_heard", ["kept_idcs"])
    op.create_index("life_event_of", "life_event_aside", ["idcs"], postgresql_where=sa.text("waits_for is not null"))
    op.create_table(
        "partner",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("policy", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("rate", sa.Integer(), nullable=False),
        sa.Column("allowance", sa.Double(), nullable=False),
        sa.Column("allowance_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("name ~ '^[a-z][a-z0-9-]{1,39}$'", name="partner_name_readable"),
        sa.CheckConstraint("rate between 1 and 1000000", name="partner_rate_bounded"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "partner_key",
        sa.Column("partner_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kid", sa.String(), nullable=False),
        sa.Column("x", sa.String(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"]),
        sa.PrimaryKeyConstraint("partner_id", "kid"),
    )
    op.create_table(
        "partner_question",
        sa.Column("partner_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"]),
        sa.PrimaryKeyConstraint("partner_id", "id"),
    )
    op.create_index("partner_question_at", "partner_question", ["at"], unique=False)
    op.create_table(
        "partner_tries",
        sa.Column("partner_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"]),
        sa.PrimaryKeyConstraint("partner_id", "token"),
    )
    op.create_index("partner_tries_since", "partner_tries", ["since"], unique=False)
    op.create_table(
        "paused_queue",
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("queue"),
    )
    op.create_table(
        "register_elsewhere",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("open_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("call_size", sa.Integer(), nullable=True),
        sa.Column("free_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "queue_sample",
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("oldest_seconds", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("queue", "at"),
    )
    op.create_table(
        "issued_identifier",
        sa.Column("idcs", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("idcs"),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("idcs", sa.Text(), nullable=False),
        sa.Column("given_name_ar", sa.String(), nullable=True),
        sa.Column("family_name_ar", sa.String(), nullable=True),
        sa.Column("given_name_la", sa.String(), nullable=True),
        sa.Column("family_name_la", sa.String(), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("birth_precision", sa.String(), nullable=False),
        sa.Column("sex", sa.String(), nullable=False),
        sa.Column("cin", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("birth_place", sa.String(), nullable=True),
        sa.Column("nationality", sa.String(), nullable=True),
        sa.Column("guardian", sa.String(), nullable=True),
        sa.Column("enrolled_by", sa.BigInteger(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("commune", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("keys", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.CheckConstraint(
            "coalesce(given_name_ar, family_name_ar, given_name_la, family_name_la) is not null", name="person_has_name"
        ),
        sa.CheckConstraint("cardinality(keys) > 0", name="person_can_be_found"),
        sa.CheckConstraint("birth_precision in ('day', 'year')", name="person_birth_precision_known"),
        sa.CheckConstraint("idcs ~ '^[0-9]{10}$'", name="person_idcs_is_ten_digits"),
        sa.CheckConstraint("sex in ('female', 'male')", name="person_sex_known"),
        sa.CheckConstraint("status in ('alive', 'deceased')", name="person_status_known"),
        sa.ForeignKeyConstraint(["idcs"], ["issued_identifier.idcs"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("idcs"),
    )
    op.create_index(
        "person_enrolled_by",
        "person",
        ["enrolled_by"],
        unique=True,
        postgresql_where=sa.text("enrolled_by is not null"),
    )
    op.create_index(
        "person_keys", "person", ["keys"], unique=False, postgresql_using="gin", postgresql_with={"fastupdate": "off"}
    )
    op.create_table(
        "name_share",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("share", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "person_awaited",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("idcs", sa.String(), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "idcs"),
    )
    op.create_index("person_awaited_idcs", "person_awaited", ["idcs"], unique=False)
    op.create_index("person_awaited_of", "person_awaited", ["household_id"], unique=False)
    op.create_table(
        "person_claim",
        sa.Column("idcs", sa.String(), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("idcs"),
    )
    op.create_index("person_claim_by_case", "person_claim", ["case_id"], unique=False)
    op.create_table(
        "receipt",
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("reference"),
        sa.UniqueConstraint("idempotency_key"),
    )
    op.create_index("receipt_by_case", "receipt", ["case_id"], unique=False)
    op.create_table(
        "application_draft",
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("said", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_from", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("reference"),
    )
    op.create_index("application_draft_changed", "application_draft", ["changed_at"], unique=False)
    fresh = sa.text("begun_from is not null")
    op.create_index(
        "application_draft_from", "application_draft", ["begun_from", "begun_at"], unique=False, postgresql_where=fresh
    )
    op.create_index("application_draft_fresh", "application_draft", ["begun_at"], unique=False, postgresql_where=fresh)
    op.create_table(
        "receipt_session",
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("draft", postgresql.JSON(astext_type=sa.Text()), nullable=True),
        sa.Column("household_id", sa.BigInteger(), nullable=True),
        sa.Column("number_keys", postgresql.ARRAY(sa.LargeBinary()), nullable=True),
        sa.Column("own_phone", sa.Boolean(), server_default="false", nullable=False),
        sa.PrimaryKeyConstraint("token"),
    )
    op.create_table(
        "phone_code",
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("recipient", sa.String(), nullable=True),
        sa.Column("number_key", sa.LargeBinary(), nullable=True),
        sa.Column("address_key", sa.LargeBinary(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("own_phone", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("tries", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status in ('none', 'owed', 'sent', 'failed', 'used')", name="phone_code_status"),
        sa.CheckConstraint("tries >= 0", name="phone_code_tries"),
        sa.PrimaryKeyConstraint("token"),
    )
    op.create_index("phone_code_address", "phone_code", ["address_key", "at"], unique=False)
    op.create_index("phone_code_at", "phone_code", ["at"], unique=False)
    op.create_index(
        "phone_code_number",
        "phone_code",
        ["number_key", "at"],
        unique=False,
        postgresql_where=sa.text("number_key is not null"),
    )
    op.create_index("phone_code_owed", "phone_code", ["at"], unique=False, postgresql_where=sa.text("status = 'owed'"))
    op.create_index("receipt_session_begun", "receipt_session", ["begun_at"], unique=False)
    op.create_table(
        "score",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Numeric(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "seq"),
    )
    op.create_table(
        "score_correction",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("contested_case", sa.BigInteger(), nullable=False),
        sa.Column("contested_seq", sa.Integer(), nullable=False),
        sa.Column("score_computed", sa.Numeric(), nullable=False),
        sa.Column("score_corrected", sa.Numeric(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("corrected_by", sa.BigInteger(), nullable=False),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "seq"),
    )
    op.create_table(
        "sign_in_wait",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("free_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "sign_in_flow",
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("browser", sa.LargeBinary(), nullable=False),
        sa.Column("verifier", sa.String(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("next", sa.String(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("state"),
    )
    op.create_index("sign_in_flow_by_age", "sign_in_flow", ["begun_at"], unique=False)
    op.create_table(
        "staff_account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("password", sa.String(), nullable=True),
        sa.Column("password_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("app_secret", sa.LargeBinary(), nullable=True),
        sa.Column("app_step", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("recovery", sa.ARRAY(sa.LargeBinary()), server_default="{}", nullable=False),
        sa.Column("issuer", sa.String(), nullable=True),
        sa.Column("subject", sa.String(), nullable=True),
        sa.CheckConstraint("(issuer is null) = (subject is null)", name="staff_account_provider_whole"),
        sa.CheckConstraint("(password is null) or (issuer is null)", name="staff_account_one_way_in"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
        sa.UniqueConstraint("issuer", "subject", name="staff_account_of_provider"),
    )
    op.create_table(
        "staff_role",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("region", sa.SmallInteger(), nullable=True),
        sa.Column("province", sa.String(), nullable=True),
        sa.CheckConstraint(
            "role in ('caseworker', 'supervisor', 'commission', 'population_officer', 'operator', 'auditor', "
            "'administrator')",
            name="staff_role_known",
        ),
        sa.CheckConstraint("region between 1 and 12", name="staff_role_region_known"),
        sa.CheckConstraint("province is null or region is not null", name="staff_role_province_in_region"),
        sa.ForeignKeyConstraint(["account_id"], ["staff_account.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account_id", "role", "region", "province", postgresql_nulls_not_distinct=True),
        postgresql.ExcludeConstraint(
            (sa.column("account_id"), "="),
            (sa.literal_column("((role = 'auditor')::int)"), "<>"),
            using="gist",
            name="staff_role_auditor",
        ),
        postgresql.ExcludeConstraint(
            (sa.column("account_id"), "="),
            (sa.literal_column("((role = 'administrator')::int)"), "<>"),
            using="gist",
            where=sa.text("role in ('administrator', 'caseworker', 'supervisor', 'commission')"),
            name="staff_role_administrator",
        ),
    )
    op.create_table(
        "staff_session",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("owes", sa.String(), nullable=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["staff_account.id"]),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "kept_form",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["staff_account.id"]),
        sa.PrimaryKeyConstraint("account_id", "address"),
    )
    op.create_index(
        "staff_session_of", "staff_session", ["account_id"], unique=False, postgresql_where=sa.text("ended_at is null")
    )
    op.create_table(
        "staff_name",
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("actor"),
    )
    op.create_table(
        "worker",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("process", sa.Text(), server_default="", nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("queues", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("synchronous_commit", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "wrong_secret",
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("tries >= 0", name="wrong_secret_tries"),
        sa.PrimaryKeyConstraint("reference"),
    )
    op.create_index("wrong_secret_at", "wrong_secret", ["at"], unique=False)
    op.execute(TUNED)
    op.execute(KEPT)


def downgrade() -> None:
    """To nothing."""
    for table in TABLES:
        op.drop_table(table)
    op.execute("drop function refuse_change")
