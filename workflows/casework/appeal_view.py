"""What the people of an appeal see of it: the household by its receipt, the staff by command. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from models.database import Connection, scalar
from models.errors import NotFound
from workflows.appeals.holding import BEGUN, Proposal, holder, may_not_decide, term_began, waiting_proposal
from workflows.appeals.reasons import outcome_of
from workflows.bodies.appeal import Appeal, changed_since
from workflows.bodies.declaration import Declaration
from workflows.casefile import CaseFile
from workflows.engine.load import COLUMNS, CaseRow, case_files
from workflows.events.appeal import (
    AppealQueued,
    AppealRejected,
    AppealReminded,
    AppealSetAside,
    AppealUpheld,
    CorrectionMade,
    Finding,
    InformationAsked,
)
from workflows.flows.appeal import FLOW
from workflows.intake.receipts import find
from workflows.policies import newest_terms
from workflows.staff.territories import EVERYWHERE, Parameters, in_territory

WITH_PEOPLE = "kind = 'appeal' and open and not machine and not waiting"  # in the words of the index
THERE = f"cases where {WITH_PEOPLE} and {in_territory()}"
COUNT = f"select count(*) from {THERE}"
NEXT_DUE = f"select {COLUMNS} from {THERE} order by deadline nulls first, stage_since, id limit %(limit)s"
ONE = f"select {COLUMNS} from cases where id = %s"
TEXTS = """
    select e.at, t.text from case_text t join event e using (case_id, seq) where t.case_id = %s order by t.seq
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an appeal came to: `upheld`, `partly_upheld` or `rejected`, value by value.

    The index as it was computed and as it is corrected, and from which day, once the correction stands in the register.
    """

    outcome: str
    findings: tuple[Finding, ...]
    score_computed: Decimal | None = None
    score_corrected: Decimal | None = None
    true_from: date | None = None


class Text(NamedTuple):
    """What the citizen said, and when; None: erased."""

    at: datetime
    text: str | None


@dataclass(frozen=True, slots=True)
class AppealView:
    """An appeal as the staff see it: its file, what the citizen said, and who may act."""

    file: CaseFile
    texts: Sequence[Text]

    @property
    def appeal(self) -> Appeal:
        """Its body."""
        body: Appeal = self.file.body
        return body

    @property
    def holder(self) -> str | None:
        """The pseudonym of who holds it."""
        return holder(self.file)

    @property
    def proposal(self) -> Proposal | None:
        """The decision that waits for a second person, and who proposed it."""
        return waiting_proposal(self.file)

    @property
    def may_not(self) -> tuple[str, ...]:
        """The pseudonyms of those who may not decide: they took the contested decision, or proposed this one."""
        return may_not_decide(self.file)

    @property
    def answer_due(self) -> datetime | None:
        """When the term of the answer ends; None while the appeal is not queued yet."""
        begun = term_began(self.file) if any(kind in self.file.past for kind in BEGUN) else None
        return begun + newest_terms()["answer"].within if begun else None

    @property
    def flags(self) -> list[str]:
        """What its line in the list says beside its stage."""
        queued = self.file.last(AppealQueued) if AppealQueued in self.file.past else None
        said = {
            "lodged late": bool(queued and queued.late),
            "decision replaced": bool(queued and not queued.stands),
            "three quarters of the term are over": AppealReminded in self.file.past,
            "overdue": self.file.stage in ("with_supervisor", "with_commission"),
        }
        return [flag for flag, holds in said.items() if holds]


def outcome(file: CaseFile) -> Outcome | None:
    """What the appeal came to; None while it is not decided."""
    kinds = [kind for kind in (AppealUpheld, AppealSetAside, AppealRejected) if kind in file.past]
    if not kinds:
        return None
    decision = file.latest(*kinds).event
    assert isinstance(decision, AppealUpheld | AppealSetAside | AppealRejected)
    made = file.last(CorrectionMade) if CorrectionMade in file.past else None
    return Outcome(
        outcome_of(decision.findings),
        decision.findings,
        made.score_computed if made else None,
        made.score_corrected if made else None,
        file.body.true_from,
    )


def kept_since(connection: Connection, view: AppealView, base: Declaration) -> list[str]:
    """The paths of upheld values that the corrected entry has otherwise, because a later change of the household said
    so; `base` is what the contested case declared.
    """
    came_to = outcome(view.file)
    if came_to is None or CorrectionMade not in view.file.past:
        return []
    corrected_by = view.file.last(CorrectionMade).case
    (entry,) = case_files(connection, [CaseRow(*row) for row in connection.execute(ONE, [corrected_by])])
    upheld = {each.path for each in came_to.findings if each.upheld}
    return changed_since(base, entry.declaration, [each for each in view.appeal.contested if each.path in upheld])


def asked(file: CaseFile) -> tuple[str, ...]:
    """The codes of what the citizen is asked for now."""
    return file.last(InformationAsked).asked if file.stage == "information_asked" else ()


def appeals_with_people(
    connection: Connection, limit: int, where: Parameters = EVERYWHERE
) -> tuple[int, list[AppealView]]:
    """How many appeals of a territory wait for people, and those whose term ends first."""
    rows = [CaseRow(*row) for row in connection.execute(NEXT_DUE, {"limit": limit, **where})]
    files = case_files(connection, rows) if rows else []
    return int(scalar(connection, COUNT, where)), [AppealView(file, ()) for file in files]


def appeal_of_reference(connection: Connection, reference: str) -> AppealView:
    """One appeal with its texts. Raises NotFound for another kind of case, and where it was erased."""
    row = find(connection, reference)
    if row.kind != FLOW.kind:
        raise NotFound(f"{reference} is no appeal: it is a case of the kind '{row.kind}'.")
    (file,) = case_files(connection, [row])
    texts = [Text(at, text) for at, text in connection.execute(TEXTS, [row.id])]
    return AppealView(file, texts)
