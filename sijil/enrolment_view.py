"""Shows an enrolment to officers, as an object for --json and as lines to read."""

from collections.abc import Mapping, Sequence
from typing import Any

from sijil.acting import Reader
from sijil.output import program
from workflows.casefile import CaseFile
from workflows.casework.enrolment_view import Alike, EnrolmentView, Vouching
from workflows.matching.duplicates.wording import ZONES, said_of
from workflows.staff.signatures import OFFICER, pseudonym
from workflows.stages.attest import OBJECTIONS
from workflows.stages.confirm_enrolment import RETURNED

# The commands of each stage, each after the right that it needs.
COMMANDS: Mapping[str, Sequence[tuple[str, str]]] = {
    "pre_enrolled": (("attest_enrolment", "complete"), ("attest_enrolment", "complete --file FILE")),
    "attested": (("confirm_enrolment", "confirm"), ("return_enrolment", "return --reason CODE")),
    "possible_duplicate": (("tell_apart", "another"), ("tell_apart", "same --idcs IDCS")),
}
NEEDS = {
    "pre_enrolled": "the person, at a centre",
    "attested": "a second officer",
    "possible_duplicate": "an officer who tells people apart",
}
NAMES = ("given_name_ar", "family_name_ar", "given_name_la", "family_name_la")
OF_VOUCHER = (*NAMES, "birth_date", "birth_precision", "cin", "status")
COMPARED = (*NAMES, "birth_date", "birth_precision", "birth_place", "sex", "nationality", "cin", "guardian", "phone")


def enrolment_summary(file: CaseFile) -> dict[str, Any]:
    """A line of the list as an object; it names nobody."""
    return {
        "reference": file.reference,
        "stage": file.stage,
        "version": file.version,
        "proof": file.body.proof,
        "region": file.body.region,
        "province": file.body.province,
        "since": file.stage_since,
    }


def enrolment_line(file: CaseFile) -> str:
    """A line of the list."""
    where = file.body.province or f"region {file.body.region}"
    return (
        f"{file.reference}  {file.stage}  since {file.stage_since:%F %H:%M}  {where}  {file.body.proof}: "
        f"needs {NEEDS[file.stage]}"
    )


def enrolment_details(
    view: EnrolmentView, names: Mapping[str, str], reader: Reader
) -> tuple[dict[str, Any], list[str]]:
    """An enrolment whole: what it declares, who attested it, those who look alike, and what this reader may do."""
    file = view.file
    attested_by = names.get(view.attested_by, view.attested_by) or None
    offered = commands(view, reader)
    declared = view.body.model_dump(mode="json", exclude_none=True)
    told = {
        "reference": file.reference,
        "stage": file.stage,
        "version": file.version,
        "attested_by": attested_by,
        "declared": declared,
        "vouching": [vouching_of(each) for each in view.vouching],
        "alike": [alike_of(each) for each in view.alike],
        "idcs": view.idcs or None,
        "answers": offered,
        "codes": list(RETURNED) if any("CODE" in each for each in offered) else [],
    }
    by = f" Attested by {attested_by}." if attested_by else ""
    lines = [f"{file.reference} is '{file.stage}', version {file.version}.{by}"]
    lines += [f"  {name}: {value}" for name, value in declared.items()]
    lines += [line for each in view.vouching for line in vouching_lines(each)]
    lines += [line for each in view.alike for line in alike_lines(view, each)]
    lines += [f"Enrolled with the identifier {view.idcs}."] if view.idcs else []
    lines += ["", "Possible now:", *(f"  {each}" for each in offered)] if offered else []
    lines += [f"  CODE is one of {', '.join(RETURNED)}."] if told["codes"] else []
    return told, lines


def vouching_of(each: Vouching) -> dict[str, Any]:
    """Somebody who vouches, as an object: as typed, and as the register has them."""
    said = {name: getattr(each.person, name) or None for name in OF_VOUCHER} if each.person else None
    return {
        "field": each.path,
        "idcs": each.idcs,
        "cin": each.cin,
        "person": said,
        "objections": list(each.objections),
    }


def vouching_lines(each: Vouching) -> list[str]:
    """The same to read: what the officer compares with the card and the person."""
    lines = [f"Vouches as {each.path}: {each.idcs}{f', card {each.cin}' if each.cin else ''}"]
    if each.person:
        found = [f"{name}: {value}" for name in OF_VOUCHER if (value := getattr(each.person, name))]
        lines.append(f"  in the register: {', '.join(found)}")
    return [*lines, *(f"  {OBJECTIONS[code]}" for code in each.objections)]


def alike_of(each: Alike) -> dict[str, Any]:
    """An enrolled person who may be the same, as an object."""
    found = each.candidate
    said = {name: getattr(each.person, name) or None for name in (*COMPARED, "status")} if each.person else None
    return {
        "idcs": found.idcs,
        "bits": found.bits,
        "zone": found.zone,
        "reasons": list(found.reasons),
        "person": said,
    }


def alike_lines(view: EnrolmentView, each: Alike) -> list[str]:
    """The same to read: what is equal is said once, what differs side by side."""
    found = each.candidate
    said = [each.sentence for code in found.reasons for each in said_of(code)]
    lines = [f"May be {found.idcs}. {ZONES.get(found.zone, found.zone)}:", *(f"  {each}" for each in said)]
    if each.person is None:
        return [*lines, "  the register has this person no more"]
    for name in COMPARED:
        ours, theirs = getattr(view.body, name) or None, getattr(each.person, name) or None
        if ours or theirs:
            lines.append(
                f"  {name}: {ours or 'nothing'} | {theirs or 'nothing'}{'' if ours == theirs else '  differs'}"
            )
    return [*lines, f"  status: {each.person.status}"]


def may_act(view: EnrolmentView, reader: Reader) -> bool:
    """Whether this reader may do something with the enrolment now, and so sees what the register has of who vouches."""
    return any(reader.may(act) for act, _ in COMMANDS.get(view.file.stage, ()))


def commands(view: EnrolmentView, reader: Reader) -> list[str]:
    """The commands that this reader may give now, as they are typed."""
    mine = not reader.is_anybody and view.attested_by == pseudonym(OFFICER, reader.who.name)
    return [
        whole(view, command, reader)
        for act, command in COMMANDS.get(view.file.stage, ())
        if reader.may(act) and not (mine and act != "attest_enrolment")
    ]


def whole(view: EnrolmentView, command: str, reader: Reader) -> str:
    """A command with the reference, the version and the name."""
    name, _, rest = command.partition(" ")
    seen = " ".join(f"--seen {each.idcs}" for each in view.vouching) if name == "complete" and not rest else ""
    parts = [program(), "enrolments", name, view.file.reference, rest, seen, f"--version {view.file.version}"]
    return " ".join(filter(None, parts)) + reader.signature
