"""Logs: one line of JSON an entry, to standard error, with ids, codes and counts. Never a name, an identifier or a text of a citizen."""

import logging
import sys

import structlog

from models.settings import settings


def configure() -> None:
    """Sets up structlog, and Dramatiq's own loggers beside it at warning."""
    level = getattr(logging, settings().log_level.upper(), logging.INFO)
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr, format='{"level":"%(levelname)s","logger":"%(name)s","event":"%(message)s"}')
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
