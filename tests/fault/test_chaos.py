"""Chaos loses and doubles nothing; and its count rises where something is lost or doubled."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from models.settings import settings
from tests.conftest import memory_if_roomy
from tests.filing import a_drainer, clean, drain_all, file, register, rows, value
from trials.chaos import crowd, verdict
from trials.chaos.answers import Act
from trials.chaos.hosts import Host, last_words
from trials.chaos.poison import POISON
from trials.chaos.run import passed
from trials.chaos.staff import Pause
from trials.chaos.verdict import Observed
from trials.generator.household import GeneratedHousehold
from workflows.bodies.declaration import ApplicationBody
from workflows.intake.submit import Accepted

CASES, KILLS = 160, 8
WITHDRAWN = 'kind = \'CaseWithdrawn\', facts = \'{"type":"CaseWithdrawn","stage":"verified"}\''


@pytest.fixture
def short_home() -> Iterator[Path]:
    """A folder with a short path, since sockets live in it."""
    with TemporaryDirectory(prefix="sijil-chaos-", dir=memory_if_roomy()) as folder:
        yield Path(folder)


@pytest.mark.fault
@pytest.mark.xdist_group("fault")
def test_nothing_is_lost_or_doubled_while_everything_is_killed_in_turn(
    short_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SIJIL_DATABASE_URL", "SIJIL_BROKER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SIJIL_HOME", str(short_home))

    ran = subprocess.run(
        [sys.executable, "-m", "sijil", *f"chaos --cases {CASES} --kills {KILLS} --seed {2**63 - 2} --json".split()],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    counts = json.loads(ran.stdout.splitlines()[-1])
    assert (counts["cases"], counts["kills"], counts["parked"]) == (CASES, KILLS, 1)
    assert counts["kills_mid_batch"] * 2 >= KILLS
    assert not any(counts[name] for name in verdict.ZERO)
    assert counts["notified"] > CASES * 0.75


# The count itself ----------------------------------------------------------------------------------


class Ended:
    """Applications that all came to their end, and what people and the gateway know of them."""

    def __init__(self, made: list[GeneratedHousehold]) -> None:
        register(made)
        self.accepted = file(*[each.body for each in made])
        receipts = {each.body["application"]: one.reference for each, one in zip(made, self.accepted, strict=True)}
        self.observed = Observed(receipts, [each.body for each in made], Counter())
        self.go_on()

    def go_on(self) -> None:
        """Works off everything that is due, and delivers every message."""
        drainer = a_drainer()
        drain_all(drainer)
        drainer.runner.attempts.sign_off()
        self.observed.delivered = Counter(str(reference) for (reference,) in rows("select id from message"))

    def counts(self) -> dict[str, int]:
        """The counts of chaos."""
        return verdict.count(self.observed, settings().home / "anchors")[0]

    def broken(self) -> dict[str, list[str]]:
        """The cases that chaos names for each broken promise."""
        return verdict.count(self.observed, settings().home / "anchors")[1]

    def acted(self, accepted: Accepted, by: str, result: str, *kinds: str) -> None:
        """Somebody acted on an application and got this result."""
        self.observed.answers.record(Act(accepted.reference, by, result, kinds, 0))


@pytest.fixture
def ended(database: str, broker: str) -> Ended:
    """Six households, all notified."""
    return Ended(clean(6))


def test_the_count_of_an_untouched_run_is_zero(ended: Ended) -> None:
    counts = ended.counts()

    assert counts["notified"] == 6
    assert {name: counts[name] for name in verdict.ZERO} == dict.fromkeys(verdict.ZERO, 0)
    assert ended.broken() == {}


@pytest.mark.parametrize(
    ("fault", "rises"),
    [
        ("delete from cases where id = (select min(id) from cases)", "lost"),
        (
            "update cases set stage = 'scored', machine = true, open = true where id = (select min(id) from cases)",
            "lost",
        ),
        (
            "insert into event select case_id, 90, kind, at, actor, evidence, facts, salt, commitment, hash "
            "from event where seq = 3",
            "duplicate_events",
        ),
        (
            "insert into score select case_id, 91, household_id, value, policy, computed_at from score",
            "duplicate_events",
        ),
        ("delete from message where template = 'registered'", "messages_missing"),
        (
            "update cases set ready = false, due_at = null, stage = 'scored', machine = true, open = true "
            "where id = (select min(id) from cases)",
            "orphans",
        ),
        ("update cases set stage = 'parked', open = true where id = (select min(id) from cases)", "parked_innocent"),
        ("update event set actor = 'somebody' where seq = 2", "chain_breaks"),
        (
            'update event set facts = replace(facts::text, \'"score":"\', \'"score":"1\')::json '
            "where kind = 'ScoreComputed'",
            "replay_mismatches",
        ),
        (
            f"update event set {WITHDRAWN} where seq = 3",
            "answers_doubled",
        ),
        ("update event set kind = 'Lapsed', facts = '{\"type\":\"Lapsed\"}' where seq = 3", "lapsed_early"),
        ("update cases set stage = 'rejected' where id = (select min(id) from cases)", "refused_by_one"),
        ("update cases set stage = 'rejected' where id = (select min(id) from cases)", "refused_unheard"),
        (
            "update event set kind = 'HearingUnanswered', facts = '{\"type\":\"HearingUnanswered\"}' where seq = 3",
            "refused_unheard",
        ),
        ("update case_body set number = 2", "answers_doubled"),
    ],
)
def test_the_count_rises_where_something_is_wrong_and_names_the_case(ended: Ended, fault: str, rises: str) -> None:
    rows(fault)

    assert ended.counts()[rises] > 0
    assert ended.broken()[rises][0]


def test_a_message_that_the_gateway_wrote_down_twice_counts_as_doubled(ended: Ended) -> None:
    ended.observed.delivered[str(value("select id from message limit 1"))] += 1

    assert ended.counts()["duplicate_messages"] == 1


def test_a_message_that_stands_in_no_ledger_counts_as_doubled(ended: Ended) -> None:
    ended.observed.delivered["0198-of-a-lease-that-was-lost"] += 1

    assert ended.counts()["duplicate_messages"] == 1


def test_a_message_that_the_gateway_never_saw_counts_as_missing(ended: Ended) -> None:
    del ended.observed.delivered[str(value("select id from message limit 1"))]

    assert ended.counts()["messages_missing"] == 1


def test_a_person_who_was_registered_with_two_households_counts(ended: Ended) -> None:
    first, second = ended.observed.bodies[:2]
    ended.observed.bodies[1] = second | {"members": [*second["members"], first["members"][0]]}

    assert ended.counts()["double_persons"] == 1


def test_a_receipt_that_changed_counts(ended: Ended) -> None:
    ended.observed.changed.append("g1-1")

    assert ended.counts()["receipts_changed"] == 1


@pytest.mark.parametrize(
    "kind",
    [
        "CorrectionReceived",
        "CaseWithdrawn",
        "CaseReopened",
        "ReviewCleared",
        "RefusalProposed",
        "StatementReceived",
        "ApplicationRefused",
    ],
)
def test_an_answer_that_was_taken_and_is_not_in_the_history_counts_as_lost(ended: Ended, kind: str) -> None:
    ended.acted(ended.accepted[0], "declarant", "taken", kind)

    assert ended.counts()["answers_lost"] >= 1


def test_an_answer_of_which_nobody_knows_may_be_there_once_or_not_at_all(ended: Ended) -> None:
    ended.acted(ended.accepted[0], "declarant", "no answer", "CaseWithdrawn")
    assert ended.counts()["answers_doubled"] == ended.counts()["answers_lost"] == 0

    rows(
        f"update event set {WITHDRAWN} where seq = 3 and case_id = %s",
        ended.accepted[0].case_id,
    )
    assert ended.counts()["answers_doubled"] == 0

    rows(
        f"update event set {WITHDRAWN} where seq = 4 and case_id = %s",
        ended.accepted[0].case_id,
    )
    assert ended.counts()["answers_doubled"] == 1


def test_a_withdrawn_application_that_went_on_counts(ended: Ended) -> None:
    ended.acted(ended.accepted[0], "declarant", "taken", "CaseWithdrawn")

    assert ended.counts()["withdrawn_undone"] == 1


@pytest.mark.parametrize(("second", "counted"), [("amina", 1), ("karim", 0)])
def test_a_refusal_needs_two_people_by_their_own_account(ended: Ended, second: str, counted: int) -> None:
    rows("update cases set stage = 'rejected' where id = %s", ended.accepted[0].case_id)
    ended.acted(ended.accepted[0], "amina", "taken", "RefusalProposed")
    ended.acted(ended.accepted[0], second, "taken", "ApplicationRefused")

    assert ended.counts()["refused_by_one"] == counted


@pytest.mark.parametrize(("between", "counted"), [("ScoreComputed", 1), ("StatementReceived", 0)])
def test_a_refusal_needs_a_hearing_after_it_was_proposed(ended: Ended, between: str, counted: int) -> None:
    refused = ended.accepted[0].case_id
    rows("update cases set stage = 'rejected' where id = %s", refused)
    for seq, kind in ((2, "RefusalProposed"), (3, between), (4, "ApplicationRefused")):
        rows("update event set kind = %s where (case_id, seq) = (%s, %s)", kind, refused, seq)

    assert len(ended.broken().get("refused_unheard", [])) == counted


@pytest.mark.parametrize(("hours", "counted"), [(-1, 0), (1, 1)])
def test_nobody_lapses_before_the_deadline(ended: Ended, hours: int, counted: int) -> None:
    rows(
        "update event set kind = 'Lapsed', facts = '{\"type\":\"Lapsed\"}' where seq = 3 and case_id = %s",
        ended.accepted[0].case_id,
    )
    ended.observed.answers.deadlines[ended.accepted[0].reference].append(value("select now()") + timedelta(hours=hours))

    assert ended.counts()["lapsed_early"] == counted


def test_a_decision_of_a_queue_that_was_held_back_counts(ended: Ended) -> None:
    at = value("select at from event where kind = 'ScoreComputed' limit 1")
    ended.observed.pauses.append(Pause("scoring", at - timedelta(seconds=10), at + timedelta(seconds=10)))
    ended.observed.pauses.append(Pause("fraud", at + timedelta(seconds=10), at + timedelta(seconds=20)))

    assert ended.counts()["worked_while_paused"] == 6


@pytest.mark.parametrize(
    "broken", [{"parked": 0}, {"parked": 2}, {"kills_mid_batch": 3}, *({name: 1} for name in verdict.ZERO)]
)
def test_the_promise_is_not_kept_where_any_count_is_off(broken: dict[str, int]) -> None:
    kept = {"parked": 1, "kills": 8, "kills_mid_batch": 4, **dict.fromkeys(verdict.ZERO, 0)}

    assert passed(kept)
    assert not passed(kept | broken)


def test_where_nothing_moves_it_is_said_which_host_ended_and_what_the_workers_said_last(tmp_path: Path) -> None:
    log = tmp_path / "work.log"
    log.write_text("the first line\n" + "another\n" * 19 + "the last line\n")
    hosts = [Host("east", ["scoring"], log), Host("west", ["fraud"], log, subprocess.Popen(["false"]))]
    assert hosts[1].process
    hosts[1].process.wait()

    said = last_words(hosts, log)

    assert said[:2] == ["east for scoring: runs", "west for fraud: ended with 1"]
    assert (said[2], said[-1], len(said)) == ("  another", "  the last line", 22)


# The people ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 5, 2**63 - 1])
def test_everybody_in_the_crowd_can_apply(database: str, seed: int) -> None:
    people = crowd.gather(1200, 8, seed)

    assert all(ApplicationBody.model_validate(body) for body in people.bodies)
    claimed = Counter(member["idcs"] for body in people.bodies for member in body["members"])
    assert sum(times > 1 for times in claimed.values()) >= 12  # the planted pairs
    assert claimed[POISON] == 1
    assert len(people.by_file) == 240
    assert POISON not in str(people.by_file)
