"""What is wrong is said in sentences of our own, whatever is sent in whichever field."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, get_args

import pytest
from pydantic import ValidationError
from pydantic_core.core_schema import ErrorType

from models.errors import Refused
from models.settings import Settings
from tests.factories import an_application
from web.api.applications import Answer
from workflows.bodies.appeal import AppealBody
from workflows.bodies.change import ChangeRequest
from workflows.bodies.declaration import ApplicationBody
from workflows.bodies.problems import OTHERWISE, PATTERNS, SENTENCES, in_one, problems_of
from workflows.bodies.reading import application as read
from workflows.bodies.reading import from_json, valid
from workflows.registers.enrol import PersonLine

ORDINARY = json.loads(an_application(bills={"water_electricity": ["1"]}).model_dump_json())
MARK = "zzyzx"
ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    float("nan"),
    float("inf"),
    "",
    "\x00",
    "7" * 300,
    MARK,
    MARK * 200,
    "12.3456",
    "1e999",
    "1500-01-01",
    "2020-02-31",
    "2020-01-01T05:00:00",
    [],
    {},
    [MARK],
    [1] * 50,
]
NO_APPLICATION = [
    "",
    "{",
    "{" + MARK,
    "[]",
    "7",
    "null",
    "NaN",
    "[" * 100_000,
    r'{"commune": "\ud800"}',
    "9" * 10_000,
    '{"region": ' + "9" * 10_000 + "}",
]


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value in a body."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield (*above, name)
        yield from places(part, (*above, name))


def changed(body: Any, place: tuple[Any, ...], value: Any) -> Any:
    """A copy of it with another value at one place."""
    copy = json.loads(json.dumps(body))
    part = copy
    for name in place[:-1]:
        part = part[name]
    part[place[-1]] = value
    return copy


def said(validate: Callable[..., object], value: object) -> list[str]:
    """The messages of what is wrong, if anything is."""
    try:
        validate(value)
    except Refused as refused:
        return [each["message"] for each in refused.problems]
    except ValidationError as error:
        return [each["message"] for each in problems_of(error)]
    return []


def told() -> Iterator[str]:
    """What is said of each odd value in each field of an application (from JSON and from a table), an answer and a
    person.
    """
    for body in (changed(ORDINARY, place, odd) for place in places(ORDINARY) for odd in ODD):
        yield from said(read, json.dumps(body))
        yield from said(partial(valid, ApplicationBody), body)
    for model in (Answer, PersonLine):
        for text in (json.dumps({name: odd}) for name in (*model.model_fields, "unheard_of") for odd in ODD):
            yield from said(partial(from_json, model), text)
    for text in NO_APPLICATION:
        yield from said(read, text)


def test_every_message_is_a_sentence_of_ours_without_what_was_sent() -> None:
    messages = set(told())
    assert len(messages) > 30
    assert [each for each in messages if not (each[0].isupper() and each.endswith("."))] == []
    assert [each for each in messages if each == OTHERWISE or MARK in each or "nput" in each or "{" in each] == []


@pytest.mark.parametrize("depth", [150, 491, 600, 980, 100_000])
@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"a":', "}")])
def test_what_is_nested_deeply_is_refused_however_deep_it_is(depth: int, opened: str, closed: str) -> None:
    nested = opened * depth + "1" + closed * depth
    assert said(read, nested) == said(read, '{"bills": ' + nested + "}") == ["Is nested too deeply."]


def test_half_a_character_in_a_name_that_stands_twice_is_no_name_of_a_field() -> None:
    with pytest.raises(Refused) as refused:
        read(r'{"\ud800": 1, "\ud800": 2}')
    assert [each["field"] for each in refused.value.problems] == ["body"]


# By kind of pydantic's schema the errors that it can raise, by their first words; the kinds that only join others raise
# none of their own.
RAISED: dict[str, tuple[str, ...]] = {
    "bool": ("bool_",),
    "int": ("int_",),
    "decimal": ("decimal_type", "decimal_parsing", "decimal_max_digits", "finite_number"),
    "date": ("date_",),
    "str": ("string_",),
    "list": ("list_", "too_"),
    "literal": ("literal_",),
    "model": ("model_type",),
    "model-fields": ("missing", "extra_forbidden"),
    **dict.fromkeys(
        (
            "chain",
            "custom-error",
            "default",
            "function-after",
            "function-before",
            "function-plain",
            "nullable",
            "json-or-python",
            "is-instance",  # within a custom error alone
            "union",
            "definitions",
            "definition-ref",
        ),
        (),
    ),
}
BOUNDS = {
    "ge": "greater_than_equal",
    "le": "less_than_equal",
    "gt": "greater_than",
    "lt": "less_than",
    "multiple_of": "multiple_of",
}
# No such bound or function; a pattern has a sentence of its own, as is looked at below.
UNUSED = {
    "date_past",
    "date_future",
    "string_not_ascii",
    "string_pattern_mismatch",
    "missing_argument",
    "missing_sentinel_error",
    "missing_keyword_only_argument",
    "missing_positional_only_argument",
}


def schemas(part: Any) -> Iterator[dict[str, Any]]:
    """Every validator within a validator."""
    if isinstance(part, dict):
        if "type" in part and part["type"] not in ("model-field", "no-info", "with-info"):
            yield part
        for name, inner in part.items():
            if name not in ("serialization", "metadata", "default"):
                yield from schemas(inner)
    elif isinstance(part, list | tuple):
        for inner in part:
            yield from schemas(inner)


@pytest.mark.parametrize("model", [ApplicationBody, Answer, PersonLine, ChangeRequest, AppealBody])
def test_every_error_that_a_model_can_raise_has_a_sentence(model: Any) -> None:
    """Those that no odd value above brings about, too: of pydantic's whole list, by the kinds of validators that a
    model is made of.
    """
    every: set[str] = set(get_args(ErrorType)) - UNUSED
    parts = list(schemas(model.__pydantic_core_schema__))
    possible = {error for part in parts for error in every if error.startswith(RAISED[part["type"]])}
    possible |= {BOUNDS[bound] for part in parts for bound in BOUNDS.keys() & part.keys()}
    possible |= {part["custom_error_type"] for part in parts if part["type"] == "custom-error"}
    unnamed = [part["schema"] for part in parts if part["type"] == "custom-error"]
    within = [id(inner) for part in unnamed for inner in schemas(part)]
    patterns = {part["pattern"] for part in parts if "pattern" in part and id(part) not in within}

    assert len(possible) > 10
    assert possible - SENTENCES.keys() == set()
    assert patterns - PATTERNS.keys() == set()


@pytest.mark.parametrize(
    ("text", "where"), [("{", "column 2"), ('{"milieu":\n "urban"\n', "line 3 column 1"), ("7 7", "column 3")]
)
def test_a_body_that_is_no_json_is_told_from_where_on(text: str, where: str) -> None:
    assert said(read, text) == [f"Is not JSON: it cannot be read from {where} on."]


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_setting_that_cannot_be_is_named_in_a_sentence(name: str) -> None:
    messages = [
        each for odd in ("", MARK, "0", "-1", "99999999", "1.5") for each in said(Settings.model_validate, {name: odd})
    ]
    assert [each for each in messages if not each.startswith("Must ")] == []


@pytest.mark.parametrize(
    "text", ['{"members": [' + "{}, " * 300_000 + "{}]}", json.dumps({f"x{number}": 1 for number in range(20_000)})]
)
def test_a_body_of_nonsense_is_told_in_few_words_and_not_read_to_its_end(text: str) -> None:
    with pytest.raises(Refused) as refused:
        read(text)

    assert len(refused.value.problems) < 100


def test_field_and_message_make_one_sentence() -> None:
    assert in_one("SIJIL_PORT", "Must be at most 65535.") == "SIJIL_PORT must be at most 65535."
    assert in_one("body", "Is not UTF-8.") == "it is not UTF-8."
