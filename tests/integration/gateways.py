"""A gateway that keeps a book, and who delivers to it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from models.errors import Unavailable
from notifications.deliver import Deliverer
from notifications.leases import Leased


@dataclass
class BookGateway:
    """Accepts messages into a book; can be away before or after it wrote, refuse, answer late, or forget to answer."""

    can_be_asked: bool = True
    accepted: list[UUID] = field(default_factory=list)
    asked: list[UUID] = field(default_factory=list)
    away_before: bool = False
    away_after: bool = False
    refuses: str = ""
    silent: bool = False
    chokes_on: UUID | None = None
    while_sending: Callable[[], object] = lambda: None

    def send(self, messages: Sequence[Leased]) -> Mapping[UUID, str]:
        if self.away_before or self.chokes_on in {each.id for each in messages}:
            raise Unavailable("The gateway is away.")
        if self.refuses:
            return {each.id: self.refuses for each in messages}
        self.accepted += [each.id for each in messages]
        self.while_sending()
        if self.away_after:
            raise Unavailable("The connection broke before the answer.")
        return {} if self.silent else {each.id: "accepted" for each in messages}

    def find_accepted(self, references: Sequence[UUID]) -> set[UUID]:
        if self.away_before:
            raise Unavailable("The gateway is away.")
        self.asked += references
        return set(references) & set(self.accepted)


def a_deliverer(gateway: BookGateway) -> Deliverer:
    """One that delivers to it."""
    return Deliverer(gateway)
