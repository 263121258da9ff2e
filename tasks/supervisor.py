"""`sijil work`: keeps worker processes alive, runs the sweep, and the daily jobs beside it.

Dramatiq's own command line stops all processes when one ends unexpectedly; here the one that died is started again, with a
back-off, and what it held is given back at once.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from threading import Event

import structlog

from models.database import raw, transaction
from models.errors import Unavailable, describe
from tasks.schedule import Schedule
from tasks.sweep import SWEEP_SECONDS, DeathDetector, sweep
from tasks.watchdog import Watch, end_frozen

LONGEST_BACK_OFF = 5.0
LONG_ENOUGH = 10.0  # seconds alive after which a death no longer adds to the back-off
STOP_SECONDS = 60.0
log = structlog.get_logger()


@dataclass(slots=True)
class Slot:
    """One place for a worker process: the process now in it, and how patiently it is refilled."""

    command: list[str]
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    back_off: float = 0.1
    not_before: float = 0.0

    def tend(self) -> int | None:
        """Starts a process where there is none and it is time; the number of one that was found dead."""
        died = None
        if self.process is not None and self.process.poll() is not None:
            died = self.process.pid
            lived = time.monotonic() - self.started
            self.back_off = 0.1 if lived > LONG_ENOUGH else min(self.back_off * 2, LONGEST_BACK_OFF)
            self.not_before = time.monotonic() + self.back_off
            log.warning("worker died", pid=self.process.pid, exit=self.process.returncode, again_in=self.back_off)
            self.process = None
        if self.process is None and time.monotonic() >= self.not_before:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, start_new_session=True)
            self.started = time.monotonic()
        return died


@dataclass(slots=True)
class Supervisor:
    """Worker processes for these queues, the sweep, and the daily jobs."""

    queues: Iterable[str]
    processes: int
    stop: Event = field(default_factory=Event)

    def run(self) -> None:
        """Until told to stop; then every process finishes the batch in hand."""
        slots = [Slot([sys.executable, "-m", "tasks.worker", *sorted(self.queues)]) for _ in range(self.processes)]
        detector, watch = DeathDetector(), Watch()
        schedule = Schedule(self.stop)
        next_sweep = 0.0
        while not self.stop.wait(0.1):
            died = {pid for slot in slots if (pid := slot.tend()) is not None}
            detector.ended = (detector.ended | died) - {slot.process.pid for slot in slots if slot.process}  # numbers are given again
            if died or time.monotonic() >= next_sweep:
                next_sweep = time.monotonic() + SWEEP_SECONDS
                try:
                    sweep(detector)
                    end_frozen(looked(watch, [slot.process.pid for slot in slots if slot.process]))
                except Unavailable as error:
                    watch.forget()
                    log.warning("the sweep waits", error=str(error))
                except Exception as error:  # noqa: BLE001 - a worker's edge: whatever it is, the workers live on and the next round tries again
                    log.error("the sweep failed", error=describe(error).error)
            schedule.tend()
        end([slot.process for slot in slots if slot.process], STOP_SECONDS)
        schedule.end(STOP_SECONDS / 10)


def looked(watch: Watch, pids: Sequence[int]) -> list[int]:
    """Which of these processes live and do nothing."""
    with transaction() as session:
        return watch.look(raw(session), pids)


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
