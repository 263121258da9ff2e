"""Pictures of pages, for people to look at: `make screenshots` keeps them, and makes those of the README anew.

As a program it makes the README's alone, from a folder of pictures: `python -m tests.picturing pictures docs`.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page

Keep = Callable[[Page, str], None]
# The README's pictures: the pages that stand side by side in each, and how large that is at the end.
OF_README = {
    "portal.webp": (("citizen-home-ar", "citizen-correction-ar"), (360, 780), 1.0),
    "console.webp": (("console-case-appeal-en",), (1280, 1300), 0.6),
}
GAP = 12  # px between two pages


@pytest.fixture
def keep(pytestconfig: pytest.Config) -> Keep:
    """Keeps a picture of a page under a name, where `--pictures` names a folder for that."""
    folder: Path | None = pytestconfig.getoption("--pictures")

    def picture(page: Page, name: str) -> None:
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=folder / f"{name}.png", full_page=True)

    return picture


def compose(pages: list[Path], crop: tuple[int, int], scale: float) -> Image.Image:
    """The tops of these pages side by side."""
    width, height = crop
    whole = Image.new("RGB", (width * len(pages) + GAP * (len(pages) - 1), height), "#b9c7c0")
    for place, page in enumerate(pages):
        with Image.open(page) as shown:
            whole.paste(shown.convert("RGB").crop((0, 0, width, height)), (place * (width + GAP), 0))
    return whole.resize((round(whole.width * scale), round(height * scale)), Image.Resampling.LANCZOS)


def make_those_of_readme(pictures: Path, docs: Path) -> None:
    """Writes the README's pictures, small enough for a page that is read on a slow line."""
    for name, (pages, crop, scale) in OF_README.items():
        compose([pictures / f"{each}.png" for each in pages], crop, scale).save(docs / name, quality=80, method=6)


if __name__ == "__main__":
    make_those_of_readme(Path(sys.argv[1]), Path(sys.argv[2]))
