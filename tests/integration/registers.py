"""A population register as tests break it, and applications that meet it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from models.errors import Unavailable
from tests.filing import adapters_of
from workflows.evidence import Compared, RegisteredPerson
from workflows.intake.submit import Accepted
from workflows.registers.population import LocalRegister
from workflows.registers.ports import Adapters, Answer, DeclaredPerson


@dataclass
class Register:
    """The local register, with persons about whom it cannot be asked, and times when it is away."""

    broken_about: str = ""
    broken: frozenset[str] = frozenset()  # nor about these
    silent_about: str = ""  # no answer for whoever stands beside this person
    silent: frozenset[str] = frozenset()  # nor beside these
    silence: float = 0.0  # seconds until it gives no answer
    errors: list[BaseException] = field(default_factory=list)  # raised one after another, then no more
    away: bool = False
    asked: list[int] = field(default_factory=list)
    in_vain: list[float] = field(default_factory=list)  # when it was asked and gave no answer

    def adapters(self) -> Adapters:
        return adapters_of(lambda connection: Asked(self, LocalRegister(connection)))


@dataclass
class Asked:
    """One batch's questions."""

    register: Register
    local: LocalRegister

    def compare(self, people: Sequence[DeclaredPerson]) -> Sequence[Compared | Answer | None]:
        idcs = [each.idcs for each in people]
        self.register.asked.append(len(idcs))
        if self.register.away:
            raise Unavailable("The register is away.")
        if self.register.errors:
            raise self.register.errors.pop(0)
        if self.register.silent_about in idcs or not self.register.silent.isdisjoint(idcs):
            self.register.in_vain.append(time.monotonic())
            time.sleep(self.register.silence)
            raise Unavailable("The register gives no answer.")
        if self.register.broken_about in idcs or not self.register.broken.isdisjoint(idcs):
            raise KeyError("no idea about one of them")
        return self.local.compare(people)

    def stored(self, idcs: Sequence[str]) -> Mapping[str, RegisteredPerson]:
        return self.local.stored(idcs)


@dataclass(frozen=True)
class Poisoned:
    """Twenty applications, of which one cannot be decided."""

    bad: Accepted
    good: list[Accepted]
    register: Register
