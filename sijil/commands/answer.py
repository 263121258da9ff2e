"""The command of officers for what a citizen answers at a desk, without the secret of the receipt."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from models import clock
from models.database import Connection, transact
from notifications.notices import notices
from sijil.acting import signed
from sijil.commands.arguments import Name, Reference
from sijil.commands.handed_in import body_in, text_in
from sijil.embedded import needed_servers
from sijil.output import Json, print_result
from tasks.wake import wake_after_answer
from workflows.bodies.declaration import Declaration
from workflows.casework.answers import AnswerResult, CitizenAnswer, answer_of_citizen

app = typer.Typer()
Kind = Literal["correction", "statement", "withdrawal", "reopening", "escalation"]
KindGiven = Annotated[
    Kind, typer.Argument(metavar="KIND", help="correction, statement, withdrawal, reopening or escalation.")
]
WITH_FILE = ("correction", "statement")  # what these say stands in a file


@app.command("answer")
def answer(
    reference: Reference,
    kind: KindGiven,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="Of a correction the whole declaration in JSON, of a statement its text in UTF-8; - reads it here.",
        ),
    ] = None,
    name: Name = "",
    version: Annotated[
        int | None, typer.Option(help="The version that you looked at; the command refuses if the case moved on since.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Records what a citizen answers at a desk: corrects a case, chooses in a conflict, is heard, withdraws, reopens.

    Or asks for the commission in an overdue appeal: tell the household first that two members decide then, in a term of
    their own, and that it goes there by itself if the supervisor does not decide.

    It needs no secret: the officer knows the citizen, and the history names the officer by a pseudonym.
    """
    given = CitizenAnswer(reference, "", kind, version, *said_in(kind, file))
    with needed_servers():
        now = transact(lambda connection: record(connection, given, name))
        wake_after_answer(now.queues)
    line = f"{now.event}: the case is '{now.stage}' now (version {now.version})."
    print_result({"event": now.event, "stage": now.stage, "version": now.version}, as_json, line)


def record(connection: Connection, given: CitizenAnswer, name: str) -> AnswerResult:
    """Records the answer, which who acts takes. Raises what `answer_of_citizen` raises."""
    officer = signed(connection, "take_answer", name, given.reference)
    return answer_of_citizen(connection, replace(given, officer=officer), clock.now(), notices)


def said_in(kind: Kind, file: Path | None) -> tuple[Declaration | None, str | None]:
    """The declaration of a correction, or the text of a statement. Raises BadParameter for a file too many or few."""
    if (file is None) == (kind in WITH_FILE):
        raise typer.BadParameter(f"A {kind} {'takes no' if file else 'needs a'} FILE.")
    if file is None:
        return None, None
    return (body_in(file, Declaration, "declaration"), None) if kind == "correction" else (None, text_in(file))
