"""Who asked the population register about a person, when and why: what the person may be shown."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from models.database import Connection
from workflows.audit.acts import Act
from workflows.audit.pseudonyms import IDCS, person

MOST = 1_000
# Read by the list of persons first: the planner may else walk through all entries of the act.
QUESTIONS = """
    select at, actor, act, detail from (select * from audit_entry where persons && %s::text[] offset 0) as about
    where act = any(%s) order by at desc, id desc limit %s
"""
ASKING = (Act.COMPARE_PERSONS, Act.READ_PERSONS)


class Looked(NamedTuple):
    """A question about a person: by which partner, for what, and by which right or officer."""

    at: datetime
    partner: str
    what: str  # "compare_persons" | "read_persons"
    purpose: str
    basis: str  # or the pseudonym of the officer who read what is stored


def asked_about(connection: Connection, idcs: str) -> Sequence[Looked]:
    """The questions about a person, the newest first, 1,000 at most."""
    rows = connection.execute(QUESTIONS, [[person(IDCS, idcs)], [each.value for each in ASKING], MOST]).fetchall()
    return [looked(*row) for row in rows]


def looked(at: datetime, actor: str, act: str, detail: dict[str, Any]) -> Looked:
    """A question from its entry in the audit."""
    basis = detail.get("basis") or detail.get("officer", "")
    return Looked(at, actor.partition(":")[2], act, detail["purpose"], basis)
