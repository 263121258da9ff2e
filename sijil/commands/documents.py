"""Commands for the owner of the installation: the keys that guard the documents of households."""

from typing import Annotated

import typer

from models import clock
from models.database import transact, transaction
from models.settings import settings
from sijil.acting import signed
from sijil.commands.arguments import Name
from sijil.embedded import needed_servers
from sijil.output import Json, print_result
from workflows.audit.acts import Act, Purpose
from workflows.documents.sealing import newest_key_id
from workflows.documents.storing import count_of_older_keys, rotate
from workflows.staff.noting import Doing, sign_act
from workflows.staff.signatures import OPERATOR

BATCH = 200  # documents of one transaction

app = typer.Typer()
documents_app = typer.Typer(no_args_is_help=True, help="Changes the keys that guard the documents of households.")
app.add_typer(documents_app, name="documents")


@documents_app.callback()
def group() -> None:
    """Changes the keys that guard the documents of households."""


@documents_app.command("rotate")
def rotate_keys(
    new_key: Annotated[
        bool,
        typer.Option("--new-key", help="First make a new key, where the keys are kept in SIJIL_HOME."),
    ] = False,
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Wraps the key of every document by the newest key, in batches; stopped, it goes on when it is run again."""
    with needed_servers():
        with transaction() as connection:
            by = signed(connection, "rotate_keys", name, otherwise="operator")
            doing = Doing(Act.ROTATE_KEYS, clock.now(), role="owner", purpose=Purpose.OPERATION)
            sign_act(connection, OPERATOR, by, doing)
        if new_key:
            settings().add_document_key()
        done = 0
        while batch := transact(lambda connection: rotate(connection, BATCH)):
            done += batch
        with transaction() as connection:
            left = count_of_older_keys(connection)
    newest = newest_key_id()
    lines = [f"{done} documents are wrapped by the key '{newest}' now; {left} wait for an older one."]
    lines += [] if left else ["The older keys are needed by backups alone."]
    print_result({"rotated": done, "left": left, "key": newest}, as_json, *lines)
    raise typer.Exit(1 if left else 0)
