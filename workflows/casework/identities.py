"""A caseworker says whether members whom the population register leaves in doubt are who they say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.database import Connection, scalar
from models.errors import Refused
from workflows.audit.acts import Act
from workflows.casefile import CaseFile
from workflows.casework.answers import AnswerResult, act
from workflows.casework.reviews import OF_REVIEWS, at_stage, longest, longest_at
from workflows.engine.load import COLUMNS, CaseRow, case_files
from workflows.events.registration import Doubt, IdentityDoubted
from workflows.evidence import IdentityVerdict, MemberIdentity
from workflows.intake.receipts import find
from workflows.registers.ports import Notices
from workflows.staff.noting import Doing, sign_act
from workflows.staff.signatures import OFFICER
from workflows.staff.territories import EVERYWHERE, Parameters, in_territory

STAGE = "identity_in_doubt"
ONE = f"select {COLUMNS} from cases where id = %s and stage = '{STAGE}'"
COUNT = f"select count(*) from cases where {OF_REVIEWS} and {at_stage(STAGE)} and {in_territory()}"
LONGEST = longest_at(STAGE)


@dataclass(frozen=True, slots=True)
class IdentityAnswer:
    """What a caseworker says of each doubted member of a case."""

    reference: str
    caseworker: str
    findings: Sequence[MemberIdentity]
    version: int | None = None
    role: str = ""  # in which the caseworker acts


def identify(connection: Connection, answer: IdentityAnswer, now: datetime, notices: Notices) -> AnswerResult:
    """Records who the doubted members are.

    Raises NotFound, Refused where it is not possible now, Stale where the case moved on since the answer's version.
    """
    case = find(connection, answer.reference)
    by = sign_act(connection, OFFICER, answer.caseworker, Doing(Act.CONFIRM_IDENTITY, now, [case.id], answer.role))
    verdict = IdentityVerdict(at=now, by=by, findings=tuple(answer.findings))
    return act(connection, case, answer.version, verdict, notices)


def waiting(connection: Connection, limit: int, where: Parameters = EVERYWHERE) -> tuple[int, list[CaseFile]]:
    """How many cases of a territory have members in doubt, and those that have waited longest."""
    return int(scalar(connection, COUNT, where)), longest(connection, LONGEST, limit, where)


def doubts_of(connection: Connection, reference: str) -> tuple[Doubt, ...]:
    """What is in doubt of a case now. Raises NotFound, and Refused where nothing is."""
    case = find(connection, reference)
    row = connection.execute(ONE, [case.id]).fetchone()
    if row is None:
        raise Refused("not_in_doubt", f"{reference} has no identity in doubt: it is '{case.stage}'.")
    (file,) = case_files(connection, [CaseRow(*row)])
    return file.last(IdentityDoubted).doubts
