"""Writes one stored example of every kind that has none yet into released.json.

Run it last, once the flow tests are green: what is in the file stays for ever, each stage of each flow, too. Before a
release, `git checkout tests/contract/released.json` takes it back.

python -m tests.contract.make_released
"""

import json
from pathlib import Path
from typing import Any

from tests.factories import EVENTS, EVIDENCE, NOW, a_recorded
from workflows.engine.chain import GENESIS, encode, seal
from workflows.evidence import TimePassed
from workflows.flows import FLOWS, PARKED

FILE = Path(__file__).with_name("released.json")
SALT = bytes(range(16))


def main() -> None:
    """Adds what is missing, changes nothing, and says what it added."""
    released: dict[str, Any] = (
        json.loads(FILE.read_text()) if FILE.exists() else {"events": [], "evidence": {}, "stages": []}
    )
    added = [*add_events(released), *add_evidence(released), *add_stages(released)]
    FILE.write_text(json.dumps(released, ensure_ascii=False, indent=1) + "\n")
    print(*[f"kept for ever: {each}" for each in added] or ["nothing is missing"], sep="\n")


def add_events(released: dict[str, Any]) -> list[str]:
    """The examples of kinds of event that have none yet; says which."""
    known = {each["kind"] for each in released["events"]}
    missing = [event for event in EVENTS if type(event).__name__ not in known]
    for event in missing:
        released["events"].append(example(event, released["events"]))
    return [f"event {type(event).__name__}" for event in missing]


def add_evidence(released: dict[str, Any]) -> list[str]:
    """The examples of kinds of evidence that have none yet; says which."""
    known = set(released["evidence"])
    for evidence in EVIDENCE:
        released["evidence"].setdefault(type(evidence).__name__, encode(evidence).decode())
    return [f"evidence {name}" for name in released["evidence"] if name not in known]


def add_stages(released: dict[str, Any]) -> list[str]:
    """The stages of all flows; says which are new."""
    stages = {name for flow in FLOWS.values() for name in flow.stages} | {PARKED}
    new = sorted(stages - set(released["stages"]))
    released["stages"] += new
    return [f"stage {name}" for name in new]


def example(event: Any, before: list[dict[str, Any]]) -> dict[str, Any]:
    """An event as it would be stored, chained to the last one of the file."""
    head = bytes.fromhex(before[-1]["hash"]) if before else GENESIS
    sealed = seal(head, 7, a_recorded(event, seq=len(before) + 1), TimePassed(at=NOW), salt=SALT)
    return {
        "kind": sealed.kind,
        "case_id": sealed.case_id,
        "seq": sealed.recorded.seq,
        "at": sealed.recorded.at.isoformat(),
        "actor": sealed.recorded.actor,
        "evidence": sealed.evidence.decode(),
        "facts": sealed.facts.decode(),
        "salt": sealed.salt.hex(),
        "commitment": sealed.commitment.hex(),
        "hash": sealed.hash.hex(),
    }


if __name__ == "__main__":
    main()
