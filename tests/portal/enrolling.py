"""Somebody who asks for an enrolment on the portal's pages, as a browser sends it."""

import re
from typing import Any

from tests.factories import an_enrolment, an_idcs, born
from tests.portal.applying import Applying
from tests.portal.conftest import Client
from web.asked import SHOULD
from web.enrolling.questions import PAGES

CHILD: dict[str, Any] = {
    "proof": "birth_act",
    "birth_date": born(3),
    "cin": None,
    "birth_act": "118",
    "birth_act_year": born(3)[:4],
    "birth_act_office": "Mohammedia",
    "guardian": an_idcs(31),
    "guardian_is": "mother",
}
FOREIGN: dict[str, Any] = {
    "proof": "residence_card",
    "nationality": "SN",
    "cin": None,
    "residence_card": "c1",
    "residence_until": "2999-01-01",
}


def typed(**changes: Any) -> dict[str, str]:
    """What somebody types, as a browser sends it."""
    lives = {"commune": "Mohammedia", "language": "fr", "nationality": "MA"}
    said: dict[str, Any] = {
        name: value for name, value in (lives | an_enrolment(**changes)).items() if value is not None
    }
    found: dict[str, str] = {}
    for place, each in enumerate(said.pop("witnesses", ())):
        found |= {f"{SHOULD}witnesses[{place}].{name}": text for name, text in each.items()}
    for name, given in said.items():
        if re.fullmatch(r"\d{4}-\d\d-\d\d", str(given)):
            parts = zip(("year", "month", "day"), given.split("-"), strict=True)
            found |= {f"{SHOULD}{name}.{part}": text for part, text in parts}
        else:
            found[f"{SHOULD}{name}"] = str(given)
    return found


def fields_of(page: str, sent: dict[str, str]) -> dict[str, str]:
    """What of this is typed on a page."""
    (asks,) = (each.asks for each in PAGES if each.name == page)
    wanted = {name: value for name, value in sent.items() if name.removeprefix(SHOULD) in asks}
    parts = {name: value for name, value in sent.items() if name.removeprefix(SHOULD).rpartition(".")[0] in asks}
    return {name.removeprefix(SHOULD): value for name, value in (wanted | parts).items()}


def fill_in(who: Applying, sent: dict[str, str]) -> str:
    """Answers the questions as they come, until the last look; the page at which it ends."""
    at = "papers"
    while at != "check":
        after = who.answer(at, **fields_of(at, sent))
        assert after != at, at
        at = after
    return at


def asked_on_pages(client: Client, language: str = "fr", **changes: Any) -> Applying:
    """Somebody who asked for an enrolment, and sees the receipt."""
    who = Applying(client, language, "enrol")
    fill_in(who, typed(**changes))
    assert who.answer("check") == "receipt"
    return who
