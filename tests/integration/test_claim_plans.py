"""How the database finds the cases of a claim: by the index of what is due, however alike all cases are."""

import pytest

from models.database import transaction
from tests.filing import file_clean, rows
from workflows.engine.lanes import BULK
from workflows.flows import asking_places, case_queues
from workflows.queue.claim import BEGINNING, CLAIM, LANES


@pytest.mark.parametrize("plan_for", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize(("held", "left_alone"), [(0, False), (2, False), (0, True)])
def test_a_file_of_many_cases_at_one_stage_is_claimed_without_reading_and_sorting_all_of_it(
    database: str, plan_for: str, held: int, left_alone: bool
) -> None:
    file_clean(1)
    rows(
        """
        insert into cases (
            id, kind, stage, open, machine, version, head, queue, lane, ready, rank, household_id, region, body_number,
                submitted_at, stage_since
        ) select
            n, kind, stage, open, machine, version, head, queue, %s, ready, rank + n * interval '1 ms', n, region,
                body_number, submitted_at, stage_since
        from cases, generate_series(1000001, 1020000) as n
    """,
        BULK,
    )
    rows(
        "insert into held_stage (kind, stage, error, since, probe_at) select 'registration', "
        "'held ' || n, 'x', now(), now() from generate_series(1, %s) as n",
        held,
    )
    rows("analyze cases")
    rows("analyze held_stage")
    left = [kind + stage for kind, stage in asking_places()] if left_alone else []

    with transaction() as connection:
        connection.execute(f"set local plan_cache_mode = {plan_for}")
        claims = connection.execute(
            "explain " + CLAIM, [case_queues()[0], BULK, BEGINNING, [], left, 100], prepare=True
        ).fetchall()
        lanes = connection.execute(
            "explain " + LANES, [[BULK], [BEGINNING], case_queues()[0], left, case_queues()[0]], prepare=True
        ).fetchall()

    for told in (claims, lanes):
        plan = "\n".join(line for (line,) in told)
        assert "case_due on cases" in plan, plan
        assert "Seq Scan on cases" not in plan, plan
    assert "Sort" not in "\n".join(line for (line,) in claims)
