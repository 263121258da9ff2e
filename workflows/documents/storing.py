"""The documents of a case: which may be added, which are there, what one of them shows, and how one is taken back.

Each that comes or goes is an event of the case, with what may be said of it: never what it shows.
"""

from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from psycopg.rows import class_row

from models.database import Connection
from models.errors import NotFound, Refused, Stale
from models.settings import settings
from workflows.audit.acts import Act
from workflows.audit.entries import Entry, record
from workflows.documents.examine import Taken
from workflows.documents.sealing import Sealed, digest_of, new_id, newest_key_id, seal, unseal, wrap_again
from workflows.engine.work import append_event, lock
from workflows.events.appeal import CommissionFound, DecisionProposed
from workflows.events.event import DocumentAdded, DocumentRemoved
from workflows.events.registration import RefusalProposed
from workflows.evidence import DECLARANT, DocumentHandling, Statement
from workflows.flows import PARKED, stage_of
from workflows.flows.grammar import OF_PEOPLE
from workflows.staff.noting import Doing, sign_act
from workflows.staff.signatures import OFFICER

AT_ONCE = 5  # documents of a case for one moment
# What the household says that a document shows.
SHOWS = ("identity", "family", "dwelling", "bill", "income", "belongings", "other")
# For what documents are added: the stage at which they are, by the kind of the case; any other stage of an appeal
# that takes what the household says is the appeal itself.
MOMENTS = {
    ("registration", "needs_correction"): "correction",
    ("update", "needs_correction"): "correction",
    ("update", "conflicting"): "correction",
    ("registration", "hearing"): "hearing",
    ("update", "hearing"): "hearing",
    ("appeal", "information_asked"): "question",
}
DESK = "desk"  # beside these: an officer adds what a household brings at any time before the decision
ALL_MOMENTS = ("appeal", "correction", "desk", "hearing", "question")
DECIDED = {("appeal", "correction_blocked")}  # a stage of people at which the decision is taken
PROPOSALS = (DecisionProposed, RefusalProposed, CommissionFound)  # with which another person agrees, or does not
COLUMNS = (
    "id, moment, shows, media_type, size, pages, at, actor, content is not null as there, "
    "removed_seq is not null as removed, (select actor from event e "
    "where (e.case_id, e.seq) = (document.case_id, document.removed_seq)) as removed_by, "
    "exists (select from event e where e.case_id = document.case_id and e.seq > document.seq "
    f"and e.kind in ({', '.join(repr(each.__name__) for each in PROPOSALS)})) as proposed_on"
)
LIST = f"select {COLUMNS} from document where case_id = %s order by seq"
# What was taken back counts in all, so that nobody adds and removes for ever.
COUNT = """
    select count(*), count(*) filter (where moment = %s and removed_seq is null) from document where case_id = %s
"""
SENT_BEFORE = "select id from document where (case_id, digest) = (%s, %s)"
INSERT = """
    insert into document (id, case_id, seq, moment, shows, media_type, size, pages, content, wrapped_key, key_id,
        digest, at, actor) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
REMOVE = """
    update document set content = null, wrapped_key = null, digest = null, removed_seq = %s where id = %s
"""
CONTENT = f"select content, wrapped_key, key_id, {COLUMNS} from document where (case_id, id) = (%s, %s)"
# Row by row locks, so that erasing a case waits for a batch at most.
OF_OLDER_KEYS = """
    select id, case_id, wrapped_key, key_id from document
    where key_id <> %s and wrapped_key is not null order by key_id, id limit %s for update skip locked
"""
WRAP = "update document set wrapped_key = %s, key_id = %s where id = %s"
LEFT = "select count(*) from document where key_id <> %s and wrapped_key is not null"


class Stored(NamedTuple):
    """A document of a case, without what it shows. `there`: False: it was erased, or `removed`."""

    id: str
    moment: str
    shows: str
    media_type: str
    size: int
    pages: int
    at: datetime
    actor: str
    there: bool
    removed: bool  # it was taken back
    removed_by: str | None  # by whom
    proposed_on: bool  # somebody proposed a decision while it was there

    @property
    def at_desk(self) -> bool:
        """Whether an officer added it for the household."""
        return self.actor != DECLARANT

    @property
    def removed_at_desk(self) -> bool:
        """Whether an officer took it back, who had added it."""
        return self.removed and self.removed_by != DECLARANT


class File(NamedTuple):
    """A file that somebody sent, as it came, and what of it is kept."""

    sent: bytes
    shows: str
    taken: Taken


class Giver(NamedTuple):
    """Who adds a document, or takes it back: the household itself, or an officer (a name, and the role) for them."""

    officer: str = ""
    role: str = ""


HOUSEHOLD = Giver()


def moment_of(kind: str, stage: str) -> str:
    """For what a household may add documents now; '': for nothing."""
    if stage == PARKED:
        return ""
    of_appeal = kind == "appeal" and Statement in stage_of(kind, stage).handlers
    return MOMENTS.get((kind, stage), "appeal" if of_appeal else "")


def before_decision(kind: str, stage: str) -> bool:
    """Whether people have the case in hand, and have not decided it: a document may still be taken back."""
    if stage == PARKED or (kind, stage) in DECIDED:
        return False
    return stage_of(kind, stage).owner in OF_PEOPLE


def moment_at_desk(kind: str, stage: str) -> str:
    """For what an officer may add documents for a household now; '': for nothing."""
    return moment_of(kind, stage) or (DESK if before_decision(kind, stage) else "")


def documents_of(connection: Connection, case_id: int) -> list[Stored]:
    """The documents of a case, the oldest first."""
    with connection.cursor(row_factory=class_row(Stored)) as cursor:
        return cursor.execute(LIST, [case_id]).fetchall()


def require_room(connection: Connection, case_id: int, moment: str, giver: Giver = HOUSEHOLD) -> None:
    """Raises Refused where the case takes no more documents; an officer may add more for one moment."""
    in_all, at_once = connection.execute(COUNT, [moment, case_id]).fetchone() or (0, 0)
    if (at_once >= AT_ONCE and giver == HOUSEHOLD) or in_all >= settings().max_documents:
        raise Refused("too_many_documents", "This case takes no more documents.")


def add(connection: Connection, case_id: int, file: File, now: datetime, giver: Giver = HOUSEHOLD) -> str:
    """Keeps a document that somebody gives, once however often it is sent; returns its id. The caller commits.

    Raises Stale where the case takes none any more, and Refused where it has as many as it may.
    """
    row = lock(connection, case_id)
    digest = digest_of(case_id, file.sent)
    if before := connection.execute(SENT_BEFORE, [case_id, digest]).fetchone():
        return str(before[0])
    moment = moment_of(row.kind, row.stage) if giver == HOUSEHOLD else moment_at_desk(row.kind, row.stage)
    if not moment:
        raise Stale("The case takes no documents any more.")
    require_room(connection, case_id, moment, giver)
    document = new_id()
    sealed = seal(document, case_id, file.taken.content)
    event = added(document, moment, file, sealed)
    detail: dict[str, str | int | bool] = {"moment": moment, "shows": file.shows, "pages": file.taken.pages}
    doing = Doing(Act.TAKE_DOCUMENT if giver.officer else Act.ADD_DOCUMENT, now, [case_id], giver.role, detail=detail)
    by = noted_by(connection, giver, doing)
    about = (event.moment, event.shows, event.media_type, event.size, event.pages)
    connection.execute(INSERT, [document, case_id, row.version + 1, *about, *sealed, digest, now, by])
    append_event(connection, row, event, DocumentHandling(at=now, by=by))
    return document


def added(document: str, moment: str, file: File, sealed: Sealed) -> DocumentAdded:
    """The event of a document that came."""
    return DocumentAdded(
        document=document,
        digest=sha256(sealed.content).hexdigest(),
        media_type=file.taken.media_type,
        size=len(file.taken.content),
        pages=file.taken.pages,
        moment=moment,
        shows=file.shows,
    )


def noted_by(connection: Connection, who: Giver, doing: Doing) -> str:
    """Notes in the audit what somebody did with a document; returns who that is in the history."""
    return sign_act(connection, OFFICER, who.officer, doing) if who.officer else note_household(connection, doing)


def note_household(connection: Connection, doing: Doing) -> str:
    """Notes in the audit what the household itself did with a document; returns who that is in the history."""
    entry = Entry(
        at=doing.at,
        actor=DECLARANT,
        role=DECLARANT,
        act=doing.act,
        case_ids=doing.case_ids,
        count=1,
        detail=doing.detail,
    )
    record(connection, entry)
    return DECLARANT


def require_stored(connection: Connection, case_id: int, document: str) -> Stored:
    """A document of this case that is there, or was taken back. Raises NotFound: it is unknown, of another case, or
    erased.
    """
    stored = next((each for each in documents_of(connection, case_id) if each.id == document), None)
    if stored is None or not (stored.there or stored.removed):
        raise NotFound("There is no such document.")
    return stored


def remove(connection: Connection, case_id: int, document: str, now: datetime, remover: Giver = HOUSEHOLD) -> None:
    """Takes a document back, for its household or for an officer who added it by mistake: what it shows is gone with
    the commit, that it was there stays.

    Once however often it is asked for. Raises NotFound, also for one of another case, and Stale where the case is
    decided or in the hands of the machine.
    """
    row = lock(connection, case_id)
    stored = require_stored(connection, case_id, document)
    if stored.removed:
        return
    if not before_decision(row.kind, row.stage):
        raise Stale("The case is being decided: no document is taken back any more.")
    connection.execute(REMOVE, [row.version + 1, document])
    detail: dict[str, str | int | bool] = {"moment": stored.moment, "shows": stored.shows}
    act = Act.TAKE_BACK_DOCUMENT if remover.officer else Act.REMOVE_DOCUMENT
    by = noted_by(connection, remover, Doing(act, now, [case_id], remover.role, detail=detail))
    append_event(connection, row, DocumentRemoved(document=document), DocumentHandling(at=now, by=by))


def content_of(connection: Connection, case_id: int, document: str) -> tuple[Stored, bytes]:
    """A document of this case and what it shows. Raises NotFound: it is unknown, of another case, or erased."""
    row = connection.execute(CONTENT, [case_id, document]).fetchone()
    if row is None or row[0] is None:
        raise NotFound("There is no such document.")
    content, wrapped_key, key_id, *about = row
    return Stored._make(about), unseal(document, case_id, Sealed(content, wrapped_key, key_id))


def rotate(connection: Connection, most: int) -> int:
    """Wraps the keys of so many documents anew by the newest key; returns how many. The caller commits."""
    newest = newest_key_id()
    rows = connection.execute(OF_OLDER_KEYS, [newest, most]).fetchall()
    for document, case_id, wrapped_key, key_id in rows:
        connection.execute(WRAP, [*wrap_again(document, case_id, wrapped_key, key_id), document])
    return len(rows)


def count_of_older_keys(connection: Connection) -> int:
    """How many documents are not wrapped by the newest key yet."""
    row = connection.execute(LEFT, [newest_key_id()]).fetchone()
    return int(row[0]) if row else 0
