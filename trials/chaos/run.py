"""Chaos from start to end: people apply and act, strikes hit, all comes to rest, and the count follows."""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from models import clock
from models.database import transaction
from models.errors import Broken, Unavailable, describe
from trials.chaos import crowd, disturbances, files, people, strikes, verdict
from trials.chaos.hosts import last_words
from trials.chaos.observed import Observed
from trials.chaos.people import People, living
from trials.chaos.register import FaultyRegister
from trials.chaos.strikes import Strike, Struck
from trials.chaos.system import RunningSystem, running_system
from trials.chaos.waits import Waits, watched
from trials.servers import ProofServers, proof_servers
from workflows.history import audit

REGISTER = "trials.chaos.poison:PoisonedRegister"
BETWEEN_SECONDS = 0.6  # the longest pause between two strikes
# How long nothing moves before every case that has not come to rest counts as lost. It is longer than a case waits that
# got no answer.
STILL_SECONDS = 180.0
IDLE_SECONDS = 2.0  # ten looks of people who find nothing to do
RESTING = """
    select not exists (select from cases where machine or ready)
        and not exists (select from message where status in ('owed', 'sending'))
        and not exists (select from attempt)
        and not exists (select from cases where due_at < now() + interval '1 hour')
"""
PROGRESS = """
    select (select count(*) from event), (select count(*) from message where status = 'sent'),
        (select coalesce(max(id), 0) from attempt)
"""
Say = Callable[[str], None]


def run(cases: int, kills: int, seed: int, say: Say, *, remote: bool = False) -> dict[str, Any]:
    """Runs chaos with `cases` applications, the planted one among them, and returns the counts.

    `remote`: the population register is a service of its own, which fails and is killed, too.
    Where a promise was broken it keeps the folder of the servers, database and logs and all, and says where.
    """
    began = time.monotonic()
    plan = strikes.plan(kills, random.Random(seed), remote=remote)
    with proof_servers("chaos") as servers:
        system, everybody = prepared(servers, cases, plan, seed, say, FaultyRegister(servers) if remote else None)
        with running_system(system, REGISTER), living(everybody), watched() as waits:
            struck = strike_all(system, everybody, plan, random.Random(seed), say)
            come_to_rest(system, everybody, say)
            calls = {"register_calls": system.register.counts()} if system.register else {}
        observed = observe(system, everybody, waits)
        result = counted(observed, struck, system.folder / "anchors") | {
            "answers": everybody.answers.results,
            "waits": waits.shown(),
            **calls,
            "seed": seed,
            "seconds": round(time.monotonic() - began, 1),
        }
        servers.keep = not passed(result)
    return result | ({"kept": str(servers.kept)} if servers.keep else {})


def counted(observed: Observed, struck: Sequence[Struck], anchors: Path) -> dict[str, Any]:
    """The counts of what was done, where the cases came to rest, and which promises were broken."""
    counts, found = verdict.count(observed, anchors)
    return {
        "cases": len(observed.bodies),
        "kills": len(struck),
        "kills_mid_batch": sum(each.mid_batch for each in struck),
        **counts,
        "updates": verdict.ends(observed.updates),
        "appeals": verdict.ends(observed.appeals),
        "strikes": dict(Counter(each.name for each in struck)),
        "pauses": len(observed.pauses),
        **verdict.shown(found),
    }


def observe(system: RunningSystem, everybody: People, waits: Waits) -> Observed:
    """What people and the gateway know."""
    return Observed(
        system.people.receipts,
        system.people.bodies,
        system.delivered(),
        system.people.changed,
        everybody.answers,
        everybody.operators.pauses,
        everybody.households.updates,
        everybody.appellants.appeals,
        waits.late,
        everybody.registrars.register,
    )


def passed(counts: dict[str, Any]) -> bool:
    """Whether every promise was kept, and enough strikes hit in the middle of work to show it."""
    return (
        counts["parked"] == 1
        and counts["kills_mid_batch"] * 2 >= counts["kills"]
        and not any(counts[name] for name in verdict.ZERO)
    )


def prepared(  # noqa: PLR0913 - all that is prepared
    servers: ProofServers,
    cases: int,
    plan: Sequence[Strike],
    seed: int,
    say: Say,
    register: FaultyRegister | None = None,
) -> tuple[RunningSystem, People]:
    """Makes a database, and the population of the crowd in it or in that of the register elsewhere.

    No process of the system runs yet.
    """
    if register:
        register.service.prepare()
    else:
        servers.create("chaos")
    say(f"enrolling the population of {cases} households ...")
    applicants = crowd.gather(cases, len(plan), seed)
    if register:
        servers.create("chaos")
    imports = files.write_files(applicants, plan.count(strikes.importer) + 1, servers.folder / "files")
    return RunningSystem(servers, applicants, imports, register), people.gathered(
        applicants, seed, register.service.database if register else ""
    )


def strike_all(
    system: RunningSystem, everybody: People, plan: Sequence[Strike], rng: random.Random, say: Say
) -> list[Struck]:
    """Carries out the strikes. A share of the crowd applies before each, the last share after the last strike."""
    struck: list[Struck] = []
    disturb = disturbances.planned(system, everybody.operators, len(plan))
    for done, strike in enumerate(plan, 1):
        for each in disturb.get(done - 1, []):
            each()
        time.sleep(rng.uniform(0, BETWEEN_SECONDS))
        system.people.call(done / (len(plan) + 1))
        struck.append(strikes.carry_out(strike, system, rng))
        hit = ", in the middle of its work" if struck[-1].mid_batch else ""
        say(f"strike {done} of {len(plan)}: {struck[-1].name}{hit}; {len(system.people.receipts)} applications so far")
        system.double_every_queue()
        if done == len(plan) // 2:
            anchor(system)
    for late in range(len(plan), len(plan) + 1):
        for each in disturb.get(late, []):
            each()
    system.people.call(1.0)
    system.files.go_on()
    everybody.operators.closing = True
    return struck


def anchor(system: RunningSystem) -> None:
    """Anchors the history so far, so that the final check sees a later change of it."""
    try:
        with transaction() as connection:
            audit.anchor(connection, system.folder / "anchors", clock.now())
    except Unavailable:
        pass  # the database is still away after a strike: the final check has one anchor less


def come_to_rest(system: RunningSystem, everybody: People, say: Say) -> None:
    """Waits until nobody has anything left to do, or until nothing has moved for STILL_SECONDS.

    Raises Broken where the people of chaos themselves failed.
    """
    seen, since = None, time.monotonic()
    while time.monotonic() - since < STILL_SECONDS:
        if failure := system.people.failure or system.files.failure or everybody.failure:
            raise Broken(
                f"The people of chaos failed ({describe(failure).error}): chaos itself is wrong, not the system."
            ) from failure
        if rested(system, everybody):
            return
        now = (len(system.people.receipts), system.query(PROGRESS))
        if now != seen:
            seen, since = now, time.monotonic()
        time.sleep(0.2)
    say(f"nothing has moved for {STILL_SECONDS:.0f} seconds; what still waits counts as lost")
    for line in last_words(system.hosts, system.work_log):
        say(line)


def rested(system: RunningSystem, everybody: People) -> bool:
    """Whether everybody has applied, and neither people nor the machine have anything to do."""
    if len(system.people.receipts) < len(system.people.bodies) or everybody.idle_seconds < IDLE_SECONDS:
        return False
    rows = system.query(RESTING)
    return bool(rows and rows[0][0])
