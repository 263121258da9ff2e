"""Every package that is imported is named in pyproject.toml; none is there only because another one needs it."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = {"models", "workflows", "notifications", "tasks", "web", "sijil", "trials", "benchmarks", "tests"}
# Named by another's name: a part of it, or what one of its extras asks for.
COMES_WITH = {"pydantic-core": "pydantic", "jinja2": "litestar"}


def imported() -> set[str]:
    """Every module's first name that our code and our tests import, the standard library's and our own aside."""
    found = set()
    for path in (path for folder in OURS for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [each.name for each in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            found |= {name.split(".")[0] for name in names}
    return found - OURS - set(sys.stdlib_module_names)


def normal(distribution: str) -> str:
    """As pyproject.toml names it."""
    name = distribution.lower().replace("_", "-")
    return COMES_WITH.get(name, name)


def test_what_is_imported_is_named_as_a_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lines = [
        *project["project"]["dependencies"],
        *project["dependency-groups"]["dev"],
        *project["project"]["optional-dependencies"]["dbos"],
    ]
    named = {re.split(r"[\[<>=]", line)[0].lower() for line in lines}
    providers = packages_distributions()
    distributions = {name: {normal(each) for each in providers.get(name, [name])} for name in imported()}
    assert len(distributions) > 20
    assert {name for name, found in distributions.items() if not found & named} == set()
