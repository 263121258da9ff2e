"""What each part of the comparison is worth: `python -m benchmarks.names.ablation` trains and measures without it."""

from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from typing import NamedTuple
from unittest.mock import patch

from benchmarks.names.letters import same_class
from benchmarks.names.pairs import Both, others, people, read, spoilt
from benchmarks.names.regression import auc, chance, found_at
from benchmarks.names.train import (
    ENDING_ACROSS,
    features,
    fitted_names,
    fitted_words,
    masked,
    name_pairs,
    word_pairs,
)
from workflows.matching import words
from workflows.matching.model import Model, Table, load
from workflows.matching.score import Scorer

THREE = ("random", "given", "family")
EACH = 4000
VOWEL = 0.3


def main() -> None:
    """Prints a line for each part."""
    trained, held_out = people()
    whole = load()
    test = Test(
        trained, held_out, spoilt(held_out, 12), [each for kind in THREE for each in others(held_out, kind, EACH, 11)]
    )
    measure("nothing", whole, test)
    measure("the costs of letters that were learnt", with_plain_costs(whole, trained), test)
    for name, gone in (
        ("what contradicts, by sounds", {2}),
        ("what contradicts, by chance", {3}),
        ("both of these", {2, 3}),
        ("the consonants of the whole name", {4}),
    ):
        measure(name, whole, test, gone)
    with patch.object(Scorer, "as_one_word", lambda *_: None):
        measure("reading a name without blanks", whole, test)
    with without_particles():
        measure("particles, compounds and titles", whole, test)


class Test(NamedTuple):
    """What is trained on and measured on: pairs, the same spoilt, and others."""

    trained: Sequence[Both]
    pairs: Sequence[Both]
    spoilt: Sequence[Both]
    others: Sequence[Both]


def measure(name: str, model: Model, test: Test, gone: Set[int] = frozenset()) -> None:
    """Trains the weights of names anew, without some features, and prints what they find."""
    same, rest = name_pairs(test.trained)["across"]
    weights = fitted_names(model, "across", same, rest, gone)

    def scored(pairs: Sequence[Both]) -> list[float]:
        return [chance(weights, masked(row, gone)) for row in features(model, pairs)]

    matches, damaged, negatives = scored(test.pairs), scored(test.spoilt), scored(test.others)
    print(
        f"| {name} | {auc(matches, negatives):.4f} | {found_at(matches, negatives, 0.01):.3f} "
        f"| {found_at(damaged, negatives, 0.01):.3f} |"
    )


def with_plain_costs(model: Model, trained: Sequence[Both]) -> Model:
    """A model in which a sound stands for those of its class alone, and every vowel is cheap to leave out."""
    lefts, rights = model.across.left, model.across.right
    swaps = {one: {other: 0.0 for other in rights if same_class(one, other)} for one in lefts}
    cheap = dict.fromkeys("اويعىةٱې", VOWEL)
    table = Table(
        swaps,
        {one: cheap.get(one, 1.0) for one in lefts},
        {other: 1.0 if other in "bcdfghjklmnqrstzCGX" else VOWEL for other in rights} | ENDING_ACROSS,
    )
    plain = Model(model.trained, table, model.arabic, model.latin, model.words, model.names)
    learnt = fitted_words(plain, "across", word_pairs([*trained, *read("places.tsv")])["across"])
    return Model(model.trained, table, model.arabic, model.latin, model.words | {"across": learnt}, model.names)


@contextmanager
def without_particles() -> Iterator[None]:
    """Lets every word stand for itself."""
    with patch.object(words, "joined", lambda runs: [("", *run) for run in runs]):
        words.known_name.cache_clear()
        yield
    words.known_name.cache_clear()


if __name__ == "__main__":
    main()
