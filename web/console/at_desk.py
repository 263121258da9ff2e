"""What an officer takes from a citizen at a desk, on the page of the case: a corrected member, a statement, a
withdrawal, that the case is taken up again, or that the commission is to decide an appeal.

The officer knows the citizen, so no secret is needed; the audit notes who took it.
"""

from collections.abc import Iterator
from typing import Any

from litestar import Request, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, Template

from models import clock
from models.database import Connection
from models.errors import Refused
from notifications.notices import notices
from web.console.answers import KINDS, OF_IDENTITY
from web.console.deciding import Step, require_text, shown_or_done, tried
from web.console.forms import Form
from web.console.pages import reader_of
from workflows.bodies import reading
from workflows.bodies.declaration import Declaration
from workflows.bodies.text import canonical
from workflows.casework.answers import AnswerResult, CitizenAnswer, answer_of_citizen
from workflows.engine.load import COLUMNS, CaseRow, case_files
from workflows.identifiers.typed import require_identifier
from workflows.intake.receipts import find, normal
from workflows.staff.guard import Acting, permit
from workflows.staff.subjects import subject_of

PRECISIONS = {1: "year", 2: "month"}  # of a birth date, by how many parts of it are typed
MEMBER = "member:"  # how the fields begin: `member:1:birth_date`
ROW = f"select {COLUMNS} from cases where id = %s"


@post("/cases/{reference:str}/answer/{kind:str}", opt={"act": "take_answer"}, sync_to_thread=True)
def take_answer(request: Request[Any, Any, Any], reference: FromPath[str], kind: FromPath[str]) -> Template | Redirect:
    """Takes what a citizen says at a desk, once it was seen what the household is told by it."""
    return shown_or_done(request, of_answer(request, reference, kind))


@get("/cases/{reference:str}/answer/{kind:str}", opt={"act": "take_answer"}, sync_to_thread=True)
def try_answer(request: Request[Any, Any, Any], reference: FromPath[str], kind: FromPath[str]) -> Template | Redirect:
    """Shows what the household is told by what a citizen says at a desk."""
    return tried(request, of_answer(request, reference, kind))


def of_answer(request: Request[Any, Any, Any], reference: str, kind: str) -> Step:
    """What a citizen says at a desk."""
    if kind not in KINDS:
        raise NotFoundException
    who, reference = reader_of(request), normal(reference)
    return Step(
        reference,
        f"answer/{kind}",
        "take_answer",
        lambda connection, form: answered(connection, who, reference, kind, form),
    )


def answered(connection: Connection, who: Acting, reference: str, kind: str, form: Form) -> AnswerResult:
    """Records a citizen's answer. Raises Refused and Stale."""
    case = find(connection, reference)
    role = permit(who, "take_answer", subject_of(connection, case.id, "take_answer", who))
    answer = CitizenAnswer(
        reference,
        "",
        kind,
        form.version(),
        corrected(connection, case.id, form) if kind == "correction" else None,
        require_text(form) if kind == "statement" else None,
        officer=who.name,
        role=role,
    )
    return answer_of_citizen(connection, answer, clock.now(), notices)


def corrected(connection: Connection, case_id: int, form: Form) -> Declaration:
    """The declaration with the members as they were typed. Raises Refused, also where nothing was changed."""
    row = connection.execute(ROW, [case_id]).fetchone()
    assert row is not None
    (file,) = case_files(connection, [CaseRow(*row)])
    said = file.declaration.model_dump(mode="json", exclude_none=True)
    for place, name, typed in typed_of_members(form):
        if place < len(said["members"]) and name in OF_IDENTITY:
            said["members"][place] |= as_declared(name, typed)
    found = reading.valid(Declaration, said)
    if found == file.declaration:
        raise Refused("nothing_corrected", "Nothing was corrected: the declaration says so already.")
    return found


def as_declared(name: str, typed: str) -> dict[str, str | None]:
    """What was typed of a member, as a declaration has it; of a birth also how much of it is known."""
    if name == "idcs":
        return {name: require_identifier(typed)}
    if name != "birth_date":
        return {name: typed or None}
    parts = "".join(canonical(typed).split()).split("-")
    precision = PRECISIONS.get(len(parts), "day")
    return {name: "-".join([*parts, "01", "01"][:3] if precision != "day" else parts), "birth_precision": precision}


def typed_of_members(form: Form) -> Iterator[tuple[int, str, str]]:
    """Each field of a member that was typed: the member's place, the field's name, and the text."""
    for name, value in form.pairs:
        place, _, part = name.removeprefix(MEMBER).partition(":")
        if name.startswith(MEMBER) and place.isascii() and place.isdecimal():
            yield int(place), part, value.strip()


HANDLERS = [take_answer, try_answer]
