"""Shows the changes that nobody answers and that cannot lapse, as objects for --json and as lines to read."""

from collections.abc import Sequence
from typing import Any

from sijil.output import program
from sijil.review_view import case_header, change_lines, change_view, household_lines, household_view, region_of
from workflows.casefile import CaseFile
from workflows.casework.reviews import ReviewedChange
from workflows.events.registration import CorrectionAsked, IdentityNotConfirmed, MembersMismatched
from workflows.events.update import ChangeConflicts


def kept_open_lines(files: Sequence[CaseFile], count: int) -> list[str]:
    """The changes that nobody answers and that cannot lapse, of so many, below what a caseworker can do about them."""
    if not files:
        return []
    cause = (
        "kept_open: nobody answers, and a person who leaves by the change was given to another household; reach this "
        f"one, and file what it answers: {program()} answer REFERENCE correction FILE --as OFFICER"
    )
    more = [f"and {count - len(files)} more that nobody answers (--limit)"] if count > len(files) else []
    return [cause, *(f"  {kept_open_line(file)}" for file in files), *more]


def kept_open_line(file: CaseFile) -> str:
    """A change that nobody answers, in the list."""
    asked = f"asked again on {file.stage_since:%F}, until {file.deadline:%F}"
    return "  ".join((file.reference, file.kind, file.stage, region_of(file), asked, f"version {file.version}"))


def kept_open_summary(file: CaseFile) -> dict[str, Any]:
    """A change that nobody answers, as an object."""
    return {
        "reference": file.reference,
        "kind": file.kind,
        "stage": file.stage,
        "asked_again": file.stage_since,
        "deadline": file.deadline,
        "region": region_of(file),
        "version": file.version,
    }


def kept_open_details(file: CaseFile, change: ReviewedChange | None) -> tuple[dict[str, Any], list[str]]:
    """A change that nobody answers, what is asked of its household, and how to reach it: an object, and lines."""
    household = case_header(file) | household_view(file.declaration, set())
    changed = change_view(change, set()) if change else None
    answers = [f"{program()} answer {file.reference} correction FILE --version {file.version} --as OFFICER"]
    lines = [
        f"{file.reference} cannot lapse and waits for its household: asked again on {file.stage_since:%F}, until "
        f"{file.deadline:%F}, version {file.version}.",
        "A person who leaves by it was given to another household. Reach this one, and file what it answers.",
        f"It is asked because of {', '.join(asked_because_of(file))}.",
        *(change_lines(changed) if changed else ()),
        *household_lines(household),
        "",
        "Answer by:",
        *(f"  {each}" for each in answers),
    ]
    more = {"asked_because_of": asked_because_of(file), "application": household, "change": changed, "answers": answers}
    return kept_open_summary(file) | more, lines


def asked_because_of(file: CaseFile) -> list[str]:
    """Why the household is asked: what a caseworker said, each member who does not agree, or each field in conflict."""
    match file.latest(CorrectionAsked, MembersMismatched, IdentityNotConfirmed, ChangeConflicts).event:
        case (MembersMismatched() | IdentityNotConfirmed()) as asked:
            return [f"members[{each.member}] {each.reason}" for each in asked.mismatches]
        case ChangeConflicts() as asked:
            return list(asked.fields)
        case asked:
            assert isinstance(asked, CorrectionAsked)
            return [" ".join((asked.reason, *asked.about))]
