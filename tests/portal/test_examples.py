"""The examples to file oneself, in docs/examples/: the API takes them as docs/formats.md says, on the reader's day."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from models import clock
from models.days import day_of
from tests.portal.conftest import Client
from tests.portal.standing import work_off
from workflows.registers.enrol import enrol_file

DOCS = Path(__file__).parents[2] / "docs"
APPLICATIONS, APPEALS = "/api/v1/applications", "/api/v1/appeals"


@pytest.fixture
def receipt(client: Client, tmp_path: Path) -> dict[str, Any]:
    """The receipt of application.json, whose household is registered."""
    enrol_file(DOCS / "examples" / "population.ndjson", tmp_path / "rejects")
    answer = client.post(APPLICATIONS, json=json.loads((DOCS / "examples" / "application.json").read_text()))
    assert answer.status_code == 201
    work_off()
    found: dict[str, Any] = answer.json()
    return found


def sent(client: Client, path: str, name: str, receipt: dict[str, Any]) -> httpx.Response:
    """An example, its places filled as the page's commands fill them."""
    text = (DOCS / "examples" / name).read_text()
    places = {"REFERENCE": receipt["reference"], "SECRET": receipt["secret"], "TODAY": day_of(clock.now()).isoformat()}
    for place, value in places.items():
        assert f"s/{place}/" in (DOCS / "formats.md").read_text()
        text = text.replace(place, value)
    return client.post(path, content=text, headers={"Content-Type": "application/json"})


def shown(client: Client, path: str, receipt: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = client.get(
        f"{path}/{receipt['reference']}", headers={"Receipt-Secret": receipt["secret"]}
    ).json()
    return found


def test_the_change_of_the_examples_is_registered_and_comes_to_what_the_page_shows(
    client: Client, receipt: dict[str, Any]
) -> None:
    answer = sent(client, f"{APPLICATIONS}/{receipt['reference']}/changes", "change.json", receipt)
    assert answer.status_code == 201, answer.text
    work_off()

    now = shown(client, APPLICATIONS, answer.json())

    assert now["stage"] == "notified"
    page = (DOCS / "formats.md").read_text()
    of_page = page[page.index('    {"stage": "notified"') :].split("\n\n")[0].replace('"...": "...", ', "")
    registered = json.loads(of_page)["registered"]
    assert now["registered"] == registered | {"true_from": day_of(clock.now()).isoformat()}


def test_the_appeal_of_the_examples_is_lodged(client: Client, receipt: dict[str, Any]) -> None:
    answer = sent(client, APPEALS, "appeal.json", receipt)
    assert answer.status_code == 201, answer.text
    work_off()
    assert shown(client, APPEALS, answer.json())["stage"] == "queued"
