"""Replay: every decision can be computed again, and what was changed afterwards is told."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.conftest import forget_policies
from tests.filing import (
    Worker,
    a_household,
    changed,
    current_stage,
    drain_all,
    events_of,
    everything,
    facts_of,
    file,
    file_clean,
    register,
    rows,
    value,
)
from tests.integration.auditing import replayed
from tests.people import after, retry_parked, ring_timers
from workflows.flows.registration import FLOW as REGISTRATION
from workflows.history import replay
from workflows.intake.submit import Accepted


def test_every_decision_of_every_kind_is_computed_again_to_the_same_bytes(eventful: None) -> None:
    found = replayed()

    kinds = {kind for (kind,) in rows("select distinct kind from event")}
    assert kinds >= {
        "MembersMismatched",
        "CorrectionReceived",
        "CorrectionReminded",
        "Lapsed",
        "CaseReopened",
        "CaseWithdrawn",
        "DuplicateSuspected",
        "ReviewCleared",
        "RefusalProposed",
        "StatementReceived",
        "ApplicationRefused",
        "ReviewOverdue",
    }
    assert (found.mismatches, found.erased) == ([], 0)
    assert found.decisions == value("select count(*) from event where kind <> 'ApplicationReceived'")


def test_a_longer_period_for_corrections_changes_no_lapse_that_was_recorded(
    database: str, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = a_household(members=2)
    register([made])
    (taken,) = file(changed(made.body, 1, birth_date="1977-07-07", birth_precision="day"))
    drain_all(worker())
    for days in (7.1, 21.1, 30.1):
        with after(days=days):
            ring_timers()
            drain_all(worker())
    assert current_stage(taken) == "lapsed"

    steps = REGISTRATION.stages
    monkeypatch.setitem(steps, "needs_correction", replace(steps["needs_correction"], within=timedelta(days=60)))

    assert replayed().mismatches == []


def test_a_case_that_was_parked_and_sent_on_is_computed_again(database: str, worker: Worker) -> None:
    (taken,) = file_clean(1)
    rows("insert into case_failure select id, kind, stage, version, 3, 'x', '', now(), false from cases")
    rows("create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$")
    rows("create trigger refuse before insert on score for each row execute function refuse()")
    rows("update case_failure set stage = 'verified', version = 2")
    drain_all(worker())
    assert current_stage(taken) == "parked"
    rows("drop trigger refuse on score")
    retry_parked(taken.case_id)
    drain_all(worker())

    found = replayed()

    assert events_of(taken)[2:4] == ["CaseParked", "CaseResumed"]
    assert (current_stage(taken), found.decisions, found.mismatches) == ("notified", 5, [])


@pytest.mark.parametrize(
    "change",
    [
        "update event set facts = jsonb_set(facts::jsonb, '{score}', '\"1\"')::json where case_id = %s and kind = "
        "'ScoreComputed'",
        "update event set facts = replace(facts::text, '\"contributions\":[[', "
        '\'"contributions":[["head_age","1","1","1"],[\')::json '
        "where case_id = %s and kind = 'ScoreComputed'",
        'update event set facts = replace(facts::text, \'"rules":"\', \'"rules":"not-\')::json where case_id = %s '
        "and kind = 'PersonsVerified'",
        'update case_body set body = regexp_replace(body::text, \'"birth_date":"\\d{4}\', \'"birth_date":"1955\', '
        "'g')::json where case_id = %s",
    ],
)
def test_what_was_changed_afterwards_is_a_mismatch(notified: list[Accepted], change: str) -> None:
    before = everything("event", "case_body")
    rows(change, notified[1].case_id)
    assert everything("event", "case_body") != before

    assert {each.reference for each in replayed().mismatches} == {notified[1].reference}


def test_a_policy_that_is_published_late_and_dated_back_changes_no_decision_that_was_taken(
    notified: list[Accepted], worker: Worker, policy_folder: Path
) -> None:
    index, asd = policy_folder / "index" / "2021-08-09.toml", policy_folder / "programmes" / "asd.toml"
    (policy_folder / "index" / "2026-01-01.toml").write_text(
        index.read_text().replace("2021-08-09", "2026-01-01").replace("9.825", "1.825")
    )
    (policy_folder / "programmes" / "asd_2026.toml").write_text(
        asd.read_text().replace("2023-12-01", "2026-01-01").replace("9.743001", "0.5")
    )
    forget_policies()

    assert (replayed().mismatches, replayed().decisions) == ([], 15)
    (later,) = file_clean(1, start=10)
    drain_all(worker())
    assert facts_of(later, "ScoreComputed")["policy"] == "2026-01-01"


def test_replay_of_an_empty_register_is_empty(database: str) -> None:
    found = replayed()

    assert (found.decisions, found.erased, found.mismatches) == (0, 0, [])


def test_replay_goes_through_more_cases_than_it_reads_at_once(
    database: str, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "AT_ONCE", 2)
    file_clean(5)
    drain_all(worker())

    assert replayed().decisions == 25
