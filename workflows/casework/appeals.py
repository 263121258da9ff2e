"""Lodges appeals: finds the contested decision by its receipt, refuses what cannot be contested, and opens the case."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from models.database import Connection, scalar
from models.errors import NotFound, Problem, Refused
from workflows.audit.acts import Act
from workflows.bodies.appeal import WITH_VALUES, Appeal, AppealBody, corrected
from workflows.bodies.body import Body, Contact, Territory
from workflows.bodies.declaration import Declaration
from workflows.casefile import CaseFile, NewCase
from workflows.casework.answers import AnswerResult, CitizenAnswer, answer_of_citizen
from workflows.casework.changes import registered_household
from workflows.engine.lanes import APPEAL
from workflows.engine.load import COLUMNS, CaseRow, case_files, past_events
from workflows.engine.opening import (
    Opening,
    Origin,
    case_numbers,
    hash_of,
    insert_cases,
    opening,
    record_openings,
)
from workflows.engine.work import lock_all
from workflows.events.event import Event, Recorded
from workflows.events.registration import (
    ApplicationRefused,
    CorrectionAsked,
    HouseholdApproved,
    IdentityNotConfirmed,
    MembersMismatched,
    ScoreComputed,
)
from workflows.events.update import HouseholdChanged
from workflows.evidence import DECLARANT, SIJIL, Submission
from workflows.flows.appeal import FLOW
from workflows.intake.receipts import find, is_secret_of, normal, secret_for
from workflows.intake.submit import Accepted, free_keys_of, keep_receipts, known_receipts
from workflows.registers.households import declarations, last_versions
from workflows.registers.ports import Notices
from workflows.staff.noting import Doing, note_act
from workflows.staff.signatures import OFFICER, sign

UNKNOWN = "There is no application with this reference and secret."
REGISTERING = (HouseholdApproved, HouseholdChanged)
# The events in which each decision is taken. An index counts once its household is registered.
TAKEN_BY: dict[str, tuple[type[Event], ...]] = {
    "index": (ScoreComputed,),
    "threshold": REGISTERING,
    "correction": (MembersMismatched, IdentityNotConfirmed, CorrectionAsked),
    "refusal": (ApplicationRefused,),
}
SENT = "select b.body::text from case_body b where b.case_id = %s and b.number = 1"
SAID = "select exists (select from case_text where case_id = %s and text = %s)"
CONTESTED = f"select {COLUMNS} from cases where id = %s"
# The version that a household had last, whether or not it is in the register still; 0: it never was.
LAST = "select coalesce(max(version), 0) from household_version where household_id = %s"
# Whether whoever asked in a case is no member of its household any more: of a household that left the register, none of
# its last version. A household that never was registered is the applicant's. Who asked in a departure is who left.
HAS_LEFT = """
    select v.version is not null
        and not exists (select from person_claim p where (p.idcs, p.household_id) = (asked.idcs, c.household_id))
        and not exists (select from household_member m join household_end e using (household_id)
            where (m.household_id, m.version, m.idcs) = (c.household_id, v.version, asked.idcs))
    from cases c left join case_body b on (b.case_id, b.number) = (c.id, c.body_number)
    cross join lateral (select coalesce(b.body ->> 'left_by', c.applicant_idcs) as idcs) as asked
    cross join lateral (select max(version) as version from household_version where household_id = c.household_id) as v
    where c.id = %s
"""
OPEN_AGAINST = """
    select exists (select from cases c join case_body b on (b.case_id, b.number) = (c.id, c.body_number)
        where c.kind = 'appeal' and c.household_id = %s and c.open
        and (b.body ->> 'case')::bigint = %s and (b.body ->> 'seq')::int = %s)
"""


@dataclass(frozen=True, slots=True)
class Lodging:
    """An appeal that arrives, with the key by which the sender's repetition of it is known; none: its content.

    `on_page`: the household lodges it on the portal's pages. An officer who takes it at a desk knows the household in
    another way than by the secret.
    """

    sent: AppealBody
    key: str | None = None
    officer: str = ""
    role: str = ""  # in which the officer acts
    on_page: bool = False

    @property
    def channel(self) -> str:
        """How it reaches us."""
        return "office" if self.officer else "page" if self.on_page else "api"

    @property
    def by_officer(self) -> tuple[str, str]:
        """The officer, and in which role; none where the household sends it itself."""
        return self.officer, self.role

    def full_key(self, row: CaseRow, decision: Recorded | None) -> str:
        """The key with its channel, kind and household; without one, the decision and what is said of it."""
        said = self.key or f"{row.id}:{decision.seq if decision else 0}:{self.content}"
        return f"{self.channel}:{FLOW.kind}:{row.household_id}:{said}"

    @property
    def content(self) -> str:
        """The digest of what was sent, the secret aside."""
        said = self.sent.model_copy(update={"reference": normal(self.sent.reference)})
        return hash_of(said.model_dump_json(exclude={"secret"})).hex()


def lodge(connection: Connection, lodging: Lodging, now: datetime, notices: Notices) -> Accepted:
    """Opens an appeal; the caller commits, and only then gives out the receipt.

    Raises NotFound for an unknown reference and for a wrong secret alike, and Refused where there is no such decision,
    where one of the values cannot be so, and where an appeal against the same decision is open.
    """
    sent = lodging.sent
    if not lodging.officer and not is_secret_of(normal(sent.reference), sent.secret):
        raise NotFound(UNKNOWN)
    # Locked, so that of two appeals at once against the same decision the second sees the first.
    (row,) = lock_all(connection, [find(connection, sent.reference).id])
    decision = contested_decision(past_events(connection, [row.id]).get(row.id, []), sent.decision, sent.programme)
    key = lodging.full_key(row, decision)
    if known := repeated(connection, lodging, key):
        return known
    body = appeal_of(connection, row, sent, decision)
    if not lodging.officer:
        refuse_stranger(connection, row)
    refuse_second(connection, row, body)
    new = NewCase(FLOW.kind, APPEAL, row.household_id, body)
    by = sign(connection, OFFICER, lodging.officer) if lodging.officer else DECLARANT
    opened = open_appeal(connection, new, Origin(lodging.channel, key), Submission(at=now, by=by), notices)
    if opened is None:  # the household sent something with this key at this moment
        opened = repeated(connection, lodging, key)
        assert opened
        return opened
    if lodging.officer:
        note_act(connection, by, lodging.officer, Doing(Act.LODGE_APPEAL, now, [row.id, opened.case_id], lodging.role))
    say_with(connection, lodging, opened, now, notices)
    return opened


def say_with(connection: Connection, lodging: Lodging, opened: Accepted, now: datetime, notices: Notices) -> None:
    """Adds what was said with an appeal, where something was."""
    if text := lodging.sent.text:
        said = CitizenAnswer(opened.reference, opened.secret, "statement", None, None, text, *lodging.by_officer)
        add(connection, said, now, notices)


def refuse_second(connection: Connection, row: CaseRow, body: Appeal) -> None:
    """Raises Refused where an appeal against this decision is open."""
    if scalar(connection, OPEN_AGAINST, [row.household_id, body.case, body.seq]):
        text = "An appeal against this decision is open. Add to that one, or withdraw it; a second is not taken."
        raise Refused("open_appeal", text, problems=[Problem("decision", text)])


def appeal_of(connection: Connection, row: CaseRow, sent: AppealBody, decision: Recorded | None) -> Appeal:
    """The appeal as it is stored: its values tried, the contact looked up. Raises Refused."""
    if decision is None:
        field = "programme" if sent.decision == "threshold" else "decision"
        text = "No such decision was taken on this case, or what it rests on was erased."
        raise Refused("nothing_to_contest", text, problems=[Problem(field, text)])
    file = contested_by(connection, row, sent)
    contact, territory = reached(connection, file)
    return Appeal(
        case=row.id,
        seq=decision.seq,
        reference=file.reference,
        decision=sent.decision,
        event=type(decision.event).__name__,
        programme=sent.programme,
        decided_at=decision.at,
        decided_by=tuple(deciders(decision)),
        policy=policy_of(decision.event, sent.programme),
        grounds=sent.grounds,
        contested=sent.contested,
        language=contact.language,
        phone=contact.phone,
        email=contact.email,
        region=territory.region,
        province=territory.province,
    )


def contested_by(connection: Connection, row: CaseRow, sent: AppealBody) -> CaseFile:
    """The file of the contested case. Raises Refused where its values cannot be contested so."""
    (file,) = case_files(connection, [row])
    require_values(sent, file.declaration)
    if sent.contested and last_versions(connection, [row.household_id or 0]):
        registered_household(connection, row)
    return file


def refuse_stranger(connection: Connection, case: CaseRow) -> None:
    """Raises Refused where whoever asked in this case has left its household since."""
    if scalar(connection, HAS_LEFT, [case.id]):
        raise Refused(
            "not_of_the_household",
            "Whoever filed under this reference is no member of this household now. A service centre can help.",
        )


def reached(connection: Connection, file: CaseFile) -> tuple[Contact, Territory]:
    """How and where the household is reached: by its last version; without one, as the contested case says."""
    household = file.household_id or 0
    last = (household, scalar(connection, LAST, [household]))
    said: Body = declarations(connection, [last]).get(last, file.body)
    return said.contact, said.territory


def contested_decision(past: Sequence[Recorded], decision: str, programme: str | None) -> Recorded | None:
    """The last decision of this sort in a case's past; None where there is none."""
    if decision == "index" and not any(isinstance(each.event, REGISTERING) for each in past):
        return None
    found = [each for each in past if isinstance(each.event, TAKEN_BY[decision])]
    last = found[-1] if found else None
    if last and isinstance(last.event, REGISTERING):
        missed = [each for each in last.event.eligibilities if each.programme == programme and not each.eligible]
        return last if missed else None
    return last


def deciders(decision: Recorded) -> Iterator[str]:
    """The pseudonyms of the staff who took a decision."""
    proposed_by = decision.event.proposed_by if isinstance(decision.event, ApplicationRefused) else ""
    yield from (actor for actor in (decision.actor, proposed_by) if actor not in ("", SIJIL, DECLARANT))


def policy_of(event: Event, programme: str | None) -> str | None:
    """The version of the policy or of the rules that a decision rests on, where it names one."""
    match event:
        case ScoreComputed():
            return event.policy
        case HouseholdApproved() | HouseholdChanged():
            return next(each.policy for each in event.eligibilities if each.programme == programme)
        case MembersMismatched():
            return event.rules
    return None


def require_values(sent: AppealBody, declaration: Declaration) -> None:
    """Raises Refused for values that cannot be so, for an appeal against an index that names none, and for values
    where the decision rests on none.
    """
    if (sent.decision in WITH_VALUES) != bool(sent.contested):
        text = "Name the contested values." if not sent.contested else "This decision rests on no value: name none."
        raise Refused("not_valid", text, problems=[Problem("contested", text)])
    if sent.contested and corrected(declaration, sent.contested) == declaration:
        text = "The declaration says so already."
        raise Refused("not_valid", text, problems=[Problem("contested", text)])


def repeated(connection: Connection, lodging: Lodging, key: str) -> Accepted | None:
    """The receipt that was given before for the same appeal. Raises Refused where its key came with another one."""
    if lodging.key is None:
        free_keys_of(connection, FLOW.kind, [key])
    found = list(known_receipts(connection, [key]).values())
    if not found:
        return None
    ((reference, case_id, _),) = found
    if not is_same(connection, case_id, lodging.sent):
        raise Refused("key_reused", "This idempotency key was used for another appeal. Use a new key.")
    return Accepted(reference, secret_for(reference), case_id, repeated=True)


def is_same(connection: Connection, case_id: int, sent: AppealBody) -> bool:
    """Whether this appeal is the one that was sent: what was derived from it may be other today."""
    stored = scalar(connection, SENT, [case_id])
    if stored is None:  # erased
        return False
    before = Appeal.restored(stored)
    said = not sent.text or scalar(connection, SAID, [case_id, sent.text])
    return bool(said) and normal(sent.reference) == before.reference and before.says(sent)


def open_appeal(
    connection: Connection, new: NewCase, origin: Origin, evidence: Submission, notices: Notices
) -> Accepted | None:
    """Opens the case of an appeal with its receipt; None where its key is used."""
    (number,) = case_numbers(connection, 1)
    opened: Opening = opening(number, new, origin, evidence, notices)
    reference = opened.file.reference
    if not keep_receipts(connection, [(reference, number, origin.key, hash_of(opened.body))]):
        return None
    insert_cases(connection, [opened])
    record_openings(connection, [opened], evidence.at)
    return Accepted(reference, secret_for(reference), number)


def add(connection: Connection, answer: CitizenAnswer, now: datetime, notices: Notices) -> AnswerResult:
    """Takes what a citizen adds to an appeal, their withdrawal of it, or that they ask for the commission.

    Raises what `answer_of_citizen` raises.
    """
    find_appeal(connection, answer.reference, answer.secret)
    return answer_of_citizen(connection, answer, now, notices)


def find_appeal(connection: Connection, reference: str, secret: str) -> CaseRow:
    """The row of an appeal by its receipt. Raises NotFound for a wrong secret as for another kind of case."""
    if not is_secret_of(normal(reference), secret):
        raise NotFound(UNKNOWN)
    row = find(connection, reference)
    if row.kind != FLOW.kind:
        raise NotFound(UNKNOWN)
    return row


def language_of(connection: Connection, case_id: int) -> str:
    """The language in which the household of an appeal is written to."""
    return str(
        scalar(connection, "select coalesce(body ->> 'language', 'ar') from case_body where case_id = %s", [case_id])
    )


def contested_file(connection: Connection, appeal: Appeal) -> CaseFile:
    """The contested case, with the declaration that the decision rests on. Raises NotFound where that was erased."""
    rows = [CaseRow(*row) for row in connection.execute(CONTESTED, [appeal.case])]
    (file,) = case_files(connection, rows)
    return file
