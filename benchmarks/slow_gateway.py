"""Gateways that are slow and not dead: one accepts a call and never answers, one answers a byte at a time for ever."""

import socket
import socketserver
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

DRIP_SECONDS = 3.0
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def freeze(caller: socket.socket) -> None:
    """Says nothing, until the caller hangs up."""
    while caller.recv(65536):
        pass


def drip(caller: socket.socket) -> None:
    """Says that a long answer comes, and gives it byte by byte."""
    drop(caller, HEAD + b"Content-Length: 1000000\r\n\r\n", b" ")


def drip_head(caller: socket.socket) -> None:
    """Does not even get through its headers."""
    drop(caller, HEAD + b"X-Later: ", b"x")


def drop(caller: socket.socket, first: bytes, then: bytes) -> None:
    """The first at once, then this every few seconds."""
    caller.sendall(first)
    while True:
        time.sleep(DRIP_SECONDS)
        caller.sendall(then)


SLOW: dict[str, Callable[[socket.socket], None]] = {"frozen": freeze, "dripping": drip, "dripping-head": drip_head}


@contextmanager
def slow_gateway(how: str) -> Iterator[str]:
    """The address of one."""

    class Caller(socketserver.BaseRequestHandler):
        """One call."""

        def handle(self) -> None:
            """As slowly as it is meant, until the caller hangs up."""
            try:
                SLOW[how](self.request)
            except OSError:
                pass

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Caller) as server:
        server.daemon_threads = True
        server.block_on_close = False  # a handler that drips ends with its caller, or with this process
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
