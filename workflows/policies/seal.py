"""Seals the policy files that are new: `python -m workflows.policies.seal`. A seal that exists is never changed."""

import json
from hashlib import sha256
from pathlib import Path

from workflows.policies import HERE, read


def seal(folder: Path = HERE) -> list[str]:
    """Adds the SHA-256 of every policy file that RELEASED.json does not hold yet; their names. Raises Broken where one cannot be read."""
    path = folder / "RELEASED.json"
    sealed: dict[str, str] = json.loads(path.read_text())
    found = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*.toml")}
    new = sorted(set(found) - set(sealed))
    for name in new:
        read(found[name])
        sealed[name] = sha256(found[name].read_bytes()).hexdigest()
    if new:
        path.write_text(json.dumps(sealed, indent=2, sort_keys=True) + "\n")
    return new


if __name__ == "__main__":
    print("\n".join(f"sealed {name}" for name in seal()) or "nothing is new: every policy file has its seal")
