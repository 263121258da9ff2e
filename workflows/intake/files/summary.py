"""What became of a file: how many were taken, and the proof that nothing of it vanished."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from models.errors import Broken


@dataclass
class Summary:
    """The applications or persons of a file (`taken`, `repeated`: taken before, `refused`), and its rows (`read`,
    `taken`, `refused`).
    """

    counts: Counter[str] = field(default_factory=lambda: Counter(taken=0, repeated=0, refused=0))
    rows: Counter[str] = field(default_factory=lambda: Counter(read=0, taken=0, refused=0))

    def count(self, outcome: str, rows: int) -> None:
        """One more, of so many rows."""
        self.counts[outcome] += 1
        self.rows["refused" if outcome == "refused" else "taken"] += rows

    def prove(self) -> None:
        """Raises Broken where a row was read and nobody was told what became of it."""
        if self.rows["read"] != self.rows["taken"] + self.rows["refused"]:
            raise Broken(
                f"Of {self.rows['read']} rows {self.rows['taken']} were taken and {self.rows['refused']} refused: some "
                f"are unaccounted for."
            )

    def sentence(self) -> str:
        """The proof in words."""
        return f"{self.rows['read']} rows read = {self.rows['taken']} taken + {self.rows['refused']} refused"


def refusal(lines: Sequence[int], rows: int) -> dict[str, object]:
    """Where in its file something stands that was not taken: its first line, the lines of its rows (of too many, the
    first), their number.
    """
    return {"line": lines[0], "lines": lines, "rows": rows}
