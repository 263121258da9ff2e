"""A case file at its beginning."""

from tests.factories import NOW, a_declaration
from workflows.casefile import CaseFile
from workflows.engine.lanes import INTERACTIVE


def test_a_new_case_stands_where_its_flow_begins_with_its_first_declaration_and_no_past() -> None:
    file = CaseFile.opened(
        id=7,
        reference="RSU-7K3M-9QWX-2D5T",
        kind="registration",
        stage="submitted",
        lane=INTERACTIVE,
        household_id=70,
        declaration=a_declaration(),
        at=NOW,
    )

    assert (file.version, file.declaration_number, file.deadline, dict(file.past)) == (0, 1, None, {})
    assert (file.submitted_at, file.stage_since) == (NOW, NOW)
