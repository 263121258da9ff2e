"""The rows of every table that names a case of a range, beside what that case's events say: which counts rise, and
where.
"""

from typing import Any

from psycopg.rows import dict_row

from models.database import Connection
from workflows.doctor.case_rows import compare_bodies, compare_case, compare_receipts
from workflows.doctor.desk_rows import compare_item, compare_keys
from workflows.doctor.document_rows import compare_documents
from workflows.doctor.findings import Findings, Location
from workflows.doctor.ledger_rows import compare_messages
from workflows.doctor.recomputed import Recomputed, cases_of
from workflows.doctor.register_rows import compare_register
from workflows.doctor.text_rows import compare_texts
from workflows.history.keyranges import KeyRange

COUNTS = {
    "cases": "cases_changed",
    "event": "events_unreadable",
    "case_body": "bodies_changed",
    "case_text": "texts_changed",
    "document": "documents_changed",
    "receipt": "receipts_changed",
    "message": "messages_changed",
    "person_claim": "claims_changed",
    "desk_item": "desk_differs",
    "desk_search": "desk_differs",
}
REGISTER_CHANGED = "register_changed"  # the count of every other table
NAMES = (*COUNTS.values(), REGISTER_CHANGED)
# For each table its rows that belong to a case, with that case; the register's go by household, as their keys do.
ROWS = {
    "case_text": "select case_id as of_case, * from case_text where case_id = any(%(cases)s)",
    # What is sealed stays where it is: its digest is enough.
    "document": """
        select case_id as of_case, id, seq, removed_seq, moment, shows, media_type, size, pages, at, actor, key_id,
            wrapped_key, digest is not null as has_digest, encode(sha256(content), 'hex') as sealed
        from document where case_id = any(%(cases)s)
    """,
    "receipt": "select case_id as of_case, * from receipt where case_id = any(%(cases)s)",
    "message": "select case_id as of_case, * from message where case_id = any(%(cases)s)",
    "person_claim": "select case_id as of_case, * from person_claim where case_id = any(%(cases)s)",
    # As it was when the case enrolled the person: life events keep what stood there before each of them.
    "person": """
        select p.enrolled_by as of_case, enrolled.* from person p
        cross join lateral (
            select jsonb_object_agg(name, was) as was from (
                select distinct on (name) name, was from person_event e join person_before b on b.event_id = e.id
                cross join lateral jsonb_each(b.values::jsonb) as each (name, was)
                where e.idcs = p.idcs order by name, e.id
            ) as first_change
        ) as earlier
        cross join lateral jsonb_populate_record(p, coalesce(earlier.was, '{}')) as enrolled
        where p.enrolled_by = any(%(cases)s)
    """,
    "score": "select case_id as of_case, * from score where case_id = any(%(cases)s)",
    "score_correction": "select case_id as of_case, * from score_correction where case_id = any(%(cases)s)",
    "household": "select registered_by as of_case, * from household where id = any(%(households)s)",
    "household_version": "select case_id as of_case, * from household_version where household_id = any(%(households)s)",
    "household_end": "select case_id as of_case, * from household_end where household_id = any(%(households)s)",
    "desk_search": "select case_id as of_case, keys from desk_search where case_id = any(%(cases)s)",
    "desk_item": "select case_id as of_case, * from desk_item where case_id = any(%(cases)s)",
    "person_awaited": "select case_id as of_case, * from person_awaited where case_id = any(%(cases)s)",
    "household_member": """
        select v.case_id as of_case, m.* from household_member m join household_version v using (household_id, version)
        where household_id = any(%(households)s)
    """,
    "eligibility": """
        select v.case_id as of_case, e.* from eligibility e join household_version v using (household_id, version)
        where household_id = any(%(households)s)
    """,
}
# What other cases have to do with the households of these: their last versions, who ended them, who else holds their
# members.
BESIDE = {
    "last_version": """
        select c.id as of_case, max(v.version) as version from cases c join household_version v using (household_id)
        where c.id = any(%(cases)s) group by c.id
    """,
    "household_end_of_other": """
        select c.id as of_case, h.case_id from cases c join household_end h using (household_id)
        where c.id = any(%(cases)s) and h.case_id <> c.id
    """,
    "claims_of_persons": """
        select c.id as of_case, p.idcs from cases c join household_version v on (v.household_id, v.case_id) =
            (c.household_id, c.id)
        join household_member m on (m.household_id, m.version) = (v.household_id, v.version)
        join person_claim p on p.idcs = m.idcs where c.id = any(%(cases)s) and p.case_id <> c.id
        union all
        select c.id, p.idcs from cases c join household_version v using (household_id)
        join person_claim p on p.case_id = v.case_id
        where c.id = any(%(cases)s) and c.open and p.case_id <> c.id and p.household_id = c.household_id
    """,
}


def compare_range(connection: Connection, at: KeyRange, findings: Findings) -> None:
    """Every case of a range, in one moment."""
    for name in NAMES:
        findings.add(name, 0)

    def note(case_id: int, table: str, column: str) -> None:
        findings.at(COUNTS.get(table, REGISTER_CHANGED), Location(table, "case", case_id, column))

    cases = cases_of(connection, at._asdict(), note)
    find_rows(connection, {case.now.id: case for case in cases})
    for case in cases:
        compare(case)
        findings.erased += case.is_erased


def find_rows(connection: Connection, cases: dict[int, Recomputed]) -> None:
    """Gives each case its rows of the other tables."""
    known = {"cases": list(cases), "households": [case.now.household_id for case in cases.values()]}
    for table, statement in (ROWS | BESIDE).items():
        with connection.cursor(row_factory=dict_row) as cursor:
            rows: list[dict[str, Any]] = cursor.execute(statement, known).fetchall() if cases else []
        for row in rows:
            if case := cases.get(row["of_case"]):
                case.found.setdefault(table, []).append(row)


def compare(case: Recomputed) -> None:
    """One case, table by table."""
    if case.events and case.file is None and not case.is_erased and not list(case.history.unsealed()):
        case.wrong("event", "facts")
    compare_case(case)
    compare_bodies(case)
    compare_texts(case)
    compare_documents(case)
    compare_receipts(case)
    compare_messages(case)
    compare_register(case)
    compare_item(case)
    compare_keys(case)
