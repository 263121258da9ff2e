"""The proof from start to end: a crowd that keeps coming, strikes at random moments, rest, and the count."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from models import clock
from models.database import raw, transaction
from models.errors import Broken, Unavailable, describe
from sijil.chaos import crowd, strikes, verdict
from sijil.chaos.crowd import Crowd
from sijil.chaos.strikes import Struck
from sijil.chaos.system import RunningSystem, running_system
from sijil.proof_servers import ProofServers, proof_servers
from workflows.history import audit

REGISTER = "sijil.chaos.poison:PoisonedRegister"
BETWEEN_SECONDS = 0.6  # at the most, between one strike's end and the next
STILL_SECONDS = 120.0  # without any change, after which whatever has not come to rest counts as lost
RESTING = """
    select not exists (select from cases where machine) and not exists (select from message where status in ('owed', 'sending'))
        and not exists (select from attempt)
"""
PROGRESS = "select (select count(*) from event), (select count(*) from message where status = 'sent'), (select coalesce(max(id), 0) from attempt)"
Say = Callable[[str], None]


def run(cases: int, kills: int, seed: int, say: Say) -> dict[str, Any]:
    """The counts. `cases` applications in all, the planted one among them."""
    began = time.monotonic()
    with proof_servers("chaos") as servers:
        people = prepared(servers, cases, kills, seed, say)
        with running_system(servers, people, REGISTER) as system, filing(people):
            struck = strike_all(system, people, kills, random.Random(seed), say)
            come_to_rest(system, people, say)
            delivered = system.delivered()
        counts = verdict.count(people.receipts, people.bodies, delivered, system.folder / "anchors")
    if people.refused:
        raise Broken(f"{people.refused} applications of the crowd were refused: the proof itself is wrong.")
    return {
        "cases": len(people.bodies), "kills": len(struck), "kills_mid_batch": sum(each.mid_batch for each in struck), **counts,
        "strikes": dict(Counter(each.name for each in struck)), "seed": seed, "seconds": round(time.monotonic() - began, 1),
    }  # fmt: skip


def holds(counts: dict[str, Any]) -> bool:
    """Whether the promise was kept, and the strikes were hard enough to show it."""
    return counts["parked"] == 1 and counts["kills_mid_batch"] * 2 >= counts["kills"] and not any(counts[name] for name in verdict.ZERO)


def prepared(servers: ProofServers, cases: int, kills: int, seed: int, say: Say) -> Crowd:
    """A fresh database with the population of the crowd."""
    servers.create("chaos")
    say(f"enrolling the population of {cases} households ...")
    return crowd.gather(cases, kills, seed)


@contextmanager
def filing(people: Crowd) -> Iterator[None]:
    """They come while this lasts."""
    people.begin()
    try:
        yield
    finally:
        people.end()


def strike_all(system: RunningSystem, people: Crowd, kills: int, rng: random.Random, say: Say) -> list[Struck]:
    """One strike after another, while a share of the crowd comes before each; the last ones come after the last strike."""
    struck: list[Struck] = []
    for done, strike in enumerate(strikes.plan(kills, rng), 1):
        time.sleep(rng.uniform(0, BETWEEN_SECONDS))
        people.call(done / (kills + 1))
        struck.append(strikes.carry_out(strike, system, rng))
        say(f"strike {done} of {kills}: {struck[-1].name}{', in an open batch' if struck[-1].mid_batch else ''}; {len(people.receipts)} applications so far")
        system.double_every_queue()
        if done == kills // 2:
            anchor(system)
    people.call(1.0)
    return struck


def anchor(system: RunningSystem) -> None:
    """What has happened by now is sealed, so that a later change of it shows."""
    try:
        with transaction() as session:
            audit.anchor(raw(session), system.folder / "anchors", clock.now())
    except Unavailable:
        pass  # the next run's strike may still be felt; the final check then has one anchor less


def come_to_rest(system: RunningSystem, people: Crowd, say: Say) -> None:
    """Until nothing is left to do, or nothing has moved for long: what then still waits is counted as lost."""
    seen, since = None, time.monotonic()
    while time.monotonic() - since < STILL_SECONDS:
        if people.failure:
            raise Broken(f"The crowd could not file ({describe(people.failure).error}): the proof itself is wrong.") from people.failure
        if len(people.receipts) == len(people.bodies) and (rows := system.look(RESTING)) and rows[0][0]:
            return
        now = (len(people.receipts), system.look(PROGRESS))
        if now != seen:
            seen, since = now, time.monotonic()
        time.sleep(0.2)
    say(f"nothing has moved for {STILL_SECONDS:.0f} seconds; what still waits counts as lost")
