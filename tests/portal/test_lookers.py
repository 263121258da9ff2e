"""Who looked at my file: each reading and act of the staff, by role, office and purpose, and never by name."""

from datetime import timedelta
from typing import Any

import pytest

from models import clock
from notifications.catalogues import LANGUAGES
from tests.appealing import acts, an_appeal
from tests.entries import an_entry, written
from tests.filing import rows
from tests.portal.conftest import Client
from tests.portal.standing import registered, under_review, work_off
from tests.portal.visiting import address_of, open_file, shown
from tests.staffing import a_person, sign_in
from web.language import PAGES
from web.lookers import IN_WORDS, OPERATED
from workflows.audit.acts import Act, Purpose
from workflows.intake.submit import Accepted
from workflows.staff.roles import Territory

both = pytest.mark.parametrize("language", LANGUAGES)
TITLE = "Who looked at my file?"


def listed(page: str, language: str = "fr") -> str:
    """The part of the page about it."""
    return page[page.index(PAGES.text(language, TITLE)) :].split("<h2>")[0]


def read(taken: Accepted, **changes: Any) -> None:
    """Somebody of the staff looked at this case now."""
    written(an_entry(**{"at": clock.now(), "case_ids": [taken.case_id], **changes}))


@both
def test_a_reading_is_told_by_role_office_and_purpose_and_not_by_name(client: Client, language: str) -> None:
    taken = under_review()
    person = a_person("Salma Idrissi", "caseworker", within=Territory(4))
    read(taken, account_id=person.account, purpose=Purpose.COMPLAINT)

    page = open_file(client, taken, language)

    told = listed(page, language)
    line = f"{PAGES.text(language, 'looked.read')} {PAGES.text(language, 'role.caseworker')}"
    assert f"{line} ({PAGES.text(language, 'region.4')})." in told
    assert PAGES.text(language, "purpose.complaint") in told
    assert "Salma" not in page
    assert "0123456789abcdef" not in page
    assert PAGES.text(language, TITLE) not in shown(client, address_of(registered(7), language=language))


@both
def test_a_file_at_which_nobody_looked_says_so(client: Client, language: str) -> None:
    assert PAGES.text(language, "Nobody of the staff so far.") in open_file(client, registered(), language)


def test_an_act_of_a_caseworker_is_told_on_the_page_of_its_case_alone(client: Client) -> None:
    taken = registered()
    appeal = an_appeal(taken, "index", contested=[{"path": "bills.telecom", "should_be": "1"}])
    work_off()
    acts(appeal, "salma", "assign")
    acts(appeal, "salma", "ask", ["bill"])

    assert PAGES.text("fr", "looked.decided") in listed(open_file(client, appeal))
    assert PAGES.text("fr", "Nobody of the staff so far.") in open_file(client, taken)


def test_who_read_an_appeal_read_the_contested_case_too(client: Client) -> None:
    taken = registered()
    appeal = an_appeal(taken, "index", contested=[{"path": "bills.telecom", "should_be": "1"}])
    work_off()
    sign_in(client, a_person("Salma", "caseworker"))
    assert client.get(f"/console/cases/{appeal.reference}").status_code == 200

    assert PAGES.text("fr", "looked.read") in listed(open_file(client, taken))


def test_who_was_refused_saw_nothing_and_is_not_told(client: Client) -> None:
    taken = registered()
    read(taken, act=Act.ACT_REFUSED)
    assert PAGES.text("fr", "Nobody of the staff so far.") in open_file(client, taken)


def test_a_day_of_reading_is_one_line_and_another_role_or_day_another(client: Client) -> None:
    taken = registered()
    for _ in range(5):
        read(taken)
    read(taken, role="supervisor")
    read(taken, at=clock.now() - timedelta(days=2))
    read(taken, role="owner", act=Act.GIVE_RECEIPT)

    told = listed(open_file(client, taken))

    assert told.count("<li>") == 4
    assert told.count(PAGES.text("fr", "role.others")) == 1
    assert told.count(PAGES.text("fr", "looked.receipt")) == 1


def test_what_an_authority_looks_at_by_law_is_not_told(client: Client) -> None:
    taken = registered()
    read(taken, purpose=Purpose.INVESTIGATION)
    assert "<li>" not in listed(open_file(client, taken)).split("</h2>")[1].split("<footer>")[0]


def test_every_act_about_a_case_has_words_of_its_own() -> None:
    """Those that have none keep the service running, or are about no case."""
    others = {each for each in Act if IN_WORDS.get(each, OPERATED) == OPERATED}
    assert others == {
        Act.READ_LOAD,
        Act.READ_LIFE_EVENTS,
        Act.CHECK_HISTORY,
        Act.READ_STAFF,
        Act.RESUME_PARKED,
        Act.PAUSE_QUEUE,
        Act.RESUME_QUEUE,
        Act.RETRY_MESSAGES,
        Act.SETTLE_MESSAGES,
        Act.TEND_LIFE_EVENTS,
        Act.PRINT_LETTERS,
        Act.RECORD_PROOFS,
        Act.READ_BOUNCES,
        Act.IMPORT_CASES,
        Act.ENROL,
        Act.SEARCH_PERSONS,
        Act.ERASE,
        Act.RETAIN,
        Act.CONFIRM_CLOCK,
        Act.ADD_DOCUMENT,
        Act.REMOVE_DOCUMENT,  # which the household did itself
        Act.ROTATE_KEYS,
        Act.ACCEPT_LOSS,
        Act.COMPARE_PERSONS,
        Act.READ_PERSONS,
        Act.READ_EVENTS,
        Act.QUESTION_REFUSED,
        Act.RECORD_EVENT,
        Act.READ_QUESTIONS,
        Act.READ_PARTNERS,
        Act.CHANGE_PARTNERS,
        Act.ACT_REFUSED,
        Act.SIGN_IN,
        Act.SIGN_IN_REFUSED,
        Act.SIGN_OUT,
        Act.CHANGE_STAFF,
    }


def test_it_is_found_by_the_index_of_the_cases(client: Client) -> None:
    taken = registered()
    rows(
        "insert into audit_entry (at, actor, role, act, purpose, case_ids, persons, count, detail) select now(), 'x', "
        "'caseworker', 'read_case', 'case', array[g]::bigint[], '{}', 1, '{}' from generate_series(1000000, 1020000) g"
    )
    rows("analyze audit_entry")
    plan = rows("explain select from audit_entry a where a.case_ids @> array[%s]::bigint[]", taken.case_id)
    assert "audit_entry_cases" in str(plan)
