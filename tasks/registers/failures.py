"""How a call to a register elsewhere fails: each way has an error of its own, which holds no data."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from models.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Way:
    """A way to fail: its code in the log, what it says, whether the call is made again at once, and whether the
    register is away as a whole, so that it says nothing of those who were asked about.
    """

    code: str
    says: str
    again: bool = False
    away: bool = False


class Failed(Enum):
    """Every way."""

    NOT_REACHED = Way("not_reached", "cannot be reached", again=True, away=True)
    NO_ANSWER = Way("no_answer", "gives no answer in time", again=True)
    DOWN = Way("down", "says that it is down", again=True, away=True)
    TOO_MANY = Way("too_many", "says that it is asked too often", away=True)
    REFUSED = Way("refused", "does not know us, or not this address", away=True)
    CLOCK = Way("clock", "says that its clock and ours differ by more than a minute", away=True)
    REDIRECTED = Way("redirected", "leads to another address, where nobody is asked", away=True)
    NOT_TAKEN = Way("not_taken", "does not take this question")
    BROKEN = Way("broken", "has an error of its own", again=True)
    NO_JSON = Way("no_json", "gives a page and not JSON", again=True)
    HALF_JSON = Way("half_json", "gives JSON that ends too early or cannot be read", again=True)
    OTHER_JSON = Way("other_json", "gives JSON that is no answer")
    ERROR_INSIDE = Way("error_inside", "gives an error inside of an answer", again=True)
    TOO_LONG = Way("too_long", "gives an answer that does not end")
    OTHER_QUESTION = Way("other_question", "answers another question")
    OTHER_PERSON = Way("other_person", "tells of somebody about whom it was not asked")
    # Of one person alone; the others of the answer count.
    MISSING = Way("missing", "leaves out somebody")
    DOUBLED = Way("doubled", "answers twice about somebody")
    UNREADABLE = Way("unreadable", "says something of somebody that cannot be read")


class CallFailed(Unavailable):
    """A call that gave no answer that can be used."""

    def __init__(self, way: Failed, status: int | None = None, wait: timedelta | None = None) -> None:
        super().__init__(f"{way.value.says}{f' (HTTP {status})' if status else ''}")
        self.way, self.status, self.wait = way.value, status, wait
