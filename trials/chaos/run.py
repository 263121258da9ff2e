"""The proof from start to end: people who keep coming and acting, strikes at random moments, rest, and the count."""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from models import clock
from models.database import transaction
from models.errors import Broken, Unavailable, describe
from trials.chaos import crowd, disturbances, files, people, strikes, verdict
from trials.chaos.hosts import last_words
from trials.chaos.people import People, living
from trials.chaos.strikes import Strike, Struck
from trials.chaos.system import RunningSystem, running_system
from trials.servers import ProofServers, proof_servers
from workflows.history import audit

REGISTER = "trials.chaos.poison:PoisonedRegister"
BETWEEN_SECONDS = 0.6  # at the most, between one strike's end and the next
# longer than a case without an answer waits; without any change, after which whatever has not come to rest counts as
# lost
STILL_SECONDS = 180.0
IDLE_SECONDS = 2.0  # ten looks of people who find nothing to do
RESTING = """
    select not exists (select from cases where machine) and not exists (select from message
        where status in ('owed', 'sending'))
        and not exists (select from attempt) and not exists (select from cases where due_at < now() + interval '1 hour')
"""
PROGRESS = (
    "select (select count(*) from event), (select count(*) from message where status = 'sent'), (select "
    "coalesce(max(id), 0) from attempt)"
)
Say = Callable[[str], None]


def run(cases: int, kills: int, seed: int, say: Say) -> dict[str, Any]:
    """The counts. `cases` applications in all, the planted one among them."""
    began = time.monotonic()
    plan = strikes.plan(kills, random.Random(seed))
    with proof_servers("chaos") as servers:
        system, everybody = prepared(servers, cases, plan, seed, say)
        with running_system(system, REGISTER), living(everybody):
            struck = strike_all(system, everybody, plan, random.Random(seed), say)
            come_to_rest(system, everybody, say)
        held = verdict.Held(
            system.people.receipts,
            system.people.bodies,
            system.delivered(),
            system.people.changed,
            everybody.answers,
            everybody.operators.pauses,
        )
        counts, found = verdict.count(held, system.folder / "anchors")
    return {
        "cases": len(held.bodies),
        "kills": len(struck),
        "kills_mid_batch": sum(each.mid_batch for each in struck),
        **counts,
        "strikes": dict(Counter(each.name for each in struck)),
        "answers": everybody.answers.told,
        "pauses": len(held.pauses),
        "seed": seed,
        "seconds": round(time.monotonic() - began, 1),
        **verdict.shown(found),
    }


def holds(counts: dict[str, Any]) -> bool:
    """Whether the promise was kept, and the strikes were hard enough to show it."""
    return (
        counts["parked"] == 1
        and counts["kills_mid_batch"] * 2 >= counts["kills"]
        and not any(counts[name] for name in verdict.ZERO)
    )


def prepared(
    servers: ProofServers, cases: int, plan: Sequence[Strike], seed: int, say: Say
) -> tuple[RunningSystem, People]:
    """A fresh database with the population of the crowd; nothing runs yet."""
    servers.create("chaos")
    say(f"enrolling the population of {cases} households ...")
    applicants = crowd.gather(cases, len(plan), seed)
    imports = files.written(applicants, plan.count(strikes.importer) + 1, servers.folder / "files")
    return RunningSystem(servers, applicants, imports), people.gathered(applicants, seed)


def strike_all(
    system: RunningSystem, everybody: People, plan: Sequence[Strike], rng: random.Random, say: Say
) -> list[Struck]:
    """One strike after another, while a share of the crowd comes before each; the last ones come after
    the last strike.
    """
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
    """What has happened by now is sealed, so that a later change of it shows."""
    try:
        with transaction() as connection:
            audit.anchor(connection, system.folder / "anchors", clock.now())
    except Unavailable:
        pass  # the next run's strike may still be felt; the final check then has one anchor less


def come_to_rest(system: RunningSystem, everybody: People, say: Say) -> None:
    """Until nobody has anything left to do, or nothing has moved for long: what then still waits is counted as lost."""
    seen, since = None, time.monotonic()
    while time.monotonic() - since < STILL_SECONDS:
        if failure := system.people.failure or system.files.failure or everybody.failure:
            raise Broken(
                f"The people of this proof could not go on ({describe(failure).error}): the proof itself is wrong."
            ) from failure
        if rested(system, everybody):
            return
        now = (len(system.people.receipts), system.look(PROGRESS))
        if now != seen:
            seen, since = now, time.monotonic()
        time.sleep(0.2)
    say(f"nothing has moved for {STILL_SECONDS:.0f} seconds; what still waits counts as lost")
    for line in last_words(system.hosts, system.work_log):
        say(line)


def rested(system: RunningSystem, everybody: People) -> bool:
    """Whether everybody has applied, nobody has anything to do, and neither has the machine."""
    if len(system.people.receipts) < len(system.people.bodies) or everybody.idle_seconds < IDLE_SECONDS:
        return False
    rows = system.look(RESTING)
    return bool(rows and rows[0][0])
