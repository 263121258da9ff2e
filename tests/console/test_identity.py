"""The page of a case with members in doubt: both sides, why, and what a caseworker says; who may, and what is noted."""

import html
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from models.database import transaction
from models.errors import Unavailable
from tasks import bootstrap
from tests.console.test_cases import amina as amina
from tests.console.test_cases import as_another, page_of, send
from tests.doubting import in_doubt, misspelt
from tests.filing import current_stage, facts_of, rows, value
from tests.integration.http_gateway import Said
from tests.integration.verification_service import Service, running
from tests.portal.conftest import Client
from tests.portal.standing import to_correct, work_off
from tests.staffing import Person, token_in
from trials.generator.household import GeneratedHousehold
from workflows.audit.pseudonyms import IDCS, person
from workflows.evidence import RegisteredPerson
from workflows.intake.submit import Accepted
from workflows.registers.population import LocalRegister

SAME, OTHER = "same:slip", "other:birth_date_differs"


@pytest.fixture
def doubted(client: Client, amina: Person) -> tuple[GeneratedHousehold, Accepted]:
    """A household of which two members are in doubt, before a caseworker."""
    made, case = in_doubt(0, 1)
    work_off()
    assert current_stage(case) == "identity_in_doubt"
    return made, case


def test_both_sides_are_shown_of_those_alone_who_are_in_doubt_and_the_audit_says_of_whom(
    client: Client, doubted: tuple[GeneratedHousehold, Accepted]
) -> None:
    made, case = doubted
    page = page_of(client, case)
    assert "Is it one and the same person?" in page
    assert "One digit of the date differs." in page
    shown = page.partition("Is it one and the same person?")[2].partition("</form>")[0]
    for member, known in ((0, True), (1, True), (2, False)):
        assert (made.persons[member].birth_date.isoformat() in shown) == known
    assert "Score of the names:" in shown
    ((role, persons, cases),) = rows("select role, persons, case_ids from audit_entry where act = 'read_person'")
    assert (role, cases) == ("caseworker", [case.case_id])
    assert persons == sorted(person(IDCS, each.idcs) for each in made.persons[:2])


def test_a_doubted_name_says_which_word_met_which(client: Client, amina: Person) -> None:
    page = page_of(client, misspelt())
    assert re.findall("<bdi>(.*?)</bdi> – <bdi>(.*?)</bdi>: ([a-z ]+)", page) == [
        ("عائة", "عائشة", "two spellings"),
        ("تيجاني", "تيجاني", "the same word"),
    ]


def test_of_a_doubted_birth_date_it_says_nothing_of_the_words_of_the_name(
    client: Client, doubted: tuple[GeneratedHousehold, Accepted]
) -> None:
    page = page_of(client, doubted[1])
    assert "Score of the names:" in page
    assert "the same word" not in page


def test_it_is_confirmed_by_one_person_once_it_was_seen_what_the_household_is_told(
    client: Client, doubted: tuple[GeneratedHousehold, Accepted]
) -> None:
    _, case = doubted
    said = {"identity:0": SAME, "identity:1": "same:document_shows_it"}
    status, shown = send(client, case, "identity", **said)
    assert (status, current_stage(case)) == (200, "identity_in_doubt")
    assert "No message is sent by this step." in shown
    assert "1: A slip of the hand" in shown

    status, shown = send(client, case, "identity", **said, confirmed="yes", note="The identity card shows it.")

    assert "Doubted members were confirmed" in shown
    assert "Next case" in shown
    assert [each["reason"] for each in facts_of(case, "IdentityConfirmed")["found"]] == ["slip", "document_shows_it"]
    assert rows("select role, case_ids from audit_entry where act = 'confirm_identity'") == [
        ("caseworker", [case.case_id])
    ]
    assert value("select text from desk_entry") == "The identity card shows it."
    work_off()
    assert current_stage(case) == "notified"


def test_who_is_not_confirmed_is_a_question_to_the_household(
    client: Client, doubted: tuple[GeneratedHousehold, Accepted]
) -> None:
    _, case = doubted
    _, shown = send(client, case, "identity", **{"identity:0": SAME, "identity:1": OTHER})
    assert "RSU: " in shown or case.reference in shown
    send(client, case, "identity", **{"identity:0": SAME, "identity:1": OTHER}, confirmed="yes")
    assert current_stage(case) == "needs_correction"
    page = page_of(client, case)
    assert "The birth date differs" in page
    assert "Is it one and the same person?" not in page


def test_a_form_that_leaves_a_member_out_comes_back_with_what_was_chosen(
    client: Client, doubted: tuple[GeneratedHousehold, Accepted]
) -> None:
    _, case = doubted
    status, page = send(client, case, "identity", **{"identity:0": SAME})
    assert status == 422
    assert f'value="{SAME}" required checked' in page
    assert current_stage(case) == "identity_in_doubt"


def test_who_may_not_decide_sees_no_stored_value(client: Client, doubted: tuple[GeneratedHousehold, Accepted]) -> None:
    made, case = doubted
    as_another(client, "Omar", "auditor")
    page = page_of(client, case)
    assert made.persons[0].birth_date.isoformat() not in page
    assert 'name="identity:0"' not in page
    assert value("select count(*) from audit_entry where act = 'read_person'") == 0
    assert send_as_other(client, case) == 403


def send_as_other(client: Client, case: Accepted) -> int:
    """The status for who may not decide it."""
    page = client.get("/console").text
    form = {"token": token_in(page), "version": "2", "identity:0": SAME, "confirmed": "yes"}
    return client.post(f"/console/cases/{case.reference}/identity", data=form).status_code


def test_a_population_officer_may_say_it(client: Client, doubted: tuple[GeneratedHousehold, Accepted]) -> None:
    _, case = doubted
    as_another(client, "Karim", "population_officer")
    send(client, case, "identity", **{"identity:0": SAME, "identity:1": SAME}, confirmed="yes")
    assert current_stage(case) != "identity_in_doubt"


def test_a_register_that_does_not_answer_is_said_and_noted_nowhere(
    client: Client, doubted: tuple[GeneratedHousehold, Accepted], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(self: LocalRegister, idcs: object) -> dict[str, RegisteredPerson]:
        raise Unavailable("away")

    monkeypatch.setattr(LocalRegister, "stored", away)
    page = page_of(client, doubted[1])
    assert "The population register gives no answer now." in page
    assert 'name="identity:0"' in page
    assert value("select count(*) from audit_entry where act = 'read_person'") == 0


OPEN = """
    select count(*) from pg_stat_activity where datname = current_database() and xact_start is not null
    and backend_type = 'client backend' and pid <> pg_backend_pid()
"""


@dataclass
class Elsewhere:
    """A register elsewhere, which looks how many transactions are open while an officer waits for it."""

    answers: bool = True
    open: list[int] = field(default_factory=list)
    by: str = ""

    def asked_by(self, officer: str) -> "Elsewhere":
        self.by = officer
        return self

    def stored(self, idcs: Sequence[str]) -> Mapping[str, RegisteredPerson]:
        self.open.append(value(OPEN))
        if not self.answers:
            raise Unavailable("It does not answer.")
        with transaction() as connection:
            return LocalRegister(connection).stored(idcs)


@pytest.mark.parametrize("answers", [True, False])
def test_a_register_elsewhere_is_asked_with_no_transaction_open_for_the_page_and_for_one_that_is_refused(
    client: Client,
    doubted: tuple[GeneratedHousehold, Accepted],
    monkeypatch: pytest.MonkeyPatch,
    answers: bool,
) -> None:
    made, case = doubted
    there = Elsewhere(answers)
    monkeypatch.setattr(bootstrap, "register_of_settings", lambda: (None, there))

    page = page_of(client, case)
    status, again = send(client, case, "identity", **{"identity:0": SAME})

    assert status == 422
    assert len(there.open) == 3  # the page is loaded for its form, too
    assert set(there.open) == {0}
    assert there.by.startswith("officer:")
    for shown in (page, again):
        assert (made.persons[0].birth_date.isoformat() in shown) is answers
        assert ("The population register gives no answer now." in shown) is not answers
    assert value("select count(*) from audit_entry where act = 'read_person'") == 3 * answers


def record(asked: Any, **changes: Any) -> Said:
    """What a register keeps of the first person who was asked about."""
    names = dict.fromkeys(("given_name_ar", "family_name_ar", "given_name_la", "family_name_la"), "Lies")
    kept = {"idcs": asked["idcs"][0], **names, "birth_date": "1986-08-16", "birth_precision": "day", **changes}
    return Said(200, json.dumps({"id": asked["id"], "records": [kept]}))


LIES: dict[str, Callable[[Any], Said | None]] = {
    "a page": lambda asked: Said(200, "<html>Lies", {"Content-Type": "text/html"}),
    "half a JSON": lambda asked: Said(200, f'{{"id": "{asked["id"]}", "records": [{{"idcs": "Lies'),
    "a JSON without a bottom": lambda asked: Said(200, '{"records": ' + "[" * 100_000),
    "another person's record": lambda asked: record(asked, idcs="7000000000"),
    "an error inside": lambda asked: Said(200, json.dumps({"id": asked["id"], "records": [], "error": "Lies"})),
    "another question's answer": lambda asked: record({**asked, "id": "7"}),
    "a precision that there is not": lambda asked: record(asked, birth_precision="Lies"),
    "never": lambda asked: time.sleep(1.5),
}


@pytest.mark.parametrize("says", LIES.values(), ids=LIES)
def test_whatever_a_register_elsewhere_answers_the_page_is_there_and_shows_nothing_of_it(
    client: Client,
    doubted: tuple[GeneratedHousehold, Accepted],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    says: Callable[[Any], Said | None],
) -> None:
    with running(Service(says=says)) as service:
        there = service.register(tmp_path, population_timeout=0.3)
        monkeypatch.setattr(bootstrap, "register_of_settings", lambda: (None, there))
        page = page_of(client, doubted[1])
    assert service.calls
    assert "The population register gives no answer now." in page
    assert 'name="identity:0"' in page
    assert "Lies" not in page
    assert value("select count(*) from audit_entry where act = 'read_person'") == 0


def test_a_mismatch_shows_both_sides_to_who_takes_the_answer(client: Client, amina: Person) -> None:
    case = to_correct()
    rows("update person set given_name_la = null, family_name_la = null")
    page = page_of(client, case)
    assert "None" not in page
    ((idcs, born),) = rows(
        "select p.idcs, p.birth_date from person p, case_body b where p.idcs = b.body -> 'members' -> 1 ->> 'idcs'"
    )
    assert html.escape(f"{born}") in page
    assert rows("select persons from audit_entry where act = 'read_person'") == [([person(IDCS, idcs)],)]


def test_the_desk_lists_it_among_the_exceptions_with_what_is_in_doubt(
    client: Client, doubted: tuple[GeneratedHousehold, Accepted]
) -> None:
    page = html.unescape(client.get("/console/queues?tab=unassigned&queue=exceptions").text)
    assert doubted[1].reference in page
    assert "birth date in doubt" in page
