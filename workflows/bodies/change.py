"""What a registered household says has changed: the whole declaration anew, from which day it is true, and why."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from workflows.bodies.body import Body, Contact, Declared, Post, Territory
from workflows.bodies.declaration import Declaration
from workflows.bodies.fields import Day, Idcs, Phone

Kind = Literal[
    "moved",
    "contact",
    "bills",
    "belongings",
    "member_joined",
    "member_left",
    "head",
    "declarant",
    "removal",
    "correction",
    "confirmation",
]
Cause = Literal[
    "birth", "marriage", "arrival", "forgotten", "death", "divorce", "departure", "request", "appeal", "error"
]
UPDATE = "update"  # the kind of case whose body it is
REMOVAL, CORRECTION, CONFIRMATION = "removal", "correction", "confirmation"
FORGOTTEN = "forgotten"  # why a member joins: they were there before, and nobody declared them
# Why members join or leave, why a household ends, and why a version was wrong; no other kind of change has a cause.
CAUSES: dict[str, tuple[str, ...]] = {
    "member_joined": ("birth", "marriage", "arrival", FORGOTTEN),
    "member_left": ("death", "divorce", "departure"),
    REMOVAL: ("death", "request"),
    CORRECTION: ("appeal", "error"),
}
Version = Annotated[int, Field(ge=1, le=2**31 - 1)]


class EarlierVersion(Declared):
    """An earlier version of the household as it is with this change."""

    version: Version
    decided_on: Day | None = Field(
        None, description="Of one that a correction reaches: when it was decided. Its index, thresholds and ages count."
    )
    declaration: Declaration


class HeardEvent(Declared):
    """What the population register told of a person, where that opened a case."""

    kind: Literal["death", "merged", "merge_undone", "corrected"]
    source: str = Field(description="In which feed.")
    position: Annotated[int, Field(ge=1)]
    idcs: Idcs
    other: Idcs | None = Field(None, description="Of two entries, the one that stays.")


class ChangeRequest(Declared):
    """What a household sends: its declaration as it is from that day on, and what changed."""

    change: Kind = Field(description="What the sender calls it; what changed is what the declarations differ in.")
    cause: Cause | None = Field(
        None, description="Needed where a member joins or leaves, the household ends, or a version was wrong."
    )
    true_from: Day = Field(description="The day in Morocco from which it is true; not in the future.")
    based_on: Version = Field(description="The household's version that the sender saw.")
    declaration: Declaration = Field(description="The household as it is from that day on; of one that ends, the last.")

    @field_validator("change")
    @classmethod
    def may_be_sent(cls, change: Kind) -> Kind:
        """Leaves corrections to appeals and caseworkers, whatever cause is given."""
        if change == CORRECTION:
            raise ValueError("A household corrects by an appeal: POST /api/v1/appeals.")
        return change

    @model_validator(mode="after")
    def cause_fits_the_change(self) -> "ChangeRequest":
        """Requires a cause of the list where the kind of change has causes, and none elsewhere."""
        causes = CAUSES.get(self.change, ())
        if causes and self.cause not in causes:
            raise ValueError(f"A change of kind {self.change} needs a cause: {', '.join(causes)}.")
        if self.cause and not causes:
            raise ValueError(f"A change of kind {self.change} has no cause.")
        return self


class Change(ChangeRequest, Body):
    """A change of a registered household, with what the register adds when it arrives."""

    known_phone: Phone | None = Field(None, description="The phone that the household had until now, where it changes.")
    phone_shown: bool = Field(
        False, description="Whoever declares it showed by codes that they have both phones at hand, where it changes."
    )
    left_by: Idcs | None = Field(None, description="The adult who declares their own departure.")
    decided_on: Day | None = Field(None, description="Of a correction: when the version that it corrects was decided.")
    earlier: tuple[EarlierVersion, ...] = Field((), description="The older versions that it reaches.")
    reviewed_for: str | None = Field(None, description="Of a review by the agency: the appeal that showed the cause.")

    life_event: HeardEvent | None = Field(
        None, description="Of a case that nobody filed: what the population register told."
    )

    @field_validator("change")
    @classmethod
    def may_be_sent(cls, change: Kind) -> Kind:
        """An appeal opens corrections, too."""
        return change

    @property
    def unasked(self) -> bool:
        """A supervisor opened it, or the population register told of something."""
        return self.reviewed_for is not None or self.by_register

    @property
    def by_register(self) -> bool:
        """The population register told of something."""
        return self.life_event is not None

    @property
    def confirms(self) -> bool:
        """The household went through its whole declaration, and says that it holds now, whatever it corrected of it."""
        return self.change == CONFIRMATION

    @property
    def by_appeal(self) -> bool:
        """An upheld appeal opened it."""
        return self.change == CORRECTION and self.cause == "appeal"

    @property
    def ends_household(self) -> bool:
        """Whether the household is in the register no more after this."""
        return self.change == REMOVAL

    @property
    def persons(self) -> tuple[str, ...]:
        """Every member of the household as it is then; of one that ends, nobody."""
        return () if self.ends_household else self.declaration.persons

    @property
    def applicant(self) -> str:
        """The declarant of the new declaration."""
        return self.declaration.applicant

    @property
    def post(self) -> Post:
        """To who declares the household, where it lives from then on."""
        return self.declaration.post

    @property
    def contact(self) -> Contact:
        """The phone, e-mail address and language of the new declaration."""
        return self.declaration.contact

    @property
    def told_besides(self) -> tuple[Contact, ...]:
        """The phone that the household had until now: whoever takes a household over by a new phone is seen there."""
        return (Contact(self.declaration.language, self.known_phone),) if self.known_phone else ()

    @property
    def territory(self) -> Territory:
        """Where the household lives then."""
        return self.declaration.territory

    def beside(self, known: Declaration, before: "Change") -> "Change":
        """This change of a household that is registered so, with the phone that it would replace; `before`: as it was
        until now, of whose two phones it may be known that both were shown.
        """
        known_phone = known.phone if known.phone != self.declaration.phone else None
        same = (known_phone, self.declaration.phone) == (before.known_phone, before.declaration.phone)
        return self.model_copy(update={"known_phone": known_phone, "phone_shown": before.phone_shown and same})

    def rules_of(self, today: date) -> date:
        """A correction is judged by the rules of the day on which the wrong version was decided, else today's count."""
        return (self.decided_on or self.true_from) if self.change == CORRECTION else today

    def rules_for(self, earlier: EarlierVersion, today: date) -> date:
        """The day whose rules count for an older version: that of a wrong one's own decision, else today."""
        return earlier.decided_on or today

    def declared(self, replaces: int | None) -> Declaration:
        """The household in the place of its version with this number; else as it is now."""
        found = (each.declaration for each in self.earlier if each.version == replaces)
        return next(found, self.declaration)
