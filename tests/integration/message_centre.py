"""A real SMPP server (smpp34, in Rust), and a line to it on which tests cut, hold and change packets."""

import asyncio
import socket
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread

from smpp34 import DeliverSmResp, Esme, Server, SubmitSmEvent, Tlv, Unbound

BIND_TRANSCEIVER, SUBMIT, UNBIND, ENQUIRE, ANSWER = 9, 4, 6, 0x15, 0x80000000
Packet = tuple[int, int, bytes]  # its command, its status, all of it


def free_port() -> int:
    """A port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@dataclass
class MessageCentre:
    """Takes messages as `status` says: 0 to accept, else the status of the refusal."""

    port: int = field(default_factory=free_port)
    status: Callable[[SubmitSmEvent], int] = lambda event: 0
    delay: float = 0.0
    submitted: list[SubmitSmEvent] = field(default_factory=list)
    accepted: list[SubmitSmEvent] = field(default_factory=list)
    bound: list[str] = field(default_factory=list)
    sessions: list[Esme] = field(default_factory=list)
    loop: asyncio.AbstractEventLoop | None = None
    unbound: int = 0
    ended: Event = field(default_factory=Event)

    async def answer(self, event: SubmitSmEvent) -> None:
        self.submitted.append(event)
        await asyncio.sleep(self.delay)
        if status := self.status(event):
            event.reject(status)
        else:
            self.accepted.append(event)
            event.accept(f"id-{len(self.accepted)}")

    async def serve(self, ready: Event) -> None:
        server = Server("127.0.0.1", self.port)
        self.loop = asyncio.get_running_loop()
        await server.start()
        ready.set()
        answers = set()
        news = asyncio.ensure_future(server.next())
        while not self.ended.is_set():
            if not (await asyncio.wait({news}, timeout=0.05))[0]:
                continue
            event, news = news.result(), asyncio.ensure_future(server.next())
            if isinstance(event, SubmitSmEvent):
                answers.add(asyncio.create_task(self.answer(event)))
            elif isinstance(event, Esme):
                self.bound.append(event.system_id)
                self.sessions.append(event)
            elif isinstance(event, Unbound):
                self.unbound += 1
        news.cancel()
        for each in answers:
            each.cancel()
        await server.stop()

    def deliver(self, text: bytes, esm_class: int = 4, tlvs: Sequence[Tlv] = ()) -> "Future[DeliverSmResp]":
        """Delivers this to the last client that bound, as a report unless `esm_class` says otherwise."""
        assert self.loop is not None

        async def deliver() -> DeliverSmResp:
            return await self.sessions[-1].deliver_sm(
                "RSU", text, esm_class=esm_class, tlvs=list(tlvs), source_addr="212612345678"
            )

        return asyncio.run_coroutine_threadsafe(deliver(), self.loop)

    def texts(self) -> list[str]:
        """The texts of the accepted messages that have one part, in UCS-2 or in letters of ASCII."""
        return [
            bytes(each.short_message).decode("utf-16-be" if each.data_coding == 8 else "ascii")
            for each in self.accepted
        ]


@contextmanager
def serving(centre: MessageCentre) -> Iterator[MessageCentre]:
    """The centre, for as long as it serves."""
    ready = Event()
    thread = Thread(target=lambda: asyncio.run(centre.serve(ready)), daemon=True)
    thread.start()
    assert ready.wait(10)
    yield centre
    centre.ended.set()
    thread.join(10)


class Cut(Exception):
    """The line breaks here."""


@dataclass
class Line:
    """A line to a port. `request` and `answer` see each packet on its way, and return what goes on; or raise `Cut`."""

    to: int
    request: Callable[[Packet], bytes] = lambda packet: packet[2]
    answer: Callable[[Packet], bytes] = lambda packet: packet[2]
    connections: int = 0
    seen: list[int] = field(default_factory=list)  # commands of the client
    port: int = 0
    open: list[socket.socket] = field(default_factory=list)

    def accept(self, server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = server.accept()
                self.connections += 1
                try:
                    centre = socket.create_connection(("127.0.0.1", self.to), timeout=2)
                except OSError:
                    client.close()
                    continue
                centre.settimeout(None)
                self.open += [client, centre]
                for ends, hook in (((client, centre), "request"), ((centre, client), "answer")):
                    Thread(target=self.carry, args=(*ends, hook), daemon=True).start()

    def carry(self, source: socket.socket, target: socket.socket, hook: str) -> None:
        with suppress(OSError, Cut):
            while head := source.recv(16, socket.MSG_WAITALL):
                length, command, status, _ = struct.unpack(">4L", head)
                packet = head + (source.recv(length - 16, socket.MSG_WAITALL) if length > 16 else b"")
                if hook == "request":
                    self.seen.append(command)
                target.sendall(getattr(self, hook)((command, status, packet)))
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """Ends each connection."""
        for each in self.open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@contextmanager
def line_to(centre: MessageCentre) -> Iterator[Line]:
    """A line to this centre."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        line = Line(centre.port, port=server.getsockname()[1])
        Thread(target=line.accept, args=(server,), daemon=True).start()
        yield line
        line.cut()
        for each in line.open:
            each.close()


def wait_until(so: Callable[[], bool], seconds: float = 5.0) -> None:
    """Waits until it is so."""
    until = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < until, "it never came to be"
        time.sleep(0.01)
