"""When a decision reached its household: the first proved delivery of a message that told it, or of one that repeated
that message. The term in which a decision may be contested counts from it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache

from models.arrays import columns
from models.database import Connection
from workflows.events.event import Event
from workflows.events.registration import (
    ApplicationRefused,
    CorrectionAsked,
    IdentityNotConfirmed,
    MembersMismatched,
    NoticesIssued,
)
from workflows.events.update import ChangeTold, LossTold
from workflows.flows import templates_to_prove

# The events whose messages tell a decision: their own, or the index and the thresholds before them.
TELLING: tuple[type[Event], ...] = (
    MembersMismatched,
    IdentityNotConfirmed,
    CorrectionAsked,
    ApplicationRefused,
    NoticesIssued,
    ChangeTold,
    LossTold,
)
# The messages `m` that told a decision `d`, of a case and with its sequence, or repeated one that did.
TELLING_MESSAGES = """
    (
        select min(e.seq) as seq from event e
        where e.case_id = d.case_id and e.seq >= d.seq and e.kind = any(%(telling)s)
    ) as telling
    join message m on m.case_id = d.case_id and m.template = any(%(templates)s) and (m.seq = telling.seq or m.seq in (
        select e.seq from event e where e.case_id = d.case_id and e.kind = 'MessageRepeated'
            and (e.facts ->> 'of')::int = telling.seq
    ))
"""
PROVED = "min(m.delivery_at) filter (where m.delivery = 'delivered')"  # of these: the first proved delivery
REACHED = f"""
    select d.case_id, d.seq, {PROVED} from unnest(%(cases)s::bigint[], %(seqs)s::int[]) as d (case_id, seq)
    cross join lateral {TELLING_MESSAGES} group by d.case_id, d.seq
"""


@cache
def telling_parameters() -> Mapping[str, Sequence[str]]:
    """What the statements with TELLING_MESSAGES ask for."""
    return {"telling": [each.__name__ for each in TELLING], "templates": sorted(templates_to_prove())}


def when_reached(
    connection: Connection, decisions: Sequence[tuple[int, int]]
) -> Mapping[tuple[int, int], datetime | None]:
    """Those of these decisions, by case and sequence, of which a message told, each with when its delivery was proved.

    None while nothing proves it.
    """
    if not decisions:
        return {}
    cases, seqs = columns(list(decisions))
    rows = connection.execute(REACHED, {"cases": cases, "seqs": seqs, **telling_parameters()})
    return {(case_id, seq): proved for case_id, seq, proved in rows}
