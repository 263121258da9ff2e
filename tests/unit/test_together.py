"""Who asks at the same moment shares a question, and nobody gets an old answer."""

import asyncio
from collections.abc import Mapping, Sequence
from threading import Event

import pytest

from web.together import Together

PATIENCE = 10.0


class Register:
    """Something to ask, which answers when it may, with how many questions it was asked before."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.may_answer = Event()
        self.error: Exception | None = None

    def ask(self, keys: Sequence[str]) -> Mapping[str, str]:
        self.asked.append(sorted(keys))
        number = len(self.asked)
        assert self.may_answer.wait(PATIENCE)
        if self.error:
            raise self.error
        return {each: f"{each}{number}" for each in keys if each != "unknown"}


async def until_asked(register: Register, times: int) -> None:
    """Waits until so many questions were put."""
    while len(register.asked) < times:
        await asyncio.sleep(0.001)


def test_who_asks_meanwhile_is_in_the_next_question_and_gets_no_older_answer() -> None:
    async def all_of_it() -> list[str | None]:
        first = asyncio.create_task(together.about("a"))
        await until_asked(register, 1)
        others = [asyncio.create_task(together.about(each)) for each in ("a", "b", "b", "unknown")]
        await asyncio.sleep(0.02)
        assert len(register.asked) == 1, "one question at a time"
        register.may_answer.set()
        return await asyncio.gather(first, *others)

    register = Register()
    together = Together(register.ask)
    assert asyncio.run(all_of_it()) == ["a1", "a2", "b2", "b2", None]
    assert register.asked == [["a"], ["a", "b", "unknown"]]


def test_an_error_reaches_all_who_asked_and_nobody_after_them() -> None:
    async def all_of_it() -> None:
        failed = [asyncio.create_task(together.about(each)) for each in ("a", "b")]
        await until_asked(register, 1)
        register.may_answer.set()
        found = await asyncio.gather(*failed, return_exceptions=True)
        assert found == [register.error, register.error]
        register.error = None
        assert await together.about("a") == "a2"

    register = Register()
    register.error = LookupError("away")
    together = Together(register.ask)
    asyncio.run(all_of_it())


def test_who_hangs_up_takes_the_answer_from_nobody() -> None:
    async def all_of_it() -> str | None:
        gone = asyncio.create_task(together.about("a"))
        stays = asyncio.create_task(together.about("b"))
        await until_asked(register, 1)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        register.may_answer.set()
        return await stays

    register = Register()
    together = Together(register.ask)
    assert asyncio.run(all_of_it()) == "b1"


def test_after_a_loop_has_ended_another_one_may_ask() -> None:
    register = Register()
    register.may_answer.set()
    together = Together(register.ask)
    assert [asyncio.run(together.about("a")) for _ in range(2)] == ["a1", "a2"]
