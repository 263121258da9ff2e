"""The household's index by the formula in force today, with every contribution kept (decree 2-21-582)."""

from collections.abc import Mapping, Sequence
from decimal import localcontext

from workflows.casefile import CaseFile
from workflows.events import ScoreComputed
from workflows.evidence import IndexInForce
from workflows.policies import index_in_force, index_of_version
from workflows.ports import Ports
from workflows.scoring.formula import ARITHMETIC, compute
from workflows.scoring.variables import variables

ON = IndexInForce


def gather(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, IndexInForce]:
    """The version of the index that counts now."""
    in_force = IndexInForce(at=ports.now, version=index_in_force(ports.now.date()).version)
    return {case.id: in_force for case in batch}


def decide(case: CaseFile, index: IndexInForce) -> ScoreComputed:
    """Scored with the variables of its milieu; ages are those of today."""
    declared = case.declaration
    with localcontext(ARITHMETIC):
        values = variables(declared, index.at.date())
    return compute(declared.milieu, declared.region, values, index_of_version(index.version))
