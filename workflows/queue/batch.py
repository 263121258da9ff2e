"""Works one batch: claims its cases, writes the attempt down, and decides all of them in one transaction.

Cases whose stage asks a register elsewhere are decided in a second transaction: the first one leases them, and the
register is asked between the two.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from models import clock
from models.database import Connection, transaction
from models.errors import Unavailable
from workflows.casefile import CaseFile
from workflows.engine.load import CaseRow
from workflows.engine.work import BatchOutcome, carry, in_progress, work
from workflows.evidence import Compared, RegisteredPerson
from workflows.flows import DELIVERY, asking_places, asking_queues
from workflows.queue import leases
from workflows.queue.attempts import DELETE_ATTEMPT, Attempt, Attempts
from workflows.queue.claim import claim_these, open_places
from workflows.queue.failures import record_all_unanswered
from workflows.queue.inhand import in_hand
from workflows.queue.leases import QUESTION, Lease, Told
from workflows.registers.ports import Adapters, Answer, DeclaredPerson, PopulationRegister, Ports

Places = Collection[tuple[str, str]]  # stages, each with its kind of case
Claim = Callable[[Connection], list[CaseRow]]


class BatchFailed(Exception):
    """The work on a batch failed, and its transaction was rolled back; the attempt is still open."""

    def __init__(self, attempt: Attempt, cause: BaseException) -> None:
        super().__init__(f"attempt {attempt.id}")
        self.attempt, self.cause = attempt, cause


@dataclass(frozen=True, slots=True)
class QuestionsInHand:
    """A local register whose questions are registered as work in hand: so others see a thread that waits."""

    register: PopulationRegister

    def compare(self, people: Sequence[DeclaredPerson]) -> Sequence[Compared | Answer | None]:
        """Asks it."""
        with in_hand(QUESTION):
            return self.register.compare(people)

    def stored(self, idcs: Sequence[str]) -> Mapping[str, RegisteredPerson]:
        """Asks it."""
        with in_hand(QUESTION):
            return self.register.stored(idcs)


@dataclass(slots=True)
class BatchRunner:
    """Runs the batches of one worker process; its threads share it."""

    adapters: Adapters
    attempts: Attempts
    serves: frozenset[str]
    wake: Callable[[str], None]
    counters: Counter[str] = field(default_factory=Counter)
    # Cases that can be neither worked nor quarantined: this process passes over each until a monotonic time.
    left_alone: dict[int, float] = field(default_factory=dict)

    def run(self, queue: str, claim: Claim, attempt: Attempt | None = None) -> int:
        """Works the cases that `claim` gives, and returns their number. One commit keeps the work and ends the attempt.

        Cases whose stage asks elsewhere are leased by it, and decided afterwards.
        Raises Unavailable where a register or the database is away, BatchFailed for any other failure.
        """
        progress, lease = BatchOutcome(), None
        try:
            with in_hand("batch"), transaction() as connection:
                if rows := claim(connection):
                    attempt = attempt or self.attempts.begin(queue, [row.id for row in rows], clock.now())
                    here, there = self.by_register(rows)
                    if here:
                        progress = self.work(connection, here, self.open_places(connection))
                    if there:
                        lease = self.lease(connection, attempt, there)
                if attempt and not lease:
                    connection.execute(DELETE_ATTEMPT, [attempt.id])
        except Unavailable:
            if attempt:
                self.give_back(attempt, lease)
            raise
        except BaseException as error:
            if attempt is None or isinstance(error, KeyboardInterrupt):
                raise
            raise BatchFailed(attempt, error) from error
        self.wake_next(progress)
        if lease:
            self.ask_and_decide(lease)
        return len(rows)

    def give_back(self, attempt: Attempt, lease: Lease | None) -> None:
        """Gives cases back after a question without an answer; quarantined ones are the caller's to put off.

        What the database committed before its connection was lost, nobody knows: so a lease is ended first.
        """
        if lease:
            self.attempts.end_lease(lease.attempt)
        if not attempt.quarantined:
            self.attempts.give_back(attempt)

    def work(self, connection: Connection, rows: Sequence[CaseRow], places: Places) -> BatchOutcome:
        """Decides the cases in the caller's transaction, and counts and times the work."""
        began = time.monotonic()
        progress = work(connection, rows, Adapters(self.ports, self.adapters.notices), clock.now(), places)
        return self.counted(connection, progress, began)

    def counted(self, connection: Connection, progress: BatchOutcome, began: float) -> BatchOutcome:
        """Counts and times what was decided, and quarantines the cases about which a register gave no answer."""
        record_all_unanswered(connection, progress.unanswered, clock.now())
        self.counters["batches"] += 1
        self.counters["cases"] += progress.cases
        self.counters["busy_milliseconds"] += round((time.monotonic() - began) * 1000)
        return progress

    def ports(self, connection: Connection, now: datetime) -> Ports:
        """The ports that one batch may ask."""
        ports = self.adapters.ports(connection, now)
        return replace(ports, population=QuestionsInHand(ports.population))

    # Stages that ask elsewhere ----------------------------------------------------------------------

    def by_register(self, rows: Sequence[CaseRow]) -> tuple[Sequence[CaseRow], Sequence[CaseRow]]:
        """Those of the cases that are decided here, and those whose stage asks a register elsewhere."""
        if self.adapters.remote is None:
            return rows, ()
        asking = asking_places()
        there = [row for row in rows if (row.kind, row.stage) in asking]
        return [row for row in rows if (row.kind, row.stage) not in asking], there

    def open_places(self, connection: Connection) -> Places:
        """The stages through which a batch is carried: those that ask elsewhere are none of them."""
        found = open_places(connection, self.serves)
        return found if self.adapters.remote is None else found - asking_places()

    def counts(self) -> Mapping[str, float]:
        """For operators: the counters of this process, with those of its register elsewhere."""
        return {**self.counters, **(self.adapters.remote.counts() if self.adapters.remote else {})}

    def asked_about(self, rows: Sequence[CaseRow]) -> Sequence[CaseRow]:
        """Those of the cases whose work tells of the register: all where it is here, or may be."""
        here, there = self.by_register(rows)
        return here if self.adapters.remote is None else there

    def register_left_alone(self) -> bool:
        """Whether the register elsewhere is left alone for now."""
        return self.adapters.remote is not None and self.adapters.remote.left_alone() is not None

    def places_left_alone(self) -> Places:
        """The stages of which no case is claimed for now, because their register is left alone."""
        return asking_places() if self.register_left_alone() else ()

    def most(self, limit: int) -> int:
        """The most cases of one batch: a register that is only tried is asked about a few persons."""
        return limit if self.adapters.remote is None else min(limit, self.adapters.remote.most())

    def lease(self, connection: Connection, attempt: Attempt, rows: Sequence[CaseRow]) -> Lease:
        """Leases these locked cases, whose stage asks elsewhere."""
        assert self.adapters.remote is not None
        return leases.take(connection, attempt, rows, self.adapters.remote, clock.now())

    def ask_and_decide(self, lease: Lease) -> None:
        """Asks with no transaction open, then decides in a second one, which ends the attempt.

        Raises Unavailable where no answer came, BatchFailed for any other failure; the cases stand as before the lease.
        """
        try:
            self.wake_next(self.decide(lease, self.ask(lease)))
        except (Unavailable, KeyboardInterrupt):
            self.give_back(lease.attempt, lease)
            raise
        except BaseException as error:
            self.attempts.end_lease(lease.attempt)
            raise BatchFailed(lease.attempt, error) from error

    def ask(self, lease: Lease) -> Told:
        """What the register elsewhere says about the cases of a lease."""
        assert self.adapters.remote is not None
        return leases.ask(lease, self.adapters.remote)

    def decide(self, lease: Lease, told: Told, *, alone: bool = False) -> BatchOutcome:
        """Decides the cases of a lease by these answers, and carries them on through the stages that are open.

        Nothing where the lease is over, and another worker has its cases. Cases that changed meanwhile, or whose queue
        was paused, go back as they were. The attempt of a case that is worked `alone` goes on, without an end.
        """
        with in_hand("batch"), transaction() as connection:
            if not leases.holds(connection, lease.attempt):
                return BatchOutcome()
            began, attempt = time.monotonic(), lease.attempt
            rows = claim_these(connection, attempt.queue, attempt.case_ids, quarantined=True)
            standing = [] if leases.is_paused(connection, attempt.queue) else lease.standing(rows)
            progress = self.carry(connection, standing, told, () if alone else self.open_places(connection))
            decided = {row.id for row, _ in standing}
            if left := [row.id for row in rows if row.id not in decided]:
                connection.execute(leases.BACK_TO_QUEUE, [left])
            connection.execute(leases.LEASE_OVER if alone else DELETE_ATTEMPT, [attempt.id])
            return self.counted(connection, progress, began)

    def carry(
        self, connection: Connection, cases: Sequence[tuple[CaseRow, CaseFile]], told: Told, places: Places
    ) -> BatchOutcome:
        """Decides these cases, which the register was asked about, in the caller's transaction."""
        if not cases:
            return BatchOutcome()
        rows, files = zip(*cases, strict=True)

        def ports(connection: Connection, now: datetime) -> Ports:
            return replace(self.adapters.ports(connection, now), population=told)

        handed = Adapters(ports, self.adapters.notices)
        return carry(connection, in_progress(rows, files), handed, clock.now(), places)

    def wake_next(self, progress: BatchOutcome) -> None:
        """Wakes, after the commit, the queues that other processes serve, and delivery where messages are owed.

        Where stages ask elsewhere, the queues in which a batch stops before them, too.
        """
        ours = self.serves if self.adapters.remote is None else self.serves - asking_queues()
        for queue in (progress.next_queues - ours) | progress.others:
            self.wake(queue)
        if progress.messages:
            self.wake(DELIVERY)
