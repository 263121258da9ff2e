"""Why a question is not answered: each reason with its status and its sentence. None quotes what was asked."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from models.errors import Refused

# Each code with the status of the response and what it says. docs/formats.md lists them, and a test holds the two
# together.
REASONS: Mapping[str, tuple[int, str]] = {
    # The request.
    "too_large": (413, "The body has more than 2,000,000 bytes."),
    "too_slow": (408, "The body was not there within 20 seconds."),
    "encoded": (415, "The body must be sent as it is, without Content-Encoding."),
    "not_found": (404, "There is nothing at this address."),
    "wrong_method": (405, "This address does not take this method."),
    "not_possible": (400, "The request is malformed."),
    "unavailable": (503, "The register cannot answer now. Ask again shortly, with another id."),
    "broken": (500, "Something went wrong on the register's side."),
    # Its signature.
    "signature_missing": (401, "The headers sijil-partner and signature are needed."),
    "signature_malformed": (401, "The signature is no detached JWS whose header has kid, iat and path."),
    "key_unknown": (401, "No partner of this name has a key of this kid."),
    "signature_wrong": (401, "The signature does not belong to this body, partner and key."),
    "signature_path": (401, "The signature was made for another address."),
    "signature_time": (401, "The signature was made more than 60 seconds ago, or will be."),
    "key_revoked": (401, "The key was revoked."),
    "key_not_valid": (401, "The key is not valid yet, or no more."),
    "partner_revoked": (403, "The partner may not ask any more."),
    "replayed": (409, "This id was used before: each question has its own."),
    "too_many": (429, "That is more than the partner may ask in this time."),
    # What the partner may ask.
    "field_not_allowed": (403, "The partner may not ask about this field."),
    "purpose_not_allowed": (403, "The partner may not ask for this purpose."),
    "records_not_allowed": (403, "The partner may not read what is stored."),
    "events_not_allowed": (403, "The partner may not read life events."),
    # The question as a whole.
    "not_json": (422, "The body is no JSON in UTF-8."),
    "wrong_type": (422, "The value has another type than is asked for."),
    "missing": (422, "The field is missing."),
    "unknown_field": (422, "The question has no such field."),
    "bad_id": (422, "The id must be a UUID, as 32 digits with hyphens."),
    "bad_time": (422, "The time must be that of the question, with its time zone, as RFC 3339 has it."),
    "bad_purpose": (422, "The purpose must be a word of small letters, digits and _, of at most 40."),
    "bad_basis": (422, "The basis must be law, decree, consent or order, and its number: law 72-18."),
    "bad_officer": (422, "The officer must be a pseudonym: a word, a colon and letters or digits."),
    "bad_ref": (422, "The ref must have 1 to 40 letters, digits, hyphens or underscores."),
    "bad_cursor": (422, "The cursor must be a whole number, and the limit one from 1 to 1,000."),
    "ref_twice": (422, "Two people have one ref."),
    "no_people": (422, "The question is about nobody."),
    "too_many_people": (422, "A question may be about 500 people at most."),
    # A person in it.
    "idcs_letters": (422, "The identifier must hold digits alone."),
    "idcs_length": (422, "The identifier must have ten digits."),
    "idcs_check_digit": (422, "The identifier has one wrong digit, or two that are swapped."),
    "idcs_first_digit": (422, "No identifier begins with 0 or 1."),
    "name_empty": (422, "The name holds no letter."),
    "name_long": (422, "The name has more than 80 characters."),
    "name_digits": (422, "The name holds a digit."),
    "name_script": (422, "The name is not in Arabic or in Latin letters alone."),
    "name_controls": (422, "The name holds a control character."),
    "birth_no_date": (422, "The birth date is no date of the calendar, as YYYY-MM-DD."),
    "birth_in_future": (422, "The birth date lies in the future."),
    "birth_too_early": (422, "The birth date lies before 1900."),
    "birth_precision": (422, "The precision must be day, month or year, and the date must fit it."),
}
MOST_PROBLEMS = 5_000  # of one answer: all that 500 people can have


class Flaw(NamedTuple):
    """What is wrong in a question, and where: `people[3].idcs`."""

    code: str
    place: str = ""


class NotAnswered(Refused):
    """A question is not answered, for this reason at this place; `flaws` are all that were found."""

    def __init__(self, code: str, place: str = "", *, flaws: Sequence[Flaw] = (), wait: int = 0) -> None:
        super().__init__(code, REASONS[code][1])
        self.place, self.flaws, self.wait = place, flaws or (Flaw(code, place),), wait

    @property
    def status(self) -> int:
        """The status of the response."""
        return REASONS[self.code][0]


def refuse(flaws: Sequence[Flaw]) -> None:
    """Raises NotAnswered where there are flaws, by the first of them."""
    if flaws:
        raise NotAnswered(*flaws[0], flaws=flaws)
