"""What the tests of SMPP send, and by what: a server, a line to it that a test may disturb, and a gateway."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from notifications.channels.smpp import Account, SmppGateway
from notifications.leases import LEASE_DURATION, Leased
from tests.filing import rows
from tests.integration.message_centre import (
    Line,
    MessageCentre,
    line_to,
    serving,
)

PASSWORD = "s3cr3tpw"
ARABIC = "طلبكم رقم RSU-7ZPZ-X61A-AQFB وصل. " * 4
FRENCH = "Votre demande RSU-7ZPZ-X61A-AQFB est arrivée à bon port. Gardez ce numéro."
PERHAPS = "no answer came, and the gateway cannot be asked"
LEASE_OVER = LEASE_DURATION.total_seconds() + 1


def a_message(body: str = "text", reference: UUID | None = None, recipient: str = "+212612345678") -> Leased:
    return Leased(7, 1, "received", reference or uuid4(), 1, 0, "sms", recipient, body)


def a_gateway(port: int) -> SmppGateway:
    return SmppGateway(Account("127.0.0.1", port, "sijil", SecretStr(PASSWORD), "RSU"))


@pytest.fixture
def centre() -> Iterator[MessageCentre]:
    with serving(MessageCentre()) as made:
        yield made


@pytest.fixture
def line(centre: MessageCentre) -> Iterator[Line]:
    with line_to(centre) as made:
        yield made


@pytest.fixture
def gateway(line: Line) -> Iterator[SmppGateway]:
    made = a_gateway(line.port)
    yield made
    made.drop()


def messages() -> list[tuple[object, ...]]:
    return rows("select status, tries, error, count(*) from message group by 1, 2, 3 order by 1, 2, 3")
