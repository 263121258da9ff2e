"""Does the population register know every member, alive, by this name and birth date? (Law 72-18, decree 2-21-473)"""

from collections.abc import Callable, Mapping, Sequence

from workflows.bodies.declaration import Declaration, Member
from workflows.casefile import CaseFile
from workflows.events.registration import MembersMismatched, Mismatch, PersonsVerified
from workflows.evidence import RegisterAnswer, RegisteredPerson
from workflows.matching.names import same_name
from workflows.policies.rules import in_force, version_of
from workflows.registers.ports import Answer, Ports


def gather(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, RegisterAnswer]:
    """One question for all members of all households; no evidence where the register cannot tell about one of them."""
    known = ports.population.persons(list({member.idcs for case in batch for member in case.declaration.members}))
    told: dict[int, list[RegisteredPerson | None]] = {}
    for case in batch:
        persons = [known.get(member.idcs) for member in case.declaration.members]
        if not any(isinstance(person, Answer) for person in persons):
            told[case.id] = [person for person in persons if not isinstance(person, Answer)]
    rules = in_force(RULES)
    return {
        case_id: RegisterAnswer(at=ports.now, rules=rules, persons=tuple(persons)) for case_id, persons in told.items()
    }


def decide(case: CaseFile, answer: RegisterAnswer) -> PersonsVerified | MembersMismatched:
    """The household is verified where all members agree; else the citizen is asked, with a reason for each member."""
    rules = version_of(answer, RULES)
    mismatches = RULES[rules](case.declaration, answer)
    return MembersMismatched(rules=rules, mismatches=mismatches) if mismatches else PersonsVerified(rules=rules)


def mismatches_2026_11(declaration: Declaration, answer: RegisterAnswer) -> tuple[Mismatch, ...]:
    """Compares each member with the register's answer, and keeps those that differ, with the reason."""
    pairs = enumerate(zip(declaration.members, answer.persons, strict=True))
    return tuple(
        [Mismatch(position, reason) for position, (member, person) in pairs if (reason := mismatch(member, person))]
    )


def mismatch(member: Member, person: RegisteredPerson | None) -> str | None:
    """Why a member differs from the register; None where they agree.

    Where either side knows only the year of birth, years are compared.
    """
    if person is None:
        return "unknown"
    if person.status != "alive":
        return "deceased"
    if member.birth_date != person.birth_date and not same_year_only(member, person):
        return "birth_date_differs"
    return None if same_name(member, person) else "name_differs"


def same_year_only(member: Member, person: RegisteredPerson) -> bool:
    """Whether the years of birth agree, and one side knows no more than the year."""
    return (
        "year" in (member.birth_precision, person.birth_precision) and member.birth_date.year == person.birth_date.year
    )


# The comparison of each version of the rules, the newest last. A version never changes, nor what it calls (matching/).
RULES: dict[str, Callable[[Declaration, RegisterAnswer], tuple[Mismatch, ...]]] = {"verify-2026-11": mismatches_2026_11}
