"""What the engine does for every kind of case: no answer for one, whom a person waits for, timers of their own."""

from collections.abc import Sequence

from models import clock
from models.database import Connection, transaction
from tests.filing import (
    Worker,
    a_household,
    adapters_of,
    an_application,
    changed,
    clean,
    drain_all,
    examined,
    file_clean,
    outcomes_of,
    quarantined,
    register,
    rows,
    stages,
    value,
)
from tests.people import after, citizen, ring_timers
from tests.terms import over
from workflows.engine.lanes import BULK, INTERACTIVE, rank
from workflows.evidence import Compared
from workflows.intake.submit import Accepted
from workflows.queue.pauses import pause
from workflows.registers.population import LocalRegister
from workflows.registers.ports import Answer, DeclaredPerson


class Hesitant(LocalRegister):
    """The local register, which cannot tell about one person now, and answers for all others."""

    about = ""

    # A register may hesitate, though the local one never does.
    def compare(  # type: ignore[override]
        self, people: Sequence[DeclaredPerson]
    ) -> Sequence[Compared | Answer | None]:
        found = super().compare(people)
        return [Answer.NONE if each.idcs == self.about else one for each, one in zip(people, found, strict=True)]


def hesitating(about: str) -> type[Hesitant]:
    return type("HesitantAbout", (Hesitant,), {"about": about})


def test_who_gets_no_answer_waits_in_quarantine_and_its_batch_goes_on_at_once(database: str, worker: Worker) -> None:
    # Given a register that cannot tell about one person of a batch of five
    made = clean(5)
    applications = file_clean(5)
    about = made[2].body["members"][0]["idcs"]

    # When the batch is worked
    drain_all(worker(adapters=adapters_of(hesitating(about))))

    # Then the four others are registered, and the one waits, with no try counted
    assert stages() == {"notified": 4, "submitted": 1}
    assert quarantined() == [[applications[2].case_id]]
    assert rows("select kind, stage, tries, parked from case_failure") == [("registration", "submitted", 0, False)]
    assert examined() == {}

    # And when the register can tell, it goes on
    with after(seconds=120):
        drain_all(worker())
    assert stages() == {"notified": 5}


def corrected_from_a_file() -> Accepted:
    """An application from a file, of which the register did not know a birth date, corrected by the citizen."""
    made = a_household()
    register([made])
    wrong = changed(made.body, 0, birth_date="1950-01-01")
    (accepted,) = outcomes_of([an_application(wrong, "from a file", "import", BULK)])
    assert isinstance(accepted, Accepted)
    return accepted


def test_a_case_from_a_file_that_a_person_corrects_ranks_as_interactive_from_then_on(
    database: str, worker: Worker
) -> None:
    accepted = corrected_from_a_file()
    drain_all(worker())
    assert value("select lane from cases") == BULK

    citizen(accepted, "correction", a_household().body)

    lane, ranked, since = rows("select lane, rank, stage_since from cases")[0]
    assert (lane, ranked) == (INTERACTIVE, rank(INTERACTIVE, since))
    drain_all(worker())
    assert stages() == {"notified": 1}
    assert examined() == {}


def test_a_pause_of_the_notices_stops_no_deadline(database: str, worker: Worker) -> None:
    corrected_from_a_file()
    drain_all(worker())
    with transaction() as connection:
        pause(connection, "notification", "omar", clock.now())

    with after(over("correction")):
        ring_timers()
        drain_all(worker())

    assert stages() == {"lapsed": 1}


def test_the_engine_builds_no_register_itself(database: str, worker: Worker) -> None:
    """What it asks is handed in, whole: another factory, another answer."""
    asked: list[Connection] = []

    def nobody(connection: Connection) -> LocalRegister:
        asked.append(connection)
        return LocalRegister(connection)

    file_clean(1)
    drain_all(worker(adapters=adapters_of(nobody)))

    assert len(asked) == 1
