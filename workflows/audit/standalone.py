"""Puts the checks into one file that needs nothing but Python, for whoever has an export and not Sijil.

The file is made of the same modules by which `sijil audit verify` checks the database.
"""

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = (
    "workflows/engine/hashes.py",
    "workflows/history/heads.py",
    "workflows/audit/seals.py",
    "workflows/history/anchors.py",
    "workflows/history/chains.py",
    "workflows/history/checking.py",
    "workflows/audit/exported.py",
)
HEAD = '''"""Checks an export of Sijil, the case service of a Unified Social Register, with Python 3.11 or later alone.

    python verify.py FOLDER            checks the export in FOLDER against the anchors that came with it
    python verify.py FOLDER ANCHORS    checks it against your own copies of the anchors, which is worth more

It recomputes every hash, prints a sentence for each break, and ends with 1 where it finds one. Read it before you
trust it: it is made of the modules by which Sijil checks its own database, one after the other.
"""
'''
TAIL = """
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""


def source() -> str:
    """The text of the one file."""
    imports: dict[str, set[str]] = defaultdict(set)
    bodies = [body_of(name, imports) for name in MODULES]
    taken = [
        f"from {module} import {', '.join(sorted(names))}" if names else f"import {module}"
        for module, names in sorted(imports.items())
    ]
    whole = "\n".join([HEAD, *sorted(taken, key=lambda line: (line[0] == "f", line)), *bodies, TAIL])
    return re.sub(r"\n{4,}", "\n\n\n", whole)


def body_of(name: str, imports: dict[str, set[str]]) -> str:
    """A module without its docstring and imports; those of the standard library are noted in `imports`."""
    text = (ROOT / name).read_text(encoding="utf-8")
    lines, tree = text.splitlines(), ast.parse(text)
    docstring, *rest = tree.body
    begun = ["", "", f"# {name}", *(f"# {line}".rstrip() for line in str(ast.get_docstring(tree)).splitlines()), ""]
    left_out = set(range(docstring.lineno, (docstring.end_lineno or 0) + 1))
    for node in rest:
        if isinstance(node, ast.Import | ast.ImportFrom):
            left_out |= set(range(node.lineno, (node.end_lineno or 0) + 1))
            note_import(node, imports)
    return "\n".join([*begun, *(line for at, line in enumerate(lines, 1) if at not in left_out)])


def note_import(node: ast.Import | ast.ImportFrom, imports: dict[str, set[str]]) -> None:
    """Notes what is taken from the standard library. What comes from another of the modules stands above already."""
    if isinstance(node, ast.Import):
        for each in node.names:
            imports.setdefault(each.name, set())
    elif node.module and not node.module.startswith("workflows."):
        imports[node.module] |= {each.name for each in node.names}
