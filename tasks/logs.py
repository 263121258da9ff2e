"""Logs: each entry is one line of JSON on standard error, with ids, codes and counts.

No entry holds a name, an identifier or a text of a citizen.
"""

import json
import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog

from models.errors import describe
from models.settings import settings


class JsonFormatter(logging.Formatter):
    """Writes a library's entries in our form.

    It names an exception's class and place only: its text, and that of its traceback, may quote a name.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        entry = {"level": record.levelname.lower(), "logger": record.name, "event": record.getMessage()}
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            entry |= describe(error)._asdict()
        return json.dumps(entry, ensure_ascii=False)


class LossyStream:
    """Standard error, but an entry that cannot be written is lost, and the program goes on."""

    def __init__(self, file: TextIO) -> None:
        self.file = file

    def write(self, text: str) -> None:
        """Writes the text, if it can be written."""
        with suppress(OSError, ValueError):  # a full disk, a broken pipe; a closed file, half of a character
            self.file.write(text)

    def flush(self) -> None:
        """Flushes the file, if it can be flushed."""
        with suppress(OSError, ValueError):
            self.file.flush()


def configure_logs() -> None:
    """Sets up structlog at the level of the settings, and the libraries' loggers (above all Dramatiq's) at warning."""
    level = logging.getLevelNamesMapping()[settings().log_level.upper()]
    others = logging.StreamHandler(sys.stderr)
    others.setFormatter(JsonFormatter())
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[others])
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, LossyStream(sys.stderr))),
        cache_logger_on_first_use=True,
    )
