"""What the README says about the code is what the code says. Run as a program, it prints the parts as they must be."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from models.settings import Settings
from tests.commands import commands
from workflows.flows import FLOWS
from workflows.flows.chart import chart
from workflows.flows.registration import FLOW as REGISTRATION

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def settings_table() -> str:
    """The table of settings, a row each."""
    rows = [
        f"| `SIJIL_{name.upper()}` | {f'`{field.default}`' if field.default not in (None, '') else 'empty'} | "
        f"{field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| setting | default | what it is |", "|---|---|---|", *rows])


def test_the_flow_chart_is_the_one_that_the_map_gives() -> None:
    for each in FLOWS.values():
        assert f"```mermaid\n{chart(each)}\n```" in README.read_text()


def test_a_changed_map_gives_another_chart() -> None:
    without_review = replace(
        REGISTRATION, stages={name: stage for name, stage in REGISTRATION.stages.items() if name != "under_review"}
    )
    assert chart(without_review) != chart(REGISTRATION)


@pytest.mark.parametrize(
    ("reminders", "said"), [((7,), "day 7"), ((7, 21), "day 7 and 21"), ((7, 21, 28), "day 7, 21 and 28")]
)
def test_the_chart_lists_every_reminder(reminders: tuple[int, ...], said: str) -> None:
    step = replace(REGISTRATION.stages["needs_correction"], reminders=tuple(timedelta(days=each) for each in reminders))
    assert f'<br/>reminded on {said}"' in chart(replace(REGISTRATION, stages={step.name: step}))


def test_the_settings_table_is_that_of_the_settings() -> None:
    assert settings_table() in README.read_text()


def test_every_command_stands_in_the_readme() -> None:
    text = README.read_text()
    missing = [path for path in commands() if f"`{path}" not in text]
    assert missing == []


def test_every_folder_stands_in_the_map_of_the_house() -> None:
    text = README.read_text()
    packages = [path.parent.name for path in ROOT.glob("*/__init__.py")]
    assert packages
    assert [name for name in [*packages, "tests", "docs"] if f"    {name}/" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


if __name__ == "__main__":
    print(chart(REGISTRATION), settings_table(), sep="\n\n")
