"""`sijil bench growth`: measures the engine over 300,000 finished cases against the engine over 10,000.

The engine itself works off the 10,000; the 300,000 are thirty copies of their rows, each with other numbers and
identifiers.
"""

from typing import Any

import psycopg

from benchmarks import engine
from benchmarks.engine import DONE
from benchmarks.pairs import ratio
from benchmarks.prepared import Say, Workers, fill, pause_first_queue, resume_queues, vacuum_analyze, wait_for, working
from models.database import Connection, database_url
from trials.generator.identifiers import PLACES, SEEDS, idcs
from trials.servers import ProofServers, proof_servers

FEW, TIMES = 10_000, 30
# Longer than the other measurements: after a checkpoint PostgreSQL writes each touched page as a whole
# (full_page_writes), for longer where there are more pages. Checkpoints are 15 minutes apart; the ten seconds after one
# would show little else.
SECONDS = 15.0
FIRST_OF_MANY = 500_000  # the finished households are those of the seed from this number on
SHIFT = 10_000_000  # between the numbers of one copy and the next
# Copies of the persons, each with an identifier that belongs to no generated person.
SPARE = "create temporary table spare (place int primary key, idcs text)"
MULTIPLY = (
    "create temporary table alias as select idcs, row_number() over (order by idcs) - 1 as place from person",
    "create unique index on alias (idcs)",
    "insert into issued_identifier select idcs from spare order by idcs",
    """
    insert into person (idcs, given_name_ar, family_name_ar, given_name_la, family_name_la, birth_date,
        birth_precision, sex, cin, status, keys)
    select s.idcs,
        p.given_name_ar, p.family_name_ar, p.given_name_la, p.family_name_la, p.birth_date,
        p.birth_precision, p.sex, p.cin, p.status, p.keys
    from person p join alias a using (idcs) cross join generate_series(1, {copies}) as k
    join spare s on s.place = (select count(*) from alias) * (k - 1) + a.place
    """,
)
NAMES = "select column_name from information_schema.columns where table_name = %s order by ordinal_position"
# Every table that grows with cases, with the columns that change in copy `k`.
COPIED = {
    "cases": {
        "id": "id + {shift}",
        "household_id": "household_id + {shift}",
        "applicant_idcs": "applicant_idcs || '-' || k",
    },
    "receipt": {
        "reference": "reference || '-' || k",
        "case_id": "case_id + {shift}",
        "idempotency_key": "idempotency_key || '-' || k",
    },
    "case_body": {"case_id": "case_id + {shift}", "household_id": "household_id + {shift}"},
    "event": {"case_id": "case_id + {shift}"},
    "desk_search": {"case_id": "case_id + {shift}"},
    "person_claim": {
        "idcs": "idcs || '-' || k",
        "household_id": "household_id + {shift}",
        "case_id": "case_id + {shift}",
    },
    "household": {"id": "id + {shift}", "registered_by": "registered_by + {shift}"},
    "household_version": {"household_id": "household_id + {shift}", "case_id": "case_id + {shift}"},
    "household_period": {"household_id": "household_id + {shift}"},
    "household_member": {"household_id": "household_id + {shift}", "idcs": "idcs || '-' || k"},
    "score": {"case_id": "case_id + {shift}", "household_id": "household_id + {shift}"},
    "eligibility": {"household_id": "household_id + {shift}"},
    "message": {"case_id": "case_id + {shift}", "id": "uuidv7()"},
}


def measure(pairs: int, seed: int, workers: Workers, say: Say) -> dict[str, Any]:
    """The ratio of the rates: the engine over many finished cases to the engine over few."""
    with proof_servers("bench") as servers:
        count = engine.enough(servers, seed, workers, say, SECONDS)
        say(f"working {FEW} cases off ...")
        finish(servers, seed, workers)
        servers.copy("few", "many")
        say(f"multiplying them to {FEW * TIMES} ...")
        multiply(TIMES - 1)
        for database in ("few", "many"):
            servers.use(database)
            pause_first_queue()
            fill(count, seed)
            vacuum_analyze()
        found = ratio(
            pairs,
            lambda: engine.measure(servers, "many", workers),
            lambda: engine.measure(servers, "few", workers),
            say,
        )
    return {**found, "cases": count, "finished": [FEW * TIMES, FEW], "settings": workers._asdict()}


def finish(servers: ProofServers, seed: int, workers: Workers) -> None:
    """Makes a database in which the engine has worked off the few cases."""
    servers.create("few")
    pause_first_queue()
    fill(FEW, seed, FIRST_OF_MANY)
    with working(workers):
        resume_queues()
        wait_for(DONE)
    vacuum_analyze()


def set_identifiers_aside(connection: Connection, copies: int) -> None:
    """Fills a table with the identifiers of the persons' copies: those of the seed whose numbers are nobody's."""
    connection.execute(SPARE)
    (persons,) = connection.execute("select count(*) from person").fetchone() or (0,)
    with connection.cursor() as cursor, cursor.copy("copy spare from stdin") as stream:
        for place in range(persons * copies):
            stream.write_row([place, idcs(SEEDS, *divmod(place, PLACES))])


def multiply(copies: int) -> None:
    """Adds so many copies of all cases to the database in use."""
    with psycopg.connect(database_url()) as connection:
        set_identifiers_aside(connection, copies)
        for statement in MULTIPLY:
            connection.execute(statement.format(copies=copies))
        for table, changed in COPIED.items():
            names = [row[0] for row in connection.execute(NAMES, [table])]
            values = ", ".join(changed.get(name, name).format(shift=f"k * {SHIFT}") for name in names)
            added = f"select {values} from {table}, generate_series(1, {copies}) as k"
            connection.execute(f"insert into {table} ({', '.join(names)}) overriding system value {added}")
        connection.commit()
    vacuum_analyze()
