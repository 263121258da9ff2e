"""Is this person enrolled already? Nobody who looks alike: the person gets an identifier. Else an officer looks."""

from collections.abc import Mapping, Sequence

from workflows.casefile import CaseFile
from workflows.events.enrolment import Candidate, FoundAnother, LikelyDuplicates, PersonEnrolled
from workflows.evidence import DuplicateSearch
from workflows.registers.ports import Ports

TOGETHER = "enrolled_together"  # why somebody is a candidate who is enrolled by the same batch


def gather(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, DuplicateSearch]:
    """Searches for all of them at once, and issues an identifier for each who is alone.

    Of two in a batch who are alike, the first is enrolled, and is found by the second.
    """
    ports.identifiers.hold()
    found = ports.duplicates.candidates([case.body for case in batch])
    alike = {case.id: left_of(case, candidates) for case, candidates in zip(batch, found, strict=True)}
    alone = sorted((case for case in batch if not alike[case.id]), key=lambda case: (case.submitted_at, case.id))
    twins = ports.duplicates.together([case.body for case in alone])
    issued = iter(ports.identifiers.issue(sum(twin is None for twin in twins)))
    given: list[str] = []
    for case, twin in zip(alone, twins, strict=True):
        if twin is None:
            given.append(next(issued))
        else:
            given.append("")
            alike[case.id] = (Candidate(given[twin], TOGETHER, (TOGETHER,)),)
    identifiers = {case.id: idcs for case, idcs in zip(alone, given, strict=True)}
    return {
        case.id: DuplicateSearch(at=ports.now, candidates=alike[case.id], idcs=identifiers.get(case.id, ""))
        for case in batch
    }


def decide(case: CaseFile, search: DuplicateSearch) -> LikelyDuplicates | PersonEnrolled:
    """No machine says that somebody is enrolled already: an officer does, who sees both."""
    return LikelyDuplicates(candidates=search.candidates) if search.candidates else PersonEnrolled(idcs=search.idcs)


def left_of(case: CaseFile, candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Those whom no officer told apart from this person."""
    others = case.last(FoundAnother).others if FoundAnother in case.past else ()
    return tuple(each for each in candidates if each.idcs not in others)
