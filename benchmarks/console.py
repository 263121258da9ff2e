"""`sijil bench console`: measures the desk over a million cases of which 50,000 wait for people.

The lists, page by page, whoever reads them, from the database and as pages over HTTP; and the next case, for 50 people
at once.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from statistics import quantiles
from threading import Barrier, Thread
from typing import Any

from benchmarks import audit, prepared, readers
from benchmarks.console_pages import time_pages
from benchmarks.prepared import Say, Workers, vacuum_analyze
from models import clock
from models.arrays import columns
from models.database import snapshot, transact, transaction
from notifications.notices import notices
from trials.servers import proof_servers
from workflows.bodies.appeal import Appeal
from workflows.bodies.territory import provinces
from workflows.casefile import NewCase
from workflows.desk.items import ENTER, item_of
from workflows.desk.next_case import in_turn, next_case
from workflows.desk.pages import Filters, Key, counts, page
from workflows.desk.search import IDCS, NAME, candidates
from workflows.engine.lanes import INTERACTIVE
from workflows.engine.opening import RECEIPTS, Opening, Origin, hash_of, insert_cases, opening, record_openings
from workflows.engine.record import copy, queue_state
from workflows.engine.work import decide
from workflows.evidence import DECLARANT, DecisionState, Submission
from workflows.policies import newest_terms
from workflows.staff.guard import Acting
from workflows.staff.roles import CASEWORKER, Grant, Territory
from workflows.staff.signatures import OFFICER, pseudonym

PEOPLE = 50
TIMES = 200
NEXT_ROUNDS = 10
WORKED_OFF, SEED, PAIRS = 20, 19, 3  # households whose pages are read; of them; pairs of the engine's measurement
FEW = "MA-OUD"  # a province with one case in 5,000
OTHERS = sorted(set(provinces()) - {FEW})
APPEALS_OF = 10  # of what waits, one in so many is an appeal
CASES = """
    insert into cases (id, kind, stage, open, machine, queue, lane, ready, rank, due_at, version, head, household_id,
        region, province, body_number, submitted_at, stage_since)
    overriding system value
    select n, 'registration',
        case when n > %(waiting)s then 'notified' when n %% 10 < 3 then 'needs_correction' else 'under_review' end,
        n <= %(waiting)s, false, case when n <= %(waiting)s then 'timers' end, 0, false, %(now)s,
        case when n <= %(waiting)s then %(now)s + interval '9 days' end, 4, '\\x00', n, r.region, r.province, 1,
        %(now)s - n * interval '3 seconds', %(now)s - n * interval '3 seconds'
    from generate_series(1, %(cases)s) as n
    join unnest(%(regions)s::smallint[], %(provinces)s::text[]) with ordinality as r (region, province, place)
        on r.place = case when n %% 5000 = 0 then cardinality(%(regions)s::smallint[])
            else 1 + (n::bigint * 7919) %% (cardinality(%(regions)s::smallint[]) - 1) end
"""
RECEIPT = """
    insert into receipt (reference, case_id, idempotency_key, body_hash)
    select 'RSU-' || lpad(upper(to_hex(id)), 12, '0'), id, 'bench:' || id, '\\x00' from cases
"""
ITEMS = """
    insert into desk_item (case_id, kind, queue, stage, waits_for, due_at, since, priority, why, holder, barred, region,
        province, language, flags, version, done_at, done_by, done_as)
    select id, kind, 'reviews', stage,
        case when not open then null when stage = 'under_review' then 'staff' else 'citizen' end,
        stage_since + interval '72 hours', stage_since, 3 - (id %% 20 = 0)::int, 'ordinary',
        case when id %% 5 = 0 then (%(people)s::text[])[1 + (id / 5) %% cardinality(%(people)s::text[])] end, '{}',
        region, province, case when id %% 1000 = 0 then 'fr' else 'ar' end, '{}', version,
        case when not open then stage_since end,
        case when not open then (%(people)s::text[])[1 + (id / 5) %% cardinality(%(people)s::text[])] end,
        case when not open then 'ReviewCleared' end
    from cases where open or id %% 10 = 0
"""

# Of each case five persons: their identifiers, and their names, of which one in 500 is the same.
SEARCH = (
    "drop index desk_search_keys",
    """
    insert into desk_search (case_id, keys)
    select id, (select array_agg(key) from (
        select lpad((id * 5 + member)::text, 10, '0') as key from generate_series(0, 4) as member
        union all
        select 'mhmd.n' || (id * 7 + member) %% 500 from generate_series(0, 4) as member
    ) as keys) from cases
    """,
    "create index desk_search_keys on desk_search using gin (keys)",
)


def measure(cases: int, waiting: int, say: Say, pairs: int = PAIRS) -> dict[str, Any]:
    """The 95th percentile of each list and of `next`, in milliseconds, and how many cases two people got."""
    with proof_servers("bench") as servers:
        servers.create("console")
        say(f"{cases} cases, of which {waiting} wait for people ...")
        fill(cases, waiting)
        found = {name: p95([timed(read) for _ in range(TIMES)]) for name, read in readings().items()}
        say("the next case ...")
        next_for_all("nobody")  # opens the connections
        reviews, got = next_for_all("a review")
        appeals_first = "update desk_item set priority = 1 where queue = 'appeals'"
        transact(lambda connection: connection.execute(appeals_first))
        next_for_all("their first appeal")  # each connection prepares what it runs often
        appeals, more = next_for_all("an appeal")
        got += more
        say("the pages over HTTP ...")
        pages = {name: p95(times) for name, times in time_pages(people(), worked_off(), TIMES).items()}
        say("the audit ...")
        servers.create("audit")
        audited = audit.measure(cases)
        say("the engine beside people who read ...")
        beside = readers.measure(servers, pairs, SEED, Workers(), say) if pairs else {"ratio": None, "pairs": []}
    return {
        **found,
        **pages,
        "audit": audited,
        "engine_beside_readers": beside["ratio"],
        "engine_pairs": beside["pairs"],
        "next_review": p95(reviews),
        "next_appeal": p95(appeals),
        "doubled": len(got) - len(set(got)),
        "people": PEOPLE,
    }


def worked_off() -> list[str]:
    """The references of households that the engine registered, beside all these cases."""
    prepared.fill(WORKED_OFF, SEED)
    with prepared.working(Workers(processes=1)):
        prepared.resume_queues()
        prepared.wait_for("select not exists (select from cases where machine)")
    with transaction() as connection:
        newest = connection.execute("select reference from receipt order by case_id desc limit %s", [WORKED_OFF])
        return [reference for (reference,) in newest]


def people() -> list[str]:
    """The names of those who work at the desk."""
    return [f"person {number}" for number in range(PEOPLE)]


def fill(cases: int, waiting: int) -> None:
    """Makes so many cases, of which these wait: one in ten an appeal, of the others a third for a citizen."""
    now, appeals = clock.now(), waiting // APPEALS_OF
    names = [*OTHERS, FEW]
    given = {
        "cases": cases - appeals,
        "waiting": waiting - appeals,
        "now": now,
        "regions": [provinces()[each] for each in names],
        "provinces": names,
        "people": [pseudonym(OFFICER, each) for each in people()],
    }
    with transaction() as connection:
        for statement in (CASES, RECEIPT, ITEMS, *SEARCH):
            connection.execute(statement, given)
        connection.execute("select setval('cases_id_seq', %s)", [cases])
    lodge_appeals(range(cases - appeals + 1, cases + 1), now)
    vacuum_analyze()


def lodge_appeals(numbers: range, now: datetime) -> None:
    """Appeals that wait for a caseworker, as the engine leaves them."""
    state = DecisionState(at=now, stands=True, terms=newest_terms().version)
    made = [an_appeal(number, now) for number in numbers]
    with transaction() as connection:
        insert_cases(connection, made)
        for each in made:
            decide(each.case, state, notices)
        receipts = [(each.file.reference, each.file.id, each.origin.key, hash_of(each.body)) for each in made]
        copy(connection, "receipt", RECEIPTS, receipts)
        record_openings(connection, made, now)
        for each in made:
            set_state(connection, each, now)
        states = [(each.file, queue_state(each.file, now)) for each in made]
        items = [item_of(file, at.stage_since, at.deadline) for file, at in states]
        connection.execute(ENTER, columns(items))


def set_state(connection: Any, made: Opening, now: datetime) -> None:
    """Where the engine leaves the case's row."""
    at = queue_state(made.file, now)
    connection.execute(
        "update cases set stage = %s, machine = %s, queue = %s, ready = %s, due_at = %s, deadline = %s, version = %s, "
        "head = %s, waiting = false where id = %s",
        [
            at.stage,
            at.machine,
            at.queue,
            at.ready,
            at.due_at,
            at.deadline,
            made.file.version,
            made.case.head,
            made.file.id,
        ],
    )


def an_appeal(number: int, now: datetime) -> Opening:
    """An appeal against a refusal that two of the people took."""
    name = OTHERS[number % len(OTHERS)]
    body = Appeal(
        case=number,
        seq=7,
        reference="RSU-0000-0000-0000",
        decision="refusal",
        event="ApplicationRefused",
        decided_at=now - timedelta(days=9),
        decided_by=tuple(pseudonym(OFFICER, people()[(number + more) % PEOPLE]) for more in (0, 1)),
        grounds=["other"],
        region=provinces()[name],
        province=name,
    )
    new = NewCase("appeal", INTERACTIVE, number, body)
    return opening(number, new, Origin("api", f"bench:{number}"), Submission(at=now, by=DECLARANT), notices)


def readings() -> dict[str, Callable[[], object]]:
    """What is read: each list as somebody opens it, with the counts of all."""
    now = clock.now()
    country = Acting("person 1", 1, (Grant(CASEWORKER),))
    one = Acting("person 1", 1, (Grant(CASEWORKER, Territory(provinces()[OTHERS[5]], OTHERS[5])),))
    few = Acting("person 1", 1, (Grant(CASEWORKER, Territory(provinces()[FEW], FEW)),))
    three = Acting("person 1", 1, tuple(Grant(CASEWORKER, Territory(region)) for region in (1, 4, 9)))
    end = Key(now + timedelta(days=400), 2**60, back=True)

    def reading(who: Acting, tab: str, at: Key | None = None, **wanted: Any) -> Callable[[], object]:
        def read() -> object:
            with snapshot() as connection:
                return page(connection, who, tab, now, Filters(**wanted), at)

        return read

    def searching(by: str, value: str) -> Callable[[], object]:
        def find() -> object:
            with snapshot() as connection:
                return candidates(connection, one, by, value, [value] if by == NAME else [])

        return find

    def counting() -> object:
        with snapshot() as connection:
            return counts(connection, country, now)

    return {
        "first": reading(country, "unassigned"),
        "last": reading(country, "unassigned", end),
        "team": reading(country, "team"),
        "team_last": reading(country, "team", end),
        "mine": reading(country, "mine"),
        "done": reading(country, "done"),
        "province": reading(one, "unassigned"),
        "province_of_few": reading(few, "unassigned"),
        "three_regions": reading(three, "team"),
        "appeals": reading(country, "unassigned", queue="appeals"),
        "rare_language": reading(country, "team", language="fr"),
        "rare_priority": reading(few, "team", priority=1),
        "counts": counting,
        "search_identifier": searching(IDCS, "0000123455"),
        "search_common_name": searching(NAME, "mhmd.n17"),
    }


def next_for_all(wanted: str) -> tuple[list[float], list[int]]:
    """The times of all who ask for their next case at once, each anew, and the cases that they got."""
    times: list[float] = []
    got: list[int] = []
    for turn in range(NEXT_ROUNDS):
        barrier = Barrier(PEOPLE)

        def ask(name: str, barrier: Barrier = barrier) -> None:
            who = Acting(name, 1, (Grant(CASEWORKER),))
            barrier.wait()
            began = time.perf_counter()
            found = in_turn(
                lambda: transact(lambda connection: next_case(connection, who, clock.now(), notices))
            )  # as the page does
            times.append((time.perf_counter() - began) * 1000)
            if found:
                got.append(found.case_id)

        run([Thread(target=ask, args=(f"{number} who wants {wanted} {turn}",)) for number in range(PEOPLE)])
    return times, got


def run(threads: list[Thread]) -> None:
    """Runs these at once, and waits for all."""
    for each in threads:
        each.start()
    for each in threads:
        each.join()


def timed(read: Callable[[], object]) -> float:
    """How long it takes, in milliseconds."""
    began = time.perf_counter()
    read()
    return (time.perf_counter() - began) * 1000


def p95(times: list[float]) -> float:
    """The 95th percentile."""
    return round(quantiles(times, n=20)[-1], 1)
