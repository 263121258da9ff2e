"""The correction of what was sent: the same questions with what was said, from what differs on.

Of an application and of a change of a registered household alike, wherever its flow takes a correction: also in a
hearing, and where another change says something else.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from litestar import Request, post
from litestar.params import FromPath, RawBody
from litestar.response import Redirect

from models import clock
from models.database import Connection, transaction
from web.applying.questions import HOUSEHOLD, MEMBER, Page
from web.applying.visit import CHECK, MEMBERS, apply_place
from web.changes import based_on_of, chosen_of_conflict, conflicts_of_choice, declared_by
from web.households import declaration_of, is_stranger
from web.queries import Reason, Status, reasons_of, status_of
from web.threaded import in_thread
from web.visits import Form, Place, cookie_of, place_of, require_visit, see
from workflows.bodies.change import CORRECTION, UPDATE
from workflows.casework.redeclaring import CONFLICTING
from workflows.casework.standing import stands_since
from workflows.evidence import Correction
from workflows.flows import FLOWS, PARKED
from workflows.flows.registration import FLOW as REGISTRATION
from workflows.intake.drafts import Answers, answers_in, answers_of, begin_with
from workflows.intake.visits import APPLYING

# On which page of a member that is corrected in which the population register differs.
PAGE_OF = {"unknown": "identity", "name_differs": "name", "birth_date_differs": "birth"}
HEARING = "hearing"  # the stage in which a refusal is proposed
CONFLICT = "conflict"  # why a field of a change is looked at: another change says something else there


class Differing(NamedTuple):
    """What is to be corrected: why, as a code, and on which page. `doubted`: in a hearing, where nothing is decided;
    `registered`: what another change says of it.
    """

    reason: Reason
    to: str
    doubted: bool = False
    registered: Any = None

    @property
    def path(self) -> str:
        """The path of the question that asks for it; empty where it is about no value."""
        name = self.reason.field
        return name if self.reason.member is None else name.partition(".")[2]

    @property
    def conflicts(self) -> bool:
        """Whether another change says something else of it."""
        return self.reason.reason == CONFLICT


def takes_correction(case: Status) -> bool:
    """Whether the flow takes a corrected declaration where the case stands."""
    declares = case.kind in (REGISTRATION.kind, UPDATE) and case.stage != PARKED
    return declares and Correction in FLOWS[case.kind].stages[case.stage].handlers


def may_correct(connection: Connection, case: Status) -> bool:
    """Whether the household may correct here what it declared.

    Not what others opened, the end of a household, nor a departure; and whoever left it corrects nothing of it.
    """
    if not takes_correction(case) or case.unasked or is_stranger(connection, case):
        return False
    change = declared_by(connection, case)
    return case.kind != UPDATE or (change is not None and change.change != CORRECTION and not change.ends_household)


def of_correcting(connection: Connection, case: Status) -> dict[str, bool]:
    """What the page of a receipt says of its correction."""
    return {"takes_correction": takes_correction(case), "may_correct": may_correct(connection, case)}


@post("/{language:str}/status/{reference:str}/correct", include_in_schema=False)
@in_thread
def correct(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str], body: RawBody
) -> Redirect:
    """Opens the questions with what was declared, at the first that is to be corrected."""
    place = place_of(language, reference, "correct")
    with transaction() as connection:
        visit = require_visit(connection, request, place, Form(body))
        case = status_of(connection, place.reference)
        begun = answers_to_correct(connection, case) if may_correct(connection, case) else None
        if begun is None:
            return see(place.at(""))
        kept = answers_of(connection, place.reference, lock=True)
        if kept is None or not stands_since(connection, case.case_id, kept.corrects):
            begin_with(connection, place.reference, begun, clock.now())
        found = wrong_in(connection, case)
    to = found[0].to if found else CHECK
    cookies = [cookie_of(visit.token, max(APPLYING))]
    return Redirect(
        f"{apply_place(language, place.reference, to).address}?back={CHECK}", status_code=303, cookies=cookies
    )


def answers_to_correct(connection: Connection, case: Status) -> Answers | None:
    """What was declared, to be corrected; of a conflict, beside what the other change registered. None: erased."""
    conflict = case.stage == CONFLICTING
    declared = chosen_of_conflict(connection, case) if conflict else declaration_of(connection, case)
    if declared is None:
        return None
    answers = answers_in(declared)
    answers.corrects = case.version
    if change := declared_by(connection, case):
        answers.change, answers.cause = change.change, change.cause or ""
        answers.true_from = change.true_from.isoformat()
        answers.based_on = based_on_of(connection, case) or change.based_on
    return answers


def wrong_in(connection: Connection, case: Status) -> list[Differing]:
    """What is to be corrected, and where: for its reasons, or because another change says something else."""
    if case.stage == CONFLICTING:
        conflicts = ((Reason(each.field, CONFLICT), each.registered) for each in conflicts_of_choice(connection, case))
        return [Differing(reason, to_of(reason), registered=value) for reason, value in conflicts]
    return [Differing(each, to_of(each), case.stage == HEARING) for each in reasons_of(connection, case)]


def to_of(reason: Reason) -> str:
    """The page on which it is corrected; the list of members where somebody may have to leave it."""
    if reason.member is None:
        return page_of(HOUSEHOLD, reason.field) or MEMBERS
    name = reason.field.partition(".")[2]
    page = page_of(MEMBER, name) if name else PAGE_OF.get(reason.reason)
    return f"{MEMBERS}/{reason.member + 1}/{page}" if page else MEMBERS


def page_of(pages: Iterable[Page], path: str) -> str:
    """The page that asks for a value; empty where none does."""
    return next((each.name for each in pages if path in each.fills), "")


def to_correct(connection: Connection, place: Place, answers: Answers) -> list[Differing]:
    """What is to be corrected in this draft; nothing of an application that was not sent before."""
    if not answers.corrects:
        return []
    return wrong_in(connection, status_of(connection, place.reference))


def wrong_here(connection: Connection, place: Place, answers: Answers) -> list[Differing]:
    """What of this page is to be corrected."""
    return [each for each in to_correct(connection, place, answers) if each.to == place.to]


def members_wrong(connection: Connection, place: Place, answers: Answers) -> dict[int, str]:
    """Why somebody may have to leave the list of members, as a code, by the number of the member."""
    found = (each for each in to_correct(connection, place, answers) if each.to == MEMBERS and not each.conflicts)
    return {each.reason.member + 1: each.reason.reason for each in found if each.reason.member is not None}


HANDLERS = [correct]
