"""Life events of the population register in tests: they happen, get their positions, and are heard of."""

from datetime import date
from typing import Any

from models import clock
from models.database import transaction
from models.life_feed import HERE
from tasks.listening import hear_next, read_here
from tests.filing import rows, value
from workflows.audit.sealing import seal_all
from workflows.intake.submit import Accepted
from workflows.population.feed import FEED
from workflows.population.life import Told

OFFICER = "officer:0123456789abcdef"


def happens(act: Any, *given: Any, on: date | None = None, **named: Any) -> None:
    """An officer records a life event, which gets its position."""
    with transaction() as connection:
        # `act` takes the persons, then who told, then what changed.
        persons = [each for each in given if isinstance(each, str)]
        rest = [each for each in given if not isinstance(each, str)]
        act(connection, *persons, Told(clock.now(), OFFICER, on), *rest, **named)
    seal_all(FEED)


def heard() -> dict[str, int]:
    """Applies all there is; what came of every event so far."""
    while hear_next(HERE, read_here).events:
        pass
    return counts()


def counts(source: str = HERE) -> dict[str, int]:
    """What came of the events so far."""
    found: dict[str, int] = value("select coalesce((select counts from life_feed where source = %s), '{}')", source)
    return found


def cursor(source: str = HERE) -> int:
    """To which position the feed is applied."""
    return int(value("select coalesce((select cursor from life_feed where source = %s), 0)", source))


def opened() -> list[Accepted]:
    """The cases that life events opened, the oldest first."""
    found = rows(
        "select r.reference, c.id from cases c join receipt r on r.case_id = c.id "
        "where starts_with(r.idempotency_key, 'office:update:review:register:') order by c.id"
    )
    return [Accepted(reference, "", case_id) for reference, case_id in found]


def members_of(receipt: Accepted) -> list[str]:
    """Who is in the last version of the household of a case."""
    found = rows(
        "select idcs from household_member m where household_id = (select household_id from cases where id = %s) "
        "and version = (select max(version) from household_version v where v.household_id = m.household_id) "
        "order by position",
        receipt.case_id,
    )
    return [idcs for (idcs,) in found]
