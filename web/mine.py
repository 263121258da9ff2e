"""What a household may see and take with it: the messages that it was sent, its other cases, and its data as a file.

Law 09-08 gives everybody the right to see what is kept about them, in a form that they can read.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath
from litestar.response import Template

from models import clock
from models.database import Connection, transaction
from web.enrolling.cases import enrolment_of, identifier_of
from web.history import history_of
from web.households import declaration_of, is_departure, standing_of
from web.lookers import who_looked
from web.queries import Status, status_of
from web.states import state_of
from web.threaded import in_thread
from web.visits import page_of_visit, place_of, require_visit
from workflows.bodies.body import Body
from workflows.documents.storing import Stored, documents_of
from workflows.intake.visits import Visit

MESSAGES = """
    select m.channel, m.language, m.recipient, m.body, m.sent_at, m.status, m.delivery, m.delivery_at,
        exists (select from event e where (e.case_id, e.seq) = (m.case_id, m.seq) and e.kind = 'MessageRepeated'),
        l.id is not null, b.done_at
    from message m left join letter l on l.id = m.id left join letter_batch b on b.number = l.batch
    where m.case_id = %s order by m.seq desc, m.template limit %s
"""
TEXTS = """
    select t.text, e.at from case_text t join event e using (case_id, seq)
    where case_id = %s and t.text is not null order by seq
"""
OTHERS = """
    select r.reference from cases c join receipt r on r.case_id = c.id
    where c.household_id = %(household)s and c.kind <> 'registration' and c.id <> %(case)s
    union all
    select r.reference from household h join receipt r on r.case_id = h.registered_by
    where h.id = %(household)s and h.registered_by <> %(case)s
    limit %(most)s
"""
MOST = 60  # messages, and cases
SHOWN_DIGITS = 2  # of the number that a message went to: phones are shared, and looked over


class SentMessage(NamedTuple):
    """A message: by which way, in which language and to whom, its text (None: erased), when it was sent, how it stands,
    and what was reported of it. `again`: it repeats one of which nothing proves that it arrived.
    """

    channel: str
    language: str
    recipient: str | None
    text: str | None
    at: datetime | None
    status: str
    delivery: str | None = None
    delivery_at: datetime | None = None
    again: bool = False
    set_aside: bool = False  # for a printer
    printed_at: datetime | None = None

    @property
    def to(self) -> str:
        """The last digits of the number that it went to."""
        return f"…{self.recipient[-SHOWN_DIGITS:]}" if self.recipient and self.channel == "sms" else ""


class OtherCase(NamedTuple):
    """Another case of the household: it is opened by the same code."""

    case: Status
    state: str


@get("/{language:str}/status/{reference:str}/mine", include_in_schema=False)
@in_thread
def mine(request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str]) -> Template:
    """The messages of a case, the other cases of its household, and the way to its data."""
    place = place_of(language, reference, "mine")
    with transaction() as connection:
        visit = require_visit(connection, request, place)
        case = status_of(connection, reference)
        return page_of_visit(
            "mine.html",
            place,
            visit,
            case=case,
            messages=messages_of(connection, case),
            others=others_of(connection, case, visit),
        )


@get("/{language:str}/status/{reference:str}/mine/data", include_in_schema=False)
@in_thread
def data(request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str]) -> Response[bytes]:
    """All that is kept about the household in this case, as a file."""
    place = place_of(language, reference, "mine")
    with transaction() as connection:
        require_visit(connection, request, place)
        content = msgspec.json.format(msgspec.json.encode(data_of(connection, status_of(connection, reference))))
    name = f"{place.reference}.json"
    return Response(
        content, media_type="application/json", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def messages_of(connection: Connection, case: Status) -> list[SentMessage]:
    """The messages of a case, the newest first."""
    return [SentMessage(*row) for row in connection.execute(MESSAGES, [case.case_id, MOST])]


def others_of(connection: Connection, case: Status, visit: Visit) -> list[OtherCase]:
    """The other cases of the household, for a visit that a code opened; the receipt's secret is of one case alone."""
    if not visit.by_code or case.household_id is None:
        return []
    asked = {"household": case.household_id, "case": case.case_id, "most": MOST}
    found = [status_of(connection, reference) for (reference,) in connection.execute(OTHERS, asked)]
    newest = sorted(found, key=lambda each: each.submitted_at, reverse=True)
    return [OtherCase(each, state_of(each)) for each in newest]


def data_of(connection: Connection, case: Status) -> Mapping[str, Any]:
    """The data of a case. What others have said, and what the agency suspects of others, is not in it."""
    declared: Body | None = None
    if not is_departure(connection, case):
        declared = declaration_of(connection, case) or enrolment_of(connection, case)
    standing = standing_of(connection, case)
    return {
        "reference": case.reference,
        "kind": case.kind,
        "stage": case.stage,
        "submitted_at": case.submitted_at,
        "written_at": clock.now(),
        "declared": declared.model_dump(mode="json", exclude_none=True) if declared else None,
        "identifier": identifier_of(connection, case) or None,
        "registered": standing
        and {
            "declaration": standing.declaration.model_dump(mode="json", exclude_none=True),
            "index": standing.score,
            "since": standing.since,
            "programmes": [each._asdict() for each in standing.thresholds],
        },
        "texts": [{"text": text, "at": at} for text, at in connection.execute(TEXTS, [case.case_id])],
        "documents": [told_of(each) for each in documents_of(connection, case.case_id)],
        "messages": [each._asdict() for each in messages_of(connection, case)],
        "happened": [each._asdict() for each in history_of(connection, case)],
        "looked": [each._asdict() for each in who_looked(connection, case)],
    }


def told_of(stored: Stored) -> Mapping[str, Any]:
    """What is kept of a document, beside what it shows, which its own address gives."""
    what = {name: getattr(stored, name) for name in ("shows", "moment", "media_type", "size", "pages", "at")}
    taken_back = {"taken_back": stored.removed, "taken_back_at_desk": stored.removed_at_desk}
    return {**what, "at_desk": stored.at_desk, "there": stored.there, **taken_back}


HANDLERS = [mine, data]
