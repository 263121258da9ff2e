"""Commands for officers who enrol people: file an enrolment, list, show, complete, confirm, and tell people apart."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from models import clock
from models.database import Connection, transact, transaction
from notifications.notices import notices
from sijil.acting import in_role, in_role_at, name_of, note_list, note_look, reader_of
from sijil.commands.arguments import Name, Reference
from sijil.commands.handed_in import body_in, print_receipt
from sijil.embedded import needed_servers
from sijil.enrolment_view import enrolment_details, enrolment_line, enrolment_summary, may_act
from sijil.output import Json, print_result
from tasks.wake import wake_after_answer, wake_after_intake
from workflows.bodies import reading
from workflows.bodies.enrolment import EnrolmentRequest
from workflows.bodies.fields import Idcs
from workflows.casework.answers import AnswerResult
from workflows.casework.enrolling import (
    Deed,
    Filing,
    Officer,
    act_on_enrolment,
    attestation,
    confirmation,
    file_enrolment,
    verdict,
)
from workflows.casework.enrolment_view import (
    BY_OFFICERS,
    enrolment_of_reference,
    enrolments_with_people,
    with_both_sides,
)
from workflows.intake.submit import Accepted
from workflows.staff.roles import POPULATION_OFFICER, Territory
from workflows.staff.signatures import names_of
from workflows.staff.territories import within
from workflows.stages.confirm_enrolment import RETURNED

app = typer.Typer()
enrolments_app = typer.Typer(
    no_args_is_help=True,
    help="Enrols people one by one, with two officers: files an enrolment, lists those that wait, shows one, acts on "
    "it. For a whole file of persons: enrol.",
)
app.add_typer(enrolments_app, name="enrolments")
Version = Annotated[
    int | None,
    typer.Option(help="The version that you looked at; the command refuses if the enrolment moved on since."),
]
Seen = Annotated[
    list[str],
    typer.Option(
        "--seen", metavar="IDCS", help="Somebody who vouches, at whom and at whose card you looked; may be repeated."
    ),
]
Stage = Annotated[
    Literal["pre_enrolled", "attested", "possible_duplicate"] | None,
    typer.Option(help="Only those of this stage. Default: those that wait for an officer."),
]


@enrolments_app.command("file")
def file_at_desk(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="The enrolment in JSON, as for the API; - reads it here."),
    ],
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Files an enrolment at a desk. Prints its receipt, which is for whoever asked.

    It waits for `enrolments complete`.
    """
    sent = body_in(file, EnrolmentRequest, "enrolment")

    def record(connection: Connection) -> Accepted:
        who, role = in_role_at(connection, "file_enrolment", Territory(sent.region, sent.province), name)
        return file_enrolment(connection, Filing(sent, officer=name_of(who), role=role), clock.now(), notices)

    with needed_servers():
        accepted = transact(record)
        if not accepted.repeated:
            wake_after_intake()
    print_receipt(accepted, "enrolment", as_json)


@enrolments_app.command("list")
def list_enrolments(
    limit: Annotated[int, typer.Option(min=1, help="How many to show, those that wait longest first.")] = 20,
    stage: Stage = None,
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Lists the enrolments that wait for an officer, those that wait longest first; not those of other offices."""
    with needed_servers(), transaction() as connection:
        reading = in_role(connection, "read_queue", name)
        stages = (stage,) if stage else BY_OFFICERS
        count, files = enrolments_with_people(connection, limit, within(reading.who, "read_queue"), stages)
        note_list(connection, reading, "enrolments", [each.id for each in files])
    lines = [enrolment_line(each) for each in files]
    if count > len(files):
        lines.append(f"and {count - len(files)} more (--limit)")
    shown = {"waiting": count, "enrolments": [enrolment_summary(each) for each in files]}
    print_result(shown, as_json, *(lines or ["no enrolment waits for an officer"]))


@enrolments_app.command("show")
def show_enrolment(reference: Reference, name: Name = "", as_json: Json = False) -> None:
    """Shows one enrolment: what it declares, who vouches as the register has them, the enrolled people who look alike,
    and the commands that you can give.

    It shows personal data.
    """
    with needed_servers(), transaction() as connection:
        reader = reader_of(connection, "read_case", name, reference)
        view = enrolment_of_reference(connection, reference)
        if may_act(view, reader):
            view = with_both_sides(connection, view, reader.who.name, clock.now())
        note_look(connection, reader, persons=view.persons_seen)
        names = names_of(connection, [view.attested_by])
    shown, lines = enrolment_details(view, names, reader)
    print_result(shown, as_json, *lines)


@enrolments_app.command("complete")
def complete(
    reference: Reference,
    file: Annotated[
        Path | None,
        typer.Option(help="The enrolment as the papers say it, in JSON; - reads it here. Without: as it was sent."),
    ] = None,
    seen: Seen = [],  # noqa: B006 - nobody changes it
    name: Name = "",
    version: Version = None,
    as_json: Json = False,
) -> None:
    """Attests, as an officer who has the person and the papers before them, what an enrolment says.

    A second officer confirms it. Whoever vouches is shown by `enrolments show`, as the register has them; name each
    whose card and person you compared with that by --seen.
    """
    looked_at = [reading.text(Idcs, each, "--seen") for each in seen]
    deed = attestation(body_in(file, EnrolmentRequest, "enrolment") if file else None, looked_at)
    do(deed, Officer(reference, name, version=version), as_json)


@enrolments_app.command("confirm")
def confirm(reference: Reference, name: Name = "", version: Version = None, as_json: Json = False) -> None:
    """Confirms what a colleague attested. Nobody who looks alike: the person gets an identifier within seconds."""
    do(confirmation(), Officer(reference, name, version=version), as_json)


@enrolments_app.command("return")
def give_back(
    reference: Reference,
    reason: Annotated[str, typer.Option(help=f"Why, as a code: {', '.join(RETURNED)}.")],
    name: Name = "",
    version: Version = None,
    as_json: Json = False,
) -> None:
    """Gives back what a colleague attested: the person is asked to come to the centre again."""
    do(confirmation(reason), Officer(reference, name, version=version), as_json)


@enrolments_app.command("another")
def another(reference: Reference, name: Name = "", version: Version = None, as_json: Json = False) -> None:
    """Says that none of the enrolled people who look alike is this person."""
    do(verdict(), Officer(reference, name, version=version), as_json)


@enrolments_app.command("same")
def same(
    reference: Reference,
    idcs: Annotated[str, typer.Option(help="The identifier of who is the same.")],
    name: Name = "",
    version: Version = None,
    as_json: Json = False,
) -> None:
    """Says that this person is enrolled already. The enrolment ends; the identifier is told at the desk alone."""
    do(verdict(idcs), Officer(reference, name, version=version), as_json)


def do(deed: Deed, given: Officer, as_json: bool) -> None:
    """Records the act of who may do it, wakes who has work by it, and says where the enrolment stands."""

    def record(connection: Connection) -> AnswerResult:
        who, role = in_role(connection, deed.act, given.name, given.reference)
        officer = Officer(given.reference, name_of(who), role or POPULATION_OFFICER, given.version)
        return act_on_enrolment(connection, officer, deed, clock.now(), notices)

    with needed_servers():
        now = transact(record)
        wake_after_answer(now.queues)
    line = f"{now.event}: the enrolment is '{now.stage}' now (version {now.version})."
    print_result({"event": now.event, "stage": now.stage, "version": now.version}, as_json, line)
