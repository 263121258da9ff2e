"""Whatever was ever written into a history still loads, still means the same, and still verifies.

released.json is written once for each kind (make_released.py adds what is missing) and never changed: a kind that fails
here was changed.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.contract import make_released
from tests.factories import EVENTS, EVIDENCE
from workflows.engine.chain import GENESIS, commitment_to, encode, event_hash
from workflows.events.event import KINDS
from workflows.evidence import KINDS as EVIDENCE_KINDS
from workflows.flows import FLOWS, PARKED
from workflows.history.retelling import is_decision

RELEASED: dict[str, Any] = json.loads(Path(__file__).with_name("released.json").read_text())
STORED: list[dict[str, Any]] = RELEASED["events"]
CHAIN = list(zip([GENESIS.hex(), *(each["hash"] for each in STORED)], STORED, strict=False))


def test_every_kind_of_event_has_a_stored_example_and_none_is_forgotten() -> None:
    assert [each["kind"] for each in STORED] == list(dict.fromkeys(each["kind"] for each in STORED))
    assert {each["kind"] for each in STORED} == set(KINDS), (
        "add a new kind with make_released.py, the last thing of all; an old one is for ever"
    )


@pytest.mark.parametrize("stored", STORED, ids=lambda stored: stored["kind"])
def test_a_stored_event_loads_and_is_written_the_same_again(stored: dict[str, Any]) -> None:
    event = msgspec.json.decode(stored["facts"].encode(), type=KINDS[stored["kind"]])
    assert encode(event).decode() == stored["facts"]


@pytest.mark.parametrize("stored", STORED, ids=lambda stored: stored["kind"])
def test_a_stored_event_still_says_what_it_said(stored: dict[str, Any]) -> None:
    (meant,) = (event for event in EVENTS if type(event).__name__ == stored["kind"])
    assert msgspec.json.decode(stored["facts"].encode(), type=KINDS[stored["kind"]]) == meant


@pytest.mark.parametrize(("before", "stored"), CHAIN, ids=lambda part: part["kind"] if isinstance(part, dict) else "")
def test_a_stored_events_commitment_and_hash_still_verify(before: str, stored: dict[str, Any]) -> None:
    commitment = commitment_to(bytes.fromhex(stored["salt"]), stored["evidence"].encode(), stored["facts"].encode())
    at = datetime.fromisoformat(stored["at"])
    hashed = event_hash(
        bytes.fromhex(before), stored["case_id"], stored["seq"], stored["kind"], at, stored["actor"], commitment
    )
    assert (commitment.hex(), hashed.hex()) == (stored["commitment"], stored["hash"])


def test_what_is_missing_is_added_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "released.json"
    *events, last = STORED
    evidence = {kind: text for kind, text in RELEASED["evidence"].items() if kind != "TimePassed"}
    file.write_text(json.dumps({"events": events, "evidence": evidence, "stages": RELEASED["stages"][1:]}))
    monkeypatch.setattr(make_released, "FILE", file)

    make_released.main()
    first = capsys.readouterr().out.splitlines()
    make_released.main()

    names = (f"event {last['kind']}", "evidence TimePassed", f"stage {RELEASED['stages'][0]}")
    assert first == [f"kept for ever: {name}" for name in names]
    assert capsys.readouterr().out == "nothing is missing\n"
    made = json.loads(file.read_text())
    assert (made["events"], made["evidence"]) == (STORED, RELEASED["evidence"])


def test_every_kind_of_evidence_has_a_stored_example() -> None:
    assert set(RELEASED["evidence"]) == set(EVIDENCE_KINDS)


@pytest.mark.parametrize("kind", RELEASED["evidence"])
def test_stored_evidence_loads_and_is_written_the_same_again(kind: str) -> None:
    text = RELEASED["evidence"][kind]
    evidence = msgspec.json.decode(text.encode(), type=EVIDENCE_KINDS[kind])
    assert encode(evidence).decode() == text
    assert evidence in EVIDENCE


def test_every_stage_ever_released_is_still_on_a_map() -> None:
    assert set(RELEASED["stages"]) == {name for flow in FLOWS.values() for name in flow.stages} | {PARKED}


def test_what_replay_does_not_decide_again_are_openings_and_operations() -> None:
    mapped = {event.__name__ for flow in FLOWS.values() for step in flow.stages.values() for event in step.transitions}
    assert {kind for kind in KINDS if is_decision(kind)} == mapped
