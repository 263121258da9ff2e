"""Asks the database once for all who ask at the same moment."""

from asyncio import Task, create_task, shield, wait
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from litestar.concurrency import sync_to_thread

Key = TypeVar("Key")
Found = TypeVar("Found")


class Together(Generic[Key, Found]):
    """One question at a time goes to the database, in a thread; whoever asks meanwhile is in the next one.

    Who asks alone is answered at once. Nobody gets an answer to a question that was put before they asked.
    """

    def __init__(self, ask: Callable[[Sequence[Key]], Mapping[Key, Found]]) -> None:
        self.ask = ask
        self.keys: set[Key] = set()  # of the next question
        self.next: Task[Mapping[Key, Found]] | None = None
        self.last: Task[Mapping[Key, Found]] | None = None

    async def about(self, key: Key) -> Found | None:
        """What is found of this key; None where nothing is. Raises what the question raised."""
        self.keys.add(key)
        if self.next is None or self.next.done():  # it is done if the portal ended before it was put
            self.next = create_task(self.put(self.last))
        found = await shield(self.next)  # who hangs up takes the answer from nobody else
        return found.get(key)

    async def put(self, last: Task[Mapping[Key, Found]] | None) -> Mapping[Key, Found]:
        """Puts the next question once the last one is answered."""
        if last is not None and not last.done():
            await wait([last])
        keys, self.keys = list(self.keys), set()
        self.last, self.next = self.next, None
        return await sync_to_thread(self.ask, keys)
