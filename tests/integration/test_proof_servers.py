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
