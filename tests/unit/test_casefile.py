"""A case file at its beginning."""

from datetime import timedelta

from tests.factories import NOW, a_case_file, a_declaration, a_recorded
from workflows.casefile import CaseFile
from workflows.engine.lanes import INTERACTIVE
from workflows.engine.record import queue_state
from workflows.events.registration import ApplicationReceived, CorrectionReminded, MembersMismatched


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


def test_an_event_may_begin_the_periods_of_a_stage_anew_though_the_case_stays() -> None:
    # Given a case that has waited at a stage for a week, and was reminded there
    file = a_case_file(a_recorded(CorrectionReminded(reminder=1), seq=3), stage="needs_correction", version=3)
    later = NOW + timedelta(days=7)
    again = a_recorded(MembersMismatched(rules="r", mismatches=()), seq=4, at=later)

    # When an event leaves it there, and the stage says that its periods begin anew with it
    stayed, renewed = file.after(again, "needs_correction"), file.after(again, "needs_correction", anew=True)

    # Then its periods count from that event, and what was said before is of an earlier stay
    assert (stayed.stage_since, stayed.stage_seq) == (NOW, 0)
    assert (renewed.stage_since, renewed.stage_seq, renewed.deadline) == (later, 4, None)
    assert stayed.last_here(CorrectionReminded) == file.past[CorrectionReminded]
    assert renewed.last_here(CorrectionReminded) is None
    assert queue_state(renewed, later).deadline == later + timedelta(days=30)
