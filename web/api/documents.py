"""What the API answers with: the shapes that its OpenAPI document promises."""

from datetime import datetime

from litestar.openapi.datastructures import ResponseSpec
from pydantic import BaseModel, Field

PROBLEM = "application/problem+json"


class FieldProblem(BaseModel):
    """One thing wrong with what was sent."""

    field: str = Field(description="Its path, such as `members[2].birth_date`; `body` for the whole.")
    message: str


class ProblemDocument(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str = Field("", description="For programs: which rule refused.")
    problems: list[FieldProblem] = Field(default_factory=list, description="Every bad field, the first hundred of them.")
    stage: str = Field("", description="With 409: where the case stands now.")
    version: int = Field(0, description="With 409: its version now.")
    reference: str = Field("", description="With 500: the error's reference in our log.")


class Receipt(BaseModel):
    """What the applicant keeps. The secret is needed to answer, and is shown to nobody else."""

    reference: str
    secret: str
    status: str = Field(description="The address of the citizen's page, on this server.")
    repeated: bool = Field(description="The same application had been taken before, and counts once.")


class Correction(BaseModel):
    """What must be corrected, and why; of a refused application, why it was refused."""

    field: str = Field(description="The member's place in the declaration, such as `members[2]`; `members` where a caseworker asked.")
    reason: str


class Standing(BaseModel):
    """Where an application stands."""

    reference: str
    stage: str
    version: int = Field(description="To be sent with an answer: if the case moves on meanwhile, nothing is done.")
    submitted_at: datetime
    since: datetime
    deadline: datetime | None = Field(description="When the stage ends by itself.")
    corrections: list[Correction] | None = Field(description="Told to whoever has the receipt's secret; null without it.")


class Answered(BaseModel):
    """What an answer came to."""

    event: str
    stage: str
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
    409: "The case has moved on; `stage` and `version` say where to.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "A rule forbids it; `problems` names each bad field.",
    500: "Our fault; `reference` finds it in our log.",
    503: "Something that this needs is away. Try again shortly.",
}


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """The errors that an operation may answer with."""
    return {status: ResponseSpec(ProblemDocument, generate_examples=False, description=WHY[status], media_type=PROBLEM) for status in (*statuses, 500)}
