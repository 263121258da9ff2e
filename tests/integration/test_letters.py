"""Letters in batches for a printer: each in one batch, whole or not there, and the post's proof counts as a report."""

import csv
import io
import json
import os
import stat
import zipfile
from collections.abc import Callable
from errno import ENOSPC
from pathlib import Path
from threading import Thread

import pytest

from models import clock
from models.database import transact, transaction
from models.settings import settings
from notifications import batches
from notifications.batches import begin, write
from notifications.channels.choice import gateways
from notifications.channels.printer import PrinterGateway
from notifications.leases import LETTER
from notifications.reports import DELIVERED, Report, keep_reports
from tasks.repeater import Repeater
from tests.appealing import an_appeal
from tests.enrolling import asked
from tests.filing import a_household, facts_of, file, register, rows, value
from tests.integration.auditing import erase, wrong
from tests.integration.gateways import BookGateway, a_deliverer
from tests.integration.running import Run
from tests.people import after
from workflows.intake.submit import Accepted


@pytest.fixture
def tray(database: str) -> PrinterGateway:
    return PrinterGateway()


@pytest.fixture
def letters(tray: PrinterGateway, work: Callable[[], None]) -> list[Accepted]:
    """Three households without a phone; their letters are set aside: that we received it, that it is registered."""
    made = [a_household(place) for place in range(3)]
    register(made)
    bodies = [{name: said for name, said in each.body.items() if name != "phone"} for each in made]
    taken = file(*bodies)
    work()
    a_deliverer(tray, LETTER).drain()
    return taken


def lines_of(path: Path) -> list[dict[str, str]]:
    with zipfile.ZipFile(path) as archive:
        return list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode(), newline="")))


def pages_of(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(".html")}


def batch(folder: Path) -> batches.Written | None:
    number = transact(lambda connection: begin(connection, clock.now()))
    return transact(lambda connection: write(connection, number, folder, clock.now())) if number else None


@pytest.mark.parametrize(("language", "name"), [("ar", "خالد بنعلي"), ("fr", "Khalid Benali")])
def test_whoever_asked_to_be_enrolled_without_a_phone_gets_letters_beside_the_households(
    letters: list[Accepted], tray: PrinterGateway, tmp_path: Path, language: str, name: str
) -> None:
    place = {"commune": "Aït Melloul", "address": "Douar Tikiouine, 4"}
    receipt = asked(phone=None, language=language, **place)
    a_deliverer(tray, LETTER).drain()
    written = batch(tmp_path)
    assert written
    lines = {each["reference"]: each for each in lines_of(written.path)}
    assert set(lines) == {each.reference for each in (receipt, *letters)}
    theirs = lines[receipt.reference]
    assert (theirs["name"], theirs["street"], theirs["commune"]) == (name, place["address"], place["commune"])
    assert theirs["province"]


def test_each_letter_is_in_one_batch_alone(letters: list[Accepted], tmp_path: Path) -> None:
    first = batch(tmp_path)
    assert first
    assert batch(tmp_path) is None
    assert sorted(each["letter"] for each in lines_of(first.path)) == sorted(
        str(id) for (id,) in rows("select id from message")
    )
    assert (first.letters, first.left, len(first.case_ids)) == (6, 0, 3)
    assert rows("select distinct status from message") == [("sent",)]
    assert wrong() == ({}, [])


def test_a_letter_has_name_place_reference_and_text_and_never_the_secret(
    letters: list[Accepted], tmp_path: Path
) -> None:
    made = batch(tmp_path)
    assert made
    line = next(each for each in lines_of(made.path) if each["reference"] == letters[0].reference)
    page = pages_of(made.path)[line["file"]]
    declared = value("select body from case_body where case_id = %s", letters[0].case_id)
    text = value("select body from message where id = %s", line["letter"])
    assert line["name"] in page
    assert line["commune"] == declared["commune"] in page
    assert line["street"] == ""
    assert letters[0].reference in page
    assert text.partition(letters[0].reference)[0] in page
    assert letters[0].secret not in page
    assert f'lang="{line["language"]}" dir=' in page


def test_a_letter_has_the_street_that_was_declared_and_in_arabic_its_places_in_both_scripts(
    letters: list[Accepted], tmp_path: Path
) -> None:
    said = {"street": "12، زنقة فاس", "region": 1, "province": "MA-TNG"}
    rows(
        "update case_body set body = (body::jsonb || %s::jsonb)::json where case_id = %s",
        json.dumps(said),
        letters[0].case_id,
    )
    rows("update message set language = 'ar' where case_id = %s", letters[0].case_id)
    made = batch(tmp_path)
    assert made
    line = next(each for each in lines_of(made.path) if each["reference"] == letters[0].reference)
    page = pages_of(made.path)[line["file"]]
    assert line["street"] == said["street"]
    assert line["street"] in page
    assert line["province"] == "طنجة أصيلة – Tanger-Assilah" in page
    assert line["region"].startswith("طنجة - تطوان - الحسيمة – Tanger")
    assert line["region"] in page


def test_the_file_is_for_its_owner_alone(letters: list[Accepted], tmp_path: Path) -> None:
    made = batch(tmp_path)
    assert made
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["letters-000001.zip"]


@pytest.mark.parametrize("when", ["before the file", "after the file"])
def test_a_batch_that_is_cut_off_is_written_again_with_the_same_letters(
    letters: list[Accepted], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    number = transact(lambda connection: begin(connection, clock.now()))
    assert number
    with transaction() as connection:
        if when == "after the file":
            write(connection, number, tmp_path, clock.now())
        connection.rollback()
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    again = batch(tmp_path)
    assert again
    assert again.number == number
    assert batch(tmp_path) is None
    after_it = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    assert before in ({}, after_it)
    assert len(lines_of(again.path)) == 6


def test_of_two_who_write_at_once_each_letter_is_in_one_file(letters: list[Accepted], tmp_path: Path) -> None:
    found: list[batches.Written | None] = []
    number = transact(lambda connection: begin(connection, clock.now()))
    assert number
    with transaction() as connection:
        first = write(connection, number, tmp_path, clock.now())
        other = Thread(target=lambda: found.append(batch(tmp_path / "other")))
        other.start()
        other.join(0.5)
        assert other.is_alive()
    other.join(10)
    assert first
    assert found == [None]


def test_erased_letters_are_not_printed(letters: list[Accepted], tmp_path: Path) -> None:
    erase(letters[0])
    number = transact(lambda connection: begin(connection, clock.now()))
    assert number
    erase(letters[1])
    gone = "update message set body = null, salt = null where case_id = %s and template = 'received' returning 1"
    assert rows(gone, letters[2].case_id)
    made = transact(lambda connection: write(connection, number, tmp_path, clock.now()))
    assert made
    assert [each["reference"] for each in lines_of(made.path)] == [letters[2].reference]


def test_a_letter_that_is_set_aside_twice_is_printed_once(
    letters: list[Accepted], tray: PrinterGateway, tmp_path: Path
) -> None:
    rows("update message set status = 'sending', due_at = now() - interval '1 minute', sent_at = null")
    a_deliverer(tray, LETTER).drain()
    rows("update message set status = 'owed', fence = 0, sent_at = null")  # as if nobody knew of the first time
    a_deliverer(tray, LETTER).drain()
    assert rows("select distinct status from message") == [("sent",)]
    made = batch(tmp_path)
    assert made
    assert made.letters == 6


def test_no_spreadsheet_computes_what_was_declared() -> None:
    assert batches.cell("=1+1") == "'=1+1"
    assert batches.cell("Settat") == "Settat"


@pytest.mark.parametrize(
    ("more", "by_printer"),
    [({}, False), ({"letters": "printer"}, True), ({"gateway_url": "smpp://host:2775", "smpp_system_id": "a"}, True)],
)
def test_letters_go_to_the_printer_where_the_settings_say_so_or_no_gateway_prints(
    more: dict[str, str], by_printer: bool
) -> None:
    chosen = settings().model_copy(update=more)
    assert isinstance(gateways(chosen)[LETTER], PrinterGateway) is by_printer


@pytest.mark.parametrize("kind", ["a file", "nowhere"])
def test_a_folder_that_no_file_can_be_written_into_is_said_before_a_letter_is_taken(
    letters: list[Accepted], ready: Run, tmp_path: Path, kind: str
) -> None:
    taken = tmp_path / "taken"
    taken.touch()
    folder = {"a file": taken, "nowhere": Path("/proc/letters")}[kind]
    ran = ready("letters", "batch", str(folder))
    assert ran.code
    assert f"No file can be written into {folder}: " in ran.err
    assert "No letter was taken." in ran.err
    assert ("this is no folder" in ran.err) == (kind == "a file")
    assert rows("select count(*) from letter_batch") == [(0,)]
    assert rows("select count(*) from letter where batch is not null") == [(0,)]


def test_a_batch_for_which_the_disk_has_no_room_leaves_no_half_file_and_is_written_again(
    letters: list[Accepted], ready: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        ran = ready("letters", "batch", str(tmp_path))
    assert (ran.code, list(tmp_path.iterdir())) == (2, [])
    assert "No space left on device" in ran.err
    assert ready("letters", "batch", str(tmp_path), "--json").json["letters"] == 6


def test_where_the_gateway_prints_letters_the_command_says_so(database: str, ready: Run, tmp_path: Path) -> None:
    ran = ready("letters", "batch", str(tmp_path))
    assert ran.code
    assert "set SIJIL_LETTERS=printer" in ran.err


def test_the_commands_write_a_batch_and_record_what_the_post_says(
    letters: list[Accepted], ready: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIJIL_LETTERS", "printer")
    ran = ready("letters", "batch", str(tmp_path), "--json")
    assert "declared no street" in ran.out
    wrote = ran.json
    assert (wrote["letters"], wrote["left"]) == (6, 0)
    assert "no letter waits" in ready("letters", "batch", str(tmp_path)).out
    first, second, *_ = lines_of(Path(wrote["file"]))
    proofs = tmp_path / "proofs.csv"
    proofs.write_text(f"letter,state\n{first['letter']},delivered\n{second['letter']},returned\n")
    for _ in range(2):
        assert ready("letters", "delivered", str(proofs), "--json").json == {
            "delivered": 1,
            "returned": 1,
            "unknown": [],
        }
    returned = ready("messages", "list", "--undelivered", "--channel", "letter", "--json").json["messages"]
    assert [(each["reference"], each["delivery"]) for each in returned] == [(second["reference"], "undelivered")]
    said = dict(rows("select id::text, delivery from message"))
    assert (said[first["letter"]], said[second["letter"]]) == ("delivered", "undelivered")
    assert value("select count(*) from audit_entry where act = 'print_letters'") == 1
    assert value("select cardinality(case_ids) from audit_entry where act = 'print_letters'") == 3
    assert wrong() == ({}, [])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("letter\n", "letter,state"),
        ("letter,state\nx,delivered\n", "line 2"),
        ("letter,state\n019acb8d-0000-7000-8000-000000000000,lost\n", "line 2"),
    ],
)
def test_of_a_file_with_a_mistake_nothing_is_recorded(
    letters: list[Accepted], ready: Run, tmp_path: Path, content: str, says: str
) -> None:
    proofs = tmp_path / "proofs.csv"
    proofs.write_text(content)
    ran = ready("letters", "delivered", str(proofs))
    assert ran.code
    assert says in ran.err
    assert value("select count(*) from audit_entry where act = 'record_proofs'") == 0


def test_a_letter_that_nobody_knows_is_named(letters: list[Accepted], ready: Run, tmp_path: Path) -> None:
    proofs = tmp_path / "proofs.csv"
    proofs.write_text("letter,state\n019acb8d-0000-7000-8000-000000000000,delivered\n")
    ran = ready("letters", "delivered", str(proofs))
    assert ran.code == 1
    assert "019acb8d-0000-7000-8000-000000000000: no printer was given this letter" in ran.out


def test_the_posts_proof_of_the_letter_begins_the_term(
    refusal: Accepted, work: Callable[[], None], tray: PrinterGateway, tmp_path: Path
) -> None:
    a_deliverer(BookGateway(parts=1)).drain()
    for days in (3.01, 6.03):
        with after(days=days):
            Repeater().sweep()
            a_deliverer(BookGateway(parts=1)).drain()
            a_deliverer(tray, LETTER).drain()
    with after(days=7):
        made = batch(tmp_path)
        assert made
    (line,) = [each for each in lines_of(made.path) if each["reference"] == refusal.reference]
    with after(days=12) as proved:
        keep_reports("printer", [Report(line["letter"], DELIVERED)])
    with after(days=71):
        appeal = an_appeal(refusal)
        work()
    queued = facts_of(appeal, "AppealQueued")
    assert (queued["late"], queued["counted_from"]) == (False, proved.isoformat().replace("+00:00", "Z"))
    assert "60" in pages_of(made.path)[line["file"]]
