"""README, docs/commands.md, docs/settings.md and CONTRIBUTING.md say of the code what the code says.

Run as a program, it prints the charts and the table of settings as they must be.
"""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from models.settings import Settings
from tests.commands import commands
from tests.contract.sources import FILES
from tests.picturing import OF_README
from workflows.flows import FLOWS
from workflows.flows.chart import chart
from workflows.flows.registration import FLOW as REGISTRATION

ROOT = Path(__file__).parents[2]
README, CONTRIBUTING, DOCS = ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "docs"
CURRENT = [README, CONTRIBUTING, *sorted(DOCS.glob("*.md"))]
PAGES = [*CURRENT, ROOT / "CHANGELOG.md", *sorted((DOCS / "decisions").glob("*.md"))]
CHART = re.compile("```mermaid.*?```", re.DOTALL)
HEAVIEST_PICTURES = 200_000  # bytes, of the README's screenshots together
MOST_WORDS = 1000  # of the README, its charts aside


def settings_table() -> str:
    """The table of settings, a row each."""
    rows = [
        f"| `SIJIL_{name.upper()}` | {f'`{field.default}`' if field.default not in (None, '') else 'empty'} | "
        f"{field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| setting | default | what it is |", "|---|---|---|", *rows])


def test_the_flow_chart_is_the_one_that_the_map_gives() -> None:
    pages = {kind: README if kind == REGISTRATION.kind else DOCS / "flows.md" for kind in FLOWS}
    assert [
        f"{pages[kind].name} lacks the chart of '{kind}' as `sijil flow` prints it"
        for kind, each in FLOWS.items()
        if f"```mermaid\n{chart(each)}\n```" not in pages[kind].read_text()
    ] == []


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


def test_the_readme_is_read_in_five_minutes() -> None:
    assert len(CHART.sub("", README.read_text()).split()) <= MOST_WORDS


def test_the_readme_shows_the_pictures_that_are_made_with_the_others_and_they_are_light() -> None:
    shown = re.findall(r"\]\(docs/(\w+\.webp)\)", README.read_text())
    assert shown == list(OF_README)
    assert sum((DOCS / each).stat().st_size for each in shown) < HEAVIEST_PICTURES


def test_the_settings_table_is_that_of_the_settings() -> None:
    assert settings_table() in (DOCS / "settings.md").read_text()


def test_every_command_stands_in_the_table_of_commands() -> None:
    text = (DOCS / "commands.md").read_text()
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


@pytest.mark.parametrize("page", CURRENT, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_to_a_section_lead_to_its_heading(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", page.read_text())
    assert [
        (target, section)
        for target, section in links
        if section not in sections(page.parent / target if target else page)
    ] == []


def sections(page: Path) -> set[str]:
    """The names under which a page's headings are linked."""
    headings = re.findall(r"^#+ (.*)", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", CURRENT, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_and_folder_that_a_page_names_is_there(page: Path) -> None:
    named = re.findall(r"`([a-z][\w/.-]*(?:\.(?:py|toml|md|po)|/))`", page.read_text())
    assert [name for name in named if not (ROOT / name).exists() and not is_file_name(name)] == []


def is_file_name(name: str) -> bool:
    """Whether some file of the checkout has this name, which a page gave without its folder."""
    folders = [path.parent for path in ROOT.glob("*/__init__.py")] + [ROOT / "tests", DOCS]
    return "/" not in name and any(any(folder.rglob(name)) for folder in folders)


def words_of_the_project() -> list[str]:
    """The words that CONTRIBUTING lists, in its order."""
    section = CONTRIBUTING.read_text().split("## The project's words")[1].split("\n## ")[0]
    return re.findall(r"\*\*([a-z ]+)\*\*", section)


def test_every_word_of_the_list_stands_in_the_code_and_once_in_the_list() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in FILES)
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", code).replace("_", " ").lower()
    words = words_of_the_project()
    assert len(words) > 50
    assert [word for word in words if not re.search(rf"\b{word}", spaced)] == []
    assert [word for word in words if words.count(word) > 1] == []


if __name__ == "__main__":
    print(*map(chart, FLOWS.values()), settings_table(), sep="\n\n")
