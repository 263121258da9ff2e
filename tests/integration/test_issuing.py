"""Identifiers are issued each once for ever, whoever asks at the same time and whatever becomes of their persons."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, cycle, repeat
from random import Random

import psycopg
import pytest

from models.database import transact, transaction
from models.errors import Broken
from tests.conftest import forget_settings
from tests.factories import an_idcs
from tests.filing import a_household, rows, value
from workflows.identifiers.filters import MOSIP, passing
from workflows.identifiers.issuing import Issued, filters_in_force, issue
from workflows.identifiers.typed import identifier
from workflows.registers.enrol import enrol

pytestmark = pytest.mark.usefixtures("database")


def issued(count: int, numbers: Iterator[str] | None = None) -> Issued:
    return transact(lambda connection: issue(connection, count, numbers))


def numbers(*those: int) -> Iterator[str]:
    return map(an_idcs, those)


def test_a_batch_is_of_valid_identifiers_each_once_and_all_are_kept() -> None:
    first, second = issued(500), issued(500)
    everyone = first.identifiers + second.identifiers
    assert [identifier(each) for each in everyone] == everyone
    assert len(set(everyone)) == 1_000
    assert {idcs for (idcs,) in rows("select idcs from issued_identifier")} == set(everyone)
    assert 500 <= first.tries < 510


def test_what_was_issued_is_passed_over_and_what_comes_twice_counts_once() -> None:
    assert issued(2, numbers(1, 2)).identifiers == [an_idcs(1), an_idcs(2)]
    assert issued(3, numbers(2, 5, 5, 1, 4, 9, 8, 7, 6, 3)).identifiers == [an_idcs(each) for each in (5, 4, 9)]
    assert value("select count(*) from issued_identifier") == 5


def test_they_are_given_in_the_order_drawn_and_not_in_that_of_their_digits() -> None:
    assert issued(3, numbers(9, 1, 5)).identifiers == [an_idcs(9), an_idcs(1), an_idcs(5)]


def test_a_transaction_that_fails_issues_nothing() -> None:
    with pytest.raises(psycopg.errors.DivisionByZero), transaction() as connection:
        connection.execute("select 1 / %s", [5 - len(issue(connection, 5).identifiers)])
    assert value("select count(*) from issued_identifier") == 0


def test_those_who_draw_the_same_at_once_get_others_each() -> None:
    def asked(who: int) -> list[str]:
        return issued(150, cycle(numbers(*Random(who).sample(range(2_000), 2_000)))).identifiers

    with ThreadPoolExecutor(4) as pool:
        found = list(chain.from_iterable(pool.map(asked, range(8))))
    assert len(found) == len(set(found)) == 1_200


def test_an_identifier_stays_issued_when_its_person_is_erased() -> None:
    person = a_household(members=1).persons[0].row()
    idcs = str(person["idcs"])
    enrol([person])
    rows("delete from person")
    assert rows("select idcs from issued_identifier") == [(idcs,)]
    assert issued(1, iter([idcs, an_idcs(1)])).identifiers == [an_idcs(1)]


@pytest.mark.parametrize(
    "statement",
    [
        "delete from issued_identifier",
        "update issued_identifier set idcs = idcs",
        "truncate issued_identifier cascade",
    ],
)
def test_the_database_lets_nobody_take_back_what_was_issued(statement: str) -> None:
    issued(3)
    with pytest.raises(psycopg.errors.RaiseException, match="never changed"):
        rows(statement)
    assert value("select count(*) from issued_identifier") == 3


def test_nobody_has_an_identifier_that_was_not_issued() -> None:
    enrol([a_household(members=1).persons[0].row()])
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        rows("update person set idcs = %s", an_idcs(1))


def test_the_filters_of_the_settings_count(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, said in (
        *(("SEQUENCE", "3"), ("REPEATING", "2"), ("REPEATING_BLOCK", "2"), ("EVEN_DIGITS", "3")),
        *(("SAME_ENDS", "5"), ("MIRRORED_ENDS", "5"), ("RESTRICTED", "786,666"), ("CYCLIC", "true")),
    ):
        monkeypatch.setenv(f"SIJIL_IDCS_{name}", said)
    forget_settings()
    assert filters_in_force() == MOSIP
    assert all(map(passing(MOSIP), issued(300).identifiers))


def test_where_none_are_left_it_says_so_and_does_not_go_on_for_ever() -> None:
    issued(1, numbers(1))
    with pytest.raises(Broken, match="had been issued before"):
        issued(1, repeat(an_idcs(1)))
