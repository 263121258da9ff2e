"""What is written does not depend on the locale of who started it."""

import subprocess
import sys
from pathlib import Path

from trials.generator import files


def test_names_are_written_as_utf_8_under_a_locale_that_has_only_ascii(tmp_path: Path) -> None:
    ascii_only = ["env", "LC_ALL=C", "PYTHONUTF8=0", "PYTHONCOERCECLOCALE=0"]
    command = [
        sys.executable,
        "-m",
        "sijil",
        "generate",
        "--households",
        "3",
        "--seed",
        "2",
        "--csv",
        "--to",
        str(tmp_path / "ascii"),
    ]

    ran = subprocess.run([*ascii_only, *command], capture_output=True, check=False)

    assert (ran.returncode, ran.stderr) == (0, b"")
    files.write_files(tmp_path / "here", 3, 2, csv=True)
    for name in (files.POPULATION, files.APPLICATIONS, files.TRUTH, files.TABLE):
        assert (tmp_path / "ascii" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()
