"""What the comparison of names finds on people that it was not trained on: it may get better, never worse than this."""

import random
from collections.abc import Callable, Sequence

import pytest

from benchmarks.names.pairs import Both, others, people, read, spoilt
from benchmarks.names.regression import auc, found_at
from trials.generator.names import FAMILY, FEMALE, MALE
from workflows.matching.keys import word_keys
from workflows.matching.score import score
from workflows.matching.verdict import NameVerdict, verdict_of

EACH = 1500
PAIRS: dict[str, Callable[[], Sequence[Both]]] = {"held out": lambda: people()[1], "unseen": lambda: read("unseen.tsv")}


def mixture(pairs: Sequence[Both]) -> list[float]:
    """The scores of two people: any two, two of one given name, two of one family."""
    return [score(*each) for kind in ("random", "given", "family") for each in others(pairs, kind, EACH, 21)]


@pytest.mark.parametrize("which", PAIRS)
def test_pairs_are_told_from_others(which: str) -> None:
    pairs = PAIRS[which]()
    matches, rest = [score(*each) for each in pairs], mixture(pairs)
    assert auc(matches, rest) >= 0.997
    assert found_at(matches, rest, 0.01) >= 0.975


@pytest.mark.parametrize("which", PAIRS)
def test_names_that_were_turned_shortened_or_joined_are_found(which: str) -> None:
    pairs = PAIRS[which]()
    damaged, rest = [score(*each) for each in spoilt(pairs, 22)], mixture(pairs)
    assert found_at(damaged, rest, 0.01) >= 0.93


@pytest.mark.parametrize("which", PAIRS)
def test_few_people_are_sent_away_or_taken_for_another(which: str) -> None:
    pairs = PAIRS[which]()
    verdicts = [verdict_of(score(*each)) for each in pairs]
    others_of_one_name = [verdict_of(found) for found in mixture(pairs)]
    assert verdicts.count(NameVerdict.OTHER) <= 0.025 * len(pairs)
    assert others_of_one_name.count(NameVerdict.SAME) <= 0.008 * len(others_of_one_name)


@pytest.mark.parametrize("which", PAIRS)
def test_pairs_share_a_key_and_others_seldom_do(which: str) -> None:
    pairs = PAIRS[which]()
    found = sum(bool(word_keys(one) & word_keys(other)) for one, other in pairs)
    met = sum(bool(word_keys(one) & word_keys(other)) for one, other in others(pairs, "random", EACH, 23))
    assert found >= 0.985 * len(pairs)
    assert met <= 0.05 * EACH


def made_up(count: int, seed: int) -> list[tuple[str, str]]:
    """Usual names of Morocco, which trained nothing, in Arabic and in one of their Latin spellings."""
    chance = random.Random(seed)
    found = []
    for _ in range(count):
        given, family = chance.choice(MALE + FEMALE), chance.choice(FAMILY)
        found.append((f"{given.ar} {family.ar}", f"{chance.choice(given.la)} {chance.choice(family.la)}"))
    return found


def test_usual_names_of_morocco_are_the_same_in_both_scripts_and_no_two_people_are() -> None:
    pairs = made_up(800, 5)
    verdicts = [verdict_of(score(*each)) for each in pairs]
    assert verdicts.count(NameVerdict.SAME) >= 0.985 * len(pairs)
    assert NameVerdict.OTHER not in verdicts
    strangers = [verdict_of(score(one, other)) for (one, _), (_, other) in zip(pairs, made_up(800, 6), strict=True)]
    assert strangers.count(NameVerdict.SAME) <= 0.005 * len(strangers)  # some have one name by chance


def test_what_trains_and_what_measures_share_nobody() -> None:
    trained, held_out = people()
    assert not {*trained} & {*held_out}
    assert not {latin for _, latin in trained + held_out} & {latin for _, latin in read("unseen.tsv")}
