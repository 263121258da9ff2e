"""Every source file of ours, and its syntax."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "models",
    "workflows",
    "notifications",
    "tasks",
    "web",
    "sijil",
    "trials",
)  # benchmarks play rivals, who keep laws of their own
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))
