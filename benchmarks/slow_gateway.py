"""Gateways that are slow and not dead: one never answers a call, the others answer a byte at a time for ever."""

import socket
import socketserver
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

DRIP_SECONDS = 3.0
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def freeze(caller: socket.socket) -> None:
    """Answers nothing until the caller hangs up."""
    while caller.recv(65536):
        pass


def drip(caller: socket.socket) -> None:
    """Announces a long body, and sends it byte by byte."""
    send_slowly(caller, HEAD + b"Content-Length: 1000000\r\n\r\n", b" ")


def drip_head(caller: socket.socket) -> None:
    """Sends its headers byte by byte, and never their end."""
    send_slowly(caller, HEAD + b"X-Later: ", b"x")


def send_slowly(caller: socket.socket, first: bytes, then: bytes) -> None:
    """Sends the first bytes at once, then the others every DRIP_SECONDS."""
    caller.sendall(first)
    while True:
        time.sleep(DRIP_SECONDS)
        caller.sendall(then)


SLOW: dict[str, Callable[[socket.socket], None]] = {"frozen": freeze, "dripping": drip, "dripping-head": drip_head}


@contextmanager
def slow_gateway(how: str) -> Iterator[str]:
    """Runs a slow gateway and yields its address."""

    class Caller(socketserver.BaseRequestHandler):
        """Handles one call."""

        def handle(self) -> None:
            """Answers slowly until the caller hangs up."""
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
