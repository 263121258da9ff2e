"""A population register elsewhere, as tests break it: the table answers, on a connection of its own."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from models.database import transaction
from models.errors import Unavailable
from tests.filing import adapters_of
from workflows.evidence import Compared, RegisteredPerson
from workflows.registers.population import LocalRegister
from workflows.registers.ports import Adapters, Answer, DeclaredPerson


@dataclass
class Elsewhere:
    """Counts whom it was asked about; what a test does `meanwhile` happens before it answers."""

    meanwhile: Callable[[], object] = lambda: None
    errors: list[BaseException] = field(default_factory=list)  # raised one after another, then no more
    silent: Iterable[str] = ()  # about whom it cannot tell
    dumb: Iterable[str] = ()  # no answer at all for whoever stands beside these
    broken: Iterable[str] = ()  # nor about these, of which the client itself fails
    away_for: timedelta | None = None
    at_once: int = 500
    longest: float = 2.0
    asked: list[list[str]] = field(default_factory=list)

    def adapters(self) -> Adapters:
        local = adapters_of(lambda connection: self)
        return Adapters(local.ports, local.notices, self)

    def asked_by(self, officer: str) -> "Elsewhere":
        raise AssertionError("no stage asks for an officer")

    def left_alone(self) -> timedelta | None:
        return self.away_for

    def most(self) -> int:
        return self.at_once

    def counts(self) -> Mapping[str, float]:
        return {"register_calls": len(self.asked)}

    def compare(self, people: Sequence[DeclaredPerson]) -> Sequence[Compared | Answer | None]:
        self.asked.append([each.idcs for each in people])
        self.meanwhile()
        if self.errors:
            raise self.errors.pop(0)
        asked = set(self.asked[-1])
        if not asked.isdisjoint(self.dumb):
            raise Unavailable("The register gives no answer.")
        if not asked.isdisjoint(self.broken):
            raise KeyError("no idea about one of them")
        with transaction() as connection:
            answers = LocalRegister(connection).compare(people)
        silent = set(self.silent)
        return [Answer.NONE if each.idcs in silent else told for each, told in zip(people, answers, strict=True)]

    def stored(self, idcs: Sequence[str]) -> Mapping[str, RegisteredPerson]:
        raise AssertionError("no stage asks for what a register keeps")
