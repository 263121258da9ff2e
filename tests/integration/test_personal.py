"""What is personal is said once, and goes whole: from every column of every table, by erasure and by age."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from models import clock
from tests.filing import (
    Body,
    Worker,
    a_household,
    changed,
    current_stage,
    drain_all,
    file,
    leave_register,
    register,
    rows,
)
from tests.integration.auditing import erase
from tests.people import citizen
from workflows.history.personal import PERSONAL
from workflows.history.retention import retain
from workflows.intake.submit import Accepted
from workflows.policies import periods

# Personal, and kept: who lives here, which identifiers were issued, and which household is in the register with whom.
REGISTER = {
    "issued_identifier.idcs",
    "person.idcs",
    "person.given_name_ar",
    "person.family_name_ar",
    "person.given_name_la",
    "person.family_name_la",
    "person.birth_date",
    "person.birth_precision",
    "person.sex",
    "person.cin",
    "person.status",
    "person.birth_place",
    "person.nationality",
    "person.guardian",
    "person.phone",
    "person.commune",
    "person.address",
    # Why an entry is as it is: what happened to the person, and what stood there before.
    "person_event.idcs",
    "person_event.other_idcs",
    "person_event.happened_on",
    "person_before.values",
    "person_merge.idcs",
    "person_merge.kept_idcs",
    # Until an event is applied or somebody has seen to it; then it is empty.
    # Which identifiers the population register holds to be of one person.
    "merge_heard.idcs",
    "merge_heard.kept_idcs",
    "life_event_aside.idcs",
    "life_event_aside.other_idcs",
    "life_event_aside.happened_on",
    "person_claim.idcs",
    "household_member.idcs",
    "person_awaited.idcs",
    "household_member.relationship",
    "household_version.milieu",
    "household_version.province",
    "household_version.commune",
}
# Codes, pseudonyms, names of our own staff, classes and places, salted digests, versions of rules; and references,
# which nobody can guess.
IMPERSONAL = {
    "alembic_version.version_num",
    "anchor_series.series",
    "anchor_series.digest",
    "audit_entry.actor",
    "audit_entry.role",
    "audit_entry.act",
    "audit_entry.purpose",
    "audit_entry.persons",
    "audit_entry.detail",
    "audit_seal.hash",
    "daily_job.clock_confirmed_on",
    "attempt.queue",
    "cases.kind",
    "cases.province",
    "cases.stage",
    "cases.queue",
    "cases.head",
    "daily_job.name",
    "daily_job.done_on",
    "daily_job.error",
    "eligibility.programme",
    "eligibility.policy",
    "event.kind",
    "event.actor",
    "event.commitment",
    "event.hash",
    "event.owed",
    "desk_item.kind",
    "desk_item.queue",
    "desk_item.stage",
    "desk_item.waits_for",
    "desk_item.why",
    "desk_item.holder",
    "desk_item.barred",
    "desk_item.province",
    "desk_item.language",
    "desk_item.flags",
    "desk_item.done_by",
    "desk_item.done_as",
    "desk_item.tab",
    "desk_lock.holder",
    "desk_entry.actor",
    # What a household says of its document is a code; what it shows is sealed.
    "document.id",
    "document.moment",
    "document.shows",
    "document.media_type",
    "document.key_id",
    "document.actor",
    "desk_entry.what",
    "desk_entry.given_to",
    "message.template",
    "message.delivery",
    "message_part.gateway",
    "message_part.number",
    "message_part.template",
    "message_part.state",
    "message.channel",
    "message.language",
    "message.status",
    "partner.name",
    "partner.salt",
    "partner.policy",
    "partner_key.kid",
    "partner_key.x",
    "partner_question.id",
    "partner_tries.token",
    "life_feed.source",
    "merge_heard.source",
    "life_feed.digest",
    "life_feed.counts",
    "life_feed.halted",
    "life_event_aside.source",
    "life_event_aside.kind",
    "life_event_aside.fields",
    "life_event_aside.reason",
    "life_event_aside.settled_by",
    "person_event.kind",
    "person_event.fields",
    "person_event.actor",
    "person_event.commitment",
    "person_event_seal.hash",
    "person_before.salt",
    "paused_queue.queue",
    "paused_queue.actor",
    "paused_queue.reason",
    "queue_sample.queue",
    "receipt.reference",
    "application_draft.reference",
    "application_draft.begun_from",
    "receipt_session.reference",
    "receipt_session.token",
    "wrong_secret.reference",
    "phone_code.token",
    "phone_code.reference",
    "phone_code.number_key",
    "phone_code.address_key",
    "phone_code.language",
    "phone_code.status",
    "score.policy",
    "score_correction.policy",
    # Where somebody was in the console when they went to the identity provider, kept for minutes.
    "sign_in_flow.next",
    "sign_in_flow.state",
    "sign_in_flow.browser",
    "sign_in_flow.verifier",
    "sign_in_flow.nonce",
    "sign_in_wait.key",
    "staff_account.app_secret",
    "staff_account.issuer",
    "staff_account.key",
    "staff_account.name",
    "staff_account.password",
    "staff_account.subject",
    "staff_name.actor",
    "staff_name.name",
    # What somebody had typed into a form is kept for a day.
    "kept_form.address",
    "kept_form.fields",
    "staff_role.province",
    "staff_role.role",
    "staff_session.digest",
    "staff_session.owes",
    "held_stage.kind",
    "held_stage.stage",
    "held_stage.error",
    "register_elsewhere.name",
    "worker.process",
    "worker.synchronous_commit",
    "case_failure.kind",
    "case_failure.stage",
    "case_failure.error",
    "case_failure.traceback",
    "worker.host",
    "worker.queues",
    "worker.counters",
}
# What the staff had typed when their session ended: it may quote a citizen, and retention takes it after a day.
PASSING = {"kept_form.address", "kept_form.fields"}
# What a citizen had typed and not sent: for the time of a visit, and an application for thirty days.
VISITS = {"receipt_session.draft", "application_draft.said"}
# The number that a code goes to, for the two minutes in which it is of use.
SENDING = {"phone_code.recipient"}
DECLARED = {f"{each.table}.{column}" for each in PERSONAL for column in each.columns}
COLUMNS = "select table_name, column_name, udt_name from information_schema.columns where table_schema = 'public'"
TELLING = (
    "text",
    "varchar",
    "bytea",
    "json",
    "jsonb",
    "_text",
    "date",
)  # of these types a column can hold what somebody declared
PHONE = "+212611223344"
# A document that shows what is known again below: the hash of the declaration, in place of what is sealed.
DOCUMENT = """
    insert into document (id, case_id, seq, moment, shows, media_type, size, pages, content, wrapped_key, key_id,
        digest, at, actor) select 'd', case_id, 1, 'correction', 'bill', 'application/pdf', 1, 1, body_hash,
        body_hash, 'k', body_hash, now(), 'declarant' from receipt
"""


@pytest.fixture
def declared(database: str, worker: Worker) -> tuple[Accepted, Body]:
    """A household that was registered after a correction, with a key that names the declarant; a gateway refused a
    message and quoted the number.
    """
    made = a_household(members=3)
    register([made])
    body = made.body | {"phone": PHONE, "application": f"parcel/{made.body['members'][0]['idcs']}"}
    (taken,) = file(changed(body, 1, birth_date="1977-07-07", birth_precision="day"))
    drain_all(worker())
    citizen(taken, "correction", {name: value for name, value in body.items() if name != "application"})
    drain_all(worker())
    assert current_stage(taken) == "notified"
    noted = "insert into desk_entry (case_id, at, actor, what, text) values (%s, now(), 'officer:x', 'note', %s)"
    rows(noted, taken.case_id, f"They called from {PHONE}")
    rows("insert into case_text values (%s, 3, %s, 'salt')", taken.case_id, f"Call me: {PHONE}")
    rows(DOCUMENT)
    rows("update message set status = 'sent'")
    rows("update message set status = 'failed', error = %s where seq = 1", f"no such number: {PHONE}")
    return taken, body


def values(taken: Accepted, body: Body) -> set[str]:
    """What was declared, and the two fingerprints of it, as they look in a column."""
    fields = ("idcs", "cin", "given_name_ar", "family_name_ar", "given_name_la", "family_name_la", "birth_date")
    said = {str(member[name]) for member in body["members"] for name in fields if member.get(name)}
    prints = {
        each
        for row in rows("select idempotency_key, body_hash::text from receipt where case_id = %s", taken.case_id)
        for each in row
    }
    return said | prints | {PHONE, "1977-07-07", body["commune"]}


def holding(values: set[str]) -> Iterator[str]:
    """The columns in which any of these is found."""
    for table, column, _ in rows(COLUMNS):
        if any(
            value in text
            for (text,) in rows(f"select {column}::text from {table} where {column} is not null")
            for value in values
        ):
            yield f"{table}.{column}"


def outlive_every_period(taken: Accepted) -> None:
    leave_register()
    with clock.at(clock.now() + timedelta(days=1 + max(period.days for period in periods().values()))):
        retain()


def test_after_an_erasure_nothing_that_was_declared_is_left_but_the_registers_entry(
    declared: tuple[Accepted, Body],
) -> None:
    personal = values(*declared)
    # Facts are codes, evidence holds the population register's verdicts, texts name nobody, and salts say nothing.
    assert DECLARED - set(holding(personal)) <= {
        "event.evidence",
        "event.facts",
        "event.salt",
        "message.body",
        "message.salt",
        "case_body.salt",
        "case_text.salt",
    }

    erase(declared[0])

    assert set(holding(personal)) <= REGISTER


def test_after_every_period_nothing_is_left_but_the_registers_entry_with_its_names(
    declared: tuple[Accepted, Body],
) -> None:
    personal = values(*declared)

    outlive_every_period(declared[0])

    assert set(holding(personal)) - {"household_member.name"} <= REGISTER


@pytest.mark.parametrize("goes", [erase, outlive_every_period])
def test_of_every_column_that_is_personal_nothing_of_the_case_is_left(
    declared: tuple[Accepted, Body], goes: Callable[[Accepted], object]
) -> None:
    goes(declared[0])

    left = {
        f"{each.table}.{column}": rows(f"select distinct {column}::text from {each.table} where {column} is not null")
        for each in PERSONAL
        if each.period or goes is erase
        for column in each.columns
    }
    assert {name: found for name, found in left.items() if found} == {
        "message.error": [("erased",)],
        "receipt.idempotency_key": [(f"erased:{declared[0].reference}",)],
        "receipt.body_hash": [("\\x",)],
    }


def test_every_column_is_said_to_be_personal_or_not(database: str) -> None:
    """A new one must be decided about: in `workflows/history/personal.py` where it goes with the case, else here."""
    telling = {f"{table}.{column}" for table, column, kind in rows(COLUMNS) if kind in TELLING}

    assert telling == DECLARED | REGISTER | IMPERSONAL | PASSING | VISITS | SENDING
    assert not DECLARED & (REGISTER | IMPERSONAL)


def test_the_same_application_sent_again_after_an_erasure_is_a_new_one(database: str) -> None:
    body = a_household(members=3).body
    (taken,) = file(body)
    citizen(taken, "withdrawal")
    erase(taken)

    (again,) = file(body)

    assert (again.repeated, again.reference != taken.reference) == (False, True)
