"""Logs: one line of JSON an entry, to standard error, with ids, codes and counts.

Never a name, an identifier or a text of a citizen.
"""

import json
import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog

from models.errors import describe
from models.settings import settings


class OneLine(logging.Formatter):
    """A library's entry in our form.

    Of an exception its class and place alone: its text, and a traceback's, may quote a name.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        entry = {"level": record.levelname.lower(), "logger": record.name, "event": record.getMessage()}
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            entry |= describe(error)._asdict()
        return json.dumps(entry, ensure_ascii=False)


class Lossy:
    """Standard error as our entries go there.

    Where it is full or nobody reads it any more, they are lost, and what was to be told goes on.
    """

    def __init__(self, file: TextIO) -> None:
        self.file = file

    def write(self, text: str) -> None:
        """Writes what can be written."""
        with suppress(OSError, ValueError):  # a full disk, a broken pipe; a closed file, half of a character
            self.file.write(text)

    def flush(self) -> None:
        """The same."""
        with suppress(OSError, ValueError):
            self.file.flush()


def configure_logs() -> None:
    """Sets up structlog, and the libraries' own loggers (Dramatiq's above all) beside it, at warning."""
    level = logging.getLevelNamesMapping()[settings().log_level.upper()]
    others = logging.StreamHandler(sys.stderr)
    others.setFormatter(OneLine())
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[others])
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, Lossy(sys.stderr))),
        cache_logger_on_first_use=True,
    )
