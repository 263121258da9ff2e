"""A case file at its beginning."""

from tests.factories import NOW, a_declaration
from workflows.casefile import CaseFile
from workflows.engine.lanes import INTERACTIVE
from workflows.events import ApplicationReceived


def test_a_new_case_stands_where_its_flow_begins_with_its_first_declaration_and_no_past() -> None:
    opened = ApplicationReceived(
        channel="api",
        kind="registration",
        lane=INTERACTIVE,
        household=70,
        reference="RSU-7K3M-9QWX-2D5T",
        key="0b",
        body=1,
        digest="0a",
    )
    file = CaseFile.opened(id=7, at=NOW, stage="submitted", body=a_declaration(), by=opened)

    assert (file.version, file.body_number, file.deadline, dict(file.past)) == (0, 1, None, {})
    assert (file.submitted_at, file.stage_since) == (NOW, NOW)
