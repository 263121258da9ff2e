"""Opens the files that commands read and write: text is UTF-8, and an error names the file."""

import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from io import BufferedReader
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TextIO

from models.errors import Refused

PRIVATE = 0o600  # only the owner reads it
BUFFER = 1 << 16  # bytes: enough to tell the kind of a file


@contextmanager
def open_to_read(path: Path) -> Iterator[BufferedReader]:
    """Opens a file to read bytes. Raises Refused where it cannot be read."""
    try:
        file: BufferedReader = BufferedReader(path.open("rb", buffering=0), BUFFER)
        with file:
            yield file
    except OSError as error:
        raise Refused("no_file", f"{path} cannot be read: {error.strerror}.") from None


@contextmanager
def refuse_unwritable(path: Path) -> Iterator[None]:
    """Raises Refused where the block cannot write to this path."""
    try:
        yield
    except OSError as error:
        raise Refused("not_writable", f"{error.filename or path} cannot be written: {error.strerror}.") from None


def require_folder(folder: Path, then: str) -> None:
    """Makes a folder if need be. Raises Refused, which says what follows, where no file can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=folder, prefix=".tried-"):
            pass
    except OSError as error:
        why = "this is no folder" if folder.exists() and not folder.is_dir() else error.strerror
        text = f"No file can be written into {folder}: {why}. {then} Name a folder that you may write to, with room."
        raise Refused("not_writable", text) from None


def open_to_write(path: Path, mode: int = 0o666) -> TextIO:
    """Opens a file to write text. Raises Refused where it cannot be opened."""
    with refuse_unwritable(path):
        return open(path, "w", encoding="utf-8", opener=partial(open_with_mode, mode=mode))


@contextmanager
def outcome_writer(path: Path, mode: int = 0o666) -> Iterator[Callable[[str], object]]:
    """Opens a file of outcomes, and gives the function that writes a text into it.

    Raises Refused where the disk is full: applications that were taken by then stay taken.
    """
    file = open_to_write(path, mode)

    def write(text: str) -> None:
        with refuse_full_disk(path):
            file.write(text)

    try:
        yield write
        with refuse_full_disk(path):
            file.close()
    finally:
        with suppress(OSError):  # where another error is on its way, or the same one
            file.close()


@contextmanager
def refuse_full_disk(path: Path) -> Iterator[None]:
    """Raises Refused where the block finds the disk full or away."""
    try:
        yield
    except OSError as error:
        raise Refused(
            "not_writable",
            f"{path} cannot be written to its end: {error.strerror}; what was taken is taken, and the same file can "
            "be given again.",
        ) from None


def open_with_mode(path: str, flags: int, mode: int) -> int:
    """The file's descriptor; a private file becomes private even where it was there before and others could read it."""
    descriptor = os.open(path, flags, mode)
    if mode == PRIVATE and stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.fchmod(descriptor, mode)
    return descriptor


def require_different_files(path: Path, *outputs: Path | None) -> None:
    """Raises Refused where an output is the file that is read, or where two outputs are one file."""
    named = [each.resolve() for each in (path, *outputs) if each]
    if len(named) > len(set(named)) or any(
        each.exists() and each.samefile(path) for each in named[1:] if path.exists()
    ):
        raise Refused("one_file", "The file that is read, the rejects and the receipts must be different files.")


def discard(path: Path) -> None:
    """Removes an output file that stayed empty; leaves a device, a pipe or a link, which we did not make."""
    if path.is_file() and not path.is_symlink():
        path.unlink()


def json_line(value: object) -> str:
    """The value as one line of JSON, with its line end."""
    return json.dumps(value, ensure_ascii=False) + "\n"
