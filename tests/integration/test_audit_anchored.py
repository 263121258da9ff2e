"""Whatever is done to the entries of the staff or their seals, by force: the chain shows it, or an anchor does."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from models import clock
from models.database import snapshot, transaction
from models.errors import Refused
from models.settings import settings
from tasks.schedule import Schedule
from tests.entries import an_entry, sealed, written
from tests.filing import rows
from tests.integration.auditing import anchor, breaks, verify
from tests.integration.running import Run
from workflows.audit import places
from workflows.audit.sealing import FIELDS, seal_all
from workflows.audit.seals import EntryRow, seal_hash
from workflows.engine.hashes import GENESIS
from workflows.history import audit


def by_force(*statements: str) -> None:
    """Executes these as somebody who may take the triggers away."""
    rows("alter table audit_entry disable trigger audit_entry_kept")
    rows("alter table audit_seal disable trigger audit_seal_kept")
    for each in statements:
        rows(each)


def rewrite(first: int) -> None:
    """Changes entries from there on, and computes their seals anew, as somebody with the source can."""
    by_force(f"update audit_entry set actor = 'officer:somebody' where id >= {first}")
    before = GENESIS
    found = f"select s.position, {FIELDS} from audit_seal s join audit_entry e on e.id = s.entry_id order by 1"
    for position, *row in rows(found):
        before = seal_hash(before, position, EntryRow._make(row).line())
        rows("update audit_seal set hash = %s where position = %s", before, position)


def cut_tail(last: int) -> None:
    """Removes what was sealed after this position."""
    by_force(
        f"delete from audit_entry where id in (select entry_id from audit_seal where position > {last})",
        f"delete from audit_seal where position > {last}",
    )


@pytest.fixture
def three(database: str, anchors: Path) -> None:
    """Three sealed entries, which are anchored."""
    sealed(an_entry(1), an_entry(2), an_entry(3))
    assert anchor(anchors) is not None


@pytest.mark.usefixtures("three")
def test_an_untouched_chain_verifies_and_grows(anchors: Path) -> None:
    assert (verify(anchors).entries, breaks(anchors)) == (3, [])
    assert anchor(anchors) is None

    sealed(an_entry(4))

    assert anchor(anchors) is not None
    assert (verify(anchors).entries, breaks(anchors)) == (4, [])


CHANGED = "entry 2 was changed, or does not follow from the one before"
TAMPERINGS = {
    **{
        f"another {column}": ([f"update audit_entry set {column} = {value} where id = 2"], CHANGED)
        for column, value in {
            "at": "at + interval '1 microsecond'",
            "xact": "'1'",
            "actor": "'officer:else'",
            "account_id": "5",
            "role": "'auditor'",
            "act": "'search'",
            "purpose": "'audit'",
            "case_ids": "'{7,8}'",
            "persons": "'{person:else}'",
            "count": "0",
            "detail": "'{ }'",
        }.items()
    },
    "removed entry": (["delete from audit_entry where id = 2"], "audit position 2: its entry 2 is gone"),
    "removed seal": (["delete from audit_seal where position = 2"], "audit position 2: is missing before 3"),
    "removed seal and entry": (
        ["delete from audit_seal where position = 2", "delete from audit_entry where id = 2"],
        "audit position 2: is missing before 3",
    ),
    "removed, and the rest moved up": (
        ["delete from audit_seal where position = 2", "update audit_seal set position = 2 where position = 3"],
        "audit position 2: entry 3 was changed, or does not follow from the one before",
    ),
    "exchanged entries": (
        ["update audit_seal set entry_id = 5 - entry_id where position in (2, 3)"],
        "audit position 2: entry 3 was changed, or does not follow from the one before",
    ),
    "an entry slipped in before the first": (
        ["insert into audit_seal values (0, 99, 'hash')"],
        "audit position 1: is missing before 0",
    ),
    "an entry slipped in after the last": (
        ["insert into audit_seal values (4, 99, 'hash')"],
        "audit position 4: its entry 99 is gone",
    ),
}


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("name", TAMPERINGS)
def test_a_change_is_found_without_any_anchor(anchors: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    statements, sentence = TAMPERINGS[name]
    rows("alter table audit_seal drop constraint audit_seal_entry_id_key")
    by_force(*statements)

    found = breaks(anchors.with_name("elsewhere"))

    assert any(sentence in each for each in found), found
    monkeypatch.setattr(places, "AT_ONCE", 1)
    assert breaks(anchors.with_name("elsewhere")) == found


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("tamper", "sentence"),
    [
        (lambda: rewrite(2), "audit position 3: differs from the anchor"),
        (lambda: rewrite(1), "audit position 3: differs from the anchor"),
        (lambda: cut_tail(2), "audit: tail cut, anchored up to position 3, has 2"),
        (lambda: cut_tail(0), "audit: tail cut, anchored up to position 3, has 0"),
    ],
)
def test_what_holds_together_in_the_database_is_found_by_the_anchor_and_never_anchored(
    anchors: Path, tamper: Callable[[], None], sentence: str
) -> None:
    tamper()

    assert breaks(anchors) == [sentence]
    assert breaks(anchors.with_name("elsewhere")) == []  # the database alone does not show it
    with pytest.raises(Refused, match=r"1 positions of the audit .the first is 3.") as refused:
        anchor(anchors)
    assert refused.value.code == "history_contradicts_anchors"


@pytest.mark.usefixtures("three")
def test_a_loss_that_an_operator_accepts_is_told_for_ever_and_a_later_one_is_a_break(anchors: Path) -> None:
    cut_tail(2)
    sealed(an_entry(8))

    assert audit.anchor_by_ranges(transaction, anchors, clock.now(), audit.Acceptance("restored", "operator:abc"))

    assert breaks(anchors) == []
    assert "of 1 anchored positions of the audit: restored" in verify(anchors).losses[0]
    cut_tail(2)
    assert breaks(anchors) == ["audit: tail cut, anchored up to position 3, has 2"]


def checked(directory: Path, since: int) -> audit.AuditReport:
    """What moved since an anchor."""
    found = audit.AuditReport()
    audit.verify_by_ranges(snapshot, directory, found, since)
    return found


@pytest.mark.usefixtures("three")
def test_since_an_anchor_only_what_was_sealed_since_is_read_and_what_was_cut_shows(anchors: Path) -> None:
    sealed(an_entry(4), an_entry(5))
    anchor(anchors)
    assert (checked(anchors, 1).entries, checked(anchors, 2).entries) == (3, 1)  # the anchored one among them

    by_force("update audit_entry set count = 0 where id in (2, 5)")
    assert checked(anchors, 1).breaks == [
        "audit position 5: entry 5 was changed, or does not follow from the one before"
    ]
    cut_tail(4)
    assert checked(anchors, 2).breaks == ["audit: tail cut, anchored up to position 5, has less"]
    cut_tail(2)
    assert checked(anchors, 1).breaks == ["audit: tail cut, anchored up to position 5, has 3"]


@pytest.mark.usefixtures("three")
def test_an_anchor_that_names_another_hash_or_rubbish_of_a_position_shows(anchors: Path) -> None:
    (path,) = anchors.iterdir()
    whole = path.read_text()
    start = whole.index('"audit": [3, "') + len('"audit": [3, "')
    for rubbish in ("00" * 32, "xyz"):
        path.write_text(whole[:start] + rubbish + whole[start + 64 :])
        assert any(each.startswith("anchor") for each in breaks(anchors))


def test_an_entry_that_nobody_sealed_for_minutes_shows(database: str, anchors: Path) -> None:
    written(an_entry(at=clock.now() - timedelta(minutes=4)), an_entry(at=clock.now() - timedelta(minutes=6)))

    (found,) = breaks(anchors)

    assert found.startswith("audit entry 2: has no seal")
    seal_all()
    assert breaks(anchors) == []


def test_the_daily_job_seals_before_it_anchors(database: str) -> None:
    Schedule(Event()).look()
    written(an_entry())

    with clock.at(clock.now() + timedelta(days=1.1)):
        Schedule(Event()).look()

    (path,) = settings().anchors_folder().iterdir()
    assert '"audit": [1, "' in path.read_text()


def test_the_commands_seal_anchor_and_verify(ready: Run, anchors: Path) -> None:
    written(an_entry(at=clock.now()))
    assert ready("audit", "anchor", "--anchors", anchors).code == 0

    found = ready("audit", "verify", "--anchors", anchors, "--json")
    assert (found.code, found.json["audit_entries"]) == (0, 1)
    by_force("update audit_entry set count = 0")
    found = ready("audit", "verify", "--anchors", anchors, "--json")
    assert (found.code, found.json["breaks"]) == (1, 1)
