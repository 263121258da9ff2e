"""What a household hands in at a desk, from a file or from standard input; and the receipt that it gets for it."""

import sys
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from models.errors import Refused
from sijil.acting import kept_token
from sijil.output import print_result
from workflows.bodies import reading
from workflows.bodies.fields import Statement
from workflows.intake.files.textfiles import open_to_read
from workflows.intake.submit import Accepted

STANDARD_INPUT = Path("-")
LONGEST_TEXT = 1 << 16  # bytes that are read of a text; one of a person is shorter
Model = TypeVar("Model", bound=BaseModel)


def body_in(file: Path, model: type[Model], what: str) -> Model:
    """The body in a file of JSON. Raises Refused with a problem for each bad field."""
    raw = bytes_of(file)
    try:
        return reading.from_json(model, reading.utf8(raw))
    except Refused as refused:
        name = "standard input" if file == STANDARD_INPUT else file
        said = f"{name} holds no valid {what}; docs/formats.md has its fields:"
        raise Refused(refused.code, said, problems=refused.problems) from None


def text_in(file: Path) -> str:
    """What a household says, in a file. Raises Refused where it cannot be read, is not UTF-8, or too long."""
    return reading.text(Statement, reading.utf8(bytes_of(file, LONGEST_TEXT)), "FILE")


def bytes_of(file: Path, most: int = -1) -> bytes:
    """What a file holds, or standard input; so many bytes of it at most."""
    if file == STANDARD_INPUT:
        return sys.stdin.buffer.read(most)
    with open_to_read(file) as opened:
        return opened.read(most)


def print_receipt(accepted: Accepted, what: str, as_json: bool) -> None:
    """Prints the receipt of what was filed, which is the household's.

    An account sees a secret once, as the receipt is made: only the owner of the installation computes it again.
    """
    if accepted.repeated and kept_token() is not None:
        lines = [
            f"{accepted.reference}: the {what} was filed before. Its secret was given out then; nobody shows it again."
        ]
        print_result({"reference": accepted.reference, "repeated": True}, as_json, *lines)
        return
    lines = [
        f"{accepted.reference}: the {what} was filed before; the same receipt."
        if accepted.repeated
        else f"{accepted.reference}: the {what} is filed.",
        f"Secret of its receipt: {accepted.secret}. Give both to whoever declared it, and to nobody else.",
    ]
    receipt = {"reference": accepted.reference, "secret": accepted.secret, "repeated": accepted.repeated}
    print_result(receipt, as_json, *lines)
