"""A portal leaves alone what it was imported with, and looks at the rest often and shortly; a worker looks seldom."""

import gc
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from models.garbage import OFTEN, SELDOM
from trials.population_service import free_port

IMPORTED = 10_000  # objects; far fewer than any process of ours has when it starts
SERVES = """
import sys
from sijil.commands.running import serve_until_stopped
serve_until_stopped("127.0.0.1", int(sys.argv[1]), "tests.integration.test_garbage:create_app")
"""
WORKS = """
import gc
from tasks import worker
worker.tell_supervisor = worker.start_thread = lambda *_: None
worker.prepare_process()
print(gc.get_freeze_count(), gc.get_threshold()[0])
"""


def create_app() -> Callable[..., Any]:
    """An application that says how many objects its process leaves alone, and after how many new ones it looks."""

    async def app(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        if scope["type"] == "http":
            said = f"{gc.get_freeze_count()} {gc.get_threshold()[0]}".encode()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": said})

    return app


def answer_of(address: str) -> str:
    """What is served there, once it is."""
    for _ in range(600):
        try:
            with urlopen(address) as answer:  # our own
                return str(answer.read().decode())
        except URLError:
            time.sleep(0.1)
    raise AssertionError("nothing is served")


def test_a_portal_leaves_alone_what_it_was_imported_with_and_stops_shortly_for_the_rest() -> None:
    port = free_port()
    portal = subprocess.Popen([sys.executable, "-c", SERVES, str(port)], stdin=subprocess.DEVNULL)
    try:
        left, threshold = map(int, answer_of(f"http://127.0.0.1:{port}/").split())
    finally:
        portal.terminate()
        portal.wait(30)
    assert left > IMPORTED
    assert threshold == OFTEN


def test_a_worker_leaves_alone_what_it_was_imported_with_and_looks_seldom_at_its_batches(database: str) -> None:
    ran = subprocess.run([sys.executable, "-c", WORKS], capture_output=True, text=True, check=True)
    left, threshold = map(int, ran.stdout.split())
    assert left > IMPORTED
    assert threshold == SELDOM
