"""Seals new policy files by their SHA-256 (`python -m workflows.policies.seal`), and never changes an existing seal.

Decisions rest on the index, the programmes and the terms, so these are sealed. The periods of retention may change.
"""

import json
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from models.errors import Broken
from workflows.policies import HERE, indexes_in, terms_in, thresholds_in


def seal(folder: Path = HERE) -> list[str]:
    """Adds every policy file that RELEASED.json does not hold yet, and returns the names of those.

    Raises Broken, and seals nothing, where a file is invalid.
    """
    indexes_in(folder)
    thresholds_in(folder)
    terms_in(folder)
    sealed, found = seals(folder), digests(folder)
    new = sorted(set(found) - set(sealed))
    if new:
        fresh = sealed | {name: found[name] for name in new}
        (folder / "RELEASED.json").write_text(json.dumps(fresh, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return new


def broken_seals(folder: Path = HERE) -> dict[str, str]:
    """The problem of each file that does not fit its seal: it was changed, is gone, or was never sealed."""
    sealed, found = seals(folder), digests(folder)
    problems = {name: "is gone" for name in sealed if name not in found}
    problems |= {name: "is not in RELEASED.json" for name in found if name not in sealed}
    changed = [name for name in sealed if name in found and found[name] != sealed[name]]
    return problems | dict.fromkeys(changed, "was changed after its release")


def seals(folder: Path) -> dict[str, str]:
    """The SHA-256 of every released file, as RELEASED.json holds it."""
    return dict(json.loads((folder / "RELEASED.json").read_text(encoding="utf-8")))


def digests(folder: Path) -> Mapping[str, str]:
    """The SHA-256 of every file that must have a seal, computed from the file as it is now."""
    files = [file for kind in ("index", "programmes", "terms") for file in (folder / kind).glob("*.toml")]
    return {file.relative_to(folder).as_posix(): sha256(file.read_bytes()).hexdigest() for file in files}


def main(folder: Path = HERE) -> int:
    """Prints the files that it sealed and, on standard error, each problem; returns 1 where there is one."""
    problems = []
    try:
        for name in seal(folder):
            print(f"sealed {name}")
    except Broken as error:
        problems.append(str(error))
    problems += [f"{name} {problem}" for name, problem in broken_seals(folder).items()]
    print("\n".join(problems), end="\n" if problems else "", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
