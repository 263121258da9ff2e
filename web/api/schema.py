"""JSON Schema of our models, as OpenAPI wants it."""

from typing import Any

from litestar.openapi.spec import Schema
from pydantic import BaseModel


def schema_of(model: type[BaseModel]) -> Schema:
    """The model's own JSON Schema (2020-12), with its definitions inside."""
    return Inlined(model.model_json_schema(ref_template="#/$defs/{model}"))


class Inlined(Schema):
    """A schema that is written out as it is."""

    def __init__(self, written: dict[str, Any]) -> None:
        super().__init__()
        self.written = written

    def to_schema(self) -> dict[str, Any]:
        """As OpenAPI's document holds it."""
        whole: dict[str, Any] = resolved(self.written, self.written.get("$defs", {}))
        return whole


def resolved(part: Any, definitions: dict[str, Any]) -> Any:
    """References replaced by what they name: a document of its own has nowhere for them to point to."""
    if isinstance(part, list):
        return [resolved(each, definitions) for each in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return resolved(definitions[part["$ref"].rsplit("/", 1)[1]], definitions)
    return {name: resolved(value, definitions) for name, value in part.items() if name != "$defs"}
