"""The commands of `sijil bench`, which the command line of `sijil` loads."""

from typing import Annotated

import typer

from benchmarks import (
    compare,
    console,
    decide,
    growth,
    identifiers,
    latency,
    matching,
    memory,
    mix,
    portal,
    pressure,
    profile,
    register,
    remote,
    silent,
    sweep,
    verifying,
)
from benchmarks.prepared import Workers
from models.errors import Refused
from models.settings import settings
from sijil.output import Json, print_progress, print_result
from sijil.processes import interruptible
from trials.arguments import Seed

app = typer.Typer(
    no_args_is_help=True, help="Measures the engine, beside its alternatives in the same run. Each takes minutes."
)
Processes = Annotated[int, typer.Option(min=1, help="How many worker processes.")]
Threads = Annotated[int, typer.Option(min=1, help="Threads of each worker process.")]
Batch = Annotated[int, typer.Option(min=1, help="The most cases that a worker claims at once.")]
Pairs = Annotated[int, typer.Option(min=1, help="Pairs of runs: the median of their ratios counts.")]
OURS = Workers()  # the set-up of the engine for bulk work


def workers_of_settings() -> Workers:
    """The set-up of the engine by the settings, for measurements in which people wait."""
    return Workers(settings().processes, settings().threads, settings().batch)


@app.command("engine")
def bench_engine(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds: the medians of their rates count.")] = 5,
    seed: Seed = 11,
    processes: Processes = OURS.processes,
    threads: Threads = OURS.threads,
    batch: Batch = OURS.batch,
    only: Annotated[
        str,
        typer.Option(
            help="Only these, with commas between: engine, limit, copy (which also runs the engine), naive, noop, dbos."
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Measures the engine beside its limit, plain COPY, and its rivals, in cases a second."""
    chosen = frozenset(name.strip() for name in only.split(",") if name.strip())
    if unknown := chosen - set(compare.NAMES):
        raise Refused("unknown_measure", f"There is no measure '{min(unknown)}'. There are {', '.join(compare.NAMES)}.")
    with interruptible():
        found = compare.compare(rounds, seed, Workers(processes, threads, batch), print_progress, chosen)
    lines = [f"{name:<8}{found[name] if found[name] is not None else 'not run':>10}" for name in compare.NAMES]
    print_result(
        found,
        as_json,
        *lines,
        *[f"{name.replace('_', ' ')}: {found[name]}" for name in found if name.startswith("engine_to_")],
    )


@app.command("decide")
def bench_decide(as_json: Json = False) -> None:
    """Measures all decisions of one case of five persons in memory, in microseconds."""
    print_result({"microseconds": round(decide.measure(), 1)}, as_json)


@app.command("verify")
def bench_verify(
    cases: Annotated[int, typer.Option(min=verifying.BATCH, help="Households to compare.")] = 5_000,
    seed: Seed = 19,
    as_json: Json = False,
) -> None:
    """Measures the verify stage with the local register, in persons a second."""
    with interruptible():
        print_result(verifying.measure(cases, seed, print_progress), as_json)


@app.command("profile")
def bench_profile(
    cases: Annotated[int, typer.Option(min=4 * profile.BATCH, help="Cases to prepare and work off.")] = 16_000,
    seed: Seed = 17,
    as_json: Json = False,
) -> None:
    """Measures where the CPU time of a case goes, in a worker and in PostgreSQL, in microseconds a case."""
    with interruptible():
        found = profile.measure(cases, seed, print_progress)
    print_result(found, as_json, *profile.table(found))


@app.command("pressure")
def bench_pressure(pairs: Pairs = 5, seed: Seed = 12, as_json: Json = False) -> None:
    """Measures the engine beside a snapshot 60 s old and 300,000 timers, against the engine alone: ten minutes."""
    with interruptible():
        print_result(pressure.measure(pairs, seed, OURS, print_progress), as_json)


@app.command("growth")
def bench_growth(pairs: Pairs = 5, seed: Seed = 13, as_json: Json = False) -> None:
    """Measures the engine over 300,000 finished cases against the engine over 10,000."""
    with interruptible():
        print_result(growth.measure(pairs, seed, OURS, print_progress), as_json)


@app.command("mix")
def bench_mix(pairs: Pairs = 5, seed: Seed = 18, as_json: Json = False) -> None:
    """Measures the engine on 80 % registrations, 15 % changes and 5 % upheld appeals against registrations alone."""
    with interruptible():
        print_result(mix.measure(pairs, seed, OURS, print_progress), as_json)


@app.command("memory")
def bench_memory(
    seed: Seed = 14,
    waiting: Annotated[int, typer.Option(min=1, help="Cases that wait at the start.")] = memory.WAITING,
    as_json: Json = False,
) -> None:
    """Measures the most memory that a worker holds while it works off 100,000 waiting cases."""
    with interruptible():
        print_result(memory.measure(seed, workers_of_settings(), print_progress, waiting), as_json)


@app.command("sweep")
def bench_sweep(
    messages: Annotated[
        int, typer.Option(min=1, help="Messages in the ledger; three quarters of them wait for their time.")
    ] = 2_000_000,
    failures: Annotated[
        int, typer.Option(min=1, help="Cases that failed: half are parked, half are quarantined.")
    ] = 200_000,
    as_json: Json = False,
) -> None:
    """Measures a round of the sweep over 2 million messages, of which 1.5 million wait for their time."""
    with interruptible():
        print_result(sweep.measure(messages, failures, print_progress), as_json)


@app.command("remote")
def bench_remote(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds: the medians of their rates count.")] = 3,
    seed: Seed = 19,
    processes: Processes = OURS.processes,
    threads: Threads = 2,
    batch: Batch = OURS.batch,
    as_json: Json = False,
) -> None:
    """Measures the verify stage over a population register elsewhere and over the local one, in persons a second."""
    with interruptible():
        print_result(remote.measure(rounds, seed, Workers(processes, threads, batch), print_progress), as_json)


@app.command("identifiers")
def bench_identifiers(
    issued: Annotated[int, typer.Option(min=10_000, help="Identifiers that the table really holds.")] = 1_000_000,
    batch: Annotated[int, typer.Option(min=1, max=5_000, help="Identifiers of one transaction.")] = 1_000,
    seconds: Annotated[float, typer.Option(min=0.5, help="Seconds of each of the four measurements.")] = 10.0,
    as_json: Json = False,
) -> None:
    """Measures issuing identifiers as if 10 % and as if 65 % of all were issued, without filters and with MOSIP's."""
    with interruptible():
        print_result(identifiers.measure(issued, batch, seconds, print_progress), as_json)


@app.command("register")
def bench_register(
    persons: Annotated[int, typer.Option(min=1_000, help="Declared persons who are compared.")] = 50_000,
    as_json: Json = False,
) -> None:
    """Measures comparisons a second by the population register's service, over HTTP and without it, and their ratio."""
    with interruptible():
        print_result(register.measure(persons, print_progress), as_json)


@app.command("matching")
def bench_matching(
    persons: Annotated[int, typer.Option(min=1_000, help="Records in the register.")] = 1_000_000,
    clean: Annotated[int, typer.Option(min=100, help="People who are searched for and have no other record.")] = 30_000,
    duplicates: Annotated[int, typer.Option(min=20, help="People who are searched for and have one.")] = 10_000,
    seed: Seed = 21,
    as_json: Json = False,
) -> None:
    """Measures the search for likely duplicates: one new person against a million, in ms, with what it finds."""
    with interruptible():
        found = matching.measure(persons, matching.Wanted(clean, duplicates), seed, print_progress)
    print_result(found, as_json, *matching.table(found))


@app.command("console")
def bench_console(
    cases: Annotated[int, typer.Option(min=10_000, help="Cases in the register.")] = 1_000_000,
    waiting: Annotated[int, typer.Option(min=5_000, help="Of these, so many wait for people.")] = 50_000,
    as_json: Json = False,
) -> None:
    """Measures the desk: its lists, pages and searches, and the next case for 50 people at once, in ms (95 %)."""
    if waiting * 2 > cases:
        raise Refused("too_many_waiting", "At most half of the cases can wait for people.")
    with interruptible():
        print_result(console.measure(cases, waiting, print_progress), as_json)


@app.command("portal")
def bench_portal(
    people: Annotated[int, typer.Option(min=10, help="People who sign in at once.")] = portal.Sizes().people,
    filling: Annotated[int, typer.Option(min=5, help="People who fill in applications.")] = portal.Sizes().filling,
    cases: Annotated[int, typer.Option(min=100, help="Cases that the engine works meanwhile.")] = portal.Sizes().cases,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds: the medians of their rates count.")] = 5,
    only: Annotated[str, typer.Option(help="`status`: only the rates of the pages beside a bare route.")] = "",
    seed: Seed = 20,
    as_json: Json = False,
) -> None:
    """Measures the citizens' pages: rates beside a bare route, times beside the engine, 2,000 sign-ins at once."""
    if only not in ("", "status"):
        raise Refused("unknown_measure", f"There is no measure '{only}'. There is status.")
    sizes = portal.Sizes(people=people, filling=filling, cases=cases, rounds=rounds)
    with interruptible():
        found = portal.measure(seed, sizes, workers_of_settings(), print_progress, pages_alone=bool(only))
    print_result(found, as_json)


@app.command("latency")
def bench_latency(
    backlog: Annotated[
        int, typer.Option(min=0, help="Cases of the bulk lane that workers work off meanwhile. 0: an idle system.")
    ] = 0,
    gateway: Annotated[
        str, typer.Option(help=f"The gateway of an idle system: {', '.join(latency.GATEWAYS)}.")
    ] = "trial",
    seed: Seed = 15,
    as_json: Json = False,
) -> None:
    """Measures the time from submitted to notified, one application at a time."""
    if gateway not in latency.GATEWAYS or (backlog and gateway != "trial"):
        raise Refused(
            "unknown_gateway", f"--gateway takes {', '.join(latency.GATEWAYS)}; with --backlog, leave it out."
        )
    workers = workers_of_settings()
    with interruptible():
        if backlog:
            found = latency.beside_backlog(seed, backlog, workers, print_progress)
        else:
            found = latency.idle(seed, workers, print_progress, gateway)
    print_result(found, as_json)


@app.command("silent")
def bench_silent(
    applications: Annotated[
        int, typer.Option(min=100, help="Applications in the file; the register is silent about one in fifty.")
    ] = 2_000,
    seed: Seed = 16,
    as_json: Json = False,
) -> None:
    """Measures how long people wait for a first decision while the register gives no answer about some of a file."""
    with interruptible():
        print_result(silent.measure(seed, applications, workers_of_settings(), print_progress), as_json)
