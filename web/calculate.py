"""A calculator of the index that keeps nothing: it asks only what the formula in force counts, and equals the engine.

It asks how many members are meant instead of who they are, so that nobody types a name or an identifier.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Any, NamedTuple

from litestar import Request, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Template

from models.settings import settings
from web.applying.questions import question
from web.asked import Asked, FieldProblem, Wrong, read_typed
from web.index_values import GROUPS, RESTS_ON, SAME, Counted, group_of
from web.language import require_language
from web.public import page, today
from web.visits import Form
from workflows.bodies.fields import FIRST_BIRTH
from workflows.bodies.text import canonical
from workflows.policies import Formula, index_in_force, thresholds_in_force
from workflows.scoring.formula import ARITHMETIC, compute
from workflows.scoring.variables import FLAGS, SHARES, TWELVE, ZERO, Variables, flag, share

ROOMS = "housing.rooms"
ALWAYS = ("region", "hh_size", "head_age", ROOMS)  # the other ones are none where they are left empty
Said = Mapping[str, Any]


class Question(NamedTuple):
    """What the calculator asks, and which texts name it: those of `field.`, `counted.` or `formula.`, with a name."""

    asked: Asked
    texts: str
    name: str


@get("/{language:str}/calculate", sync_to_thread=False, include_in_schema=False)
def choose_milieu(language: FromPath[str]) -> Template:
    """The page on which somebody says where they live, because city and countryside have formulas of their own."""
    return page("calculate", language, milieus=list(index_in_force(today()).formulas))


@get("/{language:str}/calculate/{milieu:str}", sync_to_thread=False, include_in_schema=False)
def calculate(request: Request[Any, Any, Any], language: FromPath[str], milieu: FromPath[str]) -> Template:
    """The form; once it is filled in, the index of what was typed above it.

    The form changes nothing, so what is typed stands in the address: going back leads to it, and nothing is kept here.
    """
    typed = Form(request.scope["query_string"]).typed
    if not typed:
        return form_page(require_language(language), milieu, {})
    said, problems = answers(questions_of(formula_of(milieu)), typed)
    if problems:
        shown = form_page(require_language(language), milieu, typed, problems=problems)
        shown.status_code = 422
        return shown
    score = score_of(milieu, said)
    met = [(each, score <= each.threshold) for each in thresholds_in_force(today())]
    return form_page(require_language(language), milieu, typed, score=score, met=met)


def form_page(language: str, milieu: str, typed: Mapping[str, list[str]], **result: Any) -> Template:
    """The form, with what was typed and what came of it."""
    shown = {"problems": [], "score": None, "met": []} | result
    sections = sections_of(formula_of(milieu))
    questions = {each.asked.field: each for asked in sections.values() for each in asked}
    return page("calculate", language, milieu=milieu, sections=sections, questions=questions, typed=typed, **shown)


def formula_of(milieu: str) -> Formula:
    """The milieu's formula in force. Raises NotFoundException for what is no milieu."""
    formulas = index_in_force(today()).formulas
    if milieu not in formulas:
        raise NotFoundException
    return formulas[milieu]


def questions_of(formula: Formula) -> list[Question]:
    """What must be asked for this formula, each once."""
    return [each for section in sections_of(formula).values() for each in section]


def sections_of(formula: Formula) -> Mapping[str, Sequence[Question]]:
    """What must be asked for this formula, in the groups in which a file shows what counted: where the household lives
    and its size first.
    """
    sections = {"household": [Question(question("region", {}, ()), "field", "region")]}
    asked = {"region"}
    for variable in sorted(formula.coefficients, key=place_of):
        each = question_for(variable)
        if each.asked.path not in asked:
            asked.add(each.asked.path)
            sections.setdefault(group_of_variable(variable), []).append(each)
    return sections


def place_of(variable: str) -> tuple[int, bool]:
    """Where a variable's question stands; those of one part of a household's life keep the order of the annex."""
    return GROUPS.index(group_of_variable(variable)), variable != "hh_size"


def group_of_variable(variable: str) -> str:
    """The part of a household's life to which a variable belongs."""
    return group_of(Counted(variable, None, ZERO, RESTS_ON.get(variable, "")))


def question_for(variable: str) -> Question:
    """The question whose answer a variable rests on."""
    variable, path = SAME.get(variable, variable), RESTS_ON.get(variable, "")
    part, _, field = path.partition(".")
    if part == "bills" or path == ROOMS or (part == "belongings" and variable not in FLAGS):
        return Question(question(path, {}, ()), "field", path)
    if part == "head" and variable in FLAGS:
        return Question(question(field, {}, ()), "counted", path)
    if variable in FLAGS:
        return Question(Asked(variable, variable, "flag", None), "formula", variable)
    most = today().year - FIRST_BIRTH.year if variable == "head_age" else settings().max_members
    asked = Asked(variable, variable, "count", None, least=int(variable == "hh_size"), most=most)
    return Question(asked, "counted", variable)


def answers(questions: Sequence[Question], typed: Mapping[str, Sequence[str]]) -> tuple[Said, list[FieldProblem]]:
    """What was said, by path, and what is wrong with it."""
    said: dict[str, Any] = {}
    problems = []
    for each, _, _ in questions:
        try:
            said[each.path] = answer(each, typed)
        except Wrong as wrong:
            problems.append(FieldProblem(each.field, wrong.code, wrong.values))
    return said, problems or too_many(questions, said)


def answer(asked: Asked, typed: Mapping[str, Sequence[str]]) -> Any:
    """What was said for one question; None where that is nothing. Raises Wrong."""
    if asked.kind == "flag":
        return "yes" in typed.get(asked.field, ())
    if asked.path not in ALWAYS and not any(canonical(each) for each in typed.get(asked.field, ())):
        return None
    return read_typed(asked, typed, today())


def too_many(questions: Sequence[Question], said: Said) -> list[FieldProblem]:
    """The numbers of members that are greater than the household."""
    bounds = {"least": 0, "most": said["hh_size"]}
    return [
        FieldProblem(asked.field, "count_bounds", bounds)
        for asked, texts, _ in questions
        if texts == "counted" and asked.kind == "count" and asked.path != "head_age"
        if (said[asked.path] or 0) > said["hh_size"]
    ]


def score_of(milieu: str, said: Said) -> Decimal:
    """The index of these answers, as the engine computes it."""
    with localcontext(ARITHMETIC):
        values: Variables = {each: value_of(each, said) for each in formula_of(milieu).coefficients}
    return compute(milieu, int(said["region"]), values, index_in_force(today())).score


def value_of(variable: str, said: Said) -> Decimal:
    """A variable of the formula, as workflows/scoring/variables.py has it of a declaration."""
    size, path = int(said["hh_size"]), RESTS_ON.get(variable, "")
    if variable in FLAGS:
        return flag(holds(variable, said))
    if variable in SHARES:
        return share(said[variable] or 0, size)
    if path == "bills.water_electricity":
        bills = [Decimal(each) for each in said[path] or ()]
        return sum(bills, ZERO) * TWELVE / len(bills) / size if bills else ZERO
    if path.startswith("bills."):
        return Decimal(said[path] or 0) * TWELVE / size
    if variable in SAME:
        return Decimal(said[SAME[variable]] ** 2)
    return Decimal(said[path if path.startswith("belongings.") else variable] or 0)


def holds(variable: str, said: Said) -> bool:
    """Whether what a flag says is so."""
    size, path = said["hh_size"], RESTS_ON.get(variable, "")
    if variable == "rooms_max2_per_room":
        return bool(size <= 2 * said[ROOMS])
    if variable == "rooms_max3_per_room":
        return bool(2 * said[ROOMS] < size <= 3 * said[ROOMS])
    if variable == "hh_single_or_childless_couple":
        return bool(size == 1 or (size == 2 and said[variable]))
    if path == "head.education":
        return bool(said["education"] == variable.removeprefix("head_").removesuffix("_education"))
    if path == "head.occupation":
        return said["occupation"] in variable.removeprefix("head_").split("_or_")
    return bool(said[variable])


HANDLERS = [choose_milieu, calculate]
