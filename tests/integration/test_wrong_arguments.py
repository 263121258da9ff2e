"""What a command refuses, and in which words: before any server is started where that can be known."""

from collections.abc import Callable
from typing import Any, get_args

import pytest

from models.errors import Refused
from sijil import embedded
from sijil.commands.arguments import day
from sijil.commands.review import Verdict
from sijil.commands.running import chosen_queues
from tests.integration.running import Run
from trials.generator.identifiers import HOUSEHOLDS, PLACES, SEEDS, SPACE
from workflows.flows import all_queues
from workflows.stages.review import REASONS


@pytest.fixture
def no_servers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """A command that starts one fails."""

    def started(**_: object) -> None:
        raise AssertionError("servers were started")

    monkeypatch.setattr(embedded, "ensure_servers", started)
    return started


@pytest.mark.parametrize("given", ["", " ", ",", " , "])
def test_queues_that_are_none_are_not_all_queues(no_servers: object, sijil: Run, given: str) -> None:
    """As where a shell's variable is not set."""
    ran = sijil("work", "--queues", given)

    assert (ran.code, ran.out) == (2, "")
    assert (
        ran.err
        == f"sijil: --queues names no queue; leave it out to work all of them. There are {', '.join(all_queues())}.\n"
    )


def test_one_of_two_options_that_names_no_queue_is_refused() -> None:
    with pytest.raises(Refused, match="names no queue"):
        chosen_queues(["verification", ""])


@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        (None, all_queues()),
        (["verification, scoring"], ("verification", "scoring")),
        (["fraud,", "delivery"], ("fraud", "delivery")),
    ],
)
def test_queues_are_named_with_commas_or_by_the_option_again(given: list[str] | None, chosen: tuple[str, ...]) -> None:
    assert chosen_queues(given) == chosen


def test_a_verdict_that_is_none_is_refused_with_those_there_are(no_servers: object, sijil: Run) -> None:
    ran = sijil("decide", "RSU-0000-0000-0000", "lft", "--reason", "moved", "--as", "amina")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"sijil: There is no verdict 'lft'. There are {', '.join(REASONS)}.\n"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("decide", "RSU-0000-0000-0000", "lft", "--reason", "moved", "--as", "amina"), "There is no verdict"),
        (("messages", "list", "--limit", "-1"), "Must be at least 1."),
        (("reviews", "list", "--limit", "x"), "Must be a whole number."),
        (("generate", "--households", "1.5"), "Must be a whole number."),
        (("work", "--processes", "0"), "Must be at least 1."),
    ],
)
def test_no_sentence_of_a_library_says_what_is_wrong_with_an_argument(
    no_servers: object, sijil: Run, given: tuple[str, ...], said: str
) -> None:
    ran = sijil(*given)
    assert (ran.code, said in ran.err, "Value error" in ran.err, "Input should" in ran.err) == (2, True, False, False)


@pytest.mark.parametrize("given", ["yesterday", "2026-13-01", "01/12/2026", ""])
def test_a_day_that_is_none_is_refused_with_how_one_looks(no_servers: object, sijil: Run, given: str) -> None:
    ran = sijil("replay", "--since", given)

    assert (ran.code, "2026-11-30" in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("2026-11-30", "2026-11-30T00:00:00+00:00"),
        ("2026-11-30T14:00", "2026-11-30T14:00:00+00:00"),
        ("2026-11-30T14:00+01:00", "2026-11-30T14:00:00+01:00"),
    ],
)
def test_a_day_is_meant_in_utc_where_it_does_not_say_otherwise(given: str, moment: str) -> None:
    assert day(given).isoformat() == moment


@pytest.mark.parametrize("named", ["nothing:Register", "workflows.registers.population:Nothing"])
def test_workers_are_not_started_for_a_register_that_is_not_there(
    no_servers: object, sijil: Run, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.setenv("SIJIL_POPULATION_REGISTER", named)

    ran = sijil("work")

    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)
    assert ran.err.startswith(f"sijil: SIJIL_POPULATION_REGISTER names {named}, ")


def test_the_verdicts_of_the_command_are_those_of_the_stage() -> None:
    assert get_args(Verdict) == tuple(REASONS)


@pytest.mark.parametrize("command", [("generate", "--to", "/proc/nope"), ("demo",), ("bench", "engine")])
def test_a_seed_whose_population_would_overlap_another_is_refused(
    no_servers: object, sijil: Run, command: tuple[str, ...]
) -> None:
    ran = sijil(*command, "--seed", SEEDS)

    assert (ran.code, "--seed" in ran.err, str(SEEDS - 1) in ran.err) == (2, True, True)


def test_populations_of_all_seeds_fit_into_the_identifiers_without_an_overlap() -> None:
    assert (SEEDS + 1) * HOUSEHOLDS * PLACES <= SPACE < (SEEDS + 2) * HOUSEHOLDS * PLACES
