"""DBOS as a rival: one process works its share of the cases, each as a workflow of five steps.

python -m benchmarks.dbos_worker migrate SYSTEM_URL
python -m benchmarks.dbos_worker PROCESS LAST_ID PROCESSES THREADS SYSTEM_URL
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from dbos import DBOS, DBOSConfig

from benchmarks.naive import one_decision
from benchmarks.prepared import query_value

STAGES = ("submitted", "verified", "scored", "fraud_checked", "approved")


@DBOS.step()
def decision(case_id: int, stage: str) -> bool:
    return one_decision(case_id, stage)


@DBOS.workflow()
def registration(case_id: int) -> None:
    for stage in STAGES:
        if not decision(case_id, stage):
            return


def launch(system: str, process: str, threads: int) -> None:
    config: Any = DBOSConfig(
        name="rival",
        system_database_url=system.replace("postgresql://", "postgresql+psycopg://"),
        sys_db_pool_size=2 * threads,
        max_executor_threads=4 * threads,
        executor_id=process,
        application_version="1",
        enable_otlp=False,
        log_level="ERROR",
    )
    DBOS(config=config)
    DBOS.launch()


def main(process: int, last_id: int, processes: int, threads: int, system: str) -> None:
    launch(system, str(process), threads)
    first = int(query_value("select min(id) from cases"))
    with ThreadPoolExecutor(threads) as pool:
        list(
            pool.map(
                lambda case_id: DBOS.start_workflow(registration, case_id).get_result(),
                range(first + process, last_id + 1, processes),
            )
        )
    DBOS.destroy()


if __name__ == "__main__":
    if sys.argv[1] == "migrate":
        launch(sys.argv[2], "migrate", 2)
        DBOS.destroy()
    else:
        process, last_id, processes, threads = map(int, sys.argv[1:5])
        main(process, last_id, processes, threads, sys.argv[5])
