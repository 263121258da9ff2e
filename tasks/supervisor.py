"""The supervisor (`sijil work`) keeps worker processes alive, and runs the sweep and the daily jobs.

Dramatiq's own command line stops all processes when one ends unexpectedly. The supervisor starts a new one instead,
with a back-off, and the sweep gives back at once what the dead one held.
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
from tasks.listening import Listener
from tasks.schedule import Schedule
from tasks.sweep import SWEEP_SECONDS, FailureDetector, sweep
from tasks.watchdog import run_watchdog, watch_for_hangs
from workflows.queue.inhand import Unit, in_hand

TEND_SECONDS = 0.5
LONGEST_BACK_OFF = 5.0
STABLE_SECONDS = 10.0  # a process that lived longer starts the back-off anew
FROZEN_SECONDS = 60.0  # without a word from a process, which sends one every two seconds
STOP_SECONDS = 60.0
SWEEP_LONGEST = 90.0  # then a sweep hangs: its transaction and each wake have shorter time-outs
MOST_ENDED = 10_000  # names remembered; the sweep finds a forgotten one by its silence
log = structlog.get_logger()


@dataclass(slots=True)
class Slot:
    """One place for a worker process, which is filled again, with a back-off, when the process dies."""

    command: list[str]
    process: "subprocess.Popen[bytes] | None" = None
    name: str = ""  # that the process gave itself (models/connection.py)
    started: float = 0.0
    last_heard: float = 0.0
    back_off: float = 0.1
    not_before: float = 0.0

    def tend(self) -> str | None:
        """Starts a process if there is none and it is time; kills one that is frozen.

        Returns the name of a process that it found dead.
        """
        died = None
        if self.process is not None:
            ended = self.process.poll() is not None
            self.read_heartbeat(self.process)  # also of one that ended: its name may still be in the pipe
            if ended:
                died = self.note_exit(self.process)
        if self.process is None and time.monotonic() >= self.not_before:
            self.start()
        return died

    def start(self) -> None:
        """Starts a new process. If the system gives none (no memory, too many processes), it is tried again later."""
        self.started = self.last_heard = time.monotonic()
        try:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0, start_new_session=True
            )
        except (OSError, MemoryError) as error:
            self.increase_back_off()
            log.error("no worker process can be started", error=describe(error).error, again_in=self.back_off)
            return
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)

    def read_heartbeat(self, process: "subprocess.Popen[bytes]") -> None:
        """Reads the process's heartbeat from its output, and kills a process that sent none for a minute.

        A process that was stopped (SIGSTOP) obeys no milder signal.
        """
        assert process.stdout is not None
        if output := process.stdout.read(65536):
            self.name = self.name or b" ".join(output.split()[:1]).decode(errors="replace")
            self.last_heard = time.monotonic()
        elif time.monotonic() - self.last_heard > FROZEN_SECONDS and process.poll() is None:
            log.error("worker frozen", pid=process.pid, silent_seconds=FROZEN_SECONDS)
            process.kill()
            self.last_heard = time.monotonic()

    def note_exit(self, process: "subprocess.Popen[bytes]") -> str:
        """Empties the place of a dead process until its back-off is over. Returns the name of the process."""
        assert process.stdout is not None
        process.stdout.close()
        died, self.name, self.process = self.name, "", None
        if time.monotonic() - self.started > STABLE_SECONDS:
            self.back_off, self.not_before = 0.1, time.monotonic() + 0.1
        else:
            self.increase_back_off()
        log.warning("worker died", pid=process.pid, exit=process.returncode, again_in=self.back_off)
        return died

    def increase_back_off(self) -> None:
        """Doubles the back-off, up to `LONGEST_BACK_OFF`."""
        self.back_off = min(self.back_off * 2, LONGEST_BACK_OFF)
        self.not_before = time.monotonic() + self.back_off


@dataclass(slots=True)
class Supervisor:
    """Keeps worker processes for these queues; runs the sweep and the daily jobs, each in a thread of its own."""

    queues: Iterable[str]
    processes: int
    stop: Event = field(default_factory=Event)
    sweep_now: Event = field(default_factory=Event)
    detector: FailureDetector = field(default_factory=FailureDetector)
    hung: Unit | None = None

    def run(self) -> None:
        """Runs until `stop` is set; then every process finishes the batch in hand.

        Raises Broken if a thread of the supervisor itself hangs.
        """
        slots = [Slot([sys.executable, "-m", "tasks.worker", *sorted(self.queues)]) for _ in range(self.processes)]
        schedule, listener = Schedule(self.stop), Listener(self.stop)
        sweeping = Thread(target=self.keep_sweeping, daemon=True)
        sweeping.start()
        Thread(target=run_watchdog, args=[self.stop], daemon=True).start()
        Thread(target=watch_for_hangs, args=[self.stop, self.end_hanging], daemon=True).start()
        while not self.stop.wait(TEND_SECONDS):
            for slot in slots:
                if died := slot.tend():
                    self.report_death(died)
            schedule.tend()
            listener.tend()
        stop_processes([slot.process for slot in slots if slot.process], STOP_SECONDS)
        schedule.end(STOP_SECONDS / 10)
        listener.end(STOP_SECONDS / 10)
        self.sweep_now.set()
        sweeping.join(STOP_SECONDS / 10)
        if self.hung:
            raise Broken(
                f"The unit '{self.hung.name}' of this supervisor hangs, so it ended with its workers. "
                "Read the log, then start it again."
            )

    def report_death(self, name: str) -> None:
        """Tells the sweep that this process is dead, so that it gives back at once what the process held."""
        if len(self.detector.ended) >= MOST_ENDED:
            self.detector.ended.clear()
        self.detector.ended.add(name)
        self.sweep_now.set()

    def keep_sweeping(self) -> None:
        """Sweeps every two seconds, and at once when a worker died."""
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

    def end_hanging(self, unit: Unit) -> None:
        """Stops the supervisor and its workers, because a unit of its own hangs.

        A supervisor that does not sweep fires no timers and recovers no cases; whatever started it should see it end.
        """
        log.error("a thread hangs; the supervisor ends", unit=unit.name, seconds=unit.longest)
        self.hung = unit
        self.stop.set()


def stop_processes(processes: "Sequence[subprocess.Popen[bytes]]", seconds: float) -> None:
    """Sends SIGTERM to all processes, and SIGKILL to those that have not ended after this time."""
    for process in processes:
        process.send_signal(signal.SIGTERM)
    until = time.monotonic() + seconds
    for process in processes:
        try:
            process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
