"""Versions of the rules that are code.

The newest is in force; the older ones stay, so that what was decided by them can be computed again.
"""

from collections.abc import Mapping

from models.errors import Broken
from workflows.evidence import Evidence


def in_force(rules: Mapping[str, object]) -> str:
    """The newest version, which stands last."""
    return list(rules)[-1]


def version_of(evidence: Evidence, rules: Mapping[str, object]) -> str:
    """The version that was in force when this was gathered; the first where none is named.

    Raises Broken where it is gone from the code.
    """
    version = evidence.rules or next(iter(rules))
    if version not in rules:
        raise Broken(
            f"The code has no rules of version {version} any more, which a decision rests on. Put the old function and "
            f"its name back."
        )
    return version
