"""`sijil bench`: the commands, which the command line of `sijil` mounts."""

from typing import Annotated

import typer

from benchmarks import compare, decide, growth, latency, memory, pressure, silent, sweep
from benchmarks.prepared import Workers
from models.errors import Refused
from models.settings import settings
from sijil.output import Json, print_progress, print_result
from sijil.processes import interruptible
from trials.arguments import Seed

app = typer.Typer(
    no_args_is_help=True, help="Measurements, each beside its alternatives in the same run. They take minutes."
)
Processes = Annotated[int, typer.Option(min=1, help="Worker processes.")]
Threads = Annotated[int, typer.Option(min=1, help="Threads of each.")]
Batch = Annotated[int, typer.Option(min=1, help="Most cases that a worker claims at once.")]
Pairs = Annotated[int, typer.Option(min=1, help="Pairs of runs, of whose ratios the median counts.")]
OURS = Workers()  # as every measurement runs the engine


def as_set() -> Workers:
    """The engine as the settings have it, where people wait."""
    return Workers(settings().processes, settings().threads, settings().batch)


@app.command("engine")
def bench_engine(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds, of which the medians count.")] = 5,
    seed: Seed = 11,
    processes: Processes = OURS.processes,
    threads: Threads = OURS.threads,
    batch: Batch = OURS.batch,
    only: Annotated[
        str,
        typer.Option(
            help="Only these, with commas between: engine, limit, copy (which runs the engine, too), naive, noop, dbos."
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """The engine beside its limit, plain COPY, and its rivals, in cases a second."""
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
    """All decisions of one case of five persons, in memory."""
    print_result({"microseconds": round(decide.measure(), 1)}, as_json)


@app.command("pressure")
def bench_pressure(pairs: Pairs = 5, seed: Seed = 12, as_json: Json = False) -> None:
    """The engine beside a snapshot 60 s old and 300,000 timers, over the engine without. About ten minutes."""
    with interruptible():
        print_result(pressure.measure(pairs, seed, OURS, print_progress), as_json)


@app.command("growth")
def bench_growth(pairs: Pairs = 5, seed: Seed = 13, as_json: Json = False) -> None:
    """The engine with 300,000 finished cases in the tables, over the engine with 10,000."""
    with interruptible():
        print_result(growth.measure(pairs, seed, OURS, print_progress), as_json)


@app.command("memory")
def bench_memory(
    seed: Seed = 14,
    waiting: Annotated[int, typer.Option(min=1, help="Cases that wait when it begins.")] = memory.WAITING,
    as_json: Json = False,
) -> None:
    """The most memory that a worker held while it worked off 100,000 waiting cases."""
    with interruptible():
        print_result(memory.measure(seed, as_set(), print_progress, waiting), as_json)


@app.command("sweep")
def bench_sweep(
    messages: Annotated[
        int, typer.Option(min=1, help="Messages in the ledger, three quarters of which wait for their time.")
    ] = 2_000_000,
    failures: Annotated[
        int, typer.Option(min=1, help="Cases that failed: half are parked, half wait in quarantine.")
    ] = 200_000,
    as_json: Json = False,
) -> None:
    """A round of the sweep over a ledger of 2 million messages, of which 1.5 million wait for their time."""
    with interruptible():
        print_result(sweep.measure(messages, failures, print_progress), as_json)


@app.command("latency")
def bench_latency(
    backlog: Annotated[
        int, typer.Option(min=0, help="Cases of the bulk lane that are worked off meanwhile. 0: an idle system.")
    ] = 0,
    gateway: Annotated[
        str, typer.Option(help=f"On an idle system, who is delivered to: {', '.join(latency.GATEWAYS)}.")
    ] = "trial",
    seed: Seed = 15,
    as_json: Json = False,
) -> None:
    """From submitted to notified, one application at a time."""
    if gateway not in latency.GATEWAYS or (backlog and gateway != "trial"):
        raise Refused(
            "unknown_gateway", f"--gateway is one of {', '.join(latency.GATEWAYS)}, and goes with no --backlog."
        )
    workers = as_set()
    with interruptible():
        print_result(
            latency.beside_backlog(seed, backlog, workers, print_progress)
            if backlog
            else latency.idle(seed, workers, print_progress, gateway),
            as_json,
        )


@app.command("silent")
def bench_silent(
    applications: Annotated[
        int, typer.Option(min=100, help="Applications in the file; about one in fifty there is no answer.")
    ] = 2_000,
    seed: Seed = 16,
    as_json: Json = False,
) -> None:
    """How long people wait for their first decision beside a file in which the population register says nothing,
    slowly, about some.
    """
    with interruptible():
        print_result(silent.measure(seed, applications, as_set(), print_progress), as_json)
