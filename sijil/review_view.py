"""How a review is shown to a caseworker: as an object, and as lines to read."""

from collections.abc import Mapping, Sequence
from shlex import quote
from typing import Any

from models import clock
from models.errors import Refused
from sijil.say import program
from workflows.bodies.declaration import Declaration, Member
from workflows.casefile import CaseFile
from workflows.casework.answers import CaseworkerAnswer, in_evidence
from workflows.casework.reviews import RelatedCase
from workflows.events import RefusalProposed
from workflows.fraud import SIGNALS, raised
from workflows.policies import index_in_force
from workflows.stages.review import REASONS, decide

GONE = {"erased": "its declaration was erased on request", "retention": "its declaration's period of retention is over"}


Names = Mapping[str, str]  # of the staff, by their pseudonyms


def in_one_line(file: CaseFile, names: Names) -> str:
    """A review in the list of those that wait."""
    return f"{file.reference}  since {file.stage_since:%F %R}  version {file.version}  {'; '.join(why(file, names))}"


def in_full(
    file: CaseFile, others: Sequence[RelatedCase], caseworker: str, names: Names
) -> tuple[dict[str, Any], list[str]]:
    """A review with the households that it is about, and the commands by which this caseworker can answer it; as an
    object, and as lines.
    """
    shared = {member.idcs for other in others if other.declaration for member in other.declaration.members}
    shared |= {member["idcs"] for other in others if not other.declaration for member in other.registered}
    mine = {member.idcs for member in file.declaration.members}
    households = [
        known(file) | seen(file.declaration, shared),
        *(seen_of(other, mine) | {"holds": sorted(other.holds)} for other in others),
    ]
    answers = answers_to(file, others, caseworker)
    lines = [
        *reasons(file, others, names),
        *(line for each in households for line in lines_of(each)),
        *standing(others),
    ]
    lines += ["", "Answer by one of (a refusal needs two caseworkers):", *(f"  {each}" for each in answers)]
    return told(file, names) | {"application": households[0], "others": households[1:], "answers": answers}, lines


def why(file: CaseFile, names: Names) -> list[str]:
    """The reasons to look in a few words, and whether a refusal was proposed."""
    said = proposal(file, names)
    proposed = [f"refusal proposed by {said['by']} ({said['reason']})"] if said else []
    return [*(f"{signal.code}: {SIGNALS[signal.code].WHY}" for signal in raised(file)), *proposed]


def proposer(file: CaseFile) -> list[str]:
    """The pseudonym of the caseworker who proposed a refusal, if one did."""
    recorded = file.last_here(RefusalProposed)
    return [recorded.actor] if recorded else []


def proposal(file: CaseFile, names: Names) -> dict[str, str] | None:
    """The refusal that a first caseworker proposed, if one did: by name, else by the pseudonym that the history has."""
    by = proposer(file)
    return {"by": names.get(by[0], by[0]), "reason": file.last(RefusalProposed).reason} if by else None


def told(file: CaseFile, names: Names) -> dict[str, Any]:
    """A review without its households."""
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


def reasons(file: CaseFile, others: Sequence[RelatedCase], names: Names) -> list[str]:
    """Why a person looks, with what may be innocent in it, and what was said before."""
    lines = [f"{file.reference} waits for a caseworker since {file.stage_since:%F %T}, version {file.version}."]
    for signal in raised(file):
        what = signal.count or ", ".join(each.reference for each in others)
        lines.append(
            f"{signal.code}: {SIGNALS[signal.code].WHY} ({what}). It may be innocent: {SIGNALS[signal.code].INNOCENT}."
        )
    if said := proposal(file, names):
        lines.append(
            f"A refusal was proposed by {said['by']}, because of {said['reason']}: a second caseworker must agree, for "
            f"the same reason."
        )
    return lines


def known(case: CaseFile | RelatedCase) -> dict[str, Any]:
    """What is always known of an application."""
    return {"reference": case.reference, "stage": case.stage, "filed": case.submitted_at, "gone": None}


def seen_of(other: RelatedCase, shared: set[str]) -> dict[str, Any]:
    """Another household; where its declaration is gone, how it went and what the register keeps."""
    if other.declaration:
        return known(other) | seen(other.declaration, shared)
    kept = [
        {"latin": None, "birth_date": None, "declarant": False, "shared": each["idcs"] in shared} | each
        for each in other.registered
    ]
    return known(other) | {"gone": "erased" if other.erased else "retention", "members": kept}


def seen(declaration: Declaration, shared: set[str]) -> dict[str, Any]:
    """A household as declared; members that stand in another one, too, are marked."""
    place = {
        "milieu": declaration.milieu,
        "region": declaration.region,
        "commune": declaration.commune,
        "phone": declaration.phone,
    }
    return place | {"members": [person(member) | {"shared": member.idcs in shared} for member in declaration.members]}


def person(member: Member) -> dict[str, Any]:
    """Who it is, as declared: in both scripts where both are given."""
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


def lines_of(household: dict[str, Any]) -> list[str]:
    """A household for people to read; a star marks who is declared in both."""
    title = f"{household['reference']}, filed {household['filed']:%F %T}, {household['stage']}"
    if household["gone"]:
        kept = "this is what the register keeps" if household["members"] else "the register keeps nothing of it"
        return ["", f"{title}: {GONE[household['gone']]}; {kept}.", *map(line_of, household["members"])]
    region = index_in_force(clock.now().date()).region_names[household["region"]]
    where = f"{household['commune']}, {region}, {household['milieu']}, phone {household['phone'] or 'none'}"
    return ["", f"{title}: {where}", *map(line_of, household["members"])]


def line_of(member: dict[str, Any]) -> str:
    """A member."""
    names = " / ".join(dict.fromkeys(name for name in (member["latin"], member["name"]) if name))
    role = member["relationship"] + (", declares" if member["declarant"] else "")
    return (
        f"  {'*' if member['shared'] else ' '} {member['idcs']}  {member['birth_date'] or 'not kept'!s:<10}  "
        f"{role:<24}{names or 'not kept'}"
    )


def standing(others: Sequence[RelatedCase]) -> list[str]:
    """Whether the others still hold somebody, and what that means for clearing the review."""
    if not (why := why_not_lifted(others)):
        return ["", "Nobody else holds a member of it any more: once the review is cleared, it goes on."]
    return ["", f"* declared in both. {why[0]}", *why[1:]]


def why_not_lifted(others: Sequence[RelatedCase]) -> list[str]:
    """Who still holds somebody, so that clearing the review leads nowhere; nothing where nobody does."""
    holders = [other.reference for other in others if other.holds]
    if not holders:
        return []
    lines = [
        f"Still held by {', '.join(holders)}: until they are let go, clearing the review would bring it back, and is "
        f"not offered."
    ]
    if registered := [other.reference for other in others if other.holds and other.stage == "notified"]:
        lines.append(
            f"{', '.join(registered)} is registered, and cannot let go yet: correct or refuse, or leave it open."
        )
    return lines


def answers_to(file: CaseFile, others: Sequence[RelatedCase], caseworker: str) -> list[str]:
    """The commands by which this caseworker can answer it as it stands, so that the answer stays: a review of somebody
    who is still held would come back.
    """
    held = any(other.holds for other in others)
    return [
        f"{program()} decide {file.reference} {verdict} --reason {reason} --version {file.version} --as "
        f"{quote(caseworker)}"
        for verdict, reasons in REASONS.items()
        if not (held and verdict == "clear")
        for reason in reasons
        if possible(file, CaseworkerAnswer(file.reference, caseworker, verdict, reason))
    ]


def possible(file: CaseFile, given: CaseworkerAnswer) -> bool:
    """Whether the stage would take this answer; nothing is recorded."""
    try:
        decide(file, in_evidence(given, clock.now()))
    except Refused:
        return False
    return True
