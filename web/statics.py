"""The static files: what the address of each ends with."""

from functools import cache
from hashlib import sha256
from pathlib import Path

STATICS = Path(__file__).parent / "static"


@cache
def digest_of(name: str) -> str:
    """Changes with the file, so that after an upgrade no browser shows a page with an older style."""
    return sha256((STATICS / name).read_bytes()).hexdigest()[:10]
