"""A text with other places than we fill stops its message: nobody gets half of one, and an operator sees why."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from models.errors import Broken
from models.settings import settings
from notifications import notices
from notifications.catalogues import MESSAGES
from notifications.codes import text_of_code
from notifications.deliver import Deliverer
from notifications.notices import filled, places_of
from tests.filing import Worker, clean, current_stage, drain_all, events_of, file, register, rows, value
from tests.integration.gateways import BookGateway
from tests.people import after, retry_parked

WHOLE = "{reference}"
HALF = {
    "a place too few": "",
    "another place besides": "{reference} {name}",
    "a place of another kind": "%(reference)s",
    "a place without a name": "{}",
    "a place with a number": "{0}",
    "half a brace": "{reference",
    "a brace that is none": "{{reference}}",
    "a part of a value": "{reference.__class__}",
    "a form": "{reference!r:>30}",
}
Spoil = Callable[[str, str], None]


@pytest.fixture
def spoil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Spoil]:
    """Writes something else in place of the reference into the French text of a template."""
    folder = tmp_path / "notifications" / "locales"
    shutil.copytree(MESSAGES.folder, folder)
    whole = (folder / "fr" / "messages.po").read_text(encoding="utf-8")

    def write(template: str, instead: str) -> None:
        head, mark, rest = whole.partition(f'msgctxt "{template}"\n')
        translated, ends = rest.index("msgstr"), rest.find("\n\n")
        entry, others = (rest, "") if ends < 0 else (rest[:ends], rest[ends:])
        copy = tmp_path / str(len(list(tmp_path.iterdir()))) / "locales"  # each file is read once
        shutil.copytree(folder, copy)
        place = WHOLE if WHOLE in entry[translated:] else "{code}"
        spoilt = entry[:translated] + entry[translated:].replace(place, instead, 1) + others
        (copy / "fr" / "messages.po").write_text(head + mark + spoilt, encoding="utf-8")
        monkeypatch.setattr(notices, "MESSAGES", MESSAGES._replace(folder=copy))
        notices.words.cache_clear()

    yield write
    monkeypatch.undo()
    notices.words.cache_clear()


@pytest.mark.parametrize("how", HALF)
def test_a_case_whose_message_has_half_a_text_is_parked_and_nothing_of_it_leaves(
    how: str, database: str, worker: Worker, spoil: Spoil, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = clean(2)
    register(made)
    in_french, in_arabic = file(made[0].body | {"language": "fr"}, made[1].body | {"language": "ar"})
    spoil("registered", HALF[how])
    drainer = worker()
    for each in range(settings().tries + 1):
        with after(seconds=100 * each):
            drain_all(drainer)
    gateway = BookGateway()
    Deliverer(gateway).drain()

    assert (current_stage(in_arabic), current_stage(in_french)) == ("notified", "parked")
    assert "NoticesIssued" not in events_of(in_french)
    assert rows("select distinct template from message where case_id = %s", in_french.case_id) == [("received",)]
    assert len(gateway.accepted) == 3
    why = str(value("select error from case_failure where case_id = %s", in_french.case_id))
    assert "The text of 'registered' in 'fr'" in why
    assert "fr/messages.po" in why

    monkeypatch.undo()
    notices.words.cache_clear()
    retry_parked(in_french.case_id)
    drain_all(drainer)
    assert current_stage(in_french) == "notified"
    (body,) = rows("select body from message where (case_id, template) = (%s, 'registered')", in_french.case_id)[0]
    assert in_french.reference in body


def test_a_code_of_half_a_text_is_not_written(spoil: Spoil) -> None:
    spoil("phone_code", "%(code)s")
    with pytest.raises(Broken, match="'phone_code' in 'fr'"):
        text_of_code("fr", "123456")


@pytest.mark.parametrize("values", [{}, {"days": 0}, {"days": ""}, {"day": "01/01/2027"}])
def test_a_place_without_a_value_is_not_sent_as_nothing(values: dict[str, Any]) -> None:
    with pytest.raises(Broken, match="'reminder' has no value for days: it is not sent"):
        filled("{reference}: within {days} days", "reminder", reference="RSU", **values)


def test_a_text_has_places_by_name_alone() -> None:
    assert places_of("RSU {reference} {days}") == {"reference", "days"}
    assert [each for each in (*HALF.values(), "100 %") if each and places_of(each) is not None] == [
        "{reference} {name}"
    ]
