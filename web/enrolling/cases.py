"""What the pages show of an enrolment that was sent."""

from typing import Any

from models.database import Connection
from web.households import body_of
from web.queries import Status, last_facts
from workflows.bodies.enrolment import Enrolment
from workflows.events.enrolment import EnrolmentReturned, PersonEnrolled
from workflows.flows.enrolment import FLOW


def identifier_of(connection: Connection, case: Status) -> str:
    """The identifier that an enrolment came to, for whoever has its secret; '' where it came to none, or is erased."""
    issued = last_facts(connection, case.case_id, PersonEnrolled) if case.kind == FLOW.kind else None
    return issued.idcs if issued else ""


def enrolment_of(connection: Connection, case: Status) -> Enrolment | None:
    """What an enrolment declares; None of another kind of case, and where that was erased."""
    found = body_of(connection, case.case_id) if case.kind == FLOW.kind else None
    return found if isinstance(found, Enrolment) else None


def of_enrolment(connection: Connection, case: Status) -> dict[str, Any]:
    """What the page of a receipt shows of an enrolment to whoever has its secret: the identifier that was issued; and
    while a centre waits for the person, what was declared, and why a second officer gave it back.
    """
    waits = case.kind == FLOW.kind and case.stage == FLOW.first
    returned = last_facts(connection, case.case_id, EnrolmentReturned) if waits else None
    return {
        "identifier": identifier_of(connection, case),
        "declared": enrolment_of(connection, case) if waits else None,
        "returned": returned.reason if returned else "",
    }
