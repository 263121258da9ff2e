"""What a partner may ask, and what it is told: verdicts with their score, or yes, no or different for each field."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal, get_args

import msgspec

from models.errors import Refused
from models.foreign import read_json
from models.person_event import EVENTS, Kind
from workflows.evidence import Compared
from workflows.matching.births import BirthVerdict
from workflows.matching.verdict import NameVerdict

Field = Literal["given_name_ar", "family_name_ar", "given_name_la", "family_name_la", "birth_date", "birth_precision"]
FIELDS: tuple[Field, ...] = get_args(Field)  # that a question may have about a person, beside the identifier
NAMES = FIELDS[:4]
YES, DIFFERENT, NO = "yes", "different", "no"
# Near, and not the same, is `different`; `no` is another name or date. What cannot be compared is left out.
OF_NAMES: Mapping[str, str] = {NameVerdict.SAME: YES, NameVerdict.NEITHER: DIFFERENT, NameVerdict.OTHER: NO}
OF_BIRTHS: Mapping[str, str] = {
    BirthVerdict.SAME: YES,
    BirthVerdict.SAME_MONTH: YES,
    BirthVerdict.SAME_YEAR: YES,
    BirthVerdict.FIRST_OF_JANUARY: DIFFERENT,
    BirthVerdict.SWAPPED: DIFFERENT,
    BirthVerdict.ONE_DIGIT: DIFFERENT,
    BirthVerdict.DIFFERENT: NO,
}


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a partner may ask, and what it gets. No purposes: any that it names."""

    fields: tuple[Field, ...] = ()
    answers: Literal["verdicts", "yes_no"] = "yes_no"
    alive: bool = False  # whether it is told who lives
    records: bool = False  # whether it may read what is stored, for its officers
    # The kinds of life events that it is told: a policy is stored, so that only "every" holds those of later versions.
    events: tuple[Kind, ...] | Literal["every"] = ()
    purposes: tuple[str, ...] = ()
    tries: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 10  # about one person within thirty days; 0: no limit

    @property
    def most_tries(self) -> int:
        """How often it may ask about one person within thirty days; 0: as often as it likes. Who reads what is stored
        need not guess.
        """
        return 0 if self.records else self.tries

    def forbidden(self, sent: Collection[str]) -> list[str]:
        """Those of these fields that the partner may not ask about."""
        return [each for each in sent if each not in self.fields]

    def tells(self, kind: str) -> bool:
        """Whether the partner is told life events of this kind."""
        return self.events == "every" or kind in self.events

    def answer(self, compared: Compared, sent: Collection[str]) -> dict[str, Any]:
        """What the partner is told of a person about whom it sent these fields."""
        if self.answers == "verdicts":
            found = msgspec.structs.asdict(compared)
            hidden = () if self.alive else ("status",)
            return {name: value for name, value in found.items() if value != () and name not in hidden}
        told = {
            "name": OF_NAMES.get(compared.name) if any(each in sent for each in NAMES) else None,
            "birth": OF_BIRTHS.get(compared.birth) if "birth_date" in sent else None,
            "alive": (YES if compared.status == "alive" else NO) if self.alive else None,
        }
        return {name: value for name, value in told.items() if value is not None}


# By the name under which a partner is given one; others are files of JSON.
POLICIES: Mapping[str, Policy] = {
    "social-register": Policy(
        fields=FIELDS,
        answers="verdicts",
        alive=True,
        records=True,
        events="every",
        tries=0,
    ),
    "yes-no": Policy(fields=FIELDS, alive=True),
}


def read_policy(text: bytes | str) -> Policy:
    """A policy from JSON. Raises Refused."""
    try:
        return read_json(text, Policy)
    except ValueError as error:
        known = (
            f"The fields are {', '.join(FIELDS)}; answers is verdicts or yes_no; "
            f'events is "every", or some of {", ".join(EVENTS)}.'
        )
        raise Refused("bad_policy", f"The policy cannot be read: {said(error)} {known}") from None


def said(error: Exception) -> str:
    """What the reader of JSON says of a policy, which holds no personal data, as a sentence."""
    return f"{str(error).rstrip('.')}."


def written(policy: Policy) -> str:
    """A policy as it is stored and shown."""
    return msgspec.json.encode(policy).decode()
