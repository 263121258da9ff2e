"""For operators: messages that the gateway did not take. Shows and changes no recipient and no text."""

from collections.abc import Mapping, Sequence
from shlex import quote
from typing import Annotated, Any

import typer

from models.database import transaction
from models.errors import Refused
from notifications.ledger import RESENDABLE, STATUSES, Choice, count_unsent, retry, settle, unsent_messages
from sijil.commands.arguments import Operator, Reference
from sijil.embedded import needed_servers
from sijil.say import Json, answer, program
from tasks.wake import wake
from workflows.casework.staff import pseudonym
from workflows.flows import DELIVERY
from workflows.intake.receipts import find

SETTLED = ("sent", "failed")

app = typer.Typer()
messages_app = typer.Typer(
    no_args_is_help=True,
    help="Messages that were not sent: list them, send them again, settle those whose result nobody knows.",
)
app.add_typer(messages_app, name="messages")
One = Annotated[
    str | None, typer.Argument(metavar="REFERENCE", help="One application's: as on the receipt, RSU-XXXX-XXXX-XXXX.")
]
Error = Annotated[str | None, typer.Option(help="Those with this error, as `messages list` shows it.")]
Template = Annotated[str | None, typer.Option(help="Those of this template, as `messages list` shows it.")]


def required(name: str, known: tuple[str, ...]) -> str:
    """A status that there is. Raises Refused for another."""
    if name not in known:
        raise Refused("unknown_status", f"There is no status '{name}' here. There are {', '.join(known)}.")
    return name


def chosen(
    reference: str | None, statuses: tuple[str, ...], error: str | None = None, template: str | None = None
) -> Choice:
    """What the options name. Raises NotFound for a reference that nobody has."""
    with transaction() as connection:
        case_id = find(connection, reference).id if reference else None
    return Choice(statuses, case_id, error, template)


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
    """Messages that were not sent: status, tries, template, since when they are owed, and what the gateway said."""
    statuses = (required(status, STATUSES),) if status else STATUSES if reference else ("failed", "stuck")
    with needed_servers():
        choice = chosen(reference, statuses, error, template)
        with transaction() as connection:
            rows = unsent_messages(connection, choice, most + 1)
        lines = lines_of(rows[:most]) or [none_of(choice, asked=bool(status or reference))]
    if len(rows) > most:
        lines.append("and more (--limit)")
    answer({"messages": rows[:most], "more": len(rows) > most}, as_json, *lines)


def lines_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each message in a line."""
    return [
        f"{r['reference']}  {r['status']:<8}{r['tries']:>4}  {r['template']:<22}{r['since']:%F %T}  "
        f"{r['error'] or ''}".rstrip()
        for r in rows
    ]


def none_of(choice: Choice, *, asked: bool) -> str:
    """What to say where there is none.

    Whoever did not ask for a status is told how many of the same wait, and how to see them.
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
    return (
        f"none failed or stuck; {count} {'waits' if count == 1 else 'wait'}: {program()} messages list --status "
        f"owed{narrowed}"
    )


@messages_app.command("retry")
def retry_messages(
    reference: One = None,
    error: Error = None,
    status: Annotated[str | None, typer.Option(help=f"All of this status: {', '.join(RESENDABLE)}.")] = None,
    as_json: Json = False,
) -> None:
    """Owed anew, and at once: those of one application, with one error, or of one status.

    Look up stuck ones at the gateway first: it may have them.
    """
    if (reference, error, status) == (None, None, None):
        raise Refused(
            "which", "Say which messages: one application's by its reference, those with --error, or those of --status."
        )
    with needed_servers():
        choice, count = chosen(reference, (required(status, RESENDABLE),) if status else RESENDABLE, error), 0
        while done := retried(choice):
            count += done
        if not count:
            raise Refused(
                "nothing_to_retry",
                "No such message failed, is stuck or waits for a later try. What is due goes by itself: `sijil "
                "messages list --status owed`.",
            )
    answer({"retried": count}, as_json)


def retried(choice: Choice) -> int:
    """A set of them, then a wake."""
    with transaction() as connection:
        count = retry(connection, choice)
    if count:
        wake(DELIVERY)
    return count


@messages_app.command("settle")
def settle_messages(
    reference: Reference,
    result: Annotated[
        str, typer.Argument(metavar="RESULT", help="What the gateway's operators say of it: sent or failed.")
    ],
    by: Operator,
    template: Template = None,
    as_json: Json = False,
) -> None:
    """Writes down what became of an application's stuck messages, as you learned from the gateway."""
    to = required(result, SETTLED)
    with needed_servers():
        choice = chosen(reference, ("stuck",), template=template)
        with transaction() as connection:
            count = settle(connection, choice, to, pseudonym("operator", by))
        if not count:
            raise Refused(
                "nothing_stuck",
                f"No message of {reference} is stuck. `sijil messages list {reference}` shows what was not sent.",
            )
    answer({"settled": count, "as": to}, as_json)
