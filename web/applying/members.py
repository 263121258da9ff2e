"""The members of the household: who is there, what is asked of each, and who is taken out again."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from litestar import Request, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, RawBody
from litestar.response import Redirect, Template

from models import clock
from models.database import transaction
from models.days import day_of
from models.settings import settings
from web.applying.correcting import members_wrong, wrong_here
from web.applying.household import BACK, forget_typed, kept_typed, question_page, see_problems, typed_from
from web.applying.progress import has_head, name_of, open_members
from web.applying.questions import (
    MEMBER,
    Page,
    is_answered,
    page_named,
    pages_of_member,
    questions_of,
    read_page,
)
from web.applying.visit import (
    CHECK,
    MEMBERS,
    WAY,
    apply_place,
    page_of_application,
    require_answers,
    require_applying,
)
from web.asked import Asked, FieldProblem
from web.threaded import in_thread
from web.visits import WRONG, Form, see
from workflows.bodies.change import FORGOTTEN
from workflows.intake.drafts import Answers, Said, save

NEW = "new"  # the field of a form about somebody who is not a member yet


@get(f"{WAY}/{MEMBERS}", include_in_schema=False)
@in_thread
def members(request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str]) -> Template:
    """Who is in the household so far."""
    place = apply_place(language, reference, MEMBERS)
    with transaction() as connection:
        visit = require_applying(connection, request, place)
        answers = require_answers(connection, place)
        wrong = members_wrong(connection, place, answers)
        about_all = [each for each in wrong_here(connection, place, answers) if each.reason.member is None]
    today = day_of(clock.now())
    left = open_members(answers, today)
    shown: dict[str, Any] = {
        "members": [
            (number, name_of(said), said, first_open(said, today) if number in left else "")
            for number, said in sorted(answers.members.items())
        ],
        "declares": answers.declares,
        "next": answers.used + 1,
        "full": len(answers.members) >= settings().max_members,
        "headless": not has_head(answers),
        "change": answers.change,
        "forgotten": answers.cause == FORGOTTEN,
        "about_all": about_all,
        "wrong": {number: reason for number, reason in wrong.items() if number in answers.members},
    }
    return page_of_application("members.html", place, visit, **shown)


@get(WAY + "/members/{number:int}/{name:str}", include_in_schema=False)
@in_thread
def ask_member(  # noqa: PLR0913 - the parts of its address
    request: Request[Any, Any, Any],
    language: FromPath[str],
    reference: FromPath[str],
    number: FromPath[int],
    name: FromPath[str],
    back: FromQuery[str] = "",
) -> Template:
    """A page of questions about a member."""
    place = apply_place(language, reference, f"{MEMBERS}/{number}/{name}")
    with transaction() as connection:
        visit = require_applying(connection, request, place)
        answers = require_answers(connection, place)
        wrong = wrong_here(connection, place, answers)
    kept = kept_typed(visit, place)
    if kept and NEW in kept:
        number = answers.used + 1
    page = member_page(answers, number, name)
    asked = questions_of(page, answers.household, answers.others(number))
    typed = kept or typed_from(asked, answers.members.get(number, {}))
    shown: dict[str, Any] = {"typed": typed, "back": back or BACK in (kept or ()), "wrong_here": wrong}
    shown["before"] = page_before_of_member(page, number, answers)
    if kept is not None and WRONG in request.query_params:
        shown["problems"] = read_member(answers, number, page, asked, kept)[1]
    return question_page(place, visit, page, asked, **shown, **about_member(answers, number))


@post(WAY + "/members/{number:int}/{name:str}", include_in_schema=False)
@in_thread
def answer_member(  # noqa: PLR0913 - the parts of its address
    request: Request[Any, Any, Any],
    language: FromPath[str],
    reference: FromPath[str],
    number: FromPath[int],
    name: FromPath[str],
    body: RawBody,
) -> Redirect:
    """Keeps what was answered about a member, and goes on; leads back to what is wrong with it."""
    place, form = apply_place(language, reference, f"{MEMBERS}/{number}/{name}"), Form(body)
    with transaction() as connection:
        visit = require_applying(connection, request, place, form)
        answers = require_answers(connection, place, lock=True)
        if form.first(NEW):
            number = number_of_new(answers, number, form)
        page = member_page(answers, number, name)
        asked = questions_of(page, answers.household, answers.others(number))
        said, problems = read_member(answers, number, page, asked, form.fields)
        if problems:
            return see_problems(connection, place, visit, form)
        keep(answers, number, said)
        save(connection, place.reference, answers, clock.now())
        forget_typed(connection, visit, place)
    return see(place.at(CHECK if form.first(BACK) else next_of_member(page, number, answers.members[number])))


def keep(answers: Answers, number: int, said: Said) -> None:
    """Keeps what was said about a member.

    Of a declaration that is corrected or changed, what another age no longer asks goes: it is shown nowhere, and would
    be sent.
    """
    before, today = answers.members.get(number, {}), day_of(clock.now())
    after = before | said
    if not answers.is_new:
        asked = pages_of_member(after, today)
        gone = [name for each in pages_of_member(before, today) if each not in asked for name in each.asks]
        after = {name: value for name, value in after.items() if name not in gone}
    answers.members[number] = after
    answers.used = max(answers.used, number)


def number_of_new(answers: Answers, number: int, form: Form) -> int:
    """The number of a member who is added: another one than the page's, where another tab added somebody meanwhile.

    A button that is pressed twice adds nobody twice: who was added with the same name since is the same person.
    """
    named = page_named(MEMBER, "name")
    assert named is not None
    said, problems = read_page(named, questions_of(named, {}), form.fields, (), day_of(clock.now()))
    same = [each for each, of in answers.members.items() if each >= number and of.items() >= said.items()]
    if same and not problems:
        return same[0]
    return answers.used + 1 if number in answers.members else number


def read_member(
    answers: Answers, number: int, page: Page, asked: Sequence[Asked], typed: Mapping[str, Sequence[str]]
) -> tuple[Said, list[FieldProblem]]:
    """What was said about a member on a page, and what is wrong with it."""
    most = settings().max_members
    if number not in answers.members and len(answers.members) >= most:
        return {}, [FieldProblem(asked[0].field, "too_many", {"most": most})]
    return read_page(page, asked, typed, answers.others(number), day_of(clock.now()))


def first_open(said: Said, today: date) -> str:
    """The first page about a member that is not answered."""
    return next(each.name for each in pages_of_member(said, today) if not is_answered(each, said))


def member_page(answers: Answers, number: int, name: str) -> Page:
    """The page of this name about this member, who may be the next new one. Raises NotFoundException."""
    said = answers.members.get(number)
    if said is None and (number != answers.used + 1 or name != "name"):
        raise NotFoundException
    if (page := page_named(pages_of_member(said or {}, day_of(clock.now())), name)) is None:
        raise NotFoundException
    return page


def about_member(answers: Answers, number: int) -> dict[str, Any]:
    """Whom a page is about."""
    own = number == answers.declares
    return {
        "member": number,
        "who": name_of(answers.members.get(number, {})),
        "own": own,
        "new": number not in answers.members,
    }


def next_of_member(page: Page, number: int, said: Said) -> str:
    """The next page about the same member, or the list of all."""
    pages = pages_of_member(said, day_of(clock.now()))
    after = pages[pages.index(page) + 1 :] if page in pages else pages
    left = next((each.name for each in after if not is_answered(each, said)), None)
    return f"{MEMBERS}/{number}/{left}" if left else MEMBERS


def page_before_of_member(page: Page, number: int, answers: Answers) -> str:
    """The page before this one about the same member; the list of all before the first, and that of tasks where there
    is nobody yet.
    """
    pages = pages_of_member(answers.members.get(number, {}), day_of(clock.now()))
    earlier = pages[: pages.index(page)]
    return f"{MEMBERS}/{number}/{earlier[-1].name}" if earlier else MEMBERS if answers.members else ""


@get(WAY + "/members/{number:int}/remove", include_in_schema=False)
@in_thread
def ask_remove(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str], number: FromPath[int]
) -> Template:
    """The page before a member is taken out."""
    place = apply_place(language, reference, f"{MEMBERS}/{number}/remove")
    with transaction() as connection:
        visit = require_applying(connection, request, place)
        answers = require_answers(connection, place)
    require_removable(answers, number)
    return page_of_application("remove.html", place, visit, **about_member(answers, number))


@post(WAY + "/members/{number:int}/remove", include_in_schema=False)
@in_thread
def remove(
    request: Request[Any, Any, Any],
    language: FromPath[str],
    reference: FromPath[str],
    number: FromPath[int],
    body: RawBody,
) -> Redirect:
    """Takes a member out of the application."""
    place, form = apply_place(language, reference, f"{MEMBERS}/{number}/remove"), Form(body)
    with transaction() as connection:
        require_applying(connection, request, place, form)
        answers = require_answers(connection, place, lock=True)
        if number in answers.members:
            require_removable(answers, number)
            del answers.members[number]
            save(connection, place.reference, answers, clock.now())
    return see(place.at(MEMBERS))


def require_removable(answers: Answers, number: int) -> None:
    """Raises NotFoundException for nobody, and for who applies: without them there is no application."""
    if number not in answers.members or number == answers.declares:
        raise NotFoundException


HANDLERS = [members, ask_remove, remove, ask_member, answer_member]
