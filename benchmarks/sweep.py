"""`sijil bench sweep`: how long a round of the sweep takes with 2 million messages in the ledger, of which 1.5 million
wait for their time.
"""

import time
from statistics import median
from typing import Any

from benchmarks.prepared import Say, tidy
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
# Cases that failed and wait, half of them parked; and what is quarantined for them.
TROUBLES = """
    insert into case_failure (case_id, stage, version, tries, error, traceback, at, parked)
    select n, 'submitted', 1, 1, 'KeyError', '', now(), n %% 2 = 0 from generate_series(1, %s) as n
"""
APART = (
    "insert into attempt (queue, case_ids, at) select 'verification', array[n], now() + interval '1 day' from "
    "generate_series(1, %s) as n"
)


def measure(messages: int, failures: int, say: Say) -> dict[str, Any]:
    """`median_ms` and `longest_ms` of a round, the looks at the metrics left out."""
    with proof_servers("bench") as servers:
        servers.create("sweep")
        say(f"{messages} messages, of which three quarters wait; {failures} failures ...")
        for statement, count in ((MESSAGES, messages), (TROUBLES, failures), (APART, failures // 2)):
            with transaction() as connection:
                connection.execute(statement, [count])
        tidy()
        detector = FailureDetector()
        times = [timed(detector) for _ in range(ROUNDS)]
    return {
        "median_ms": round(median(times), 1),
        "longest_ms": round(max(times), 1),
        "rounds": ROUNDS,
        "messages": messages,
        "failures": failures,
    }


def timed(detector: FailureDetector) -> float:
    """One round, in milliseconds."""
    began = time.perf_counter()
    sweep(detector)
    return (time.perf_counter() - began) * 1000
