"""What is personal in the rows of a case, said once: erasure by law and retention take the same."""

from typing import NamedTuple

from workflows.intake.receipts import OPENED_BY_US


class Personal(NamedTuple):
    """What is personal in a table. `mine`: which of its rows `t` belong to a case `ended`."""

    table: str
    columns: dict[str, str]  # each with what is left of it
    period: str = ""  # the policy's, by which it goes in time; empty: only erasure by law takes it
    kept: str = ""  # the rows that still have it and that the period takes
    mine: str = "t.case_id = ended.id"

    def put_into(self, statement: str) -> str:
        """A statement in which `table`, `erased`, `kept` and `mine` are left open."""
        erased = ", ".join(f"{column} = {left}" for column, left in self.columns.items())
        return statement.format(table=self.table, erased=erased, kept=self.kept, mine=self.mine)


# What a registered household declared last, and why it was decided so, counts until the household changes or leaves:
# the next change is compared with it. So no period takes it before; nor anything while the household appeals.
OUTDATED = """not exists (select from household_version v
    where (v.household_id, v.case_id) = (ended.household_id, ended.id)
    and not exists (select from household_version later
        where later.household_id = v.household_id and later.version > v.version)
    and not exists (select from household_end e where e.household_id = v.household_id))
and not exists (select from cases a where a.kind = 'appeal' and a.open and a.household_id = ended.household_id)"""
# The key of a review names an appeal and a household alone. It stays, lest the review be opened once more.
KEY_LEFT = f"""case when starts_with(t.idempotency_key, '{OPENED_BY_US}') then t.idempotency_key
    else 'erased:' || t.reference end"""
# In the order in which the engine writes these tables. The identifiers of its members the register keeps: they are what
# it is kept for.
PERSONAL = (
    Personal(
        "event",
        {"evidence": "null", "facts": "null", "salt": "null"},
        "event",
        f"num_nonnulls(t.evidence, t.facts, t.salt) > 0 and {OUTDATED}",
    ),
    Personal(
        "household_member",
        {"name": "null"},
        mine="t.household_id = ended.household_id and exists (select from household_version v "
        "where v.case_id = ended.id and (v.household_id, v.version) = (t.household_id, t.version))",
    ),
    # What a gateway said of a message that it refused may quote the number. In time only those go that nobody will send
    # or look at.
    Personal(
        "message",
        {"recipient": "null", "body": "null", "salt": "null", "error": "case t.status when 'failed' then 'erased' end"},
        "message",
        "t.status in ('sent', 'failed') and num_nonnulls(t.recipient, t.body) > 0",
    ),
    Personal(
        "case_body",
        {"body": "null", "phone": "null", "salt": "null"},
        "case_body",
        f"num_nonnulls(t.body, t.phone) > 0 and {OUTDATED}",
    ),
    Personal("desk_search", {"keys": "null"}, "case_body", f"t.keys is not null and {OUTDATED}"),
    Personal("desk_entry", {"text": "null"}, "case_body", "t.text is not null"),
    Personal("case_text", {"text": "null", "salt": "null"}, "case_body", "t.text is not null"),
    Personal(
        "document",
        {"content": "null", "wrapped_key": "null", "digest": "null"},
        "document",
        "num_nonnulls(t.content, t.wrapped_key, t.digest) > 0",
    ),
    # Whoever guesses a declaration could test the guess against its hash, or against a key that is one.
    Personal(
        "receipt",
        {"idempotency_key": KEY_LEFT, "body_hash": "''"},
        "case_body",
        f"t.body_hash <> '' and {OUTDATED}",
    ),
    Personal(
        "cases",
        {"applicant_idcs": "null"},
        "case_body",
        f"t.applicant_idcs is not null and {OUTDATED}",
        "t.id = ended.id",
    ),
)
