"""`sijil work`: keeps worker processes alive, runs the sweep, and the daily jobs beside it.

Dramatiq's own command line stops all processes when one ends unexpectedly; here the one that died is started again,
with a back-off, and what it held is given back at once.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from threading import Event, Thread

import structlog

from models.errors import Broken, Unavailable, describe
from tasks.schedule import Schedule
from tasks.sweep import SWEEP_SECONDS, FailureDetector, sweep
from tasks.watchdog import look_for_hangs, run_watchdog
from workflows.queue.inhand import Unit, in_hand

TEND_SECONDS = 0.5
LONGEST_BACK_OFF = 5.0
LONG_ENOUGH = 10.0  # seconds alive after which a death no longer adds to the back-off
FROZEN_SECONDS = 60.0  # without a word from a process, which has one every two seconds
STOP_SECONDS = 60.0
SWEEP_LONGEST = 90.0  # its transaction is bounded, and so is each wake
MOST_ENDED = 10_000  # remembered; who is forgotten is found by its silence
log = structlog.get_logger()


@dataclass(slots=True)
class Slot:
    """One place for a worker process: the process now in it, what it calls itself, and how patiently the place is
    refilled.
    """

    command: list[str]
    process: "subprocess.Popen[bytes] | None" = None
    name: str = ""
    started: float = 0.0
    heard: float = 0.0
    back_off: float = 0.1
    not_before: float = 0.0

    def tend(self) -> str | None:
        """Starts a process where there is none and it is time, and ends one that is frozen; what one that was found
        dead called itself.
        """
        died = None
        if self.process is not None:
            ended = self.process.poll() is not None
            self.listen(self.process)  # its last words, too
            if ended:
                died = self.clear(self.process)
        if self.process is None and time.monotonic() >= self.not_before:
            self.start()
        return died

    def start(self) -> None:
        """A new process.

        Where the system gives none (no memory, no number), the others go on, and it is tried again.
        """
        self.started = self.heard = time.monotonic()
        try:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0, start_new_session=True
            )
        except (OSError, MemoryError) as error:
            self.wait_longer()
            log.error("no worker process can be started", error=describe(error).error, again_in=self.back_off)
            return
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)

    def listen(self, process: "subprocess.Popen[bytes]") -> None:
        """Hears whether it lives.

        One that is stopped as a whole says nothing: it is ended, which nothing milder reaches.
        """
        assert process.stdout is not None
        if said := process.stdout.read(65536):
            self.name = self.name or b" ".join(said.split()[:1]).decode(errors="replace")
            self.heard = time.monotonic()
        elif time.monotonic() - self.heard > FROZEN_SECONDS and process.poll() is None:
            log.error("worker frozen", pid=process.pid, silent_seconds=FROZEN_SECONDS)
            process.kill()
            self.heard = time.monotonic()

    def clear(self, process: "subprocess.Popen[bytes]") -> str:
        """The process is dead: the place is free, after a while; what it called itself."""
        assert process.stdout is not None
        process.stdout.close()
        died, self.name, self.process = self.name, "", None
        if time.monotonic() - self.started > LONG_ENOUGH:
            self.back_off, self.not_before = 0.1, time.monotonic() + 0.1
        else:
            self.wait_longer()
        log.warning("worker died", pid=process.pid, exit=process.returncode, again_in=self.back_off)
        return died

    def wait_longer(self) -> None:
        """Each time twice as long, up to a bound."""
        self.back_off = min(self.back_off * 2, LONGEST_BACK_OFF)
        self.not_before = time.monotonic() + self.back_off


@dataclass(slots=True)
class Supervisor:
    """Worker processes for these queues; beside them, each in a thread that holds up nobody, the sweep and the daily
    jobs.
    """

    queues: Iterable[str]
    processes: int
    stop: Event = field(default_factory=Event)
    sweep_now: Event = field(default_factory=Event)
    detector: FailureDetector = field(default_factory=FailureDetector)
    hung: Unit | None = None

    def run(self) -> None:
        """Until told to stop; then every process finishes the batch in hand.

        Raises Broken where a thread of its own hangs.
        """
        slots = [Slot([sys.executable, "-m", "tasks.worker", *sorted(self.queues)]) for _ in range(self.processes)]
        schedule = Schedule(self.stop)
        sweeping = Thread(target=self.keep_sweeping, daemon=True)
        for beside in (
            sweeping,
            Thread(target=run_watchdog, args=[self.stop], daemon=True),
            Thread(target=self.look_for_hangs, daemon=True),
        ):
            beside.start()
        while not self.stop.wait(TEND_SECONDS):
            for slot in slots:
                if died := slot.tend():
                    self.note_death(died)
            schedule.tend()
        end([slot.process for slot in slots if slot.process], STOP_SECONDS)
        schedule.end(STOP_SECONDS / 10)
        self.sweep_now.set()
        sweeping.join(STOP_SECONDS / 10)
        if self.hung:
            raise Broken(
                f"The unit '{self.hung.name}' of this supervisor hangs, so it ended with its workers. Start it again; "
                f"the log says more."
            )

    def note_death(self, name: str) -> None:
        """What it held is given back at once."""
        if len(self.detector.ended) >= MOST_ENDED:
            self.detector.ended.clear()
        self.detector.ended.add(name)
        self.sweep_now.set()

    def keep_sweeping(self) -> None:
        """Every two seconds, and at once when a worker died."""
        while not self.stop.is_set():
            try:
                with in_hand("sweep", SWEEP_LONGEST):
                    sweep(self.detector)
            except Unavailable as error:
                log.warning("the sweep waits", error=str(error))
            except Exception as error:  # noqa: BLE001 - a worker's edge: whatever it is, the workers live on and the next round tries again
                log.error("the sweep failed", error=describe(error).error)
            self.sweep_now.wait(SWEEP_SECONDS)
            self.sweep_now.clear()

    def look_for_hangs(self) -> None:
        """In its own threads, that is."""
        look_for_hangs(self.stop, self.end_hanging)

    def end_hanging(self, unit: Unit) -> None:
        """A supervisor that does not sweep rings no timers and rescues nobody: it ends in good order, and whoever
        started it sees that.
        """
        log.error("a thread hangs; the supervisor ends", unit=unit.name, seconds=unit.longest)
        self.hung = unit
        self.stop.set()


def end(processes: "Sequence[subprocess.Popen[bytes]]", seconds: float) -> None:
    """SIGTERM to all, then patience, then SIGKILL."""
    for process in processes:
        process.send_signal(signal.SIGTERM)
    until = time.monotonic() + seconds
    for process in processes:
        try:
            process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
