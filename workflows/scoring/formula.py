"""The socio-economic index: S = constant + constant of the region + sum of coefficient x variable (decree 2-21-582).

Computed in decimals of 28 digits, rounded half-even; compared unrounded, shown with 7 decimals. The lower, the poorer.
"""

from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext

from workflows.bodies.declaration import Declaration
from workflows.events.registration import Contribution, ScoreComputed
from workflows.policies import Index
from workflows.scoring.variables import Variables, variables

ARITHMETIC = Context(prec=28, rounding=ROUND_HALF_EVEN)
SHOWN = Decimal("0.0000001")


def compute(milieu: str, region: int, values: Variables, index: Index) -> ScoreComputed:
    """The score of these variables by this version of the index, with every term that is not zero.

    Raises KeyError for a variable that the formula does not have.
    """
    formula = index.formulas[milieu]
    coefficients, constant = formula.coefficients, formula.regions[region]
    with localcontext(ARITHMETIC):
        terms = tuple(
            [
                Contribution(name, value, coefficients[name], coefficients[name] * value)
                for name, value in values.items()
                if value
            ]
        )
        score = sum([term.product for term in terms], formula.constant + constant)
    return ScoreComputed(
        policy=index.version, score=score, constant=formula.constant, region=constant, contributions=terms
    )


def score_2026_11(declaration: Declaration, day: date, index: Index) -> ScoreComputed:
    """The score of a declaration, with the members' ages on a day."""
    with localcontext(ARITHMETIC):
        values = variables(declaration, day)
    return compute(declaration.milieu, declaration.region, values, index)


# The computation of each version of the rules, the newest last. A version never changes, nor do `variables` and
# `compute`, which it calls.
ComputeScore = Callable[[Declaration, date, Index], ScoreComputed]
RULES: dict[str, ComputeScore] = {"score-2026-11": score_2026_11}


def shown(score: Decimal) -> str:
    """A score as people see it: 7 decimals."""
    return str(score.quantize(SHOWN, rounding=ROUND_HALF_EVEN))
