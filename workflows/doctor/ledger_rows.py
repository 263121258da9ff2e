"""The messages of a case, beside the digests that its events seal."""

from itertools import chain
from typing import Any

from workflows.doctor.recomputed import Recomputed
from workflows.engine.lanes import lane_of_messages, rank
from workflows.engine.messages import digest_of, digests
from workflows.registers.ports import Notice


def compare_messages(case: Recomputed) -> None:
    """Every message that an event sealed is there as it was, and no other; its text may be gone by law."""
    owed = {each.seq: list(digests(each.owed)) for each in case.events}
    at = {each.seq: each.at for each in case.events}
    lanes = {each.stored.seq: lane_of_messages(each.before.lane, each.event) for each in case.told}
    for message in case.found.get("message", []):
        sealed = owed.get(message["seq"], [])
        if is_gone(message):
            if not case.may_be_gone("message"):
                case.wrong("message", "body")
            del sealed[:1]
        elif (found := found_digest(message)) in sealed:
            sealed.remove(found)
        else:
            case.wrong("message", "body")
        seq = message["seq"]
        if seq in at and message["rank"] != rank(lanes.get(seq, case.now.lane), at[seq]):
            case.wrong("message", "rank")
        if not is_possible(message):
            case.wrong("message", "status")
    for _ in chain.from_iterable(owed.values()):
        case.wrong("message", "")


def is_gone(message: dict[str, Any]) -> bool:
    """Whether recipient, text and salt are erased."""
    return message["recipient"] is None and message["body"] is None and message["salt"] is None


def found_digest(message: dict[str, Any]) -> bytes:
    """The digest of what stands there now."""
    notice = Notice(*(message[name] for name in Notice._fields))
    return digest_of(message["salt"] or b"", message["id"].hex, notice)


def is_possible(message: dict[str, Any]) -> bool:
    """Whether the deliverer can have written this: what was sent has a time and was leased; what was reported too."""
    sent = message["status"] == "sent"
    return (
        sent == (message["sent_at"] is not None)
        and (message["fence"] > 0 or message["status"] in ("owed", "failed"))
        and message["tries"] >= 0
        and message["delivery"] in (None, "delivered", "undelivered")
        and (message["delivery"] is None) == (message["delivery_at"] is None)
    )
