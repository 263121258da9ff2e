"""A gateway that keeps a book, and who delivers to it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from models.errors import Unavailable
from notifications.deliver import Deliverer, Gateway
from notifications.leases import SMS, Leased


@dataclass
class BookGateway:
    """Accepts messages into a book; can be away before or after it wrote, refuse, answer late, or forget to answer."""

    name: str = "book"
    can_be_asked: bool = True
    most: int = 100
    final: Mapping[str, str] = field(default_factory=dict)
    accepted: list[UUID] = field(default_factory=list)
    asked: list[UUID] = field(default_factory=list)
    away_before: bool = False
    away_after: bool = False
    refuses: str = ""
    silent: bool = False
    chokes_on: UUID | None = None
    while_sending: Callable[[], object] = lambda: None
    parts: int = 0  # that it reports on

    def numbers_of(self, reference: UUID) -> Sequence[str]:
        return [f"{reference}/{part}" for part in range(self.parts)]

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

    def attend(self) -> None:
        pass

    def close(self) -> None:
        pass


def a_deliverer(gateway: Gateway, channel: str = SMS) -> Deliverer:
    """One that delivers to it."""
    return Deliverer(gateway, channel)


def drained(deliverer: Deliverer) -> str:
    """Why a drain ended early; '' where it did not."""
    try:
        deliverer.drain()
    except Unavailable as error:
        return str(error)
    return ""
