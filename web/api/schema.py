"""The JSON Schema of a Pydantic model as an OpenAPI schema."""

from typing import Any

from litestar.openapi.spec import Schema
from pydantic import BaseModel


def schema_of(model: type[BaseModel]) -> Schema:
    """The model's own JSON Schema (2020-12), with each definition in the place where it is used."""
    return InlineSchema(model.model_json_schema(ref_template="#/$defs/{model}"))


class InlineSchema(Schema):
    """A schema that OpenAPI writes as it is, its references replaced by their definitions."""

    def __init__(self, written: dict[str, Any]) -> None:
        super().__init__()
        self.written = written

    def to_schema(self) -> dict[str, Any]:
        """The schema as OpenAPI's document holds it."""
        whole: dict[str, Any] = inline_references(self.written, self.written.get("$defs", {}))
        return whole


def inline_references(part: Any, definitions: dict[str, Any]) -> Any:
    """Replaces references by their definitions: in OpenAPI's document they would point nowhere."""
    if isinstance(part, list):
        return [inline_references(each, definitions) for each in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return inline_references(definitions[part["$ref"].rsplit("/", 1)[1]], definitions)
    return {name: inline_references(value, definitions) for name, value in part.items() if name != "$defs"}
