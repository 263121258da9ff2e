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
        results = self.post("/messages", {"messages": sent})["results"]
        return {UUID(each["reference"]): each["status"] for each in results}

    def known(self, references: Sequence[UUID]) -> set[UUID]:
        """See `deliver.Gateway`."""
        results = self.post("/messages/status", {"references": [str(each) for each in references]})["results"]
        return {UUID(each["reference"]) for each in results if each["status"] == "accepted"}

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The answer's JSON. Raises Unavailable where none came, or none that can be understood."""
        try:
            response = self.client.post(path, json=body)
            response.raise_for_status()
            return response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(f"The gateway at {self.client.base_url} does not answer: {type(error).__name__}.") from error
