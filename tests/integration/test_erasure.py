"""Erasure by law: what is personal goes, the history still verifies, and it is no tampering."""

from pathlib import Path

import pytest

from models import clock
from models.database import transaction
from models.errors import NotFound, Refused
from tests.filing import MACHINE_PATH, events_of, file_clean, healthy, rows, value
from tests.integration.auditing import anchor, breaks, erase, replayed
from tests.staffing import a_person
from workflows.intake.codes import Wanted, ask
from workflows.intake.submit import Accepted
from workflows.staff.signatures import pseudonym


def test_erasure_takes_facts_salts_declaration_names_and_texts_and_leaves_the_hashes(
    notified: list[Accepted], anchors: Path
) -> None:
    erased, kept, _ = notified
    anchor(anchors)
    hashes = rows("select seq, commitment, hash from event where case_id = %s order by seq", erased.case_id)

    assert erase(erased) == len(MACHINE_PATH)

    assert rows(
        "select count(*), count(evidence), count(facts), count(salt) from event where case_id = %s", erased.case_id
    ) == [(7, 0, 0, 0)]
    assert (
        rows("select seq, commitment, hash from event where case_id = %s and seq <= 6 order by seq", erased.case_id)
        == hashes
    )
    assert rows("select body, phone from case_body where case_id = %s", erased.case_id) == [(None, None)]
    assert rows("select count(*), count(recipient), count(body) from message where case_id = %s", erased.case_id) == [
        (2, 0, 0)
    ]
    assert (
        value(
            "select count(name) from household_member m join household_version v using (household_id, version) where "
            "case_id = %s",
            erased.case_id,
        )
        == 0
    )
    assert value("select applicant_idcs from cases where id = %s", erased.case_id) is None
    assert (
        value(
            "select count(name) from household_member m join household_version v using (household_id, version) where "
            "case_id = %s",
            kept.case_id,
        )
        > 0
    )


def test_after_an_erasure_the_history_verifies_and_replay_counts_the_decisions_as_erased(
    notified: list[Accepted], anchors: Path
) -> None:
    anchor(anchors)
    before = replayed()
    erase(notified[0])

    found = replayed()

    assert breaks(anchors) == []
    assert (before.decisions, before.erased) == (15, 0)
    assert (found.decisions, found.erased, found.mismatches) == (10, 5, [])
    assert healthy()
    assert anchor(anchors) is not None
    assert breaks(anchors) == []


def test_the_erasure_itself_is_an_event_of_a_pseudonym(notified: list[Accepted]) -> None:
    erase(notified[0])

    assert events_of(notified[0])[-1] == "CaseErased"
    assert value("select actor from event where kind = 'CaseErased'") == pseudonym("operator", "operator")


def test_what_was_typed_about_the_case_and_never_sent_goes_with_it(notified: list[Accepted]) -> None:
    erased, kept, _ = notified
    person = a_person("operator", "operator")
    for each in (erased, kept):
        rows(
            "insert into receipt_session (token, reference, begun_at, seen_at) values (%s, %s, now(), now())",
            each.reference.encode(),
            each.reference,
        )
        with transaction() as connection:
            ask(connection, Wanted(each.reference, "0612345678", "ar", ""), clock.now())
        rows(
            "insert into kept_form (account_id, address, fields, kept_at) values (%s, %s, '[]', now())",
            person.account,
            f"/console/cases/{each.reference}/review",
        )
    erase(erased)

    assert rows("select reference from receipt_session") == [(kept.reference,)]
    assert rows("select reference from phone_code") == [(kept.reference,)]
    assert rows("select address from kept_form") == [(f"/console/cases/{kept.reference}/review",)]


def test_an_open_application_is_not_erased(database: str) -> None:
    (taken,) = file_clean(1)

    with pytest.raises(Refused) as refused:
        erase(taken)

    assert refused.value.code == "still_open"
    assert events_of(taken) == ["ApplicationReceived"]
    assert value("select count(body) from case_body") == 1


def test_an_unknown_reference_is_not_found(database: str) -> None:
    with pytest.raises(NotFound):
        erase(Accepted("RSU-0000-0000-0000", "", 0))
