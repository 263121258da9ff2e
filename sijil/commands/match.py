"""The command that compares names: two of them with the reasons, or a file of pairs."""

import time
from pathlib import Path
from typing import Annotated

import typer

from models.errors import Refused
from sijil.output import Json, print_result
from workflows.matching.pairs_file import score_file
from workflows.matching.reasons import Reason, reasons
from workflows.matching.score import match
from workflows.matching.script import is_read
from workflows.matching.verdict import OTHER_BELOW, SAME_FROM, NameVerdict, verdict_of

app = typer.Typer()

MEANS = {
    NameVerdict.SAME: f"the same name (from {SAME_FROM} on)",
    NameVerdict.NEITHER: "neither the same nor another: a person would look",
    NameVerdict.OTHER: f"another name (below {OTHER_BELOW})",
}
HOW = {
    "equal": "equal",
    "spelling": "two spellings",
    "initial": "an initial",
    "title": "a title, of little weight",
    "missing": "met no word",
    "one_word": "both read without blanks",
}
A = Annotated[str | None, typer.Argument(metavar="A", help="A whole name, in Arabic or Latin script, in quotes.")]
B = Annotated[str | None, typer.Argument(metavar="B", help="Another one.")]
Pairs = Annotated[
    Path | None,
    typer.Option(
        "--pairs", metavar="FILE.tsv", help="Tab-separated, first line arabic, latin or a, b: scores each row."
    ),
]


@app.command("match")
def match_names(a: A = None, b: B = None, pairs: Pairs = None, as_json: Json = False) -> None:
    """Compares two names, in either script: a score from 0 to 1 with its reasons.

    With --pairs FILE.tsv instead of names, writes FILE.scored.tsv: the same rows with a column `score`.
    """
    if pairs:
        if a is not None:
            raise Refused("both", "Give two names, or --pairs FILE.tsv, not both.")
        score_pairs(pairs, as_json)
    elif a is None or b is None:
        raise Refused("names_missing", 'Give two names, each in quotes, or --pairs FILE.tsv: sijil match "A" "B".')
    else:
        explain(a, b, as_json)


def score_pairs(file: Path, as_json: bool) -> None:
    """Scores a file of pairs, and says how long that took."""
    began, worked = time.perf_counter(), time.process_time()
    scored = score_file(file)
    seconds, of_core = time.perf_counter() - began, time.process_time() - worked
    result = {
        "rows": scored.rows,
        "seconds": round(seconds, 3),
        "core_seconds": round(of_core, 3),
        "pairs_per_second": round(scored.rows / seconds),
        "without_name": scored.nameless,
        "output": str(scored.output),
    }
    print_result(result, as_json)


def explain(a: str, b: str, as_json: bool) -> None:
    """Prints how two names were compared."""
    found = match(a, b)
    for text, name in ((a, found.left), (b, found.right)):
        if not name.words:
            raise Refused("no_name", f"{text!r} has no letter of a name: give two names.")
        if not is_read(text):
            raise Refused("script", f"{text!r} cannot be compared: names are read in Arabic or in Latin letters.")
    why = reasons(found)
    verdict = verdict_of(found.score)
    result = {"score": round(found.score, 6), "verdict": verdict, "reasons": [reason._asdict() for reason in why]}
    print_result(result, as_json, f"score {found.score:.3f}: {MEANS[verdict]}", *[line(reason) for reason in why])


def line(reason: Reason) -> str:
    """One reason as a line."""
    letters = f": {', '.join(reason.letters)}" if reason.letters else ""
    return f"  {reason.left or '-'}  {reason.right or '-'}  {reason.likeness:.2f}  {HOW[reason.how]}{letters}"
