"""Shows a review to a caseworker, as an object for --json and as lines to read."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from shlex import quote
from typing import Any, NamedTuple

from models import clock
from models.days import day_of
from models.errors import Refused
from sijil.acting import ANYBODY, Reader
from sijil.output import due_shown, program
from workflows.bodies.declaration import Declaration, Member
from workflows.casefile import CaseFile
from workflows.casework.answers import CaseworkerAnswer, in_evidence
from workflows.casework.fitting import fits, let_go_by_all, needing
from workflows.casework.reviews import HEARING, RelatedCase, ReviewedChange
from workflows.casework.same_cause import SharedValue
from workflows.desk.items import due_at
from workflows.events.registration import RefusalProposed, StatementReceived
from workflows.evidence import ReviewVerdict
from workflows.flows import stage_of
from workflows.fraud import HANDED_OVER, SIGNALS, own_departure, raised, same_cause, told_by_register
from workflows.policies import index_in_force
from workflows.staff.signatures import OFFICER, pseudonym
from workflows.stages.review import REASONS, hearing, needs_values
from workflows.stages.review import proposal as proposed_refusal

GONE = {"erased": "its declaration was erased on request", "retention": "its declaration's period of retention is over"}
Names = Mapping[str, str]  # of the staff, by their pseudonyms


class Reviewed(NamedTuple):
    """What is looked at in a review: the case, the others that it is about, and more where there is some."""

    file: CaseFile
    others: Sequence[RelatedCase]
    change: ReviewedChange | None = None  # of a household that is registered
    statement: str | None = None  # what the citizen says to a refusal that was proposed
    shared_values: Sequence[SharedValue] = ()  # what an appeal showed to be wrong, where one is the cause


def review_lines(files: Sequence[CaseFile], names: Names) -> list[str]:
    """The reviews that wait, those of one cause together, below what that is."""
    causes: dict[str, list[CaseFile]] = {}
    for file in files:
        causes.setdefault("; ".join(short_reasons(file)), []).append(file)
    return [
        line
        for cause, group in causes.items()
        for line in (cause, *(f"  {review_line(file, names)}" for file in group))
    ]


def review_line(file: CaseFile, names: Names) -> str:
    """A review in the list: by when, which, where, and what it needs."""
    refusal = proposal(file, names)
    says = f"refusal proposed by {refusal['by']} ({why(refusal)}), {refusal['heard']}" if refusal else ""
    needs = "needs a second caseworker: " if refusal and file.stage != HEARING else ""
    due = due_shown(due_of(file), clock.now()) if file.stage != HEARING else "in a hearing"
    since = f"since {file.stage_since:%F %R}"
    parts = [due, file.reference, file.kind, region_of(file), since, f"version {file.version}", needs + says]
    return "  ".join(filter(None, parts))


def due_of(file: CaseFile) -> datetime:
    """When a review should have been answered, as the console's queues say."""
    return due_at(file.stage, file.stage_since, None)


def region_of(file: CaseFile) -> str:
    """The name of the region where the household lives."""
    return index_in_force(day_of(clock.now())).region_names[file.body.territory.region]


def review_details(reviewed: Reviewed, reader: Reader, names: Names) -> tuple[dict[str, Any], list[str]]:
    """A review with its households and the commands by which this reader can answer it: an object, and lines."""
    file, others, change, statement, shared_values = reviewed
    shared = shared_members(others)
    households = [
        case_header(file) | household_view(file.declaration, shared),
        *(related_view(other, set(file.declaration.persons)) for other in others),
    ]
    changed = change_view(change, shared) if change else None
    answers = answer_commands(file, others, reader, [path for each in shared_values for path in each.here])
    lines = [
        *reason_lines(file, others, names),
        *hearing_lines(file, statement),
        *(shared_value_line(each, file.body.reviewed_for) for each in shared_values),
        *(change_lines(changed) if changed else ()),
        *(line for each in households for line in household_lines(each)),
        *(() if claims_no_person(file) and not others else holder_lines(others)),
        "",
        answer_by(answers),
        *(f"  {each}" for each in answers),
    ]
    return review_summary(file, names) | {
        "statement": statement,
        "application": households[0],
        "change": changed,
        "same_cause": [each._asdict() for each in shared_values],
        "others": households[1:],
        "answers": answers,
    }, lines


def shared_members(others: Sequence[RelatedCase]) -> set[str]:
    """The identifiers of the members of other households; of one without a declaration, as the register keeps them."""
    declared = {member.idcs for other in others if other.declaration for member in other.declaration.members}
    return declared | {member["idcs"] for other in others if not other.declaration for member in other.registered}


def short_reasons(file: CaseFile) -> list[str]:
    """The reasons for the review in a few words."""
    return [f"{signal.code}: {SIGNALS[signal.code].WHY}" for signal in raised(file)]


def proposer(file: CaseFile) -> list[str]:
    """The pseudonym of the caseworker who proposed a refusal; empty where nobody did."""
    recorded = file.past[RefusalProposed] if file.stage == HEARING else proposed_refusal(file)
    return [recorded.actor] if recorded else []


def proposal(file: CaseFile, names: Names) -> dict[str, Any] | None:
    """The refusal that a first caseworker proposed, with the name, or else the pseudonym, of the caseworker, the values
    that it is about, and whether the citizen answered it, or may still.
    """
    by = proposer(file)
    if not by:
        return None
    event = file.last(RefusalProposed)
    return {"by": names.get(by[0], by[0]), "reason": event.reason, "about": list(event.about), "heard": heard(file)}


def why(refusal: Mapping[str, Any]) -> str:
    """The reason of a refusal, with the values that it is about."""
    return " ".join((refusal["reason"], *refusal["about"]))


def heard(file: CaseFile) -> str:
    """Whether the citizen answered the proposal of a refusal."""
    if file.stage == HEARING:
        return f"being heard until {file.deadline:%F}"
    ended = hearing(file)
    return "answered" if ended and isinstance(ended.event, StatementReceived) else "not answered"


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
        "kind": file.kind,
        "stage": file.stage,
        "since": file.stage_since,
        "due": file.deadline if file.stage == HEARING else due_of(file),
        "region": region_of(file),
        "version": file.version,
        "signals": signals,
        "refusal_proposed": proposal(file, names),
    }


def reason_lines(file: CaseFile, others: Sequence[RelatedCase], names: Names) -> list[str]:
    """Each signal with its innocent explanations, and the proposal of a refusal, if there is one."""
    what = "is being heard" if file.stage == HEARING else "waits for a caseworker"
    lines = [f"{file.reference} {what} since {file.stage_since:%F %T}, version {file.version}."]
    for signal in raised(file):
        detail = signal.count or (", ".join(each.reference for each in others) if signal.cases else "")
        lines.append(
            f"{signal.code}: {SIGNALS[signal.code].WHY}{f' ({detail})' if detail else ''}. "
            f"It may be innocent: {SIGNALS[signal.code].INNOCENT}."
        )
    if refusal := proposal(file, names):
        lines.append(
            f"A refusal was proposed by {refusal['by']}, because of {why(refusal)}: "
            + (
                f"the citizen may answer until {file.deadline:%F}, and until then the review can only be cleared."
                if file.stage == HEARING
                else "a second caseworker must agree, for the same reason."
            )
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


def shared_value_line(each: SharedValue, appeal: str) -> str:
    """What an appeal showed to be wrong, and what this household says there."""
    declared, should_be, *here = map(said, (each.declared, each.should_be, *each.here.values()))
    says = ", ".join(f"{path} {value}" for path, value in zip(each.here, here, strict=True))
    return (
        f"Appeal {appeal} found {each.path} wrong ({each.reason}): {declared}, upheld as {should_be}. "
        f"This household: {says}."
    )


def said(value: Any) -> Any:
    """A value in a line."""
    return "nothing" if value is None else value


def answer_by(answers: Sequence[str]) -> str:
    """The line over the commands that answer the review."""
    if not answers:
        return "No answer is possible now."
    refusing = any(" refuse --reason " in each for each in answers)
    return f"Answer by one of{' (a refusal needs a hearing and two caseworkers)' if refusing else ''}:"


def change_view(reviewed: ReviewedChange, shared: set[str]) -> dict[str, Any]:
    """What a change changes, and the household as the register has it now."""
    change, known = reviewed.change, reviewed.registered
    return {
        "unasked": change.unasked,
        "life_event": change.life_event.kind if change.life_event else None,
        "change": change.change,
        "cause": change.cause,
        "true_from": change.true_from,
        "left_by": change.left_by,
        "differences": [each._asdict() for each in reviewed.differences],
        "version": reviewed.version,
        "registered": household_view(known, shared) if known else None,
    }


def change_lines(changed: dict[str, Any]) -> list[str]:
    """A change as lines: each field with what the register has and what is declared, then the registered household."""
    if changed["unasked"] and not changed["differences"]:
        told = changed["life_event"]
        why = f"The population register told of this ({told})" if told else "A supervisor opened this review"
        return ["", f"{why}: the household declared nothing new. Its entry:"]
    cause = f" ({changed['cause']})" if changed["cause"] else ""
    told = f", declared at a desk by the member {changed['left_by']}" if changed["left_by"] else ""
    lines = [
        "",
        f"A change of the registered household: {changed['change']}{cause}, true from {changed['true_from']}{told}.",
    ]
    if changed["left_by"]:
        lines.append(f"To clear it means: the member {changed['left_by']} leaves this household.")
    if changed["registered"] is None:
        return [*lines, "What the register has of it was erased."]
    return [
        *lines,
        *difference_lines(changed["differences"]),
        f"Registered now, version {changed['version']}: {place_line(changed['registered'])}",
        *map(member_line, changed["registered"]["members"]),
        "As the change declares it:",
    ]


def difference_lines(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each field that differs; of a member who joins or leaves, whose first field is the identifier, one line."""
    lines, whole = [], None
    for each in found:
        member, _, field = each["field"].rpartition(".")
        if field == "idcs":
            joins = each["registered"] is None
            whole = (member, "registered" if joins else "declared")
            lines.append(f"  {member} {'joins' if joins else 'leaves'}: {each['declared'] or each['registered']}")
        elif whole is None or member != whole[0] or each[whole[1]] is not None:
            whole = None
            lines.append(difference_line(each))
    return lines


def difference_line(each: Mapping[str, Any]) -> str:
    """A field, what the register has, and what is declared."""
    return f"  {each['field']}: {said(each['registered'])} -> {said(each['declared'])}"


def case_header(case: CaseFile | RelatedCase) -> dict[str, Any]:
    """The facts of an application that outlive its declaration."""
    return {"reference": case.reference, "stage": case.stage, "filed": case.submitted_at, "gone": None}


def related_view(other: RelatedCase, shared: set[str]) -> dict[str, Any]:
    """Another household; where its declaration is gone, why it is gone and what the register keeps."""
    header = case_header(other) | {"holds": sorted(other.holds), "lets_go": sorted(other.lets_go)}
    if other.declaration:
        return header | household_view(other.declaration, shared)
    kept = [
        {"latin": None, "birth_date": None, "declarant": False, "shared": each["idcs"] in shared} | each
        for each in other.registered
    ]
    return header | {"gone": "erased" if other.erased else "retention", "members": kept}


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
    return ["", f"{title}: {place_line(household)}", *map(member_line, household["members"])]


def place_line(household: Mapping[str, Any]) -> str:
    """Where a household lives, and its phone."""
    region = index_in_force(day_of(clock.now())).region_names[household["region"]]
    return f"{household['commune']}, {region}, {household['milieu']}, phone {household['phone'] or 'none'}"


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
    if let_go_by_all(others):
        return [
            f"Still held by {', '.join(holders)}, and a change of that household lets them go: "
            f"clear it because of {HANDED_OVER}, and they are given to this household at once."
        ]
    lines = [
        f"Still held by {', '.join(holders)}: "
        "until they are let go, clearing the review would bring it back, and is not offered."
    ]
    if registered := [other.reference for other in others if other.holds and other.stage == "notified"]:
        lines.append(
            f"{', '.join(registered)} is registered and lets them go by a change of its own, or an adult says that "
            f"they left: `{program()} update`. Correct or refuse, or leave it open until then."
        )
    return lines


def answer_commands(
    file: CaseFile, others: Sequence[RelatedCase], reader: Reader, in_doubt: Sequence[str]
) -> list[str]:
    """The commands by which this reader can answer the review now; `in_doubt`: values that an appeal found wrong.

    It is not cleared while another household holds one of its members: it would come back. Where that household is
    about to let them go, it is cleared for that reason alone.
    """
    decide_it, signed = f"{program()} decide {file.reference}", f"--version {file.version}{reader.signature}"
    name, proposed = reader.who.name or ANYBODY, proposed_refusal(file)
    proposed_by = proposed.actor if proposed else None
    return [
        f"{decide_it} {verdict} --reason {reason}{about_options(file, reason, in_doubt)} {signed}"
        for verdict, reasons in REASONS.items()
        for reason in reasons
        if reader.may(act_of(verdict, proposed_by, name))
        and fits(file, verdict, reason, others)
        and would_accept(file, CaseworkerAnswer(file.reference, name, verdict, reason, about=("milieu",)))
    ]


def act_of(verdict: str, proposed_by: str | None, name: str) -> str:
    """The right that an answer needs: to agree to a refusal that somebody else proposed is another one than to propose
    one, or to change the reason of one's own.
    """
    agrees = verdict == "refuse" and proposed_by not in (None, pseudonym(OFFICER, name))
    return "agree_to_refuse" if agrees else "decide_review"


def about_options(file: CaseFile, reason: str, in_doubt: Sequence[str]) -> str:
    """The options that name the values which a reason is about; whoever agrees with a refusal need not repeat them."""
    if not needs_values(file, reason) or (proposed_refusal(file) and file.last(RefusalProposed).reason == reason):
        return ""
    return "".join(f" --about {quote(path)}" for path in in_doubt) or " --about PATH"


def claims_no_person(file: CaseFile) -> bool:
    """Whether it is reviewed for nothing of another household: for a departure alone, or for a mistake of ours."""
    return needing(file) <= {own_departure.CODE, same_cause.CODE, told_by_register.CODE}


def would_accept(file: CaseFile, given: CaseworkerAnswer) -> bool:
    """Whether the stage would accept this answer; nothing is recorded."""
    if proposed_refusal(file) and file.last(RefusalProposed).reason == given.reason:
        given = replace(given, about=())
    try:
        stage_of(file.kind, file.stage).handlers[ReviewVerdict](file, in_evidence(given, clock.now()))
    except Refused:
        return False
    return True
