"""A gateway spoken to by HTTP and JSON: the demo's, and the pattern for a real one."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import httpx

from models.errors import Unavailable
from tasks.deliver import Leased


class HttpGateway:
    """POST /messages sends, POST /messages/status asks; our ledger's id is its reference."""

    can_be_asked = True

    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=url, timeout=5)

    def send(self, messages: Sequence[Leased]) -> Mapping[UUID, str]:
        """See `deliver.Gateway`."""
        sent = [{"reference": str(each.id), "channel": each.channel, "recipient": each.recipient, "body": each.body} for each in messages]
        return self.post("/messages", {"messages": sent})

    def known(self, references: Sequence[UUID]) -> set[UUID]:
        """See `deliver.Gateway`."""
        answers = self.post("/messages/status", {"references": [str(each) for each in references]})
        return {reference for reference, status in answers.items() if status == "accepted"}

    def post(self, path: str, body: Mapping[str, Any]) -> dict[UUID, str]:
        """The status of each reference, from `{"results": [{"reference", "status"}]}`. Raises Unavailable where no answer came, or none of this shape."""
        try:
            response = self.client.post(path, json=body)
            response.raise_for_status()
            return {UUID(each["reference"]): str(each["status"]) for each in response.json()["results"]}
        except (httpx.HTTPError, ValueError, LookupError, TypeError, AttributeError) as error:
            address = self.client.base_url.netloc.decode()  # host and port alone: the whole address may hold a password
            raise Unavailable(f"The gateway at {address} gives no answer that can be understood: {type(error).__name__}.") from error
