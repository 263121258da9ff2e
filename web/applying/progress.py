"""How far an application has come: which sections are answered, and which members are not yet. Pure."""

from datetime import date
from typing import NamedTuple

from web.applying.questions import (
    HOUSEHOLD,
    SECTIONS,
    is_answered,
    pages_of_member,
)
from web.applying.visit import MEMBERS
from workflows.intake.drafts import Answers, Said

SECTIONS_OF = {
    "moved": ("place", "home"),
    "contact": ("contact",),
    "bills": ("bills",),
    "belongings": ("belongings",),
    "member_joined": ("members",),
    "member_left": ("members",),
}


class Task(NamedTuple):
    """A section of the list of tasks: where it begins or goes on, and whether all of it is answered."""

    section: str
    to: str
    done: bool
    begun: bool


def tasks_of(answers: Answers, today: date) -> list[Task]:
    """The sections with what is left to be answered."""
    found = []
    for section in sections_of(answers):
        if section == MEMBERS:
            whole = bool(answers.members) and not open_members(answers, today) and has_head(answers)
            first = MEMBERS if answers.members else f"{MEMBERS}/1/name"
            found.append(Task(section, first, whole, bool(answers.members)))
            continue
        pages = [each for each in HOUSEHOLD if each.section == section]
        left = [each for each in pages if not is_answered(each, answers.household)]
        found.append(Task(section, (left or pages)[0].name, not left, len(left) < len(pages)))
    return found


def sections_of(answers: Answers) -> tuple[str, ...]:
    """The sections that are asked: of a new change those of what changed, of a confirmation and of a correction all."""
    return SECTIONS_OF[answers.change] if answers.is_new_change and not answers.shows_all else SECTIONS


def open_members(answers: Answers, today: date) -> list[int]:
    """The members of whom something is not answered yet."""
    return [
        number
        for number, said in answers.members.items()
        if not all(is_answered(each, said) for each in pages_of_member(said, today))
    ]


def has_head(answers: Answers) -> bool:
    """Whether exactly one of the members is the head."""
    return [each.get("relationship") for each in answers.members.values()].count("head") == 1


def name_of(said: Said) -> str:
    """The name of a member as it was typed, in Arabic where it was typed so."""
    names = [
        (said.get("given_name_ar"), said.get("family_name_ar")),
        (said.get("given_name_la"), said.get("family_name_la")),
    ]
    return next((f"{given} {family}" for given, family in names if given and family), "")
