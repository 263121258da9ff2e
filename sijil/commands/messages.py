"""Commands for operators: messages that were not sent, or did not arrive.

They show and change no recipient and no text; of a number its last two digits.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from shlex import quote
from typing import Annotated, Any

import typer

from models import clock
from models.database import transaction
from models.errors import Refused
from notifications.ledger import CHANNELS, RESENDABLE, STATUSES, Choice, Place, count_unsent, settle, unsent_messages
from sijil.acting import name_of, servers_for
from sijil.commands.arguments import Name, Reference, day
from sijil.commands.bounces import record_bounces
from sijil.output import Json, print_progress, print_result, program
from tasks.resending import resend_all
from workflows.intake.receipts import find
from workflows.staff.territories import within

SETTLED = {
    "sent": "sent: nobody sends {it} again.",
    "failed": "failed. To send {it} again: {program} messages retry {reference}",
}

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
Channel = Annotated[str | None, typer.Option(help=f"Those that go by this channel: {', '.join(CHANNELS)}.")]
Undelivered = Annotated[
    bool, typer.Option("--undelivered", help="Those of which the gateway reported that they did not arrive.")
]
Since = Annotated[
    datetime | None,
    typer.Option(parser=day, metavar="DAY", help="Those that are owed since that day, or moment in UTC, or later."),
]
After = Annotated[str | None, typer.Option(metavar="PLACE", help="Those behind this place, with which a list ended.")]


def known_status(name: str, known: tuple[str, ...]) -> str:
    """This status, if it is a known one. Raises Refused for another."""
    if name not in known:
        raise Refused("unknown_status", f"There is no status '{name}' here. There are {', '.join(known)}.")
    return name


def known_result(name: str) -> str:
    """What became of a message, as an operator may say. Raises Refused for anything else."""
    if name not in SETTLED:
        text = f"A stuck message cannot be settled as '{name}'. Say sent, if the gateway carried it, or failed, if not."
        raise Refused("unknown_result", text)
    return name


def known_channel(name: str | None) -> str | None:
    """This channel, if it is a known one. Raises Refused for another."""
    if name is not None and name not in CHANNELS:
        raise Refused("unknown_channel", f"There is no channel '{name}'. There are {', '.join(CHANNELS)}.")
    return name


def place_of(given: str | None) -> Place | None:
    """The place with which a list ended, from how it was written there. Raises Refused for another text."""
    if given is None:
        return None
    status, _, rest = given.partition("/")
    reference, _, last = rest.partition("/")
    seq, _, template = last.partition("/")
    if status not in (*STATUSES, "sent") or not (seq.isdecimal() and len(seq) < 9 and template):
        text = f"'{given}' is no place of a list: copy what `messages list` ended with."
        raise Refused("unknown_place", text)
    with transaction() as connection:
        return Place(status, find(connection, reference).id, int(seq), template)


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
    channel: Channel = None,
    undelivered: Undelivered = False,
    since: Since = None,
    after: After = None,
    most: Annotated[int, typer.Option("--limit", min=1, help="How many to show.")] = 100,
    as_json: Json = False,
) -> None:
    """Lists messages that were not sent: status, tries, channel, end of the number, template, owed since, and why.

    Of one application it lists all, and whether they were delivered, if the gateway reported that.
    """
    narrowed = {"error": error, "template": template, "channel": known_channel(channel), "since": since}
    statuses = statuses_of(status, of_all=bool(reference) or undelivered)
    with servers_for("read_operations", "", reference or "") as who:
        where, begins = within(who, "read_operations"), place_of(after)
        choice = choice_of(reference, statuses, where=where, undelivered=undelivered, **narrowed)
        with transaction() as connection:
            rows = unsent_messages(connection, choice, most + 1, begins)
        nothing = empty_list(choice, asked=bool(status or reference or undelivered or after)) if not rows else ""
    print_list(rows, most, nothing, as_json)


def print_list(rows: Sequence[Mapping[str, Any]], most: int, nothing: str, as_json: bool) -> None:
    """Prints the first messages, or that there is `nothing`, and where the list goes on if there are more."""
    more = len(rows) > most
    lines = message_lines(rows[:most]) or [nothing]
    if more:
        lines.append(f"and more (--limit): --after {rows[most - 1]['place']}")
    print_result({"messages": rows[:most], "more": more}, as_json, *lines)


def statuses_of(status: str | None, *, of_all: bool) -> tuple[str, ...]:
    """The statuses to list: this one; without one all, or those that an operator must look at."""
    if status:
        return (known_status(status, STATUSES),)
    return (*STATUSES, "sent") if of_all else ("failed", "stuck")


def message_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each message."""
    return [
        f"{r['reference']}  {r['status']:<8}{r['tries']:>4}  {said_to(r):<10}{r['template']:<22}{r['since']:%F %T}  "
        f"{', '.join(each for each in (r['error'], r['delivery']) if each)}".rstrip()
        for r in rows
    ]


def said_to(row: Mapping[str, Any]) -> str:
    """By which channel a message goes, and the last two digits of the number."""
    return f"{row['channel']} ..{row['ends_in']}" if row["ends_in"] else str(row["channel"])


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
    since = choice.since and choice.since.isoformat()
    given = {"error": choice.error, "template": choice.template, "channel": choice.channel, "since": since}
    narrowed = "".join(f" --{name} {quote(value)}" for name, value in given.items() if value)
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
        str,
        typer.Argument(
            metavar="RESULT",
            help="What the gateway's operators say: sent, if the gateway carried them, or failed, if it did not.",
        ),
    ],
    template: Template = None,
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Records what became of an application's stuck messages: whether they were sent, nobody knows but the gateway.

    Ask its operators by number and time first. What is settled as sent is never sent again; what failed, `messages
    retry` sends again.
    """
    to = known_result(result)
    with servers_for("settle_messages", name, reference) as who:
        by, choice = name_of(who), choice_of(reference, ("stuck",), template=template)
        with transaction() as connection:
            count = settle(connection, choice, to, by, clock.now())
        if not count:
            raise Refused(
                "nothing_stuck",
                f"No message of {reference}{f' of the template {template}' if template else ''} is stuck. "
                f"`sijil messages list {reference}` shows how each of its messages stands.",
            )
    print_result({"settled": count, "as": to}, as_json, settled_line(count, to, reference))


def settled_line(count: int, to: str, reference: str) -> str:
    """What was recorded, and what follows."""
    said = SETTLED[to].format(it="it" if count == 1 else "them", reference=reference, program=program())
    return f"{count} stuck {'message is' if count == 1 else 'messages are'} recorded as {said}"


messages_app.command("bounced")(record_bounces)
