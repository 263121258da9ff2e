"""Commands for the population register as a service of its own: tables, persons, keys, and who asked about whom."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from models import clock
from models.database import snapshot, transaction
from models.errors import Refused
from models.migrate import current_version, upgrade
from models.settings import private_file
from sijil.acting import in_role, name_of, staff_may
from sijil.commands.data import File, Rejects, default_rejects, explain_interrupt, print_summary, show_progress
from sijil.commands.life_events import event_app, register_database
from sijil.commands.partners import partner_app
from sijil.embedded import population_database
from sijil.output import Json, print_result
from workflows.audit.acts import Act, Purpose
from workflows.audit.pseudonyms import IDCS, person
from workflows.identifiers.typed import require_identifier
from workflows.intake.files.textfiles import open_to_read, refuse_unwritable
from workflows.population.checking import breaks
from workflows.population.lookers import asked_about
from workflows.population.signatures import new_key
from workflows.registers.enrol import enrol_file
from workflows.staff.noting import Doing, note_reading
from workflows.staff.signatures import OPERATOR

app = typer.Typer()
population_app = typer.Typer(
    no_args_is_help=True, help="Keeps the population register that `sijil serve --only population` serves."
)
app.add_typer(population_app, name="population")
population_app.add_typer(partner_app, name="partner")
population_app.add_typer(event_app, name="event")


@population_app.command("key")
def key(
    file: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, help="Where to write the private key.")],
    as_json: Json = False,
) -> None:
    """Makes a pair of keys for a partner: the private one into FILE, for you alone, the public one into FILE.pub."""
    public = file.with_name(f"{file.name}.pub")
    for each in (file, public):
        if each.exists():
            raise Refused("file_exists", f"{each} is there already: a key is never written over.")
    made = new_key()
    with refuse_unwritable(file):
        private_file(file, json.dumps(made.as_dict(private=True))).replace(file)
        public.write_text(json.dumps(made.as_dict(private=False)) + "\n", encoding="utf-8")
    said = f"{public} is for the register: sijil population partner add NAME --key {public}"
    print_result({"kid": made.kid, "private": str(file), "public": str(public)}, as_json, f"kid {made.kid}", said)


@population_app.command("migrate")
def migrate(as_json: Json = False) -> None:
    """Brings the tables of the register's own database up to date."""
    with population_database(migrate=False):
        changed, version = upgrade(), current_version()
    print_result({"migrated": changed, "version": version}, as_json)


@population_app.command("import")
def import_persons(file: File, rejects: Rejects = None, as_json: Json = False) -> None:
    """Adds the persons of a file, NDJSON or CSV, to the register's own database, as `sijil enrol` does locally."""
    with open_to_read(file):
        pass  # a file that cannot be read is reported before a server is started for it
    with population_database(), explain_interrupt():
        with transaction() as connection:
            staff_may(connection, "enrol")
        found = enrol_file(file, rejects or default_rejects(file), show_progress)
    print_summary(found, ("enrolled", "known"), rejects or default_rejects(file), as_json)


@population_app.command("verify")
def verify(as_json: Json = False) -> None:
    """Checks the feed of life events: each position, its hash, and what stood there before. Exit code 1 for a break."""
    with register_database():
        with transaction() as connection:
            staff_may(connection, "check_history")
        found = list(breaks(snapshot))
    print_result({"breaks": found}, as_json, *(found or ["every position is as it was sealed"]))
    if found:
        raise typer.Exit(1)


@population_app.command("asked")
def asked(
    idcs: Annotated[str, typer.Argument(metavar="IDCS", help="The person's identifier.")], as_json: Json = False
) -> None:
    """Shows who asked about a person, when and why, for the person to be told. That is noted, too."""
    digits = require_identifier(idcs)
    with register_database(), transaction() as connection:
        who, role = in_role(connection, "read_questions")
        found = asked_about(connection, digits)
        doing = Doing(Act.READ_QUESTIONS, clock.now(), role=role, purpose=Purpose.PERSON)
        note_reading(connection, replace(who, name=name_of(who, OPERATOR)), doing, [person(IDCS, digits)])
    lines = [f"{each.at:%F %H:%M} {each.partner}  {each.what}  {each.purpose}  {each.basis}" for each in found]
    print_result({"questions": [each._asdict() for each in found]}, as_json, *(lines or ["nobody asked"]))
