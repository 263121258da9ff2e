"""Seals entries: gives each, once it has been committed, its position in the chain. So are the audit's entries sealed,
and the life events of the population register.

Entries are sealed in the order of their transactions, once every earlier transaction has ended: then none can come
late any more, and none is missed. Those who write entries wait for nobody; only sealers take turns.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from models.database import Connection, scalar, transaction
from workflows.audit.seals import LABEL, UNSEALED, EntryRow, Seal, seal_hash
from workflows.engine.record import copy

SEAL_LOCK = 7224  # advisory; the transaction holds it: two sealers at once would give one position twice
SET_TIMEOUT = "set local transaction_timeout = '60s'"  # a sealer that freezes holds the lock no longer
AT_ONCE = 10_000
FIELDS = (
    "e.id, e.xact, e.at, e.actor, e.account_id, e.role, e.act, e.purpose, e.case_ids, e.persons, e.count, "
    "e.detail::text"
)


@dataclass(frozen=True, slots=True)
class Chain:
    """A table whose rows are sealed, and the table of their places: its columns `position`, `entry_id` and `hash`.

    `fields` are columns of the first as `e`, its number and its transaction before all others; `line` makes of them
    what the hash covers.
    """

    entries: str
    seals: str
    fields: str
    line: Callable[[Sequence[Any]], str]
    label: bytes

    @property
    def last(self) -> str:
        """The statement for the last place."""
        return f"""
            select s.position, s.hash, e.xact, e.id from {self.seals} s left join {self.entries} e on e.id = s.entry_id
            order by position desc limit 1
        """

    @property
    def next(self) -> str:
        """The statement for what comes after the entry that was sealed last; the key of (xact, id) gives the order.

        A sub-select is asked for each of them alone; by `not exists` the planner may read all that were ever sealed.
        """
        return f"""
            select {self.fields} from {self.entries} e
            where (e.xact, e.id) > (%s::xid8, %s) and e.xact < pg_snapshot_xmin(pg_current_snapshot())
            and (select s.position from {self.seals} s where s.entry_id = e.id) is null
            order by e.xact, e.id limit %s
        """

    @property
    def passed_over(self) -> str:
        """The statement for entries that the order passed over.

        A database that was restored from a dump counts its transactions anew: entries of the new count lie before the
        last sealed one, and those of the old count may lie in the future.
        """
        return f"""
            select {self.fields} from {self.entries} e
            where (e.xact < pg_snapshot_xmin(pg_current_snapshot())
                or e.xact >= pg_snapshot_xmax(pg_current_snapshot()))
            and not exists (select from {self.seals} s where s.entry_id = e.id)
            order by e.id limit %s
        """


AUDIT = Chain("audit_entry", "audit_seal", FIELDS, lambda row: EntryRow._make(row).line(), LABEL)


def seal_for(seconds: float, chain: Chain = AUDIT) -> int:
    """Seals what has been committed, for about so long; nothing while another sealer is at it. Returns how many."""
    until, sealed, last = time.monotonic() + seconds, 0, AT_ONCE
    while last == AT_ONCE and time.monotonic() < until:
        with transaction() as connection:
            connection.execute(SET_TIMEOUT)
            locked = scalar(connection, "select pg_try_advisory_xact_lock(%s)", [SEAL_LOCK])
            last = seal_next(connection, chain) if locked else 0
        sealed += last
    return sealed


def seal_all(chain: Chain = AUDIT) -> int:
    """Seals all that has been committed, what others passed over, too. Returns how many.

    It reads the numbers of all entries: a second for a million.
    """
    sealed, more = 0, True
    while more:
        with transaction() as connection:
            connection.execute(SET_TIMEOUT)
            connection.execute("select pg_advisory_xact_lock(%s)", [SEAL_LOCK])
            last = seal_next(connection, chain) or seal_passed_over(connection, chain)
        sealed, more = sealed + last, last > 0
    return sealed


def seal_next(connection: Connection, chain: Chain) -> int:
    """Seals the next entries after the last sealed one. The caller holds the lock, and commits. Returns how many."""
    position, hashed, xact, entry_id = last_seal(connection, chain)
    rows = connection.execute(chain.next, [xact, entry_id, AT_ONCE]).fetchall()
    return write(connection, chain, (position, hashed), rows)


def seal_passed_over(connection: Connection, chain: Chain) -> int:
    """Seals entries that `seal_next` does not find. The caller holds the lock, and commits. Returns how many."""
    position, hashed, *_ = last_seal(connection, chain)
    rows = connection.execute(chain.passed_over, [AT_ONCE]).fetchall()
    return write(connection, chain, (position, hashed), rows)


def last_seal(connection: Connection, chain: Chain) -> tuple[int, bytes, str, int]:
    """The last position and hash, and the transaction and number of their entry (zeros where it is not there)."""
    position, hashed, xact, entry_id = connection.execute(chain.last).fetchone() or (*UNSEALED, None, None)
    return position, hashed, xact or "0", entry_id or 0


def write(connection: Connection, chain: Chain, last: Seal, rows: Sequence[tuple[Any, ...]]) -> int:
    """Writes the seals of these entries after the last one. Returns how many."""
    position, hashed = last
    seals = []
    for row in rows:
        position += 1
        hashed = seal_hash(hashed, position, chain.line(row), chain.label)
        seals.append((position, row[0], hashed))
    copy(connection, chain.seals, "position, entry_id, hash", seals)
    return len(seals)
