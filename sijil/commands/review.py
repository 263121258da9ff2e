"""For caseworkers: which applications wait for them, what a review is about, and answering it."""

from typing import Annotated, Literal

import typer

from models import clock
from models.database import Connection, transact, transaction
from models.errors import Refused
from notifications.notices import notices
from sijil.commands.arguments import Reference
from sijil.embedded import needed_servers
from sijil.review_view import in_full, in_one_line, proposer, told, why_not_lifted
from sijil.say import Json, answer
from tasks.wake import wake_after_answer
from workflows.casework.answers import AnswerResult, CaseworkerAnswer, answer_of_caseworker
from workflows.casework.reviews import holders, under_review, waiting
from workflows.casework.staff import names_of
from workflows.stages.review import REASONS

app = typer.Typer()
reviews_app = typer.Typer(no_args_is_help=True, help="Applications that wait for a caseworker: list them, look at one.")
app.add_typer(reviews_app, name="reviews")
Verdict = Literal["clear", "correct", "refuse"]
REASON_CODES = "; ".join(f"to {verdict}: {', '.join(reasons)}" for verdict, reasons in REASONS.items())


def known_verdict(given: str) -> str:
    """A verdict that there is. Raises Refused for another: the parser's own words begin with "Value error"."""
    if given not in REASONS:
        raise Refused("unknown_verdict", f"There is no verdict '{given}'. There are {', '.join(REASONS)}.")
    return given


@reviews_app.command("list")
def list_reviews(
    limit: Annotated[int, typer.Option(min=1, help="How many to show, longest waiting first.")] = 20,
    as_json: Json = False,
) -> None:
    """Applications that wait for a caseworker."""
    with needed_servers(), transaction() as connection:
        count, files = waiting(connection, limit)
        names = names_of(connection, [actor for file in files for actor in proposer(file)])
    lines = [in_one_line(file, names) for file in files]
    if count > len(files):
        lines.append(f"and {count - len(files)} more (--limit)")
    answer(
        {"waiting": count, "reviews": [told(file, names) for file in files]},
        as_json,
        *(lines or ["nothing waits for a caseworker"]),
    )


@reviews_app.command("show")
def show_review(
    reference: Reference,
    caseworker: Annotated[
        str, typer.Option("--as", help="Who looks: the answers shown are those that this caseworker can give.")
    ] = "YOUR-NAME",
    as_json: Json = False,
) -> None:
    """One of them: the household beside those that it is reviewed for, and how it can be answered.

    Shows personal data.
    """
    with needed_servers(), transaction() as connection:
        file, others = under_review(connection, reference)
        names = names_of(connection, proposer(file))
    shown, lines = in_full(file, others, caseworker, names)
    answer(shown, as_json, *lines)


@app.command("decide")
def decide(
    reference: Reference,
    verdict: Annotated[
        Verdict,
        typer.Argument(
            parser=known_verdict, metavar="VERDICT", help="lift, correct or refuse. A refusal needs two caseworkers."
        ),
    ],
    reason: Annotated[str, typer.Option(help=f"Why, as a code: {REASON_CODES}.")],
    caseworker: Annotated[str, typer.Option("--as", help="The caseworker who decides; kept as a pseudonym.")],
    version: Annotated[
        int | None, typer.Option(help="The version that was looked at; refused if the case moved on since.")
    ] = None,
    as_json: Json = False,
) -> None:
    """A caseworker answers a review."""
    with needed_servers():
        given = CaseworkerAnswer(reference, caseworker, verdict, reason, version)
        now = transact(lambda connection: answered(connection, given))
        wake_after_answer(now.queues)
    lines = [f"{now.event}: the case is '{now.stage}' now (version {now.version})."]
    if now.event == "ReviewCleared":
        lines.append(
            "It is screened again: should another household claim one of its persons meanwhile, it comes back for "
            "review."
        )
    if now.event == "RefusalProposed":
        lines.append("A second caseworker must agree before the application is refused.")
    answer({"event": now.event, "stage": now.stage, "version": now.version}, as_json, *lines)


def answered(connection: Connection, given: CaseworkerAnswer) -> AnswerResult:
    """The answer is taken; raises Refused for a review cleared in vain, with who holds whom: such an answer is not
    offered either.
    """
    now = answer_of_caseworker(connection, given, clock.now(), notices)
    if now.event == "ReviewCleared" and (why := why_not_lifted(holders(connection, given.reference))):
        raise Refused("still_held", " ".join(why))
    return now
