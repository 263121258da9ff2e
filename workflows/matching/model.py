"""What the comparison of names has learnt: costs of letters and weights of features, in model.json.

`benchmarks/names/train.py` writes that file; it says there what it was trained on. No name stands in it.
"""

from pathlib import Path

import msgspec

FILE = Path(__file__).with_name("model.json")
# How two words, or two names, stand to each other, by their scripts, the Arabic one first.
KINDS = {("ar", "la"): "across", ("ar", "ar"): "arabic", ("la", "la"): "latin"}
Alone = dict[str, float]
Swaps = dict[str, Alone]


class Table(msgspec.Struct, frozen=True, eq=False):
    """What it costs, from 0 to 1, that a sound of one word stands for one of another, or stands alone."""

    swaps: Swaps
    left: Alone
    right: Alone

    def whole(self, left: str, right: str) -> float:
        """Half of what it costs to match nothing of either: how much there is to match."""
        ours, theirs = self.left.get, self.right.get
        return (sum([ours(each, 1.0) for each in left]) + sum([theirs(each, 1.0) for each in right])) / 2


class Model(msgspec.Struct, frozen=True, eq=False):
    """The tables for each pair of scripts, and the weights of the two logistic regressions, the constant first."""

    trained: dict[str, str]  # on what, and how
    across: Table  # Arabic on the left, Latin on the right
    arabic: Table
    latin: Table
    words: dict[str, tuple[float, ...]]  # by KINDS
    names: dict[str, tuple[float, ...]]  # the same; as FEATURES of score.py names them

    def table(self, kind: str) -> Table:
        """The table for two words of these scripts."""
        return {"across": self.across, "arabic": self.arabic, "latin": self.latin}[kind]


def load(file: Path = FILE) -> Model:
    """The model as it was trained."""
    return msgspec.json.decode(file.read_bytes(), type=Model)
