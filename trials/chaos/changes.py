"""Changes that a household means to declare, whatever its declaration says by then."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from random import Random

from trials.generator.answers import Json
from trials.generator.identifiers import phone
from workflows.bodies import reading
from workflows.bodies.change import ChangeRequest


@dataclass(frozen=True)
class Intent:
    """What a household means to change: some fields, who joins, and who leaves."""

    kind: str
    cause: str = ""
    fields: Json = field(default_factory=dict)
    joining: Sequence[Json] = ()
    leaving: frozenset[str] = frozenset()  # identifiers

    def applied(self, said: Json) -> Json:
        """A declaration with this change; who is there already does not join again."""
        known = {each["idcs"] for each in said["members"]} | self.leaving
        stay = [each for each in said["members"] if each["idcs"] not in self.leaving]
        return said | self.fields | {"members": [*stay, *(each for each in self.joining if each["idcs"] not in known)]}

    def request(self, said: Json, version: int, day: date) -> ChangeRequest:
        """What is sent to change this declaration of the household's last version, true from this day."""
        sent = {"change": self.kind, "true_from": day.isoformat(), "based_on": version}
        cause = {"cause": self.cause} if self.cause else {}
        return reading.valid(ChangeRequest, sent | cause | {"declaration": self.applied(said)})


def bills(said: Json, rng: Random) -> Intent:
    """Another monthly bill for gas."""
    return Intent("bills", fields={"bills": said["bills"] | {"gas": str(rng.randint(20, 300))}})


def contact(said: Json, rng: Random) -> Intent:
    """Another phone."""
    return Intent("contact", fields={"phone": phone(rng)})


def belongings(said: Json, rng: Random) -> Intent:
    """Other belongings."""
    more = {"mobile_phones": said["belongings"]["mobile_phones"] + rng.randint(1, 3)}
    return Intent("belongings", fields={"belongings": said["belongings"] | more})


def removal(said: Json, rng: Random) -> Intent:
    """The household leaves the register."""
    return Intent("removal", "request")


def leaving(member: Json) -> Intent:
    """This member leaves."""
    return Intent("member_left", "departure", leaving=frozenset([member["idcs"]]))


def joining(member: Json, instead: Json | None = None) -> Intent:
    """This person joins, maybe while a member leaves."""
    gone = frozenset([instead["idcs"]]) if instead else frozenset()
    return Intent("member_joined", "arrival", joining=[as_relative(member)], leaving=gone)


def as_relative(member: Json) -> Json:
    """A person as another household declares them who takes them in."""
    return {name: value for name, value in member.items() if name != "declarant"} | {"relationship": "other_relative"}


def who_may_leave(said: Json) -> Json | None:
    """The last member, unless that one is the head or the declarant."""
    last: Json = said["members"][-1]
    return None if last["relationship"] == "head" or last.get("declarant") else last
