"""Counts the outcomes of a file, and proves that no row of it vanished."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from models.errors import Broken


@dataclass
class Summary:
    """The outcomes of a file's applications or persons, and of its rows; `repeated` ones were taken before."""

    counts: Counter[str] = field(default_factory=lambda: Counter(taken=0, repeated=0, refused=0))
    rows: Counter[str] = field(default_factory=lambda: Counter(read=0, taken=0, refused=0))

    def count(self, outcome: str, rows: int) -> None:
        """Counts one application or person, which has so many rows."""
        self.counts[outcome] += 1
        self.rows["refused" if outcome == "refused" else "taken"] += rows

    def prove(self) -> None:
        """Raises Broken where a row was read and is neither taken nor refused."""
        if self.rows["read"] != self.rows["taken"] + self.rows["refused"]:
            raise Broken(
                f"Of {self.rows['read']} rows {self.rows['taken']} were taken and {self.rows['refused']} refused: "
                "some are unaccounted for."
            )

    def sentence(self) -> str:
        """The proof as one sentence for the operator."""
        return f"{self.rows['read']} rows read = {self.rows['taken']} taken + {self.rows['refused']} refused"


def place_in_file(lines: Sequence[int], rows: int) -> dict[str, object]:
    """Where a refused application or person stands in its file: first line, lines (at most the first), rows."""
    return {"line": lines[0], "lines": lines, "rows": rows}
