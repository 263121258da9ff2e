"""Commands for auditors: anchors, and what is checked against them."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from models import clock
from models.database import scalar, snapshot, transaction
from models.errors import Refused
from models.settings import settings
from sijil.acting import in_role, name_of, servers_for
from sijil.audit_view import Sought, as_object, lines_of
from sijil.commands.arguments import Name, day
from sijil.commands.history import After, interrupted
from sijil.embedded import needed_servers
from sijil.output import Json, print_result
from workflows.audit.acts import Act, Purpose
from workflows.audit.export import Order, require_empty
from workflows.audit.export import export as export_all
from workflows.audit.sealing import seal_all, seal_for
from workflows.audit.search import PAGE, Wanted, actors_of
from workflows.audit.search import search as search_audit
from workflows.history import audit
from workflows.staff.guard import Acting
from workflows.staff.noting import Doing, note_reading
from workflows.staff.signatures import OPERATOR, sign

app = typer.Typer()
audit_app = typer.Typer(
    no_args_is_help=True, help="Seals the history with anchors outside the database, and checks it against them."
)
app.add_typer(audit_app, name="audit")
Anchors = Annotated[
    Path | None, typer.Option(help="Where the anchors are. Default: SIJIL_ANCHORS, or `anchors` in SIJIL_HOME.")
]
Since = Annotated[datetime | None, typer.Option(metavar="DAY", parser=day, help="From this day or moment on.")]
Until = Annotated[datetime | None, typer.Option(metavar="DAY", parser=day, help="Before this day or moment.")]
Why = Annotated[Purpose, typer.Option("--purpose", help="Why: the audit of the audit keeps it.")]


@audit_app.command("anchor")
def anchor(
    anchors: Anchors = None,
    accept_loss: Annotated[
        str,
        typer.Option(
            metavar="REASON",
            help="Why anchored events are gone from the database. `audit verify` prints it for ever: no names.",
        ),
    ] = "",
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Writes the heads that moved since the last anchor into a file. The supervisor does it daily."""
    with servers_for("accept_loss" if accept_loss else "check_history", name) as who:
        acceptance = audit.Acceptance(accept_loss, accepted_by(name_of(who, "operator"))) if accept_loss else None
        seal_all()
        path = audit.anchor_by_ranges(transaction, anchors or settings().anchors_folder(), clock.now(), acceptance)
    print_result(
        {"anchor": str(path) if path else None}, as_json, str(path) if path else "nothing moved since the last anchor"
    )


def accepted_by(name: str) -> str:
    """The pseudonym of who accepts a loss."""
    with transaction() as connection:
        return sign(connection, OPERATOR, name)


@audit_app.command("verify")
def verify(
    anchors: Anchors = None,
    since: Annotated[
        int | None,
        typer.Option(metavar="ANCHOR", help="Only cases that moved since the anchor of this number."),
    ] = None,
    after: After = None,
    as_json: Json = False,
) -> None:
    """Checks every event, every chain and every anchor; exit code 1 where history was changed."""
    folder = anchors or settings().anchors_folder()
    if anchors and not anchors.is_dir():
        raise Refused("no_folder", f"There is no folder {anchors}. Name the folder of the anchors with --anchors.")
    found = audit.AuditReport(upto=after or 0)
    with servers_for("check_history"):
        stopped = interrupted(found, lambda: audit.verify_by_ranges(snapshot, folder, found, since))
    lines = found.lines()
    if not found.anchors:
        lines.append(
            f"There is no anchor in {folder}: nothing outside the database confirms it. Write one: sijil audit anchor"
        )
    if stopped:
        lines.append(f"Stopped after case {found.upto}. Go on: sijil audit verify --after {found.upto}")
    print_result({**found.summary(), "stopped": stopped}, as_json, *lines)
    raise typer.Exit(1 if found.broken or stopped else 0)


@audit_app.command("export")
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    anchors: Anchors = None,
    with_facts: Annotated[
        bool, typer.Option("--with-facts", help="With what was declared, and what registers said: personal data.")
    ] = False,
    purpose: Why = Purpose.AUDIT,
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Writes history and audit into files, with a program that checks them: python DIR/verify.py DIR."""
    require_empty(folder)
    now = clock.now()
    with needed_servers():
        with transaction() as connection:
            who, role = in_role(connection, "export_audit", name)
            detail = {"cases": scalar(connection, "select count(*) from cases"), "with_facts": with_facts}
            note_reading(connection, named(who), Doing(Act.EXPORT_AUDIT, now, (), role, purpose, detail))
        seal_all()
        lines = export_all(snapshot, Order(folder, anchors or settings().anchors_folder(), now, with_facts))
    said = [f"{name}: {count} lines" for name, count in lines.items()]
    print_result({"folder": str(folder), **lines}, as_json, *said, f"Check it: python {folder}/verify.py {folder}")


@audit_app.command("search")
def search(
    person: Annotated[str, typer.Option(metavar="IDCS", help="Who was searched for, or whose cases these are.")] = "",
    phone: Annotated[str, typer.Option(help="The same by a phone.")] = "",
    case: Annotated[str, typer.Option(metavar="REFERENCE", help="Which case: RSU-XXXX-XXXX-XXXX.")] = "",
    staff: Annotated[str, typer.Option(metavar="NAME", help="Who of the staff acted, by name or pseudonym.")] = "",
    act: Annotated[Act | None, typer.Option(metavar="CODE", help="What they did; a wrong one lists all.")] = None,
    since: Since = None,
    until: Until = None,
    before: Annotated[int | None, typer.Option(metavar="POSITION", help="Go on with what is older than this.")] = None,
    rows: Annotated[int, typer.Option(min=1, max=1000, help="How many at once.")] = PAGE,
    purpose: Why = Purpose.AUDIT,
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Shows who read or did what, to which records, when and why: the newest first. The search itself is noted."""
    with needed_servers():
        seal_for(1)
        with transaction() as connection:
            who, role = in_role(connection, "read_audit", name)
            lists = Sought(connection, person, phone, case).lists()
            actors = actors_of(staff) if staff else []
            wanted = Wanted(act, since, until, actors, *lists, before=before, rows=rows)
            found = search_audit(connection, wanted)
            detail = {"entries": len(found), "by_staff": bool(staff)}
            doing = Doing(Act.READ_AUDIT, clock.now(), wanted.case_ids, role, purpose, detail)
            note_reading(connection, named(who), doing, wanted.persons)
    shown = {"entries": [as_object(each) for each in found], "more": len(found) == rows}
    print_result(shown, as_json, *lines_of(found, rows))


def named(who: Acting) -> Acting:
    """Who looks, under the name by which the audit knows them."""
    return replace(who, name=name_of(who, OPERATOR))
