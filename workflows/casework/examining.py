"""What people do with an appeal: take it, give it back, ask, find, agree, send it to the commission, and try again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.database import Connection, scalar
from models.days import day_of
from models.errors import NotFound, Refused
from workflows.appeals.holding import CASEWORKER, waiting_proposal
from workflows.appeals.reasons import outcome_of, require_findings
from workflows.audit import acts as audit
from workflows.bodies.appeal import WITH_VALUES, Appeal, Contested, corrected_later
from workflows.bodies.change import EarlierVersion
from workflows.casefile import CaseFile
from workflows.casework.answers import AnswerResult, result_of, stated
from workflows.casework.appeals import contested_file
from workflows.engine.chain import new_salt
from workflows.engine.load import CaseRow, case_files
from workflows.engine.opening import BODIES, sealed_body
from workflows.engine.record import copy
from workflows.engine.work import advance_locked, lock
from workflows.events.appeal import Finding
from workflows.evidence import (
    Agreement,
    AppealVerdict,
    Assignment,
    CorrectionRetry,
    Escalation,
    Evidence,
    HandBack,
    InformationRequest,
    Statement,
)
from workflows.flows.appeal import FLOW
from workflows.intake.receipts import find
from workflows.policies import newest_terms
from workflows.registers.households import Version, days_decided, declarations, last_versions, version_that_stands
from workflows.registers.period_rows import known_periods
from workflows.registers.ports import Notices
from workflows.staff.noting import Doing, note_act
from workflows.staff.signatures import OFFICER, sign

# Whether the last change that an appeal opened is still open, or was registered since.
UNDER_WAY = """
    select coalesce((select open or exists (select from household_version v
        where (v.household_id, v.case_id) = (c.household_id, c.id))
    from cases c where c.parent_id = %s order by c.parent_seq desc limit 1), false)
"""
# What each form is in the audit.
ACTS: dict[type[Evidence], audit.Act] = {
    Assignment: audit.Act.TAKE_CASE,
    HandBack: audit.Act.HAND_BACK,
    InformationRequest: audit.Act.ASK_INFORMATION,
    Statement: audit.Act.ADD_TEXT,
    Escalation: audit.Act.ESCALATE,
    CorrectionRetry: audit.Act.RETRY_CORRECTION,
    AppealVerdict: audit.Act.PROPOSE_DECISION,
    Agreement: audit.Act.AGREE_TO_DECISION,
}


@dataclass(frozen=True, slots=True)
class Staff:
    """Who acts on which appeal, in which role; and the version that they looked at, if they say."""

    reference: str
    name: str
    role: str = CASEWORKER
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """An act on an appeal: its row, the pseudonym of who acts, and the moment."""

    connection: Connection
    row: CaseRow
    by: str
    at: datetime


def act_on_appeal(
    connection: Connection, staff: Staff, form: Callable[[Act], Evidence], now: datetime, notices: Notices
) -> AnswerResult:
    """Lets a person of the staff act on an appeal.

    Raises NotFound for another kind of case, Refused where a rule forbids the act, Stale where the case moved on since.
    """
    row = find(connection, staff.reference)
    if row.kind != FLOW.kind:
        raise NotFound(f"{staff.reference} is no appeal: it is a case of the kind '{row.kind}'.")
    return act_on_locked(connection, lock(connection, row.id, staff.version), staff, form, now, notices)


def act_on_locked(  # noqa: PLR0913 - what it takes to act
    connection: Connection,
    row: CaseRow,
    staff: Staff,
    form: Callable[[Act], Evidence],
    now: datetime,
    notices: Notices,
) -> AnswerResult:
    """The same for an appeal that is locked. Raises Refused, before anything of the act is written."""
    by = sign(connection, OFFICER, staff.name)
    given = form(Act(connection, row, by, now))
    if row.stage == "queued" and type(given) not in FLOW.stages["queued"].handlers:
        raise Refused("not_taken", f"Nobody holds this appeal. Take it first: sijil appeals assign {staff.reference}")
    result = result_of(advance_locked(connection, row, given, notices))
    note_act(connection, by, staff.name, Doing(act_of(given), now, [row.id], staff.role))
    return result


def act_of(given: Evidence) -> audit.Act:
    """What somebody does who gives this form: an assignment to oneself is another act than one to a colleague."""
    if isinstance(given, Assignment) and given.to != given.by:
        return audit.Act.ASSIGN_CASE
    if isinstance(given, Agreement) and not given.agrees:
        return audit.Act.RETURN_DECISION
    return ACTS[type(given)]


def assignment(staff: Staff, to: str = "") -> Callable[[Act], Assignment]:
    """Gives the appeal to the caseworker of this name; without one, who acts takes it."""
    return lambda act: Assignment(
        at=act.at, by=act.by, to=sign(act.connection, OFFICER, to) if to else act.by, role=staff.role
    )


def hand_back(staff: Staff) -> Callable[[Act], HandBack]:
    """Gives the appeal back to all."""
    return lambda act: HandBack(at=act.at, by=act.by, role=staff.role)


def request(staff: Staff, asked: Sequence[str]) -> Callable[[Act], InformationRequest]:
    """Asks the citizen for what these codes name."""
    return lambda act: InformationRequest(at=act.at, by=act.by, asked=tuple(asked), role=staff.role)


def text_at_desk(text: str) -> Callable[[Act], Statement]:
    """Takes what the household says to an officer, who writes it down."""
    return lambda act: stated(act.connection, act.row, text, act.by, act.at)


def escalation(staff: Staff) -> Callable[[Act], Escalation]:
    """Sends the appeal to the commission."""
    return lambda act: Escalation(at=act.at, by=act.by, role=staff.role)


def retry(staff: Staff) -> Callable[[Act], CorrectionRetry]:
    """Tries again to correct the entry."""
    return lambda act: CorrectionRetry(
        at=act.at, by=act.by, role=staff.role, under_way=bool(scalar(act.connection, UNDER_WAY, [act.row.id]))
    )


def verdict(staff: Staff, findings: Sequence[Finding]) -> Callable[[Act], AppealVerdict]:
    """What the appeal comes to, value by value.

    Where it corrects the declaration at once, the corrected one is stored beside.
    """

    def form(act: Act) -> AppealVerdict:
        (file,) = case_files(act.connection, [act.row])
        require_findings(file.body, findings)
        decides = outcome_of(findings) == "upheld" and file.stage != "with_commission"
        number, digest = store_correction(act, file, findings) if decides else (0, "")
        return AppealVerdict(
            at=act.at,
            by=act.by,
            findings=tuple(findings),
            role=staff.role,
            terms=newest_terms().version,
            number=number,
            digest=digest,
        )

    return form


def agreement(staff: Staff, reason: str = "") -> Callable[[Act], Agreement]:
    """Agrees with the proposed decision; with a reason, gives it back."""

    def form(act: Act) -> Agreement:
        (file,) = case_files(act.connection, [act.row])
        proposal, number, digest = waiting_proposal(file), 0, ""
        if not reason and proposal and proposal.outcome != "rejected":
            number, digest = store_correction(act, file, proposal.findings)
        return Agreement(
            at=act.at, by=act.by, agrees=not reason, role=staff.role, reason=reason, number=number, digest=digest
        )

    return form


def store_correction(act: Act, file: CaseFile, findings: Sequence[Finding]) -> tuple[int, str]:
    """Stores the appeal's next body, which holds the household's versions with the values that are upheld.

    Returns its number and digest; 0 and none where the decision rests on no value. Of a household that has left the
    register it holds none: there is no entry to correct.
    """
    appeal: Appeal = file.body
    if appeal.decision not in WITH_VALUES:
        return 0, ""
    upheld = {each.path for each in findings if each.upheld}
    values: list[Contested] = [each for each in appeal.contested if each.path in upheld]
    body = appeal.model_copy(update=correction_of(act.connection, file, values))
    number, salt, stored = file.body_number + 1, new_salt(), body.stored()
    row = (file.id, number, file.household_id, stored, body.phone, salt, act.at)
    copy(act.connection, "case_body", BODIES, [row])
    return number, sealed_body(salt, stored)


def correction_of(connection: Connection, file: CaseFile, values: Sequence[Contested]) -> dict[str, Any]:
    """The household's last version as it should have been declared, and the older ones that held a wrong value too.

    And how it is reached now. The contested version is one of the older ones: its index is told, even where a later
    change left it no time to be true.
    """
    appeal, household = file.body, file.household_id or 0
    last = last_versions(connection, [household]).get(household)
    if last is None:
        return {}
    versions = reached_versions(connection, household, last, appeal.case)
    declared, decided = declarations(connection, versions), days_decided(connection, versions)
    base = contested_file(connection, appeal).declaration
    found = {version: corrected_later(base, said, values) for version, said in declared.items()}
    if (household, last) not in found:
        raise Refused("erased", "What this household declared was erased by law: nothing can be corrected.")
    wrong = [version for version, said in found.items() if said != declared[version] and version[1] != last]
    return {
        "language": declared[household, last].language,
        "phone": declared[household, last].phone,
        "email": declared[household, last].email,
        "corrected": found[household, last],
        "based_on": last,
        "decided_on": decided[household, last],
        "true_from": day_of(appeal.decided_at),
        "earlier": tuple(
            EarlierVersion(version=version[1], decided_on=decided[version], declaration=found[version])
            for version in sorted(wrong)
        ),
    }


def reached_versions(connection: Connection, household: int, last: int, contested_case: int) -> list[Version]:
    """The household's versions that are true of some time, and the contested one, though it may be true of none."""
    known = {each.span.version for each in known_periods(connection, [household])[household]} | {last}
    contested = version_that_stands(connection, household, contested_case)
    return [(household, version) for version in sorted(known | ({contested} if contested else set()))]
