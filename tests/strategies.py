"""Hypothesis strategies for declarations, case files and evidence."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args

from hypothesis import strategies as st

from tests.factories import NOW, TODAY, Json, a_case_file, a_recorded, an_idcs
from workflows.bodies import body
from workflows.bodies import declaration as d
from workflows.bodies.declaration import Declaration
from workflows.bodies.text import canonical
from workflows.casefile import CaseFile
from workflows.events.registration import (
    CorrectionReminded,
    Doubt,
    DuplicateSuspected,
    HearingReminded,
    HearingUnanswered,
    HouseholdApproved,
    IdentityDoubted,
    PersonAwaited,
    ProgrammeEligibility,
    RefusalProposed,
    ReviewOverdue,
    ScoreComputed,
    StatementReceived,
)
from workflows.evidence import (
    ChangeSilence,
    Compared,
    Correction,
    Evidence,
    Holder,
    IdentityVerdict,
    IndexInForce,
    MemberIdentity,
    PersonsAwaited,
    RegisterAnswer,
    RegisterChange,
    RegisteredPerson,
    RegisterState,
    Reopening,
    ReviewVerdict,
    ScreeningAnswer,
    Statement,
    TimePassed,
    Withdrawal,
)
from workflows.flows.grammar import Stage
from workflows.matching.compared import compared
from workflows.policies import index_in_force, thresholds
from workflows.stages.review import REASONS

LATIN_NAMES = (
    "Khalid",
    "Karim",
    "Karima",
    "Abdelaziz",
    "Abd El Aziz",
    "Fatima Zahra",
    "El Fassi",
    "Benali",
    "O'Brien",
    "Aït",
    "Sa'di",
    "X",
    "Ça",
    "Chérif",
)
ARABIC_NAMES = (
    "خالد",
    "كريم",
    "كريمة",
    "عبد العزيز",
    "عبدالعزيز",
    "فاطمة الزهراء",
    "الفاسي",
    "بنعلي",
    "ء",
    "أ",
    "ة",
    "مُحَمَّد",
)
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8).map(
    lambda text: f"{text}x" if not canonical(text) else text  # a format character alone is no text
)
NAMES = st.sampled_from(LATIN_NAMES) | st.sampled_from(ARABIC_NAMES) | TEXT
COUNTS = st.integers(0, 99)
MONEY = st.decimals(0, 100_000, places=2).map(str)
BIRTHS = st.dates(date(1890, 1, 1), TODAY) | st.dates(date(2005, 1, 1), TODAY)  # the young have more edges
INSTANTS = st.timedeltas(timedelta(0), timedelta(days=400)).map(lambda wait: NOW + wait)


def one_of(literal: Any) -> st.SearchStrategy[str]:
    """Any value of a Literal."""
    return st.sampled_from(get_args(literal))


def members() -> st.SearchStrategy[Json]:
    """Any member who is not the head; who declares is left out."""
    return st.fixed_dictionaries(
        {
            "given_name_la": NAMES,
            "family_name_la": NAMES,
            "birth_date": BIRTHS.map(date.isoformat),
            "birth_precision": st.sampled_from(("day", "month", "year")),
            "sex": one_of(d.Sex),
            "relationship": one_of(d.Relationship).filter(lambda kin: kin != "head"),
            "schooling": one_of(d.Schooling),
            "education": one_of(d.Education),
            "diploma": one_of(d.Diploma),
            "literate": st.booleans(),
            "occupation": one_of(d.Occupation),
            "earns_income": st.booleans(),
            "health_cover": one_of(d.HealthCover),
        },
        optional={
            "given_name_ar": NAMES,
            "family_name_ar": NAMES,
            "disability": one_of(d.Disability),
            "orphan": one_of(d.Orphan),
        },
    )


@st.composite
def households(draw: Callable[..., Any], most: int = 6) -> list[Json]:
    """Members with different identifiers, of whom one is the head and one declares."""
    people = draw(st.lists(members(), min_size=1, max_size=most))
    head, declarant = draw(st.integers(0, len(people) - 1)), draw(st.integers(0, len(people) - 1))
    return [
        person
        | {"idcs": an_idcs(place), "declarant": place == declarant}
        | ({"relationship": "head"} if place == head else {})
        for place, person in enumerate(people)
    ]


@st.composite
def bodies(draw: st.DrawFn, /, **fixed: st.SearchStrategy[Any]) -> Json:
    """Any body of an application that the model accepts."""
    parts: dict[str, st.SearchStrategy[Any]] = {
        "milieu": one_of(d.Milieu),
        "region": st.integers(1, 12),
        "commune": TEXT,
        "language": one_of(body.Language),
        "phone": st.none() | st.integers(610_000_000, 679_999_999).map(lambda number: f"0{number}"),
        "email": st.none() | st.sampled_from(["home@mail.ma", "a.b+c@x-y.org", "Bayt@bayt.XN--MGBC0A9AZCG"]),
        "housing": st.fixed_dictionaries(
            {
                "dwelling": one_of(d.Dwelling),
                "rooms": st.integers(1, 50),
                "bath_or_shower": st.booleans(),
                "own_electric_meter": st.booleans(),
            }
        ),
        "belongings": st.fixed_dictionaries(
            {
                name: COUNTS if field.annotation is int else st.booleans()
                for name, field in d.Belongings.model_fields.items()
            }
        ),
        "bills": st.fixed_dictionaries(
            {"gas": MONEY, "telecom": MONEY, "water_electricity": st.lists(MONEY, max_size=3)}
        ),
        "members": households(),
    }
    return draw(st.fixed_dictionaries(parts | fixed))


def declarations(**fixed: st.SearchStrategy[Any]) -> st.SearchStrategy[Declaration]:
    """Any declaration that the model accepts."""
    return bodies(**fixed).map(Declaration.model_validate)


def caseworkers() -> st.SearchStrategy[str]:
    """One of two caseworkers."""
    return st.sampled_from(("officer:1", "officer:2"))


@st.composite
def case_files(draw: Callable[..., Any], stage: Stage) -> CaseFile:
    """Any case at this stage: a small household, any score, and events from before or since it came to the stage."""
    sequences = st.sampled_from((4, 6))  # before the case came to the stage, and since
    score = draw(st.decimals(5, 15, places=7))
    past = [
        a_recorded(
            ScoreComputed(policy="2021-08-09", score=score, constant=score, region=Decimal(0), contributions=())
        ),
        a_recorded(
            HouseholdApproved(
                version=1, score=score, eligibilities=(ProgrammeEligibility("ASD", "ASD-1", Decimal(9), score <= 9),)
            )
        ),
        a_recorded(CorrectionReminded(reminder=1), seq=draw(sequences)),
        a_recorded(HearingReminded(reminder=1), seq=draw(sequences)),
        a_recorded(DuplicateSuspected(rules="signals-2026-11", signals=()), seq=3),
        a_recorded(IdentityDoubted(rules="verify-2026-12", doubts=(Doubt(0, "name", "neither", 0.5),)), seq=4),
        a_recorded(ReviewOverdue(times=draw(st.integers(1, 9))), seq=draw(sequences)),
    ]
    if draw(st.sampled_from((True, True, False))):
        past.append(
            a_recorded(
                RefusalProposed(reason="false_declaration", about=("bills.telecom",)),
                seq=draw(st.sampled_from((1, 6))),
                actor=draw(caseworkers()),
            )
        )
    if stage.name == "awaiting_person" or draw(st.booleans()):
        begun = draw(st.sampled_from((NOW, NOW - timedelta(days=29))))
        awaited = PersonAwaited(rules="signals-2026-11", members=(0,), households=(9,), begun=begun)
        past.append(a_recorded(awaited, seq=draw(st.sampled_from((2, 7)))))
    if draw(st.booleans()):
        past.append(a_recorded(HearingUnanswered(begun=NOW), seq=draw(st.sampled_from((2, 7)))))
    if draw(st.booleans()):
        past.append(a_recorded(StatementReceived(digest="0d" * 32, begun=NOW), seq=draw(st.sampled_from((2, 8)))))
    declared = draw(declarations(members=households(2)))
    return a_case_file(*past, declaration=declared, stage=stage.name, deadline=stage.deadline(NOW), stage_seq=5)


@st.composite
def register_entries(draw: Callable[..., Any], member: d.Member) -> Compared | None:
    """What the register may answer about a member: it knows nobody, another person, or nearly the same one."""
    if draw(st.integers(0, 5)) == 0:
        return None
    person = RegisteredPerson(
        given_name_ar=draw(st.just(member.given_name_ar or "") | NAMES),
        family_name_ar=draw(st.just(member.family_name_ar or "") | NAMES),
        given_name_la=draw(st.just(member.given_name_la or "") | NAMES),
        family_name_la=draw(st.just(member.family_name_la or "") | NAMES),
        birth_date=draw(st.just(member.birth_date) | BIRTHS),
        birth_precision=draw(st.sampled_from(("day", "year"))),
        status=draw(st.sampled_from(("alive", "alive", "deceased"))),
    )
    return compared(member, person)


@st.composite
def register_answers(draw: Callable[..., Any], case: CaseFile, at: datetime) -> RegisterAnswer:
    """Any answer about this household; two in three agree with the declaration."""
    agrees = draw(st.sampled_from((True, True, False)))
    entries = [Compared() if agrees else draw(register_entries(member)) for member in case.declaration.members]
    return RegisterAnswer(at=at, persons=tuple(entries))


@st.composite
def screening_answers(draw: Callable[..., Any], case: CaseFile, at: datetime) -> ScreeningAnswer:
    """Any claims of other households on members of this one."""
    last = len(case.declaration.members) - 1
    held = draw(st.lists(st.builds(Holder, st.integers(0, last), st.integers(1, 9), st.integers(100, 109)), max_size=4))
    return ScreeningAnswer(at=at, held=tuple(held), phone_households=draw(st.integers(0, 100)))


def known_thresholds() -> st.SearchStrategy[tuple[str, ...]]:
    """Any selection of the versions in the policies."""
    return st.lists(st.sampled_from([each.version for each in thresholds()]), unique=True).map(tuple)


def answers(kind: type[Evidence], case: CaseFile, at: datetime) -> st.SearchStrategy[Evidence]:
    """Any evidence of this kind about a case, at a moment."""
    open_to_answer = {"clear": REASONS["clear"]} if case.stage == "hearing" else REASONS  # meanwhile only that
    verdicts = st.sampled_from([(verdict, reason) for verdict, reasons in open_to_answer.items() for reason in reasons])
    kinds: dict[type[Evidence], st.SearchStrategy[Evidence]] = {
        TimePassed: st.just(TimePassed(at=at)),
        RegisterAnswer: register_answers(case, at),
        RegisterChange: st.just(RegisterChange(at=at, members=(0,))),
        ScreeningAnswer: screening_answers(case, at),
        IndexInForce: st.just(IndexInForce(at=at, version=index_in_force(at.date()).version)),
        RegisterState: st.builds(
            lambda last, known: RegisterState(at=at, last_version=last, thresholds=known),
            st.integers(0, 50),
            known_thresholds(),
        ),
        ChangeSilence: st.builds(
            lambda deadline, bound: ChangeSilence(at=at, deadline=deadline, bound=bound),
            st.sampled_from([at - timedelta(days=1), at, at + timedelta(days=1)]),
            st.booleans(),
        ),
        PersonsAwaited: st.builds(
            lambda deadline, circle: PersonsAwaited(at=at, deadline=deadline, circle=circle),
            st.sampled_from((at, at - timedelta(days=1), at + timedelta(days=1))),
            st.booleans(),
        ),
        Correction: st.just(Correction(at=at, by="declarant", number=case.body_number + 1, digest="0c" * 32)),
        Statement: st.just(Statement(at=at, by="declarant", digest="0d" * 32)),
        Withdrawal: st.just(Withdrawal(at=at, by="declarant")),
        Reopening: st.just(Reopening(at=at, by="declarant")),
        IdentityVerdict: st.builds(
            lambda same, by: IdentityVerdict(
                at=at,
                by=by,
                findings=(MemberIdentity(0, same, "slip" if same else "name_differs"),),
            ),
            st.booleans(),
            caseworkers(),
        ),
        ReviewVerdict: st.builds(
            lambda said, by: ReviewVerdict(at=at, by=by, verdict=said[0], reason=said[1], about=("bills.telecom",)),
            verdicts,
            caseworkers(),
        ),
    }
    return kinds[kind]
