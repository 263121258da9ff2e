"""What the API answers with: the shapes that its OpenAPI document promises."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, NotRequired, TypedDict, get_args, get_type_hints

from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIHeader, OpenAPIResponse, OpenAPIType, Operation, Schema
from litestar.params import BodyKwarg
from pydantic import BaseModel, Field

from web.queries import MISMATCHES
from workflows.evidence import Correction, Reopening, Withdrawal
from workflows.flows import PARKED, places
from workflows.flows.grammar import Decide
from workflows.stages.review import REASONS

PROBLEM = "application/problem+json"
# The closed sets of words that an answer may hold: in the document they are enumerations.
ALL_STAGES: dict[str, Any] = {"enum": [*dict.fromkeys(stage.name for _, stage in places()), PARKED]}


def outcomes_of(decide: Decide) -> list[str]:
    """The kinds of events that a decision may come to, as it says itself."""
    returned = get_type_hints(decide)["return"]
    return [each.__name__ for each in get_args(returned) or (returned,)]


EVENTS_OF_ANSWERS: dict[str, Any] = {
    "enum": sorted(
        {
            name
            for _, stage in places()
            for evidence, decide in stage.handlers.items()
            if evidence in (Correction, Withdrawal, Reopening)
            for name in outcomes_of(decide)
        }
    ),
}
CODES: dict[str, Any] = {
    "enum": [
        "not_valid",
        "open_application",
        "already_registered",
        "key_reused",
        "not_possible_now",
        "declaration_missing",
        "too_many_corrections",
        "not_utf8",
        "not_json",
        "encoded",
        "too_large",
    ],
}
REASONS_TOLD: dict[str, Any] = {"enum": [*MISMATCHES, *REASONS["correct"], *REASONS["refuse"]]}


class FieldProblem(BaseModel):
    """One thing wrong with what was sent."""

    field: str = Field(description="Its path, such as `members[2].birth_date`; `body` for the whole.")
    message: str


class ProblemDocument(TypedDict):
    """What went wrong (RFC 9457). What does not apply is left out."""

    type: Annotated[str, BodyKwarg(description="`urn:sijil:problem:` and the code, else `about:blank`.")]
    title: str
    status: int
    detail: str
    code: NotRequired[Annotated[str, BodyKwarg(description="For programs: which rule refused.", schema_extra=CODES)]]
    problems: NotRequired[
        Annotated[list[FieldProblem], BodyKwarg(description="Every bad field, the first hundred of them.")]
    ]
    stage: NotRequired[
        Annotated[str, BodyKwarg(description="Where the case moved on: where it stands now.", schema_extra=ALL_STAGES)]
    ]
    version: NotRequired[Annotated[int, BodyKwarg(description="Where the case moved on: its version now.")]]
    reference: NotRequired[Annotated[str, BodyKwarg(description="With 500: the error's reference in our log.")]]


class Receipt(BaseModel):
    """What the applicant keeps. The secret is needed to answer, and is shown to nobody else."""

    reference: str
    secret: str
    page: str = Field(description="The address of the citizen's page, on this server.")
    repeated: bool = Field(description="The same application had been taken before, and counts once.")


class Reason(BaseModel):
    """Why something must be corrected, or why the application was refused."""

    field: str = Field(
        description="The member's place in the declaration, such as `members[2]`; `members` where a caseworker asked."
    )
    reason: str = Field(json_schema_extra=REASONS_TOLD)


class Standing(BaseModel):
    """Where an application stands."""

    reference: str
    stage: str = Field(json_schema_extra=ALL_STAGES)
    version: int = Field(description="To be sent with an answer: if the case moves on meanwhile, nothing is done.")
    submitted_at: datetime
    stage_since: datetime
    deadline: datetime | None = Field(description="When the stage ends by itself.")
    reasons: list[Reason] | None = Field(description="Told to whoever has the receipt's secret; null without it.")


class Answered(BaseModel):
    """What an answer came to."""

    event: str = Field(json_schema_extra=EVENTS_OF_ANSWERS)
    stage: str = Field(json_schema_extra=ALL_STAGES)
    version: int


class Alive(BaseModel):
    """The process answers."""

    status: str


class Ready(BaseModel):
    """What it needs is there."""

    status: str
    database: str
    broker: str


WHY = {
    400: "Not a request that this takes.",
    404: "There is no such application, or the secret is not its secret.",
    409: "Something stands against it: the case has moved on (`stage` and `version` say where to), or the household "
    "has an application or is registered.",
    413: "The body is too large.",
    415: "The body is not JSON in UTF-8, or is compressed.",
    422: "A rule forbids it; `problems` names each bad field.",
    500: "Our fault; `reference` finds it in our log.",
    503: "Something that this needs is away. Try again after `Retry-After` seconds.",
}

HEADERS = {
    "201": {
        "Location": OpenAPIHeader(
            description="The application's address in this API.", schema=Schema(type=OpenAPIType.STRING), required=True
        )
    },
    "503": {
        "Retry-After": OpenAPIHeader(description="Seconds.", schema=Schema(type=OpenAPIType.INTEGER), required=True)
    },
}


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """The errors that an operation may answer with."""
    return {
        status: ResponseSpec(ProblemDocument, generate_examples=False, description=WHY[status], media_type=PROBLEM)
        for status in (*statuses, 500)
    }


@dataclass
class Described(Operation):
    """An operation with the headers of its answers."""

    def __post_init__(self) -> None:
        for status, headers in HEADERS.items():
            response = (self.responses or {}).get(status)
            if isinstance(response, OpenAPIResponse):
                response.headers = {**headers}
