"""Reads every body strictly: JSON as in RFC 8259, each name once, texts in canonical form, and no type guessed."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from models.errors import Problem, Refused
from workflows.bodies.declaration import ApplicationBody
from workflows.bodies.problems import WHOLE, path_of, problems_of
from workflows.bodies.text import canonical

NOT_VALID = "The request is not valid; problems names each field."
MOST_NESTED = 100  # an application is four deep, and a RecursionError comes far later
HALF = re.compile("[\ud800-\udfff]")  # half a character: a lone surrogate, which no UTF-8 holds
Model = TypeVar("Model", bound=BaseModel)


class NamedTwice(dict[str, Any]):
    """An object of JSON that has a name more than once: programs disagree on the value that counts."""

    names: tuple[str, ...] = ()


def application(text: str) -> ApplicationBody:
    """An application from JSON. Raises Refused with a problem for each bad field."""
    return from_json(ApplicationBody, text)


def from_json(model: type[Model], text: str) -> Model:
    """A model from the text of JSON. Raises Refused with a problem for each bad field."""
    return valid(model, parsed(text))


def valid(model: type[Model], value: object) -> Model:
    """A model from parsed JSON or a table's cells. Raises Refused with a problem for each bad field."""
    try:
        return model.model_validate(canonical_throughout(value))
    except ValidationError as error:
        raise not_valid(*problems_of(error)) from None


def text(kind: Any, typed: str, field: str) -> str:
    """One text of a kind of `fields.py`, such as a key. Raises Refused with its problem, under this field's name."""
    try:
        return str(TypeAdapter(kind).validate_python(canonical(typed), strict=True))
    except ValidationError as error:
        raise not_valid(*[Problem(field, each["message"]) for each in problems_of(error)]) from None


def field(model: type[BaseModel], name: str, typed: str) -> str:
    """One text as a field of a model takes it. Raises Refused with its problem."""
    return text(model.model_fields[name].rebuild_annotation(), typed, name)


def utf8(raw: bytes) -> str:
    """The text of these bytes, without a byte order mark. Raises Refused where they are not UTF-8."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        said = f"The body is not UTF-8 (byte {error.start})."
        raise Refused("not_utf8", said, problems=[Problem(WHOLE, "Is not UTF-8.")]) from None


def parsed(text: str) -> Any:
    """A JSON document, in which a number with a point or an exponent is a Decimal with the digits as written.

    Raises Refused where it is not JSON, or has more than one meaning.
    """
    try:
        value = json.loads(text, object_pairs_hook=object_of_pairs, parse_float=Decimal)
        refuse_ambiguous(text, value)
    except json.JSONDecodeError as error:
        raise not_valid(Problem(WHOLE, f"Is not JSON: it cannot be read from {place_of(error)} on.")) from None
    except RecursionError:
        raise not_valid(Problem(WHOLE, "Is nested too deeply.")) from None
    except (InvalidOperation, ValueError):
        raise not_valid(Problem(WHOLE, "Holds a number of too many digits.")) from None
    return value


def object_of_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object from its names and values, which remembers the names that it has twice."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    twice = NamedTwice(found)
    twice.names = tuple(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
    return twice


def refuse_ambiguous(text: str, value: object) -> None:
    """Raises Refused where an object has a name twice, and where a name or a text holds half a character."""
    problems = list(named_twice(value))
    if (r"\ud" in text or r"\uD" in text) and HALF.search(json.dumps(value, ensure_ascii=False, default=str)):
        raise not_valid(Problem(WHOLE, "Holds half a character (a lone surrogate)."))
    if problems:
        raise not_valid(*problems)


def named_twice(value: object, path: tuple[int | str, ...] = ()) -> Iterator[Problem]:
    """A problem for each name that an object has twice. Raises RecursionError where the value is nested too deeply."""
    if len(path) > MOST_NESTED:
        raise RecursionError
    if isinstance(value, NamedTwice):
        yield from (Problem(path_of((*path, name)), "Stands there twice.") for name in value.names)
    if isinstance(value, dict | list):
        for name, part in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(part, dict | list):
                yield from named_twice(part, (*path, name))


def canonical_throughout(value: object) -> object:
    """The document with every text in its canonical form; the names of objects stay as they are."""
    if isinstance(value, str):
        return canonical(value)
    if isinstance(value, dict):
        return {name: canonical_throughout(part) for name, part in value.items()}
    return [canonical_throughout(part) for part in value] if isinstance(value, list) else value


def place_of(error: json.JSONDecodeError) -> str:
    """The place where reading ended: most bodies, and all lines of a file, have one line only."""
    return f"line {error.lineno} column {error.colno}" if error.lineno > 1 else f"column {error.colno}"


def not_valid(*problems: Problem) -> Refused:
    """The error that holds these problems; the caller raises it."""
    return Refused("not_valid", NOT_VALID, problems=list(problems))
