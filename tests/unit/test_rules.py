"""Which version of its rules a stage decides by."""

import msgspec
import pytest

from models.errors import Broken
from tests.factories import NOW, a_case_file, a_declaration, a_register_answer
from workflows.engine.chain import encode
from workflows.evidence import RegisterAnswer, TimePassed
from workflows.policies.rules import in_force, version_of
from workflows.stages import verify

RULES = {"first": 1, "second": 2, "third": 3}


def test_the_version_that_stands_last_is_in_force() -> None:
    assert in_force(RULES) == "third"


@pytest.mark.parametrize(
    ("evidence", "version"), [(TimePassed(at=NOW), "first"), (TimePassed(at=NOW, rules="second"), "second")]
)
def test_evidence_is_decided_by_the_version_it_names_and_by_the_first_where_it_names_none(
    evidence: TimePassed, version: str
) -> None:
    assert version_of(evidence, RULES) == version


def test_a_version_that_the_code_lost_is_our_fault_and_says_what_to_put_back() -> None:
    with pytest.raises(Broken, match="version fourth of the rules"):
        version_of(TimePassed(at=NOW, rules="fourth"), RULES)


def test_a_stage_refuses_to_decide_by_rules_it_does_not_have() -> None:
    declared = a_declaration()
    answer = msgspec.structs.replace(a_register_answer(declared), rules="verify-1999-01")
    with pytest.raises(Broken):
        verify.decide(a_case_file(declaration=declared), answer)


@pytest.mark.parametrize(
    "stored",
    [
        '{"type":"RegisterAnswer","at":"2026-11-24T09:00:00Z","by":"sijil","persons":[null]}',
        '{"type":"RegisterAnswer","at":"2026-11-24T09:00:00Z","by":"sijil","rules":"verify-2026-12","persons":[null]}',
    ],
)
def test_evidence_with_and_without_a_version_is_written_the_same_again(stored: str) -> None:
    """Both were stored: chains are computed over these bytes."""
    assert encode(msgspec.json.decode(stored, type=RegisterAnswer)).decode() == stored
