"""The household's index is computed by the formula in force, and every contribution kept (decree 2-21-582)."""

from collections.abc import Mapping, Sequence

from models.days import day_of
from workflows.casefile import CaseFile
from workflows.events.registration import ScoreComputed
from workflows.evidence import IndexInForce
from workflows.policies import index_in_force, index_of_version
from workflows.policies.rules import in_force, version_of
from workflows.registers.ports import Ports
from workflows.scoring.formula import RULES


def gather(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, IndexInForce]:
    """The version of the index that counts for each case, and of the rules that compute a score from a declaration."""
    rules, today = in_force(RULES), day_of(ports.now)
    index = IndexInForce(at=ports.now, rules=rules, version=index_in_force(today).version)
    days = {case.id: case.body.rules_of(today) for case in batch}
    return {
        case_id: index if day == today else IndexInForce(at=ports.now, rules=rules, version=index_in_force(day).version)
        for case_id, day in days.items()
    }


def decide(case: CaseFile, index: IndexInForce) -> ScoreComputed:
    """The score comes from the variables of the household's milieu, with the members' ages of the day that counts."""
    compute_score = RULES[version_of(index, RULES)]
    return compute_score(case.declaration, case.body.rules_of(day_of(index.at)), index_of_version(index.version))
