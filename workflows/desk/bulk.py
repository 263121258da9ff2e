"""The same act on many cases: assigned, given a priority, noted. Nothing is decided so."""

from collections.abc import Callable, Collection
from typing import NamedTuple

import psycopg

from models.database import Connection
from models.errors import NotFound, Refused, Stale

MOST = 100  # cases at once (assumed)


class Outcome(NamedTuple):
    """What became of one case: done, or why not, as a code and in words."""

    case_id: int
    done: bool
    code: str = ""
    why: str = ""


def in_bulk(connection: Connection, case_ids: Collection[int], act: Callable[[int], object]) -> list[Outcome]:
    """Does this to each of the cases, and says of each what became of it, in the order of their numbers.

    In that order they are locked, so that two such acts at once do not hinder each other. Raises Refused for too many.
    """
    if len(case_ids) > MOST:
        raise Refused("too_many_cases", f"At most {MOST} cases at once.")
    return [one(connection, case_id, act) for case_id in sorted(set(case_ids))]


def one(connection: Connection, case_id: int, act: Callable[[int], object]) -> Outcome:
    """Does it to one case, of which nothing stays where it is refused."""
    try:
        with connection.transaction():
            act(case_id)
    except Refused as error:
        return Outcome(case_id, False, error.code, str(error))
    except Stale as error:
        return Outcome(case_id, False, "stale", str(error))
    except NotFound as error:
        return Outcome(case_id, False, "not_found", str(error))
    except psycopg.errors.LockNotAvailable:
        return Outcome(case_id, False, "busy", "Another session holds this case. Try again shortly.")
    return Outcome(case_id, True)
