"""The household's index is computed by the formula in force today, and every contribution kept (decree 2-21-582)."""

from collections.abc import Mapping, Sequence

from workflows.casefile import CaseFile
from workflows.events import ScoreComputed
from workflows.evidence import IndexInForce
from workflows.policies import index_in_force, index_of_version
from workflows.policies.rules import in_force, version_of
from workflows.registers.ports import Ports
from workflows.scoring.formula import RULES


def gather(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, IndexInForce]:
    """The version of the index in force today, and of the rules that compute a score from a declaration."""
    index = IndexInForce(at=ports.now, rules=in_force(RULES), version=index_in_force(ports.now.date()).version)
    return {case.id: index for case in batch}


def decide(case: CaseFile, index: IndexInForce) -> ScoreComputed:
    """The score comes from the variables of the household's milieu, with the members' ages of today."""
    compute_score = RULES[version_of(index, RULES)]
    return compute_score(case.declaration, index.at.date(), index_of_version(index.version))
