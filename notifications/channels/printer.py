"""The tray of letters for a printer: it sets each aside once, until a batch takes it (notifications/batches.py).

Its own table is the gateway, so a letter is neither lost nor doubled however often it is sent: `find_accepted` asks
that table.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from models import clock
from models.arrays import columns
from models.database import Connection, transact, transaction
from notifications.deliver import ACCEPTED
from notifications.leases import Leased

PRINTER = "printer"  # the name under which the post's proofs come
SET_ASIDE = """
    insert into letter (id, case_id, set_aside_at)
    select id, case_id, %s from unnest(%s::uuid[], %s::bigint[]) as new (id, case_id) order by id
    on conflict (id) do nothing
"""
THERE = "select id from letter where id = any(%s)"


class PrinterGateway:
    """Accepts letters alone; what the post says of them later is recorded by `sijil letters delivered`."""

    name = PRINTER
    can_be_asked = True
    most = 100
    final: Mapping[str, str] = {}

    def send(self, messages: Sequence[Leased]) -> Mapping[UUID, str]:
        """See `deliver.Gateway`. Raises Unavailable if the database is away."""
        transact(lambda connection: set_aside(connection, messages))
        return {each.id: ACCEPTED for each in messages}

    def find_accepted(self, references: Sequence[UUID]) -> set[UUID]:
        """See `deliver.Gateway`."""
        with transaction() as connection:
            return {found for (found,) in connection.execute(THERE, [list(references)])}

    def numbers_of(self, reference: UUID) -> Sequence[str]:
        """See `deliver.Gateway`: the letter has our own number."""
        return [str(reference)]

    def attend(self) -> None:
        """See `deliver.Gateway`; it keeps no connection."""

    def close(self) -> None:
        """See `deliver.Gateway`; it keeps no connection."""


def set_aside(connection: Connection, letters: Sequence[Leased]) -> None:
    """Keeps these letters for the next batches."""
    connection.execute(SET_ASIDE, [clock.now(), *columns([(str(each.id), each.case_id) for each in letters])])
