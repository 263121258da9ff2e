"""Chaos loses and doubles nothing; and its count rises where something is lost or doubled."""

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import pytest

from models import clock
from models.days import day_of
from models.settings import settings
from tests.appealing import acts, an_appeal, findings
from tests.changing import declare
from tests.conftest import memory_if_roomy
from tests.filing import Body, a_drainer, a_household, clean, drain_all, file, register, rows, value
from tests.hearing import heard
from trials.chaos import crowd, verdict
from trials.chaos.answers import Act
from trials.chaos.changes import Intent, joining, leaving
from trials.chaos.hosts import Host, last_words
from trials.chaos.households import Declared
from trials.chaos.observed import Observed
from trials.chaos.people import gathered
from trials.chaos.poison import POISON
from trials.chaos.registrars import AT_ONCE, MOST, Registrars
from trials.chaos.run import passed
from trials.chaos.staff import Pause
from trials.chaos.waits import Waits
from trials.generator.household import GeneratedHousehold
from workflows.audit.sealing import seal_all
from workflows.bodies.declaration import ApplicationBody
from workflows.intake.submit import Accepted
from workflows.population.feed import FEED

CASES, KILLS = 120, 8
WITHDRAWN = 'kind = \'CaseWithdrawn\', facts = \'{"type":"CaseWithdrawn","stage":"verified"}\''


@pytest.fixture
def short_home() -> Iterator[Path]:
    """A folder with a short path, since sockets live in it. It stays where chaos kept its servers' folder in it."""
    folder = Path(mkdtemp(prefix="sijil-chaos-", dir=memory_if_roomy()))
    yield folder
    if not any(folder.glob("*-kept")):
        rmtree(folder)


@pytest.mark.fault
@pytest.mark.xdist_group("fault")
@pytest.mark.parametrize("register", ["", " --remote-population"])
def test_nothing_is_lost_or_doubled_while_everything_is_killed_in_turn(
    short_home: Path, monkeypatch: pytest.MonkeyPatch, register: str
) -> None:
    for name in ("SIJIL_DATABASE_URL", "SIJIL_BROKER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SIJIL_HOME", str(short_home))

    command = f"chaos --cases {CASES} --kills {KILLS} --seed {2**63 - 2} --json{register}"
    ran = subprocess.run(
        [sys.executable, "-m", "sijil", *command.split()],
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


def test_life_events_reach_the_households_of_the_crowd_once_and_the_count_says_so(ended: Ended) -> None:
    registrars = Registrars(random.Random(1))
    for _ in range(4):
        assert registrars.look()
    assert ended.counts()["life_events_missed"] > 0, "nobody has listened yet"
    seal_all(FEED)
    heard()
    ended.go_on()

    counts = ended.counts()
    assert {name: counts[name] for name in verdict.ZERO} == dict.fromkeys(verdict.ZERO, 0)
    assert value("select count(*) from message where template = 'change_invited'") >= 4 * AT_ONCE
    registrars.recorded = MOST
    assert not registrars.look()
    rows("update life_feed set cursor = cursor - 1")
    assert ended.counts()["life_events_missed"] == 1


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
    rows("alter table event drop constraint event_second_is_another")  # these have no second person
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


# Changes of registered households -----------------------------------------------------------------


class Moved(Ended):
    """Two registered households, of which the second took in a member whom the first let go."""

    def __init__(self) -> None:
        made = [a_household(place, members=3) for place in (0, 1)]
        super().__init__(made)
        (first, second), (mine, theirs) = self.accepted, [each.body for each in made]
        member = mine["members"][-1]
        self.updates = [self.declared(first, leaving(member), mine), self.declared(second, joining(member), theirs)]
        self.go_on()

    def declared(self, registration: Accepted, intent: Intent, body: Body) -> Accepted:
        """Declares what a household means, and keeps that as chaos does."""
        said = {name: given for name, given in body.items() if name != "application"}
        last = value("select max(version) from household_version where case_id = any(%s)", self.cases_of(registration))
        update = declare(registration, intent.request(said, last, day_of(clock.now())))
        self.observed.updates[update.reference] = Declared(registration.reference, intent)
        return update

    def cases_of(self, registration: Accepted) -> list[int]:
        """The cases of its household."""
        found = "select id from cases where household_id = (select household_id from cases where id = %s)"
        return [case_id for (case_id,) in rows(found, registration.case_id)]


@pytest.fixture
def moved(database: str, broker: str) -> Moved:
    """A member has moved from one household to another."""
    return Moved()


def test_the_count_of_changed_households_is_zero(moved: Moved) -> None:
    assert verdict.ends(moved.observed.updates) == {"notified": 2}
    assert moved.broken() == {}


def test_a_member_who_moved_and_never_left_counts_as_twice_registered(moved: Moved) -> None:
    del moved.observed.updates[moved.updates[0].reference]

    assert moved.counts()["double_persons"] == 1


def test_a_household_that_ended_has_nobody(moved: Moved) -> None:
    del moved.observed.updates[moved.updates[0].reference]
    rows("update cases set stage = 'removed' where id = %s", moved.updates[1].case_id)

    assert moved.counts()["double_persons"] == 0


def test_a_change_that_was_taken_and_is_not_there_counts_as_lost(moved: Moved) -> None:
    rows("delete from cases where id = %s", moved.updates[0].case_id)

    assert moved.counts()["lost"] == 1


def test_a_phone_until_now_is_owed_each_message_too(moved: Moved) -> None:
    body = moved.observed.bodies[0] | {"members": moved.observed.bodies[0]["members"][:-1]}
    moved.declared(moved.accepted[0], Intent("contact", fields={"phone": "+212661111222"}), body)
    moved.go_on()
    assert moved.broken() == {}

    del moved.observed.delivered[str(value("select id from message where template = 'update_received_besides'"))]
    assert moved.counts()["messages_missing"] == 1


@pytest.mark.parametrize(
    ("faults", "rises"),
    [
        (["update cases set waiting = true, open = true where id = (select max(id) from cases)"], "waits_stuck"),
        (
            [
                "alter table household_period drop constraint household_period_no_overlap",
                "insert into household_period select household_id, 90, version, valid, known from household_period "
                "where upper_inf(known) limit 1",
            ],
            "periods_overlapping",
        ),
        (
            ["update household_period set valid = tstzrange(lower(valid) + interval '1 day', null) where version = 2"],
            "periods_changed",
        ),
    ],
)
def test_what_the_doctor_finds_of_changes_is_told_apart(moved: Moved, faults: list[str], rises: str) -> None:
    for each in faults:
        rows(each)

    assert moved.counts()[rises] > 0


# Appeals -------------------------------------------------------------------------------------------


@pytest.fixture
def appealed(ended: Ended) -> Ended:
    """The same six households, of which one contested its index; the change that its appeal opened is registered."""
    contested = [{"path": "bills.telecom", "should_be": "812.5"}]
    appeal = an_appeal(ended.accepted[0], "index", contested=contested)
    ended.go_on()
    acts(appeal, "salma", "assign")
    acts(appeal, "salma", "propose", findings(bills__telecom=True))
    ended.observed.appeals = [appeal.reference]
    for kinds in (["AppealAssigned"], ["AppealUpheld"]):
        ended.acted(appeal, "salma", "taken", *kinds)
    ended.go_on()
    return ended


def test_the_count_of_an_upheld_appeal_is_zero(appealed: Ended) -> None:
    assert verdict.ends(appealed.observed.appeals) == {"notified": 1}
    assert value("select count(*) from cases where parent_id is not null and stage = 'notified'") == 1
    assert appealed.broken() == {}


@pytest.mark.parametrize(
    ("faults", "rises"),
    [
        (["delete from cases where parent_id is not null"], "children_missing"),
        (["delete from cases where kind = 'appeal'"], "lost"),
        (
            [
                "drop index case_opened_once",
                "update cases set (parent_id, parent_seq) = (select parent_id, parent_seq from cases "
                "where kind = 'update') where kind = 'registration' and id = (select min(id) from cases)",
            ],
            "children_doubled",
        ),
        (
            [
                "update cases set stage = 'effective', open = true, queue = 'timers', due_at = now() + '1 day'"
                " where kind = 'appeal'"
            ],
            "waits_stuck",
        ),
    ],
)
def test_what_the_doctor_finds_of_opened_cases_is_told_apart(appealed: Ended, faults: list[str], rises: str) -> None:
    for each in faults:
        rows(each)

    assert appealed.counts()[rises] > 0


@pytest.mark.parametrize("proposal", ["DecisionProposed", "CommissionFound"])
def test_an_appeal_that_one_person_rejected_counts(appealed: Ended, proposal: str) -> None:
    (appeal,) = appealed.observed.appeals
    rows("alter table event drop constraint event_second_is_another")
    rows("update event set kind = 'AppealRejected' where kind = 'AppealUpheld'")
    appealed.observed.answers.record(Act(appeal, "driss", "taken", ("AppealRejected",), 0))
    assert [appeal in each for each in appealed.broken()["refused_by_one"]] == [True]

    appealed.observed.answers.record(Act(appeal, "salma", "taken", (proposal,), 0))
    assert "refused_by_one" not in appealed.broken()


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


def test_whoever_is_amid_a_long_look_is_not_idle(database: str) -> None:
    everybody = gathered(crowd.gather(50, 1, 0), 0)
    everybody.acted_at -= 60
    first, *others = [type(each).__name__ for each in everybody.groups]
    looks: list[str] = []

    def nothing_to_do() -> bool:
        looks.append("looked")
        everybody.crowd.over = True
        return False

    for name in others:
        everybody.crowd.over = False
        everybody.live(name, nothing_to_do)
    assert everybody.idle_seconds == 0  # the first group has not come back yet
    everybody.crowd.over = False
    everybody.live(first, nothing_to_do)
    assert everybody.idle_seconds >= 60
    assert len(looks) == len(everybody.groups)


@pytest.mark.parametrize("seed", [0, 1, 5, 2**63 - 1])
def test_everybody_in_the_crowd_can_apply(database: str, seed: int) -> None:
    people = crowd.gather(1200, 8, seed)

    assert all(ApplicationBody.model_validate(body) for body in people.bodies)
    claimed = Counter(member["idcs"] for body in people.bodies for member in body["members"])
    assert sum(times > 1 for times in claimed.values()) >= 12  # the planted pairs
    assert claimed[POISON] == 1
    assert len(people.by_file) == 240
    assert POISON not in str(people.by_file)


def test_a_case_is_late_that_was_overdue_for_more_than_a_minute_without_a_break() -> None:
    waits = Waits()
    for cases in ([7, 8], [7], [7, 8]):
        waits.look(cases, 25.0)
    assert (waits.late, waits.longest, waits.waited) == ({7}, 75.0, {7, 8})
    assert list(verdict.waited_longer(None, Observed({}, [], Counter(), late=waits.late), {})) == ["case 7"]  # type: ignore[arg-type]  # it asks nothing
    assert waits.shown() == {"cases": 2, "longest_overdue_seconds": 75.0}
