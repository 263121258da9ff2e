"""Has messages sent again for an operator, set by set, and wakes the deliverers."""

from collections.abc import Iterator

from models import clock
from models.database import transaction
from notifications.ledger import Choice, retry
from tasks.wake import wake
from workflows.flows import DELIVERY


def resend_all(choice: Choice, by: str) -> Iterator[int]:
    """Makes all these messages due; says after each set how many there were so far. Nothing where there is none."""
    count = 0
    while done := resend_set(choice, by):
        count += done
        yield count


def resend_set(choice: Choice, by: str) -> int:
    """Makes a set of these messages due, then wakes the deliverers; how many there were."""
    with transaction() as connection:
        count = retry(connection, choice, by, clock.now())
    if count:
        wake(DELIVERY)
    return count
