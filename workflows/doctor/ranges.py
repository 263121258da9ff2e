"""What only a look at every row tells: whole tables, gone through by ranges of cases, of households, of persons."""

from collections.abc import Callable
from typing import NamedTuple

from models.database import Connection
from workflows.bodies.change import UPDATE
from workflows.doctor.comparison import compare_range
from workflows.doctor.findings import FIRST, Findings, Location
from workflows.doctor.period_rows import households_astray
from workflows.doctor.person_rows import compare_keys
from workflows.history.keyranges import KeyRange
from workflows.registers.person_moves import lets_go


def compare_periods(connection: Connection, at: KeyRange, findings: Findings) -> None:
    """When the versions of a range of households were true, beside what their events say."""
    astray = households_astray(connection, at)
    findings.add(
        "periods_changed", len(astray), [Location("household_period", "household", each) for each in astray[:FIRST]]
    )


class Check(NamedTuple):
    """A statement that gives the number of the case or household for each row that is wrong, within %(after)s and
    %(upto)s.

    Known to it are %(queues)s, those of the flow, and those of `known` in the folder's `__init__`.

    """

    table: str
    statement: str


class Walk(NamedTuple):
    """A table whose keys are gone through, so many at a time, and what is looked for in each range."""

    key: str  # "case" | "household" | "person"
    table: str
    checks: dict[str, Check]
    recompute: Callable[[Connection, KeyRange, Findings], None] | None = None
    at_once: int = 1000

    def look(self, connection: Connection, at: KeyRange, known: dict[str, object], findings: Findings) -> None:
        """Every check of one range."""
        for name, check in self.checks.items():
            statement = f"select count(*) over (), number from ({check.statement}) as wrong (number) limit {FIRST}"
            rows = connection.execute(statement, {**known, **at._asdict()}).fetchall()
            findings.add(
                name, rows[0][0] if rows else 0, (Location(check.table, self.key, number) for _, number in rows)
            )
        if self.recompute:
            self.recompute(connection, at, findings)


C = "c.id > %(after)s and c.id <= %(upto)s"
CASES = Walk(
    "case",
    "cases",
    {
        # G3 of docs/proofs.md: every open case is due, timed, quarantined, in work, or an operator's.
        "orphans": Check(
            "cases",
            f"""
            select c.id from cases c where {C} and open and not ready and due_at is null and not waiting
            and stage <> 'parked'
            and not exists (select from (select unnest(case_ids) as id from attempt) as held where held.id = c.id)
        """,
        ),
        "parked_without_reason": Check(
            "cases",
            f"""
            select c.id from cases c where {C} and stage = 'parked' and not exists (select from case_failure t
                where t.case_id = c.id and t.parked)
        """,
        ),
        "unknown_queues": Check(
            "cases",
            f"select c.id from cases c where {C} and (ready or due_at is not null) and queue <> all(%(queues)s)",
        ),
        # G2 and G6: as many events as the version says.
        "versions_off": Check(
            "cases",
            f"""
            select c.id from cases c
            left join (select case_id, count(*) from event where case_id > %(after)s
                and case_id <= %(upto)s group by 1) as e (id, events) using (id)
            where {C} and version <> coalesce(events, 0)
        """,
        ),
        # G4: every event of a kind that makes a message owed has one.
        "messages_missing": Check(
            "message",
            """
            select e.case_id from event e join cases c on c.id = e.case_id
            where e.case_id > %(after)s and e.case_id <= %(upto)s and c.parent_id is null
            and (c.kind, e.kind) in (select * from unnest(%(owed_by)s::text[], %(owed_events)s::text[]))
            and not exists (select from message m where (m.case_id, m.seq) = (e.case_id, e.seq))
        """,
        ),
        # Every event that opens a case has opened one, and one alone.
        "children_missing": Check(
            "cases",
            """
            select e.case_id from event e join cases c on c.id = e.case_id
            where e.case_id > %(after)s and e.case_id <= %(upto)s
            and (c.kind, e.kind) in (select * from unnest(%(opening_kinds)s::text[], %(opening_events)s::text[]))
            and not exists (select from cases o where (o.parent_id, o.parent_seq) = (e.case_id, e.seq))
        """,
        ),
        "children_doubled": Check(
            "cases",
            """
            select parent_id from cases where parent_id > %(after)s and parent_id <= %(upto)s
            group by parent_id, parent_seq having count(*) > 1
        """,
        ),
        # Nobody waits for what is over: for its turn in a household that has nothing in the machine, for a case that
        # has ended or is parked, or for persons of a household that has no update under way.
        "waits_stuck": Check(
            "cases",
            f"""
            select c.id from cases c where {C} and waiting
            and not exists (select from cases o where o.household_id = c.household_id and o.machine)
            union all
            select c.id from cases c where {C} and open and not ready and due_at is not null
            and (kind, stage) in (select * from unnest(%(waiting_kinds)s::text[], %(waiting_stages)s::text[]))
            and exists (select from cases o where o.parent_id = c.id and (not o.open or o.stage = 'parked')
                and not exists (select from cases l where l.parent_id = c.id and l.parent_seq > o.parent_seq))
            union all
            select c.id from cases c where {C} and due_at is not null
            and exists (select from person_awaited a where a.case_id = c.id and not exists (
                select from cases u where u.household_id = a.household_id and u.kind = '{UPDATE}' and u.open))
        """,
        ),
        # Whatever one of the staff did was noted, in the same transaction. A sub-select is asked for each event alone,
        # by actor and moment.
        "acts_without_audit": Check(
            "event",
            """
            select e.case_id from event e where e.case_id > %(after)s and e.case_id <= %(upto)s
            and split_part(e.actor, ':', 1) = any(%(staff)s)
            and (select min(a.id) from audit_entry a
                where (a.actor, a.at) = (e.actor, e.at) and e.case_id = any(a.case_ids)) is null
        """,
        ),
        # The keys that hot tables go without.
        "events_without_case": Check(
            "event",
            """
            select case_id from event e where case_id > %(after)s and case_id <= %(upto)s and not exists (select
                from cases c where c.id = e.case_id)
        """,
        ),
        "receipts_without_case": Check(
            "receipt",
            """
            select case_id from receipt r where case_id > %(after)s and case_id <= %(upto)s and not exists (select
                from cases c where c.id = r.case_id)
        """,
        ),
        "desk_without_case": Check(
            "desk_item",
            """
            select case_id from desk_item i where case_id > %(after)s and case_id <= %(upto)s and not exists (select
                from cases c where c.id = i.case_id)
        """,
        ),
        "bodies_missing": Check(
            "case_body",
            f"""
            select c.id from cases c where {C} and not exists (select from case_body d
                where (d.case_id, d.number) = (c.id, c.body_number))
        """,
        ),
        "scores_without_event": Check(
            "score",
            """
            select case_id from score s where case_id > %(after)s and case_id <= %(upto)s
            and not exists (select from event e where (e.case_id, e.seq) = (s.case_id, s.seq))
        """,
        ),
        "bodies_without_case": Check(
            "case_body",
            """
            select case_id from case_body d where case_id > %(after)s and case_id <= %(upto)s and not exists (select
                from cases c where c.id = d.case_id)
        """,
        ),
        "texts_without_case": Check(
            "case_text",
            """
            select case_id from case_text t where case_id > %(after)s and case_id <= %(upto)s and not exists (select
                from cases c where c.id = t.case_id)
        """,
        ),
        # Every document that an event says came is there, if only as a row whose content is gone; none came unsaid.
        "documents_missing": Check(
            "document",
            """
            select e.case_id from event e where e.case_id > %(after)s and e.case_id <= %(upto)s
            and e.kind = 'DocumentAdded'
            and not exists (select from document d where (d.case_id, d.seq) = (e.case_id, e.seq))
            union all
            select e.case_id from event e where e.case_id > %(after)s and e.case_id <= %(upto)s
            and e.kind = 'DocumentRemoved'
            and not exists (select from document d where (d.case_id, d.removed_seq) = (e.case_id, e.seq))
        """,
        ),
        "documents_without_event": Check(
            "document",
            """
            select case_id from document d where case_id > %(after)s and case_id <= %(upto)s
            and not (exists (select from event e
                    where (e.case_id, e.seq, e.kind) = (d.case_id, d.seq, 'DocumentAdded'))
                and (removed_seq is null or exists (select from event e
                    where (e.case_id, e.seq, e.kind) = (d.case_id, d.removed_seq, 'DocumentRemoved'))))
        """,
        ),
        # Sealed, and by a key that the settings lack: nobody can open it until that is put back.
        "documents_without_key": Check(
            "document",
            """
            select case_id from document where case_id > %(after)s and case_id <= %(upto)s
            and wrapped_key is not null and key_id <> all(%(document_keys)s)
        """,
        ),
        "messages_without_case": Check(
            "message",
            """
            select case_id from message m where case_id > %(after)s and case_id <= %(upto)s and not exists (select
                from cases c where c.id = m.case_id)
        """,
        ),
        "claims_without_case": Check(
            "person_claim",
            """
            select case_id from person_claim p where case_id > %(after)s and case_id <= %(upto)s
            and not exists (select from cases c where (c.id, c.household_id) = (p.case_id, p.household_id))
        """,
        ),
    },
    compare_range,
)

MEMBERS = """
    select m.household_id, m.idcs from household_member m join household_period p using (household_id, version)
    where household_id > %(after)s and household_id <= %(upto)s and upper_inf(p.valid) and upper_inf(p.known)
"""  # of these households as they are now
HOUSEHOLDS = Walk(
    "household",
    "household",
    {
        # One person, one household. Who holds a person is one household by the key of `person_claim`: the other has
        # them without holding them. It may do so only while its own update that lets them go is under way.
        "double_persons": Check(
            "household_member",
            f"""
            select m.household_id from ({MEMBERS}) as m join person_claim p using (idcs)
                where p.household_id <> m.household_id and exists (
                select from household_member o join household_period n using (household_id, version)
                where household_id = p.household_id and o.idcs = m.idcs and upper_inf(n.valid) and upper_inf(n.known)
            )
            and not exists (select from cases u join case_body b on (b.case_id, b.number) = (u.id, u.body_number)
                where u.household_id = m.household_id and u.kind = '{UPDATE}' and u.open and {lets_go("m.idcs")})
        """,
        ),
        "members_not_claimed": Check(
            "household_member",
            f"""
            select m.household_id from ({MEMBERS}) as m
            where not exists (select from person_claim p where p.idcs = m.idcs and (p.household_id = m.household_id
                or exists (select from household_member o join household_period n using (household_id, version)
                where household_id = p.household_id and o.idcs = m.idcs and upper_inf(n.valid) and upper_inf(n.known))))
        """,
        ),
        # Of one moment one thing is known, and of every version when it was true.
        "periods_overlapping": Check(
            "household_period",
            """
            select p.household_id from household_period p join household_period o using (household_id)
            where household_id > %(after)s and household_id <= %(upto)s
            and o.number > p.number and o.valid && p.valid and o.known && p.known
        """,
        ),
        "versions_without_period": Check(
            "household_version",
            """
            select household_id from household_version v where household_id > %(after)s and household_id <= %(upto)s
            and not exists (select from household_period p
                where (p.household_id, p.version) = (v.household_id, v.version))
        """,
        ),
        "periods_without_version": Check(
            "household_period",
            """
            select household_id from household_period p where household_id > %(after)s and household_id <= %(upto)s
            and not exists (select from household_version v
                where (v.household_id, v.version) = (p.household_id, p.version))
        """,
        ),
        "versions_without_household": Check(
            "household_version",
            """
            select household_id from household_version v
            where household_id > %(after)s and household_id <= %(upto)s and not exists (select from household h
                where h.id = v.household_id)
        """,
        ),
        "members_without_version": Check(
            "household_member",
            """
            select household_id from household_member m where household_id > %(after)s and household_id <= %(upto)s
            and not exists (select from household_version v
                where (v.household_id, v.version) = (m.household_id, m.version))
        """,
        ),
        "eligibilities_without_version": Check(
            "eligibility",
            """
            select household_id from eligibility e where household_id > %(after)s and household_id <= %(upto)s
            and not exists (select from household_version v
                where (v.household_id, v.version) = (e.household_id, e.version))
        """,
        ),
        # Their case is there, and about this household.
        "households_without_case": Check(
            "household",
            """
            select id from household h where id > %(after)s and id <= %(upto)s
            and not exists (select from cases c where (c.id, c.household_id) = (h.registered_by, h.id))
        """,
        ),
        "versions_without_case": Check(
            "household_version",
            """
            select household_id from household_version v where household_id > %(after)s and household_id <= %(upto)s
            and not exists (select from cases c where (c.id, c.household_id) = (v.case_id, v.household_id))
        """,
        ),
    },
    compare_periods,
)
PERSONS = Walk("person", "person", {}, compare_keys)
WALKS = (CASES, HOUSEHOLDS, PERSONS)
