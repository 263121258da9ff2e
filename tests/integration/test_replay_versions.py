"""Replay decides by the rules that were in force, and not by those of today."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from tests.filing import Worker, current_stage, drain_all, events_of, facts_of, file_clean, rows, value
from tests.integration.auditing import replayed
from workflows.bodies.declaration import Declaration
from workflows.events.registration import Mismatch, ScoreComputed, Signal
from workflows.evidence import Compared
from workflows.intake.submit import Accepted
from workflows.policies import Index
from workflows.scoring import formula
from workflows.stages import screen, verify

TABLES: tuple[dict[str, Any], ...] = (verify.RULES, formula.RULES, screen.RULES)


def rules_of(taken: Accepted, kind: str) -> Any:
    """The version of the rules that the evidence of a decision names."""
    return value("select evidence ->> 'rules' from event where case_id = %s and kind = %s", taken.case_id, kind)


def nobody_is_known(member: int, person: Compared | None) -> tuple[Mismatch, ...]:
    return (Mismatch(member, "unknown"),)


EVERYBODY_IS_DOUBTED = (
    SimpleNamespace(signal=lambda case, answer: Signal(code="person_in_two_households", members=(0,))),
)


def one_more(declaration: Declaration, day: date, index: Index) -> ScoreComputed:
    computed = formula.score_2026_11(declaration, day, index)
    return msgspec.structs.replace(computed, score=computed.score + Decimal(1))


@pytest.mark.parametrize(
    ("table", "version", "rule", "kind", "stage"),
    [
        (verify.RULES, "verify-2027-01", nobody_is_known, "MembersMismatched", "needs_correction"),
        (formula.RULES, "score-2027-01", one_more, "ScoreComputed", "notified"),
        (screen.RULES, "signals-2027-01", EVERYBODY_IS_DOUBTED, "DuplicateSuspected", "under_review"),
    ],
)
def test_a_changed_rule_changes_no_decision_that_was_taken_and_counts_from_then_on(
    notified: list[Accepted],
    worker: Worker,
    monkeypatch: pytest.MonkeyPatch,
    table: dict[str, Any],
    version: str,
    rule: Any,
    kind: str,
    stage: str,
) -> None:
    monkeypatch.setitem(table, version, rule)

    assert (replayed().decisions, replayed().mismatches) == (15, [])

    (later,) = file_clean(1, start=10)
    drain_all(worker())

    assert (current_stage(later), rules_of(later, kind)) == (stage, version)
    assert facts_of(later, kind).get("rules", version) == version
    assert replayed().mismatches == []
    assert replayed().decisions == 15 + len(events_of(later)) - 1

    monkeypatch.setitem(table, version, table[next(iter(table))])
    assert [each.kind for each in replayed().mismatches] == [kind]


def test_decisions_name_the_rules_of_today(notified: list[Accepted]) -> None:
    kinds = ("PersonsVerified", "ScoreComputed", "NothingSuspicious")

    assert [rules_of(notified[0], kind) for kind in kinds] == [list(table)[-1] for table in TABLES]


def test_decisions_from_before_there_were_versions_are_replayed_by_the_first(
    database: str, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = [(table, dict([next(iter(table.items()))])) for table in TABLES]
    with monkeypatch.context() as then:
        for table, oldest in first:
            for version in reversed([each for each in table if each not in oldest]):  # and back in their order
                then.delitem(table, version)
        file_clean(3)
        drain_all(worker())
    rows("update event set evidence = (evidence::jsonb - 'rules')::json")
    assert value("select count(*) from event where evidence ->> 'rules' is not null") == 0
    monkeypatch.setitem(verify.RULES, "verify-2027-01", nobody_is_known)
    monkeypatch.setitem(formula.RULES, "score-2027-01", one_more)
    monkeypatch.setitem(screen.RULES, "signals-2027-01", EVERYBODY_IS_DOUBTED)

    found = replayed()

    assert (found.decisions, found.mismatches) == (15, [])


def test_a_declaration_that_a_stricter_model_refuses_is_a_mismatch_and_stops_nothing(notified: list[Accepted]) -> None:
    rows(
        "update case_body set body = jsonb_set(body::jsonb, '{region}', '99')::json where case_id = %s",
        notified[0].case_id,
    )

    found = replayed()

    assert [each.kind for each in found.mismatches] == ["body"]
    assert found.decisions == 10
