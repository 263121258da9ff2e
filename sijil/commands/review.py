"""Commands for caseworkers: list the reviews, show one, answer it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import typer

from models import clock
from models.database import Connection, transact, transaction
from models.errors import Refused
from notifications.notices import notices
from sijil.acting import acting, in_role, note_list, note_look, reader_of, signed
from sijil.commands.arguments import Name, Reference
from sijil.embedded import needed_servers
from sijil.kept_open_view import kept_open_details, kept_open_lines, kept_open_summary
from sijil.output import Json, print_result
from sijil.review_view import (
    Reviewed,
    act_of,
    proposer,
    review_details,
    review_lines,
    review_summary,
    why_not_cleared,
)
from tasks.wake import wake_after_answer
from workflows.casefile import CaseFile
from workflows.casework.answers import AnswerResult, CaseworkerAnswer, answer_of_caseworker
from workflows.casework.fitting import is_cleared_by
from workflows.casework.reviews import (
    being_heard,
    holders,
    kept_open,
    one_kept_open,
    refusal_proposed_by,
    refuse_appeal,
    reviewed_change,
    statement_of,
    under_review,
    waiting,
)
from workflows.casework.same_cause import values_shared
from workflows.intake.receipts import find
from workflows.staff.guard import Acting
from workflows.staff.signatures import OFFICER, names_of, pseudonym
from workflows.staff.territories import within
from workflows.stages.review import ABOUT_VALUES, REASONS

app = typer.Typer()
reviews_app = typer.Typer(
    no_args_is_help=True, help="Lists the applications and changes that wait for a caseworker, and shows one."
)
app.add_typer(reviews_app, name="reviews")
Verdict = Literal["clear", "correct", "refuse"]
WHAT_FOLLOWS = {
    "ReviewCleared": [
        "It is screened again. If another household claims one of its persons meanwhile, it comes back for review."
    ],
    "RefusalProposed": ["The citizen may answer first; then a second caseworker must agree to refuse the application."],
}
REASON_CODES = "; ".join(f"to {verdict}: {', '.join(reasons)}" for verdict, reasons in REASONS.items())

About = Annotated[
    list[str],
    typer.Option(
        "--about",
        metavar="PATH",
        help="A value of the declaration that the reason is about, such as bills.telecom or members[2].occupation; "
        f"once for each. Needed for {' and '.join(ABOUT_VALUES)}.",
    ),
]


def known_verdict(given: str) -> str:
    """This verdict, if it is a known one. Raises Refused, for typer's message begins with "Value error"."""
    if given not in REASONS:
        raise Refused("unknown_verdict", f"There is no verdict '{given}'. There are {', '.join(REASONS)}.")
    return given


@reviews_app.command("list")
def list_reviews(
    limit: Annotated[int, typer.Option(min=1, help="How many to show, longest waiting first.")] = 20,
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Lists the applications and changes that wait for a caseworker, by cause, the longest first; then those in a
    hearing, and the changes that nobody answers and that cannot lapse.

    It leaves out those of other offices, and those that wait for another caseworker than you.
    """
    with needed_servers(), transaction() as connection:
        reading = in_role(connection, "read_queue", name)
        who = reading.who
        counts, listed, kept = found_by(connection, who, limit)
        files = not_proposed_by(who, listed)
        note_list(connection, reading, "reviews", [each.id for each in (*files, *kept)])
        names = names_of(connection, [actor for file in files for actor in proposer(file)])
    more = counts["waiting"] + counts["being_heard"] - len(listed)
    lines = [*review_lines(files, names), *not_shown_lines(len(listed) - len(files), more)]
    lines += kept_open_lines(kept, counts["kept_open"])
    result = counts | {
        "reviews": [review_summary(file, names) for file in files],
        "unanswered": [kept_open_summary(file) for file in kept],
    }
    print_result(result, as_json, *(lines or ["no review waits for a caseworker"]))


def found_by(connection: Connection, who: Acting, limit: int) -> tuple[dict[str, Any], list[CaseFile], list[CaseFile]]:
    """How many wait, are heard and are kept open where the reader may look; those to be listed, and those kept open."""
    where = within(who, "read_queue")
    count, files = waiting(connection, limit, where)
    heard, more = being_heard(connection, max(limit - len(files), 0), where)
    unanswered, kept = kept_open(connection, limit, where)
    return {"waiting": count, "being_heard": heard, "kept_open": unanswered}, files + more, kept


def not_proposed_by(who: Acting, files: Sequence[CaseFile]) -> list[CaseFile]:
    """Those whose refusal the reader did not propose: all where the reader has no name."""
    return [file for file in files if not who.name or pseudonym(OFFICER, who.name) not in proposer(file)]


def not_shown_lines(own: int, more: int) -> list[str]:
    """How many reviews the list leaves out: those whose refusal the reader proposed, and those beyond the limit."""
    return [
        *([f"left out because you proposed their refusal: {own}"] if own > 0 else ()),
        *([f"and {more} more (--limit)"] if more > 0 else ()),
    ]


@reviews_app.command("show")
def show_review(
    reference: Reference,
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Shows one review: the household beside those that it is reviewed for, of a change also what the register has
    now, what the citizen says to a refusal that was proposed, what an appeal showed to be wrong where one is the cause,
    and the commands by which you answer it; of a change that nobody answers and that cannot lapse, what its household
    is asked.

    It shows personal data.
    """
    with needed_servers(), transaction() as connection:
        reader = reader_of(connection, "read_case", name, reference)
        if kept := one_kept_open(connection, reference):
            note_look(connection, reader)
            shown, lines = kept_open_details(kept, reviewed_change(connection, kept))
            print_result(shown, as_json, *lines)
            return
        file, others = under_review(connection, reference)
        note_look(connection, reader, [each.reference for each in others])
        change, statement = reviewed_change(connection, file), statement_of(connection, file)
        shared = values_shared(connection, file)
        names = names_of(connection, proposer(file))
    shown, lines = review_details(Reviewed(file, others, change, statement, shared), reader, names)
    print_result(shown, as_json, *lines)


@app.command("decide")
def decide(
    reference: Reference,
    verdict: Annotated[
        Verdict,
        typer.Argument(
            parser=known_verdict, metavar="VERDICT", help="clear, correct or refuse (needs a hearing and two people)."
        ),
    ],
    reason: Annotated[str, typer.Option(help=f"Why, as a code: {REASON_CODES}.")],
    about: About = [],  # noqa: B006 - nobody changes it
    name: Name = "",
    version: Annotated[
        int | None, typer.Option(help="The version that you looked at; the command refuses if the case moved on since.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Records a caseworker's answer to a review: clear, correct or refuse."""
    with needed_servers():
        given = CaseworkerAnswer(reference, name, verdict, reason, version, about)
        now = transact(lambda connection: record_answer(connection, given))
        wake_after_answer(now.queues)
    lines = [f"{now.event}: the case is '{now.stage}' now (version {now.version}).", *WHAT_FOLLOWS.get(now.event, ())]
    print_result({"event": now.event, "stage": now.stage, "version": now.version}, as_json, *lines)


def record_answer(connection: Connection, given: CaseworkerAnswer) -> AnswerResult:
    """Records the answer of who acts; `given` has the name of `--as`.

    Raises Refused for an appeal, and for a review that is cleared while another household holds one of its persons: it
    would come back.
    """
    case = find(connection, given.reference)
    name = acting(connection, given.caseworker).name
    act = act_of(given.verdict, refusal_proposed_by(connection, case), name)
    caseworker = signed(connection, act, given.caseworker, given.reference)
    refuse_appeal(case, given.reference)
    now = answer_of_caseworker(connection, replace(given, caseworker=caseworker), clock.now(), notices)
    if now.event == "ReviewCleared":
        others = holders(connection, given.reference)
        if others and not is_cleared_by(given.reason, others):
            raise Refused("still_held", " ".join(why_not_cleared(others)))
    return now
