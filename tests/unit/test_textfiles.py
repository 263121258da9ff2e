"""Files that commands read and write."""

import json
import os
from pathlib import Path

import pytest

from models.errors import Refused
from workflows.intake.files.textfiles import PRIVATE, discard, json_line, open_to_read, open_to_write, outcome_writer


@pytest.mark.parametrize(("place", "why"), [("nothing", "No such file or directory"), (".", "Is a directory")])
def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path, place: str, why: str) -> None:
    with pytest.raises(Refused) as refused, open_to_read(tmp_path / place):
        pass
    assert (refused.value.code, str(refused.value)) == ("no_file", f"{tmp_path / place} cannot be read: {why}.")


def test_a_file_that_cannot_be_written_is_named_with_the_reason() -> None:
    with pytest.raises(Refused, match="/proc/nope/out cannot be written: No such file or directory"):
        open_to_write(Path("/proc/nope/out"))


def test_what_is_written_is_utf_8_and_may_be_for_us_alone(tmp_path: Path) -> None:
    with open_to_write(tmp_path / "out", mode=0o600) as file:
        file.write(json_line({"name": "طنجة"}))
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "out").read_bytes() == '{"name": "طنجة"}\n'.encode()
    with open_to_read(tmp_path / "out") as read:
        assert json.load(read) == {"name": "طنجة"}


def test_a_file_for_us_alone_is_so_even_where_everybody_could_read_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("before")
    (tmp_path / "out").chmod(0o644)
    open_to_write(tmp_path / "out", mode=PRIVATE).close()
    assert (tmp_path / "out").stat().st_mode & 0o777 == PRIVATE


def test_only_a_plain_file_is_discarded(tmp_path: Path) -> None:
    """As root, `--rejects /dev/null` would otherwise remove the device."""
    plain, pipe, link = tmp_path / "plain", tmp_path / "pipe", tmp_path / "link"
    plain.touch()
    os.mkfifo(pipe)
    link.symlink_to(plain)
    for each in (pipe, link, plain, plain):
        discard(each)
    assert (plain.exists(), pipe.is_fifo(), link.is_symlink()) == (False, True, True)


@pytest.mark.parametrize("length", [1, 1_000_000])
def test_a_disk_without_room_for_the_outcomes_is_told_with_what_stands(length: int) -> None:
    """Whether it is noticed while they are written or at the end."""
    with pytest.raises(Refused) as refused, outcome_writer(Path("/dev/full")) as write:
        write("x" * length)
    said = (
        "/dev/full cannot be written to its end: No space left on device; what was taken is taken, and the same "
        "file can be given again."
    )
    assert (refused.value.code, str(refused.value)) == ("not_writable", said)


def test_no_room_is_needed_where_nothing_is_written() -> None:
    with outcome_writer(Path("/dev/full")):
        pass
