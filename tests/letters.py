"""A household in tests that no text message reaches, until the post hands a letter over."""

from pathlib import Path

from models import clock
from models.database import transact
from notifications.batches import begin, write
from notifications.channels.printer import PRINTER, PrinterGateway
from notifications.deliver import Deliverer
from notifications.leases import LETTER
from notifications.reports import DELIVERED, UNDELIVERED, Report, keep_reports
from tasks.repeater import Repeater
from tests.filing import rows, value
from tests.integration.gateways import BookGateway, a_deliverer
from workflows.intake.submit import Accepted

LAST = "select id::text from message where case_id = %s order by seq desc limit 1"


def letter_of(case: Accepted, folder: Path) -> None:
    """Two text messages do not arrive; the letter goes to the printer, and the post proves its delivery."""
    for _ in range(2):
        a_deliverer(BookGateway(parts=1)).drain()
        keep_reports("book", [Report(f"{value(LAST, case.case_id)}/0", UNDELIVERED)])
        Repeater().sweep()
    Deliverer(PrinterGateway(), LETTER).drain()
    number = transact(lambda connection: begin(connection, clock.now()))
    assert number
    assert transact(lambda connection: write(connection, number, folder, clock.now()))
    keep_reports(PRINTER, [Report(value(LAST, case.case_id), DELIVERED)])
    assert rows("select channel, delivery from message where case_id = %s and seq > 1 order by seq", case.case_id) == [
        ("sms", "undelivered"),
        ("sms", "undelivered"),
        ("letter", "delivered"),
    ]
