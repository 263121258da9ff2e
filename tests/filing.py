"""Files applications and works them off in tests, over the real database."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count, islice
from typing import Any

from models import clock
from models.database import Connection, transaction
from notifications.notices import notices
from tests.factories import an_idcs
from trials.generator.household import GeneratedHousehold, household
from workflows import doctor
from workflows.bodies.declaration import ApplicationBody
from workflows.engine.children import LocalCases
from workflows.engine.lanes import INTERACTIVE
from workflows.flows import case_queues
from workflows.intake.submit import Accepted, Application, Outcome, submit
from workflows.queue.attempts import Attempts
from workflows.queue.batch import BatchRunner
from workflows.queue.drain import Drainer
from workflows.registers.alike import LikelyDuplicates
from workflows.registers.enrol import enrol
from workflows.registers.issuing import LocalIdentifiers
from workflows.registers.person_keys import renew_keys
from workflows.registers.population import LocalRegister
from workflows.registers.ports import Adapters, PopulationRegister, Ports
from workflows.registers.social import LocalSocialRegister

SEED = 7


def adapters_of(register: Callable[[Connection], PopulationRegister]) -> Adapters:
    """What the engine is handed, with this population register."""

    def ports(connection: Connection, now: datetime) -> Ports:
        return Ports(
            now,
            register(connection),
            LocalSocialRegister(connection, now),
            LocalCases(connection, now),
            LikelyDuplicates(connection),
            LocalIdentifiers(connection),
        )

    return Adapters(ports, notices)


ADAPTERS = adapters_of(LocalRegister)
MACHINE_PATH = [
    "ApplicationReceived",
    "PersonsVerified",
    "ScoreComputed",
    "NothingSuspicious",
    "HouseholdApproved",
    "NoticesIssued",
]
CLEAN = [number for number in range(400) if household(SEED, number).truth["plant"] is None]

Body = dict[str, Any]


def clean(how_many: int, start: int = 0) -> list[GeneratedHousehold]:
    """Households without a plant, each with persons of its own."""
    return [household(SEED, number) for number in CLEAN[start : start + how_many]]


def a_household(place: int = 0, *, members: int = 1) -> GeneratedHousehold:
    """A clean household of at least so many members; each `place` gives another one."""
    fitting = (household(SEED, number) for number in CLEAN if len(household(SEED, number).body["members"]) >= members)
    return next(islice(fitting, place, None))


def changed(body: Body, member: int | None = None, **changes: Any) -> Body:
    """The body with fields changed, its own or those of one member."""
    if member is None:
        return body | changes
    return body | {"members": [each | changes if i == member else each for i, each in enumerate(body["members"])]}


def borrowing(body: Body, other: Body, position: int = -1) -> Body:
    """The body with a member of another household added."""
    borrowed = {name: value for name, value in other["members"][position].items() if name != "declarant"}
    return body | {"members": [*body["members"], borrowed | {"relationship": "other_relative"}]}


def with_members(body: Body, how_many: int) -> Body:
    """The body with invented children added, up to so many members."""
    child = {
        "given_name_la": "Enfant",
        "family_name_la": "De Plus",
        "birth_date": "2015-05-05",
        "sex": "female",
        "relationship": "child",
    }
    more = [child | {"idcs": an_idcs(700_000_000 + number)} for number in range(how_many - len(body["members"]))]
    return body | {"members": [*body["members"], *more]}


def an_application(body: Body, key: str | None = None, channel: str = "api", lane: int = INTERACTIVE) -> Application:
    """A body as an application for intake, by somebody who has its phone at hand."""
    sent = ApplicationBody.model_validate(body)
    return Application(key or sent.application or "", channel, lane, sent, proved=True)


def register(made: Iterable[GeneratedHousehold]) -> None:
    """Enrols the persons of these households."""
    enrol([person.row() for each in made for person in each.persons])


def outcomes_of(applications: Sequence[Application]) -> list[Outcome]:
    """Submits one set of applications in a transaction."""
    with transaction() as connection:
        return submit(connection, applications, clock.now(), notices)


def file(*bodies: Body) -> list[Accepted]:
    """Submits these bodies, each of which must be accepted."""
    outcomes = outcomes_of([an_application(body) for body in bodies])
    assert all(isinstance(each, Accepted) for each in outcomes), outcomes
    return [each for each in outcomes if isinstance(each, Accepted)]


def file_clean(how_many: int, start: int = 0) -> list[Accepted]:
    """Submits so many clean applications, whose persons it enrols first."""
    made = clean(how_many, start)
    register(made)
    return file(*[each.body for each in made])


def leave_register() -> None:
    """Ends every registered household by hand, so that no period spares what it declared last."""
    rows("insert into household_end select id, 0, now() from household")


@dataclass
class Wakes:
    """Stands in for `tasks.wake`: notes which queues were woken."""

    queues: list[str]

    def __call__(self, queue: str) -> None:
        self.queues.append(queue)


Worker = Callable[..., Drainer]  # makes drainers, as `a_drainer` does
PIDS = count(1)
# Quarantined attempts are worked with whatever queue is looked at.
FILLED = "select queue from cases where ready union select queue from attempt where worker_id is null"


def a_drainer(serves: Iterable[str] = case_queues(), adapters: Adapters = ADAPTERS, batch: int = 250) -> Drainer:
    """A worker's drainer that serves these queues. Its attempts must be signed off."""
    queues = frozenset(serves)
    return Drainer(BatchRunner(adapters, Attempts("test", next(PIDS), queues, clock.now()), queues, Wakes([])), batch)


def drain_all(drainer: Drainer) -> None:
    """Works every queue that it serves and in which something waits, and those that it woke, until nothing is due."""
    wakes, filled = drainer.runner.wake, {queue for (queue,) in rows(FILLED)}
    queues = [queue for queue in case_queues() if queue in drainer.runner.serves & filled]
    while queues:
        before = len(wakes.queues) if isinstance(wakes, Wakes) else 0
        for queue in queues:
            assert drainer.drain(queue, 60) is False
        since = wakes.queues[before:] if isinstance(wakes, Wakes) else []
        queues = [queue for queue in dict.fromkeys(since) if queue in drainer.runner.serves]


def woken(drainer: Drainer) -> list[str]:
    """The queues that this drainer woke."""
    assert isinstance(drainer.runner.wake, Wakes)
    return drainer.runner.wake.queues


def died_on(queue: str, *case_ids: int) -> None:
    """Leaves what a worker process leaves that dies with these cases in hand: its attempts, without a connection."""
    drainer = a_drainer()
    drainer.runner.attempts.begin(queue, list(case_ids), clock.now())
    hang_up(drainer)


def hang_up(drainer: Drainer) -> None:
    """Closes the connection of a drainer's attempts, and waits until the server has noticed."""
    assert drainer.runner.attempts.connection is not None
    drainer.runner.attempts.connection.close()
    while value(
        "select exists (select from pg_locks where locktype = 'advisory' and objid = %s)",
        drainer.runner.attempts.worker_id,
    ):
        time.sleep(0.01)


# Reading --------------------------------------------------------------------------------------------


def rows(statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    """The rows of a statement, executed in a transaction of its own."""
    with transaction() as connection:
        cursor = connection.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def value(statement: str, *parameters: object) -> Any:
    """The first value of a statement."""
    return rows(statement, *parameters)[0][0]


def current_stage(accepted: Accepted) -> str:
    """The stage of an application."""
    return str(value("select stage from cases where id = %s", accepted.case_id))


def stages() -> dict[str, int]:
    """How many cases are at each stage."""
    return dict(rows("select stage, count(*) from cases group by stage"))


def version_of(accepted: Accepted) -> int:
    """The version of an application, which a form would hold."""
    return int(value("select version from cases where id = %s", accepted.case_id))


def events_of(accepted: Accepted) -> list[str]:
    """The kinds of the events of an application, in order."""
    return [kind for (kind,) in rows("select kind from event where case_id = %s order by seq", accepted.case_id)]


def messages_of(accepted: Accepted) -> list[str]:
    """The templates of the messages of an application, in order."""
    found = rows("select template from message where case_id = %s order by seq", accepted.case_id)
    return [template for (template,) in found]


def facts_of(accepted: Accepted, kind: str) -> dict[str, Any]:
    """The facts of the last event of this kind."""
    last = "select facts from event where case_id = %s and kind = %s order by seq desc limit 1"
    return dict(value(last, accepted.case_id, kind))


def everything(*tables: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of these tables, to compare them before and after."""
    return {table: sorted(rows(f"select {table}::text from {table}")) for table in tables}


def examined() -> dict[str, int]:
    """The counts of `sijil doctor` that are not zero."""
    with transaction() as connection:
        return {name: count for name, count in doctor.examine(connection).items() if count}


def healthy() -> bool:
    """Whether `sijil doctor` finds nothing."""
    return not examined()


def quarantined() -> list[list[int]]:
    """The batches that are quarantined."""
    return sorted(case_ids for (case_ids,) in rows("select case_ids from attempt where worker_id is null"))


def register_says(values: str, *given: object) -> None:
    """Changes entries of the population register to this: by no life event, which would send cases on."""
    rows(f"update person set {values}", *given)
    with transaction() as connection:
        after = 0
        while found := renew_keys(connection, after):
            after, _ = found
