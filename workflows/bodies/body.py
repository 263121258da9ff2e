"""What every kind of case has in common in its body: which persons it holds, how its people are reached, and where."""

from datetime import date
from typing import TYPE_CHECKING, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict

from models.languages import LANGUAGES
from workflows.bodies.fields import STORED
from workflows.matching.verdict import Named

if TYPE_CHECKING:
    Language = str  # a checker of types knows no Literal of a table
else:
    Language = Literal[tuple(LANGUAGES)]  # in which a household is written to


class Declared(BaseModel):
    """Common ground: nothing unknown is taken, no type is guessed, nothing changes afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Contact(NamedTuple):
    """How the people of a case are reached: in which language, and at which phone; without one, by letter.

    At an e-mail address, if they gave one, they are reached besides.
    """

    language: Language
    phone: str | None = None
    email: str | None = None


class Territory(NamedTuple):
    """Where a case belongs: a region (1 to 12, decree 2-15-40) and, where it is known, a province (ISO 3166-2:MA)."""

    region: int
    province: str | None = None


class Post(NamedTuple):
    """Where letters go: to whom, the street or douar, the commune, the region (1 to 12) and the province, if known."""

    to: Named
    street: str | None
    commune: str | None
    region: int
    province: str | None


class Body(Declared):
    """What was sent, and is stored as JSON; a case may get another one. Its kind's flow says which class it is."""

    @property
    def persons(self) -> tuple[str, ...]:
        """The identifiers (IDCS) of the persons that the case holds while its stage does; nobody by default."""
        return ()

    @property
    def applicant(self) -> str | None:
        """The identifier of who asks and answers for it, where it is a person of the household."""
        return None

    @property
    def contact(self) -> Contact:
        """How its people are reached."""
        raise NotImplementedError

    @property
    def post(self) -> Post | None:
        """Where its letters go; None: where those of the case go that it is about."""
        return None

    @property
    def told_besides(self) -> tuple[Contact, ...]:
        """Who else gets each of its messages, such as the phone that a household had until now; nobody by default."""
        return ()

    @property
    def unasked(self) -> bool:
        """Whether the agency itself opened the case: its people are told so, and there is nothing to refuse."""
        return False

    @property
    def by_register(self) -> bool:
        """Whether it opened the case because the population register told of something."""
        return False

    @property
    def confirms(self) -> bool:
        """Whether its people say that the whole declaration holds now."""
        return False

    @property
    def territory(self) -> Territory:
        """Where it belongs."""
        raise NotImplementedError

    def rules_of(self, today: date) -> date:
        """The day of which the index, the thresholds and the ages count; today by default."""
        return today

    def stored(self) -> str:
        """As it is kept: JSON, without what was left out."""
        return self.model_dump_json(exclude_defaults=True)

    @classmethod
    def restored(cls, text: str) -> Self:
        """As it was kept. Raises pydantic's ValidationError where today's model refuses it."""
        return cls.model_validate_json(text, context=STORED)
