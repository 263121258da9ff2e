"""Who of the staff looked at a file or did something to it, as its citizen is told: by role, office and purpose, day by
day, and never by name.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from models.database import Connection
from models.days import MOROCCO, midnight
from models.staff import ROLES
from web.queries import Status
from workflows.audit.acts import Act, Purpose

# What an act is in a citizen's words; any other one is something that keeps the service running.
READ, SHARED, AT_DESK, DECIDED, RECEIPT, OPERATED = "read", "shared", "at_desk", "decided", "receipt", "operated"
TOOK_BACK = "took_back"
IN_WORDS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            Act.READ_QUEUE,
            Act.READ_CASE,
            Act.READ_DOCUMENT,
            Act.READ_PERSON,
            Act.SEARCH,
            Act.READ_OPERATIONS,
            Act.READ_AUDIT,
            Act.EXPORT_AUDIT,
        ),
        READ,
    ),
    **dict.fromkeys((Act.TAKE_CASE, Act.ASSIGN_CASE, Act.HAND_BACK, Act.SET_PRIORITY, Act.ADD_NOTE), SHARED),
    **dict.fromkeys((Act.TAKE_ANSWER, Act.TAKE_DOCUMENT), AT_DESK),
    **dict.fromkeys((Act.DECLARE_CHANGE, Act.LODGE_APPEAL, Act.ADD_TEXT), AT_DESK),
    **dict.fromkeys((Act.FILE_ENROLMENT, Act.ATTEST_ENROLMENT, Act.RETURN_ENROLMENT), AT_DESK),
    **dict.fromkeys(
        (
            Act.DECIDE_REVIEW,
            Act.CONFIRM_IDENTITY,
            Act.AGREE_TO_REFUSE,
            Act.ASK_INFORMATION,
            Act.PROPOSE_DECISION,
            Act.AGREE_TO_DECISION,
            Act.RETURN_DECISION,
            Act.ESCALATE,
            Act.RETRY_CORRECTION,
            Act.ORDER_REVIEWS,
            Act.CONFIRM_ENROLMENT,
            Act.TELL_APART,
        ),
        DECIDED,
    ),
    Act.GIVE_RECEIPT: RECEIPT,
    Act.TAKE_BACK_DOCUMENT: TOOK_BACK,
}
TOLD = (READ, SHARED, AT_DESK, TOOK_BACK, DECIDED, RECEIPT, OPERATED)
OTHERS = "others"  # a role that is none of an account's: whoever has the keys of the installation, or a shell
ROLES_TOLD = (*ROLES, OTHERS)
# What an authority asks by law is not told here: the law says whom it tells.
PURPOSES = tuple(each.value for each in Purpose if each is not Purpose.INVESTIGATION)
MOST = 60  # lines
LOOKED = f"""
    select (a.at at time zone %s)::date as day, a.role, a.act, a.purpose, min(r.region), bool_or(r.id is not null)
    from audit_entry a left join staff_role r on (r.account_id, r.role) = (a.account_id, a.role)
    where a.case_ids @> array[%s]::bigint[] and a.purpose = any(%s)
        and a.act not in ('{Act.ACT_REFUSED}', '{Act.ADD_DOCUMENT}', '{Act.REMOVE_DOCUMENT}')
    group by day, a.role, a.act, a.purpose order by day desc, max(a.id) desc limit %s
"""


class Looked(NamedTuple):
    """Somebody of the staff on a day: in which role, where (a region; None: the country), what, and why.

    `known`: whether the office is known.
    """

    day: datetime
    role: str
    what: str
    purpose: str
    region: int | None
    known: bool


def who_looked(connection: Connection, case: Status) -> list[Looked]:
    """Who looked at a case or did something to it, the newest first; each day and role once for each thing."""
    rows = connection.execute(LOOKED, [MOROCCO.key, case.case_id, list(PURPOSES), MOST]).fetchall()
    return list(dict.fromkeys(looked(row) for row in rows))


def looked(row: tuple[Any, ...]) -> Looked:
    """A line, with words of ours for each code."""
    day, role, act, purpose, region, known = row
    told = role if role in ROLES else OTHERS
    return Looked(midnight(day), told, IN_WORDS.get(act, OPERATED), purpose, region, known)
