"""A gateway spoken to by HTTP and JSON: the demo's, and the pattern for a real one."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

import httpx
import msgspec

from models.errors import Unavailable
from tasks.deliver import Leased


class Result(msgspec.Struct):
    """What became of a message, or is known of it. A status that no column can hold is none."""

    reference: UUID
    status: Annotated[str, msgspec.Meta(pattern="^[^\0]+$")]


class Answer(msgspec.Struct):
    """What both calls answer."""

    results: list[Result]


# All of it together less than what is left of a lease when a call begins (deliver.py).
TIMEOUT = httpx.Timeout(connect=2.0, write=2.0, read=4.0, pool=1.0)


class HttpGateway:
    """POST /messages sends, POST /messages/status asks; our ledger's id is its reference."""

    can_be_asked = True

    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=url, timeout=TIMEOUT)

    def send(self, messages: Sequence[Leased]) -> Mapping[UUID, str]:
        """See `deliver.Gateway`."""
        sent = [{"reference": str(each.id), "channel": each.channel, "recipient": each.recipient, "body": each.body} for each in messages]
        return self.post("/messages", {"messages": sent})

    def known(self, references: Sequence[UUID]) -> set[UUID]:
        """See `deliver.Gateway`."""
        answers = self.post("/messages/status", {"references": [str(each) for each in references]})
        return {reference for reference, status in answers.items() if status == "accepted"}

    def post(self, path: str, body: Mapping[str, Any]) -> dict[UUID, str]:
        """The status of each reference. Raises Unavailable where no answer came, or none of the shape of `Answer`."""
        try:
            response = self.client.post(path, json=body)
            response.raise_for_status()
            return {each.reference: each.status for each in msgspec.json.decode(response.content, type=Answer).results}
        except (httpx.HTTPError, ValueError) as error:
            address = self.client.base_url.netloc.decode()  # host and port alone: the whole address may hold a password
            raise Unavailable(f"The gateway at {address} gives no answer that can be understood: {type(error).__name__}.") from error
