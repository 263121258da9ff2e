"""The audit of the history: every tampering is found, by the chain or by an anchor."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from models.errors import Refused
from tests.filing import Worker, drain_all, file_clean, rows, value
from tests.integration.auditing import anchor, breaks, cut_tail, delete_whole, verify
from workflows.engine.chain import commitment_to, event_hash
from workflows.intake.submit import Accepted


def three_anchors(notified: list[Accepted], directory: Path) -> list[Path]:
    """An anchor over what is there, and two more after new cases."""
    made = [anchor(directory)]
    for place in (10, 11):
        file_clean(1, place)
        made.append(anchor(directory))
    assert breaks(directory) == []
    return [path for path in made if path]


def test_an_untouched_history_verifies_with_and_without_anchors(notified: list[Accepted], anchors: Path) -> None:
    assert breaks(anchors) == []
    three_anchors(notified, anchors)

    found = verify(anchors)

    assert (found.cases, found.events, found.anchors, found.breaks) == (5, 20, 3, [])


def test_cases_that_move_on_after_the_anchor_still_verify(database: str, worker: Worker, anchors: Path) -> None:
    file_clean(3)
    anchor(anchors)

    drain_all(worker())

    assert breaks(anchors) == []


def test_where_nothing_moved_no_anchor_is_written(notified: list[Accepted], anchors: Path) -> None:
    assert anchor(anchors) is not None
    assert anchor(anchors) is None
    assert len(list(anchors.iterdir())) == 1


def test_an_anchor_holds_only_what_moved_since_the_last_one(notified: list[Accepted], anchors: Path) -> None:
    _, second, _ = three_anchors(notified, anchors)

    assert len(second.read_text().splitlines()) == 2


def test_an_anchor_names_nobody(notified: list[Accepted], anchors: Path) -> None:
    (path,) = [anchor(anchors)]
    assert path

    text = path.read_text()
    assert not [idcs for (idcs,) in rows("select idcs from household_member") if idcs in text]
    assert not [reference for (reference,) in rows("select reference from receipt") if reference in text]


# Tampering -----------------------------------------------------------------------------------------


CHANGE = {
    "changed facts": 'update event set facts = \'{{"type":"PersonsVerified","rules":"mine"}}\' where case_id = {case} '
    "and seq = 2",
    "changed evidence": 'update event set evidence = \'{{"type":"TimePassed","at":"2026-01-01T00:00:00Z"}}\' where '
    "case_id = {case} and seq = 3",
    "changed salt": "update event set salt = decode('00112233445566778899aabbccddeeff', 'hex') where case_id = {case} "
    "and seq = 3",
    "facts changed and their salt "
    "removed": "update event set facts = '{{}}', salt = null where case_id = {case} and seq = 3",
    "changed actor": "update event set actor = 'officer:0123456789abcdef' where case_id = {case} and seq = 4",
    "changed time": "update event set at = at - interval '1 microsecond' where case_id = {case} and seq = 4",
    "changed kind": "update event set kind = 'DuplicateSuspected' where case_id = {case} and seq = 4",
    "changed commitment": "update event set commitment = decode(repeat('ab', 32), 'hex') where case_id = {case} and "
    "seq = 4",
    "removed event": "delete from event where case_id = {case} and seq = 3",
    "removed first event": "delete from event where case_id = {case} and seq = 1",
    "removed last event": "delete from event where case_id = {case} and seq = 6",
    "removed and the rest moved up": "delete from event where case_id = {case} and seq = 3; "
    "update event set seq = seq - 1 where case_id = {case} and seq = 4; update event set seq = seq - 1 where case_id = "
    "{case} and seq = 5;"
    "update event set seq = seq - 1 where case_id = {case} and seq = 6; update cases set version = 5 where id = {case}",
    "events of two cases exchanged": "update event set case_id = -1 where case_id = {case} and seq = 2;"
    "update event set case_id = {case} where case_id = {other} and seq = 2; update event set case_id = {other} where "
    "case_id = -1",
    "inserted event": "insert into event select case_id, 7, 'CaseWithdrawn', at, actor, evidence, facts, salt, "
    "commitment, hash "
    "from event where case_id = {case} and seq = 6",
    "changed head of the case": "update cases set head = decode(repeat('cd', 32), 'hex') where id = {case}",
    "changed version of the case": "update cases set version = 5 where id = {case}",
    "case deleted, its events left": "delete from cases where id = {case}",
    "case without any event": "delete from event where case_id = {case}",
}


@pytest.mark.parametrize("name", CHANGE)
def test_a_change_is_found_even_without_any_anchor(notified: list[Accepted], anchors: Path, name: str) -> None:
    tampered, other, _ = notified
    for statement in CHANGE[name].format(case=tampered.case_id, other=other.case_id).split(";"):
        rows(statement)

    found = breaks(anchors)

    assert any(f"case {tampered.case_id}" in each for each in found), found


def forge(case_id: int) -> None:
    """Writes the last event anew as somebody who knows how chains are made, and mends the case."""
    before = value("select hash from event where case_id = %s and seq = 5", case_id)
    at, actor, evidence, owed = rows(
        "select at, actor, evidence::text, owed from event where case_id = %s and seq = 6", case_id
    )[0]
    facts, salt = '{"type":"NoticesIssued","programmes":["ASD","AMO_TADAMON"]} ', bytes(16)
    commitment = commitment_to(salt, evidence.encode(), facts.encode())
    forged = event_hash(before, case_id, 6, "NoticesIssued", at, actor, commitment, owed)
    rows(
        "update event set facts = %s, salt = %s, commitment = %s, hash = %s where case_id = %s and seq = 6",
        facts,
        salt,
        commitment,
        forged,
        case_id,
    )
    rows("update cases set head = %s where id = %s", forged, case_id)


@pytest.mark.parametrize("tamper", [cut_tail, forge, delete_whole])
def test_what_holds_together_in_the_database_is_found_by_the_anchor(
    notified: list[Accepted], anchors: Path, tamper: Callable[[int], None]
) -> None:
    anchor(anchors)
    case_id = notified[1].case_id

    tamper(case_id)

    assert any(each.startswith(f"case {case_id}") for each in breaks(anchors))
    assert breaks(anchors.with_name("elsewhere")) == []  # the database alone does not show it


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_changed_anchor_is_found(notified: list[Accepted], anchors: Path, place: int) -> None:
    path = three_anchors(notified, anchors)[place]
    title, first, *rest = path.read_text().splitlines(keepends=True)
    digit = first[-5]
    changed_line = first[:-5] + ("0" if digit != "0" else "1") + first[-4:]

    path.write_text(title + changed_line + "".join(rest))

    assert any(each.startswith("anchor") for each in breaks(anchors))


def test_an_anchor_that_was_cut_off_or_filled_with_rubbish_is_found(notified: list[Accepted], anchors: Path) -> None:
    _, second, _ = three_anchors(notified, anchors)
    whole = second.read_text()
    for text in ("", "rubbish\n", "{}\n", whole.splitlines(keepends=True)[0], whole[:-20], whole + "[1,2]\n"):
        second.write_text(text)
        assert any(each.startswith("anchor") for each in breaks(anchors)), text


@pytest.mark.parametrize("place", [0, 1])
def test_a_removed_anchor_is_found(notified: list[Accepted], anchors: Path, place: int) -> None:
    three_anchors(notified, anchors)[place].unlink()

    assert any("does not follow" in each for each in breaks(anchors))


def test_no_new_anchor_is_written_over_damaged_ones(notified: list[Accepted], anchors: Path) -> None:
    three_anchors(notified, anchors)[0].unlink()

    with pytest.raises(Refused) as refused:
        anchor(anchors)

    assert refused.value.code == "anchors_damaged"


def test_no_application_is_found_changed_beside_the_tampered_one(notified: list[Accepted], anchors: Path) -> None:
    rows("update event set actor = 'nobody' where case_id = %s and seq = 2", notified[0].case_id)

    assert {each.split(":")[0].split(",")[0] for each in breaks(anchors)} == {f"case {notified[0].case_id}"}


def test_an_event_cannot_be_written_twice(notified: list[Accepted]) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        rows("insert into event select * from event where case_id = %s and seq = 6", notified[0].case_id)
