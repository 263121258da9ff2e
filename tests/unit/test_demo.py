"""The demo's claim to its folder."""

from pathlib import Path

import pytest

from models.errors import Refused, Unavailable
from models.settings import settings
from trials.demo.people import names
from trials.demo.run import Demo, only_demo, run


def test_a_second_demo_in_one_folder_is_refused_and_one_after_the_first_is_not(
    tmp_path: Path, secret_key: pytest.MonkeyPatch
) -> None:
    secret_key.setenv("SIJIL_HOME", str(tmp_path))
    settings.cache_clear()
    with only_demo(tmp_path), pytest.raises(Refused, match=f"A demo runs in {tmp_path} already") as refused:
        run(Demo(1, 1, serve=False), lambda result, lines: None)
    assert refused.value.code == "demo_running"
    with only_demo(tmp_path):
        pass


def test_demos_in_two_folders_do_not_meet(tmp_path: Path) -> None:
    with only_demo(tmp_path / "a"), only_demo(tmp_path / "b"):
        pass


def test_a_folder_that_cannot_be_used_is_named() -> None:
    with pytest.raises(Unavailable, match="/proc/nope cannot be used"), only_demo(Path("/proc/nope")):
        pass


def test_who_tries_a_demo_has_two_people_of_each_role_whose_decisions_take_two() -> None:
    for role in ("caseworker", "commission", "population officer"):
        assert {f"demo {role}", f"demo {role} 2"} <= set(names()), role
