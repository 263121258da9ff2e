"""`sijil bench memory`: measures the most memory that a worker holds while it works off 100,000 waiting cases."""

from typing import Any

from benchmarks.engine import DONE
from benchmarks.prepared import PREPARED, Say, Workers, alive_pids, prepare, resume_queues, wait_for, working
from trials.servers import proof_servers

WAITING = 100_000
PEAK = "VmHWM:"  # the kernel's name for the peak of the resident set


def measure(seed: int, workers: Workers, say: Say, waiting: int = WAITING) -> dict[str, Any]:
    """The peak of each worker and the largest one, `worker_mb`, in MB."""
    with proof_servers("bench") as servers:
        say(f"preparing {waiting} cases ...")
        prepare(servers, PREPARED, waiting, seed)
        with working(workers):
            pids = alive_pids()
            resume_queues()
            wait_for(DONE)
            peaks = [peak_of(pid) for pid in pids]
    return {
        "worker_mb": round(max(peaks), 1),
        "workers": [round(each, 1) for each in peaks],
        "waiting": waiting,
        "settings": workers._asdict(),
    }


def peak_of(pid: int) -> float:
    """The peak memory of a process, in MB."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        line = next(line for line in file if line.startswith(PEAK))
    return int(line.split()[1]) / 1024
