"""The page of the API for people who read: each operation with its fields and an example, from the OpenAPI document."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request, Router
from litestar.enums import MediaType
from litestar.exceptions import NotFoundException
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from web.api.examples import ANSWERS
from web.middleware import refuse_encoded
from web.statics import digest_of

TEMPLATES = Path(__file__).parents[1] / "templates" / "api"
SCHEME = "receiptSecret"
NEEDED: list[dict[str, list[str]]] = [{SCHEME: []}]  # what an operation says that shows nothing without the secret
HELPS: list[dict[str, list[str]]] = [{}, {SCHEME: []}]  # what one says that shows more with it
ADDRESSES = {"/schema", "/schema/openapi.json", "/schema/openapi.yaml", "/schema/openapi.yml"}
DEEPEST = 4  # of fields within fields: an application is three deep
BOUNDS = {"minimum": "from {}", "maximum": "to {}", "maxLength": "at most {} characters", "maxItems": "at most {}"}


class Field(NamedTuple):
    """A field of a body, as a line of a table."""

    path: str
    kind: str
    required: bool
    description: str


class Manual(OpenAPIRenderPlugin):
    """Renders the page; it has no script and asks no other server."""

    def __init__(self) -> None:
        super().__init__(path="/", media_type=MediaType.HTML)

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The page as HTML."""
        environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
        page = environment.get_template("manual.html")
        components = openapi_schema["components"]
        return page.render(
            digest=digest_of,
            info=openapi_schema["info"],
            scheme=components["securitySchemes"][SCHEME],
            operations=list(operations(openapi_schema)),
            problem=shown(ANSWERS["ProblemDocument"]),
        ).encode()


def components() -> Components:
    """How the secret of a receipt is sent where an operation has no body."""
    return Components(
        security_schemes={
            SCHEME: SecurityScheme(
                type="apiKey",
                name="Receipt-Secret",
                security_scheme_in="header",
                description="The secret of the receipt. Where an operation has a body, the secret stands in the body.",
            )
        }
    )


def router() -> Router:
    """The addresses of the document. Whatever else begins like them is answered as any address that is not there."""
    return Router("/schema", route_handlers=[], include_in_schema=False, before_request=known_alone)


async def known_alone(request: Request[Any, Any, Any]) -> None:
    """Raises NotFoundException for an address below /schema at which there is nothing."""
    refuse_encoded(request)
    if request.url.path.rstrip("/") not in ADDRESSES:
        raise NotFoundException


def operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each operation as the page shows it."""
    for path, item in document["paths"].items():
        for method, each in item.items():
            body = each.get("requestBody", {}).get("content", {}).get("application/json", {})
            yield {
                "id": each["operationId"],
                "line": f"{method.upper()} {path}",
                "summary": each["summary"],
                "description": each.get("description", ""),
                "parameters": [parameter(one) for one in each.get("parameters", [])],
                "fields": list(fields(body.get("schema", {}))),
                "sent": shown(body["example"]) if "example" in body else "",
                "answers": [(status, one["description"]) for status, one in each["responses"].items()],
                "answered": answer_of(each),
            }


def parameter(one: Mapping[str, Any]) -> Field:
    """A parameter of the address or a header."""
    where = {"path": "in the address", "header": "header", "query": "query"}[one["in"]]
    return Field(one["name"], where, one.get("required", False), one.get("description", ""))


def fields(schema: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterator[Field]:
    """The fields of a body and those within them."""
    needed = schema.get("required", ())
    for name, each in schema.get("properties", {}).items():
        inner = plain(each)
        path = f"{prefix}{name}"
        yield Field(path, kind_of(inner), name in needed, each.get("description", inner.get("description", "")))
        items = plain(inner.get("items", {}))
        if depth < DEEPEST:
            yield from fields(inner, f"{path}.", depth + 1)
            yield from fields(items, f"{path}[].", depth + 1)


def plain(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema without the choice of leaving the field out."""
    choices = [each for each in schema.get("anyOf", []) if each.get("type") != "null"]
    return choices[0] if len(choices) == 1 else schema


def kind_of(schema: Mapping[str, Any]) -> str:
    """What a field holds, in words."""
    if "enum" in schema:
        return "one of " + ", ".join(str(each) for each in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(kind_of(each) for each in schema["anyOf"] if each.get("type") != "null"))
    words = [str(schema.get("format", schema.get("type", "value")))]
    words += [said.format(schema[name]) for name, said in BOUNDS.items() if name in schema]
    return ", ".join(words)


def answer_of(operation: Mapping[str, Any]) -> str:
    """An example of the answer, where there is one."""
    for status, response in operation["responses"].items():
        schema = response.get("content", {}).get("application/json", {}).get("schema", {})
        name = schema.get("$ref", "").rpartition("/")[2]
        if status < "300" and name in ANSWERS:
            return shown(ANSWERS[name])
    return ""


def shown(example: Any) -> str:
    """An example as it is read."""
    return json.dumps(example, ensure_ascii=False, indent=2)
