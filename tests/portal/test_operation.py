"""What operators and machines see: health, metrics, headers, methods; and which address is whose."""

import gzip
import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from time import monotonic, sleep
from types import SimpleNamespace

import psycopg
import pytest
from litestar.routes import HTTPRoute
from prometheus_client.parser import text_string_to_metric_families

import web
from models import clock
from models.database import Connection, close_pool
from tasks.broker import broker as the_broker
from tests.conftest import forget_settings
from tests.factories import a_body
from tests.filing import a_drainer, drain_all, file_clean
from tests.portal.conftest import Client
from tests.portal.standing import registered, to_correct
from web import outage
from web.app import create_app

# Every address there is, and whose it is. A new one must say so here.
ANYBODY = "anybody"
RECEIPT = "whoever has the reference; more with the secret"
VISIT = "whoever opened a visit with the receipt's secret"
GATEWAY = "a message gateway, by its signature"
OPERATORS = "operators: no personal data, to be kept inside by the proxy"
ROUTES: Mapping[str, str] = {
    "/": ANYBODY,
    "/{language:str}": ANYBODY,
    "/{language:str}/status": ANYBODY,
    "/static/{file_path:path}": ANYBODY,
    "/{language:str}/status/{reference:str}": RECEIPT,
    "/{language:str}/closed": ANYBODY,
    "/{language:str}/how": ANYBODY,
    "/{language:str}/formula": ANYBODY,
    "/{language:str}/programmes": ANYBODY,
    "/{language:str}/offices": ANYBODY,
    "/{language:str}/our-messages": ANYBODY,
    "/{language:str}/calculate": ANYBODY,
    "/{language:str}/calculate/{milieu:str}": ANYBODY,
    "/{language:str}/sign-in": ANYBODY,
    "/{language:str}/sign-in/code": ANYBODY,
    "/{language:str}/status/{reference:str}/open": RECEIPT,
    "/{language:str}/status/{reference:str}/close": VISIT,
    "/{language:str}/status/{reference:str}/correct": VISIT,
    "/{language:str}/status/{reference:str}/withdraw": VISIT,
    "/{language:str}/status/{reference:str}/again": VISIT,
    "/{language:str}/status/{reference:str}/say": VISIT,
    "/{language:str}/status/{reference:str}/escalate": VISIT,
    "/{language:str}/status/{reference:str}/change": VISIT,
    "/{language:str}/status/{reference:str}/confirm": VISIT,
    "/{language:str}/status/{reference:str}/documents": VISIT,
    "/{language:str}/status/{reference:str}/documents/{document:str}": VISIT,
    "/{language:str}/status/{reference:str}/documents/{document:str}/remove": VISIT,
    "/{language:str}/status/{reference:str}/mine": VISIT,
    "/{language:str}/status/{reference:str}/mine/data": VISIT,
    "/{language:str}/status/{reference:str}/appeal": VISIT,
    "/{language:str}/status/{reference:str}/appeal/values": VISIT,
    "/{language:str}/status/{reference:str}/appeal/check": VISIT,
    "/{language:str}/status/{reference:str}/appeal/receipt": VISIT,
    "/{language:str}/status/{reference:str}/appeal/follow": VISIT,
    "/{language:str}/apply": ANYBODY,
    "/{language:str}/apply/{reference:str}": VISIT,
    "/{language:str}/apply/{reference:str}/open": RECEIPT,
    "/{language:str}/apply/{reference:str}/check": VISIT,
    "/{language:str}/apply/{reference:str}/code": VISIT,
    "/{language:str}/apply/{reference:str}/receipt": VISIT,
    "/{language:str}/apply/{reference:str}/follow": VISIT,
    "/{language:str}/apply/{reference:str}/members": VISIT,
    "/{language:str}/apply/{reference:str}/members/{number:int}/remove": VISIT,
    "/{language:str}/apply/{reference:str}/members/{number:int}/{name:str}": VISIT,
    "/{language:str}/apply/{reference:str}/{name:str}": VISIT,
    "/{language:str}/enrol": ANYBODY,
    "/{language:str}/enrol/{reference:str}": VISIT,
    "/{language:str}/enrol/{reference:str}/open": RECEIPT,
    "/{language:str}/enrol/{reference:str}/check": VISIT,
    "/{language:str}/enrol/{reference:str}/receipt": VISIT,
    "/{language:str}/enrol/{reference:str}/follow": VISIT,
    "/{language:str}/enrol/{reference:str}/{name:str}": VISIT,
    "/api/v1/applications": ANYBODY,
    "/api/v1/applications/{reference:str}": RECEIPT,
    "/api/v1/applications/{reference:str}/answers": RECEIPT,
    "/api/v1/applications/{reference:str}/changes": RECEIPT,
    "/api/v1/appeals": RECEIPT,
    "/api/v1/appeals/{reference:str}": RECEIPT,
    "/api/v1/appeals/{reference:str}/texts": RECEIPT,
    "/api/v1/appeals/{reference:str}/withdrawal": RECEIPT,
    "/api/v1/appeals/{reference:str}/escalation": RECEIPT,
    "/api/v1/enrolments": ANYBODY,
    "/api/v1/enrolments/{reference:str}": RECEIPT,
    "/api/v1/enrolments/{reference:str}/withdrawal": RECEIPT,
    "/gateway/reports": GATEWAY,
    "/schema": ANYBODY,
    "/schema/openapi.json": ANYBODY,
    "/schema/openapi.yaml": ANYBODY,
    "/schema/openapi.yml": ANYBODY,
    "/schema/{path:str}": ANYBODY,
    "/health/live": OPERATORS,
    "/health/ready": OPERATORS,
    "/metrics": OPERATORS,
}
PLAIN = {"Accept-Encoding": "identity"}
RUNS_OR_STYLES = re.compile(r"""<script|<[^>]*[\s"'](?:on\w+|style)\s*=|javascript:""", re.IGNORECASE)
PHYSICAL = re.compile(r"\b(?:left|right)\b|\b(?:margin|padding|border)-(?:top|bottom)\b")
PAGES = (
    "/",
    "/fr",
    "/ar/status/RSU-0000-0000-0000",
    "/nowhere",
    "/api/v1/applications/RSU-0000-0000-0000",
    "/api/v1/applications",
    "/health/live",
    "/metrics",
)


@pytest.fixture
def without_database(monkeypatch: pytest.MonkeyPatch, client: Client) -> Client:
    """A portal whose database has gone away."""
    monkeypatch.setenv("SIJIL_DATABASE_URL", "postgresql://sijil:secret-word@127.0.0.1:9/sijil")
    forget_settings()
    return client


def refuse() -> Connection:
    """As psycopg does where nobody listens."""
    raise psycopg.OperationalError("connection refused")


def metrics_of(client: Client) -> dict[str, dict[tuple[str, ...], float]]:
    """Each metric's values by its labels' values, as Prometheus reads them."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = list(text_string_to_metric_families(answer.text))
    return {each.name: {tuple(sample.labels.values()): sample.value for sample in each.samples} for each in families}


def test_every_address_is_listed_with_whose_it_is() -> None:
    """Those of the console are crossed with roles and territories in tests/console/test_rights.py."""
    addresses = {route.path for route in create_app().routes}
    assert {each for each in addresses if not each.startswith("/console")} == set(ROUTES)


def test_no_address_shows_the_schema_of_a_page() -> None:
    pages = {
        route.path
        for route in create_app().routes
        if isinstance(route, HTTPRoute) and route.path.startswith("/{language")
    }
    assert not pages & set(create_app().openapi_schema.to_schema()["paths"])


def test_the_portal_is_alive_and_ready(client: Client) -> None:
    assert client.get("/health/live").json() == {"status": "alive"}
    assert client.get("/health/ready").json() == {"status": "ready", "database": "ready", "broker": "ready"}


def test_a_broker_that_answers_and_takes_no_writes_is_told_from_one_that_is_ready(client: Client) -> None:
    the_broker().client.config_set("maxmemory", "1")
    try:
        assert client.get("/health/ready").json() == {
            "status": "ready",
            "database": "ready",
            "broker": "refuses writes",
        }
    finally:
        the_broker().client.config_set("maxmemory", "0")
    assert client.get("/health/ready").json()["broker"] == "ready"


def test_a_broker_that_is_away_or_takes_no_writes_is_in_the_metrics(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert metrics_of(client)["sijil_broker_ready"][()] == 1
    the_broker().client.config_set("maxmemory", "1")
    try:
        assert metrics_of(client)["sijil_broker_ready"][()] == 0
    finally:
        the_broker().client.config_set("maxmemory", "0")

    monkeypatch.setenv("SIJIL_BROKER_URL", "redis://127.0.0.1:9/0")
    forget_settings()
    assert metrics_of(client)["sijil_broker_ready"][()] == 0


def test_every_metric_has_its_row_in_the_manual_and_no_other_has(client: Client) -> None:
    page = (
        (Path(__file__).parents[2] / "docs/operating.md")
        .read_text(encoding="utf-8")
        .split("| metric | alert when |")[1]
        .split("\n\n")[0]
    )
    listed = {
        name.removesuffix("_total")
        for row in page.splitlines()
        for name in re.findall(r"`(sijil_\w+)`", row.split(" | ")[0])
    }

    assert listed == set(metrics_of(client))


def test_without_its_broker_it_is_ready_and_says_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIJIL_BROKER_URL", "redis://127.0.0.1:9/0")
    forget_settings()

    assert client.get("/health/ready").json()["broker"] == "away"
    assert client.post("/api/v1/applications", json=a_body()).status_code == 201


def test_without_its_database_it_is_alive_and_not_ready(without_database: Client) -> None:
    assert without_database.get("/health/live").status_code == 200
    for address in ("/health/ready", "/metrics", "/api/v1/applications/RSU-0000-0000-0000"):
        answer = without_database.get(address)
        assert (address, answer.status_code, answer.headers["content-type"]) == (
            address,
            503,
            "application/problem+json",
        )
        assert answer.headers["retry-after"]
        assert "127.0.0.1" not in answer.text
        assert "secret-word" not in answer.text


def test_an_outage_of_the_database_is_logged_once_when_it_begins_and_once_when_it_is_over(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    tell = lambda event, error="": said.append(f"{event} {error}".strip())  # noqa: E731 - it stands for both levels
    monkeypatch.setattr(outage, "log", SimpleNamespace(warning=tell, info=tell))
    monkeypatch.setattr(outage, "LOOK_SECONDS", 0.05)
    for _ in range(2):
        said.clear()
        with monkeypatch.context() as away:
            away.setattr("models.database.autocommit_connection", refuse)
            close_pool()
            for address in ("/health/ready", "/metrics", "/fr/status/RSU-0000-0000-0000", "/health/ready"):
                assert client.get(address).status_code == 503
            sleep(0.2)
            assert len(said) == 1
        until = monotonic() + 10
        while len(said) < 2 and monotonic() < until:
            sleep(0.01)

        assert said[0].startswith(
            "database away DatabaseAway in translate_connection_errors: The database at postgresql://"
        )
        assert said[1:] == ["database back"]
        assert client.get("/health/ready").status_code == 200


def test_without_its_database_the_first_page_stands_and_others_ask_for_patience(without_database: Client) -> None:
    assert without_database.get("/fr").status_code == 200

    answer = without_database.get("/fr/status/RSU-0000-0000-0000")

    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "momentanément indisponible" in answer.text
    assert without_database.post("/api/v1/applications", json=a_body()).status_code == 503


def test_metrics_count_queues_workers_and_messages_for_all_processes(client: Client) -> None:
    file_clean(3)
    worker = a_drainer()
    try:
        before = metrics_of(client)
        drain_all(worker)
        worker.runner.attempts.heartbeat(
            clock.now(), {"batches": 1, "cases": 3, "failures": 0, "busy_milliseconds": 12.5}
        )
        after = metrics_of(client)
    finally:
        worker.runner.attempts.sign_off()

    assert before["sijil_queue_depth"]["verification",] == 3
    assert after["sijil_queue_depth"]["verification",] == 0
    assert after["sijil_queue_depth"].keys() >= {
        ("verification",),
        ("scoring",),
        ("fraud",),
        ("approval",),
        ("notification",),
    }
    assert before["sijil_workers_alive"][()] == 0
    assert after["sijil_workers_alive"][()] == 1
    assert list(after["sijil_worker_cases"].values()) == [3]
    assert list(after["sijil_worker_busy_seconds"].values()) == [0.0125]
    assert before["sijil_messages"]["owed",] == 3
    assert after["sijil_messages"]["owed",] == 6
    assert after["sijil_parked"][()] == 0


def test_every_answer_carries_the_headers_that_keep_it_private_and_harmless(client: Client) -> None:
    taken = registered()
    answers = [client.get(address) for address in (*PAGES, f"/ar/status/{taken.reference}")]
    answers += [
        client.post("/api/v1/applications", json=a_body()),
        client.delete("/fr"),
        client.options("/fr"),
        client.post("/ar", content=b"x"),
    ]

    for answer in answers:
        headers = answer.headers
        assert headers["cache-control"] == "no-store", answer.request.url
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert "set-cookie" not in headers


def test_only_what_is_the_same_for_all_may_be_kept(client: Client) -> None:
    answer = client.get("/static/sijil.css")

    assert "max-age" in answer.headers["cache-control"]
    assert answer.headers.get_list("cache-control") == [answer.headers["cache-control"]]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("address", ["/fr", "/schema", "/console/sign-in"])
def test_a_page_names_its_static_files_by_their_content(client: Client, address: str) -> None:
    named = re.findall(r'"(/static/[^"]+)"', client.get(address, headers={"accept": "text/html"}).text)
    assert named
    for each in named:
        path, _, digest = each.partition("?")
        assert digest == sha256(client.get(path).content).hexdigest()[:10]


def test_head_is_answered_like_get_without_the_body(client: Client) -> None:
    for address in (
        "/",
        "/fr",
        "/ar/status/RSU-0000-0000-0000",
        "/health/live",
        "/api/v1/applications/RSU-0000-0000-0000",
        "/static/sijil.css",
    ):
        got, head = client.get(address, headers=PLAIN), client.head(address, headers=PLAIN)
        assert head.content == b""
        assert (head.status_code, head.headers["content-type"]) == (got.status_code, got.headers["content-type"])
        assert head.headers["content-length"] == str(len(got.content))


def test_a_page_with_its_sheet_is_light_and_runs_no_script(client: Client) -> None:
    sheet = gzip.compress((Path(web.__path__[0]) / "static" / "sijil.css").read_bytes())

    for address in (
        "/ar",
        f"/ar/status/{registered().reference}",
        f"/fr/status/{to_correct().reference}",
        "/fr/status/RSU-0000-0000-0000",
    ):
        page = client.get(address).text
        assert len(gzip.compress(page.encode())) + len(sheet) < 5_000
        assert RUNS_OR_STYLES.findall(page) == []


@pytest.mark.parametrize(
    "tag",
    ["<script>", "<a\nonclick='x()'>", "<body onload=x>", '<p id="a" style="color: red">', "<A HREF=' JavaScript:x'>"],
)
def test_what_runs_or_styles_in_a_page_is_found(tag: str) -> None:
    assert RUNS_OR_STYLES.search(f"<html><body>{tag}")


def test_the_sheet_knows_neither_left_nor_right() -> None:
    """Right-to-left pages mirror by themselves only where every direction is logical."""
    sheet = (Path(web.__path__[0]) / "static" / "sijil.css").read_text()
    declared = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
    assert "padding-inline" in declared
    assert PHYSICAL.findall(declared) == []


@pytest.mark.parametrize(
    "rule", ["text-align: left", "float:right", "left: 0", "margin-left: 1px", "padding-top: 1px", "border-top: 0"]
)
def test_a_direction_that_does_not_mirror_is_found(rule: str) -> None:
    assert PHYSICAL.search(f"p {{ {rule}; }}")
