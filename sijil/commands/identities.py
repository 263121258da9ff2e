"""Commands for members whom the population register leaves in doubt: list their cases, show one, say who they are."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer

from models import clock
from models.database import Connection, transact, transaction
from models.errors import Refused
from notifications.notices import notices
from sijil.acting import SIGN_IN, Reader, in_role, note_list, note_look, reader_of, signed
from sijil.commands.arguments import Name, Reference
from sijil.embedded import needed_servers
from sijil.output import Json, due_shown, print_result, program
from tasks.bootstrap import stored_for
from tasks.wake import wake_after_answer
from workflows.audit.acts import Act
from workflows.casefile import CaseFile
from workflows.casework.answers import AnswerResult
from workflows.casework.both_sides import both_sides
from workflows.casework.case_view import CaseView, SeenMember, case_view
from workflows.casework.identities import IdentityAnswer, doubts_of, identify, waiting
from workflows.desk.items import due_at
from workflows.events.registration import NAME, Doubt, IdentityDoubted
from workflows.evidence import MemberIdentity
from workflows.matching.reasons import reasons
from workflows.matching.score import match
from workflows.matching.verdict import compare_names
from workflows.staff.noting import Doing
from workflows.staff.territories import within
from workflows.stages.identify import OTHER, SAME

app = typer.Typer()
identities_app = typer.Typer(
    no_args_is_help=True, help="Lists and shows members whom the population register leaves in doubt, and decides."
)
app.add_typer(identities_app, name="identities")
Same = Annotated[
    list[str],
    typer.Option(
        "--same", metavar="MEMBER=REASON", help=f"One and the same person, and why: {', '.join(SAME)}; once for each."
    ),
]
Other = Annotated[
    list[int], typer.Option("--other", metavar="MEMBER", min=1, help="Not who they say: the household is asked.")
]

AWAY = "The population register gives no answer now."


@identities_app.command("list")
def list_identities(
    limit: Annotated[int, typer.Option(min=1, help="How many to show, longest waiting first.")] = 20,
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Lists the cases with members in doubt that wait for a caseworker, the longest waiting first."""
    with needed_servers(), transaction() as connection:
        reading = in_role(connection, "read_queue", name)
        count, files = waiting(connection, limit, within(reading.who, "read_queue"))
        note_list(connection, reading, "identities", [each.id for each in files])
    lines = [summary_line(file) for file in files]
    more = [f"and {count - len(files)} more (--limit)"] if count > len(files) else []
    result = {"waiting": count, "identities": [summary(file) for file in files]}
    print_result(result, as_json, *(lines or ["no identity is in doubt"]), *more)


def summary(file: CaseFile) -> dict[str, Any]:
    """A case with members in doubt, as an object."""
    doubts = [
        {"member": each.member + 1, "doubt": each.code, "verdict": each.verdict, "score": each.score}
        for each in file.last(IdentityDoubted).doubts
    ]
    due = due_at(file.stage, file.stage_since, None)
    return {"reference": file.reference, "kind": file.kind, "version": file.version, "due": due, "doubts": doubts}


def summary_line(file: CaseFile) -> str:
    """The same as a line."""
    doubts = ", ".join(f"member {each.member + 1} {each.code}" for each in file.last(IdentityDoubted).doubts)
    due = due_shown(due_at(file.stage, file.stage_since, None), clock.now())
    return f"{due}  {file.reference}  {file.kind}  version {file.version}  {doubts}"


@identities_app.command("show")
def show_identity(reference: Reference, name: Name = "", as_json: Json = False) -> None:
    """Shows the members in doubt of a case: what is declared beside what the population register keeps, why the names
    score as they do, and the command that decides.

    It shows personal data.
    """
    with needed_servers():
        with transaction() as connection:
            reader = reader_of(connection, "read_case", name, reference)
            doubts = doubts_of(connection, reference)
            note_look(connection, reader)
            view = case_view(connection, reader.case_id)
        view = with_both_sides(view, reader)
    members = [shown(view.members[each.member], each) for each in doubts]
    answers = list(commands(view, doubts, reader))
    lines = [line for each in members for line in member_lines(each)]
    lines += ["", AWAY] if view.register_away else []
    cannot = f"You may not decide it.{f' Whoever may signs in first: {SIGN_IN}' if reader.who.is_owner else ''}"
    lines += ["", "Answer by:" if answers else cannot, *(f"  {each}" for each in answers)]
    result = {"members": members, "register_away": view.register_away, "answers": answers}
    print_result(summary(view.file) | result, as_json, *lines)


def with_both_sides(view: CaseView, reader: Reader) -> CaseView:
    """The case, with the register's side for a reader who may decide it."""
    if not reader.may("confirm_identity"):
        return view
    doing = Doing(Act.READ_PERSON, clock.now(), [reader.case_id], reader.role)
    return both_sides(stored_for(reader.named.name), reader.named, view, doing)


def shown(seen: SeenMember, doubt: Doubt) -> dict[str, Any]:
    """A member in doubt, as an object; `registered` of a reader who may see it, with `reasons` of a doubted name."""
    registered = seen.registered
    words = []
    if registered and doubt.what == NAME:
        names = compare_names(seen.declared, registered)
        words = [each._asdict() for each in reasons(match(names.one, names.other))]
    return {
        "member": doubt.member + 1,
        "doubt": doubt.code,
        "verdict": doubt.verdict,
        "score": doubt.score,
        "declared": side(seen.declared),
        "registered": side(registered) if registered else None,
        "reasons": words,
    }


def side(person: Any) -> dict[str, Any]:
    """Who a person is, on one side."""
    names = ("given_name_ar", "family_name_ar", "given_name_la", "family_name_la")
    return {name: getattr(person, name) or None for name in names} | {
        "birth_date": person.birth_date,
        "birth_precision": person.birth_precision,
    }


def member_lines(member: dict[str, Any]) -> Iterator[str]:
    """A member in doubt, as lines."""
    yield f"member {member['member']}: {member['doubt']} ({member['verdict']}), score {member['score']:.2f}"
    for which in ("declared", "registered"):
        if found := member[which]:
            names = [found[name] for name in found if name.startswith(("given", "family")) and found[name]]
            yield f"  {which:<11}{' '.join(names)}  {found['birth_date']} ({found['birth_precision']})"
    for each in member["reasons"]:
        yield f"    {each['left'] or '-'}  {each['right'] or '-'}  {each['how']} {' '.join(each['letters'])}".rstrip()


def commands(view: CaseView, doubts: Sequence[Doubt], reader: Reader) -> Iterator[str]:
    """The commands by which this reader can decide it: all who they say, or none."""
    if not reader.may("confirm_identity"):
        return
    decide = f"{program()} identities decide {view.file.reference}"
    signature = f"--version {view.file.version}{reader.signature}"
    yield f"{decide} {' '.join(f'--same {each.member + 1}={SAME[0]}' for each in doubts)} {signature}"
    yield f"{decide} {' '.join(f'--other {each.member + 1}' for each in doubts)} {signature}"


@identities_app.command("decide")
def decide_identity(
    reference: Reference,
    same: Same = [],  # noqa: B006 - nobody changes it
    other: Other = [],  # noqa: B006 - nobody changes it
    name: Name = "",
    version: Annotated[
        int | None, typer.Option(help="The version that you looked at; the command refuses if the case moved on since.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Says of each member in doubt whether they are who they say. Whoever is not is a question to the household."""
    with needed_servers():
        now = transact(lambda connection: record(connection, reference, name, [*same, *map(str, other)], version))
        wake_after_answer(now.queues)
    result = {"event": now.event, "stage": now.stage, "version": now.version}
    print_result(result, as_json, f"{now.event}: the case is '{now.stage}' now (version {now.version}).")


def record(connection: Connection, reference: str, name: str, said: Sequence[str], version: int | None) -> AnswerResult:
    """Records who the members are; `name` is that of `--as`. Raises Refused and Stale."""
    caseworker = signed(connection, "confirm_identity", name, reference)
    doubted = {each.member: each.what for each in doubts_of(connection, reference)}
    findings = [finding(each, doubted) for each in said]
    return identify(connection, IdentityAnswer(reference, caseworker, findings, version), clock.now(), notices)


def finding(said: str, doubted: dict[int, str]) -> MemberIdentity:
    """What is said of one member: `2=slip`, or `2` for another person. Raises Refused."""
    place, same, reason = said.partition("=")
    if not place.isdecimal() or int(place) < 1:
        raise Refused("unknown_member", f"'{said}' names no member: write such as 2={SAME[0]}.")
    member = int(place) - 1
    return MemberIdentity(member, bool(same), reason if same else OTHER.get(doubted.get(member, ""), "name_differs"))
