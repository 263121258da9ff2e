"""Shows a review to a caseworker, as an object for --json and as lines to read."""

from collections.abc import Mapping, Sequence
from shlex import quote
from typing import Any

from models import clock
from models.errors import Refused
from sijil.output import program
from workflows.bodies.declaration import Declaration, Member
from workflows.casefile import CaseFile
from workflows.casework.answers import CaseworkerAnswer, in_evidence
from workflows.casework.reviews import RelatedCase
from workflows.events import RefusalProposed, StatementReceived
from workflows.fraud import SIGNALS, raised
from workflows.policies import index_in_force
from workflows.stages.review import REASONS, decide, hearing
from workflows.stages.review import proposal as proposed_refusal

GONE = {"erased": "its declaration was erased on request", "retention": "its declaration's period of retention is over"}
Names = Mapping[str, str]  # of the staff, by their pseudonyms


def review_line(file: CaseFile, names: Names) -> str:
    """A review in the list of those that wait."""
    reasons = "; ".join(short_reasons(file, names))
    return f"{file.reference}  since {file.stage_since:%F %R}  version {file.version}  {reasons}"


def review_details(
    file: CaseFile, others: Sequence[RelatedCase], statement: str | None, caseworker: str, names: Names
) -> tuple[dict[str, Any], list[str]]:
    """A review with its households and the commands by which this caseworker can answer it: an object, and lines."""
    shared = {member.idcs for other in others if other.declaration for member in other.declaration.members}
    shared |= {member["idcs"] for other in others if not other.declaration for member in other.registered}
    mine = {member.idcs for member in file.declaration.members}
    households = [
        case_header(file) | household_view(file.declaration, shared),
        *(related_view(other, mine) | {"holds": sorted(other.holds)} for other in others),
    ]
    answers = answer_commands(file, others, caseworker)
    lines = [
        *reason_lines(file, others, names),
        *hearing_lines(file, statement),
        *(line for each in households for line in household_lines(each)),
        *holder_lines(others),
    ]
    lines += [
        "",
        "Answer by one of (a refusal needs a hearing and two caseworkers):",
        *(f"  {each}" for each in answers),
    ]
    return review_summary(file, names) | {
        "statement": statement,
        "application": households[0],
        "others": households[1:],
        "answers": answers,
    }, lines


def short_reasons(file: CaseFile, names: Names) -> list[str]:
    """The reasons for the review in a few words, and the proposal of a refusal, if there is one."""
    refusal = proposal(file, names)
    proposed = [f"refusal proposed by {refusal['by']} ({refusal['reason']}), {refusal['heard']}"] if refusal else []
    return [*(f"{signal.code}: {SIGNALS[signal.code].WHY}" for signal in raised(file)), *proposed]


def proposer(file: CaseFile) -> list[str]:
    """The pseudonym of the caseworker who proposed a refusal; empty where nobody did."""
    recorded = proposed_refusal(file)
    return [recorded.actor] if recorded else []


def proposal(file: CaseFile, names: Names) -> dict[str, str] | None:
    """The refusal that a first caseworker proposed, with the name, or else the pseudonym, of the caseworker, and
    whether the citizen answered it.
    """
    by, heard = proposer(file), hearing(file)
    if not by or not heard:
        return None
    answered = "answered" if isinstance(heard.event, StatementReceived) else "not answered"
    return {"by": names.get(by[0], by[0]), "reason": file.last(RefusalProposed).reason, "heard": answered}


def review_summary(file: CaseFile, names: Names) -> dict[str, Any]:
    """A review without its households, as an object."""
    signals = [
        {
            "code": signal.code,
            "members": list(signal.members),
            "count": signal.count,
            "why": SIGNALS[signal.code].WHY,
            "may_be_innocent": SIGNALS[signal.code].INNOCENT,
        }
        for signal in raised(file)
    ]
    return {
        "reference": file.reference,
        "since": file.stage_since,
        "version": file.version,
        "signals": signals,
        "refusal_proposed": proposal(file, names),
    }


def reason_lines(file: CaseFile, others: Sequence[RelatedCase], names: Names) -> list[str]:
    """Each signal with its innocent explanations, and the proposal of a refusal, if there is one."""
    lines = [f"{file.reference} waits for a caseworker since {file.stage_since:%F %T}, version {file.version}."]
    for signal in raised(file):
        detail = signal.count or ", ".join(each.reference for each in others)
        lines.append(
            f"{signal.code}: {SIGNALS[signal.code].WHY} ({detail}). "
            f"It may be innocent: {SIGNALS[signal.code].INNOCENT}."
        )
    if refusal := proposal(file, names):
        lines.append(
            f"A refusal was proposed by {refusal['by']}, because of {refusal['reason']}: "
            "a second caseworker must agree, for the same reason."
        )
    return lines


def hearing_lines(file: CaseFile, statement: str | None) -> list[str]:
    """What the citizen answered to the proposal of a refusal, in their own words."""
    heard = hearing(file)
    if heard is None:
        return []
    if not isinstance(heard.event, StatementReceived):
        return ["The citizen was told what is held against them, and nobody answered in the term."]
    said = [f"  | {line}" for line in (statement or "").splitlines()]
    return [f"The citizen answered on {heard.at:%F %T}:", *said]


def case_header(case: CaseFile | RelatedCase) -> dict[str, Any]:
    """The facts of an application that outlive its declaration."""
    return {"reference": case.reference, "stage": case.stage, "filed": case.submitted_at, "gone": None}


def related_view(other: RelatedCase, shared: set[str]) -> dict[str, Any]:
    """Another household; where its declaration is gone, why it is gone and what the register keeps."""
    if other.declaration:
        return case_header(other) | household_view(other.declaration, shared)
    kept = [
        {"latin": None, "birth_date": None, "declarant": False, "shared": each["idcs"] in shared} | each
        for each in other.registered
    ]
    return case_header(other) | {"gone": "erased" if other.erased else "retention", "members": kept}


def household_view(declaration: Declaration, shared: set[str]) -> dict[str, Any]:
    """A household as declared; members that another household declares, too, are marked as shared."""
    place = {
        "milieu": declaration.milieu,
        "region": declaration.region,
        "commune": declaration.commune,
        "phone": declaration.phone,
    }
    return place | {
        "members": [member_view(member) | {"shared": member.idcs in shared} for member in declaration.members]
    }


def member_view(member: Member) -> dict[str, Any]:
    """A member as declared, in both scripts where both are given."""
    latin = (
        f"{member.given_name_la} {member.family_name_la}" if member.given_name_la and member.family_name_la else None
    )
    return {
        "idcs": member.idcs,
        "name": member.name,
        "latin": latin,
        "birth_date": member.birth_date,
        "relationship": member.relationship,
        "declarant": member.declarant,
    }


def household_lines(household: dict[str, Any]) -> list[str]:
    """A household as lines; a star marks the members that another household declares, too."""
    title = f"{household['reference']}, filed {household['filed']:%F %T}, {household['stage']}"
    if household["gone"]:
        kept = "this is what the register keeps" if household["members"] else "the register keeps nothing of it"
        return ["", f"{title}: {GONE[household['gone']]}; {kept}.", *map(member_line, household["members"])]
    region = index_in_force(clock.now().date()).region_names[household["region"]]
    where = f"{household['commune']}, {region}, {household['milieu']}, phone {household['phone'] or 'none'}"
    return ["", f"{title}: {where}", *map(member_line, household["members"])]


def member_line(member: dict[str, Any]) -> str:
    """A member as one line."""
    names = " / ".join(dict.fromkeys(name for name in (member["latin"], member["name"]) if name))
    role = member["relationship"] + (", declares" if member["declarant"] else "")
    star, born = "*" if member["shared"] else " ", str(member["birth_date"] or "not kept")
    return f"  {star} {member['idcs']}  {born:<10}  {role:<24}{names or 'not kept'}"


def holder_lines(others: Sequence[RelatedCase]) -> list[str]:
    """Whether another household still holds a member, and what that means for clearing the review."""
    if not (why := why_not_cleared(others)):
        return [
            "",
            "No other household holds one of its members any more: the application goes on once the review is cleared.",
        ]
    return ["", f"* declared in both. {why[0]}", *why[1:]]


def why_not_cleared(others: Sequence[RelatedCase]) -> list[str]:
    """Why clearing the review would bring it back: who still holds a member; empty where nobody does."""
    holders = [other.reference for other in others if other.holds]
    if not holders:
        return []
    lines = [
        f"Still held by {', '.join(holders)}: "
        "until they are let go, clearing the review would bring it back, and is not offered."
    ]
    if registered := [other.reference for other in others if other.holds and other.stage == "notified"]:
        lines.append(
            f"{', '.join(registered)} is registered, and cannot let go yet: correct or refuse, or leave it open."
        )
    return lines


def answer_commands(file: CaseFile, others: Sequence[RelatedCase], caseworker: str) -> list[str]:
    """The commands by which this caseworker can answer the review now.

    It is not cleared while another household holds one of its members: it would come back.
    """
    held = any(other.holds for other in others)
    decide_it, signed = f"{program()} decide {file.reference}", f"--version {file.version} --as {quote(caseworker)}"
    return [
        f"{decide_it} {verdict} --reason {reason} {signed}"
        for verdict, reasons in REASONS.items()
        if not (held and verdict == "clear")
        for reason in reasons
        if would_accept(file, CaseworkerAnswer(file.reference, caseworker, verdict, reason))
    ]


def would_accept(file: CaseFile, given: CaseworkerAnswer) -> bool:
    """Whether the stage would accept this answer; nothing is recorded."""
    try:
        decide(file, in_evidence(given, clock.now()))
    except Refused:
        return False
    return True
