"""The rights of the staff: one table of acts and roles, and whose work each role may do there."""

from enum import Enum
from types import MappingProxyType

from workflows.staff.roles import (
    ADMINISTRATOR,
    AUDITOR,
    CASEWORKER,
    COMMISSION,
    OPERATOR,
    POPULATION_OFFICER,
    SUPERVISOR,
)


class Whose(Enum):
    """Whose work a role may do: what oneself holds, what others did, or both."""

    OWN = "own"
    OTHERS = "others"
    ANY = "any"

    def allows(self, own: bool | None) -> bool:
        """Whether it allows what is one's own, or another's; None: nobody's, which anybody may take."""
        return self is Whose.ANY or own is None or own == (self is Whose.OWN)


OWN, OTHERS, ANY = Whose.OWN, Whose.OTHERS, Whose.ANY
Cells = dict[str, Whose]


def everyone(*roles: str, whose: Whose = ANY) -> Cells:
    """The same for each of these roles."""
    return dict.fromkeys(roles, whose)


WITH_CASES = (CASEWORKER, SUPERVISOR, COMMISSION)
# An act, and the roles that may do it. What has no role is done by the owner of the installation alone.
RIGHTS: MappingProxyType[str, Cells] = MappingProxyType(
    {
        # Reading.
        "read_queue": everyone(*WITH_CASES, POPULATION_OFFICER),
        "read_case": everyone(*WITH_CASES, POPULATION_OFFICER, AUDITOR),
        "read_document": everyone(*WITH_CASES, POPULATION_OFFICER),
        "search": everyone(*WITH_CASES, POPULATION_OFFICER),
        "search_persons": everyone(POPULATION_OFFICER),
        "read_load": everyone(SUPERVISOR),
        "read_operations": everyone(OPERATOR, SUPERVISOR),
        "check_history": everyone(AUDITOR, OPERATOR),
        "read_audit": everyone(AUDITOR),
        "export_audit": everyone(AUDITOR),
        "read_staff": everyone(ADMINISTRATOR, AUDITOR),
        # Sharing out the work.
        "take_case": {CASEWORKER: ANY, SUPERVISOR: ANY, POPULATION_OFFICER: ANY},
        "assign_case": everyone(SUPERVISOR),
        "hand_back": {CASEWORKER: OWN, SUPERVISOR: ANY, POPULATION_OFFICER: OWN},
        "set_priority": everyone(SUPERVISOR),
        "add_note": everyone(*WITH_CASES, POPULATION_OFFICER),
        # At a desk, for a citizen.
        "take_answer": everyone(CASEWORKER, SUPERVISOR, POPULATION_OFFICER),
        "take_document": everyone(CASEWORKER, SUPERVISOR, POPULATION_OFFICER),
        # Of one's own: what they added themselves.
        "take_back_document": {CASEWORKER: OWN, SUPERVISOR: ANY, POPULATION_OFFICER: OWN},
        "add_text": everyone(CASEWORKER, SUPERVISOR),
        "lodge_appeal": everyone(CASEWORKER, SUPERVISOR),
        "declare_change": everyone(CASEWORKER, SUPERVISOR),
        # Deciding.
        "decide_review": {CASEWORKER: ANY, SUPERVISOR: ANY},
        "confirm_identity": everyone(CASEWORKER, SUPERVISOR, POPULATION_OFFICER),
        "agree_to_refuse": {CASEWORKER: OTHERS, SUPERVISOR: OTHERS},
        "ask_information": {CASEWORKER: OWN, SUPERVISOR: ANY},
        "propose_decision": {CASEWORKER: OWN, SUPERVISOR: ANY, COMMISSION: ANY},
        "agree_to_decision": {CASEWORKER: OTHERS, SUPERVISOR: OTHERS, COMMISSION: OTHERS},
        "return_decision": {CASEWORKER: OTHERS, SUPERVISOR: OTHERS, COMMISSION: OTHERS},
        "escalate": everyone(SUPERVISOR),
        "retry_correction": {CASEWORKER: OWN, SUPERVISOR: ANY},
        "order_reviews": everyone(SUPERVISOR),
        # Enrolling people. Of others: what a colleague attested.
        "file_enrolment": everyone(POPULATION_OFFICER),
        "attest_enrolment": everyone(POPULATION_OFFICER),
        "confirm_enrolment": everyone(POPULATION_OFFICER, whose=OTHERS),
        "return_enrolment": everyone(POPULATION_OFFICER, whose=OTHERS),
        "tell_apart": everyone(POPULATION_OFFICER, whose=OTHERS),
        # Keeping the queues moving.
        "pause_queue": everyone(OPERATOR),
        "resume_queue": everyone(OPERATOR),
        "resume_parked": everyone(OPERATOR),
        "settle_messages": everyone(OPERATOR),
        "read_life_events": everyone(OPERATOR, SUPERVISOR, POPULATION_OFFICER),
        "tend_life_events": everyone(OPERATOR, POPULATION_OFFICER),
        "print_letters": everyone(OPERATOR),
        "read_bounces": everyone(OPERATOR),
        "enrol": everyone(POPULATION_OFFICER),
        # The population register and its partners.
        "read_partners": everyone(ADMINISTRATOR, AUDITOR),
        "change_partners": everyone(ADMINISTRATOR),
        "record_event": everyone(POPULATION_OFFICER),
        "read_questions": everyone(POPULATION_OFFICER, AUDITOR),
        # The accounts.
        "change_staff": everyone(ADMINISTRATOR),
        # The owner of the installation alone: what cannot be undone, and what computes a citizen's secret.
        "erase": {},
        "accept_loss": {},
        "give_receipt": {},
        "rotate_keys": {},
    }
)
# What is a decision on somebody's rights: the owner of an installation with accounts decides none.
OF_PERSONS = frozenset(
    {
        "take_case",
        "assign_case",
        "hand_back",
        "decide_review",
        "confirm_identity",
        "agree_to_refuse",
        "ask_information",
        "propose_decision",
        "agree_to_decision",
        "return_decision",
        "escalate",
        "retry_correction",
        "order_reviews",
        "attest_enrolment",
        "confirm_enrolment",
        "return_enrolment",
        "tell_apart",
    }
)
# What concerns the whole country: a role in a part of it is not enough.
OF_COUNTRY = frozenset(
    {
        "pause_queue",
        "resume_queue",
        "print_letters",
        "read_bounces",
        "tend_life_events",
        "enrol",
        "read_audit",
        "export_audit",
        "change_partners",
        "search_persons",
    }
)
