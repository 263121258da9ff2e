"""Sentences of our own about each invalid field of a body; they never hold the value that was sent."""

from collections.abc import Mapping, Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from models.errors import Problem
from models.patterns import (
    GATEWAY_ADDRESS,
    HOURS,
    HTTP_ADDRESS,
    MAIL_SENDER,
    MAIL_SERVER,
    NUMBERS,
    PARTNER,
    PRINTABLE,
    PROVIDER_ADDRESS,
    SENDER_ID,
)
from workflows.bodies.fields import CIN, NO_CONTROLS, NO_CONTROLS_BUT_LINES, PROVINCE, VALUE_PATH

WHOLE = "body"
OTHERWISE = "Is not valid."
MOST_NAMED = 10_000  # problems of one body
WHOLE_NUMBER, NUMBER = "Must be a whole number.", "Must be a number."
DATE, YES_OR_NO = "Must be a date of the calendar, as YYYY-MM-DD.", "Must be true or false."
# By pydantic's name of each error (https://docs.pydantic.dev/latest/errors/validation_errors/).
SENTENCES: Mapping[str, str] = {
    "missing": "Is missing.",
    "extra_forbidden": "Unknown field.",
    "literal_error": "Must be {expected}.",
    "greater_than": "Must be more than {gt}.",
    "less_than": "Must be less than {lt}.",
    "greater_than_equal": "Must be at least {ge}.",
    "less_than_equal": "Must be at most {le}.",
    "string_too_short": "Must not be empty.",  # no field asks for more than one character
    "too_short": "Must not be empty.",
    "string_too_long": "Must have at most {max_length} characters.",
    "too_long": "Must hold at most {max_length}.",
    "decimal_max_digits": "Must have at most {max_digits} digits.",
    "string_type": "Must be a text.",
    "string_unicode": "Holds half a character (a lone surrogate).",
    "list_type": "Must be a list.",
    "model_type": "Must be an object.",
    **dict.fromkeys(("int_type", "int_parsing", "int_parsing_size", "int_from_float"), WHOLE_NUMBER),
    **dict.fromkeys(("decimal_type", "decimal_parsing", "float_type", "float_parsing", "finite_number"), NUMBER),
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"), DATE),
    "calendar_date": DATE,  # this error and the next are our own, from fields.py
    "amount": "Must be an amount in digits, with at most two after a point, and thousands not set apart.",
    **dict.fromkeys(("bool_type", "bool_parsing"), YES_OR_NO),
}
PATTERNS: Mapping[str, str] = {
    PROVINCE: "Must be a code of ISO 3166-2:MA, such as MA-CAS.",
    VALUE_PATH: "Must be the path of a declared value, such as bills.telecom or members[2].occupation.",
    CIN: "Must be one or two letters and one to seven digits.",
    NO_CONTROLS: "Must not be empty, nor hold control characters.",
    NO_CONTROLS_BUT_LINES: "Must not be empty, nor hold control characters other than line breaks.",
    PROVIDER_ADDRESS: "Must be an address that begins with https://, or with http:// on this same host, or empty.",
    HTTP_ADDRESS: "Must be an address that begins with http:// or https://, with a host.",
    HOURS: "Must be two times of the day, as 09:00-20:00, or empty.",
    GATEWAY_ADDRESS: "Must be an address with a host that begins with http://, https:// or smpp://; the last without a "
    "password.",
    MAIL_SERVER: "Must be an address with a host that begins with smtp:// or smtps://, without a name or password.",
    MAIL_SENDER: "Must be an e-mail address, such as no-reply@register.example.",
    PRINTABLE: "Must hold Latin letters, digits and marks alone, without blanks.",
    PARTNER: "Must be at most 63 small Latin letters, digits and marks of .-_, of which the first is no mark.",
    NUMBERS: "Must be numbers of two to nine digits with commas between them, as 786,666, or empty.",
    SENDER_ID: "Must be Latin letters and digits, at least one of them a letter.",
}


def problems_of(error: ValidationError) -> list[Problem]:
    """A problem for each bad field; for a body of nonsense, one problem that counts them."""
    if error.error_count() > MOST_NAMED:
        said = f"Has {error.error_count():,} mistakes: it is no application as docs/formats.md shows it."
        return [Problem(WHOLE, said)]
    errors = error.errors(include_url=False, include_input=False)
    return [Problem(path_of(each["loc"]), sentence(each)) for each in errors]


def path_of(location: Sequence[int | str]) -> str:
    """The path of a field as people write it: `members[2].birth_date`."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return path.removeprefix(".") or WHOLE


def sentence(error: ErrorDetails) -> str:
    """The sentence about one bad field; the field is its subject where it names none."""
    context = error.get("ctx", {})
    match error["type"]:
        case "value_error":  # one of our validators wrote the sentence
            return str(context["error"])
        case "string_pattern_mismatch":
            return PATTERNS.get(context["pattern"], OTHERWISE)
        case kind:
            return SENTENCES.get(kind, OTHERWISE).format(**context)


def in_one(field: str, message: str) -> str:
    """Joins a field and its message into one sentence: `SIJIL_PORT must be at most 65535.`"""
    return f"{'it' if field == WHOLE else field} {message[0].lower()}{message[1:]}"
