"""What docs/operating.md lists is what there is."""

import re
from pathlib import Path

from workflows.stages.review import REASONS

PAGE = (Path(__file__).parents[2] / "docs/operating.md").read_text(encoding="utf-8")


def test_the_table_of_reasons_has_each_that_a_caseworker_can_give_and_no_other() -> None:
    listed: dict[str, list[str]] = {}
    verdict = ""
    for named, reason in re.findall(
        r"^\| (?:`(\w+)`)? ?\| `(\w+)` \|", PAGE.split("| verdict | reason |")[1].split("\n\n")[0], re.MULTILINE
    ):
        verdict = named or verdict
        listed.setdefault(verdict, []).append(reason)

    assert listed == {verdict: list(reasons) for verdict, reasons in REASONS.items()}
