"""`sijil bench matching`: one new person against a register, as an enrolment asks before an identifier is issued.

A population is invented (benchmarks/persons/, names that trained nothing) and copied into the table of persons. Then
people are searched for, one by one, each itself aside: of those with another record, found is whoever that record is
among; of the others (`clean`), every likely duplicate that is shown is a false alert.
"""

import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any, NamedTuple

from benchmarks.persons.noise import RATES
from benchmarks.persons.pools import measuring
from benchmarks.persons.population import SHARES, Made, records
from benchmarks.prepared import Say, vacuum_analyze
from models.database import Connection, transaction
from trials.generator.identifiers import idcs
from trials.servers import proof_servers
from workflows.matching.births import DAY
from workflows.matching.duplicates.keys import keys_of
from workflows.matching.duplicates.record import FIELDS, Record
from workflows.matching.duplicates.scoring import Context, Matcher, Zone, context_of
from workflows.registers.duplicates import Found, likely_duplicates
from workflows.registers.name_shares import count_names

SEED_OF_NUMBERS = 47  # of identifiers; a seed has 16 million
BATCH = 20_000
WARM = 500
COLUMNS = ", ".join(("idcs", *FIELDS, "status", "keys"))
COPY = f"copy person ({COLUMNS}) from stdin"
BUILT = "create index person_keys on person using gin (keys) with (fastupdate = off)"
TICKS = 100  # of a second of CPU, in /proc


class Wanted(NamedTuple):
    """How many people are searched for: of those who have no other record, and of those who have."""

    clean: int
    duplicates: int


class Sought(NamedTuple):
    """Somebody who is searched for: their own identifier, and the records that are the same person's."""

    record: Record
    idcs: str
    mates: frozenset[str]


class Result(NamedTuple):
    """What a search found of somebody, and how long it took."""

    sought: Sought
    found: Found
    ms: float

    @property
    def zone(self) -> Zone | None:
        """The zone of the first candidate that a person looks at: of clean people any, else the right one."""
        right = [each for each in self.found.candidates if not self.sought.mates or each.idcs in self.sought.mates]
        return right[0].zone if right else None


def measure(persons: int, wanted: Wanted, seed: int, say: Say) -> dict[str, Any]:
    """Times of one search in ms, the share of duplicates that is found, and of clean people who raise an alert."""
    with proof_servers("bench") as servers:
        servers.create("matching")
        say(f"{persons} records are invented and copied ...")
        began = time.perf_counter()
        sought = Sample(wanted, persons, seed)
        fill(persons, seed, sought)
        loaded = time.perf_counter() - began
        say(f"the index is built after {loaded:.0f} s ...")
        size = build()
        built = time.perf_counter() - began - loaded
        people = sought.drawn()
        say(f"{len(people)} people are searched for, one by one, {built:.0f} s later ...")
        results, cpu = searched(people)
        found = figures(results)
    return {**found, **cpu, "persons": persons, "load_s": round(loaded), "index_s": round(built), **size,
            "rates": {**SHARES._asdict(), **RATES._asdict()}}  # fmt: skip


class Sample:
    """Draws who is searched for while the records go by."""

    def __init__(self, wanted: Wanted, persons: int, seed: int) -> None:
        self.wanted = {True: wanted.duplicates, False: wanted.clean}
        self.rng = random.Random(seed)
        # Three times as many as are wanted are kept, so that there are enough.
        self.chance = {
            True: min(1.0, 3 * wanted.duplicates / (persons * SHARES.duplicates)),
            False: min(1.0, 3 * wanted.clean / (persons * (1 - 2 * SHARES.duplicates))),
        }
        self.kept: dict[bool, list[tuple[Record, str, int]]] = {True: [], False: []}
        self.mates: dict[int, list[str]] = defaultdict(list)

    def see(self, made: Made, number: str) -> None:
        """One record goes by."""
        if made.duplicated:
            self.mates[made.person].append(number)
        if made.again == made.duplicated and self.rng.random() < self.chance[made.duplicated]:
            self.kept[made.duplicated].append((made.record, number, made.person))

    def drawn(self) -> list[Sought]:
        """Those who are searched for, in an order of chance."""
        chosen = [
            each
            for kind, wanted in self.wanted.items()
            for each in self.rng.sample(self.kept[kind], min(wanted, len(self.kept[kind])))
        ]
        self.rng.shuffle(chosen)
        return [
            Sought(record, number, frozenset(self.mates.get(person, ())) - {number})
            for record, number, person in chosen
        ]


# Filling -------------------------------------------------------------------------------------------


def fill(persons: int, seed: int, sample: Sample) -> None:
    """Copies the records into the register, without the index that is built behind them."""
    pool = measuring()
    waiting = enumerate(records(seed, pool, [each.arabic for each in pool.family.names], persons))
    with transaction() as connection:
        connection.execute("drop index person_keys")
    while batch := list(take(waiting, BATCH)):
        for number, made in batch:
            sample.see(made, number)
        with transaction() as connection:
            write(connection, batch)


def take(waiting: Iterator[tuple[int, Made]], count: int) -> Iterator[tuple[str, Made]]:
    """The next records, each with its identifier."""
    for _, (place, made) in zip(range(count), waiting, strict=False):
        yield idcs(SEED_OF_NUMBERS, place // 16, place % 16), made


def write(connection: Connection, batch: Sequence[tuple[str, Made]]) -> None:
    """Copies a batch."""
    with connection.cursor() as cursor:
        with cursor.copy("copy issued_identifier (idcs) from stdin") as stream:
            for number, _ in batch:
                stream.write_row((number,))
        with cursor.copy(COPY) as stream:
            for number, made in batch:
                stream.write_row(row_of(number, made.record))


def row_of(number: str, record: Record) -> list[Any]:
    """A record as a row, with its keys."""
    assert record.birth
    return [number, *record[:4], *record.birth, *record[5:], "alive", keys_of(record)]


def build() -> dict[str, Any]:
    """Builds the index, counts the names, and brings statistics up to date; how large table and index are."""
    with transaction() as connection:
        connection.execute("set local maintenance_work_mem = '512MB'")
        connection.execute(BUILT)
    vacuum_analyze()
    with transaction() as connection:
        count_names(connection)
        table, index, keys = connection.execute(
            "select pg_table_size('person'), pg_relation_size('person_keys'), avg(cardinality(keys)) from person"
        ).fetchone() or (0, 0, 0)
    return {"table_mb": table >> 20, "index_mb": index >> 20, "keys_per_person": round(float(keys), 1)}


# Searching -----------------------------------------------------------------------------------------


def searched(people: Sequence[Sought]) -> tuple[list[Result], dict[str, float]]:
    """The result of each search, the first ones aside, and the CPU of one: ours, and the database's."""
    for each in people[:WARM]:
        search(each)
    ours, theirs = time.process_time(), server_cpu()
    results = [search(each) for each in people]
    cpu = {
        "cpu_ms": round((time.process_time() - ours) * 1000 / len(people), 3),
        "database_cpu_ms": round((server_cpu() - theirs) * 1000 / len(people), 3),
    }
    return results, cpu


def search(sought: Sought) -> Result:
    """One search, in a transaction of its own."""
    began = time.perf_counter()
    with transaction() as connection:
        found = likely_duplicates(connection, sought.record, (sought.idcs,))
    return Result(sought, found, (time.perf_counter() - began) * 1000)


def server_cpu() -> float:
    """Seconds of CPU of the database's process that serves this one's connection."""
    with transaction() as connection:
        pid = connection.info.backend_pid
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


# Counting ------------------------------------------------------------------------------------------


def figures(results: Sequence[Result]) -> dict[str, Any]:
    """The figures of all searches."""
    times = quantiles([each.ms for each in results], n=100)
    duplicates = [each for each in results if each.sought.mates]
    clean = [each for each in results if not each.sought.mates]
    return {
        "p95_ms": round(times[94], 2),
        "recall": share(duplicates),
        "false_alerts": share(clean),
        "clean": len(clean),
        "duplicates": len(duplicates),
        "p50_ms": round(times[49], 2),
        "p99_ms": round(times[98], 2),
        "zones": {
            "duplicates": dict(Counter(each.zone for each in duplicates if each.zone)),
            "clean": dict(Counter(each.zone for each in clean if each.zone)),
        },
        "compared": {"median": median(each.found.compared for each in results),
                     "most": max(each.found.compared for each in results)},
        "capped": sum(bool(each.found.capped) for each in results),
        "by_group": by_group(duplicates, clean),
    }  # fmt: skip


def share(results: Sequence[Result]) -> float:
    """The share of these searches that showed somebody whom a person would look at."""
    return round(sum(each.zone is not None for each in results) / max(len(results), 1), 5)


def by_group(duplicates: Sequence[Result], clean: Sequence[Result]) -> dict[str, dict[str, float]]:
    """The same for each group of people, so that errors that gather somewhere are seen."""
    shares = frequent_names([*duplicates, *clean])
    found: dict[str, dict[str, float]] = {}
    for name, results in (("recall", duplicates), ("false_alerts", clean)):
        groups: dict[str, list[Result]] = defaultdict(list)
        for each in results:
            for group in groups_of(each.sought.record, frequent=each.sought.idcs in shares):
                groups[group].append(each)
        for group, members in groups.items():
            found.setdefault(group, {})[name] = share(members)
            found[group][f"{name}_of"] = len(members)
    return dict(sorted(found.items()))


def groups_of(record: Record, *, frequent: bool) -> list[str]:
    """The groups to which somebody belongs, whose errors are counted apart."""
    assert record.birth
    birth = "day" if record.birth.precision == DAY else "year"
    first = (record.birth.day.month, record.birth.day.day) == (1, 1)
    script = "both" if record.given_name_ar and record.given_name_la else "arabic" if record.given_name_ar else "latin"
    return [
        f"sex {record.sex}",
        f"script {script}",
        f"birth {'first of January' if first and birth == 'day' else birth}",
        f"names {'frequent' if frequent else 'seldom'}",
        f"card {'yes' if record.cin else 'no'}",
    ]


def frequent_names(results: Sequence[Result]) -> set[str]:
    """The quarter of the people whose given and family name together is the most frequent."""
    with transaction() as connection:
        context = context_of(1, dict(connection.execute("select key, share from name_share")))
    weighed = sorted(((weight_of(each.sought.record, context), each.sought.idcs) for each in results), reverse=True)
    return {number for _, number in weighed[: len(weighed) // 4]}


def weight_of(record: Record, context: Context) -> float:
    """How frequent given and family name are together."""
    matcher = Matcher(record, context)
    return matcher.given_share * matcher.family_share


def table(found: dict[str, Any]) -> list[str]:
    """The figures as lines for people."""
    lines = [
        f"{name:<14}{found[name]:>10}" for name in ("p95_ms", "recall", "false_alerts", "p50_ms", "p99_ms", "cpu_ms")
    ]
    for group, rates in found["by_group"].items():
        lines.append(
            f"  {group:<28}" + "".join(f"{name} {rates.get(name, '-')!s:<9}" for name in ("recall", "false_alerts"))
        )
    return lines
