"""The address for delivery reports: signed, fresh and small, else one answer that says nothing."""

import hmac
import logging
from hashlib import sha256
from uuid import UUID

import pytest

from models import clock
from notifications.channels.sms_http import HTTP, HttpGateway
from notifications.deliver import Deliverer
from tests.conftest import forget_settings
from tests.filing import file_clean, rows
from tests.integration.http_gateway import Said, serving
from tests.portal.conftest import Client

SECRET = "a secret of the gateway"
DELIVERED = b'{"reports": [{"id": "n-1", "state": "delivered"}]}'


@pytest.fixture(autouse=True)
def secret(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIJIL_GATEWAY_SECRET", SECRET)
    forget_settings()


def signed(body: bytes, *, age: int = 0, key: str = SECRET, timestamp: str | None = None) -> dict[str, str]:
    moment = str(int(clock.now().timestamp()) - age) if timestamp is None else timestamp
    signature = hmac.new(key.encode(), moment.encode() + b"." + body, sha256).hexdigest()
    return {"Sijil-Timestamp": moment, "Sijil-Signature": signature, "Content-Type": "application/json"}


def test_a_message_that_the_gateway_carried_is_reported_and_shown(client: Client) -> None:
    file_clean(1)

    def answer(path: str, body: dict[str, list[dict[str, str]]]) -> Said:
        (reference,) = [each["reference"] for each in body["messages"]]
        return Said(200, f'{{"results": [{{"reference": "{reference}", "status": "accepted", "id": "n-1"}}]}}')

    with serving(answer) as url:
        Deliverer(HttpGateway(url)).drain()
    told = client.post("/gateway/reports", content=DELIVERED, headers=signed(DELIVERED))
    assert (told.status_code, told.json()) == (200, {"reports": 1})
    assert rows("select status, delivery from message") == [("sent", "delivered")]
    assert 'sijil_messages_reported{delivery="delivered"} 1.0' in client.get("/metrics").text


def test_a_gateway_without_numbers_costs_no_row() -> None:
    with serving(
        lambda path, body: Said(200, f'{{"results": [{{"reference": "{UUID(int=7)}", "status": "accepted"}}]}}')
    ) as url:
        gateway = HttpGateway(url)
        assert gateway.find_accepted([UUID(int=7)]) == {UUID(int=7)}
    assert gateway.numbers_of(UUID(int=7)) == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        signed(DELIVERED, key="another secret, of nobody"),
        signed(DELIVERED + b" "),
        signed(DELIVERED, age=310),
        signed(DELIVERED, age=-3600),
        signed(DELIVERED, timestamp=""),
        signed(DELIVERED, timestamp="-1"),
        signed(DELIVERED, timestamp="1e9"),
        signed(DELIVERED) | {"Sijil-Signature": ""},
        signed(DELIVERED) | {"Sijil-Timestamp": "١٢٣"},
        signed(DELIVERED) | {"Sijil-Signature": "é" * 64},
    ],
)
def test_what_is_not_signed_or_not_fresh_gets_one_answer_and_changes_nothing(
    client: Client, headers: dict[str, str]
) -> None:
    raw = {name.encode(): value.encode() for name, value in headers.items()}
    refused = client.post("/gateway/reports", content=DELIVERED, headers=raw)
    bad = client.post("/gateway/reports", content=b"{", headers=raw)
    assert (refused.status_code, bad.status_code) == (401, 401)
    assert refused.json() == bad.json()
    assert rows("select count(*) from message_part") == [(0,)]


def test_without_a_secret_nothing_is_taken(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIJIL_GATEWAY_SECRET")
    forget_settings()
    for key in (SECRET, ""):
        assert client.post("/gateway/reports", content=DELIVERED, headers=signed(DELIVERED, key=key)).status_code == 401


def test_reports_that_are_signed_and_wrong_are_told_what_is_wrong(client: Client) -> None:
    body = b'{"reports": [{"id": "n 1", "state": "lost"}]}'
    told = client.post("/gateway/reports", content=body, headers=signed(body))
    assert told.status_code == 422
    assert [each["field"] for each in told.json()["problems"]] == ["reports[0].id", "reports[0].state"]


def test_a_body_that_is_too_large_is_not_read(client: Client) -> None:
    body = b'{"reports": []' + b" " * 70_000 + b"}"
    told = client.post("/gateway/reports", content=body, headers=signed(body))
    assert (told.status_code, "65,536" in told.text) == (413, True)


def test_the_same_reports_twice_and_of_unknown_messages_are_kept_once(client: Client) -> None:
    for _ in range(2):
        assert client.post("/gateway/reports", content=DELIVERED, headers=signed(DELIVERED)).status_code == 200
    assert rows("select gateway, number, case_id, state from message_part") == [(HTTP, "n-1", None, "delivered")]


def test_logs_hold_neither_secret_nor_number(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        client.post("/gateway/reports", content=DELIVERED, headers=signed(DELIVERED))
        client.post("/gateway/reports", content=DELIVERED)
    assert SECRET not in caplog.text
    assert "n-1" not in caplog.text
