"""What people were told.

Every promise is counted from here: an answer that was given must be in the history once, and nothing that was refused.

Where none came, as when the database was killed in the middle, the act may have been done or not, but once at the most.
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
    """What somebody did about an application, and what they were told.

    `kinds`: the events that it made, or may have made.
    """

    reference: str
    by: str
    told: str
    kinds: tuple[str, ...]
    version: int  # that it was done at

    @property
    def done(self) -> bool:
        """Whether it may have come to something."""
        return self.told in (TAKEN, UNKNOWN)


@dataclass
class Answers:
    """What everybody did and was told. Filled by several threads."""

    acts: list[Act] = field(default_factory=list)
    sent: dict[str, Json] = field(default_factory=dict)  # every corrected declaration, by the mark that stands in it
    marks: dict[str, list[str]] = field(
        default_factory=lambda: defaultdict(list)
    )  # of an application's corrections, by its reference
    deadlines: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))  # that were set nearer
    lock: Lock = field(default_factory=Lock)

    def act(
        self, who: tuple[str, str], version: int, kinds: Iterable[str], work: Callable[[Connection], AnswerResult]
    ) -> Act:
        """Somebody (`reference`, `by`) does something; workers are woken as the portal wakes them."""
        try:
            now = transact(work)
        except Unavailable:
            return self.note(Act(*who, UNKNOWN, tuple(kinds), version))
        except Stale:
            return self.note(Act(*who, STALE, (), version))
        except Refused:
            return self.note(Act(*who, REFUSED, (), version))
        noted = self.note(Act(*who, TAKEN, (now.event,), version))
        wake_after_answer(now.queues)
        return noted

    def note(self, act: Act) -> Act:
        """Kept."""
        with self.lock:
            self.acts.append(act)
        return act

    def marked(self, reference: str, body: Json) -> Json:
        """A corrected declaration with a mark of its own in it, by which it is found again in the history."""
        with self.lock:
            mark = f"{body['commune']} #{len(self.sent) + 1}"
            self.sent[mark] = body
            self.marks[reference].append(mark)
        return body | {"commune": mark}

    def counted(self, told: str) -> Counter[tuple[str, str]]:
        """How often each event was made, or may have been made, by (reference, kind)."""
        return Counter((act.reference, kind) for act in self.acts if act.told == told for kind in act.kinds)

    @property
    def told(self) -> dict[str, int]:
        """How many were told what."""
        return dict(Counter(act.told for act in self.acts))
