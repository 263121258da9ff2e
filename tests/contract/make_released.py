"""Writes one stored example of every kind that has none yet into released.json.

Run once for a new kind; what is released stays as it is.

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
    """Adds what is missing, changes nothing."""
    released: dict[str, Any] = (
        json.loads(FILE.read_text()) if FILE.exists() else {"events": [], "evidence": {}, "stages": []}
    )
    known = {each["kind"] for each in released["events"]}
    for event in EVENTS:
        if type(event).__name__ not in known:
            released["events"].append(example(event, released["events"]))
    for evidence in EVIDENCE:
        released["evidence"].setdefault(type(evidence).__name__, encode(evidence).decode())
    stages = {name for flow in FLOWS.values() for name in flow.stages} | {PARKED}
    released["stages"] += sorted(stages - set(released["stages"]))
    FILE.write_text(json.dumps(released, ensure_ascii=False, indent=1) + "\n")


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
