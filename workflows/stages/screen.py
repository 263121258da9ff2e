"""Is there a reason for a caseworker to look? A signal is no verdict: no machine refuses, suspends or merges."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import ModuleType

from workflows.casefile import CaseFile
from workflows.events.registration import (
    CorrectionReceived,
    DuplicateSuspected,
    NothingSuspicious,
    PersonAwaited,
    PersonNotLetGo,
    ReviewCleared,
    ReviewReopened,
    ScoreComputed,
)
from workflows.events.update import ChangeOvertaken
from workflows.evidence import ScreeningAnswer
from workflows.fraud import (
    HANDED_OVER,
    SIGNALS,
    one_person_twice,
    own_departure,
    person_in_two_households,
    phone_shared,
    review_began,
    same_cause,
    told_by_register,
)
from workflows.policies.rules import in_force, version_of
from workflows.registers.ports import Ports


def gather(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, ScreeningAnswer]:
    """Claims every member for the case, notes who else holds one or another entry of one, and counts the households of
    every phone.
    """
    held, twice = ports.register.claim_persons(batch), ports.register.declared_twice(batch)
    leaving = ports.register.about_to_leave({case.id: case for case in batch if case.id in held}, held)
    phones = ports.register.households_by_phone([case.declaration.phone for case in batch if case.declaration.phone])
    rules = in_force(RULES)
    return {
        case.id: ScreeningAnswer(
            at=ports.now,
            rules=rules,
            held=held.get(case.id, ()),
            leaving=leaving.get(case.id, ()),
            twice=twice.get(case.id, ()),
            phone_households=phones.get(case.declaration.phone or "", 0),
        )
        for case in batch
    }


def decide(
    case: CaseFile, answer: ScreeningAnswer
) -> NothingSuspicious | DuplicateSuspected | ReviewReopened | PersonAwaited:
    """A signal that needs a person sends the case to a caseworker, with all other signals; else they are only noted.

    Where the other households are about to let every person go, the case waits for them instead.
    """
    rules = version_of(answer, RULES)
    raised = tuple([signal for each in RULES[rules] if (signal := each.signal(case, answer))])
    needing = {signal.code for signal in raised if SIGNALS[signal.code].NEEDS_A_PERSON}
    if not needing:
        return NothingSuspicious(rules=rules, noted=raised)
    if needing == {person_in_two_households.CODE} and all_leaving(answer):
        if given := handed_over(case, answer):
            return NothingSuspicious(rules=rules, noted=raised, taken_over=given)
        if not waited_in_vain(case):
            return awaited(case, answer, rules)
    if begun := reviewed_since(case):
        return ReviewReopened(rules=rules, signals=raised, begun=begun)
    return DuplicateSuspected(rules=rules, signals=raised)


def all_leaving(answer: ScreeningAnswer) -> bool:
    """Whether every household that holds one of these persons is about to let them go."""
    return bool(answer.held) and all(each.member in answer.leaving for each in answer.held)


def awaited(case: CaseFile, answer: ScreeningAnswer, rules: str) -> PersonAwaited:
    """The wait for the households that hold these persons; one that goes on keeps its beginning."""
    before, scored = case.past.get(PersonAwaited), case.past[ScoreComputed]
    goes_on = before is not None and before.seq > scored.seq
    return PersonAwaited(
        begun=case.last(PersonAwaited).begun if goes_on else answer.at,
        rules=rules,
        members=tuple(each.member for each in answer.held),
        households=tuple(each.household_id for each in answer.held),
    )


def waited_in_vain(case: CaseFile) -> bool:
    """Whether the case waited for these persons already, until its term or in a circle."""
    in_vain, scored = case.past.get(PersonNotLetGo), case.past[ScoreComputed]
    return in_vain is not None and in_vain.seq > scored.seq


def handed_over(case: CaseFile, answer: ScreeningAnswer) -> tuple[int, ...]:
    """The members whom a caseworker gave to this household, because those who hold them agree that they leave.

    They stay given where another change of the household came between, and this one is screened again for that alone.
    """
    cleared = case.past.get(ReviewCleared)
    if cleared is None or case.last(ReviewCleared).reason != HANDED_OVER:
        return ()
    if cleared.seq < case.past[ScoreComputed].seq and not overtaken_since(case, cleared.seq):
        return ()
    return tuple(each.member for each in answer.held)


def overtaken_since(case: CaseFile, seq: int) -> bool:
    """Whether nothing but another change of the household brought the case back since then: nobody declared anew, no
    new review began, nobody is waited for.
    """
    overtaken = case.past.get(ChangeOvertaken)
    others = (CorrectionReceived, DuplicateSuspected, ReviewReopened, PersonAwaited)
    return (
        overtaken is not None
        and seq < overtaken.seq
        and all(case.past[each].seq < seq for each in others if each in case.past)
    )


def reviewed_since(case: CaseFile) -> datetime | None:
    """When the review began that a caseworker just cleared.

    None where there was none, or where the household was scored anew since: then a new review begins.
    """
    cleared, scored = case.past.get(ReviewCleared), case.past.get(ScoreComputed)
    if cleared is None or (scored is not None and scored.seq > cleared.seq):
        return None
    return review_began(case)


# The signals of each version of the rules, the newest last. A version never changes, nor do its signals (fraud/).
RULES: dict[str, tuple[ModuleType, ...]] = {
    "signals-2026-11": (person_in_two_households, own_departure, same_cause, phone_shared),
    "signals-2026-12": (person_in_two_households, own_departure, same_cause, told_by_register, phone_shared),
    "signals-2026-12-2": (
        person_in_two_households,
        own_departure,
        same_cause,
        told_by_register,
        one_person_twice,
        phone_shared,
    ),
}
