"""Prepares changes and upheld appeals of registered households, a set at a time."""

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from benchmarks.prepared import SET
from models import clock
from models.database import Connection, transaction
from models.days import day_of
from notifications.notices import notices
from trials.generator.answers import Json
from trials.generator.household import honest
from trials.generator.identifiers import phone
from workflows.appeals.holding import CASEWORKER
from workflows.audit.acts import Act
from workflows.bodies import reading
from workflows.bodies.appeal import Appeal, Contested, corrected
from workflows.bodies.change import UPDATE, Change
from workflows.bodies.declaration import Declaration
from workflows.casefile import NewCase
from workflows.engine import lanes
from workflows.engine.chain import new_salt
from workflows.engine.opening import (
    BODIES,
    Opening,
    Origin,
    case_numbers,
    hash_of,
    insert_cases,
    opening,
    record_openings,
    sealed_body,
)
from workflows.engine.progress import CaseInProgress
from workflows.engine.record import copy
from workflows.engine.work import decide, write
from workflows.events.appeal import Finding
from workflows.evidence import DECLARANT, AppealVerdict, Assignment, DecisionState, Submission
from workflows.intake.submit import keep_receipts
from workflows.policies import newest_terms
from workflows.registers.enrol import enrol
from workflows.staff.noting import Doing, note_act
from workflows.staff.signatures import OFFICER, sign

FIRST_NEWCOMER = 1_000_000  # persons who join are the heads of the seed's households from this number on
PATH = "bills.telecom"  # the value that every appeal contests
REGISTERED = """
    select c.household_id, c.id, r.reference, b.body::text, s.seq, s.policy, s.computed_at
    from household h join cases c on c.id = h.registered_by join receipt r on r.case_id = c.id
    join case_body b on (b.case_id, b.number) = (c.id, c.body_number) join score s on s.case_id = c.id
    order by c.id
"""


class Shares(NamedTuple):
    """Which part of the cases are changes, and which are appeals; all others are registrations."""

    updates: float
    appeals: float


class Registered(NamedTuple):
    """A registered household: its registration, what was declared, and its index."""

    household_id: int
    case_id: int
    reference: str
    body: str
    seq: int
    policy: str
    computed_at: datetime

    @property
    def declaration(self) -> Declaration:
        """What it declared."""
        return Declaration.restored(self.body)


def fill(cases: int, shares: Shares, seed: int) -> dict[str, int]:
    """Makes the changes and the upheld appeals among so many cases; how many cases of each kind there are then."""
    with transaction() as connection:
        known = [Registered(*row) for row in connection.execute(REGISTERED)]
    updates, appeals = round(cases * shares.updates), round(cases * shares.appeals)
    newcomers, rng = enrolled(updates, seed), random.Random(seed)
    for batch in sets(known[:updates]):
        with transaction() as connection:
            declare(connection, [(each, change_of(each, rng, newcomers)) for each in batch], clock.now())
    for batch in sets(known[updates : updates + appeals]):
        with transaction() as connection:
            uphold(connection, batch, clock.now())
    return {"registrations": cases - updates - appeals, "updates": updates, "appeals": appeals}


def sets(households: Sequence[Registered]) -> Iterator[Sequence[Registered]]:
    """These households, so many at a time."""
    return (households[place : place + SET] for place in range(0, len(households), SET))


# Changes -------------------------------------------------------------------------------------------


def enrolled(count: int, seed: int) -> Iterator[Json]:
    """Enrols the persons who may join a household; each as its household declares it, as the head of its own."""
    made = [honest(seed, FIRST_NEWCOMER + number) for number in range(count)]
    enrol(each.residents[0].row() for each in made)
    return iter([each.body["members"][0] for each in made])


def change_of(household: Registered, rng: random.Random, newcomers: Iterator[Json]) -> Change:
    """A change of a household, true from today."""
    (kind,) = rng.choices(list(CHANGES), [share for share, _ in CHANGES.values()])
    said = household.declaration.model_dump(mode="json", exclude_none=True)
    if kind == "member_left" and (said["members"][-1]["relationship"] == "head" or said["members"][-1]["declarant"]):
        kind = "bills"
    CHANGES[kind][1](said, newcomers)
    sent = {"change": kind, "true_from": day_of(clock.now()).isoformat(), "based_on": 1, "declaration": said}
    return reading.valid(Change, sent | ({"cause": CAUSES[kind]} if kind in CAUSES else {}))


def pays_more(said: Json, newcomers: Iterator[Json]) -> None:
    """Another monthly bill."""
    said["bills"]["gas"] = "61.5"


def has_another_phone(said: Json, newcomers: Iterator[Json]) -> None:
    """Another phone."""
    said["phone"] = phone(random.Random(said["members"][0]["idcs"]))


def lives_elsewhere(said: Json, newcomers: Iterator[Json]) -> None:
    """Another address in the same region."""
    said["commune"] = f"{said['commune']} (2)"


def owns_more(said: Json, newcomers: Iterator[Json]) -> None:
    """One more phone."""
    said["belongings"]["mobile_phones"] += 1


def has_one_more(said: Json, newcomers: Iterator[Json]) -> None:
    """A person joins whom no household holds."""
    said["members"].append(next(newcomers) | {"relationship": "other_relative", "declarant": False})


def has_one_less(said: Json, newcomers: Iterator[Json]) -> None:
    """The last member leaves."""
    said["members"].pop()


# What changes, with its share in a hundred.
CHANGES: dict[str, tuple[int, Callable[[Json, Iterator[Json]], None]]] = {
    "bills": (30, pays_more),
    "contact": (20, has_another_phone),
    "moved": (20, lives_elsewhere),
    "belongings": (10, owns_more),
    "member_joined": (10, has_one_more),
    "member_left": (10, has_one_less),
}
CAUSES = {"member_joined": "arrival", "member_left": "departure"}


def declare(connection: Connection, changes: Sequence[tuple[Registered, Change]], now: datetime) -> None:
    """Opens these changes, as if each citizen had declared theirs.

    They have a lane of their own: beside long batches, workers would take interactive cases one by one.
    """
    evidence = Submission(at=now, by=DECLARANT)
    new = [NewCase(UPDATE, lanes.UPDATE, household.household_id, body) for household, body in changes]
    open_all(connection, new, evidence)


def open_all(connection: Connection, new: Sequence[NewCase], evidence: Submission) -> list[Opening]:
    """Opens these cases with their receipts."""
    numbers = case_numbers(connection, len(new))
    opened = [
        opening(number, each, Origin("api", f"bench:{number}"), evidence, notices)
        for number, each in zip(numbers, new, strict=True)
    ]
    receipts = [(each.file.reference, each.file.id, each.origin.key, hash_of(each.body)) for each in opened]
    keep_receipts(connection, receipts)
    insert_cases(connection, opened)
    record_openings(connection, opened, evidence.at)
    return opened


# Appeals -------------------------------------------------------------------------------------------


def uphold(connection: Connection, households: Sequence[Registered], now: datetime) -> None:
    """Lodges an appeal of each of these households, and lets a caseworker take it and uphold it."""
    officer, terms = sign(connection, OFFICER, "amina"), newest_terms().version
    bodies = [appeal_of(each) for each in households]
    new = [
        NewCase("appeal", lanes.APPEAL, each.household_id, body) for each, body in zip(households, bodies, strict=True)
    ]
    opened = open_all(connection, new, Submission(at=now, by=DECLARANT))
    cases = [CaseInProgress(each.file, each.case.head) for each in opened]
    for case, household in zip(cases, households, strict=True):
        decide(case, DecisionState(at=now, stands=True, terms=terms), notices)
        decide(case, Assignment(at=now, by=officer, to=officer, role=CASEWORKER), notices)
        number, digest = store_correction(connection, case, household, now)
        found = (Finding(PATH, True, "document_shows_it"),)
        verdict = AppealVerdict(
            at=now, by=officer, findings=found, role=CASEWORKER, terms=terms, number=number, digest=digest
        )
        decide(case, verdict, notices)
    write(connection, cases, now, notices)
    doing = Doing(Act.PROPOSE_DECISION, now, [case.file.id for case in cases], CASEWORKER)
    note_act(connection, officer, "amina", doing)


def appeal_of(household: Registered) -> Appeal:
    """The appeal of a household against its index: one of its bills was higher."""
    said = household.declaration
    return Appeal(
        case=household.case_id,
        seq=household.seq,
        reference=household.reference,
        decision="index",
        event="ScoreComputed",
        decided_at=household.computed_at,
        policy=household.policy,
        grounds=["value_wrong"],
        contested=[Contested(path=PATH, should_be="1234.5")],
        language=said.language,
        phone=said.phone,
        region=said.region,
        province=said.province,
    )


def store_correction(
    connection: Connection, case: CaseInProgress, household: Registered, now: datetime
) -> tuple[int, str]:
    """Stores the appeal's second body, with the declaration as it should have been; its number and digest."""
    appeal: Appeal = case.file.body
    body = appeal.model_copy(
        update={
            "corrected": corrected(household.declaration, appeal.contested),
            "based_on": 1,
            "true_from": day_of(household.computed_at),
        }
    )
    salt, stored = new_salt(), body.stored()
    copy(connection, "case_body", BODIES, [(case.file.id, 2, household.household_id, stored, appeal.phone, salt, now)])
    return 2, sealed_body(salt, stored)
