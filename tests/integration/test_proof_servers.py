"""The servers of a proof go with their folder, unless the proof found something to look at."""

import subprocess
import sys
from pathlib import Path

import pytest

PROOF = """
from sijil.processes import set_settings
from trials.servers import proof_servers
set_settings(home="{home}")
with proof_servers("proof") as servers:
    servers.create("chaos")
    servers.keep = {keep}
"""


@pytest.mark.parametrize("keep", [True, False])
def test_the_folder_of_a_proof_is_kept_where_that_is_asked(tmp_path: Path, keep: bool) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROOF.format(home=tmp_path, keep=keep)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert (tmp_path / "proof-kept" / "pg").exists() is keep
    assert not (tmp_path / "proof").exists()


SIGNED_IN = """
from models.settings import settings
from sijil.acting import kept_token
from sijil.processes import set_settings
from trials.servers import proof_servers
set_settings(home="{home}")
before = kept_token()
with proof_servers("proof") as servers:
    print(before, kept_token(), end=" ")
print(kept_token())
"""


def test_who_is_signed_in_at_this_shell_is_nobody_in_the_database_of_a_proof(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = tmp_path / "session"
    session.touch(mode=0o600)
    session.write_text("a-token", encoding="ascii")
    monkeypatch.setenv("SIJIL_SESSION_FILE", str(session))

    ran = subprocess.run(
        [sys.executable, "-c", SIGNED_IN.format(home=tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "a-token None a-token\n", "")
