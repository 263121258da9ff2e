"""Seals the policy files that are new and right:

`python -m workflows.policies.seal`. A seal that exists is never changed.

Sealed is what decisions rest on, and are computed again from: the index and the programmes. Periods of retention may
change.
"""

import json
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from models.errors import Broken
from workflows.policies import HERE, indexes_in, thresholds_in


def seal(folder: Path = HERE) -> list[str]:
    """Adds the SHA-256 of every policy file that RELEASED.json does not hold yet; their names.

    Raises Broken, and seals nothing, where a file is not right.
    """
    indexes_in(folder)
    thresholds_in(folder)
    sealed, found = seals(folder), digests(folder)
    new = sorted(set(found) - set(sealed))
    if new:
        fresh = sealed | {name: found[name] for name in new}
        (folder / "RELEASED.json").write_text(json.dumps(fresh, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return new


def broken(folder: Path = HERE) -> dict[str, str]:
    """What is wrong with the seals, by file: a released one was changed or is gone, or one is not released yet."""
    sealed, found = seals(folder), digests(folder)
    wrong = {name: "is gone" for name in sealed if name not in found}
    wrong |= {name: "is not in RELEASED.json" for name in found if name not in sealed}
    return wrong | {
        name: "was changed after its release" for name in sealed if name in found and found[name] != sealed[name]
    }


def seals(folder: Path) -> dict[str, str]:
    """The seal of every released file."""
    return dict(json.loads((folder / "RELEASED.json").read_text(encoding="utf-8")))


def digests(folder: Path) -> Mapping[str, str]:
    """The SHA-256 of every file that has a seal, or must have one, as it is."""
    files = [file for kind in ("index", "programmes") for file in (folder / kind).glob("*.toml")]
    return {file.relative_to(folder).as_posix(): sha256(file.read_bytes()).hexdigest() for file in files}


def main(folder: Path = HERE) -> int:
    """Says what was sealed and, on standard error, what is wrong; 1 where anything is."""
    problems = []
    try:
        for name in seal(folder):
            print(f"sealed {name}")
    except Broken as error:
        problems.append(str(error))
    problems += [f"{name} {what}" for name, what in broken(folder).items()]
    print("\n".join(problems), end="\n" if problems else "", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
