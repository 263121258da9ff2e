"""No page, whoever reads it, reads a whole table that grows with the register: each statement has an index for it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from benchmarks.console import fill
from models import clock
from models.database import close_pool, transact
from tests.appealing import TELECOM, acts, an_appeal, findings
from tests.changing import change_of, declare
from tests.filing import a_household, changed, rows, value
from tests.integration.running import Run
from tests.people import caseworker, citizen
from tests.portal.conftest import Client
from tests.portal.standing import (
    change_registered,
    entry_review,
    registered,
    rejected,
    to_correct,
    under_review,
    work_off,
)
from tests.portal.visiting import address_of, open_file
from tests.staffing import a_person, signed_in
from workflows.documents.examine import Taken
from workflows.documents.storing import File, add, remove
from workflows.intake.submit import Accepted

CASES, WAITING = 10_000, 500  # in the register, and of these at the desk
MOST = 2000  # rows of a table, which all pages of a test together may read
# The tables that have a row or more for each case.
GROWING = [
    "audit_entry",
    "audit_seal",
    "case_body",
    "case_text",
    "cases",
    "desk_entry",
    "desk_item",
    "desk_search",
    "document",
    "event",
    "household",
    "household_member",
    "household_period",
    "household_version",
    "message",
    "person_claim",
    "population_person",
    "receipt",
    "score",
]
OF_OTHERS = """
    insert into document (id, case_id, seq, moment, shows, media_type, size, pages, content, wrapped_key, key_id,
        digest, at, actor) select 'of' || id, id, 1, 'correction', 'bill', 'image/jpeg', 1, 1, 'x', 'x', 'k', 'x',
        now(), 'declarant' from cases where id <> %s order by id limit 4000
"""
READ = """
    select relname, seq_tup_read + idx_tup_fetch as read from pg_stat_user_tables
    where relname = any(%s) and seq_tup_read + coalesce(idx_tup_fetch, 0) > %s order by relname
"""


@pytest.fixture(autouse=True)
def register(database: str) -> None:
    """A register of some size."""
    fill(CASES, WAITING)


@contextmanager
def little_is_read() -> Iterator[None]:
    """PostgreSQL counts the rows that are read meanwhile."""
    rows("analyze")
    close_pool()  # each connection says what it read when it ends
    rows("select pg_sleep(0.1), pg_stat_reset()")
    yield
    close_pool()
    rows("select pg_sleep(0.1)")
    assert rows(READ, GROWING, MOST) == []


def an_appeal_in_hand() -> Accepted:
    """An appeal that waits for people."""
    appeal = an_appeal(registered(), "index", **TELECOM)
    work_off()
    return appeal


def with_documents() -> Accepted:
    """A case with documents, one of which was taken back, among thousands of other cases' documents."""
    case = to_correct(30)
    rows(OF_OTHERS, case.case_id)
    given = (b"one", b"another")
    first, _ = (add_document(case, each) for each in given)
    transact(lambda connection: remove(connection, case.case_id, first, clock.now()))
    return case


def add_document(case: Accepted, sent: bytes) -> str:
    """Adds a document; its id."""
    file = File(sent, "bill", Taken("application/pdf", 1, b"%PDF-1.7"))
    return transact(lambda connection: add(connection, case.case_id, file, clock.now()))


STANDING = [registered, under_review, rejected, change_registered, entry_review, an_appeal_in_hand, with_documents]


@pytest.mark.parametrize("standing", STANDING)
def test_the_pages_of_a_case_read_no_table_whole(client: Client, standing: Callable[[], Accepted]) -> None:
    case = standing()
    signed_in(client, a_person("Amina", "caseworker"))
    with little_is_read():
        assert client.get(f"/console/cases/{case.reference}").status_code == 200
        assert client.get(address_of(case)).status_code == 200
        assert open_file(client, case)


def test_documents_that_come_are_looked_at_and_go_read_no_table_whole(client: Client) -> None:
    case = with_documents()
    document = value("select id from document where case_id = %s and content is not null", case.case_id)
    signed_in(client, a_person("Amina", "caseworker"))
    with little_is_read():
        open_file(client, case)
        assert client.get(address_of(case, "documents")).status_code == 200
        assert client.get(address_of(case, f"documents/{document}")).status_code == 200
        assert client.get(address_of(case, f"documents/{document}/remove")).status_code == 200
        assert client.get(f"/console/cases/{case.reference}/documents/{document}").status_code == 200
        added = add_document(case, b"third")
        transact(lambda connection: remove(connection, case.case_id, added, clock.now()))
        citizen(case, "withdrawal")


def test_queues_searches_and_the_next_case_read_no_table_whole(client: Client) -> None:
    case, appeal = under_review(), an_appeal_in_hand()
    token = signed_in(client, a_person("Amina", "supervisor"))
    body = a_household(2, members=3).body
    with little_is_read():
        for tab in ("mine", "team", "unassigned", "citizen", "escalated", "done"):
            assert client.get(f"/console/queues?tab={tab}").status_code == 200
        for typed in (case.reference, appeal.reference, body["members"][0]["idcs"], body["phone"], "محمد العلوي"):
            form = {"token": token, "typed": typed, "purpose": "case"}
            assert client.post("/console/search", data=form).status_code == 200
        assert "/console/cases/" in str(client.post("/console/next", data={"token": token}).url)


def test_the_auditors_search_reads_no_table_whole(client: Client) -> None:
    case = under_review()
    signed_in(client, a_person("Salma", "auditor"))
    with little_is_read():
        for wanted in (f"case={case.reference}", "staff=Salma", ""):
            assert client.get(f"/console/audit?{wanted}").status_code == 200


def test_what_people_decide_and_what_follows_read_no_table_whole(client: Client) -> None:
    receipt, doubted = registered(), under_review()
    with little_is_read():
        appeal = an_appeal(receipt, "index", **TELECOM)
        work_off()
        acts(appeal, "salma", "assign")
        acts(appeal, "salma", "propose", findings(bills__telecom=True))
        work_off()
        caseworker(doubted, "clear", "nothing_found")
        work_off()
    assert value("select count(*) from score_correction") == 1


def test_a_change_that_is_declared_and_one_that_is_withdrawn_read_no_table_whole(client: Client) -> None:
    home = registered()
    with little_is_read():
        receipt = declare(home, change_of(changed(a_household(0, members=3).body, bills={"telecom": "90"}), "bills"))
        citizen(receipt, "withdrawal")
        declare(home, change_of(changed(a_household(0, members=3).body, bills={"telecom": "80"}), "bills"))
        work_off()


@pytest.mark.parametrize(
    "command",
    [
        ("reviews", "show", "REVIEW"),
        ("appeals", "list"),
        ("appeals", "show", "APPEAL"),
        ("show", "REVIEW"),
        ("audit", "search", "--case", "REVIEW"),
        ("queues",),
        ("parked", "list"),
        ("messages", "list"),
        ("workers",),
    ],
    ids=" ".join,
)
def test_commands_read_no_table_whole(database: str, broker: str, sijil: Run, command: Sequence[str]) -> None:
    found = {"REVIEW": under_review().reference, "APPEAL": an_appeal_in_hand().reference}
    with little_is_read():
        assert sijil(*(found.get(each, each) for each in command)).code == 0


def test_what_operators_and_supervisors_see_reads_no_table_whole(client: Client) -> None:
    signed_in(client, a_person("Amina", "operator", "supervisor"))
    with little_is_read():
        for page in ("operations", "operations/parked", "operations/messages", "operations/workers", "operations/jobs"):
            assert client.get(f"/console/{page}").status_code == 200
        assert client.get("/console/load").status_code == 200
