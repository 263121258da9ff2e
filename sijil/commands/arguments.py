"""Arguments and options that several commands take."""

from datetime import UTC, datetime
from typing import Annotated

import typer

Reference = Annotated[str, typer.Argument(metavar="REFERENCE", help="As on the receipt: RSU-XXXX-XXXX-XXXX.")]
# Where there are accounts, a shell signs in; where there are none, a name is taken for who it says that it is.
Name = Annotated[
    str,
    typer.Option(
        "--as", help="Your name, where there are no accounts; the history keeps a pseudonym. Else: staff sign-in."
    ),
]


def day(given: str) -> datetime:
    """Reads a day or a moment, in UTC where no time zone is given. Raises BadParameter for anything else."""
    try:
        moment = datetime.fromisoformat(given)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError:
        raise typer.BadParameter(f"{given!r} is no day: it looks like 2026-11-30, or 2026-11-30T14:00.") from None
