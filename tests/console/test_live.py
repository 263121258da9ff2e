"""Pages that refresh themselves: no script stands in a page, no session lives by them, and they work without."""

import re
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

import web
from models import clock
from tests.filing import rows, value
from tests.portal.conftest import Client
from tests.staffing import a_person, sign_in
from workflows.staff.sessions import IDLE

STATIC = Path(web.__path__[0]) / "static"
TEMPLATES = sorted((Path(web.__path__[0]) / "templates" / "console").glob("**/*.html"))
# Scripts and styles that the policy of the pages would not run, and what would need it to be weaker.
INLINE = re.compile(r"""hx-on|js:|javascript:|hx-vars|<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc="/static/)""", re.I)
LIVE = {"hx-request": "true"}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_script_and_no_style_stands_in_a_page(path: Path) -> None:
    assert INLINE.findall(path.read_text(encoding="utf-8")) == []


def test_the_vendored_htmx_is_the_released_one_and_has_its_licence_beside_it() -> None:
    released = "d6fdc75f204e6bdefa99b69bf1e6d4ac"
    assert sha256((STATIC / "htmx.min.js").read_bytes()).hexdigest()[:32] == released
    assert (STATIC / "htmx.LICENSE.txt").read_text(encoding="utf-8").startswith("Zero-Clause BSD")


def test_only_pages_that_refresh_load_htmx_and_it_may_evaluate_nothing(client: Client) -> None:
    sign_in(client, a_person("Omar", "operator"))
    live = client.get("/console/operations")
    assert '"allowEval":false' in live.text
    assert "script-src 'self'" in live.headers["content-security-policy"]
    for still in ("/console", "/console/operations?still=1"):
        assert "htmx" not in client.get(still).text
        assert "hx-get" not in client.get(still).text


def test_the_same_address_gives_the_live_part_alone(client: Client) -> None:
    sign_in(client, a_person("Omar", "operator"))
    part = client.get("/console/operations", headers=LIVE).text
    assert part.lstrip().startswith("<p")
    assert "<html" not in part
    assert part.partition("</p>")[2].strip() in client.get("/console/operations").text


def test_a_page_that_refreshes_itself_keeps_no_session_alive(client: Client) -> None:
    sign_in(client, a_person("Omar", "operator"))
    before = clock.now() - IDLE + timedelta(minutes=1)
    rows("update staff_session set seen_at = %s", before)
    assert client.get("/console/operations", headers=LIVE).status_code == 200
    assert value("select seen_at from staff_session where ended_at is null") == before
    rows("update staff_session set seen_at = %s", clock.now() - IDLE)
    ended = client.get("/console/operations?still=1", headers=LIVE)
    assert (ended.status_code, ended.headers["hx-redirect"]) == (
        401,
        "/console/sign-in?next=/console/operations%3Fstill%3D1",
    )
    assert ended.text == ""
