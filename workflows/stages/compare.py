"""Was the change made on the household as the register knows it now? Else both changes are brought together."""

from collections.abc import Mapping, Sequence

from workflows.casefile import CaseFile
from workflows.events.registration import CorrectionReceived
from workflows.events.update import (
    ChangeAccepted,
    ChangeConflicts,
    ChangeRebased,
    CorrectionAccepted,
    DepartureDeclared,
    EntryToCompare,
    HouseholdGone,
    NewPhoneAnnounced,
    RegisterTold,
    RemovalAnnounced,
    ReviewOrdered,
)
from workflows.evidence import Comparison
from workflows.registers.ports import Ports

Outcome = (
    ChangeAccepted
    | CorrectionAccepted
    | DepartureDeclared
    | ChangeRebased
    | ChangeConflicts
    | RemovalAnnounced
    | NewPhoneAnnounced
    | ReviewOrdered
    | RegisterTold
    | EntryToCompare
    | HouseholdGone
)


def gather(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, Comparison]:
    """Each change beside the last version of its household; a declaration with both changes is stored at once."""
    return ports.register.compare(batch)


def decide(case: CaseFile, answer: Comparison) -> Outcome:
    """A change of other fields than those that changed meanwhile goes on; of the same fields, the citizen chooses."""
    if not answer.last_version:
        return HouseholdGone()
    if answer.conflicts:
        return ChangeConflicts(version=answer.last_version, fields=answer.conflicts)
    if answer.body:
        return ChangeRebased(version=answer.last_version, body=answer.body, digest=answer.digest)
    if case.body.by_register and (told := by_register(case, answer)):
        return told
    if case.body.reviewed_for and ReviewOrdered not in case.past:
        return ReviewOrdered(version=answer.last_version)
    if case.body.ends_household:
        return RemovalAnnounced(version=answer.last_version)
    if case.body.left_by and DepartureDeclared not in case.past:
        return DepartureDeclared(version=answer.last_version, fields=answer.fields)
    if case.body.by_appeal:
        return CorrectionAccepted(version=answer.last_version, fields=answer.fields)
    if is_new_phone(case):
        return NewPhoneAnnounced()
    return ChangeAccepted(version=answer.last_version, fields=answer.fields)


def by_register(case: CaseFile, answer: Comparison) -> RegisterTold | EntryToCompare | None:
    """What becomes of a case that the population register opened; None once the household has declared anew.

    Nobody asked for the end of a household whose last member died, so nobody is given a term to take it back.
    """
    if case.body.life_event.kind == "corrected":
        return None if EntryToCompare in case.past else EntryToCompare(version=answer.last_version)
    if RegisterTold in case.past and not case.body.ends_household:
        return None
    return RegisterTold(version=answer.last_version, fields=answer.fields)


def is_new_phone(case: CaseFile) -> bool:
    """Whether another phone is declared than the known one, not both were shown, and nobody was told of it yet."""
    if not case.body.known_phone or case.body.phone_shown:
        return False
    announced, corrected = case.past.get(NewPhoneAnnounced), case.past.get(CorrectionReceived)
    return announced is None or (corrected is not None and corrected.seq > announced.seq)
