"""The gateway for trials: what it can be told to answer."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import httpx
import pytest

from trials.gateway import DeliveryLog, Handler, Server
from trials.outbox import SHOWN


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where one listens."""
    log = DeliveryLog(tmp_path / "log")
    monkeypatch.setattr(Handler, "log", log, raising=False)
    monkeypatch.setattr(Handler, "delay", 0.0, raising=False)
    monkeypatch.setattr(Handler, "slow", dict.fromkeys(Handler.slow, 0.0))
    with Server(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
    log.file.close()


@pytest.mark.parametrize(("how", "status", "wait"), [("busy", 429, "30"), ("down", 503, None)])
def test_it_refuses_for_as_long_as_it_is_told_and_writes_nothing_meanwhile(
    address: str, how: str, status: int, wait: str | None
) -> None:
    messages = {"messages": [{"reference": "one", "channel": "sms", "recipient": "+212612345678", "body": "..."}]}
    with httpx.Client(base_url=address) as caller:
        assert caller.post("/slow", json={"how": how, "seconds": 30}).status_code == 200
        for path, body in (("/messages", messages), ("/messages/status", {"references": ["one"]})):
            answer = caller.post(path, json=body)
            assert (answer.status_code, answer.headers.get("Retry-After")) == (status, wait)

        assert caller.post("/slow", json={"how": how, "seconds": 0}).status_code == 200
        known = caller.post("/messages/status", json={"references": ["one"]}).json()
        assert known == {"results": [{"reference": "one", "status": "unknown"}]}
        assert caller.post("/messages", json=messages).json() == {
            "results": [{"reference": "one", "status": "accepted"}]
        }


def test_the_outbox_shows_the_last_messages_and_no_markup_of_theirs(address: str) -> None:
    def say(*bodies: str) -> None:
        sent = [{"reference": each, "channel": "sms", "recipient": "+212612345678", "body": each} for each in bodies]
        assert caller.post("/messages", json={"messages": sent}).status_code == 200

    with httpx.Client(base_url=address) as caller:
        say(*(f"<b>الرسالة {number}</b>" for number in range(SHOWN + 1)))
        say("Bonjour")
        page = caller.get("/outbox").text
    assert page.count("<li>") == SHOWN
    assert f"{SHOWN + 2} messages" in page
    assert page.index("Bonjour") < page.index(f"&lt;b&gt;الرسالة {SHOWN}&lt;/b&gt;")
    assert "<b>" not in page
