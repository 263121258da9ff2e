"""`sijil bench sweep`: measures a round of the sweep over 2 million messages, of which 1.5 million wait."""

import time
from statistics import median
from typing import Any

from benchmarks.prepared import Say, vacuum_analyze
from models.database import transaction
from tasks.sweep import FailureDetector, sweep
from trials.servers import proof_servers

ROUNDS = 21
MESSAGES = """
    insert into message (case_id, seq, template, channel, language, body, status, rank, due_at, tries)
    select n, 1, 'received', 'sms', 'ar', repeat('x', 150), case when n %% 4 = 0 then 'sent' else 'owed' end,
        now() + n * interval '1 ms', now() + interval '1 day' + n * interval '1 ms', n %% 5
    from generate_series(1, %s) as n
"""
# Cases that failed: half of them are parked, half are quarantined.
FAILURES = """
    insert into case_failure (case_id, stage, version, tries, error, traceback, at, parked)
    select n, 'submitted', 1, 1, 'KeyError', '', now(), n %% 2 = 0 from generate_series(1, %s) as n
"""
QUARANTINED = """
    insert into attempt (queue, case_ids, at)
    select 'verification', array[n], now() + interval '1 day' from generate_series(1, %s) as n
"""


def measure(messages: int, failures: int, say: Say) -> dict[str, Any]:
    """The median and the longest time of a round, without its looks at the metrics."""
    with proof_servers("bench") as servers:
        servers.create("sweep")
        say(f"{messages} messages, of which three quarters wait; {failures} failures ...")
        for statement, count in ((MESSAGES, messages), (FAILURES, failures), (QUARANTINED, failures // 2)):
            with transaction() as connection:
                connection.execute(statement, [count])
        vacuum_analyze()
        detector = FailureDetector()
        times = [time_round(detector) for _ in range(ROUNDS)]
    return {
        "median_ms": round(median(times), 1),
        "longest_ms": round(max(times), 1),
        "rounds": ROUNDS,
        "messages": messages,
        "failures": failures,
    }


def time_round(detector: FailureDetector) -> float:
    """Runs one round of the sweep; milliseconds."""
    began = time.perf_counter()
    sweep(detector)
    return (time.perf_counter() - began) * 1000
