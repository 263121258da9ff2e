"""The API's answers, in the shapes that its OpenAPI document promises."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, NotRequired, TypedDict, get_args, get_type_hints

from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIHeader, OpenAPIResponse, OpenAPIType, Operation, Schema
from litestar.params import BodyKwarg
from msgspec import structs
from pydantic import BaseModel, Field

from web.changes import RegisteredChange
from web.queries import MISMATCHES
from workflows.appeals.reasons import ASKED, REJECTED, UPHELD
from workflows.bodies.appeal import Decision, Ground
from workflows.casefile import CaseFile
from workflows.casework.appeal_view import asked, outcome
from workflows.casework.enrolment_view import EnrolmentView
from workflows.evidence import CommissionRequest, Correction, Reopening, Statement, Withdrawal
from workflows.flows import FLOWS, PARKED, places
from workflows.flows.grammar import Decide
from workflows.matching.births import PRECISIONS
from workflows.matching.verdict import NAMES
from workflows.stages.review import REASONS

PROBLEM = "application/problem+json"
# The closed sets of words that an answer may hold: in the document they are enumerations.
STAGE_ENUM: dict[str, Any] = {"enum": [*dict.fromkeys(stage.name for _, stage in places()), PARKED]}


def outcomes_of(decide: Decide) -> list[str]:
    """The kinds of events that a decision may come to, as it says itself."""
    returned = get_type_hints(decide)["return"]
    return [each.__name__ for each in get_args(returned) or (returned,)]


EVENT_ENUM: dict[str, Any] = {
    "enum": sorted(
        {
            name
            for _, stage in places()
            for evidence, decide in stage.handlers.items()
            if evidence in (Correction, Statement, Withdrawal, Reopening, CommissionRequest)
            for name in outcomes_of(decide)
        }
    ),
}
CODES: dict[str, Any] = {
    "enum": [
        "not_valid",
        "open_application",
        "already_registered",
        "phone_shown",
        "confirmed_lately",
        "too_many_phones",
        "key_reused",
        "not_possible_now",
        "declaration_missing",
        "statement_missing",
        "too_many_corrections",
        "not_utf8",
        "not_json",
        "encoded",
        "too_large",
        "open_appeal",
        "nothing_to_contest",
        "too_many_texts",
        "not_registered",
        "not_of_the_household",
        "too_many_open",
        "register_elsewhere",
        "given_away",
        "erased",
    ],
}
REASON_ENUM: dict[str, Any] = {
    "enum": [*MISMATCHES, *REASONS["correct"], *REASONS["refuse"], *ASKED, *UPHELD, *REJECTED]
}


class FieldProblem(BaseModel):
    """One field of the request that is wrong."""

    field: str = Field(description="Its path, such as `members[2].birth_date`; `body` for the whole.")
    message: str


class ProblemDocument(TypedDict):
    """Problem details (RFC 9457). A field that does not apply is left out."""

    type: Annotated[str, BodyKwarg(description="`urn:sijil:problem:` and the code, else `about:blank`.")]
    title: str
    status: int
    detail: str
    code: NotRequired[Annotated[str, BodyKwarg(description="For programs: which rule refused.", schema_extra=CODES)]]
    problems: NotRequired[
        Annotated[list[FieldProblem], BodyKwarg(description="Every bad field, the first hundred of them.")]
    ]
    stage: NotRequired[
        Annotated[str, BodyKwarg(description="If the case has moved on: its stage now.", schema_extra=STAGE_ENUM)]
    ]
    version: NotRequired[Annotated[int, BodyKwarg(description="If the case has moved on: its version now.")]]
    reference: NotRequired[Annotated[str, BodyKwarg(description="With 500: the error's reference in our log.")]]


class Receipt(BaseModel):
    """The applicant's receipt. Its secret is needed to answer; show it to nobody else."""

    reference: str
    secret: str
    page: str = Field(description="The address of the citizen's page, on this server.")
    repeated: bool = Field(description="The same application was filed before, and counts once.")


class Reason(BaseModel):
    """Why something must be corrected, why an application may be or was refused, or what an appeal came to."""

    field: str = Field(
        description="The member's place in the declaration, such as `members[2]`; `members` if a caseworker asked. "
        "Of an appeal: the contested value, `decision` for the whole, or `asked` for what is asked for."
    )
    reason: str = Field(json_schema_extra=REASON_ENUM)
    differs: list[str] = Field(
        description="Of a member whom the population register keeps otherwise: which parts of the name or of the birth "
        "date. Never what it keeps; empty where it does not say.",
        json_schema_extra={"items": {"type": "string", "enum": [*NAMES, *PRECISIONS]}},
    )


class ConflictingField(BaseModel):
    """A field that another change of the household changed before, and to something else. Null: it is not there."""

    field: str = Field(
        description="Such as `bills.gas`, or `members[2].occupation` by the member's place in the change that was "
        "sent; of a member who is not in it, in the register. `declaration`: the two do not fit together."
    )
    registered: Any = Field(description="As the register has it now.")
    declared: Any = Field(description="As the change says it.")


class Moved(BaseModel):
    """A variable of the index that has another value, and its term of the sum. Null: it did not count."""

    variable: str
    before: str | None
    after: str | None
    contribution_before: str | None
    contribution_after: str | None


class ChangeOutcome(BaseModel):
    """What a change came to in the register; of a household that ended, there is no version and nothing moved."""

    true_from: date | None = Field(description="The first day of it. Null: erased.")
    version: int | None = Field(description="That the household had by it.")
    score: str | None = Field(description="The index from then on.")
    score_before: str | None
    moved: list[Moved]
    gained: list[str] = Field(description="Programmes whose threshold is met since.")
    lost: list[str] = Field(description="Programmes whose threshold is not met any more.")


class ApplicationStatus(BaseModel):
    """The status of an application or of a change."""

    reference: str
    kind: str = Field(json_schema_extra={"enum": [*FLOWS]})
    stage: str = Field(json_schema_extra=STAGE_ENUM)
    version: int = Field(description="Send it with an answer, which changes nothing if the case has moved on.")
    submitted_at: datetime
    stage_since: datetime
    deadline: datetime | None = Field(description="When the stage ends by itself.")
    reasons: list[Reason] | None = Field(description="Null without the receipt's secret.")
    household_version: int | None = Field(
        description="The household's last version, on which a change is based. Null without the receipt's secret, and "
        "where it is not registered."
    )
    based_on: int | None = Field(
        description="Of a change: the household's version that it is made on; while it conflicts, that of the "
        "conflict: an answer counts on that one. Null without the receipt's secret."
    )
    conflicts: list[ConflictingField] | None = Field(
        description="Of a change: the fields that another one changed, too. Null without the receipt's secret."
    )
    registered: ChangeOutcome | None = Field(
        description="What a change came to in the register. Null until then, and without the receipt's secret."
    )


def outcome_of(change: RegisteredChange) -> ChangeOutcome:
    """The answer about a change that is registered. Numbers are texts, so that no reader rounds them."""
    return ChangeOutcome(
        true_from=change.true_from,
        version=change.version,
        score=written(change.score),
        score_before=written(change.score_before),
        moved=[
            Moved(**{name: written(value) for name, value in structs.asdict(each).items()}) for each in change.moved
        ],
        gained=list(change.gained),
        lost=list(change.lost),
    )


class ContestedValue(BaseModel):
    """A value of the declaration that is contested, and what it should be."""

    path: str
    should_be: Any


class FindingMade(BaseModel):
    """What an appeal came to on one contested value, or on the decision as a whole, and why."""

    path: str
    upheld: bool
    reason: str = Field(json_schema_extra={"enum": [*UPHELD, *REJECTED]})


class AppealStatus(BaseModel):
    """An appeal: where it stands, what it contests, and what it came to."""

    reference: str
    stage: str = Field(json_schema_extra=STAGE_ENUM)
    version: int = Field(
        description="Send it with a text, a withdrawal or an escalation, which changes nothing if it has moved on."
    )
    submitted_at: datetime
    deadline: datetime | None = Field(description="When the stage ends by itself.")
    contested_reference: str = Field(description="Of the case in which the decision was taken.")
    decision: str = Field(json_schema_extra={"enum": [*get_args(Decision)]})
    decided_at: datetime
    grounds: list[str] = Field(json_schema_extra={"items": {"type": "string", "enum": [*get_args(Ground)]}})
    contested: list[ContestedValue]
    asked: list[str] = Field(
        description="What the household is asked for now.",
        json_schema_extra={"items": {"type": "string", "enum": [*ASKED]}},
    )
    outcome: str | None = Field(
        description="Null while it is not decided.",
        json_schema_extra={"enum": ["upheld", "partly_upheld", "rejected", None]},
    )
    findings: list[FindingMade]
    score_computed: str | None = Field(description="The index as it was contested, once it is corrected.")
    score_corrected: str | None
    true_from: date | None = Field(description="The first day of the correction.")


def appeal_status(file: CaseFile) -> AppealStatus:
    """The answer about an appeal, from its file."""
    appeal, came_to = file.body, outcome(file)
    return AppealStatus(
        reference=file.reference,
        stage=file.stage,
        version=file.version,
        submitted_at=file.submitted_at,
        deadline=file.deadline,
        contested_reference=appeal.reference,
        decision=appeal.decision,
        decided_at=appeal.decided_at,
        grounds=list(appeal.grounds),
        contested=[ContestedValue(path=each.path, should_be=each.should_be) for each in appeal.contested],
        asked=list(asked(file)),
        outcome=came_to.outcome if came_to else None,
        findings=[
            FindingMade(path=each.path, upheld=each.upheld, reason=each.reason)
            for each in (came_to.findings if came_to else ())
        ],
        score_computed=written(came_to.score_computed if came_to else None),
        score_corrected=written(came_to.score_corrected if came_to else None),
        true_from=came_to.true_from if came_to else None,
    )


class EnrolmentStatus(BaseModel):
    """An enrolment: where it stands, and the identifier that came of it."""

    reference: str
    stage: str = Field(json_schema_extra=STAGE_ENUM)
    version: int = Field(description="Send it with a withdrawal, which changes nothing if it has moved on.")
    submitted_at: datetime
    deadline: datetime | None = Field(description="When the stage ends by itself.")
    idcs: str | None = Field(description="The identifier, once it was issued.")


def enrolment_status(view: EnrolmentView) -> EnrolmentStatus:
    """The answer about an enrolment."""
    file = view.file
    return EnrolmentStatus(
        reference=file.reference,
        stage=file.stage,
        version=file.version,
        submitted_at=file.submitted_at,
        deadline=file.deadline,
        idcs=view.idcs or None,
    )


def written(value: object) -> str | None:
    """A number as its digits, so that no reader rounds it."""
    return None if value is None else str(value)


class Answered(BaseModel):
    """What an answer did: its event, and the case's stage and version now."""

    event: str = Field(json_schema_extra=EVENT_ENUM)
    stage: str = Field(json_schema_extra=STAGE_ENUM)
    version: int


class ReportsTaken(BaseModel):
    """How many delivery reports were taken."""

    reports: int


class Alive(BaseModel):
    """The process answers."""

    status: str


class Ready(BaseModel):
    """The process can do its work."""

    status: str
    database: str
    broker: str


ERROR_DESCRIPTIONS = {
    400: "The request is malformed.",
    401: "The signature is missing, wrong or too old.",
    404: "There is no such application, or the secret is wrong.",
    409: "The case has moved on (`stage` and `version` are its values now), or something stands against it: `code` "
    "says what.",
    413: "The body is too large.",
    415: "The body is not JSON in UTF-8, or is compressed.",
    422: "A rule forbids it; `problems` names each bad field.",
    500: "An error of ours; our log has it under `reference`.",
    503: "A service that this needs is away. Try again after `Retry-After` seconds.",
}

RESPONSE_HEADERS = {
    "201": {
        "Location": OpenAPIHeader(
            description="Its address in this API.", schema=Schema(type=OpenAPIType.STRING), required=True
        )
    },
    "503": {
        "Retry-After": OpenAPIHeader(description="Seconds.", schema=Schema(type=OpenAPIType.INTEGER), required=True)
    },
}


def error_responses(*statuses: int) -> dict[int, ResponseSpec]:
    """The errors that an operation may answer with: these and 500."""
    return {
        status: ResponseSpec(
            ProblemDocument, generate_examples=False, description=ERROR_DESCRIPTIONS[status], media_type=PROBLEM
        )
        for status in (*statuses, 500)
    }


@dataclass
class OperationWithHeaders(Operation):
    """Adds the headers of its responses to an operation of the OpenAPI document."""

    def __post_init__(self) -> None:
        for status, headers in RESPONSE_HEADERS.items():
            response = (self.responses or {}).get(status)
            if isinstance(response, OpenAPIResponse):
                response.headers = {**headers}
