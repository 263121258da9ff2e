"""Four eyes are held by the database too: whatever led there, nobody agrees to what they proposed themselves."""

import json

import psycopg
import pytest

from tests.filing import rows, value

AMINA, BRAHIM = "officer:0123456789abcdef", "officer:fedcba9876543210"
STORE = """
    insert into event (case_id, seq, kind, at, actor, facts, commitment, hash)
    values (1, (select count(*) + 1 from event), %s, now(), %s, %s, '', '')
"""
TAKING_AWAY = ("ApplicationRefused", "AppealRejected")


def store(kind: str, actor: str, **facts: object) -> None:
    rows(STORE, kind, actor, json.dumps({"type": kind, **facts}))


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        *((kind, {"proposed_by": AMINA}) for kind in TAKING_AWAY),
        *((kind, {"proposed_by": ""}) for kind in TAKING_AWAY),
        *((kind, {}) for kind in TAKING_AWAY),
        ("AppealUpheld", {"outcome": "partly_upheld", "proposed_by": AMINA}),
        ("AppealUpheld", {"outcome": "partly_upheld"}),
        ("AppealUpheld", {}),
        ("AppealUpheld", {"outcome": "upheld", "proposed_by": AMINA}),
        ("AppealSetAside", {"proposed_by": AMINA}),
    ],
)
def test_the_database_refuses_what_one_person_alone_took_away(
    database: str, kind: str, facts: dict[str, object]
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="event_second_is_another"):
        store(kind, AMINA, **facts)


def test_it_takes_what_two_people_decided_and_what_one_person_gives(database: str) -> None:
    for kind in TAKING_AWAY:
        store(kind, BRAHIM, proposed_by=AMINA)
    store("AppealUpheld", BRAHIM, outcome="partly_upheld", proposed_by=AMINA)
    store("AppealUpheld", AMINA, outcome="upheld")
    store("AppealUpheld", BRAHIM, outcome="upheld", proposed_by=AMINA)
    store("AppealSetAside", AMINA)
    store("AppealSetAside", BRAHIM, proposed_by=AMINA)

    assert value("select count(*) from event") == 7


def test_what_was_erased_of_such_a_decision_stays_erased(database: str) -> None:
    for kind in TAKING_AWAY:
        store(kind, BRAHIM, proposed_by=AMINA)

    rows("update event set facts = null, evidence = null, salt = null")

    assert value("select count(*) from event where facts is null") == 2
