"""What our own register and open cases say of a batch at once."""

from collections.abc import Mapping, Sequence

from models.database import Connection
from workflows import person_claims
from workflows.arrays import array
from workflows.casefile import CaseFile
from workflows.evidence import Holder

# A phone that an office gives for thousands is counted no further than needed.
PHONES = """
    select phone, (
        select count(distinct household_id)
        from (select household_id from declaration where declaration.phone = wanted.phone limit 100) as seen
    )
    from unnest(%s::text[]) as wanted (phone)
"""
LAST_VERSIONS = "select household_id, max(version) from household_version where household_id = any(%s::bigint[]) group by household_id"


class LocalSocialRegister:
    """Our own tables, through the batch's connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def claim_persons(self, files: Sequence[CaseFile]) -> Mapping[int, tuple[Holder, ...]]:
        """See `ports.SocialRegister`."""
        return person_claims.claim_persons(self.connection, files)

    def households_by_phone(self, phones: Sequence[str]) -> Mapping[str, int]:
        """How many households gave each phone, counted up to a hundred declarations."""
        return dict(self.connection.execute(PHONES, [array(sorted(set(phones)))])) if phones else {}

    def last_versions(self, household_ids: Sequence[int]) -> Mapping[int, int]:
        """The number of each household's last version; absent where it has none."""
        return dict(self.connection.execute(LAST_VERSIONS, [array(household_ids)]))
