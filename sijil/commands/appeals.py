"""Commands for the staff who take and examine appeals: lodge, list, show, take one, ask, find, agree, and the rest."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from models import clock
from models.database import transact, transaction
from models.errors import Refused
from notifications.notices import notices
from sijil.appeal_commands import ANYBODY
from sijil.appeal_view import Shown, actors, appeal_details, appeal_line, appeal_summary
from sijil.commands.arguments import Reference
from sijil.commands.handed_in import body_in, print_receipt, text_in
from sijil.embedded import needed_servers
from sijil.output import Json, print_result, program
from tasks.wake import wake_after_answer, wake_after_intake
from workflows.appeals.reasons import ASKED, REJECTED, RETURNED, UPHELD
from workflows.bodies.appeal import AppealBody, AppealRequest
from workflows.casework import examining
from workflows.casework.appeal_view import appeal_of_reference, appeals_with_people, kept_since
from workflows.casework.appeals import Lodging, lodge
from workflows.casework.contested import basis_of
from workflows.casework.examining import Act, Staff
from workflows.casework.same_cause import Order, order_reviews, sharing
from workflows.events.appeal import Finding
from workflows.evidence import Evidence
from workflows.staff.signatures import OFFICER, names_of, pseudonym

app = typer.Typer()
appeals_app = typer.Typer(
    no_args_is_help=True, help="Lodges an appeal, lists those that wait for people, shows one, and acts on it."
)
app.add_typer(appeals_app, name="appeals")
Role = Literal["caseworker", "supervisor", "commission"]
Name = Annotated[str, typer.Option("--as", help="Your name; the history keeps a pseudonym of it.")]
InRole = Annotated[Role, typer.Option("--role", help="In which role you act.")]
Version = Annotated[
    int | None, typer.Option(help="The version that you looked at; the command refuses if the appeal moved on since.")
]
FIRST_OF_SAME_CAUSE = 20  # households that are shown


@appeals_app.command("list")
def list_appeals(
    limit: Annotated[int, typer.Option(min=1, help="How many to show, those whose term ends first.")] = 20,
    name: Annotated[str, typer.Option("--as", help="Your name: leaves out those that you may not decide.")] = "",
    as_json: Json = False,
) -> None:
    """Lists the appeals that wait for people, those whose term ends first."""
    with needed_servers(), transaction() as connection:
        count, listed = appeals_with_people(connection, limit)
        views = [view for view in listed if not name or pseudonym(OFFICER, name) not in view.may_not]
        names = names_of(connection, [actor for view in views for actor in actors(view)])
    lines = [appeal_line(view, names) for view in views]
    if len(listed) > len(views):
        lines.append(f"left out because you may not decide them: {len(listed) - len(views)}")
    if count > len(listed):
        lines.append(f"and {count - len(listed)} more (--limit)")
    print_result(
        {"waiting": count, "appeals": [appeal_summary(view, names) for view in views]},
        as_json,
        *(lines or ["no appeal waits for people"]),
    )


@appeals_app.command("show")
def show_appeal(reference: Reference, name: Name = ANYBODY, as_json: Json = False) -> None:
    """Shows one appeal: the contested decision, what it rests on, the contested values, what the household says, and
    the commands that you can give.

    It shows personal data.
    """
    with needed_servers(), transaction() as connection:
        view = appeal_of_reference(connection, reference)
        basis = basis_of(connection, view.appeal)
        declared = basis.declared
        names = names_of(connection, actors(view))
        same_cause = sharing(connection, view, FIRST_OF_SAME_CAUSE) if declared else (0, [])
        kept = kept_since(connection, view, declared) if declared else []
    shown, lines = appeal_details(Shown(view, basis, names, name, same_cause, kept))
    print_result(shown, as_json, *lines)


@appeals_app.command("lodge")
def lodge_at_desk(
    reference: Reference,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="The appeal in JSON, as for the API without reference and secret; - reads it here."
        ),
    ],
    name: Name,
    as_json: Json = False,
) -> None:
    """Lodges an appeal at a desk, against a decision on the case of REFERENCE.

    Prints the appeal's own receipt, which is the household's.
    """
    said = body_in(file, AppealRequest, "appeal")
    lodging = Lodging(AppealBody(**dict(said), reference=reference, secret=""), officer=name)
    with needed_servers():
        accepted = transact(lambda connection: lodge(connection, lodging, clock.now(), notices))
        if not accepted.repeated:
            wake_after_intake()
    print_receipt(accepted, "appeal", as_json)


@appeals_app.command("assign")
def assign(
    reference: Reference,
    name: Name,
    to: Annotated[str, typer.Option(help="To whom a supervisor gives it; without, you take it yourself.")] = "",
    role: InRole = "caseworker",
    version: Version = None,
    as_json: Json = False,
) -> None:
    """Takes an appeal that waits or that a colleague holds; or gives it to somebody, as a supervisor."""
    staff = Staff(reference, name, role, version)
    do(staff, examining.assignment(staff, to), as_json)


@appeals_app.command("hand-back")
def hand_back(
    reference: Reference, name: Name, role: InRole = "caseworker", version: Version = None, as_json: Json = False
) -> None:
    """Gives an appeal back that you hold: it waits for anybody again. Its term goes on."""
    staff = Staff(reference, name, role, version)
    do(staff, examining.hand_back(staff), as_json)


@appeals_app.command("ask")
def ask(
    reference: Reference,
    asked: Annotated[list[str], typer.Option("--for", help=f"What is needed, repeatable: {', '.join(ASKED)}.")],
    name: Name,
    role: InRole = "caseworker",
    version: Version = None,
    as_json: Json = False,
) -> None:
    """Asks the household for all information that is needed, at once: a second time only a supervisor may."""
    staff = Staff(reference, name, role, version)
    do(staff, examining.request(staff, asked), as_json)


@appeals_app.command("add")
def add(
    reference: Reference,
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="The text, UTF-8, 2,000 characters at most; - is stdin.")
    ],
    name: Name,
    version: Version = None,
    as_json: Json = False,
) -> None:
    """Adds what the household says at a desk, in its own words; it also answers what was asked."""
    staff = Staff(reference, name, "caseworker", version)
    do(staff, examining.text_at_desk(text_in(path)), as_json)


@appeals_app.command("propose")
def propose(
    reference: Reference,
    name: Name,
    uphold: Annotated[
        list[str] | None, typer.Option(help=f"PATH=REASON, for each value that is upheld: {', '.join(UPHELD)}.")
    ] = None,
    reject: Annotated[
        list[str] | None, typer.Option(help=f"PATH=REASON, for each that is rejected: {', '.join(REJECTED)}.")
    ] = None,
    second: Annotated[str, typer.Option(help="In the commission: the other member who decides.")] = "",
    role: InRole = "caseworker",
    version: Version = None,
    as_json: Json = False,
) -> None:
    """Says what is to be decided on each contested value; on a decision that rests on none, PATH is 'decision'.

    What is upheld whole is decided at once. To reject, or to uphold in part, is a proposal: a second person agrees.
    """
    staff = Staff(reference, name, role, version)
    findings = [*(finding(each, True) for each in uphold or ()), *(finding(each, False) for each in reject or ())]
    do(staff, examining.verdict(staff, findings, second), as_json)


def finding(given: str, upheld: bool) -> Finding:
    """A finding as it is typed. Raises Refused where it is none."""
    path, equals, reason = given.partition("=")
    if not (path and equals and reason):
        raise Refused("not_valid", f"'{given}' is no finding: it looks like bills.telecom=document_shows_it.")
    return Finding(path, upheld, reason)


@appeals_app.command("agree")
def agree(
    reference: Reference, name: Name, role: InRole = "caseworker", version: Version = None, as_json: Json = False
) -> None:
    """Agrees with the decision that a colleague proposed, so that it is decided."""
    staff = Staff(reference, name, role, version)
    do(staff, examining.agreement(staff), as_json)


@appeals_app.command("return")
def give_back(
    reference: Reference,
    reason: Annotated[str, typer.Option(help=f"Why, as a code: {', '.join(RETURNED)}.")],
    name: Name,
    role: InRole = "caseworker",
    version: Version = None,
    as_json: Json = False,
) -> None:
    """Gives a proposed decision back to who proposed it, with a reason."""
    staff = Staff(reference, name, role, version)
    do(staff, examining.agreement(staff, reason), as_json)


@appeals_app.command("escalate")
def escalate(
    reference: Reference, name: Name, role: InRole = "caseworker", version: Version = None, as_json: Json = False
) -> None:
    """Sends an appeal to the commission, as a supervisor. It comes back no more."""
    staff = Staff(reference, name, role, version)
    do(staff, examining.escalation(staff), as_json)


@appeals_app.command("retry")
def retry(
    reference: Reference, name: Name, role: InRole = "caseworker", version: Version = None, as_json: Json = False
) -> None:
    """Tries again to correct the entry of an upheld appeal whose correction did not come about."""
    staff = Staff(reference, name, role, version)
    do(staff, examining.retry(staff), as_json)


@appeals_app.command("review")
def review(reference: Reference, name: Name, role: InRole = "supervisor", as_json: Json = False) -> None:
    """Opens the review of every household that shares the cause of an upheld appeal, as a supervisor.

    Run twice, it opens those that are new since: each household is reviewed once for an appeal.
    """
    order, opened = Order(reference, name, role), 0
    with needed_servers():
        while more := transact(lambda connection: order_reviews(connection, order, clock.now(), notices)):
            opened += more
            wake_after_intake()
    line = f"{opened} reviews opened: a caseworker sees each in `{program()} reviews list`."
    print_result({"opened": opened}, as_json, line if opened else "no review opened: every one was opened before")


def do(staff: Staff, form: Callable[[Act], Evidence], as_json: bool) -> None:
    """Records the act, wakes who has work by it, and says where the appeal stands."""
    with needed_servers():
        now = transact(lambda connection: examining.act_on_appeal(connection, staff, form, clock.now(), notices))
        wake_after_answer(now.queues)
    line = f"{now.event}: the appeal is '{now.stage}' now (version {now.version})."
    print_result({"event": now.event, "stage": now.stage, "version": now.version}, as_json, line)
