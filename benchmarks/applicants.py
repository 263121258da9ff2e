"""Somebody who fills in an application page by page, as a phone sends it: what they answer, and where they stand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from trials.generator.household import GeneratedHousehold
from web.applying.questions import HOUSEHOLD, Page, pages_of_member
from workflows.bodies.declaration import ApplicationBody
from workflows.intake.drafts import Answers, answers_in

Typed = Mapping[str, str | Sequence[str]]
PREFIX = "should."  # of a form's fields
NOTHING: Typed = {
    "bills.water_electricity": ["0"],
    "bills.gas": "0",
    "bills.telecom": "0",
}  # typed where nothing is paid


class Step(NamedTuple):
    """One page of questions: where it is under the application's address, whose it is (0: the household's), and what
    is typed there.
    """

    to: str
    member: int
    page: Page
    typed: Typed


@dataclass
class Applicant:
    """A household's answers, in the order in which the pages ask for them."""

    said: Answers
    steps: list[Step] = field(default_factory=list)

    @property
    def phone(self) -> str:
        """The phone that the application names; empty for none."""
        return str(self.said.household.get("phone") or "")

    def so_far(self, count: int) -> Answers:
        """The draft of who has answered so many pages."""
        draft = Answers()
        for step in self.steps[:count]:
            of = self.said.members[step.member] if step.member else self.said.household
            into = draft.members.setdefault(step.member, {}) if step.member else draft.household
            into |= {path: of.get(path) for path in step.page.asks}
            draft.used = max(draft.used, step.member)
        return draft


def applicant(made: GeneratedHousehold, phone: str, today: date) -> Applicant:
    """A household with this phone, whose declarant answers for all."""
    members = sorted(made.body["members"], key=lambda each: not each.get("declarant"))
    body = {**made.body, "members": members, "phone": phone}
    body.pop("application")
    found = Applicant(answers_in(ApplicationBody.model_validate(body)))
    found.steps = list(steps_of(found.said, today))
    return found


def steps_of(said: Answers, today: date) -> Iterator[Step]:
    """All pages that this household is asked."""
    for number, of in sorted(said.members.items()):
        for page in pages_of_member(of, today):
            yield Step(f"members/{number}/{page.name}", number, page, typed_on(page, of))
    for page in HOUSEHOLD:
        yield Step(page.name, 0, page, typed_on(page, said.household))


def typed_on(page: Page, said: Mapping[str, Any]) -> dict[str, str | Sequence[str]]:
    """The fields of a page as somebody fills them in."""
    fields: dict[str, str | Sequence[str]] = {}
    for path in page.asks:
        fields |= {f"{PREFIX}{name}": value for name, value in field_of(path, said.get(path), page).items()}
    return fields


def field_of(path: str, value: Any, page: Page) -> dict[str, str | Sequence[str]]:
    """One answer as its field or fields have it."""
    if path == "birth_date":
        parts = dict(zip(("year", "month", "day"), str(value).split("-"), strict=True))
        return {f"{path}.{part}": given for part, given in parts.items()}
    if page.ticked:
        return {path: "yes"} if value is True else {}
    if isinstance(value, bool):
        return {path: "yes" if value else "no"}
    if isinstance(value, list | tuple):
        return {path: [str(each) for each in value]} if value else {path: NOTHING[path]}
    return {path: NOTHING.get(path, "") if value is None else str(value)}
