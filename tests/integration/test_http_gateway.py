"""What a gateway answers that speaks HTTP: understood, or Unavailable without a word of its address that is secret."""

from uuid import uuid4

import pytest

from models.errors import Unavailable
from notifications.channels.sms_http import HttpGateway
from notifications.leases import Leased
from tests.integration.http_gateway import Said, results, serving

MESSAGE = Leased(7, 1, "received", uuid4(), 1, 0, "sms", "+212612345678", "text")


def test_accepted_messages_are_told_by_reference() -> None:
    with serving(lambda path, body: results([str(MESSAGE.id)], "accepted")) as url:
        gateway = HttpGateway(url)
        assert gateway.send([MESSAGE]) == {MESSAGE.id: "accepted"}
        assert gateway.find_accepted([MESSAGE.id]) == {MESSAGE.id}


@pytest.mark.parametrize(
    "said",
    [
        Said(200, "<html>", {"Content-Type": "text/html"}),
        Said(200, "[]"),
        Said(200, '{"results": [{"reference": "not-an-id", "status": "accepted"}]}'),
        Said(200, '{"results": ["accepted"]}'),
        Said(200, '{"results": null}'),
        Said(200, '{"results": [{"reference": 7, "status": "accepted"}]}'),
        Said(200, f'{{"results": [{{"reference": "{MESSAGE.id}", "status": null}}]}}'),
        Said(200, f'{{"results": [{{"reference": "{MESSAGE.id}", "status": "no\\u0000body"}}]}}'),
        Said(200, b"\xff"),
        Said(200, '{"more": ' + "[" * 100_000),
        Said(200, "", {}),
        Said(500),
        Said(200, '{"results": []}', {"Content-Type": "application/json", "Content-Length": "16"}),
    ],
)
def test_an_answer_that_cannot_be_understood_is_none_and_the_password_stays_untold(said: Said) -> None:
    with serving(lambda path, body: said) as url, pytest.raises(Unavailable) as raised:
        HttpGateway(url.replace("http://", "http://sijil:secret@")).send([MESSAGE])
    assert url.removeprefix("http://") in str(raised.value)
    assert "secret" not in str(raised.value)
