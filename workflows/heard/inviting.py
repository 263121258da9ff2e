"""Asks a household to say what has changed, where the population register told of something that only it can say: who
lives with whom after a marriage, a divorce, a birth, or for a child with another guardian.

It is an event of the case that made the household's last version, beside its flow, as the yearly reminder is. It is
sent once for an event, and not to who declared the household since.
"""

from datetime import date

from models.database import Connection, scalar
from models.days import day_of
from workflows.engine.load import COLUMNS, CaseRow, case_files
from workflows.engine.progress import CaseInProgress, apply
from workflows.engine.work import write_in_place
from workflows.events.event import ChangeInvited
from workflows.evidence import LifeEventHeard
from workflows.flows import move
from workflows.heard.openings import Hearing
from workflows.heard.told import LifeEvent
from workflows.policies import newest_terms

# The case whose people are told: the one that made the last version, or the one that opened that; and since when the
# version stands.
TOLD = """
    select coalesce(c.parent_id, c.id), v.version,
        (select max(at) from event e where e.case_id = c.id and e.kind in ('HouseholdApproved', 'HouseholdChanged'))
    from household_version v join cases c on c.id = v.case_id
    where v.household_id = %s order by v.version desc limit 1
"""
LOCK = f"select {COLUMNS} from cases where id = %s for update"
INVITED = """
    select exists (select from event where case_id = %s and kind = 'ChangeInvited'
        and facts ->> 'source' = %s and (facts ->> 'position')::bigint = %s)
"""
STANDS = f"""
    select max((e.facts ->> 'day')::date) from ({TOLD}) as told (case_id, version, since)
    join event e on e.case_id = told.case_id and e.kind = 'ChangeInvited'
"""


def invited_until(connection: Connection, household_id: int | None, today: date) -> date | None:
    """Before which day a household is asked to say what has changed; None: it is not, or it declared since, or the day
    has come.
    """
    day: date | None = scalar(connection, STANDS, [household_id])
    return day if day and today < day else None


def invite(connection: Connection, event: LifeEvent, household_id: int, hearing: Hearing) -> bool:
    """Asks this household, where it declared nothing since. Returns whether it is told."""
    row = connection.execute(TOLD, [household_id]).fetchone()
    if row is None or row[2] >= event.at:
        return False
    case_id, version, _ = row
    (locked,) = [CaseRow(*each) for each in connection.execute(LOCK, [case_id])]
    if scalar(connection, INVITED, [case_id, hearing.source, event.position]):
        return False
    (file,) = case_files(connection, [locked])
    case = CaseInProgress(file, locked.head, locked)
    day = day_of(hearing.now) + newest_terms()["life_event"].within
    invited = ChangeInvited(
        version=version, happened=event.kind, source=hearing.source, position=event.position, day=day
    )
    evidence = LifeEventHeard(at=hearing.now, kind=event.kind, source=hearing.source, position=event.position)
    apply(case, invited, move(file.kind, file.stage, invited), evidence, hearing.notices)
    write_in_place(connection, [case])
    return True
