"""Nothing is lost or doubled, whatever is killed; and the count that says so can say otherwise."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from models.settings import settings
from sijil.chaos import crowd, verdict
from sijil.chaos.poison import POISON
from sijil.chaos.run import holds
from sijil.generator.household import GeneratedHousehold
from tests.filing import a_drainer, clean, drain_all, file, register, rows, value
from workflows.declaration import ApplicationBody

CASES, KILLS = 240, 8


@pytest.fixture
def short_home() -> Iterator[Path]:
    """A folder of its own with a short path: sockets live in it."""
    with TemporaryDirectory(prefix="sijil-chaos-") as folder:
        yield Path(folder)


@pytest.mark.fault
@pytest.mark.xdist_group("fault")
def test_nothing_is_lost_or_doubled_while_everything_is_killed_in_turn(short_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SIJIL_DATABASE_URL", "SIJIL_BROKER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SIJIL_HOME", str(short_home))

    ran = subprocess.run(
        [sys.executable, "-m", "sijil", "chaos", "--cases", str(CASES), "--kills", str(KILLS), "--seed", "3", "--json"],
        capture_output=True, text=True, check=False, timeout=400,
    )  # fmt: skip

    assert ran.returncode == 0, ran.stdout + ran.stderr
    counts = json.loads(ran.stdout.splitlines()[-1])
    assert (counts["cases"], counts["kills"], counts["parked"]) == (CASES, KILLS, 1)
    assert counts["kills_mid_batch"] * 2 >= KILLS
    assert not any(counts[name] for name in verdict.ZERO)
    assert counts["notified"] > CASES * 0.8


# The count itself ----------------------------------------------------------------------------------


class Ended:
    """Applications that all came to their ends, and what the crowd and the gateway know of them."""

    def __init__(self, made: list[GeneratedHousehold]) -> None:
        register(made)
        self.bodies = [each.body for each in made]
        taken = file(*self.bodies)
        self.receipts = {body["application"]: each.reference for body, each in zip(self.bodies, taken, strict=True)}
        drainer = a_drainer()
        drain_all(drainer)
        drainer.batches.attempts.sign_off()
        self.delivered = Counter(str(reference) for (reference,) in rows("select id from message"))

    def counts(self) -> dict[str, int]:
        """As chaos counts."""
        return verdict.count(self.receipts, self.bodies, self.delivered, settings().home / "anchors")


@pytest.fixture
def ended(database: str, broker: str) -> Ended:
    """Six households, all notified."""
    return Ended(clean(6))


def test_the_count_of_an_untouched_run_is_zero(ended: Ended) -> None:
    counts = ended.counts()

    assert counts["notified"] == 6
    assert {name: counts[name] for name in verdict.ZERO} == dict.fromkeys(verdict.ZERO, 0)


@pytest.mark.parametrize(
    ("fault", "rises"),
    [
        ("delete from cases where id = (select min(id) from cases)", "lost"),
        ("update cases set stage = 'scored', machine = true, open = true where id = (select min(id) from cases)", "lost"),
        ("insert into event select case_id, 90, kind, at, actor, evidence, facts, salt, commitment, hash from event where seq = 3", "duplicate_events"),
        ("insert into score select case_id, 91, household_id, value, policy, computed_at from score", "duplicate_events"),
        ("delete from message where template = 'registered'", "messages_missing"),
        ("update cases set ready = false, due_at = null, stage = 'scored', machine = true, open = true where id = (select min(id) from cases)", "orphans"),
        ("update event set actor = 'somebody' where seq = 2", "chain_breaks"),
        ("update event set facts = replace(facts::text, '\"score\":\"', '\"score\":\"1')::json where kind = 'ScoreComputed'", "replay_mismatches"),
    ],
)
def test_the_count_rises_where_something_is_wrong(ended: Ended, fault: str, rises: str) -> None:
    rows(fault)

    assert ended.counts()[rises] > 0


def test_a_message_that_the_gateway_wrote_down_twice_counts_as_doubled(ended: Ended) -> None:
    ended.delivered[str(value("select id from message limit 1"))] += 1

    assert ended.counts()["duplicate_messages"] == 1


def test_a_message_that_the_gateway_never_saw_counts_as_missing(ended: Ended) -> None:
    del ended.delivered[str(value("select id from message limit 1"))]

    assert ended.counts()["messages_missing"] == 1


def test_a_person_who_was_registered_with_two_households_counts(ended: Ended) -> None:
    ended.bodies[1] = ended.bodies[1] | {"members": [*ended.bodies[1]["members"], ended.bodies[0]["members"][0]]}

    assert ended.counts()["double_persons"] == 1


@pytest.mark.parametrize(
    "wrong", [{"parked": 0}, {"parked": 2}, {"kills_mid_batch": 3}, *({name: 1} for name in verdict.ZERO)]
)  # fmt: skip
def test_the_promise_is_not_kept_where_any_count_is_off(wrong: dict[str, int]) -> None:
    kept = {"parked": 1, "kills": 8, "kills_mid_batch": 4, **dict.fromkeys(verdict.ZERO, 0)}

    assert holds(kept)
    assert not holds(kept | wrong)


@pytest.mark.parametrize("seed", [1, 5])
def test_everybody_in_the_crowd_can_apply(database: str, seed: int) -> None:
    people = crowd.gather(1200, 8, seed)

    assert all(ApplicationBody.model_validate(body) for body in people.bodies)
    claimed = Counter(member["idcs"] for body in people.bodies for member in body["members"])
    assert sum(times > 1 for times in claimed.values()) >= 12  # the planted pairs
    assert claimed[POISON] == 1
