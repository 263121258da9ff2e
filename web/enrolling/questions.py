"""The questions of an enrolment, page by page, after the papers that there are; and how what is typed on one is read.

Nothing that is typed is looked up in the register: whoever tries names or identifiers learns nothing. Pure.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from litestar.exceptions import NotFoundException

from models import clock
from models.days import day_of
from web.applying.progress import Task
from web.applying.questions import WHOLE_NAME, Page, is_answered, page_named
from web.applying.visit import CHECK
from web.asked import Asked, FieldProblem
from web.enrolling.fields import (
    FIELDS,
    NAMES,
    PROOFS,
    Said,
    Typed,
    field_of,
    problems_of,
    read_fields,
    request_in,
    typed_from,
)
from web.language import written_in
from workflows.bodies.enrolment import MISSING, MOROCCAN, EnrolmentRequest, Witness, objections
from workflows.intake.drafts import Answers

SECTIONS = ("papers", "person", "proof", "centre", "contact")
PAPERS = Page("papers", "papers", ("proof",))
# What is asked of everybody, before and after what the papers ask.
PERSON = (
    Page("name", "person", NAMES),
    Page("birth", "person", ("birth_date", "birth_place")),
    Page("sex", "person", ("sex",)),
)
NATIONALITY = Page("nationality", "person", ("nationality",))
OF_PROOF: Mapping[str, tuple[Page, ...]] = {
    "cin": (Page("card", "proof", ("cin",)),),
    "residence_card": (NATIONALITY, Page("residence", "proof", ("residence_card", "residence_until"))),
    "birth_act": (
        NATIONALITY,
        Page("act", "proof", ("birth_act", "birth_act_year", "birth_act_office")),
        Page("guardian", "proof", ("guardian_is", "guardian")),
    ),
    "witnesses": (
        NATIONALITY,
        Page("first", "proof", ("witnesses[0].idcs", "witnesses[0].cin")),
        Page("second", "proof", ("witnesses[1].idcs", "witnesses[1].cin")),
    ),
}
LAST = (
    Page("region", "centre", ("region",)),
    Page("province", "centre", ("province",)),
    Page("address", "centre", ("commune", "address")),
    Page("contact", "contact", ("phone", "email", "language")),
)
PAGES = tuple(dict.fromkeys([PAPERS, *PERSON, *(each for pages in OF_PROOF.values() for each in pages), *LAST]))
EARLIEST = date(1900, 1, 1)  # in the place of a birth that is not known yet: nothing can be said against it
NOBODY = "0000000000", "1111111111"  # in the place of witnesses who are not named yet


def pages_of(said: Mapping[str, Any]) -> list[Page]:
    """What is asked of who has these papers; before they are said, what is asked of everybody."""
    return [PAPERS, *PERSON, *OF_PROOF.get(said.get("proof", ""), ()), *LAST]


def asked_on(page: Page, said: Mapping[str, Any]) -> list[Asked]:
    """What a page asks."""
    return [field_of(each, said) for each in page.asks]


class OfPerson:
    """The questions about a person who is to be enrolled."""

    form = "enrol."

    def page(self, name: str, answers: Answers) -> Page | None:
        """The page of this name; None where these papers ask for something else."""
        if page_named(PAGES, name) is None:
            raise NotFoundException
        return page_named(pages_of(answers.person), name)

    def asked(self, page: Page, answers: Answers) -> list[Asked]:
        """What a page asks."""
        return asked_on(page, answers.person)

    def answered(self, asked: Sequence[Asked], answers: Answers, language: str) -> dict[str, list[str]]:
        """What was said. Who has no residence card is likely to be Moroccan."""
        likely = {"language": written_in(language)}
        if answers.person.get("proof") != "residence_card":
            likely["nationality"] = MOROCCAN
        return typed_from(asked, likely | answers.person)

    def read(
        self, page: Page, asked: Sequence[Asked], answers: Answers, typed: Typed
    ) -> tuple[Said, list[FieldProblem]]:
        """What was said, and what is wrong with it, also beside what was said before."""
        said, problems = read_fields(asked, typed)
        return said, problems or wrong_beside(page, answers.person | said)

    def keep(self, answers: Answers, said: Said) -> None:
        """Keeps what was said. Of another region the province is asked again."""
        if "region" in said and said["region"] != answers.person.get("region"):
            answers.person.pop("province", None)
        answers.person |= said

    def left(self, page: Page, answers: Answers) -> str:
        """The next page that is not answered: other papers ask for other things."""
        return next((each.name for each in after(page, answers) if not is_answered(each, answers.person)), "")

    def after(self, page: Page, answers: Answers) -> str:
        """The next page that is not answered, or the last look."""
        return self.left(page, answers) or CHECK

    def before(self, page: Page, answers: Answers) -> str:
        """The page before this one; the list of tasks before the first."""
        pages = pages_of(answers.person)
        earlier = pages[: pages.index(page)] if page in pages else []
        return earlier[-1].name if earlier else ""


OF_PERSON = OfPerson()


def after(page: Page, answers: Answers) -> list[Page]:
    """What is asked after a page."""
    pages = pages_of(answers.person)
    return pages[pages.index(page) + 1 :]


def wrong_beside(page: Page, said: Mapping[str, Any]) -> list[FieldProblem]:
    """What is wrong with the answers of a page together, and beside what was said before."""
    if page.name == "name" and not any(said.get(each) for each in NAMES):
        first = FIELDS[NAMES[0]]
        return [FieldProblem(first.field, "name", about=first._replace(name=WHOLE_NAME))]
    found = [each for each in objections(so_far(said), day_of(clock.now())) if each["message"] != MISSING]
    return [each for each in problems_of(found) if each.about and each.about.path in page.asks]


def so_far(said: Mapping[str, Any]) -> EnrolmentRequest:
    """What was said so far as a request: what is not said yet stands in nobody's way."""
    known: dict[str, Any] = {"birth_date": EARLIEST.isoformat(), "proof": PROOFS[0]} | said_whole(said)
    for each in ("birth_date", "residence_until"):
        if each in known:
            known[each] = date.fromisoformat(known[each])
    known["witnesses"] = tuple(
        Witness.model_construct(**{"idcs": NOBODY[place], "cin": NOBODY[place]} | each)
        for place, each in enumerate(known.pop("witnesses", ()))
    )
    return EnrolmentRequest.model_construct(**known)


def of_page(page: Page, said: Mapping[str, Any]) -> Said:
    """What was said on a page."""
    asks = (*page.asks, "birth_precision") if "birth_date" in page.asks else page.asks
    return {each: said[each] for each in asks if each in said}


def said_whole(said: Mapping[str, Any]) -> Said:
    """All that was said as the API is sent it, without what other papers asked."""
    found: Said = {}
    for page in pages_of(said):
        found |= of_page(page, said)
    return request_in(found)


def tasks_of(answers: Answers) -> list[Task]:
    """The sections with what is left to be answered."""
    found = []
    for section in SECTIONS:
        pages = [each for each in pages_of(answers.person) if each.section == section]
        left = [each for each in pages if not is_answered(each, answers.person)]
        if pages:
            found.append(Task(section, (left or pages)[0].name, not left, len(left) < len(pages)))
    return found


def page_of(path: str) -> str:
    """The page that asks for a value."""
    return next(each.name for each in PAGES if path in each.asks)
