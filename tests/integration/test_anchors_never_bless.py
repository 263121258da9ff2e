"""Whatever is done to the history between two anchors: the later is refused, the earlier stay the measure, and an
accepted loss is told for ever.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from models import clock
from models.database import snapshot, transaction
from models.errors import Refused, Unavailable
from models.settings import settings
from tasks.schedule import Schedule
from tests.filing import Worker, drain_all, file_clean, rows, value
from tests.integration.auditing import anchor, breaks, cut_tail, delete_whole, mend_head, rewrite, verify
from tests.integration.running import Run
from workflows.history import audit, caseranges, chains, checking
from workflows.history.anchors import digest_of, files
from workflows.intake.submit import Accepted


def deleted_and_another_inserted(case_id: int) -> None:
    """A case is gone, and another stands under its number."""
    (other,) = file_clean(1, 30)
    delete_whole(case_id)
    rows("update event set case_id = %s where case_id = %s", case_id, other.case_id)
    rows("update cases set id = %s where id = %s", case_id, other.case_id)
    rewrite(case_id)


TAMPERINGS: list[Callable[[int], None]] = [
    cut_tail,
    rewrite,
    lambda case_id: rewrite(case_id, 6),
    delete_whole,
    deleted_and_another_inserted,
]
NAMES = ["tail cut", "rewritten", "last event rewritten", "deleted", "deleted and another inserted"]
tampered = pytest.mark.parametrize("tamper", TAMPERINGS, ids=NAMES)


@tampered
def test_what_contradicts_an_anchor_is_never_anchored_and_stays_a_break(
    notified: list[Accepted], anchors: Path, tamper: Callable[[int], None]
) -> None:
    anchor(anchors)
    tamper(notified[1].case_id)
    file_clean(1, 20)

    with pytest.raises(Refused, match=f"case {notified[1].case_id}, event 6") as refused:
        anchor(anchors)

    assert refused.value.code == "history_contradicts_anchors"
    assert len(files(anchors)) == 1
    assert any(each.startswith(f"case {notified[1].case_id}") for each in breaks(anchors))


@tampered
def test_an_anchor_that_was_written_over_a_changed_history_by_another_hand_hides_nothing(
    notified: list[Accepted], anchors: Path, tamper: Callable[[int], None]
) -> None:
    anchor(anchors)
    tamper(notified[1].case_id)
    forge_anchor(anchors)

    assert any(each.startswith(f"case {notified[1].case_id}") for each in breaks(anchors))


def forge_anchor(directory: Path) -> Path:
    """The next anchor, with all heads as they are now, from somebody who never looked at those before."""
    before = files(directory)
    first = json.loads(before[-1].read_text().splitlines()[0]) | {
        "anchor": len(before) + 1,
        "before": digest_of(before[-1]),
    }
    lines = [
        json.dumps([case_id, version, head.hex()])
        for case_id, version, head in rows("select id, version, head from cases order by id")
    ]
    path = directory / f"{len(before) + 1:06d}-2030-01-01.ndjson"
    path.write_text("\n".join([json.dumps(first), *lines]) + "\n")
    return path


def test_every_anchored_head_of_a_case_stays_the_measure_and_not_only_its_last(
    database: str, worker: Worker, anchors: Path
) -> None:
    (taken,) = file_clean(1)
    anchor(anchors)
    drain_all(worker())
    anchor(anchors)

    rewrite(taken.case_id)

    assert [each for each in breaks(anchors) if "differs from the anchor" in each] == [
        f"case {taken.case_id}, event {seq}: differs from the anchor" for seq in (1, 6)
    ]
    with pytest.raises(Refused, match="2 events of 1 cases"):
        anchor(anchors)


def test_two_anchors_that_contradict_each_other_are_told(database: str, worker: Worker, anchors: Path) -> None:
    (taken,) = file_clean(1)
    drain_all(worker())
    anchor(anchors)
    cut_tail(taken.case_id)
    path = forge_anchor(anchors)

    assert f"anchor {path.name}: contradicts an earlier one in case {taken.case_id}, anchored with event 6" in breaks(
        anchors
    )


# The files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_removed_anchor_shows_wherever_it_stood_and_none_is_written_after_it(
    notified: list[Accepted], anchors: Path, place: int
) -> None:
    for start in (10, 11, 12):
        anchor(anchors)
        file_clean(1, start)
    files(anchors)[place].unlink()

    assert any(each.startswith("anchor") for each in breaks(anchors))
    with pytest.raises(Refused) as refused:
        anchor(anchors)
    assert refused.value.code == "anchors_damaged"


def test_a_changed_first_line_of_the_last_anchor_shows(notified: list[Accepted], anchors: Path) -> None:
    path = anchor(anchors)
    assert path
    path.write_text(path.read_text().replace('"at": "20', '"at": "19', 1))

    assert breaks(anchors) == [f"anchor {path.name}: is not the one that the database remembers"]


def test_each_host_may_keep_a_series_of_its_own_and_two_in_one_folder_show(
    notified: list[Accepted], anchors: Path
) -> None:
    other = anchors.with_name("another host")
    for directory in (anchors, other):
        anchor(directory)
    file_clean(1, 10)
    for directory in (anchors, other):
        anchor(directory)
        assert breaks(directory) == []

    files(anchors)[1].write_bytes(files(other)[1].read_bytes())
    assert any("does not follow" in each for each in breaks(anchors))


def test_a_database_that_remembers_an_older_anchor_than_there_is_breaks_nothing(
    notified: list[Accepted], anchors: Path
) -> None:
    anchor(anchors)
    remembered = rows("select number, digest from anchor_series")
    file_clean(1, 10)
    anchor(anchors)
    rows("update anchor_series set number = %s, digest = %s", *remembered[0])

    assert breaks(anchors) == []


# A restored database -------------------------------------------------------------------------------


def accept(directory: Path, reason: str = "restored from the backup of Monday") -> Path | None:
    return audit.anchor_by_ranges(transaction, directory, clock.now(), audit.Acceptance(reason, "operator:abc"))


def test_a_loss_that_an_operator_accepts_is_told_by_every_check_from_then_on(
    notified: list[Accepted], anchors: Path, worker: Worker
) -> None:
    anchor(anchors)
    cut_tail(notified[0].case_id)
    delete_whole(notified[1].case_id)

    assert accept(anchors)

    told = [
        "anchor 2",
        "operator:abc",
        "the loss of 2 anchored events of 2 cases",
        "restored from the backup of Monday",
    ]
    for _ in range(2):
        found = verify(anchors)
        assert (found.breaks, len(found.losses)) == ([], 1)
        assert all(each in found.losses[0] for each in told)
        file_clean(1, 10)
        drain_all(worker())
        anchor(anchors)


def test_what_is_lost_after_an_accepted_loss_is_a_break_again(notified: list[Accepted], anchors: Path) -> None:
    anchor(anchors)
    cut_tail(notified[0].case_id)
    accept(anchors)

    cut_tail(notified[0].case_id)
    assert breaks(anchors) == [f"case {notified[0].case_id}: tail cut, anchored with 5 events, has 4"]
    with pytest.raises(Refused, match=f"case {notified[0].case_id}, event 5"):
        anchor(anchors)


def test_no_loss_is_accepted_where_none_is(notified: list[Accepted], anchors: Path) -> None:
    anchor(anchors)
    with pytest.raises(Refused) as refused:
        accept(anchors)
    assert refused.value.code == "nothing_lost"


def test_the_daily_job_fails_names_the_cases_and_says_what_to_do(notified: list[Accepted]) -> None:
    Schedule(Event()).look()
    anchor(settings().anchors_folder())
    cut_tail(notified[0].case_id)

    with clock.at(clock.now() + timedelta(days=1.1)):
        Schedule(Event()).look()

    error = value("select error from daily_job where name = 'anchor'")
    assert f"case {notified[0].case_id}, event 6" in error
    assert "sijil audit anchor --accept-loss" in error


def test_the_command_accepts_a_loss_and_verify_tells_it_with_exit_code_0(
    ready: Run, notified: list[Accepted], anchors: Path
) -> None:
    anchor(anchors)
    cut_tail(notified[0].case_id)
    refused = ready("audit", "anchor", "--anchors", anchors)
    assert (refused.code, f"case {notified[0].case_id}, event 6" in refused.err) == (2, True)
    assert ready("audit", "verify", "--anchors", anchors).code == 1

    assert ready("audit", "anchor", "--anchors", anchors, "--accept-loss", "restored", "--as", "amina").code == 0

    told = ready("audit", "verify", "--anchors", anchors, "--json")
    assert (told.code, told.json["breaks"], len(told.json["accepted_losses"])) == (0, 0, 1)
    assert "amina" not in told.out
    assert told.json["accepted_losses"][0] in told.out.splitlines()


# By ranges -----------------------------------------------------------------------------------------


@pytest.fixture
def small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caseranges, "CASES_AT_ONCE", 1)


def checked(directory: Path, since: int | None = None, upto: int = 0) -> audit.AuditReport:
    """As the command does it."""
    found = audit.AuditReport(upto=upto)
    audit.verify_by_ranges(snapshot, directory, found, since)
    return found


@pytest.mark.usefixtures("small_ranges")
@tampered
def test_by_small_ranges_the_same_is_found_as_in_one(
    notified: list[Accepted], anchors: Path, monkeypatch: pytest.MonkeyPatch, tamper: Callable[[int], None]
) -> None:
    anchor(anchors)
    tamper(notified[1].case_id)
    rows(
        "insert into event select 999999, seq, kind, at, actor, evidence, facts, salt, commitment, hash from event "
        "where case_id = %s",
        notified[0].case_id,
    )
    small = checked(anchors)
    monkeypatch.undo()
    whole = verify(anchors)

    assert small.broken > 1
    assert (sorted(small.breaks), small.cases, small.events) == (sorted(whole.breaks), whole.cases, whole.events)


def test_a_million_breaks_are_counted_and_only_the_first_are_told(
    notified: list[Accepted], anchors: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chains, "KEPT", 3)
    rows("update event set evidence = null, facts = null, salt = null where kind <> 'ApplicationReceived'")

    found = verify(anchors)

    assert (found.broken, len(found.breaks)) == (15, 3)


@pytest.mark.usefixtures("small_ranges")
def test_a_check_that_was_stopped_goes_on_after_the_last_case_that_it_looked_at(
    notified: list[Accepted], anchors: Path, ready: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    anchor(anchors)
    for taken in notified:
        cut_tail(taken.case_id)
    looked = checking.check_range

    def break_off(part: checking.CaseRange, against: checking.Check) -> None:
        if notified[1].case_id in part.cases:
            raise Unavailable("The database does not answer.")
        looked(part, against)

    monkeypatch.setattr(checking, "check_range", break_off)
    ran = ready("audit", "verify", "--anchors", anchors, "--json")
    assert (ran.code, ran.json["stopped"], ran.json["breaks"], ran.json["upto"]) == (1, True, 1, notified[0].case_id)
    assert f"Go on: sijil audit verify --after {notified[0].case_id}" in ran.out
    monkeypatch.undo()

    rest = checked(anchors, upto=ran.json["upto"])
    assert [each.split(":")[0] for each in rest.breaks] == [f"case {taken.case_id}" for taken in notified[1:]]


def test_since_an_anchor_only_what_moved_is_read_and_what_was_cut_shows(
    notified: list[Accepted], anchors: Path, worker: Worker
) -> None:
    (moving,) = file_clean(1, 10)
    anchor(anchors)
    drain_all(worker())
    assert (checked(anchors, since=1).events, checked(anchors, since=1).cases, checked(anchors).events) == (5, 1, 24)

    rows("update event set actor = 'nobody' where case_id = %s and seq = 4", moving.case_id)
    assert checked(anchors, since=1).breaks == [f"case {moving.case_id}, event 4: does not follow from the one before"]
    cut_tail(notified[0].case_id)
    delete_whole(notified[1].case_id)
    found = checked(anchors, since=1).breaks
    assert [any(f"case {taken.case_id}:" in each for each in found) for taken in notified] == [True, True, False]


def test_since_an_anchor_later_anchors_count_too(database: str, worker: Worker, anchors: Path) -> None:
    (taken,) = file_clean(1)
    first = rows("select version, head from cases")
    anchor(anchors)
    drain_all(worker())
    anchor(anchors)

    rows("delete from event where seq > 1")
    mend_head(taken.case_id)

    assert rows("select version, head from cases") == first
    assert checked(anchors, since=1).breaks == [f"case {taken.case_id}: tail cut, anchored with 6 events, has 1"]


def test_since_an_anchor_that_is_not_there_is_refused(notified: list[Accepted], anchors: Path) -> None:
    anchor(anchors)
    for number in (0, 2):
        with pytest.raises(Refused, match=f"no anchor {number}"):
            checked(anchors, since=number)


@pytest.mark.usefixtures("small_ranges")
def test_no_snapshot_outlives_its_range(
    notified: list[Accepted], anchors: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one range is looked at, the work goes on; what a range sees, it sees at one moment."""
    began: list[datetime] = []
    looked = checking.check_range

    def look(part: checking.CaseRange, against: checking.Check) -> None:
        began.append(
            value(
                "select min(xact_start) from pg_stat_activity where datname = current_database() and pid <> "
                "pg_backend_pid()"
            )
        )
        if len(began) < 4:
            file_clean(1, 40 + len(began))
        looked(part, against)

    monkeypatch.setattr(checking, "check_range", look)
    found = checked(anchors)

    assert (found.breaks, found.cases) == ([], 6)
    assert len(set(began)) == len(began) == 7
