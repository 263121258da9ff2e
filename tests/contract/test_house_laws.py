"""The laws of the house (docs, CONTRIBUTING), read from the syntax of every file: who may commit, send, read the
environment, catch, round.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contract.sources import FILES, ROOT, parsed

# Where numbers of the law are computed, and where decisions are taken: no binary fraction.
ARITHMETIC = ("scoring/formula.py", "scoring/variables.py", "scoring/calculator.py")
DECISIONS = ("appeals", "bodies", "events", "flows", "fraud", "policies", "stages")
EXACT = [ROOT / "workflows" / name for name in (*ARITHMETIC, "evidence.py", "casefile.py")] + sorted(
    each for room in DECISIONS for each in (ROOT / "workflows" / room).glob("*.py")
)


def name_of(node: ast.AST) -> str:
    """A dotted name as it is written: `os.environ`; '' for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return ""


def calls(tree: ast.AST, *methods: str) -> Iterator[str]:
    """Calls of these methods on anything."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in methods:
            yield f"{name_of(node.func)} in line {node.lineno}"


def commits(tree: ast.AST) -> Iterator[str]:
    """Transactions made good, or a connection that commits by itself."""
    yield from calls(tree, "commit")
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "autocommit":
            yield f"autocommit in line {node.value.lineno}"


def sends(tree: ast.AST) -> Iterator[str]:
    """Messages to the broker."""
    yield from calls(tree, "enqueue", "send_with_options", "delay", "apply_async")
    for node in ast.walk(tree):
        if name_of(node) == "dramatiq.Message":
            yield f"dramatiq.Message in line {getattr(node, 'lineno', 0)}"


def reads_environment(tree: ast.AST) -> Iterator[str]:
    """os.environ and its kin, however imported."""
    for node in ast.walk(tree):
        if name_of(node) in ("os.environ", "os.getenv", "os.environb", "os.putenv"):
            yield f"{name_of(node)} in line {getattr(node, 'lineno', 0)}"
        if (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and {each.name for each in node.names} & {"environ", "getenv"}
        ):
            yield f"import in line {node.lineno}"


def knows_time(tree: ast.AST) -> Iterator[str]:
    """The present moment, asked of anybody but the clock."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name_of(node.func) in (
            "datetime.now",
            "datetime.utcnow",
            "datetime.today",
            "date.today",
            "time.time",
        ):
            yield f"{name_of(node.func)} in line {node.lineno}"


def takes_day(tree: ast.AST) -> Iterator[str]:
    """The day of a moment, by whatever time zone the moment has."""
    yield from calls(tree, "date")


def catches_everything(tree: ast.AST) -> Iterator[str]:
    """`except Exception`, `except BaseException` and a bare `except` that do not raise again."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            caught = [node.type] if not isinstance(node.type, ast.Tuple) else node.type.elts
            wide = any(each is None or name_of(each) in ("Exception", "BaseException") for each in caught)
            passes_on = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
            if wide and not passes_on:
                yield f"line {node.lineno}"


def binary_fractions(tree: ast.AST) -> Iterator[str]:
    """Float literals, and values made into floats. Asking whether a value is one is no harm."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield f"{node.value} in line {node.lineno}"
        if isinstance(node, ast.Call) and name_of(node.func) in ("float", "round", "math.fsum"):
            yield f"{name_of(node.func)}() in line {node.lineno}"


OPENS_BYTES = {"os.open", "Image.open", "pikepdf.open"}  # a number, of a folder for one; and what is no text


def leaves_encoding_to_locale(tree: ast.AST) -> Iterator[str]:
    """Files and pipes of text whose encoding would be the locale's: under LC_ALL=C it cannot hold a name."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or name_of(node.func) in OPENS_BYTES:
            continue
        called = (
            name_of(node.func)
            if isinstance(node.func, ast.Name)
            else node.func.attr
            if isinstance(node.func, ast.Attribute)
            else ""
        )
        constants = [
            each.value
            for each in [*node.args, *(named.value for named in node.keywords)]
            if isinstance(each, ast.Constant)
        ]
        bytes_alone = called == "open" and any(
            isinstance(each, str) and re.fullmatch(r"[rwax]\+?b\+?", each) for each in constants
        )
        keywords = {named.arg for named in node.keywords}
        if (
            (called in ("open", "read_text", "write_text") or "text" in keywords)
            and not bytes_alone
            and "encoding" not in keywords
        ):
            yield f"{called} in line {node.lineno}"


def breaches(law: Callable[[ast.AST], Iterator[str]], paths: list[Path]) -> set[str]:
    """The files in which a law's matter is found, as paths from the root."""
    return {path.relative_to(ROOT).as_posix() for path in paths if any(law(parsed(path)))}


# What starts servers makes databases, which no transaction can; what proves doubles a message on purpose.
MAKE_DATABASES = {"sijil/embedded/postgres.py", "trials/servers.py"}
DOUBLES_MESSAGES = {"trials/chaos/system.py"}
SET_FOR_CHILDREN = {"sijil/processes.py"}


def test_only_the_database_commits() -> None:
    """`transaction` at the end of its block, and each statement of a connection of its own."""
    assert breaches(commits, FILES) - MAKE_DATABASES == {"models/connection.py", "models/database.py"}


def test_only_wake_sends() -> None:
    assert breaches(sends, FILES) - DOUBLES_MESSAGES == {"tasks/wake.py"}


def test_only_settings_reads_the_environment_and_only_who_starts_processes_sets_it() -> None:
    """Itself or by pydantic-settings; child processes are told by it."""
    assert breaches(reads_environment, FILES) - SET_FOR_CHILDREN == {"models/settings.py"}


def test_only_the_clock_knows_the_time() -> None:
    """But for the demo's gateway, which stands for somebody else's program."""
    assert breaches(knows_time, FILES) == {"models/clock.py", "trials/gateway.py"}


# The days on which jobs ran, and the hours in which messages go out, which are Morocco's already.
DAYS_OF_JOBS = {"workflows/history/retention.py", "tasks/schedule.py", "notifications/quiet.py"}


def test_one_function_says_which_day_it_is() -> None:
    """In UTC it is yesterday for the first hour of Morocco's day: a child born today would be born in the future."""
    assert breaches(takes_day, FILES) - DAYS_OF_JOBS == {"models/days.py"}


def test_every_file_of_text_names_its_encoding() -> None:
    assert breaches(leaves_encoding_to_locale, [*FILES, *sorted((ROOT / "benchmarks").rglob("*.py"))]) == set()


def test_everything_is_caught_at_the_edges_only() -> None:
    """The worker's: a batch, a case, the counting of its failure, a heartbeat, a delivery, a sweep and its parts, a
    message that is repeated, a daily job, a life event.

    The command line's: whatever nobody thought of.
    The web's is the framework's own handler, which web/errors.py answers for, and what goes on after its answer.
    """
    cases = {f"workflows/queue/{name}.py" for name in ("batch", "bisection", "failures", "stalled")}
    cases.add("workflows/heard/feed.py")
    workers = {
        f"tasks/{name}.py"
        for name in (
            "worker",
            "supervisor",
            "schedule",
            "sweep",
            "repeater",
            "reminding",
            "delivery_thread",
            "listening",
        )
    }
    assert breaches(catches_everything, FILES) <= {
        *cases,
        *workers,
        "web/errors.py",
        "web/console/background.py",
        "sijil/cli.py",
    }


@pytest.mark.parametrize("path", EXACT, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_binary_fraction_enters_a_score_or_a_decision(path: Path) -> None:
    assert list(binary_fractions(parsed(path))) == []


SQL_WRITES_STAGE = "update cases set stage"


def test_only_the_engine_and_its_record_write_a_cases_stage() -> None:
    writing = {
        path.relative_to(ROOT).as_posix()
        for path in FILES
        if SQL_WRITES_STAGE in path.read_text(encoding="utf-8").lower()
    }
    assert writing == {"workflows/engine/record.py"}


# Shape and words -----------------------------------------------------------------------------------

NO_NAMES = {"utils", "helpers", "common", "services", "manager", "base"}
# Longer than 30 lines as ruff formats them: the formula's variables as the annexes list them, the questions of the
# form in a row, and what a command or a reader of rows does one thing after the other.
LONG = {
    "workflows/scoring/variables.py: urban",
    "workflows/scoring/variables.py: rural",
    "trials/generator/answers.py: home",
    "sijil/embedded/postgres.py: prepare",
}
# In pyproject.toml: a dependency, a rule left out, an import that a contract ignores (not the modules that it speaks
# of).
OWES_A_REASON = re.compile(r'^(    "(?!workflows\.)|"[^"]+" = \[|dbos = )')


def long_functions(path: Path) -> Iterator[str]:
    """Functions of more than 30 lines."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef) and node.end_lineno is not None and node.end_lineno - node.lineno >= 30:
            yield f"{path.relative_to(ROOT).as_posix()}: {node.name}"


def test_no_file_is_named_for_nothing() -> None:
    named = {part for path in FILES for part in path.relative_to(ROOT).with_suffix("").parts}
    assert named & NO_NAMES == set()


def test_functions_have_30_lines_at_most_but_for_those_named_here() -> None:
    assert {found for path in FILES if "versions" not in path.parts for found in long_functions(path)} == LONG


def test_every_exception_from_a_linter_has_its_reason() -> None:
    bare = [
        f"{path.name}: {line.strip()}"
        for path in FILES
        for line in path.read_text().splitlines()
        if re.search(r"# noqa(?!: [A-Z0-9]+ - \w)", line)
    ]
    assert bare == []


def test_every_dependency_and_every_rule_left_out_has_its_reason() -> None:
    owing = [
        line for line in (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines() if OWES_A_REASON.match(line)
    ]
    assert len(owing) > 40
    assert [line for line in owing if "  # " not in line] == []


def test_no_two_advisory_locks_have_one_key() -> None:
    keys = [
        node.value.value
        for path in FILES
        for node in parsed(path).body
        if isinstance(node, ast.Assign)
        and name_of(node.targets[0]).endswith("_LOCK")
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, int)
    ]
    assert len(keys) == len(set(keys)) == 9


@pytest.mark.parametrize(
    ("law", "breach"),
    [
        (commits, "session.commit()"),
        (commits, "psycopg.connect(url, autocommit=True)"),
        (sends, "actor.send_with_options(args=())"),
        (sends, "broker.enqueue(message)"),
        (reads_environment, "os.environ['X']"),
        (reads_environment, "from os import getenv"),
        (knows_time, "datetime.now(UTC)"),
        (knows_time, "date.today()"),
        (catches_everything, "try:\n    x()\nexcept (ValueError, Exception):\n    pass"),
        (catches_everything, "try:\n    x()\nexcept:\n    pass"),
        (leaves_encoding_to_locale, "open(path)"),
        (leaves_encoding_to_locale, "path.open('a')"),
        (leaves_encoding_to_locale, "path.read_text()"),
        (leaves_encoding_to_locale, "path.write_text('w', errors='replace')"),
        (leaves_encoding_to_locale, "subprocess.run(command, text=True)"),
        (binary_fractions, "x = 0.1"),
        (binary_fractions, "float(x)"),
    ],
)
def test_each_law_sees_its_breach(law: Callable[[ast.AST], Iterator[str]], breach: str) -> None:
    assert list(law(ast.parse(breach)))


def test_no_law_sees_a_breach_where_there_is_none() -> None:
    innocent = (
        "try:\n    x()\nexcept BaseException:\n    clean()\n    raise\nprocess.send_signal(2)\nisinstance(x, "
        "float)\nmoment = clock.now()"
    )
    innocent += "\nopen(path, 'rb')\npath.open('r+b')\npath.open(encoding='utf-8')"
    for law in (
        commits,
        sends,
        reads_environment,
        knows_time,
        leaves_encoding_to_locale,
        catches_everything,
        binary_fractions,
    ):
        assert list(law(ast.parse(innocent))) == []
