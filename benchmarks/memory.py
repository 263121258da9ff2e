"""`sijil bench memory`: the most memory that a worker process ever held while it worked off 100,000 waiting cases."""

from typing import Any

from benchmarks.engine import DONE
from benchmarks.prepared import PREPARED, Say, Workers, alive_pids, let_go, prepare, wait_for, working
from trials.servers import proof_servers

WAITING = 100_000
PEAK = "VmHWM:"  # of the resident set, as the kernel keeps it


def measure(seed: int, workers: Workers, say: Say, waiting: int = WAITING) -> dict[str, Any]:
    """`worker_mb`: the largest peak of all workers, in MB."""
    with proof_servers("bench") as servers:
        say(f"preparing {waiting} cases ...")
        prepare(servers, PREPARED, waiting, seed)
        with working(workers):
            pids = alive_pids()
            let_go()
            wait_for(DONE)
            peaks = [peak_of(pid) for pid in pids]
    return {
        "worker_mb": round(max(peaks), 1),
        "workers": [round(each, 1) for each in peaks],
        "waiting": waiting,
        "settings": workers._asdict(),
    }


def peak_of(pid: int) -> float:
    """A process's peak, in MB."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        line = next(line for line in file if line.startswith(PEAK))
    return int(line.split()[1]) / 1024
