"""Trains the comparison of names and writes workflows/matching/model.json: `python -m benchmarks.names.train`."""

import json
import random
from collections import defaultdict
from collections.abc import Sequence, Set
from math import log

from benchmarks.names.letters import Chances, learnt, same_class
from benchmarks.names.pairs import KINDS, Both, others, people, read, spellings, spoilt, words_in_pairs
from benchmarks.names.regression import chance, fitted
from workflows.matching.align import distance, share_bones, size
from workflows.matching.model import FILE, Model, Table
from workflows.matching.score import FEATURES, Scorer
from workflows.matching.words import Word, name_of

NATS_ACROSS, NATS_LATIN = 7.0, 4.0  # a step so unlikely costs 1
LEAST_ALONE = 0.02
OTHERS_PER_KIND = 2500
ENDING_COUNTS = {
    "across": 0.02,
    "arabic": 1.0,
    "latin": 2.0,
}  # how much a sibling of another ending counts in the training
# Within Arabic script: letters that people write for each other; everything else costs 1, or 0.45 in one class.
SAME_ARABIC = {
    "يى": 0.05, "ةه": 0.08, "ةٱ": 0.2, "ىٱ": 0.15, "اٱ": 0.0, "ىة": 0.4, "ةت": 0.4, "ڭك": 0.1, "ڭق": 0.1,
    "ېى": 0.05, "ېي": 0.0,
}  # fmt: skip
KINDS_OF_SCRIPTS = ("across", "arabic", "latin")
ONE_CLASS = 0.45
# An ending that one of two names lacks makes another person of it (Karim, Karima), however seldom letters are alone.
ENDING_ACROSS = {"á": 1.2}
ENDINGS_LEFT, ENDINGS_RIGHT = {"ة": 1.4, "ې": 1.4}, {"á": 1.4, "í": 1.4}
ALONE_ARABIC = {"ا": 0.6}
SAME_WITHIN = {"ei": 0.4}  # Khaled, Khalid
# At the beginning of a word a vowel is heard: Omar is not Amar.
SAME_FIRST = {
    "àè": 0.15,
    "òù": 0.1,
    "èì": 0.3,
    "àì": 0.9,
    "àò": 0.9,
    "àù": 0.9,
    "èò": 0.9,
    "èù": 0.9,
    "ìò": 0.9,
    "ìù": 0.9,
}
# Whether a feature speaks for one name or against it.
SIGNS = {"agreeing": 1, "contradicting": -1, "unlikely": -1, "bones": 1}
TRAINED = {
    "people": "benchmarks/names/people.tsv: public persons of other countries, 60 % of them, each counted twice",
    "places": "benchmarks/names/places.tsv: communes of Algeria, from algeria-wilayas-communes 1.1.0 (PyPI, CC0-1.0)",
    "by": "python -m benchmarks.names.train",
}


def main() -> None:
    """Learns letters, then words, then names, and writes the model."""
    trained, _ = people()
    places = read("places.tsv")
    chances = learnt(
        [(*pair, 2.0) for pair in words_in_pairs(trained)] + [(*pair, 1.0) for pair in words_in_pairs(places)]
    )
    across = table_across(chances)
    tables = across, table_arabic(across), table_latin(chances, across)
    plain: dict[str, tuple[float, ...]] = dict.fromkeys(KINDS_OF_SCRIPTS, (0.0,) * 4)
    words = {
        kind: fitted_words(Model(TRAINED, *tables, plain, {}), kind, each)
        for kind, each in word_pairs(trained + places).items()
    }
    model = Model(TRAINED, *tables, words, dict.fromkeys(KINDS_OF_SCRIPTS, (0.0,) * len(FEATURES)))
    names = {kind: fitted_names(model, kind, *each) for kind, each in name_pairs(trained).items()}
    model = Model(TRAINED, *tables, words, names)
    FILE.write_text(written(model), encoding="utf-8")
    print(f"wrote {FILE.name}: {words} {names}")


def table_across(chances: Chances) -> Table:
    """The cost of each step across scripts: how much less likely it is than what the sound mostly stands for."""
    left, right = totals(chances)
    swaps: dict[str, dict[str, float]] = defaultdict(dict)
    for (one, other), value in chances.items():
        if one and other and (cost := priced(max(value / left[one], value / right[other]), NATS_ACROSS)) < 0.9:
            swaps[one][other] = cost
    alone = {one: max(LEAST_ALONE, priced(chances[one, ""] / left[one], NATS_ACROSS)) for one in left if one}
    others = {
        other: max(LEAST_ALONE, priced(chances["", other] / right[other], NATS_ACROSS)) for other in right if other
    }
    return Table(dict(swaps), alone, others | ENDING_ACROSS)


def totals(chances: Chances) -> tuple[dict[str, float], dict[str, float]]:
    """How likely each sound of either script is in a step at all."""
    left: dict[str, float] = defaultdict(float)
    right: dict[str, float] = defaultdict(float)
    for (one, other), value in chances.items():
        left[one] += value
        right[other] += value
    return left, right


def priced(share: float, nats: float) -> float:
    """What a step costs of which so large a share is made."""
    return round(min(1.0, -log(share) / nats), 3) + 0.0 if share > 0 else 1.0


def table_latin(chances: Chances, across: Table) -> Table:
    """Two Latin sounds are near each other where both stand for the same Arabic ones, or for none."""
    left, right = totals(chances)
    signs = [sign for sign in right if sign]
    swaps: dict[str, dict[str, float]] = {sign: {sign: 0.0} for sign in signs}
    for one in signs:
        for other in signs:
            share = sum(
                chances.get((sign, one), 0) / right[one] * chances.get((sign, other), 0) / left[sign] for sign in left
            )
            if one != other and (cost := priced(share, NATS_LATIN)) < 1:
                swaps[one][other] = min(cost, swaps[one].get(other, 1.0))
                swaps[other][one] = min(cost, swaps[other].get(one, 1.0))
    for pair, cost in (SAME_FIRST | SAME_WITHIN).items():
        one, other = tuple(pair)
        swaps[one][other] = swaps[other][one] = cost
    alone = {sign: round(min(1.0, max(0.12, 2 * cost)), 3) for sign, cost in across.right.items()} | ENDINGS_RIGHT
    return Table(swaps, alone, alone)


def table_arabic(across: Table) -> Table:
    """Within Arabic script, by hand: one letter in place of another is mostly another name."""
    signs = sorted(across.left)
    swaps: dict[str, dict[str, float]] = {sign: {sign: 0.0} for sign in signs}
    for one in signs:
        for other in signs:
            if one != other and same_class(one, other):
                swaps[one][other] = ONE_CLASS
    for pair, cost in SAME_ARABIC.items():
        one, other = tuple(pair)
        swaps[one][other] = swaps[other][one] = cost
    alone = {sign: ALONE_ARABIC.get(sign, 1.0) for sign in signs} | ENDINGS_LEFT
    return Table(swaps, alone, alone)


def word_pairs(pairs: Sequence[Both]) -> dict[str, list[tuple[Word, Word]]]:
    """Words that are one name: across scripts, and within the Latin one, where they stand for one Arabic word."""
    across = list(words_in_pairs(pairs))
    known: dict[str, dict[str, Word]] = defaultdict(dict)
    for one, other in across:
        known[one.sounds][other.sounds] = other
    latin = [
        (one, other)
        for words in known.values()
        for one in words.values()
        for other in words.values()
        if one.sounds < other.sounds
    ]
    arabic = [
        pair
        for one, other in spellings(pairs, 5)
        if (pair := (name_of(one).words[0], name_of(other).words[0]))[0].script == "ar"
        and pair[0].sounds != pair[1].sounds
    ]
    return {"across": across, "arabic": arabic, "latin": latin}


def name_pairs(pairs: Sequence[Both]) -> dict[str, tuple[list[Both], list[Both]]]:
    """Names that are the same, by their scripts, and the pairs of which others are made."""
    same = spellings(pairs, 4)
    return {
        "across": ([*pairs, *spoilt(pairs, 2)], list(pairs)),
        "arabic": ([each for each in same if not each[0].isascii()], [(arabic, arabic) for arabic, _ in pairs]),
        "latin": ([each for each in same if each[0].isascii()], [(latin, latin) for _, latin in pairs]),
    }


def fitted_words(model: Model, kind: str, matches: Sequence[tuple[Word, Word]]) -> tuple[float, ...]:
    """The weights by which two words are one name: of the cost, of its share, and of how much there was to match."""
    chance = random.Random(1)
    table = model.table(kind)
    known: dict[str, set[str]] = defaultdict(set)
    for one, other in matches:
        known[one.sounds].add(other.sounds)
    rows = [row for pair in matches if (row := measured(*pair, table))[2] < 0.75]
    count = len(rows)
    lefts, rights = list({x.sounds: x for x, _ in matches}.values()), list({y.sounds: y for _, y in matches}.values())
    while len(rows) < 4 * count:
        one, other = chance.choice(lefts), chance.choice(rights)
        if one.sounds != other.sounds and other.sounds not in known[one.sounds] and share_bones(one.bones, other.bones):
            row = measured(one, other, table)
            if row[1] >= 0.35:  # else it is a spelling, as far as anybody knows
                rows.append(row)
    return tuple([round(each, 4) for each in fitted(rows, [1] * count + [0] * 3 * count, [1.0] * len(rows))])


def measured(one: Word, other: Word, table: Table) -> tuple[float, float, float, float]:
    """What the weights of words are for."""
    cost, whole = distance(one, other, table), size(one, other, table)
    return 1.0, cost, cost / whole, min(whole, 5.0)


def fitted_names(
    model: Model, script: str, same: Sequence[Both], pairs: Sequence[Both], gone: Set[int] = frozenset()
) -> tuple[float, ...]:
    """The weights of the features of two names, from names that are the same and others made of the pairs.

    `gone`: features to do without, by their places.
    """
    matches = features(model, same)
    made = {kind: features(model, others(pairs, kind, OTHERS_PER_KIND, 3)) for kind in KINDS}
    rest = [row for rows in made.values() for row in rows]
    weights = [ENDING_COUNTS[script] if kind == "ending" else 1.0 for kind, rows in made.items() for _ in rows]
    counts = [sum(weights) / len(matches) / 2] * len(matches) + weights
    rows = [masked(row, gone) for row in matches + rest]
    return signed(rows, [1] * len(matches) + [0] * len(rest), counts)


def masked(row: Sequence[float], gone: Set[int]) -> list[float]:
    """A row without some features."""
    return [0.0 if place in gone else value for place, value in enumerate(row)]


def signed(rows: Sequence[Sequence[float]], answers: Sequence[int], counts: Sequence[float]) -> tuple[float, ...]:
    """The weights, with 0 for any feature that would count against its meaning."""
    kept = list(range(len(FEATURES)))
    while True:
        weights = fitted([[row[place] for place in kept] for row in rows], answers, counts)
        wrong = [
            place for weight, place in zip(weights, kept, strict=True) if weight * SIGNS.get(FEATURES[place], 0) < 0
        ]
        if not wrong:
            found = dict(zip(kept, weights, strict=True))
            return tuple([round(found.get(place, 0.0), 4) for place in range(len(FEATURES))])
        without = [[place for place in kept if place != gone] for gone in wrong]
        kept = min(without, key=lambda places: surprise([[row[i] for i in places] for row in rows], answers, counts))


def surprise(rows: Sequence[Sequence[float]], answers: Sequence[int], counts: Sequence[float]) -> float:
    """How unlikely the answers are under the best weights."""
    weights = fitted(rows, answers, counts)
    likely = [chance(weights, row) for row in rows]
    return -sum(count * log(p if answer else 1 - p) for p, answer, count in zip(likely, answers, counts, strict=True))


def features(model: Model, pairs: Sequence[Both]) -> list[tuple[float, ...]]:
    """The features of each pair."""
    scorer = Scorer(model)
    found = [scorer.match(one, other).features for one, other in pairs]
    return [row for row in found if row]


def written(model: Model) -> str:
    """The model as a file that a person can compare with the one before: a line for each sound."""
    parts = {field: getattr(model, field) for field in model.__struct_fields__}
    lines = []
    for field, value in parts.items():
        if isinstance(value, Table):
            tables = {part: getattr(value, part) for part in value.__struct_fields__}
            inner = ",\n".join(
                f'    "{part}": {{\n'
                + ",\n".join(f"      {entry(key)}: {entry(tables[part][key])}" for key in sorted(tables[part]))
                + "\n    }"
                for part in tables
            )
            lines.append(f'  "{field}": {{\n{inner}\n  }}')
        else:
            lines.append(f'  "{field}": {json.dumps(value, ensure_ascii=False, indent=4)}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def entry(value: object) -> str:
    """One value in one line."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


if __name__ == "__main__":
    main()
