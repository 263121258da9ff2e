"""What people did, and how the system answered: every promise is counted from here.

An act that was answered as taken must be in the history once, an act that was refused must not be in it. Where no
answer came, because the database was killed in the middle, the act may be in the history, but once at the most.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import NamedTuple

from models.database import Connection, transact
from models.errors import Refused, Stale, Unavailable
from tasks.wake import wake_after_answer
from trials.generator.answers import Json
from workflows.casework.answers import AnswerResult

TAKEN, UNKNOWN, REFUSED, STALE = "taken", "no answer", "refused", "stale"


class Act(NamedTuple):
    """What somebody did about an application, and how the system answered."""

    reference: str
    by: str
    result: str
    kinds: tuple[str, ...]  # of the events that it made, or may have made
    version: int  # of the case, when it was done

    @property
    def done(self) -> bool:
        """Whether the act may be in the history."""
        return self.result in (TAKEN, UNKNOWN)


@dataclass
class Answers:
    """The acts of everybody and their results. Several threads add to them."""

    acts: list[Act] = field(default_factory=list)
    sent: dict[str, Json] = field(default_factory=dict)  # every corrected declaration, by the mark in it
    # By reference, the marks of the corrections, and the deadlines that were set nearer: of corrections, of hearings.
    marks: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    deadlines: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    hearings: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    lock: Lock = field(default_factory=Lock)

    def perform(
        self, who: tuple[str, str], version: int, kinds: Iterable[str], work: Callable[[Connection], AnswerResult]
    ) -> Act:
        """Does the work for somebody (`reference`, `by`), records the result, and wakes workers as the portal does."""
        try:
            now = transact(work)
        except Unavailable:
            return self.record(Act(*who, UNKNOWN, tuple(kinds), version))
        except Stale:
            return self.record(Act(*who, STALE, (), version))
        except Refused:
            return self.record(Act(*who, REFUSED, (), version))
        act = self.record(Act(*who, TAKEN, (now.event,), version))
        wake_after_answer(now.queues)
        return act

    def record(self, act: Act) -> Act:
        """Adds an act."""
        with self.lock:
            self.acts.append(act)
        return act

    def with_mark(self, reference: str, body: Json) -> Json:
        """A corrected declaration with a mark in its commune, by which the count finds it in the history."""
        with self.lock:
            mark = f"{body['commune']} #{len(self.sent) + 1}"
            self.sent[mark] = body
            self.marks[reference].append(mark)
        return body | {"commune": mark}

    def counted(self, result: str) -> Counter[tuple[str, str]]:
        """How many acts had this result, by reference and by kind of event."""
        return Counter((act.reference, kind) for act in self.acts if act.result == result for kind in act.kinds)

    @property
    def results(self) -> dict[str, int]:
        """How many acts had each result."""
        return dict(Counter(act.result for act in self.acts))
