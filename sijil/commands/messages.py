"""Commands for operators: messages that were not sent. They show and change no recipient and no text."""

from collections.abc import Mapping, Sequence
from shlex import quote
from typing import Annotated, Any

import typer

from models import clock
from models.database import transaction
from models.errors import Refused
from notifications.ledger import RESENDABLE, STATUSES, Choice, count_unsent, settle, unsent_messages
from sijil.acting import name_of, servers_for
from sijil.commands.arguments import Name, Reference
from sijil.output import Json, print_progress, print_result, program
from tasks.resending import resend_all
from workflows.intake.receipts import find
from workflows.staff.territories import within

SETTLED = ("sent", "failed")

app = typer.Typer()
messages_app = typer.Typer(
    no_args_is_help=True,
    help="Lists messages that were not sent, sends them again, settles those whose result nobody knows.",
)
app.add_typer(messages_app, name="messages")
One = Annotated[
    str | None,
    typer.Argument(metavar="REFERENCE", help="Those of one application: as on the receipt, RSU-XXXX-XXXX-XXXX."),
]
Error = Annotated[str | None, typer.Option(help="Those with this error, as `messages list` shows it.")]
Template = Annotated[str | None, typer.Option(help="Those of this template, as `messages list` shows it.")]


def known_status(name: str, known: tuple[str, ...]) -> str:
    """This status, if it is a known one. Raises Refused for another."""
    if name not in known:
        raise Refused("unknown_status", f"There is no status '{name}' here. There are {', '.join(known)}.")
    return name


def choice_of(reference: str | None, statuses: tuple[str, ...], **narrowed: Any) -> Choice:
    """The messages that the options name; `narrowed` by error, template and territory.

    Raises NotFound for an unknown reference.
    """
    with transaction() as connection:
        case_id = find(connection, reference).id if reference else None
    return Choice(statuses, case_id, **narrowed)


@messages_app.command("list")
def list_messages(
    reference: One = None,
    status: Annotated[
        str | None,
        typer.Option(help=f"Only these: {', '.join(STATUSES)}. Default: failed and stuck, or all of an application."),
    ] = None,
    error: Error = None,
    template: Template = None,
    most: Annotated[int, typer.Option("--limit", min=1, help="How many to show.")] = 100,
    as_json: Json = False,
) -> None:
    """Lists messages that were not sent: status, tries, template, since when they are owed, the gateway's answer."""
    statuses = (known_status(status, STATUSES),) if status else STATUSES if reference else ("failed", "stuck")
    with servers_for("read_operations", "", reference or "") as who:
        where = within(who, "read_operations")
        choice = choice_of(reference, statuses, error=error, template=template, where=where)
        with transaction() as connection:
            rows = unsent_messages(connection, choice, most + 1)
        lines = message_lines(rows[:most]) or [empty_list(choice, asked=bool(status or reference))]
    if len(rows) > most:
        lines.append("and more (--limit)")
    print_result({"messages": rows[:most], "more": len(rows) > most}, as_json, *lines)


def message_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each message."""
    return [
        f"{r['reference']}  {r['status']:<8}{r['tries']:>4}  {r['template']:<22}{r['since']:%F %T}  "
        f"{r['error'] or ''}".rstrip()
        for r in rows
    ]


def empty_list(choice: Choice, *, asked: bool) -> str:
    """The line for a list without messages.

    Unless a status or an application was asked for, it says how many messages wait, and how to list them.
    """
    if asked:
        return "no such message"
    with transaction() as connection:
        count = count_unsent(connection, choice._replace(statuses=("owed",)))
    if not count:
        return "none failed or stuck, and none waits"
    narrowed = "".join(
        f" --{name} {quote(given)}" for name, given in (("error", choice.error), ("template", choice.template)) if given
    )
    waiting = f"{count} {'waits' if count == 1 else 'wait'}"
    return f"none failed or stuck; {waiting}: {program()} messages list --status owed{narrowed}"


@messages_app.command("retry")
def retry_messages(
    reference: One = None,
    error: Error = None,
    status: Annotated[str | None, typer.Option(help=f"All of this status: {', '.join(RESENDABLE)}.")] = None,
    as_json: Json = False,
) -> None:
    """Sends messages again at once: those of one application, with one error, or of one status.

    Before you retry stuck messages, look them up at the gateway: it may have sent them.
    """
    if (reference, error, status) == (None, None, None):
        raise Refused(
            "which", "Name the messages: one application by its reference, or all with --error or with --status."
        )
    with servers_for("settle_messages", "", reference or "") as who:
        statuses = (known_status(status, RESENDABLE),) if status else RESENDABLE
        choice, count = choice_of(reference, statuses, error=error, where=within(who, "settle_messages")), 0
        for count in resend_all(choice, name_of(who, "operator")):
            print_progress(f"{count} to be sent again")
        if not count:
            raise Refused(
                "nothing_to_retry",
                "No such message failed, is stuck or waits for a later try. "
                "Messages that are due are sent without a retry: `sijil messages list --status owed`.",
            )
    print_result({"retried": count}, as_json)


@messages_app.command("settle")
def settle_messages(
    reference: Reference,
    result: Annotated[
        str, typer.Argument(metavar="RESULT", help="What became of them, by the gateway's operators: sent or failed.")
    ],
    template: Template = None,
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Records what became of an application's stuck messages, as you learned from the gateway's operators."""
    to = known_status(result, SETTLED)
    with servers_for("settle_messages", name, reference) as who:
        by, choice = name_of(who), choice_of(reference, ("stuck",), template=template)
        with transaction() as connection:
            count = settle(connection, choice, to, by, clock.now())
        if not count:
            raise Refused(
                "nothing_stuck",
                f"No message of {reference} is stuck. `sijil messages list {reference}` shows what was not sent.",
            )
    print_result({"settled": count, "as": to}, as_json)
