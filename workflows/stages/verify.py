"""Does the population register know every member, alive, by this name and birth date? (Law 72-18, decree 2-21-473)

Where it neither confirms nor denies it, a caseworker looks: no machine sends anybody away for a spelling.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from models.errors import Broken
from workflows.casefile import CaseFile
from workflows.events.registration import (
    BIRTH,
    NAME,
    CorrectionReceived,
    Doubt,
    IdentityDoubted,
    MembersMismatched,
    Mismatch,
    PersonsVerified,
)
from workflows.events.update import EntryAgrees
from workflows.evidence import Compared, RegisterAnswer
from workflows.matching.births import PRECISIONS, BirthVerdict
from workflows.matching.verdict import NAMES, NameVerdict
from workflows.policies.rules import in_force, version_of
from workflows.registers.ports import Answer, DeclaredPerson, Ports

# Verdicts by which a member agrees as far as both sides know, and those by which nobody can tell; all others deny it.
AGREES: dict[str, tuple[str, ...]] = {
    NAME: (NameVerdict.SAME,),
    BIRTH: (BirthVerdict.SAME, BirthVerdict.SAME_MONTH, BirthVerdict.SAME_YEAR, BirthVerdict.FIRST_OF_JANUARY),
}
NEAR: dict[str, tuple[str, ...]] = {
    NAME: (NameVerdict.NEITHER, NameVerdict.UNKNOWN),
    BIRTH: (BirthVerdict.SWAPPED, BirthVerdict.ONE_DIGIT, BirthVerdict.UNKNOWN),
}
REASONS = {NAME: "name_differs", BIRTH: "birth_date_differs"}
PARTS = {NAME: NAMES, BIRTH: PRECISIONS}
Found = tuple[Mismatch | Doubt, ...]


def people(case: CaseFile) -> Sequence[DeclaredPerson]:
    """About whom the population register is asked: every member."""
    return case.declaration.members


def gather(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, RegisterAnswer]:
    """One question for all members of all households, and one about the doubts, if there are any.

    No evidence where the register cannot tell about one of them. Raises Broken where it gives more answers or fewer
    than it was asked for.
    """
    members = [member for case in batch for member in people(case)]
    answers = ports.population.compare(members)
    if len(answers) != len(members):
        raise Broken("The population register gave another number of answers than it was asked for.")
    rules, place = in_force(RULES), 0
    found: dict[int, RegisterAnswer] = {}
    for case in batch:
        persons = answers[place : (place := place + len(case.declaration.members))]
        if Answer.NONE not in persons:
            known = tuple([each for each in persons if not isinstance(each, Answer)])
            found[case.id] = RegisterAnswer(at=ports.now, rules=rules, persons=known)
    return found | with_confirmed(batch, found, ports)


def with_confirmed(
    batch: Sequence[CaseFile], answers: Mapping[int, RegisterAnswer], ports: Ports
) -> dict[int, RegisterAnswer]:
    """The answers that leave doubts alone, with the members of whom a caseworker settled theirs before."""
    doubts = {case_id: found for case_id, answer in answers.items() if (found := doubts_in(answer))}
    if not doubts:
        return {}
    before = ports.register.confirmed(doubts, batch)
    return {
        case_id: msgspec.structs.replace(answers[case_id], confirmed=tuple(sorted(members)))
        for case_id, members in before.items()
        if members
    }


def decide(case: CaseFile, answer: RegisterAnswer) -> PersonsVerified | MembersMismatched | IdentityDoubted:
    """The household is verified where all members agree. Else the citizen is asked first, with a reason for each
    member; then a caseworker about the members who are left in doubt.
    """
    rules = version_of(answer, RULES)
    pairs = zip(range(len(case.declaration.members)), answer.persons, strict=True)
    found = [each for place, person in pairs for each in RULES[rules](place, person)]
    if mismatches := tuple([each for each in found if isinstance(each, Mismatch)]):
        return MembersMismatched(rules=rules, mismatches=mismatches)
    doubts = tuple([each for each in found if isinstance(each, Doubt) and each.member not in answer.confirmed])
    return IdentityDoubted(rules=rules, doubts=doubts) if doubts else PersonsVerified(rules=rules)


def decide_change(
    case: CaseFile, answer: RegisterAnswer
) -> PersonsVerified | MembersMismatched | IdentityDoubted | EntryAgrees:
    """The same of a change. An entry that was compared alone, and agrees as it is, does not change."""
    found = decide(case, answer)
    told = case.body.life_event
    if isinstance(found, PersonsVerified) and told and told.kind == "corrected" and CorrectionReceived not in case.past:
        return EntryAgrees(rules=found.rules)
    return found


def doubts_in(answer: RegisterAnswer) -> list[Doubt]:
    """The doubts that an answer leaves."""
    rule = RULES[version_of(answer, RULES)]
    found = (each for place, person in enumerate(answer.persons) for each in rule(place, person))
    return [each for each in found if isinstance(each, Doubt)]


def found_2026_12(member: int, person: Compared | None) -> Found:
    """Why a member does not agree with the register, or what of them is in doubt; nothing where they agree.

    Who is in doubt by name and by birth date at once is another person, as far as a machine can tell: both are asked.
    """
    if person is None:
        return (Mismatch(member, "unknown"),)
    if person.status != "alive":
        return (Mismatch(member, "deceased"),)
    if person.name in AGREES[NAME] and person.birth in AGREES[BIRTH]:
        return ()
    doubts = [each for each in (NAME, BIRTH) if of_member(each, person) in NEAR[each]]
    others = [each for each in (NAME, BIRTH) if of_member(each, person) not in (*AGREES[each], *NEAR[each])]
    if others or len(doubts) > 1:
        return tuple([mismatch(member, each, person) for each in others or doubts])
    return tuple([Doubt(member, each, of_member(each, person), person.score, parts(each, person)) for each in doubts])


def of_member(what: str, person: Compared) -> str:
    """The register's verdict on a member's name or birth date."""
    return person.name if what == NAME else person.birth


def mismatch(member: int, what: str, person: Compared) -> Mismatch:
    """What the citizen is asked about, and which part of it."""
    return Mismatch(member, REASONS[what], parts(what, person))


def parts(what: str, person: Compared) -> tuple[str, ...]:
    """What of a member's name or birth date is not the same."""
    return tuple([each for each in person.differs if each in PARTS[what]])


# What each version of the rules finds of a member, the newest last. A version never changes.
RULES: dict[str, Callable[[int, Compared | None], Found]] = {"verify-2026-12": found_2026_12}
