"""The phone of a case's household, and the digest by which tables know a number."""

import hmac
from hashlib import sha256

from models.database import Connection, scalar
from models.settings import settings

# Of a household that is or was registered, the phone of its last version; else that of the case itself.
PHONE_OF = """
    select b.phone from receipt r join cases c on c.id = r.case_id
    left join lateral (
        select v.case_id from household_version v where v.household_id = c.household_id order by v.version desc limit 1
    ) as last on true
    join cases said on said.id = coalesce(last.case_id, c.id)
    join case_body b on (b.case_id, b.number) = (said.id, said.body_number)
    where r.reference = %(reference)s
"""


def phone_of(connection: Connection, reference: str) -> str | None:
    """The phone that the household of this case has now; None where it has none."""
    found: str | None = scalar(connection, PHONE_OF, {"reference": reference})
    return found


def key_of(counted: str) -> bytes:
    """A keyed digest, so that a table holds neither numbers nor addresses."""
    return hmac.digest(settings().key(), f"code.{counted}".encode(), sha256)


def number_key(phone: str) -> bytes:
    """The keyed digest of a phone's number."""
    return key_of(f"number:{phone}")
