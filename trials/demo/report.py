"""The report of a demo: results by region and programme, times, and three applications to follow."""

from collections.abc import Sequence
from typing import Any

from models import clock
from models.database import Connection, transaction
from models.days import day_of
from sijil.output import program
from workflows.flows import places
from workflows.flows.grammar import MACHINE
from workflows.intake.receipts import secret_for
from workflows.policies import index_in_force

BY_STAGE = "select stage, count(*) from cases where id > %s group by stage"
BY_REGION = """
    select region, count(*), count(*) filter (where stage = 'notified'),
        count(*) filter (where stage = 'needs_correction'),
        count(*) filter (where stage = 'identity_in_doubt'),
        count(*) filter (where stage = 'under_review')
    from cases where id > %s group by region order by region
"""
BY_PROGRAMME = """
    select e.programme, count(*) filter (where e.eligible), count(*)
    from eligibility e join household_version v using (household_id, version) where v.case_id > %s group by e.programme
        order by e.programme
"""
TIMES = """
    select percentile_cont(array[0.5, 0.95, 1.0]) within group (order by extract(epoch from e.at - c.submitted_at))
    from cases c join event e on e.case_id = c.id and e.kind = 'NoticesIssued' where c.id > %s
"""
ONE_OF_EACH = """
    select distinct on (c.stage) c.stage, r.reference
    from cases c join receipt r on r.case_id = c.id where c.id > %s and c.stage = any(%s) order by c.stage, c.id
"""
IN_MACHINE = {stage.name for _, stage in places() if stage.owner == MACHINE}
FOLLOWED = ("notified", "needs_correction", "identity_in_doubt", "under_review")

SEEN = (
    ("identity_in_doubt", "Who is in doubt", "identities show"),
    ("under_review", "What the review is about", "reviews show"),
)


def report(after: int, count: int, seconds: float, portal: str | None) -> tuple[dict[str, Any], Sequence[str]]:
    """The counts of the cases after the case `after`, and the lines of the report."""
    with transaction() as connection:
        stages = dict(connection.execute(BY_STAGE, [after]).fetchall())
        lines = [
            *by_region(connection, after),
            "",
            *by_programme(connection, after),
            "",
            *times(connection, after, seconds),
            "",
            *followed(connection, after, portal),
        ]
    result = {
        "applications": sum(stages.values()),
        **{stage: stages.get(stage, 0) for stage in (*FOLLOWED, "parked")},
        "to_be_tried_again": sum(count for stage, count in stages.items() if stage in IN_MACHINE),
        "seconds": round(seconds, 2),
    }
    title = (
        f"{result['applications']} applications: {result['notified']} notified, "
        f"{result['needs_correction']} wait for a correction, "
        f"{result['identity_in_doubt']} in doubt, {result['under_review']} under review, {result['parked']} parked"
    )
    if result["to_be_tried_again"]:
        title += f", {result['to_be_tried_again']} wait to be tried again (sijil queues)"
    return result, ["", f"{title}.", "", *lines]


def by_region(connection: Connection, after: int) -> list[str]:
    """A table with a row for each region."""
    names = index_in_force(day_of(clock.now())).region_names
    rows = connection.execute(BY_REGION, [after]).fetchall()
    head = f"{'region':<28}{'filed':>8}{'notified':>10}{'to correct':>12}{'in doubt':>10}{'to review':>11}"
    return [head, *[f"{names[row[0]]:<28}{row[1]:>8}{row[2]:>10}{row[3]:>12}{row[4]:>10}{row[5]:>11}" for row in rows]]


def by_programme(connection: Connection, after: int) -> list[str]:
    """A line for each programme: how many households meet its threshold."""
    rows = connection.execute(BY_PROGRAMME, [after]).fetchall()
    return [
        f"{row[0].replace('_', ' ')}: "
        f"{row[1]} of {row[2]} registered households meet the threshold ({row[1] / row[2]:.0%})"
        for row in rows
    ]


def times(connection: Connection, after: int, seconds: float) -> list[str]:
    """A line with the times from filed to notified."""
    row = connection.execute(TIMES, [after]).fetchone()
    if row is None or row[0] is None:
        return [f"{seconds:.1f} seconds in all"]
    half, most, longest = row[0]
    within = f"half within {half * 1000:.0f} ms, 95 % within {most * 1000:.0f} ms, all within {longest * 1000:.0f} ms"
    return [f"from filed to notified: {within}; {seconds:.1f} seconds in all"]


def followed(connection: Connection, after: int, portal: str | None) -> list[str]:
    """Lines with one application of each result: its page, its secret, and the command that shows its review."""
    found = dict(connection.execute(ONE_OF_EACH, [after, list(FOLLOWED)]).fetchall())
    if not found:
        return []
    where = f"{portal}/ar/status/" if portal else ""
    title = "Four to follow, each" if len(found) == len(FOLLOWED) else "Follow one of each,"
    return [
        f"{title} with the secret of its receipt; a correction's page asks for it before it says why:",
        *[
            f"  {stage.replace('_', ' '):<18}{where}{found[stage]}  secret {secret_for(found[stage])}"
            for stage in FOLLOWED
            if stage in found
        ],
        *(
            f"{said}, as a caseworker sees it: {program()} {command} {found[stage]}"
            for stage, said, command in SEEN
            if stage in found
        ),
    ]
