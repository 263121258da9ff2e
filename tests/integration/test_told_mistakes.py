"""What a command says of a mistake: which, where, and what to do next."""

from collections.abc import Callable
from typing import Any

import pytest

from sijil.commands import data
from tests.filing import file_clean
from tests.integration.running import Run

UNKNOWN = "RSU-0000-0000-0000"


@pytest.mark.parametrize(
    "command",
    [
        ("reviews", "show", UNKNOWN),
        ("decide", UNKNOWN, "clear", "--reason", "moved", "--as", "amina"),
        ("erase", UNKNOWN),
        ("parked", "show", UNKNOWN),
        ("parked", "retry", UNKNOWN),
    ],
)
def test_a_reference_that_nobody_has_is_named(ready: Run, command: tuple[str, ...]) -> None:
    ran = ready(*command)

    assert (ran.code, ran.out, ran.err) == (2, "", f"sijil: There is no application with the reference {UNKNOWN}.\n")


@pytest.mark.parametrize("typed", ["abc", "RSU-7K3M", "RSU-7K3M-9QWX-2D5T-7"])
def test_what_is_no_reference_is_told_with_the_form_of_one(ready: Run, typed: str) -> None:
    assert (
        ready("show", typed).err
        == f"sijil: There is no application with the reference {typed}. One looks like RSU-7K3M-9QWX-2D5T.\n"
    )


@pytest.mark.parametrize("command", ["show", "retry"])
def test_an_operator_is_told_of_a_case_that_is_not_parked_by_its_reference_and_stage(ready: Run, command: str) -> None:
    (taken,) = file_clean(1)

    ran = ready("parked", command, taken.reference)

    assert (ran.code, ran.err) == (2, f"sijil: {taken.reference} is not parked: it is 'submitted'.\n")


def test_our_own_fault_is_said_to_be_one_and_asks_for_a_report(sijil: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    fault: Callable[..., Any] = lambda *_: dict[str, str]()["nothing"]  # noqa: E731 - the place in the message is that of a lambda
    monkeypatch.setattr(data, "chart", fault)

    first, second, *places = sijil("flow").err.splitlines()

    assert first == "sijil: failed unexpectedly: KeyError in <lambda>"
    assert second == "sijil: This is a bug of Sijil. Please report it, with the lines below."
    assert places
    assert all(place.startswith("  /") for place in places)
