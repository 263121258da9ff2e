"""What waits in the broker."""

from tasks.broker import broker as the_broker
from workflows.flows import all_queues


def messages(queue: str) -> int:
    """How many messages wait in the broker."""
    return int(the_broker().client.llen(f"{the_broker().namespace}:{queue}"))


def waiting() -> dict[str, int]:
    """The queues in which a message waits."""
    return {queue: found for queue in all_queues() if (found := messages(queue))}
