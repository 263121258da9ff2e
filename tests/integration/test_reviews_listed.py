"""The list of reviews: all that wait for a caseworker, found without a look at all the others."""

import json

from models.database import transaction
from tests.filing import rows
from workflows.casework.reviews import COUNT, COUNT_HEARD, LONGEST, LONGEST_HEARD, waiting
from workflows.intake.submit import Accepted
from workflows.staff.territories import EVERYWHERE

PLACES = {"limit": "$1", "everywhere": "$2", "regions": "$3", "provinces": "$4"}
CASABLANCA = {"everywhere": False, "regions": [], "provinces": ["MA-CAS"]}


def listed() -> tuple[int, list[int]]:
    """How many wait, and who."""
    with transaction() as connection:
        count, files = waiting(connection, 20)
    return count, [file.id for file in files]


def test_a_review_is_listed_while_its_timer_runs_when_it_rang_and_while_it_is_quarantined(
    reviewed: tuple[Accepted, Accepted],
) -> None:
    _, later = reviewed
    assert listed() == (1, [later.case_id])

    rows("update cases set due_at = null, ready = true where id = %s", later.case_id)
    assert listed() == (1, [later.case_id])

    rows("update cases set ready = false where id = %s", later.case_id)
    rows("insert into attempt (queue, case_ids, at) values ('timers', %s, now())", [later.case_id])
    assert listed() == (1, [later.case_id])


def test_among_many_timers_the_reviews_are_read_by_their_index_under_a_plan_for_all_parameters_too(
    reviewed: tuple[Accepted, Accepted],
) -> None:
    _, later = reviewed
    others = (
        "kind, open, machine, queue, lane, ready, rank, due_at, version, head, region, body_number, submitted_at, "
        "stage_since"
    )
    rows(
        f"""
        insert into cases ({others}, id, household_id, stage)
        select {others}, 1000 + n, 1000 + n, case when n > 19900 then stage else 'needs_correction' end
        from cases, generate_series(1, 20000) as n where id = %s
    """,
        later.case_id,
    )
    rows("analyze cases")

    with transaction() as connection:
        connection.execute("set local plan_cache_mode = force_generic_plan")
        longest = ""
        for question in (LONGEST, LONGEST_HEARD):
            connection.execute(f"prepare listing (bigint, bool, smallint[], text[]) as {question % PLACES}")
            asked = "explain (format json) execute listing (20, false, '{1}', '{}')"
            longest += json.dumps(connection.execute(asked).fetchall())
            connection.execute("deallocate listing")
        count = ""
        for question in (COUNT, COUNT_HEARD):
            for where in (EVERYWHERE, CASABLANCA):
                count += json.dumps(connection.execute(f"explain (format json) {question}", where).fetchall())

    assert "Seq Scan" not in longest + count
    assert "case_with_people" in longest
    assert "case_with_people" in count
    assert '"Sort"' not in longest
