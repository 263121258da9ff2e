"""Commands for the staff who take and examine appeals: lodge, list, show, take one, ask, find, agree, and the rest."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import typer

from models import clock
from models.database import Connection, transact, transaction
from models.errors import Refused
from notifications.notices import notices
from sijil.acting import colleague, in_role, name_of, note_list, note_look, reader_of, signed
from sijil.appeal_view import Shown, actors, appeal_details, appeal_line, appeal_summary
from sijil.commands.arguments import Name, Reference
from sijil.commands.handed_in import body_in, print_receipt, text_in
from sijil.embedded import needed_servers
from sijil.output import Json, print_result, program
from tasks.wake import wake_after_answer, wake_after_intake
from workflows.appeals.holding import CASEWORKER, SUPERVISOR
from workflows.appeals.reasons import ASKED, REJECTED, RETURNED, UPHELD
from workflows.bodies.appeal import AppealBody, AppealRequest
from workflows.casework import examining
from workflows.casework.answers import AnswerResult
from workflows.casework.appeal_view import appeal_of_reference, appeals_with_people, kept_since
from workflows.casework.appeals import Lodging, lodge
from workflows.casework.contested import basis_of
from workflows.casework.examining import Act, Staff
from workflows.casework.same_cause import Order, order_reviews, sharing
from workflows.events.appeal import Finding
from workflows.evidence import Evidence
from workflows.intake.submit import Accepted
from workflows.staff.accounts import MAY_HOLD
from workflows.staff.signatures import OFFICER, names_of, pseudonym
from workflows.staff.territories import within

app = typer.Typer()
appeals_app = typer.Typer(
    no_args_is_help=True, help="Lodges an appeal, lists those that wait for people, shows one, and acts on it."
)
app.add_typer(appeals_app, name="appeals")
Form = Callable[[Act], Evidence]
Role = Literal["caseworker", "supervisor", "commission"]
InRole = Annotated[
    Role | None,
    typer.Option("--role", help="In which role you act. Default: the first of yours that may; else caseworker."),
]
Version = Annotated[
    int | None, typer.Option(help="The version that you looked at; the command refuses if the appeal moved on since.")
]
FIRST_OF_SAME_CAUSE = 20  # households that are shown


class Given(NamedTuple):
    """What every act on an appeal is typed with: the appeal, and `--as`, `--role` and `--version`."""

    reference: str
    name: str
    role: Role | None
    version: int | None


@appeals_app.command("list")
def list_appeals(
    limit: Annotated[int, typer.Option(min=1, help="How many to show, those whose term ends first.")] = 20,
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Lists the appeals that wait for people, those whose term ends first; not those of other offices, nor those that
    you may not decide.
    """
    with needed_servers(), transaction() as connection:
        reading = in_role(connection, "read_queue", name)
        who = reading.who
        count, listed = appeals_with_people(connection, limit, within(who, "read_queue"))
        views = [view for view in listed if not who.name or pseudonym(OFFICER, who.name) not in view.may_not]
        note_list(connection, reading, "appeals", [each.file.id for each in views])
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
def show_appeal(reference: Reference, name: Name = "", as_json: Json = False) -> None:
    """Shows one appeal: the contested decision, what it rests on, the contested values, what the household says, and
    the commands that you can give.

    It shows personal data.
    """
    with needed_servers(), transaction() as connection:
        reader = reader_of(connection, "read_case", name, reference)
        view = appeal_of_reference(connection, reference)
        note_look(connection, reader)
        basis = basis_of(connection, view.appeal)
        declared = basis.declared
        names = names_of(connection, actors(view))
        where = within(reader.who, "read_case")
        same_cause = sharing(connection, view, FIRST_OF_SAME_CAUSE, where) if declared else (0, [])
        kept = kept_since(connection, view, declared) if declared else []
    shown, lines = appeal_details(Shown(view, basis, names, reader, same_cause, kept))
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
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Lodges an appeal at a desk, against a decision on the case of REFERENCE.

    Prints the appeal's own receipt, which is the household's.
    """
    said = body_in(file, AppealRequest, "appeal")
    sent = AppealBody(**dict(said), reference=reference, secret="")

    def record(connection: Connection) -> Accepted:
        officer = signed(connection, "lodge_appeal", name, reference)
        return lodge(connection, Lodging(sent, officer=officer), clock.now(), notices)

    with needed_servers():
        accepted = transact(record)
        if not accepted.repeated:
            wake_after_intake()
    print_receipt(accepted, "appeal", as_json)


@appeals_app.command("assign")
def assign(
    reference: Reference,
    name: Name = "",
    to: Annotated[str, typer.Option(help="To whom a supervisor gives it; without, you take it yourself.")] = "",
    role: InRole = None,
    version: Version = None,
    as_json: Json = False,
) -> None:
    """Takes an appeal that waits or that a colleague holds; or gives it to somebody, as a supervisor."""

    def form(staff: Staff, connection: Connection) -> Form:
        return examining.assignment(staff, to and colleague(connection, to, reference, MAY_HOLD))

    do("assign_case" if to else "take_case", Given(reference, name, role, version), form, as_json)


@appeals_app.command("hand-back")
def hand_back(
    reference: Reference, name: Name = "", role: InRole = None, version: Version = None, as_json: Json = False
) -> None:
    """Gives an appeal back that you hold: it waits for anybody again. Its term goes on."""
    do("hand_back", Given(reference, name, role, version), lambda staff, _: examining.hand_back(staff), as_json)


@appeals_app.command("ask")
def ask(
    reference: Reference,
    asked: Annotated[list[str], typer.Option("--for", help=f"What is needed, repeatable: {', '.join(ASKED)}.")],
    name: Name = "",
    role: InRole = None,
    version: Version = None,
    as_json: Json = False,
) -> None:
    """Asks the household for all information that is needed, at once: a second time only a supervisor may."""
    given = Given(reference, name, role, version)
    do("ask_information", given, lambda staff, _: examining.request(staff, asked), as_json)


@appeals_app.command("add")
def add(
    reference: Reference,
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="The text, UTF-8, 2,000 characters at most; - is stdin.")
    ],
    name: Name = "",
    version: Version = None,
    as_json: Json = False,
) -> None:
    """Adds what the household says at a desk, in its own words; it also answers what was asked."""
    form = examining.text_at_desk(text_in(path))
    do("add_text", Given(reference, name, None, version), lambda *_: form, as_json)


@appeals_app.command("propose")
def propose(
    reference: Reference,
    name: Name = "",
    uphold: Annotated[
        list[str] | None, typer.Option(help=f"PATH=REASON, for each value that is upheld: {', '.join(UPHELD)}.")
    ] = None,
    reject: Annotated[
        list[str] | None, typer.Option(help=f"PATH=REASON, for each that is rejected: {', '.join(REJECTED)}.")
    ] = None,
    role: InRole = None,
    version: Version = None,
    as_json: Json = False,
) -> None:
    """Says what is to be decided on each contested value; on a decision that rests on none, PATH is 'decision'.

    What is upheld whole is decided at once. To reject, or to uphold in part, is a proposal: a second person agrees. In
    the commission all is: a second member agrees.
    """
    findings = [*(finding(each, True) for each in uphold or ()), *(finding(each, False) for each in reject or ())]
    given = Given(reference, name, role, version)
    do("propose_decision", given, lambda staff, _: examining.verdict(staff, findings), as_json)


def finding(given: str, upheld: bool) -> Finding:
    """A finding as it is typed. Raises Refused where it is none."""
    path, equals, reason = given.partition("=")
    if not (path and equals and reason):
        raise Refused("not_valid", f"'{given}' is no finding: it looks like bills.telecom=document_shows_it.")
    return Finding(path, upheld, reason)


@appeals_app.command("agree")
def agree(
    reference: Reference, name: Name = "", role: InRole = None, version: Version = None, as_json: Json = False
) -> None:
    """Agrees with the decision that a colleague proposed, so that it is decided."""
    given = Given(reference, name, role, version)
    do("agree_to_decision", given, lambda staff, _: examining.agreement(staff), as_json)


@appeals_app.command("return")
def give_back(
    reference: Reference,
    reason: Annotated[str, typer.Option(help=f"Why, as a code: {', '.join(RETURNED)}.")],
    name: Name = "",
    role: InRole = None,
    version: Version = None,
    as_json: Json = False,
) -> None:
    """Gives a proposed decision back with a reason: to who proposed it, in the commission to all its members."""
    given = Given(reference, name, role, version)
    do("return_decision", given, lambda staff, _: examining.agreement(staff, reason), as_json)


@appeals_app.command("escalate")
def escalate(
    reference: Reference, name: Name = "", role: InRole = None, version: Version = None, as_json: Json = False
) -> None:
    """Sends an appeal to the commission, as a supervisor. It comes back no more."""
    do("escalate", Given(reference, name, role, version), lambda staff, _: examining.escalation(staff), as_json)


@appeals_app.command("retry")
def retry(
    reference: Reference, name: Name = "", role: InRole = None, version: Version = None, as_json: Json = False
) -> None:
    """Tries again to correct the entry of an upheld appeal whose correction did not come about."""
    do("retry_correction", Given(reference, name, role, version), lambda staff, _: examining.retry(staff), as_json)


@appeals_app.command("review")
def review(reference: Reference, name: Name = "", role: InRole = None, as_json: Json = False) -> None:
    """Opens the review of every household that shares the cause of an upheld appeal, as a supervisor.

    It opens those of your territory. Run twice, it opens those that are new since: each household is reviewed once for
    an appeal.
    """

    def order(connection: Connection) -> int:
        who, acts_as = in_role(connection, "order_reviews", name, reference, role=role)
        ordered = Order(reference, name_of(who), acts_as or SUPERVISOR, within(who, "order_reviews"))
        return order_reviews(connection, ordered, clock.now(), notices)

    opened = 0
    with needed_servers():
        while more := transact(order):
            opened += more
            wake_after_intake()
    line = f"{opened} reviews opened: a caseworker sees each in `{program()} reviews list`."
    print_result({"opened": opened}, as_json, line if opened else "no review opened: every one was opened before")


def do(act: str, given: Given, form_of: Callable[[Staff, Connection], Form], as_json: bool) -> None:
    """Records the act of who may do it, wakes who has work by it, and says where the appeal stands."""

    def record(connection: Connection) -> AnswerResult:
        who, role = in_role(connection, act, given.name, given.reference, role=given.role)
        staff = Staff(given.reference, name_of(who), role or CASEWORKER, given.version)
        return examining.act_on_appeal(connection, staff, form_of(staff, connection), clock.now(), notices)

    with needed_servers():
        now = transact(record)
        wake_after_answer(now.queues)
    line = f"{now.event}: the appeal is '{now.stage}' now (version {now.version})."
    print_result({"event": now.event, "stage": now.stage, "version": now.version}, as_json, line)
