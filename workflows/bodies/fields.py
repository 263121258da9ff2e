"""The kinds of fields in forms and files: the values that each may hold, and how they are written.

No value is guessed from another type. Dates and amounts are checked as texts first, in the validator's own fast code:
stored declarations are read back a million times an hour.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field, GetPydanticSchema, ValidationInfo, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

from models.patterns import LONGEST_TEXT
from workflows.identifiers.typed import identifier

# Patterns that every dialect understands, for readers of the JSON Schema; each has its sentence in problems.py.
IDCS = r"^[2-9][0-9]{9}$"  # for these readers alone: a pattern knows no check digit (workflows/identifiers/)
CIN = r"^[A-Za-z]{1,2}[0-9]{1,7}$"
NO_CONTROLS = r"^[^\x00-\x1f\x7f-\x9f]+$"
NO_CONTROLS_BUT_LINES = r"^[^\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]+$"  # a text of several lines
AMOUNT = r"^-?[0-9]+(\.[0-9]{1,2})?$"
PROVINCE = r"^MA-[A-Z]{3}$"
VALUE_PATH = r"^(members\[[0-9]{1,3}\]\.)?[a-z_]{1,40}(\.[a-z_]{1,40})?$"
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
FIRST_BIRTH = date(1890, 1, 1)
MOST_DIRHAMS = 100_000
STORED = {"stored": True}  # the validation context of a declaration that is read back from the database
LINE_BREAK = re.compile("\r\n?")
SEPARATORS = re.compile(r"[ ().-]")
DIALLED = re.compile(r"(?:\+|00)?[0-9]{3,17}")


def calendar_date(*_: object) -> CoreSchema:
    """A day as YYYY-MM-DD only; pydantic by itself reads "0" and 22032000 as seconds since 1970."""
    written = core_schema.str_schema(pattern=DAY, strict=True)
    either = core_schema.union_schema([written, core_schema.is_instance_schema(date)], mode="left_to_right")
    return core_schema.chain_schema(
        [
            named("calendar_date", core_schema.json_or_python_schema(written, either)),
            core_schema.date_schema(strict=False, ge=FIRST_BIRTH),
        ]
    )


def dirhams(*_: object) -> CoreSchema:
    """An amount in dirhams, as a number or as the text of one."""
    written = core_schema.str_schema(pattern=AMOUNT, strict=True)
    either = core_schema.union_schema(
        [written, core_schema.no_info_plain_validator_function(as_written)], mode="left_to_right"
    )
    bounded = core_schema.decimal_schema(strict=False, ge=Decimal(0), le=Decimal(MOST_DIRHAMS), max_digits=9)
    return core_schema.chain_schema(
        [named("amount", either), bounded], serialization=core_schema.to_string_ser_schema(when_used="json")
    )


def named(error: str, schema: CoreSchema) -> CoreSchema:
    """The schema with one error for every mistake; the error's sentence stands in problems.py."""
    return core_schema.custom_error_schema(schema, custom_error_type=error, custom_error_message=error)


def as_written(value: object) -> Decimal:
    """A number of JSON with at most two digits after the point; it counts as written: 1.200 has three.

    Raises ValueError for any other value.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError("no number")
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if number.is_finite() and not -2 <= int(number.as_tuple().exponent) <= 0:
        raise ValueError("digits after the point, or an exponent")
    return number


def e164(value: str, info: ValidationInfo) -> str:
    """A phone number in E.164 form (ITU-T); a national number is taken as Moroccan.

    A stored number was checked when it arrived, and is not checked again.
    """
    if info.context is STORED:
        return value
    dialled = SEPARATORS.sub("", value)
    try:
        number = phonenumbers.parse(dialled if DIALLED.fullmatch(dialled) else "", "MA")
    except phonenumbers.NumberParseException:
        raise ValueError("Is not a phone number.") from None
    if not phonenumbers.is_valid_number(number):
        raise ValueError("Is not a number that exists in its country.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def whole_identifier(value: str, info: ValidationInfo) -> str:
    """An identifier in its ten digits, however it was typed. A stored one was checked when it arrived."""
    return value if info.context is STORED else identifier(value)


def mail_address(value: str, info: ValidationInfo) -> str:
    """An e-mail address as mail servers take it (RFC 5321): in ASCII, a domain of another script by its code.

    Nobody is asked whether it is there. A stored address was checked when it arrived, and is not checked again.
    """
    if info.context is STORED:
        return value
    try:
        return validate_email(value, check_deliverability=False, allow_smtputf8=False, strict=True).ascii_email or ""
    except EmailNotValidError:
        raise ValueError("Is not an e-mail address.") from None


AMOUNT_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "number", "minimum": 0, "maximum": MOST_DIRHAMS},
        {"type": "string", "pattern": r"^[0-9]{1,6}(\.[0-9]{1,2})?$"},
    ],
    "description": "Dirhams (DH), with at most two digits after the point.",
}
Idcs = Annotated[
    str,
    AfterValidator(whole_identifier),
    Field(
        description="Digital civil and social identifier: ten digits, of which the last is Verhoeff's check digit.",
        json_schema_extra={"pattern": IDCS},
    ),
]
Phone = Annotated[str, Field(max_length=40), AfterValidator(e164)]
Email = Annotated[str, Field(max_length=254), AfterValidator(mail_address)]
Name = Annotated[str, Field(min_length=1, max_length=80, pattern=NO_CONTROLS)]  # as typed
Statement = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST_TEXT, pattern=NO_CONTROLS_BUT_LINES),
    AfterValidator(lambda sent: LINE_BREAK.sub("\n", sent)),
]  # in a person's own words
Key = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_CONTROLS)]
Day = Annotated[date, GetPydanticSchema(calendar_date), WithJsonSchema({"type": "string", "format": "date"})]
BirthDate = Annotated[date, GetPydanticSchema(calendar_date), WithJsonSchema({"type": "string", "format": "date"})]
Money = Annotated[Decimal, GetPydanticSchema(dirhams), WithJsonSchema(AMOUNT_SCHEMA)]
Count = Annotated[int, Field(ge=0, le=99)]
Province = Annotated[str, Field(pattern=PROVINCE)]
