"""The partners of the population register: made, given keys and a policy, bounded and revoked."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.database import Connection, scalar
from models.errors import NotFound, Refused
from workflows.population.policies import Policy, read_policy, written
from workflows.population.tokens import SALT

NAME = re.compile("[a-z][a-z0-9-]{1,39}")
MOST_RATE = 1_000_000  # persons a second
COLUMNS = "id, name, salt, policy::text, rate, revoked_at"
FIND = f"select {COLUMNS} from partner where name = %s"
ALL = f"select {COLUMNS} from partner order by name"
ADD = """
    insert into partner (name, salt, policy, rate, allowance, allowance_at, made_at)
    values (%(name)s, %(salt)s, %(policy)s, %(rate)s, 0, %(now)s, %(now)s) on conflict (name) do nothing returning id
"""
ADD_KEY = """
    insert into partner_key (partner_id, kid, x, valid_from, valid_until) values (%s, %s, %s, %s, %s)
    on conflict do nothing returning kid
"""
KEYS = (
    "select kid, x, valid_from, valid_until, revoked_at from partner_key where partner_id = %s order by valid_from, kid"
)
OF_KEY = f"""
    select {", ".join(f"p.{each}" for each in COLUMNS.split(", "))}, k.kid, k.x, k.valid_from, k.valid_until,
        k.revoked_at
    from partner p join partner_key k on k.partner_id = p.id where p.name = %(name)s and k.kid = %(kid)s
"""
REVOKE = "update partner set revoked_at = coalesce(revoked_at, %s) where id = %s"
REVOKE_KEY = "update partner_key set revoked_at = coalesce(revoked_at, %s) where partner_id = %s and kid = %s"
END_KEYS = """
    update partner_key set valid_until = least(valid_until, %s) where partner_id = %s and kid <> %s
    and revoked_at is null
"""
SET_POLICY = "update partner set policy = %s, rate = %s where id = %s"


@dataclass(frozen=True, slots=True)
class Key:
    """A public key of a partner, and when it is good."""

    kid: str
    x: str
    valid_from: datetime
    valid_until: datetime | None = None
    revoked_at: datetime | None = None

    def is_valid(self, now: datetime) -> bool:
        """Whether the key is within its time."""
        return self.valid_from <= now and (self.valid_until is None or now < self.valid_until)


@dataclass(frozen=True, slots=True)
class Partner:
    """An organisation that may ask. `rate`: persons a second."""

    id: int
    name: str
    salt: bytes
    policy: Policy
    rate: int
    revoked_at: datetime | None = None

    @property
    def actor(self) -> str:
        """How the audit names it."""
        return f"partner:{self.name}"


def partner_of(row: Sequence[object]) -> Partner:
    """A partner from the columns of `COLUMNS`."""
    number, name, salt, policy, rate, revoked_at = row
    return Partner(number, name, salt, read_policy(str(policy)), rate, revoked_at)  # type: ignore[arg-type]  # of a row


def find(connection: Connection, name: str) -> Partner:
    """The partner of this name. Raises NotFound."""
    row = connection.execute(FIND, [name]).fetchone()
    if row is None:
        raise NotFound(f"There is no partner '{name}'. List them: sijil population partner list")
    return partner_of(row)


def all_partners(connection: Connection) -> list[Partner]:
    """Every partner, by name."""
    return [partner_of(row) for row in connection.execute(ALL).fetchall()]


def keys_of(connection: Connection, partner: Partner) -> list[Key]:
    """The keys of a partner, the oldest first."""
    return [Key(*row) for row in connection.execute(KEYS, [partner.id]).fetchall()]


def add(connection: Connection, name: str, policy: Policy, rate: int, now: datetime) -> Partner:
    """Makes a partner, which has no key yet. Raises Refused."""
    if not NAME.fullmatch(name):
        raise Refused("bad_partner", "A partner's name has 2 to 40 small letters, digits and hyphens: social-register.")
    require_rate(rate)
    salt = secrets.token_bytes(SALT)
    given = {"name": name, "salt": salt, "policy": written(policy), "rate": rate, "now": now}
    if (row := connection.execute(ADD, given).fetchone()) is None:
        raise Refused("partner_known", f"There is a partner '{name}' already, perhaps revoked: names are for ever.")
    return Partner(row[0], name, salt, policy, rate)


def require_rate(rate: int) -> None:
    """Raises Refused for a rate that bounds nothing or lets nothing through."""
    if not 1 <= rate <= MOST_RATE:
        raise Refused("bad_rate", f"The rate must be a number of persons a second, from 1 to {MOST_RATE:,}.")


def add_key(connection: Connection, partner: Partner, key: Key) -> None:
    """Gives a partner a key. Raises Refused where it has one of this kid."""
    row = [partner.id, key.kid, key.x, key.valid_from, key.valid_until]
    if connection.execute(ADD_KEY, row).fetchone() is None:
        raise Refused("key_known", f"The partner '{partner.name}' has a key '{key.kid}' already, perhaps revoked.")


def end_other_keys(connection: Connection, partner: Partner, kept: str, end: datetime) -> int:
    """Has all other keys of a partner end then. Returns how many."""
    return connection.execute(END_KEYS, [end, partner.id, kept]).rowcount


def revoke(connection: Connection, partner: Partner, now: datetime) -> None:
    """Refuses all that a partner asks, from now on."""
    connection.execute(REVOKE, [now, partner.id])


def revoke_key(connection: Connection, partner: Partner, kid: str, now: datetime) -> None:
    """Refuses what is signed by this key, from now on. Raises NotFound."""
    if not connection.execute(REVOKE_KEY, [now, partner.id, kid]).rowcount:
        raise NotFound(f"The partner '{partner.name}' has no key '{kid}'.")


def set_policy(connection: Connection, partner: Partner, policy: Policy, rate: int) -> None:
    """Changes what a partner may ask, and how much of it. Raises Refused."""
    require_rate(rate)
    connection.execute(SET_POLICY, [written(policy), rate, partner.id])


# How many persons a partner may ask about at once: two seconds of its rate, and a whole question at least. The row is
# locked for one statement; a question whose id was used before costs as much as another. A moment that is still to come
# was written by a clock that has gone back since: nobody knows how long ago that was, so all of it is there again.
SINCE = """
    case when allowance_at > %(now)s + interval '1 minute' then 3600
        else greatest(0, extract(epoch from %(now)s - allowance_at)) end
"""
ADMIT = f"""
    with spent as (
        update partner set allowance_at = %(now)s, allowance = -%(people)s + least(
            greatest(2 * rate, %(most)s), allowance + rate * {SINCE})
        where id = %(partner)s and %(people)s <= least(
            greatest(2 * rate, %(most)s), allowance + rate * {SINCE})
        returning id
    ), taken as (
        insert into partner_question (partner_id, id, at) select id, %(id)s, %(now)s from spent
        on conflict do nothing returning id
    )
    select exists (select from spent), exists (select from taken)
"""
PRUNE = "delete from partner_question where at < %s"


def admit(connection: Connection, partner: Partner, question: str, people: int, now: datetime) -> tuple[bool, bool]:
    """Whether a partner may ask about so many people now, and whether the id of its question is a new one."""
    given = {"partner": partner.id, "id": question, "people": people, "now": now, "most": MOST_PEOPLE}
    row = connection.execute(ADMIT, given).fetchone()
    assert row is not None
    return row[0], row[1]


MOST_PEOPLE = 500  # of one question


def forget_questions(connection: Connection, before: datetime) -> int:
    """Forgets the ids of older questions, whose signatures nobody believes any more. Returns how many."""
    return connection.execute(PRUNE, [before]).rowcount


def key_and_partner(row: Sequence[object]) -> tuple[Partner, Key]:
    """A partner with one of its keys, from the columns of `OF_KEY`."""
    return partner_of(row[:6]), Key(*row[6:])  # type: ignore[arg-type]  # of a row


def count(connection: Connection) -> int:
    """How many partners may ask."""
    return int(scalar(connection, "select count(*) from partner where revoked_at is null"))
