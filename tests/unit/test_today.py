"""At half past eleven in the evening by UTC it is tomorrow in Morocco, wherever a day is compared with today."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from models import clock
from models.errors import Refused
from tests.factories import a_body, a_child, a_head
from web.applying.questions import MEMBER, page_named, questions_of, read_page
from web.public import today
from workflows.bodies.change import ChangeRequest
from workflows.bodies.declaration import ApplicationBody, Declaration
from workflows.casework.answers import refuse_what_cannot_be
from workflows.casework.changes import Registered, refuse_impossible
from workflows.engine.lanes import INTERACTIVE
from workflows.intake.submit import Application, rejection_of
from workflows.registers.enrol import require_past

LATE = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
TODAY, TOMORROW = date(2026, 7, 1), date(2026, 7, 2)  # in Casablanca


def with_newborn(born: date, **more: Any) -> dict[str, Any]:
    return a_body(members=[a_head(), a_child(birth_date=f"{born}")], **more)


def filed(born: date) -> bool:
    body = ApplicationBody.model_validate(with_newborn(born))
    return rejection_of(Application("k", "api", INTERACTIVE, body, "RSU-0000-0000-0000"), LATE) is None


def corrected(born: date) -> bool:
    case: Any = SimpleNamespace(body_number=1)
    return passes(lambda: refuse_what_cannot_be(case, Declaration.model_validate(with_newborn(born)), LATE))


def declared(born: date) -> bool:
    known = Registered(1, 1, Declaration.model_validate(a_body(members=[a_head()])), date(2026, 1, 1))
    change = {"change": "member_joined", "cause": "birth", "true_from": f"{born}", "based_on": 1}
    request = ChangeRequest.model_validate({**change, "declaration": with_newborn(born)})
    return passes(lambda: refuse_impossible(known, request, LATE))


def enrolled(born: date) -> bool:
    return passes(lambda: require_past(born))


def typed(born: date) -> bool:
    page = page_named(MEMBER, "birth")
    assert page
    parts = {"day": [str(born.day)], "month": [str(born.month)], "year": [str(born.year)]}
    fields = {f"should.birth_date.{part}": given for part, given in parts.items()} | {"should.sex": ["female"]}
    return not read_page(page, questions_of(page, {}), fields, (), today())[1]


def passes(act: Callable[[], object]) -> bool:
    try:
        act()
    except (Refused, ValueError, ValidationError):
        return False
    return True


@pytest.mark.parametrize("taken", [filed, corrected, declared, enrolled, typed])
def test_who_was_born_today_in_morocco_is_not_born_in_the_future(taken: Callable[[date], bool]) -> None:
    with clock.at(LATE):
        assert taken(TODAY)
        assert not taken(TOMORROW)
