"""What docs/operating.md lists is what there is."""

import re
from pathlib import Path

from models.staff import ROLES
from workflows.flows import all_queues
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


def test_the_table_of_roles_has_each_of_them_and_no_other() -> None:
    table = PAGE.split("| role | may |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(ROLES)


def test_the_page_names_every_queue() -> None:
    said = PAGE.split("The queues are ")[1].split("\n\n")[0]
    assert re.findall(r"`(\w+)`", said) == list(all_queues())


def test_the_workers_of_the_example_serve_all_queues_together() -> None:
    """A queue that nobody serves stands still, and no deadline comes."""
    example = PAGE.split("### Workers of their own")[1].split("\n\n")[1]
    served = [queue for given in re.findall(r"sijil work --queues ([\w,]+)`", example) for queue in given.split(",")]
    assert sorted(served) == sorted(all_queues())
