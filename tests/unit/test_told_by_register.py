"""What the population register tells of a household is followed, or looked at: what the stages decide of it."""

import msgspec
import pytest

from tests.factories import NOW, a_case_file, a_child, a_declaration, a_head, a_spouse
from workflows.bodies.change import Change, HeardEvent
from workflows.bodies.declaration import Declaration
from workflows.casefile import CaseFile
from workflows.events.event import Event
from workflows.events.registration import ReviewCleared
from workflows.events.update import ChangeAccepted, EntryToCompare, RegisterTold, RemovalAnnounced
from workflows.evidence import Comparison, ScreeningAnswer
from workflows.fraud import told_by_register
from workflows.stages import compare

FAMILY = a_declaration(members=[a_head(), a_spouse(), a_child(1)])
ALONE = a_declaration(members=[a_head()])
TOLD, CLEARED = RegisterTold(version=1), ReviewCleared(reason="nothing_found")


def a_case(kind: str, change: str, said: Declaration, who: int, *past: Event) -> CaseFile:
    """A case that a life event about a member opened."""
    body = Change(
        change=change,  # type: ignore[arg-type]  # one of the kinds
        cause="error" if change == "correction" else "death",
        true_from=NOW.date(),
        based_on=1,
        declaration=said,
        life_event=HeardEvent(kind=kind, source="here", position=1, idcs=FAMILY.members[who].idcs),  # type: ignore[arg-type]
    )
    return msgspec.structs.replace(a_case_file(*past), kind="update", body=body)


@pytest.mark.parametrize(
    ("case", "event"),
    [
        (a_case("death", "member_left", FAMILY, 1), RegisterTold),
        (a_case("death", "member_left", FAMILY, 1, TOLD), ChangeAccepted),
        (a_case("merged", "correction", FAMILY, 1), RegisterTold),
        (a_case("corrected", "correction", FAMILY, 1), EntryToCompare),
        (a_case("corrected", "correction", FAMILY, 1, EntryToCompare(version=1)), ChangeAccepted),
        # However often another change comes between: nobody asked for the end of the household, who could take it back.
        (a_case("death", "removal", ALONE, 0), RegisterTold),
        (a_case("death", "removal", ALONE, 0, TOLD), RegisterTold),
    ],
)
def test_what_is_told_is_said_once_and_then_it_is_a_change_like_others(case: CaseFile, event: type[Event]) -> None:
    assert type(compare.decide(case, Comparison(at=NOW, last_version=1))) is event
    assert event is not RemovalAnnounced


@pytest.mark.parametrize(
    ("case", "members"),
    [
        (a_case("death", "member_left", FAMILY, 0, TOLD), (0,)),
        (a_case("death", "member_left", FAMILY, 0, TOLD, CLEARED), (0,)),
        (a_case("death", "member_left", ALONE, 1, TOLD), None),
        (a_case("death", "removal", ALONE, 0, TOLD), (0,)),
        (a_case("death", "removal", ALONE, 0, TOLD, CLEARED), None),
        (a_case("death", "removal", FAMILY, 0, TOLD, CLEARED), (0,)),  # somebody joined meanwhile
        (a_case("merged", "correction", FAMILY, 2, TOLD), (2,)),
        (a_case("merged", "correction", FAMILY, 2, TOLD, CLEARED), None),
        (a_case("corrected", "correction", FAMILY, 2, EntryToCompare(version=1)), None),
    ],
)
def test_a_person_looks_as_long_as_no_machine_can_say_what_follows(
    case: CaseFile, members: tuple[int, ...] | None
) -> None:
    raised = told_by_register.signal(case, ScreeningAnswer(at=NOW))
    assert (raised.members if raised else None) == members
