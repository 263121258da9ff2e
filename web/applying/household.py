"""The questions about the household, a page each; and how every page of questions is shown."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from litestar import Request, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, RawBody
from litestar.response import Redirect, Template

from models import clock
from models.database import Connection, transaction
from models.days import day_of
from web.applying.correcting import wrong_here
from web.applying.progress import sections_of
from web.applying.questions import (
    HOUSEHOLD,
    Page,
    is_answered,
    page_named,
    questions_of,
    read_page,
    value_said,
)
from web.applying.visit import (
    CHECK,
    WAY,
    Elsewhere,
    apply_place,
    page_of_application,
    require_answers,
    require_applying,
)
from web.asked import PARTS_ASKED, Asked, FieldProblem
from web.language import written_in
from web.threaded import in_thread
from web.visits import WRONG, Form, Place, see, see_wrong
from workflows.intake.drafts import Answers, Said, save
from workflows.intake.visits import Draft, Visit, keep_draft

BACK = "back"  # the field of a form that leads to the last look, where its link came from


class Questions(Protocol):
    """The pages of questions of a draft."""

    form: str  # how the keys begin of its texts

    def page(self, name: str, answers: Answers) -> Page | None:
        """The page of this name; None where it is not asked. Raises NotFoundException for a name that no page has."""

    def asked(self, page: Page, answers: Answers) -> list[Asked]:
        """What a page asks."""

    def answered(self, asked: Sequence[Asked], answers: Answers, language: str) -> dict[str, list[str]]:
        """The fields of a page as they were answered before."""

    def read(
        self, page: Page, asked: Sequence[Asked], answers: Answers, typed: Mapping[str, Sequence[str]]
    ) -> tuple[Said, list[FieldProblem]]:
        """What was said on a page, by path, and what is wrong with it."""

    def keep(self, answers: Answers, said: Said) -> None:
        """Keeps what was said."""

    def left(self, page: Page, answers: Answers) -> str:
        """The next page that is not answered, where the last look is gone back to; empty: none."""

    def after(self, page: Page, answers: Answers) -> str:
        """The page after this one."""

    def before(self, page: Page, answers: Answers) -> str:
        """The page before this one; empty: the list of tasks."""


def show(questions: Questions, request: Request[Any, Any, Any], place: Place, back: str) -> Template:
    """A page of questions, with what was answered, or was typed and is wrong."""
    questions.page(place.to, Answers())
    with transaction() as connection:
        visit = require_applying(connection, request, place)
        answers = require_answers(connection, place)
        wrong = wrong_here(connection, place, answers)
    page = require_page(questions, place, answers)
    asked, kept = questions.asked(page, answers), kept_typed(visit, place)
    typed = kept or questions.answered(asked, answers, place.language)
    shown: dict[str, Any] = {"typed": typed, "wrong_here": wrong, "before": questions.before(page, answers)}
    shown |= {"back": back or BACK in (kept or ()), "form": questions.form}
    if kept is not None and WRONG in request.query_params:
        shown["problems"] = questions.read(page, asked, answers, kept)[1]
    return question_page(place, visit, page, asked, **shown)


def take(questions: Questions, request: Request[Any, Any, Any], place: Place, form: Form) -> Redirect:
    """Keeps what was answered, and goes on; leads back to what is wrong with it."""
    questions.page(place.to, Answers())
    with transaction() as connection:
        visit = require_applying(connection, request, place, form)
        answers = require_answers(connection, place, lock=True)
        page = require_page(questions, place, answers)
        said, problems = questions.read(page, questions.asked(page, answers), answers, form.fields)
        if problems:
            return see_problems(connection, place, visit, form)
        questions.keep(answers, said)
        save(connection, place.reference, answers, clock.now())
        forget_typed(connection, visit, place)
    if form.first(BACK):
        left = questions.left(page, answers)
        return see_and_back(place.at(left)) if left else see(place.at(CHECK))
    return see(place.at(questions.after(page, answers)))


def require_page(questions: Questions, place: Place, answers: Answers) -> Page:
    """The page that is asked for. Raises Elsewhere where it is not asked any more."""
    if (page := questions.page(place.to, answers)) is None:
        raise Elsewhere(place.at(""))
    return page


class OfHousehold:
    """The questions about the household."""

    form = ""

    def page(self, name: str, answers: Answers) -> Page | None:
        """The page of this name."""
        if (page := page_named(HOUSEHOLD, name)) is None:
            raise NotFoundException
        return page

    def asked(self, page: Page, answers: Answers) -> list[Asked]:
        """What a page asks."""
        return questions_of(page, answers.household)

    def answered(self, asked: Sequence[Asked], answers: Answers, language: str) -> dict[str, list[str]]:
        """What was said; who reads these pages in French is likely to want messages so."""
        return typed_from(asked, {"language": written_in(language)} | answers.household)

    def read(
        self, page: Page, asked: Sequence[Asked], answers: Answers, typed: Mapping[str, Sequence[str]]
    ) -> tuple[Said, list[FieldProblem]]:
        """What was said, and what is wrong with it."""
        return read_page(page, asked, typed, (), day_of(clock.now()))

    def keep(self, answers: Answers, said: Said) -> None:
        """Keeps what was said."""
        keep(answers, said)

    def left(self, page: Page, answers: Answers) -> str:
        """The next page of the section that is not answered."""
        return next((each.name for each in pages_after(page) if not is_answered(each, answers.household)), "")

    def after(self, page: Page, answers: Answers) -> str:
        """The next page of the section, or of what changed."""
        return next_page(page, answers)

    def before(self, page: Page, answers: Answers) -> str:
        """The page before, of the section or of what changed."""
        return page_before(page, answers)


OF_HOUSEHOLD = OfHousehold()


@get(WAY + "/{name:str}", include_in_schema=False)
@in_thread
def ask(
    request: Request[Any, Any, Any],
    language: FromPath[str],
    reference: FromPath[str],
    name: FromPath[str],
    back: FromQuery[str] = "",
) -> Template:
    """A page of questions about the household."""
    return show(OF_HOUSEHOLD, request, apply_place(language, reference, name), back)


@post(WAY + "/{name:str}", include_in_schema=False)
@in_thread
def answer(
    request: Request[Any, Any, Any],
    language: FromPath[str],
    reference: FromPath[str],
    name: FromPath[str],
    body: RawBody,
) -> Redirect:
    """Keeps what was answered about the household."""
    return take(OF_HOUSEHOLD, request, apply_place(language, reference, name), Form(body))


def keep(answers: Answers, said: Said) -> None:
    """Keeps what was said of the household. Of another region or province the places within are asked again."""
    before = dict(answers.household)
    other = [each for each in ("region", "province") if each in said and said[each] != before.get(each)]
    if "region" in other:
        answers.household.pop("province", None)
    if any(before.get(each) is not None and said[each] is not None for each in other):
        answers.household.pop("commune", None)
        answers.household.pop("street", None)
    answers.household |= said


def see_and_back(place: Place) -> Redirect:
    """Leads to a page from which it goes on to the last look."""
    return Redirect(f"{place.address}?{BACK}={CHECK}", status_code=303)


def next_page(page: Page, answers: Answers) -> str:
    """The next page of the same section, or the list of tasks; of a change the next one, and then the last look."""
    if answers.is_new_change:
        after = pages_after(page, sections_of(answers))
        return after[0].name if after else CHECK
    return next((each.name for each in pages_after(page) if not is_answered(each, answers.household)), "")


def pages_after(page: Page, sections: Sequence[str] = ()) -> list[Page]:
    """What is asked after a page, in its own section or in all of these."""
    pages = pages_in(sections or [page.section])
    return pages[pages.index(page) + 1 :] if page in pages else []


def page_before(page: Page, answers: Answers) -> str:
    """The page before this one, of the same section or of all that are asked of a change; the list of tasks before the
    first.
    """
    pages = pages_in(sections_of(answers) if answers.is_new_change else [page.section])
    earlier = pages[: pages.index(page)] if page in pages else []
    return earlier[-1].name if earlier else ""


def pages_in(sections: Sequence[str]) -> list[Page]:
    """The pages of these sections."""
    return [each for section in sections for each in HOUSEHOLD if each.section == section]


def typed_from(asked: Sequence[Asked], said: Said) -> dict[str, list[str]]:
    """The fields of a page as they were answered."""
    typed: dict[str, list[str]] = {}
    for each in asked:
        value = value_said(each, said)
        if value is None:
            continue
        if each.kind == "birth":
            parts = zip(PARTS_ASKED, value.split("-"), strict=False)
            typed |= {f"{each.field}.{part}": [given] for part, given in parts}
        elif isinstance(value, bool):
            typed[each.field] = ["yes" if value else "no"]
        else:
            typed[each.field] = [str(given) for given in (value if isinstance(value, list) else [value])]
    return typed


def kept_typed(visit: Visit, place: Place) -> dict[str, list[str]] | None:
    """What was typed on this page and not taken, because it was wrong or the visit was over; None: nothing."""
    return visit.draft.typed if visit.draft.to == place.to else None


def forget_typed(connection: Connection, visit: Visit, place: Place) -> None:
    """Forgets what was typed on a page that is answered now."""
    if kept_typed(visit, place) is not None:
        keep_draft(connection, visit.token, Draft())


def see_problems(connection: Connection, place: Place, visit: Visit, form: Form) -> Redirect:
    """Keeps what was typed, and leads to the page that says what is wrong with it."""
    keep_draft(connection, visit.token, Draft(typed=form.typed, to=place.to))
    return see_wrong(place)


def question_page(place: Place, visit: Visit, page: Page, asked: Sequence[Asked], **context: Any) -> Template:
    """Renders a page of questions."""
    given: dict[str, Any] = {
        "problems": [],
        "back": "",
        "before": "",
        "member": None,
        "who": "",
        "own": False,
        "new": False,
        "wrong_here": (),
        "form": "",
        **context,
    }
    status = 422 if given["problems"] else 200
    return page_of_application("question.html", place, visit, status=status, page=page, asked=asked, **given)


HANDLERS = [ask, answer]
