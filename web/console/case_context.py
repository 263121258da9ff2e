"""A case as its templates show it: values with their names, the index part by part, and one timeline of all."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from web.asked import Asked, Kind
from web.console.answers import OF_IDENTITY, kinds_now
from web.console.case_data import CasePage
from web.console.changed import ChangedPoint, changed_points
from web.console.identity import doubted_members
from web.console.language import has_text, moment, text
from web.contestable import contestable_of
from web.index_values import groups_of
from web.language import index
from web.states import WELL_ENDED
from workflows.appeals.reasons import ASKED, REJECTED, RETURNED, UPHELD
from workflows.bodies.change import UPDATE
from workflows.casework.case_view import Happened, Message, said
from workflows.desk import notes as desk
from workflows.events.appeal import Finding
from workflows.events.event import DocumentRemoved, MessageRepeated
from workflows.evidence import DECLARANT, SIJIL
from workflows.flows.enrolment import FLOW as ENROLMENT
from workflows.flows.registration import FLOW as REGISTRATION
from workflows.policies import newest_terms
from workflows.stages.confirm_enrolment import RETURNED as ENROLMENTS_RETURNED

REASONS = {"uphold": UPHELD, "reject": REJECTED, "ask": ASKED, "return": RETURNED, "returned": ENROLMENTS_RETURNED}
MEMBER = re.compile(r"members\[([0-9]+)\]")


class Entry(NamedTuple):
    """A line of the timeline: an event, or a message. `by`: "machine", "household" or "staff", which pages colour."""

    at: datetime
    by: str
    who: str
    what: str
    detail: Sequence[str] = ()
    text: str | None = None
    changed: Sequence[ChangedPoint] = ()
    body: str | None = None
    language: str = ""


class ContestedValue(NamedTuple):
    """A contested value: declared, as the household says it should be, and the index if only this one is upheld."""

    path: str
    kind: Kind | None = None  # None: of the decision as a whole
    choice: str = ""
    declared: Any = None
    should_be: Any = None
    alone: Decimal | None = None


class NamedMember(NamedTuple):
    """A member of the contested household, for the names in its values."""

    declared: Any


def case_context(shown: CasePage, language: str) -> dict[str, Any]:
    """What the templates of a case ask for."""
    view, file = shown.view, shown.view.file
    declaration, score = view.declaration, view.score
    return {
        "case": shown,
        "of_person": file.kind == ENROLMENT.kind,
        "file": file,
        **at_desk(shown),
        "contact": file.body.contact,
        "who_of": partial(who_of, shown, language),
        "place_in": place_in,
        "field_of": field_of,
        "reasons": REASONS,
        **of_review(shown, language),
        "groups": groups_of(declaration, score) if declaration and score else (),
        "thresholds": (),
        "timeline": timeline(shown, language),
        "contested": list(contested_of(shown)),
        "contested_members": [NamedMember(each) for each in members_of(shown.contested_declaration)],
        "proposed": shown.appeal.view.proposal if shown.appeal else None,
        "answers": kinds_now(file) if "take_answer" in shown.deeds else [],
        **new_phone(shown),
        "doubted": any(each.doubt for each in view.members),
        "identities": doubted_members(view),
        "identity": OF_IDENTITY,
        "mine": set(declaration.persons) if declaration else set(),
        "shared": shared_of(shown),
    }


def at_desk(shown: CasePage) -> dict[str, Any]:
    """How the case stands at the desk."""
    desk = shown.desk
    return {
        "due": desk.due_at,
        "holder": desk.holder,
        "is_mine": desk.holder == shown.me,
        "territory": desk.territory,
    }


def new_phone(shown: CasePage) -> dict[str, Any]:
    """Whether the reader may declare another phone of the household, which the case brought into the register; and for
    how many days the known one stays.
    """
    file = shown.view.file
    registers = file.kind in (REGISTRATION.kind, UPDATE) and file.stage == WELL_ENDED
    may = registers and shown.view.declaration is not None and "declare_change" in shown.deeds
    return {"may_change_phone": may, "new_phone_days": newest_terms()["new_phone"].within.days}


def of_review(shown: CasePage, language: str) -> dict[str, Any]:
    """What a review is about: the values in which it may ask for a correction, and what a change changes."""
    declaration = shown.view.declaration
    return {
        "values": contestable_of(declaration) if declaration and shown.review else (),
        "changes": changes_of(shown, language),
    }


def changes_of(shown: CasePage, language: str) -> Sequence[ChangedPoint]:
    """What the change under review changes."""
    change = shown.review.change if shown.review else None
    if change is None:
        return ()
    names = [each.name for each in change.change.declaration.members]
    return changed_points(language, change.differences, names)


def members_of(declaration: Any) -> Sequence[Any]:
    """The members of a declaration; none where it was erased."""
    return declaration.members if declaration else ()


def shared_of(shown: CasePage) -> set[str]:
    """The persons of this household who stand in another one, too."""
    others = shown.review.others if shown.review else ()
    declared = {each.idcs for other in others for each in members_of(other.declaration)}
    return declared | {each["idcs"] for other in others if not other.declaration for each in other.registered}


def who_of(shown: CasePage, language: str, actor: str) -> str:
    """Who did something: a name of the staff, the household, or the machine."""
    if actor == DECLARANT and shown.view.file.kind == ENROLMENT.kind:
        return text(language, "by.applicant")
    if actor in (SIJIL, DECLARANT):
        return text(language, f"by.{actor}")
    return shown.names.get(actor, actor)


def place_in(path: str) -> int | None:
    """The place of the member whom a path is about; None where it is about none."""
    found = MEMBER.match(path)
    return int(found[1]) if found else None


def field_of(path: str) -> str:
    """The name under which the catalogue has the value at a path."""
    return MEMBER.sub("members", path)


def contested_of(shown: CasePage) -> Iterator[ContestedValue]:
    """The values that an appeal contests, or the decision as a whole."""
    if shown.appeal is None:
        return
    appeal, basis = shown.appeal.view.appeal, shown.appeal.basis
    known = {each.path: each for each in contestable_of(basis.declared)} if basis.declared else {}
    alone = dict(basis.score_if_alone)
    should_be = {each.path: each.should_be for each in appeal.contested}
    for path in appeal.paths:
        value: Asked | None = known.get(path)
        if value is None:
            yield ContestedValue(path)
        else:
            yield ContestedValue(path, value.kind, value.choice, value.declared, should_be.get(path), alone.get(path))


def timeline(shown: CasePage, language: str) -> list[Entry]:
    """Events and messages, the newest first; of one moment the last step first."""
    view = shown.view
    found = [entry_of_event(shown, each, language) for each in view.events]
    found += [entry_of_message(each, language) for each in view.messages]
    found += [entry_of_desk(shown, each, language) for each in shown.notes if not is_of_event(shown, each)]
    return sorted(found, key=lambda each: each.at)[::-1]


def entry_of_event(shown: CasePage, happened: Happened, language: str) -> Entry:
    """An event: who, what, why in words, and what it changed."""
    by = {SIJIL: "machine", DECLARANT: "household"}.get(happened.actor, "staff")
    return Entry(
        happened.at,
        by,
        who_of(shown, language, happened.actor),
        text(language, f"done.{happened.kind}"),
        list(details(shown, happened, language)),
        happened.text,
        changed_points(language, happened.changed, happened.members),
    )


def details(shown: CasePage, happened: Happened, language: str) -> Iterator[str]:
    """What an event says beside its kind, in words: reasons, findings, what is asked for, to whom."""
    for name, value in said(happened.event).items():
        match name:
            case "channel" if isinstance(happened.event, MessageRepeated):
                yield text(language, f"channel.{value}")
            case "reason" | "outcome" | "why":
                yield word(language, value)
            case "asked":
                yield text(language, ", ").join(word(language, each) for each in value)
            case "findings":
                yield from (finding(language, each) for each in value)
            case "mismatches" | "doubts" | "found":
                yield from (of_member(language, *each) for each in of_members(name, value))
            case "signals":
                yield from (text(language, f"signal.{each.code}") for each in value)
            case "about":
                yield text(language, ", ").join(value_name(language, each) for each in value)
            case "to":
                yield who_of(shown, language, value)
            case "score":
                yield index(language, value)
            case "shows":
                yield text(language, f"shows.{value}")
    if isinstance(happened.event, DocumentRemoved):
        gone = happened.event.document
        yield from (text(language, f"shows.{each.shows}") for each in shown.documents if each.id == gone)


def of_members(name: str, value: Sequence[Any]) -> Iterator[tuple[int, str]]:
    """The members whom the register does not confirm or leaves in doubt, and those who were found to be who they say,
    each with a reason.
    """
    match name:
        case "mismatches":
            yield from ((each.member, each.reason) for each in value)
        case "doubts":
            yield from ((each.member, each.code) for each in value)
        case "found":
            yield from ((each.doubt.member, each.reason) for each in value if each.same)


def of_member(language: str, member: int, reason: str) -> str:
    """A member with a reason, in words."""
    return f"{member + 1}{text(language, ':')} {word(language, reason)}"


def finding(language: str, each: Finding) -> str:
    """A finding in words."""
    verdict = text(language, "upheld" if each.upheld else "rejected")
    colon, comma = text(language, ":"), text(language, ", ")
    return f"{value_name(language, each.path)}{colon} {verdict}{comma}{word(language, each.reason)}"


def value_name(language: str, path: str) -> str:
    """The name of the value at a path, with the member's place where it is one's."""
    key, place = f"field.{field_of(path)}", place_in(path)
    name = text(language, key) if has_text(language, key) else text(language, "The decision as a whole")
    return f"{name} ({place + 1})" if place is not None else name


def word(language: str, code: str) -> str:
    """A code in words; itself where it has none, such as the name of a stage at which something is blocked."""
    return next((text(language, key) for key in (f"why.{code}", f"stage.{code}") if has_text(language, key)), code)


def is_of_event(shown: CasePage, entry: desk.Entry) -> bool:
    """Whether an event of the case says the same."""
    return any((each.actor, each.at) == (entry.actor, entry.at) for each in shown.view.events) and not entry.text


def entry_of_desk(shown: CasePage, entry: desk.Entry, language: str) -> Entry:
    """What somebody did at the desk: a note, or how the work was shared out."""
    detail = [who_of(shown, language, entry.to)] if entry.to else []
    detail += [text(language, f"priority.{entry.priority}")] if entry.priority else []
    what = text(language, f"desk.{entry.what}")
    return Entry(entry.at, "staff", who_of(shown, language, entry.actor), what, detail, entry.text)


def reported_on(message: Message, language: str) -> str:
    """What the gateway or the post reported of a message, and when."""
    assert message.delivery_at is not None
    kind = "letter" if message.channel == "letter" else "delivery"
    return (
        f"{text(language, f'{kind}.{message.delivery}')}{text(language, ':')} {moment(language, message.delivery_at)}"
    )


def status_in_words(message: Message, language: str) -> str:
    """How a message stands."""
    if message.set_aside:
        return text(language, "letter.printed" if message.printed_at else "letter.aside")
    return text(language, f"delivery.{message.status}")


def entry_of_message(message: Message, language: str) -> Entry:
    """A message, and what became of it."""
    said_ = status_in_words(message, language)
    reported = [reported_on(message, language)] if message.delivery and message.delivery_at else []
    channel = text(language, f"channel.{message.channel}")
    at = message.printed_at or message.sent_at or message.due_at
    return Entry(
        at,
        "machine",
        text(language, "by.sijil"),
        f"{channel}{text(language, ':')} {said_}",
        reported,
        None,
        (),
        message.body,
        message.language,
    )
