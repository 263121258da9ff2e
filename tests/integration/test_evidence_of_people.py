"""What people do rests on a form of its own, and not on a clock; what was recorded before there were such forms still
holds.
"""

from pathlib import Path

import pytest

from models import clock
from models.database import transaction
from tests.filing import Worker, current_stage, drain_all, events_of, file_clean, rows, value
from tests.people import retry_parked
from workflows.casework import answers as people
from workflows.engine import work as engine
from workflows.engine.chain import Sealed, seal
from workflows.events.event import Recorded
from workflows.evidence import DECLARANT, Evidence, TimePassed
from workflows.history import audit, erasure, replay
from workflows.intake import submit as intake
from workflows.intake.submit import Accepted
from workflows.queue.drain import Drainer
from workflows.staff.signatures import pseudonym


def parked_and_sent_on(a_worker: Drainer) -> Accepted:
    """An application that is parked at its first stage, sent on, and comes to its end."""
    (taken,) = file_clean(1)
    rows("insert into case_failure select id, kind, stage, version, 3, 'x', '', now(), false from cases")
    rows("create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$")
    rows("create trigger refuse before insert on score for each row execute function refuse()")
    rows("update case_failure set stage = 'verified', version = 2")
    drain_all(a_worker)
    assert current_stage(taken) == "parked"
    rows("drop trigger refuse on score")
    retry_parked(taken.case_id)
    drain_all(a_worker)
    return taken


def evidence_of(kind: str) -> tuple[str, str]:
    """What an event of this kind rests on, and who gave it."""
    ((tag, by),) = rows("select evidence ->> 'type', evidence ->> 'by' from event where kind = %s", kind)
    return tag, by


def test_an_arrival_rests_on_a_submission_and_a_resuming_on_an_order(database: str, worker: Worker) -> None:
    parked_and_sent_on(worker())

    assert evidence_of("ApplicationReceived") == ("Submission", DECLARANT)
    assert evidence_of("CaseResumed") == ("OperatorCommand", pseudonym("operator", "operator"))


def test_an_erasure_rests_on_an_order(database: str, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Evidence] = []

    def noting(previous: bytes, case_id: int, recorded: Recorded, evidence: Evidence, owed: bytes = b"") -> Sealed:
        """Nothing of it is stored but its commitment."""
        given.append(evidence)
        return seal(previous, case_id, recorded, evidence, owed)

    (taken,) = file_clean(1)
    drain_all(worker())
    monkeypatch.setattr(engine, "seal", noting)

    with transaction() as connection:
        erasure.erase(connection, taken.reference, "operator", clock.now())

    assert [(type(each).__name__, each.by) for each in given] == [
        ("OperatorCommand", pseudonym("operator", "operator"))
    ]


def test_arrivals_and_resumings_that_were_recorded_as_time_passed_verify_and_are_replayed(
    database: str, worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "Submission", TimePassed)
    monkeypatch.setattr(people, "OperatorCommand", TimePassed)
    taken = parked_and_sent_on(worker())
    assert value("select count(*) from event where evidence ->> 'type' in ('Submission', 'OperatorCommand')") == 0

    with transaction() as connection:
        replayed, verified = replay.replay(connection), audit.verify(connection, tmp_path)

    assert events_of(taken)[2:4] == ["CaseParked", "CaseResumed"]
    assert (replayed.decisions, replayed.mismatches, verified.breaks) == (5, [], [])
