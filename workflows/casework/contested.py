"""What a contested decision rests on: of a refusal its reason and its review, of an index the index if upheld."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from models.database import Connection
from models.days import day_of
from models.errors import NotFound, Refused
from workflows.bodies.appeal import WITH_VALUES, Appeal, Contested, corrected
from workflows.bodies.declaration import Declaration
from workflows.casework.appeals import contested_file
from workflows.engine.load import past_events
from workflows.events.event import Recorded
from workflows.events.registration import DuplicateSuspected, ReviewReopened, ScoreComputed, StatementReceived
from workflows.policies import index_of_version, threshold_of_version
from workflows.policies.rules import in_force
from workflows.scoring.formula import RULES

REFERENCES = "select reference from receipt where case_id = any(%s) order by case_id"
TEXT = "select text from case_text where (case_id, seq) = (%s, %s)"


@dataclass(frozen=True, slots=True)
class Basis:
    """What a contested decision rests on, as far as it was not erased.

    `reason`: the code with which a caseworker decided; `reviewed_with`: the other households' references of the last
    review; `statement`: what the citizen said when a refusal was proposed.
    `score`: the contested index, and what it would be if all contested values were upheld, or each one alone, by path.
    """

    declared: Declaration | None = None
    reason: str | None = None
    reviewed_with: Sequence[str] = ()
    statement: str | None = None
    score: Decimal | None = None
    score_if_upheld: Decimal | None = None
    score_if_alone: Sequence[tuple[str, Decimal]] = ()
    threshold: Decimal | None = None


def basis_of(connection: Connection, appeal: Appeal) -> Basis:
    """What the contested decision rests on; nothing where the contested case was erased."""
    try:
        declared = contested_file(connection, appeal).declaration
    except NotFound:
        return Basis()
    past = [each for each in past_events(connection, [appeal.case])[appeal.case] if each.seq <= appeal.seq]
    if appeal.decision in WITH_VALUES:
        return basis_of_values(appeal, declared, past)
    return basis_of_review(connection, appeal, declared, past)


def basis_of_values(appeal: Appeal, declared: Declaration, past: Sequence[Recorded]) -> Basis:
    """The index, what it would be with the contested values, and the threshold."""
    scored = next(each for each in reversed(past) if isinstance(each.event, ScoreComputed))
    alone = ((each.path, score_with(declared, [each], scored)) for each in appeal.contested)
    assert isinstance(scored.event, ScoreComputed)
    return Basis(
        declared=declared,
        score=scored.event.score,
        score_if_upheld=score_with(declared, appeal.contested, scored),
        score_if_alone=[(path, score) for path, score in alone if score is not None],
        threshold=threshold_of_version(appeal.policy or "").threshold if appeal.decision == "threshold" else None,
    )


def score_with(declared: Declaration, contested: Sequence[Contested], scored: Recorded) -> Decimal | None:
    """The index of that day with these values; None where the declaration cannot be so."""
    assert isinstance(scored.event, ScoreComputed)
    try:
        right = corrected(declared, contested)
    except Refused:
        return None
    return RULES[in_force(RULES)](right, day_of(scored.at), index_of_version(scored.event.policy)).score


def basis_of_review(connection: Connection, appeal: Appeal, declared: Declaration, past: Sequence[Recorded]) -> Basis:
    """The reason of who decided, the households of the last review, and the citizen's statement in it."""
    reviews = [each for each in past if isinstance(each.event, DuplicateSuspected | ReviewReopened)]
    reason = getattr(past[-1].event, "reason", None)
    if reason is None or not reviews:
        return Basis(declared=declared, reason=reason)
    review = reviews[-1]
    assert isinstance(review.event, DuplicateSuspected | ReviewReopened)
    cases = sorted({case for signal in review.event.signals for case in signal.cases})
    said = [each.seq for each in past if isinstance(each.event, StatementReceived) and each.seq > review.seq]
    text = connection.execute(TEXT, [appeal.case, said[-1]]).fetchone() if said else None
    return Basis(
        declared=declared,
        reason=reason,
        reviewed_with=[reference for (reference,) in connection.execute(REFERENCES, [cases])],
        statement=text[0] if text else None,
    )
