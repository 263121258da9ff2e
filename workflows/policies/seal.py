"""Seals the policy files that are new: `python -m workflows.policies.seal`. A seal that exists is never changed."""

import json
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from workflows.policies import HERE, check


def seal(folder: Path = HERE) -> list[str]:
    """Adds the SHA-256 of every policy file that RELEASED.json does not hold yet; their names. Raises Broken where one does not say what it must."""
    sealed = seals(folder)
    new = sorted(set(digests(folder)) - set(sealed))
    for name in new:
        check(folder / name)
    if new:
        fresh = sealed | {name: digests(folder)[name] for name in new}
        (folder / "RELEASED.json").write_text(json.dumps(fresh, indent=2, sort_keys=True) + "\n")
    return new


def broken(folder: Path = HERE) -> dict[str, str]:
    """What is wrong with the seals, by file: a released one was changed or is gone, or one is not released yet."""
    sealed, found = seals(folder), digests(folder)
    wrong = {name: "is gone" for name in sealed if name not in found}
    wrong |= {name: "is not in RELEASED.json" for name in found if name not in sealed}
    return wrong | {name: "was changed after its release" for name in sealed if name in found and found[name] != sealed[name]}


def seals(folder: Path) -> dict[str, str]:
    """The seal of every released file."""
    return dict(json.loads((folder / "RELEASED.json").read_text()))


def digests(folder: Path) -> Mapping[str, str]:
    """The SHA-256 of every policy file as it is."""
    return {file.relative_to(folder).as_posix(): sha256(file.read_bytes()).hexdigest() for file in folder.rglob("*.toml")}


if __name__ == "__main__":
    for name in seal():
        print(f"sealed {name}")
    for name, what in broken().items():
        print(f"{name} {what}", file=sys.stderr)
    sys.exit(1 if broken() else 0)
