"""Locks on several rows are taken in the order of their keys, so that no two writers ever wait for each other.

Somebody holds a key in the middle. Whoever goes in order then holds all below it and none above; whoever does not,
something above.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest

from models import clock
from models.database import Connection, transaction
from notifications.notices import notices
from tests.filing import (
    Body,
    Worker,
    a_household,
    an_application,
    current_stage,
    drain_all,
    file,
    outcomes_of,
    register,
    rows,
    stages,
    value,
)
from tests.people import citizen
from workflows.intake.submit import submit
from workflows.registers.person_claims import CLAIM, RELEASE

WAITS = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
A_CASE = """
    insert into cases (kind, stage, open, machine, queue, lane, ready, rank, version, head, household_id,
        applicant_idcs, region, body_number,
        submitted_at, stage_since, proved_at)
    values ('registration', 'under_review', true, false, 'timers', 0, false, now(), 1, '', -1, %s, 1, 1, now(),
        now(), now())
    on conflict do nothing
"""
Take = Callable[[Connection, str], object]  # locks the row of one key, or a new one


def held(database: str, keys: Sequence[str], take: Take) -> list[str]:
    """Those of these keys that others hold now."""
    found = []
    for key in keys:
        with psycopg.connect(database) as probe:
            probe.execute("set lock_timeout = '200ms'")
            try:
                take(probe, key)
            except psycopg.errors.LockNotAvailable:
                found.append(key)
            probe.rollback()
    return found


@contextmanager
def waiting_for(database: str, key: str, take: Take, work: Callable[[], object]) -> Iterator["Future[object]"]:
    """Holds one key while this work goes on, until it waits for it; the work then ends after the block."""
    with ThreadPoolExecutor(1) as thread, psycopg.connect(database) as holding:
        take(holding, key)
        assert value(WAITS) == 0
        working = thread.submit(work)
        while not value(WAITS) and not working.done():
            continue
        try:
            yield working
        finally:
            holding.rollback()
            working.result(60)


def goes_in_order(database: str, keys: Sequence[str], take: Take, work: Callable[[], object]) -> None:
    """Of these keys, in their order, the work holds exactly those below the one that it waits for."""
    middle = len(keys) // 2
    with waiting_for(database, keys[middle], take, work):
        below = held(database, [*keys[:middle], *keys[middle + 1 :]], take)
    assert below == list(keys[:middle])


def claims(connection: Connection, idcs: str) -> None:
    """A person is claimed."""
    connection.execute(
        "insert into person_claim (idcs, household_id, case_id) values (%s, 0, 0) on conflict do nothing", [idcs]
    )


def holds(connection: Connection, idcs: str) -> None:
    """A claim is held that was committed before."""
    connection.execute("select from person_claim where idcs = %s for update", [idcs])


def persons(*bodies: Body) -> list[str]:
    """All of them, in the order of their keys."""
    return sorted(member["idcs"] for body in bodies for member in body["members"])


def backwards(body: Body) -> Body:
    """The household with its members from the last identifier to the first."""
    return body | {"members": sorted(body["members"], key=lambda member: member["idcs"], reverse=True)}


@pytest.fixture
def households(database: str) -> list[Body]:
    """Two households, the one with the higher identifiers first, each declared from the last to the first."""
    made = [a_household(place, members=3) for place in range(2)]
    register(made)
    return sorted((backwards(each.body) for each in made), key=persons, reverse=True)


def test_a_batch_claims_its_persons_in_order(database: str, worker: Worker, households: list[Body]) -> None:
    file(*households)

    goes_in_order(database, persons(*households), claims, lambda: drain_all(worker()))

    assert stages() == {"notified": 2}


def test_a_case_lets_its_persons_go_in_order(database: str, worker: Worker, households: list[Body]) -> None:
    # Given a case that holds its persons, written down from the last to the first
    (taken,) = file(households[0])
    drain_all(worker({"verification", "scoring", "fraud"}))
    assert current_stage(taken) == "fraud_checked"
    rows(
        "with gone as (delete from person_claim returning *) insert into person_claim select * from gone order by idcs "
        "desc"
    )

    goes_in_order(database, persons(households[0]), holds, lambda: citizen(taken, "withdrawal"))

    assert value("select count(*) from person_claim") == 0


@pytest.mark.parametrize("statement", [CLAIM, RELEASE])
def test_the_plan_itself_sorts_whatever_order_it_is_given(database: str, statement: str) -> None:
    """Today's planner would hand an array on as it stands; that it does so is promised nowhere."""
    parameters: list[object] = [["2", "1"], [1, 1], [1, 1]] if statement == CLAIM else [[1]]
    plan = "\n".join(line for (line,) in rows(f"explain (verbose) {statement}", *parameters))

    assert "Sort Key" in plan


def test_applications_are_taken_in_the_order_of_their_declarants(database: str) -> None:
    made = [a_household(place).body for place in range(5)]
    bodies = sorted(made, key=declarant, reverse=True)
    by_declarant = {declarant(body): body for body in bodies}

    def applies(connection: Connection, idcs: str) -> None:
        """The same declarant applies under another key."""
        connection.execute(A_CASE, [idcs])

    goes_in_order(
        database, sorted(by_declarant), applies, lambda: outcomes_of([an_application(body) for body in bodies])
    )

    assert stages() == {"submitted": 5}


def test_the_senders_keys_are_kept_in_order(database: str) -> None:
    bodies = [a_household(place).body for place in range(5)]
    keys = [f"key-{place}" for place in range(5)]

    def keeps(connection: Connection, key: str) -> None:
        """Somebody else uses the same key."""
        connection.execute(
            "insert into receipt values (%s, 0, 'api:' || %s, '') on conflict do nothing", [f"x{key}", key]
        )

    def send() -> None:
        with transaction() as connection:
            submit(
                connection,
                [an_application(body, key) for body, key in zip(bodies, reversed(keys), strict=True)],
                clock.now(),
                notices,
            )

    goes_in_order(database, keys, keeps, send)

    assert stages() == {"submitted": 5}


def declarant(body: Body) -> str:
    """Who declares it."""
    return str(next(member["idcs"] for member in body["members"] if member.get("declarant")))
