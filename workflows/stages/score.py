"""The household's index by the formula in force today, with every contribution kept (decree 2-21-582)."""

from decimal import localcontext

from workflows.casefile import CaseFile
from workflows.events import ScoreComputed
from workflows.evidence import TimePassed
from workflows.index import ARITHMETIC, compute
from workflows.policies import index_in_force
from workflows.variables import variables

ON = TimePassed


def decide(case: CaseFile, evidence: TimePassed) -> ScoreComputed:
    """Scored with the variables of its milieu; ages are those of today."""
    day = evidence.at.date()
    declared = case.declaration
    with localcontext(ARITHMETIC):
        values = variables(declared, day)
    return compute(declared.milieu, declared.region, values, index_in_force(day))
