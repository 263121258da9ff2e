"""Versions of the rules that are code: the newest is in force, and old ones stay, so that a replay can use them."""

from collections.abc import Mapping

from models.errors import Broken
from workflows.evidence import Evidence


def in_force(rules: Mapping[str, object]) -> str:
    """The newest version, which is the last one listed."""
    return list(rules)[-1]


def version_of(evidence: Evidence, rules: Mapping[str, object]) -> str:
    """The version of the rules that the evidence names; the first one where it names none.

    Raises Broken where the code does not hold that version any more.
    """
    version = evidence.rules or next(iter(rules))
    if version not in rules:
        raise Broken(
            f"A decision rests on version {version} of the rules, which the code does not have any more. "
            "Put the old function and its name back."
        )
    return version
