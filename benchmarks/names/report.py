"""Measures the comparison of names on pairs that it was not trained on: `python -m benchmarks.names.report [--missed]`.

`--tuned` measures on the pairs of the training; `--unseen` on those that were written down after all tuning.
"""

import sys
import time
from collections.abc import Callable, Sequence

from rapidfuzz.distance import JaroWinkler, Levenshtein

from benchmarks.names.pairs import KINDS, Both, others, people, read, spoilt
from benchmarks.names.regression import auc, found_at
from workflows.matching.model import load
from workflows.matching.score import Scorer
from workflows.matching.words import name_of

EACH = 4000
Scores = Callable[[str, str], float]


def main(arguments: Sequence[str]) -> None:
    """Prints a table for each kind of other pairs, and the simple methods beside."""
    trained, held_out = people()
    pairs = trained if "--tuned" in arguments else read("unseen.tsv") if "--unseen" in arguments else held_out
    scorer = Scorer(load())
    print(f"{len(pairs)} pairs")
    for name, method in (
        ("this scorer", scorer.score),
        ("skeleton, Levenshtein", bones_levenshtein),
        ("skeleton, Jaro-Winkler", bones_winkler),
    ):
        table(name, method, pairs)
    if "--missed" in arguments:
        missed(scorer.score, pairs)


def bones_levenshtein(a: str, b: str) -> float:
    """The best simple method: the consonants of both names by Levenshtein."""
    return Levenshtein.normalized_similarity(bones(a), bones(b))


def bones_winkler(a: str, b: str) -> float:
    """The same by Jaro and Winkler."""
    return JaroWinkler.similarity(bones(a), bones(b))


def bones(name: str) -> str:
    """The consonants of a name."""
    return "".join([word.bones[-1] for word in name_of(name).words if word.bones])


def table(name: str, method: Scores, pairs: Sequence[Both]) -> None:
    """How well a method tells the pairs from others."""
    began = time.perf_counter()
    matches = [method(*each) for each in pairs]
    rest = {kind: [method(*each) for each in others(pairs, kind, EACH, 11)] for kind in KINDS}
    print(f"{name}, {time.perf_counter() - began:.1f} s")
    everything = rest["random"] + rest["given"] + rest["family"]
    for kind, scores in [("all three", everything), *rest.items()]:
        row(kind, matches, scores)
    row("three, spoilt", [method(*each) for each in spoilt(pairs, 12)], everything)
    row("father", matches, [method(*each) for each in others(pairs, "father", EACH, 11)])


def row(kind: str, matches: Sequence[float], rest: Sequence[float]) -> None:
    """One line of the table."""
    print(
        f"  {kind:14} AUC {auc(matches, rest):.4f}  found at 1 % false {found_at(matches, rest, 0.01):.4f}"
        f"  at 0.1 % {found_at(matches, rest, 0.001):.4f}"
    )


def missed(method: Scores, pairs: Sequence[Both]) -> None:
    """The matches that score lowest, and the others that score highest."""
    for score, one, other in sorted((method(*each), *each) for each in [*pairs, *spoilt(pairs, 12)])[:40]:
        print(f"  {score:.4f}  {one}  {other}")
    rest = {(method(*each), kind, *each) for kind in KINDS for each in others(pairs, kind, EACH, 11)}
    for score, kind, one, other in sorted(rest, reverse=True)[:60]:
        print(f"  {score:.4f}  {kind}  {one}  {other}")


if __name__ == "__main__":
    main(sys.argv[1:])
