"""A change that is true from a day before the household's last version: of the days between, its own fields alone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from models.database import transaction
from models.days import day_of, midnight
from tests.changing import change_of, declare, nothing_wrong, without
from tests.filing import Body, changed, current_stage, events_of, facts_of, rows, value
from tests.integration.test_upheld_appeals import TELECOM, appealed, child_of, uphold
from tests.people import after
from workflows.bodies.declaration import Declaration
from workflows.intake.submit import Accepted
from workflows.registers.households import declarations

MOVE: dict[str, Any] = {"commune": "Tiznit", "province": "MA-TIZ", "region": 9}
MORE = {"gas": "90", "water_electricity": ["800"], "telecom": "700"}
KNOWN_NOW = """
    select version, lower(valid), upper(valid) from household_period where upper_inf(known) order by valid
"""


@pytest.fixture
def moved(home: tuple[Body, Accepted], work: Callable[[], None]) -> tuple[Body, Accepted]:
    """The household lives elsewhere since ten days: its second version."""
    body, receipt = home
    with after(days=40) as now:
        declare(receipt, change_of(changed(body, **MOVE), "moved", true_from=day_of(now - timedelta(days=10))))
        work()
    return body, receipt


def declared() -> dict[int, Declaration]:
    """What the register holds of each version."""
    with transaction() as connection:
        found = declarations(connection, rows("select household_id, version from household_version"))
    return {version: said for (_, version), said in found.items()}


def days_before(days: int) -> Any:
    """Midnight so many days before the day of the changes."""
    return midnight(day_of(value("select submitted_at from cases order by id limit 1") + timedelta(days=40 - days)))


@pytest.mark.parametrize("based_on", [1, 2])
def test_the_days_between_have_the_fields_of_the_change_and_none_of_the_later_day(
    moved: tuple[Body, Accepted], work: Callable[[], None], based_on: int
) -> None:
    body, receipt = moved
    filed = value("select submitted_at from cases order by id limit 1")
    seen = body if based_on == 1 else changed(body, **MOVE)
    with after(days=40.1):
        request = change_of(changed(seen, bills=MORE), "bills", based_on=based_on, true_from=day_of(days_before(20)))
        update = declare(receipt, request)
        work()

        assert current_stage(update) == "notified"
        assert events_of(update)[1:3] == ["ChangeRebased", "ChangeAccepted"]
        assert rows(KNOWN_NOW) == [
            (1, filed, days_before(20)),
            (3, days_before(20), days_before(10)),
            (4, days_before(10), None),
        ]
        assert {
            version: (said.commune == "Tiznit", str(said.bills.telecom) == "700")
            for version, said in declared().items()
        } == {1: (False, False), 2: (True, False), 3: (False, True), 4: (True, True)}
        assert rows("select version, replaces, corrects from household_version where version > 2 order by 1") == [
            (3, 1, False),
            (4, None, False),
        ]
        facts = facts_of(update, "HouseholdChanged")
        assert [(each["version"], each["replaces"]) for each in facts["earlier"]] == [(3, 1)]
        assert nothing_wrong()


def test_who_left_on_the_later_day_was_there_until_then(home: tuple[Body, Accepted], work: Callable[[], None]) -> None:
    body, receipt = home
    members = len(body["members"])
    with after(days=40) as now:
        left = change_of(without(body), "member_left", "death", true_from=day_of(now - timedelta(days=10)))
        declare(receipt, left)
        work()
        bills = change_of(
            changed(without(body), bills=MORE), "bills", based_on=2, true_from=day_of(now - timedelta(days=20))
        )
        declare(receipt, bills)
        work()

        assert rows("select version, size from household_version order by 1") == [
            (1, members),
            (2, members - 1),
            (3, members),
            (4, members - 1),
        ]
        assert rows("select version, count(*) from household_member group by 1 order by 1") == [
            (1, members),
            (2, members - 1),
            (3, members),
            (4, members - 1),
        ]
        assert nothing_wrong()


def test_a_change_of_the_same_day_or_a_later_one_needs_no_version_between(
    moved: tuple[Body, Accepted], work: Callable[[], None]
) -> None:
    body, receipt = moved
    with after(days=40.1) as now:
        for based_on, days, gas in ((2, 10, "90"), (3, 5, "95")):
            request = change_of(
                changed(changed(body, **MOVE), bills={"gas": gas}),
                "bills",
                based_on=based_on,
                true_from=day_of(now - timedelta(days=days)),
            )
            update = declare(receipt, request)
            work()
            assert (current_stage(update), events_of(update)[1]) == ("notified", "ChangeAccepted")
        assert rows("select version from household_version order by 1") == [(1,), (2,), (3,), (4,)]
        assert nothing_wrong()


def test_an_upheld_appeal_corrects_the_days_between_as_well(
    moved: tuple[Body, Accepted], work: Callable[[], None]
) -> None:
    body, receipt = moved
    with after(days=40.1) as now:
        earlier = day_of(now - timedelta(days=20))
        declare(receipt, change_of(changed(body, phone="+212661000001"), "contact", true_from=earlier))
        work()
    with after(days=50):
        appeal = appealed(receipt, work)
        uphold(appeal)
        work()

        facts = facts_of(child_of(appeal), "HouseholdChanged")
        assert [(each["version"], each["replaces"]) for each in facts["earlier"]] == [(5, 1), (6, 3)]
        assert (facts["version"], facts["corrects"]) == (7, 4)
        telecom = TELECOM[0]["should_be"]
        held = declared()
        assert [str(held[version].bills.telecom) == telecom for version in range(1, 8)] == [False] * 4 + [True] * 3
        assert [version for version, *_ in rows(KNOWN_NOW)] == [5, 6, 7]
        assert nothing_wrong()
