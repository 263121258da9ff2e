"""The messages of a demo as phones show them, on one page that refreshes itself. Nothing of it is kept."""

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from html import escape
from threading import Lock
from typing import Any, NamedTuple

SHOWN = 200  # messages, the newest first
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="5"><title>Outbox of the demo</title>
<style>
body {{ font: 1rem/1.6 system-ui, "Noto Sans Arabic", sans-serif; max-inline-size: 26rem; margin: 0 auto; padding: 1rem;
  background: #e9eeec; color: #16202a; }}
h1 {{ font-size: 1.25rem; }}
li {{ list-style: none; margin-block: 1rem; }}
ol {{ padding: 0; }}
small {{ color: #4a5560; }}
p {{ background: #fff; border-radius: 1rem; padding: .75rem 1rem; margin: .25rem 0; white-space: pre-line; }}
</style></head><body><h1>{count} messages, the newest first</h1><ol>{messages}</ol></body></html>
"""
MESSAGE = "<li><small>{at:%H:%M:%S} {channel} to <bdi dir=ltr>{to}</bdi></small><p dir=auto>{body}</p></li>"


class Shown(NamedTuple):
    """A message and when it was accepted."""

    at: datetime
    channel: str
    to: str
    body: str


class Outbox:
    """The last messages that a gateway accepted, in memory."""

    def __init__(self) -> None:
        self.last: deque[Shown] = deque(maxlen=SHOWN)
        self.count = 0
        self.lock = Lock()

    def add(self, message: Mapping[str, Any], at: datetime) -> None:
        """Shows one more."""
        with self.lock:
            self.count += 1
            self.last.appendleft(Shown(at, message["channel"], message["recipient"] or "a letter", message["body"]))

    def page(self) -> str:
        """The page with them."""
        with self.lock:
            shown = [each._asdict() for each in self.last]
        texts = [{name: escape(each) if isinstance(each, str) else each for name, each in one.items()} for one in shown]
        return PAGE.format(count=self.count, messages="\n".join(MESSAGE.format(**each) for each in texts))
