"""The files that commands read and write: text is UTF-8 everywhere, and a file that cannot be read or
written is named.
"""

import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import TextIO

from models.errors import Refused

PRIVATE = 0o600  # for us alone
BUFFER = 1 << 16  # bytes; what a file is may be seen from so many


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """A file to read from. Raises Refused where it cannot be read."""
    try:
        file: BufferedReader = BufferedReader(path.open("rb", buffering=0), BUFFER)
        with file:
            yield file
    except OSError as error:
        raise Refused("no_file", f"{path} cannot be read: {error.strerror}.") from None


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raises Refused where nothing can be written there."""
    try:
        yield
    except OSError as error:
        raise Refused("not_writable", f"{error.filename or path} cannot be written: {error.strerror}.") from None


def to_write(path: Path, mode: int = 0o666) -> TextIO:
    """A file to write into. Raises Refused where it cannot be opened."""
    with writing(path):
        return open(path, "w", encoding="utf-8", opener=partial(opened_with, mode=mode))


@contextmanager
def outcomes_in(path: Path, mode: int = 0o666) -> Iterator[Callable[[str], object]]:
    """Writes what became of a file's parts.

    Raises Refused where there is no room for it: what was taken by then stays so.
    """
    file = to_write(path, mode)

    def write(text: str) -> None:
        with having_room(path):
            file.write(text)

    try:
        yield write
        with having_room(path):
            file.close()
    finally:
        with suppress(OSError):  # where another mistake is on its way, or the same one
            file.close()


@contextmanager
def having_room(path: Path) -> Iterator[None]:
    """Raises Refused where a disk is full or away."""
    try:
        yield
    except OSError as error:
        said = (
            f"{path} cannot be written to its end: {error.strerror}; what was taken is taken, and the same file can "
            f"be given again."
        )
        raise Refused("not_writable", said) from None


def opened_with(path: str, flags: int, mode: int) -> int:
    """A file's descriptor; one that is for us alone is so even where the file was there before and others could read
    it.
    """
    descriptor = os.open(path, flags, mode)
    if mode == PRIVATE and stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.fchmod(descriptor, mode)
    return descriptor


def all_different(path: Path, *outputs: Path | None) -> None:
    """Raises Refused where an outcome would be written into the file that is read, or two into one."""
    named = [each.resolve() for each in (path, *outputs) if each]
    if len(named) > len(set(named)) or any(
        each.exists() and each.samefile(path) for each in named[1:] if path.exists()
    ):
        raise Refused("one_file", "The file that is read, the rejects and the receipts must be different files.")


def discard(path: Path) -> None:
    """Removes a file of ours in which nothing was written; a device, a pipe or a link that somebody named for it is not
    ours.
    """
    if path.is_file() and not path.is_symlink():
        path.unlink()


def line(value: object) -> str:
    """One line of JSON."""
    return json.dumps(value, ensure_ascii=False) + "\n"
