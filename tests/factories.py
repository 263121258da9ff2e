"""Makes ordinary objects for tests; every argument is a change from the ordinary. All names are invented."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from workflows import evidence
from workflows.bodies import reading
from workflows.bodies.declaration import ApplicationBody, Declaration, Member
from workflows.casefile import CaseFile
from workflows.engine.lanes import INTERACTIVE
from workflows.events import appeal, enrolment, event, registration, update
from workflows.events.event import Event, Recorded
from workflows.evidence import Evidence, RegisterAnswer, RegisteredPerson
from workflows.identifiers.verhoeff import check_digit
from workflows.intake.files import csvform
from workflows.intake.files.sources import lines_of
from workflows.intake.files.tables import LONGEST_ROW, read_table
from workflows.matching.compared import compared

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
CASES = Path(__file__).parent / "cases"

Json = dict[str, Any]

HEAD = {
    "given_name_ar": "خالد",
    "family_name_ar": "بنعلي",
    "given_name_la": "Khalid",
    "family_name_la": "Benali",
    "sex": "male",
}
SPOUSE = {
    "given_name_ar": "سعاد",
    "family_name_ar": "القاسمي",
    "given_name_la": "Souad",
    "family_name_la": "Kasmi",
    "sex": "female",
}
CHILD = {
    "given_name_ar": "إيمان",
    "family_name_ar": "بنعلي",
    "given_name_la": "Imane",
    "family_name_la": "Benali",
    "sex": "female",
}


def examples(name: str) -> Any:
    """The examples of a file in tests/cases."""
    return yaml.safe_load((CASES / name).read_text(encoding="utf-8"))


def an_idcs(number: int) -> str:
    """A valid identifier; each number up to 800,000,000 is another one, and a higher number a higher one."""
    return f"{200_000_000 + number}{check_digit(200_000_000 + number)}"


def a_head(**changes: Any) -> Json:
    """A head of 40, who declares."""
    return {"idcs": an_idcs(1), **HEAD, "birth_date": born(40), "relationship": "head", "declarant": True} | changes


def a_spouse(**changes: Any) -> Json:
    return {"idcs": an_idcs(2), **SPOUSE, "birth_date": born(36), "relationship": "spouse"} | changes


def a_child(number: int = 1, **changes: Any) -> Json:
    """A daughter of 10; each number is another one."""
    return {"idcs": an_idcs(10 + number), **CHILD, "birth_date": born(10), "relationship": "child"} | changes


def a_relative(number: int = 1, **changes: Any) -> Json:
    """Another grown person of the household."""
    return a_child(number, birth_date=born(30), relationship="other_relative") | changes


def born(years: int, days: int = 100) -> str:
    """The birth date of a person who reached this age so many days ago."""
    return (TODAY.replace(year=TODAY.year - years) - timedelta(days=days)).isoformat()


def a_body(**changes: Any) -> Json:
    """An application as it is sent, of a couple with two daughters in a town."""
    return {
        "milieu": "urban",
        "region": 6,
        "commune": "Mohammedia",
        "phone": "+212612345678",
        "language": "ar",
        "housing": {"dwelling": "flat", "rooms": 2},
        "members": [a_head(), a_spouse(), a_child(1), a_child(2, birth_date=born(7))],
    } | changes


def a_declaration(**changes: Any) -> Declaration:
    return reading.valid(Declaration, a_body(**changes))


def an_enrolment(**changes: Any) -> Json:
    """An enrolment as it is sent, of a grown Moroccan with a national card."""
    return {
        **{name: HEAD[name] for name in HEAD},
        "birth_date": born(40),
        "birth_place": "Mohammedia",
        "proof": "cin",
        "cin": "BE123456",
        "region": 6,
        "province": "MA-CAS",
        "phone": "+212612345678",
    } | changes


def an_application(**changes: Any) -> ApplicationBody:
    """A declaration with its sender's key."""
    return reading.valid(ApplicationBody, a_body(application="sender-1") | changes)


def a_recorded(event: Event, seq: int = 1, at: datetime = NOW, actor: str = "sijil") -> Recorded:
    return Recorded(seq, at, actor, event)


def a_case_file(*past: Recorded | Event, **changes: Any) -> CaseFile:
    """A registration that was just submitted; `past` holds its last events."""
    recorded = [each if isinstance(each, Recorded) else a_recorded(each) for each in past]
    ordinary: Mapping[str, Any] = {
        "id": 7,
        "reference": "RSU-7K3M-9QWX-2D5T",
        "kind": "registration",
        "stage": "submitted",
        "version": len(recorded),
        "lane": INTERACTIVE,
        "household_id": 70,
        "body_number": 1,
        "submitted_at": NOW,
        "stage_since": NOW,
        "deadline": None,
        "past": {type(each.event): each for each in recorded},
    }
    declared = changes.pop("declaration", None) or a_declaration()
    return CaseFile(**{**ordinary, **changes}, body=declared)


def a_registered_person(member: Member, **changes: Any) -> RegisteredPerson:
    """A member as the population register knows it: as declared, but for the changes."""
    names = {
        part: getattr(member, part) or ""
        for part in ("given_name_ar", "family_name_ar", "given_name_la", "family_name_la")
    }
    entry = names | {"birth_date": member.birth_date, "birth_precision": member.birth_precision}
    return RegisteredPerson(**{**entry, **changes})


def a_register_answer(
    declaration: Declaration, changed: Mapping[int, RegisteredPerson | None] | None = None, at: datetime = NOW
) -> RegisterAnswer:
    """What a register answers that agrees on all members but those that it knows otherwise (`changed`)."""
    persons = {place: a_registered_person(member) for place, member in enumerate(declaration.members)}
    known: dict[int, RegisteredPerson | None] = {**persons, **(changed or {})}
    return RegisterAnswer(
        at=at,
        persons=tuple(
            [
                compared(member, person) if (person := known[place]) else None
                for place, member in enumerate(declaration.members)
            ]
        ),
    )


AMINA, BRAHIM = "officer:0123456789abcdef", "officer:fedcba9876543210"
FINDINGS = (
    appeal.Finding("bills.telecom", True, "document_shows_it"),
    appeal.Finding("members[2].occupation", False, "nothing_shows_it"),
)
ALIKE = enrolment.Candidate(an_idcs(1), "possible", ("same_name",), 9.5)
# What a change does to a household's past.
PAST = update.PastChange(
    NOW, (1,), (update.KnownSpan(1, NOW - timedelta(days=9), NOW - timedelta(days=2)), update.KnownSpan(3, NOW))
)
# One event of each kind, in the order of a case. Add a new kind here: its notices, history and chain are then tested.
EVENTS: tuple[Event, ...] = (
    registration.ApplicationReceived(
        channel="api",
        kind="registration",
        lane=0,
        household=8,
        reference="RSU-AAAA-BBBB-CCCC",
        key="0b" * 32,
        body=1,
        digest="0a" * 32,
    ),
    registration.PersonsVerified(rules="verify-2026-12"),
    registration.MembersMismatched(
        rules="verify-2026-12",
        mismatches=(registration.Mismatch(0, "name_differs"), registration.Mismatch(2, "unknown")),
    ),
    registration.IdentityDoubted(
        rules="verify-2026-12",
        doubts=(registration.Doubt(1, "name", "neither", 0.4321), registration.Doubt(3, "birth", "swapped")),
    ),
    registration.IdentityNotConfirmed(
        found=(
            registration.IdentityFinding(registration.Doubt(1, "name", "neither", 0.4321), False, "name_differs"),
            registration.IdentityFinding(registration.Doubt(3, "birth", "swapped"), True, "slip"),
        ),
        declared=1,
    ),
    registration.IdentityConfirmed(
        found=(registration.IdentityFinding(registration.Doubt(1, "name", "neither", 0.4321), True, "usual_spelling"),),
        declared=2,
    ),
    registration.RegisterChanged(members=(1, 3)),
    registration.CorrectionReceived(body=2, digest="0c" * 32),
    registration.CorrectionReminded(reminder=1),
    registration.Lapsed(),
    registration.CaseReopened(),
    registration.CaseWithdrawn(stage="scored"),
    registration.ScoreComputed(
        policy="2021-08-09",
        score=Decimal("9.33700"),
        constant=Decimal("9.825"),
        region=Decimal("0.22"),
        contributions=(registration.Contribution("hh_size", Decimal(4), Decimal("-0.177"), Decimal("-0.708")),),
    ),
    registration.NothingSuspicious(rules="signals-2026-11", noted=(registration.Signal(code="phone_shared", count=5),)),
    registration.DuplicateSuspected(
        rules="signals-2026-11",
        signals=(registration.Signal(code="person_in_two_households", members=(1, 3), cases=(40,)),),
    ),
    registration.ReviewReopened(
        rules="signals-2026-11",
        signals=(registration.Signal(code="person_in_two_households", members=(1,), cases=(40,)),),
        begun=NOW,
    ),
    registration.ReviewCleared(reason="moved"),
    registration.CorrectionAsked(reason="person_lives_elsewhere"),
    registration.RefusalProposed(reason="false_declaration"),
    registration.StatementReceived(digest="0d" * 32, begun=NOW),
    registration.HearingReminded(reminder=1),
    registration.HearingUnanswered(begun=NOW),
    registration.ApplicationRefused(reason="false_declaration", proposed_by="officer:0123456789abcdef"),
    registration.ReviewOverdue(times=2),
    registration.HouseholdApproved(
        version=1,
        score=Decimal("9.33700"),
        eligibilities=(
            registration.ProgrammeEligibility("AMO_TADAMON", "AMO_TADAMON-2022-12-01", Decimal("9.3264284"), False),
            registration.ProgrammeEligibility("ASD", "ASD-2023-12-01", Decimal("9.743001"), True),
        ),
    ),
    registration.NoticesIssued(programmes=("ASD",)),
    update.UpdateReceived(
        channel="office",
        kind="update",
        lane=1,
        household=8,
        reference="RSU-AAAA-BBBB-EEEE",
        key="13" * 32,
        body=1,
        digest="14" * 32,
    ),
    update.ChangeAccepted(version=1, fields=("bills.gas", "members.occupation")),
    update.CorrectionAccepted(version=1, fields=("bills.gas",)),
    update.DepartureDeclared(version=1, fields=("members.idcs",)),
    update.ReviewOrdered(version=3),
    update.RegisterTold(version=3, fields=("members.idcs",)),
    update.EntryToCompare(version=3),
    update.EntryAgrees(rules="verify-2026-12"),
    update.RegisterTookBack(),
    update.ChangeKeptOpen(),
    update.ChangeOvertaken(version=3),
    update.ChangeRebased(version=2, body=2, digest="15" * 32),
    update.ChangeConflicts(version=2, fields=("bills.gas",)),
    update.RemovalAnnounced(version=2),
    update.RemovalDue(),
    update.NewPhoneAnnounced(),
    update.NewPhoneDue(),
    update.HouseholdGone(),
    registration.PersonAwaited(rules="signals-2026-11", members=(2,), households=(9,), begun=NOW),
    registration.PersonLetGo(),
    registration.PersonsLost(),
    registration.PersonNotLetGo(circle=True),
    update.HouseholdChanged(
        version=3,
        score=Decimal("9.74400"),
        score_before=Decimal("9.33700"),
        eligibilities=(registration.ProgrammeEligibility("ASD", "ASD-2023-12-01", Decimal("9.743001"), False),),
        past=PAST,
        corrects=1,
        moved=(update.MovedVariable("bills_gas", Decimal(0), Decimal(90), None, Decimal("0.407")),),
        gained=("AMO_TADAMON",),
        lost=("ASD",),
        earlier=(
            update.EarlierVersion(
                2,
                1,
                Decimal("9.5"),
                (registration.ProgrammeEligibility("ASD", "ASD-2023-12-01", Decimal("9.743001"), True),),
            ),
        ),
        unreached=(update.UnreachedVersion(1, Decimal("9.6")),),
    ),
    update.HouseholdEnded(cause="request", past=PAST),
    update.ChangeTold(),
    update.LossTold(programmes=("ASD",)),
    appeal.AppealLodged(
        channel="api",
        kind="appeal",
        lane=1,
        household=8,
        reference="RSU-AAAA-BBBB-DDDD",
        key="0e" * 32,
        body=1,
        digest="0f" * 32,
    ),
    appeal.AppealQueued(begun=NOW, late=False, stands=True),
    appeal.AppealAssigned(begun=NOW, to=AMINA),
    appeal.HandedBack(begun=NOW),
    appeal.TakenOver(to=BRAHIM, held_by=AMINA),
    appeal.AppealTextAdded(digest="10" * 32),
    appeal.InformationAsked(begun=NOW, asked=("bill", "explanation"), times=1, role="caseworker"),
    appeal.InformationGiven(digest="11" * 32, begun=NOW),
    appeal.InformationReminded(reminder=1),
    appeal.InformationNotGiven(begun=NOW),
    appeal.DecisionProposed(begun=NOW, outcome="partly_upheld", findings=FINDINGS, counted=NOW),
    appeal.ProposalReturned(begun=NOW, reason="finding_not_shown"),
    appeal.ProposalUnanswered(begun=NOW),
    appeal.AppealReminded(reminder=1),
    appeal.AppealOverdue(),
    appeal.AppealEscalated(sent_by="household"),
    appeal.CommissionOverdue(times=1),
    appeal.CommissionFound(outcome="partly_upheld", findings=FINDINGS),
    appeal.FindingReturned(reason="finding_not_shown"),
    appeal.AppealUpheld(body=2, digest="12" * 32, outcome="partly_upheld", findings=FINDINGS, proposed_by=AMINA),
    appeal.AppealSetAside(findings=(appeal.Finding("decision", True, "recorded_wrongly"),)),
    appeal.AppealRejected(findings=(appeal.Finding("decision", False, "nothing_shows_it"),), proposed_by=AMINA),
    appeal.CorrectionOpened(),
    appeal.AppealClosed(outcome="rejected"),
    appeal.NothingToCorrect(case=7),
    appeal.CorrectionMade(
        case=41,
        score_computed=Decimal("9.74340"),
        score_corrected=Decimal("9.70240"),
        policy="2021-08-09",
        version=2,
    ),
    appeal.CorrectionBlocked(case=41, why="parked"),
    appeal.CorrectionAwaited(),
    appeal.CorrectionRetried(),
    appeal.CorrectionOverdue(times=1),
    enrolment.EnrolmentReceived(
        channel="page",
        kind="enrolment",
        lane=0,
        reference="RSU-AAAA-BBBB-FFFF",
        key="16" * 32,
        body=1,
        digest="17" * 32,
    ),
    enrolment.EnrolmentReminded(reminder=1),
    enrolment.EnrolmentAttested(body=2, digest="18" * 32),
    enrolment.EnrolmentReturned(reason="person_not_seen", attested_by=AMINA),
    enrolment.EnrolmentConfirmed(attested_by=AMINA),
    enrolment.EnrolmentOverdue(times=1),
    enrolment.LikelyDuplicates(candidates=(ALIKE,)),
    enrolment.FoundAnother(others=(ALIKE.idcs,), attested_by=AMINA),
    enrolment.EnrolledAlready(idcs=ALIKE.idcs, attested_by=AMINA),
    enrolment.PersonEnrolled(idcs=an_idcs(77)),
    event.CaseParked(stage="scored", error="ZeroDivisionError in share", tries=4),
    event.CaseResumed(stage="scored"),
    event.CaseErased(events=6),
    event.DocumentAdded(
        document="vKb0n4pQ7mYt3xWc9hLd2sRa",
        digest="0e" * 32,
        media_type="image/jpeg",
        size=204_800,
        pages=1,
        moment="correction",
        shows="bill",
    ),
    event.DocumentRemoved(document="vKb0n4pQ7mYt3xWc9hLd2sRa"),
    event.MessageRepeated(of=6, event="NoticesIssued", first=NOW, channel="letter"),
    event.ConfirmationReminded(version=1, reminder=1, day=date(2027, 11, 24)),
    event.ChangeInvited(version=1, happened="marriage", source="here", position=7, day=date(2027, 1, 29)),
)

# One piece of evidence of each kind.
EVIDENCE: tuple[Evidence, ...] = (
    evidence.TimePassed(at=NOW),
    evidence.RegisterAnswer(
        at=NOW,
        persons=(
            evidence.Compared(),
            None,
            evidence.Compared(
                status="deceased", name="neither", score=0.5321, birth="different", differs=("year", "day")
            ),
        ),
        confirmed=(1,),
    ),
    evidence.RegisterChange(at=NOW, members=(1, 3)),
    evidence.LifeEventHeard(at=NOW, kind="marriage", source="here", position=7),
    evidence.ScreeningAnswer(at=NOW, held=(evidence.Holder(1, 40, 400),), phone_households=5),
    evidence.IndexInForce(at=NOW, version="2021-08-09"),
    evidence.RegisterState(at=NOW, last_version=0, thresholds=("AMO_TADAMON-2022-12-01", "ASD-2023-12-01")),
    evidence.Correction(at=NOW, by=evidence.DECLARANT, number=2, digest="0c" * 32),
    evidence.Statement(at=NOW, by=evidence.DECLARANT, digest="0d" * 32),
    evidence.Withdrawal(at=NOW, by=evidence.DECLARANT),
    evidence.Reopening(at=NOW, by=evidence.DECLARANT),
    evidence.CommissionRequest(at=NOW, by=evidence.DECLARANT),
    evidence.ReviewVerdict(at=NOW, by="officer:0123456789abcdef", verdict="clear", reason="moved"),
    evidence.IdentityVerdict(
        at=NOW, by="officer:0123456789abcdef", findings=(evidence.MemberIdentity(1, True, "usual_spelling"),)
    ),
    evidence.Comparison(at=NOW, last_version=2, conflicts=("bills.gas",)),
    evidence.HouseholdState(
        at=NOW,
        rules="score-2026-11",
        last_version=2,
        thresholds=("ASD-2023-12-01",),
        periods=(evidence.KnownPeriod(1, NOW - timedelta(days=9), 1, NOW - timedelta(days=9)),),
        policy="2021-08-09",
        contributions=(registration.Contribution("hh_size", Decimal(4), Decimal("-0.177"), Decimal("-0.708")),),
        score=Decimal("9.33700"),
        met=("ASD",),
        earlier=(evidence.RulesOfDay("2021-08-09", ("ASD-2023-12-01",)),),
    ),
    evidence.ChangeSilence(at=NOW, deadline=NOW, bound=True),
    evidence.PersonsAwaited(at=NOW, deadline=NOW, circle=True),
    evidence.OpenedCase(at=NOW, case=41, stage="notified", ended=True),
    evidence.NoProof(at=NOW, seq=6, sent=NOW, state="silent"),
    evidence.DeclarationAge(at=NOW, version=1, since=NOW),
    evidence.DecisionState(at=NOW, stands=True, terms="terms-2026-11-01"),
    evidence.CorrectionOutcome(
        at=NOW,
        case=41,
        stage="notified",
        ended=True,
        score_computed=Decimal("9.74340"),
        score_corrected=Decimal("9.70240"),
        policy="2021-08-09",
        version=2,
    ),
    evidence.Assignment(at=NOW, by=AMINA, to=AMINA, role="caseworker"),
    evidence.HandBack(at=NOW, by=AMINA, role="caseworker"),
    evidence.InformationRequest(at=NOW, by=AMINA, asked=("bill",), role="caseworker"),
    evidence.AppealVerdict(
        at=NOW, by=AMINA, findings=FINDINGS, role="caseworker", terms="terms-2026-11-01", number=2, digest="12" * 32
    ),
    evidence.Agreement(at=NOW, by=BRAHIM, agrees=False, role="caseworker", reason="finding_not_shown"),
    evidence.Escalation(at=NOW, by=AMINA, role="supervisor"),
    evidence.CorrectionRetry(at=NOW, by=AMINA, role="supervisor", under_way=False),
    evidence.DuplicateSearch(at=NOW, candidates=(ALIKE,)),
    evidence.Attestation(
        at=NOW,
        by=AMINA,
        number=2,
        digest="18" * 32,
        role="population_officer",
        vouchers=(evidence.Voucher("guardian", ("deceased",)),),
    ),
    evidence.EnrolmentVerdict(at=NOW, by=BRAHIM, confirms=True, role="population_officer"),
    evidence.DuplicateVerdict(at=NOW, by=BRAHIM, role="population_officer", same=ALIKE.idcs),
    evidence.Submission(at=NOW, by=evidence.DECLARANT),
    evidence.OperatorCommand(at=NOW, by="operator:0123456789abcdef"),
    evidence.DocumentHandling(at=NOW, by=evidence.DECLARANT),
)


def bodies_of_table(text: str) -> list[Json]:
    """The applications of a table whose rows stand together and are all right."""
    header, rows = read_table(lines_of(BytesIO(text.encode()), LONGEST_ROW), csvform.HEADER, csvform.NEEDED)
    grouped = groupby(rows, key=lambda row: csvform.possible_keys(header, row))
    return [
        csvform.body_of_rows(header.names, [row.cells for row in found], csvform.decimal_of(header))
        for _, found in grouped
    ]
