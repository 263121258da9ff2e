"""Mutants of a module: its text with one operator, constant, statement or clause of SQL changed.

Each is a fault that a test should see.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COMPARED: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
}
# The clauses of SQL that a mutant removes or turns round.
CLAUSES = (
    (r" for update skip locked", " for update"),
    (r" for update(?! skip)", ""),
    (r" order by [\w., ]+(?= for update| limit)", ""),
    (r" on conflict do nothing", ""),
    (r"\bnot exists\b", "exists"),
    (r"\band not\b", "and"),
    (r"\bis null\b", "is not null"),
    (r"\bis not null\b", "is null"),
    (r" <= ", " < "),
    (r" >= ", " > "),
    (r" < ", " <= "),
    (r" > ", " >= "),
    (r" <> ", " = "),
    (r"\bready = true\b", "ready = false"),
    (r"\bmin\(", "max("),
    (r"\bmax\(", "min("),
    (r"\+ 1\b", "+ 2"),
)
UNSEEN = ("slots", "frozen", "strict")
SQL = re.compile(r"\b(select|insert|update|delete|where|order by)\b")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change of a module: the characters that it replaces, and the text instead."""

    path: Path
    line: int
    start: int
    end: int
    instead: str

    def __str__(self) -> str:
        column = self.start - self.path.read_text(encoding="utf-8").rfind("\n", 0, self.start)
        return f"{self.path}:{self.line}:{column}: {self.was()!r} -> {self.instead!r}"

    def was(self) -> str:
        """The text that the mutant replaces."""
        return self.path.read_text(encoding="utf-8")[self.start : self.end]

    def text(self) -> str:
        """The text of the module with the change."""
        source = self.path.read_text(encoding="utf-8")
        return source[: self.start] + self.instead + source[self.end :]


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a module, and where each line begins."""

    path: Path
    text: str
    begins: list[int]

    @classmethod
    def of(cls, path: Path) -> "Source":
        text = path.read_text(encoding="utf-8")
        return cls(path, text, [0, *(match.end() for match in re.finditer("\n", text))])

    def at(self, line: int, column: int) -> int:
        """The place in the text of a line and column of the parser, whose columns are bytes."""
        begin = self.begins[line - 1]
        return begin + len(self.text[begin:].encode()[:column].decode())

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.at(node.lineno, node.col_offset), self.at(node.end_lineno, node.end_col_offset)

    def mutant(self, line: int, start: int, end: int, instead: str) -> Mutant:
        return Mutant(self.path, line, start, end, instead)


def mutants_of(path: Path) -> list[Mutant]:
    """All mutants of a module, in the order of its lines."""
    source = Source.of(path)
    found = {each for node in nodes(ast.parse(source.text)) for each in changes(source, node)}
    return sorted(found, key=lambda each: (each.start, each.end, each.instead))


def nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """This node and all below it, without those that no test can see: logs, `slots`, `frozen`, `strict`, assertions."""
    unseen = (isinstance(tree, ast.keyword) and tree.arg in UNSEEN) or (
        isinstance(tree, ast.Expr) and ast.unparse(tree).startswith("log.")
    )
    if unseen or isinstance(tree, ast.Assert):
        return
    yield tree
    for child in ast.iter_child_nodes(tree):
        yield from nodes(child)


def changes(source: Source, node: ast.AST) -> Iterator[Mutant]:
    """The mutants of this node of the syntax tree."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield from turned_comparison(source, node)
    elif isinstance(node, ast.BoolOp):
        yield from turned_condition(source, node)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        start, end = source.span(node)
        yield source.mutant(node.lineno, start, end, source.text[slice(*source.span(node.operand))])
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):  # bool is an int
        start, end = source.span(node)
        yield source.mutant(
            node.lineno, start, end, repr(not node.value if isinstance(node.value, bool) else node.value + 1)
        )
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield source.mutant(node.lineno, *source.span(node), "pass")
    elif isinstance(node, ast.Constant | ast.JoinedStr):
        yield from changed_clauses(source, node)


def turned_comparison(source: Source, node: ast.Compare) -> Iterator[Mutant]:
    """The comparison with its operator turned."""
    was, instead = COMPARED[type(node.ops[0])]
    start, end = source.span(node.left)[1], source.span(node.comparators[0])[0]
    if was in source.text[start:end]:
        yield source.mutant(node.lineno, start, end, source.text[start:end].replace(was, instead, 1))


def turned_condition(source: Source, node: ast.BoolOp) -> Iterator[Mutant]:
    """The condition with its first `and` or `or` turned."""
    was, instead = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
    start, end = source.span(node.values[0])[1], source.span(node.values[1])[0]
    yield source.mutant(node.lineno, start, end, source.text[start:end].replace(was, instead, 1))


def changed_clauses(source: Source, node: ast.Constant | ast.JoinedStr) -> Iterator[Mutant]:
    """The statement of SQL with each of its clauses removed or turned, one at a time."""
    start, end = source.span(node)
    written = source.text[start:end]
    if written[:1] in "\"'f" and SQL.search(written) and not written.startswith('"""' + written[3:4].upper()):
        for pattern, instead in CLAUSES:
            for match in re.finditer(pattern, written):
                line = source.text.count("\n", 0, start + match.start()) + 1
                yield source.mutant(line, start + match.start(), start + match.end(), instead)
