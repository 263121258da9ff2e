"""What a gateway answers that speaks HTTP: understood, or Unavailable without a word of its address that is secret."""

from uuid import uuid4

import httpx
import pytest

from models.errors import Unavailable
from tasks.deliver import Leased
from tasks.gateways.http import HttpGateway

MESSAGE = Leased(7, 1, "received", uuid4(), 1, 0, "sms", "+212612345678", "text")


def answering(response: httpx.Response) -> HttpGateway:
    """A gateway that always gives this answer."""
    gateway = HttpGateway("http://sijil:secret@gateway.example:8001")
    gateway.client = httpx.Client(base_url=gateway.client.base_url, transport=httpx.MockTransport(lambda _: response))
    return gateway


def test_accepted_messages_are_told_by_reference() -> None:
    results = {"results": [{"reference": str(MESSAGE.id), "status": "accepted"}]}
    assert answering(httpx.Response(200, json=results)).send([MESSAGE]) == {MESSAGE.id: "accepted"}
    assert answering(httpx.Response(200, json=results)).known([MESSAGE.id]) == {MESSAGE.id}


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"results": [{"reference": "not-an-id", "status": "accepted"}]}),
        httpx.Response(200, json={"results": ["accepted"]}),
        httpx.Response(200, json={"results": None}),
        httpx.Response(200, json={"results": [{"reference": 7, "status": "accepted"}]}),
        httpx.Response(200, json={"results": [{"reference": str(MESSAGE.id), "status": None}]}),
        httpx.Response(200, json={"results": [{"reference": str(MESSAGE.id), "status": "no\0body"}]}),
        httpx.Response(200, content=b"\xff"),
        httpx.Response(500),
    ],
)
def test_an_answer_that_cannot_be_understood_is_none_and_the_password_stays_untold(response: httpx.Response) -> None:
    with pytest.raises(Unavailable) as raised:
        answering(response).send([MESSAGE])
    assert "gateway.example:8001" in str(raised.value)
    assert "secret" not in str(raised.value)
