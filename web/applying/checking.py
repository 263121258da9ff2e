"""The last look at an application before it is sent: every answer, with a link to change it."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, NamedTuple

from litestar.response import Template

from models import clock
from models.database import Connection
from models.days import day_of
from web.applying.progress import name_of, tasks_of
from web.applying.questions import (
    HOUSEHOLD,
    NAMES,
    SECTIONS,
    Page,
    is_answered,
    pages_of_member,
    questions_of,
    value_said,
)
from web.applying.visit import (
    MEMBERS,
    page_of_application,
)
from web.asked import Asked
from web.changes import declared_by
from web.households import declaration_of as declared_in_force
from web.queries import status_of
from web.visits import Place
from workflows.bodies.change import FORGOTTEN
from workflows.intake.drafts import Answers, Said, answers_in
from workflows.intake.receipts import find
from workflows.intake.visits import Visit
from workflows.policies import newest_terms
from workflows.registers.households import declarations


class Row(NamedTuple):
    """An answer as the last look shows it, and where it is changed."""

    asked: Asked
    value: Any
    to: str
    ticked: Sequence[str] | None = None  # of a page on which things are ticked: the names of all that are
    changed: bool = False  # by this correction


def check_page(
    connection: Connection, place: Place, visit: Visit, answers: Answers, *, status: int = 200, **context: Any
) -> Template:
    """Renders the last look; of a change what changes alone."""
    before = declared_before(connection, place, answers)
    people, sections = people_of(answers, before), sections_with_rows(answers, before)
    known = before.members if before else {}
    gone = [name_of(said) for number, said in known.items() if number not in answers.members]
    left = [each for each in tasks_of(answers, day_of(clock.now())) if not each.done]
    changes = bool(gone or any(rows for *_, rows in (*people, *sections)))
    given: dict[str, Any] = {"cannot": "", "problems": [], **context}
    given |= {
        "seen": answers.digest,
        "people": people,
        "sections": sections,
        "left": left,
        "declares": answers.declares,
        "gone": gone,
    }
    what = ".".join(filter(None, (answers.change, answers.cause)))
    given["corrected"] = corrected_of(people, sections) if answers.corrects and answers.shows_all else []
    nothing = not answers.shows_all and not changes and (answers.is_new_change or says_as(answers, before))
    given |= {"nothing": nothing, "what": what, "since": since_of(answers, before)}
    given["phone_waits"] = days_of_waiting(connection, place, answers, before)
    return page_of_application("check.html", place, visit, status=status, corrects=bool(answers.corrects), **given)


def since_of(answers: Answers, before: Answers | None) -> str:
    """The day from which a change is true: of a forgotten member who was born since the household's first day in the
    register, that of the birth.
    """
    known = before.members if before and answers.cause == FORGOTTEN else answers.members
    births = [said.get("birth_date", "") for number, said in answers.members.items() if number not in known]
    return str(max([answers.true_from, *births]))


def days_of_waiting(connection: Connection, place: Place, answers: Answers, before: Answers | None) -> int:
    """For how many days the phone waits that the correction of a change names (docs/decisions/0049); else 0."""
    known = before.household.get("phone") if before and answers.change and answers.corrects else None
    phone = answers.household.get("phone")
    if not known or phone == known:
        return 0
    change = declared_by(connection, status_of(connection, place.reference))
    shown = change is not None and change.phone_shown and change.declaration.phone == phone
    return 0 if shown else newest_terms()["new_phone"].within.days


def people_of(answers: Answers, before: Answers | None) -> list[tuple[int, str, list[Row]]]:
    """The members with their answers; of a change what is new of each."""
    today, known = day_of(clock.now()), before.members if before else {}
    found = []
    for number, said in sorted(answers.members.items()):
        pages = pages_of_member(said, today)
        rows = rows_of(pages, answers, said, f"{MEMBERS}/{number}/", known.get(number))
        found.append((number, name_of(said), rows if answers.shows_all or number not in known else changed(rows)))
    return found


def sections_with_rows(answers: Answers, before: Answers | None) -> list[tuple[str, list[Row]]]:
    """The sections of the household with their answers; of a change what is new of each."""
    known = before.household if before else None
    found = [
        (section, rows_of(pages_in(section), answers, answers.household, "", known))
        for section in SECTIONS
        if section != MEMBERS
    ]
    return found if answers.shows_all else [(section, changed(rows)) for section, rows in found]


def changed(rows: list[Row]) -> list[Row]:
    """What is said anew."""
    return [each for each in rows if each.changed]


def corrected_of(
    people: Sequence[tuple[int, str, list[Row]]], sections: Sequence[tuple[str, list[Row]]]
) -> list[tuple[str, list[Row]]]:
    """What a correction says anew, of each member by name and of the household: the rest of a last look is long."""
    found = [(name, changed(rows)) for _, name, rows in people]
    found.append(("", [row for _, rows in sections for row in changed(rows)]))
    return [(name, rows) for name, rows in found if rows]


def declared_before(connection: Connection, place: Place, answers: Answers) -> Answers | None:
    """What a correction corrects or a change changes; None of an application that was not sent before, and where that
    is erased.
    """
    if answers.change:
        case = find(connection, place.reference)
        known = declarations(connection, [(case.household_id or 0, answers.based_on)])
        before = next((answers_in(each) for each in known.values()), None)
        return numbered_as(answers, before) if before and answers.corrects else before
    declared = declared_in_force(connection, status_of(connection, place.reference)) if answers.corrects else None
    return answers_in(declared) if declared else None


def numbered_as(answers: Answers, before: Answers) -> Answers:
    """What was said before, with each member under the number that they have now; who is none any more, behind all."""
    numbers = {said.get("idcs"): number for number, said in answers.members.items()}
    behind = count(max((answers.used, *answers.members)) + 1)
    before.members = {numbers.get(each["idcs"]) or next(behind): each for each in before.members.values()}
    return before


def says_as(answers: Answers, before: Answers | None) -> bool:
    """Whether both say the same, of what no page asks, too."""
    return before is not None and (answers.household, answers.members) == (before.household, before.members)


def pages_in(section: str) -> list[Page]:
    """The pages of a section of the household."""
    return [each for each in HOUSEHOLD if each.section == section]


def rows_of(pages: Sequence[Page], answers: Answers, said: Said, to: str = "", before: Said | None = None) -> list[Row]:
    """The answers of these pages; `before`: what was said of the same before a correction."""
    return [
        row
        for page in pages
        for row in rows_of_page(page, questions_of(page, answers.household), said, f"{to}{page.name}", before)
    ]


def rows_of_page(page: Page, asked: Sequence[Asked], said: Said, to: str, before: Said | None) -> Iterator[Row]:
    """The answers of one page."""
    changed = {each.path for each in asked if before is not None and value_said(each, said) != value_said(each, before)}
    if not page.ticked:
        left_out = {each for each in NAMES if said.get(each) is None}  # one of the two scripts is enough
        shown = (each for each in asked if each.path in said and each.path not in left_out)
        yield from (Row(each, value_said(each, said), to, None, each.path in changed) for each in shown)
    elif is_answered(page, said):
        yield Row(asked[0], True, to, [each.name for each in asked if said[each.path]], bool(changed))
