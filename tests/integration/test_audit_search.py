"""Auditors find entries by person, phone, case, staff, act and time, a page at a time; a search is an entry, too."""

from datetime import timedelta

import pytest

from models.database import transaction
from tests.entries import NOON, an_entry, sealed, written
from tests.filing import Body, rows, value
from tests.integration.running import Run
from workflows.audit.acts import Act, Purpose
from workflows.audit.pseudonyms import IDCS, PHONE, person
from workflows.audit.search import Found, Wanted, search
from workflows.intake.submit import Accepted
from workflows.staff.signatures import OFFICER, sign

OTHERS = "2026-11-29T12:01"  # after every entry of these tests, before those that the searches make


def found(**wanted: object) -> list[Found]:
    """What a search finds."""
    with transaction() as connection:
        return search(connection, Wanted(**wanted))  # type: ignore[arg-type]


def positions(**wanted: object) -> list[int]:
    return [each.position for each in found(**wanted)]


@pytest.fixture
def six(database: str) -> None:
    """Six sealed entries, one a second."""
    with transaction() as connection:
        amina = sign(connection, OFFICER, "Amina")
    sealed(
        an_entry(0, actor=amina),
        an_entry(1, act=Act.SEARCH, persons=[person(IDCS, "1234567890")], case_ids=[8, 9]),
        an_entry(2, actor=amina, act=Act.READ_QUEUE, case_ids=[7, 8, 9]),
        an_entry(3, act=Act.SEARCH, persons=[person(PHONE, "+212611223344")], case_ids=[]),
        an_entry(4, actor=amina, case_ids=[9]),
        an_entry(5, purpose=Purpose.COMPLAINT, case_ids=[8]),
    )


@pytest.mark.usefixtures("six")
def test_entries_are_found_by_each_of_their_sides_and_by_several_at_once() -> None:
    assert positions() == [6, 5, 4, 3, 2, 1]
    assert positions(case_ids=[7]) == [3, 1]
    assert positions(case_ids=[7, 9]) == [5, 3, 2, 1]
    assert positions(act=Act.SEARCH) == [4, 2]
    assert positions(persons=[person(IDCS, "1234567890")]) == [2]
    assert positions(persons=[person(IDCS, "1234567890")], of_persons=[7]) == [3, 2, 1]
    assert positions(since=NOON + timedelta(seconds=2), until=NOON + timedelta(seconds=4)) == [4, 3]
    amina, other = (each.entry.actor for each in (found()[5], found()[0]))
    assert positions(actors=[amina]) == [5, 3, 1]
    assert positions(actors=[amina, other]) == [6, 5, 4, 3, 2, 1]
    assert positions(actors=[amina, "operator:1"], case_ids=[9], until=NOON + timedelta(seconds=4)) == [3]


@pytest.mark.usefixtures("six")
@pytest.mark.parametrize("wanted", [{}, {"actors": ["officer:0123456789abcdef"]}, {"case_ids": [7, 8, 9]}])
def test_pages_hold_everything_once(wanted: dict[str, object]) -> None:
    whole, pages, before = positions(**wanted), [], None
    while page := positions(**wanted, before=before, rows=2):
        pages += page
        before = page[-1]

    assert pages == whole
    assert len(whole) > 2


def test_entries_of_one_moment_are_not_lost_between_pages(database: str) -> None:
    sealed(*[an_entry(0) for _ in range(5)])

    first = positions(rows=2)

    assert first + positions(before=first[-1], rows=9) == [5, 4, 3, 2, 1]


def test_the_command_finds_who_looked_at_a_person_and_notes_that_it_was_asked(
    ready: Run, home: tuple[Body, Accepted]
) -> None:
    body, taken = home
    idcs = body["members"][0]["idcs"]
    with transaction() as connection:
        amina = sign(connection, OFFICER, "Amina")
    written(
        an_entry(0, actor=amina, case_ids=[taken.case_id]),
        an_entry(1, actor=amina, act=Act.SEARCH, persons=[person(IDCS, idcs)], case_ids=[]),
        an_entry(2, case_ids=[taken.case_id + 1]),
    )

    ran = ready(
        "audit", "search", "--person", idcs, "--until", OTHERS, "--as", "nadia", "--purpose", "person", "--json"
    )

    assert (ran.code, ran.json["more"]) == (0, False)
    assert [(each["name"], each["act"], each["cases"]) for each in ran.json["entries"]] == [
        ("Amina", "search", []),
        ("Amina", "read_case", [taken.reference]),
    ]
    assert f"Amina (caseworker): read_case, for case: {taken.reference}" in ran.out
    assert idcs not in ran.out
    noted = rows("select purpose, persons, detail ->> 'entries' from audit_entry where act = 'read_audit'")
    assert noted == [("person", [person(IDCS, idcs)], "2")]
    assert idcs not in str(rows("select audit_entry::text from audit_entry"))


def test_the_command_finds_by_phone_case_and_staff(ready: Run, home: tuple[Body, Accepted]) -> None:
    _, taken = home
    with transaction() as connection:
        amina = sign(connection, OFFICER, "Amina")
    written(an_entry(0, actor=amina, case_ids=[taken.case_id]), an_entry(1), an_entry(2, actor=amina, case_ids=[]))

    def acts(*arguments: str) -> list[int]:
        ran = ready("audit", "search", *arguments, "--until", OTHERS, "--json")
        assert ran.code == 0
        return [each["position"] for each in ran.json["entries"]]

    assert len(acts("--staff", "AMINA ")) == 2
    by_case = acts("--case", taken.reference)
    assert len(by_case) == 1
    assert acts("--phone", value("select phone from case_body where case_id = %s", taken.case_id)) == by_case
    assert acts("--case", taken.reference, "--staff", "amina", "--act", "read_case") == by_case
    assert acts("--case", taken.reference, "--staff", "somebody else") == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--person", "12"], "The identifier must have ten digits"),
        (["--person", "2345678900"], "The identifier has one wrong digit"),
        (["--phone", "12"], "This is no number of a phone."),
        (["--case", "RSU-7ZPZ-X61A-AQFB"], "RSU-7ZPZ-X61A-AQFB"),
        (["--before", "99"], "There is no position 99 in the audit."),
        (["--act", "steal"], "read_case"),
    ],
)
def test_a_search_for_what_cannot_be_says_so(ready: Run, arguments: list[str], sentence: str) -> None:
    ran = ready("audit", "search", *arguments)

    assert (ran.code, sentence in ran.err) == (2, True)
    assert value("select count(*) from audit_entry") == 0


def test_a_search_that_finds_nothing_says_so(ready: Run) -> None:
    assert "no entry fits" in ready("audit", "search", "--act", "erase").out
