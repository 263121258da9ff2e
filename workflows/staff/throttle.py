"""Waits after failed tries to sign in: they grow by account and by address, and lock nobody out for ever.

A try is counted before it is made, so that a thousand at once count a thousand. A device that signed in to an account
before has a count of its own, so that a stranger who guesses does not keep its owner waiting.
"""

import hmac
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from models.database import Connection
from models.errors import Refused
from models.settings import settings
from workflows.staff.signatures import name_key

FORGOTTEN = timedelta(days=1)  # after which failures count no more
LONGEST = timedelta(minutes=15)  # the longest wait; it doubles from 2 seconds on
# One statement, so that of tries at the same moment each waits for the one before, and sees what that one counted.
COUNT = """
    insert into sign_in_wait as known (key, failures, last_at, free_at) values (%(key)s, 1, %(now)s, %(now)s)
    on conflict (key) do update set
        last_at = %(now)s,
        failures = case when known.last_at < %(forgotten)s then 1 else known.failures + 1 end,
        free_at = case when known.last_at < %(forgotten)s or known.failures < %(free)s then %(now)s
            else %(now)s + make_interval(secs => least(%(longest)s, power(2, least(known.failures + 1 - %(free)s, 20))))
            end
    where known.free_at <= %(now)s or known.failures < %(free)s
    returning failures
"""
FREE_AT = "select free_at from sign_in_wait where key = %s"
TAKE_BACK = "update sign_in_wait set failures = failures - 1, free_at = %s where key = any(%s)"
FORGET = "delete from sign_in_wait where key = any(%s)"


class Counter(NamedTuple):
    """Who is counted, and how many failures cost nothing."""

    key: bytes
    free: int


def counters(name: str, address: str, device: str = "") -> list[Counter]:
    """What a try counts for: the account, or a device that is known for it, and the address that it comes from."""
    account = f"device:{device}" if device else f"account:{name_key(name)}"
    return [Counter(key_of(account), 3), Counter(key_of(f"address:{network_of(address)}"), 30)]


def network_of(address: str) -> str:
    """The addresses of which whoever has one has all: 64 bits of IPv6, and one of IPv4, however it is written."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    return str(found.ipv4_mapped or ip_network((int(found), 64), strict=False))


def key_of(counted: str) -> bytes:
    """A keyed digest, so that the table holds neither names nor addresses."""
    return hmac.digest(settings().key(), f"throttle.{counted}".encode(), sha256)


def count_try(connection: Connection, counted: list[Counter], now: datetime) -> None:
    """Counts a try before it is made. Raises Refused where one of these has to wait; nothing is committed then."""
    for each in sorted(counted):  # in one order, so that two tries never wait for each other
        parameters = {"key": each.key, "free": each.free, "now": now, "forgotten": now - FORGOTTEN}
        if connection.execute(COUNT, parameters | {"longest": LONGEST.total_seconds()}).fetchone() is None:
            (free_at,) = connection.execute(FREE_AT, [each.key]).fetchone() or (now,)
            seconds = max(1, round((free_at - now).total_seconds()))
            raise Refused("must_wait", f"Too many tries failed. Wait {seconds} seconds, then try again.")


def take_back(connection: Connection, counted: list[Counter], now: datetime) -> None:
    """Takes back a try that did not fail, with the wait that it began.

    Else the right password would make its owner wait before the code, for longer than a sign-in may take once strangers
    have guessed for an hour; and an office of many people would wait for each other.
    """
    connection.execute(TAKE_BACK, [now, sorted(each.key for each in counted)])


def forget(connection: Connection, counted: list[Counter]) -> None:
    """Forgets the failures of an account or device that signed in. Those from its address count on."""
    connection.execute(FORGET, [[counted[0].key]])
