"""The page of a receipt as anybody sees it who has the reference: without names, reasons or a visit.

Most requests are for it, because people look again and again while nothing has changed. So each request reads what the
page shows, and the page itself is made when that is new (docs/decisions/0051).
"""

import gzip
from datetime import datetime
from typing import Any, NamedTuple

from litestar import MediaType, Request, Response
from litestar.concurrency import sync_to_thread
from litestar.response import Template

from models import clock
from models.database import transaction
from models.days import day_of, midnight
from models.settings import settings
from web.language import render_page
from web.packing import takes_gzip
from web.queries import OPEN, Status, statuses_of
from web.states import progress, state_of, turn_of
from web.terms import answered_before, contested_before
from web.together import Together
from web.visits import Place
from workflows.queue.pace import Pace, Standing, is_taken_up, pace_of

# What the page shows beside what anybody may see, where nobody gave the secret.
CLOSED: dict[str, Any] = {
    "mark": "",
    "reasons": None,
    "names": (),
    "persons": (),
    "correction": None,
    "conflicts": (),
    "other_since": None,
    "change": None,
    "standing": None,
    "acts": (),
    "may_correct": False,
    "takes_correction": False,
    "may_change": False,
    "confirmed_until": None,
    "invited_until": None,
    "goes_on": (),
    "others": (),
    "may_add": False,
    "stored": (),
    "may_contest": False,
    "contested": (),
    "office": None,
    "history": (),
    "answered": None,
    "looked": (),
    "identifier": "",
    "declared": None,
    "returned": "",
}
MOST = 4_000  # pages that a process keeps, of 5 KB each with what they are known by


class Shown(NamedTuple):
    """All that such a page shows: two pages with the same are the same, byte for byte."""

    language: str
    helpline: str
    draft_languages: bool
    case: Status
    answer: datetime | None = None  # by when the agency answers
    pace: Pace | None = None


class OpenPages:
    """The pages of one process: what each showed last, packed."""

    def __init__(self) -> None:
        self.cases = Together(statuses_of)
        self.packed: dict[Shown, bytes] = {}

    async def page(self, request: Request[Any, Any, Any], place: Place) -> Response[bytes] | None:
        """The page of a reference as it is now; None where there is no case of it."""
        case = await self.cases.about(place.reference)
        if case is None:
            return None
        shown = Shown(place.language, settings().helpline, settings().draft_languages, case)
        if is_taken_up(case.kind, case.stage):
            shown = await sync_to_thread(with_terms, shown)
        packed = self.packed.get(shown)
        if packed is None:
            packed = await sync_to_thread(render, request, shown)
            self.keep(shown, packed)
        return response(request, shown, packed)

    def keep(self, shown: Shown, packed: bytes) -> None:
        """Keeps a page, in the place of the oldest where there are too many."""
        self.packed[shown] = packed
        if len(self.packed) > MOST:
            del self.packed[next(iter(self.packed))]


def with_terms(shown: Shown) -> Shown:
    """With what depends on the moment, where somebody of ours, or the machine, will take up the case."""
    now, case = clock.now(), shown.case
    with transaction() as connection:
        pace = pace_of(connection, Standing(case.case_id, case.kind, case.stage, case.stage_since), now)
        return shown._replace(answer=answered_before(connection, case, now), pace=as_said(pace))


def as_said(pace: Pace | None) -> Pace | None:
    """As exactly as the page says it: the minute in which the machine takes up a case, the day on which people do."""
    if pace is None or pace.likely_at is None:
        return pace
    exactly = pace.likely_at.replace(second=0, microsecond=0) if pace.by_machine else midnight(day_of(pace.likely_at))
    return pace._replace(likely_at=exactly)


def render(request: Request[Any, Any, Any], shown: Shown) -> bytes:
    """The whole page, packed. It is packed once and sent often, so as well as zlib usually does."""
    made = page_of(Place(shown.language, shown.case.reference), shown.case, shown.answer, shown.pace, CLOSED)
    return gzip.compress(made.to_asgi_response(None, request).body, 6, mtime=0)


def page_of(place: Place, case: Status, answer: datetime | None, pace: Pace | None, shown: dict[str, Any]) -> Template:
    """The page of a receipt: `shown` is what a visit shows beside what anybody may see."""
    return render_page(
        "status.html",
        place.language,
        path=place.path,
        place=place,
        case=case,
        state=state_of(case),
        turn=turn_of(case),
        steps=progress(case),
        answer=answer,
        pace=pace,
        contest=contested_before(case),
        is_contested=case.contested == OPEN,
        **shown,
    )


def response(request: Request[Any, Any, Any], shown: Shown, packed: bytes) -> Response[bytes]:
    """The answer, packed for a browser that takes it so."""
    headers = {"Content-Language": shown.language}
    if not takes_gzip(request.scope["headers"]):
        return Response(gzip.decompress(packed), media_type=MediaType.HTML, headers=headers)
    headers |= {"Vary": "Accept-Encoding", "Content-Encoding": "gzip"}
    return Response(packed, media_type=MediaType.HTML, headers=headers)
