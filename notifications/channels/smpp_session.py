"""A bound connection to an SMPP server, by smpplib. Every wait in it ends at a deadline, and it logs nothing."""

import logging
import select
import socket
import struct
import time
from typing import Any, NamedTuple

from smpplib import consts, exceptions, smpp
from smpplib.client import Client
from smpplib.pdu import PDU

from notifications.channels.smpp_report import report_of
from notifications.reports import Report

DELIVER = 5  # the command with which the server delivers a report
CONNECT_SECONDS = 2.0
LONGEST_PDU = 100_000  # octets; a longer one is no SMPP
# smpplib logs at debug each packet that it sends, and so the password, telephone numbers and texts.
SILENT = "sijil.smpp"
logging.getLogger(SILENT).addFilter(lambda record: False)  # whoever sets up logs anew would enable it
# What comes of a connection that ended, and what smpplib raises for a packet that is none.
GONE = (
    OSError,
    exceptions.ConnectionError,
    exceptions.PDUError,
    exceptions.UnknownCommandError,
    ValueError,
)


class Reported(NamedTuple):
    """A message that the server delivered: its number in the session, and the report, if it is one."""

    sequence: int
    report: Report | None


class Session(Client):
    """One connection, used by one thread. `until`, of the monotonic clock, is when the call that it serves must end.

    A packet that is cut by the deadline cannot be read on: whoever catches one of `GONE` closes the session.
    """

    _socket: socket.socket | None
    report: Report | None = None  # in the packet that was read last

    def __init__(self, host: str, port: int, until: float) -> None:
        super().__init__(host, port, logger_name=SILENT, allow_unknown_opt_params=True)
        self.until = until
        self.reports: list[Reported] = []  # that were not confirmed yet

    def left(self) -> float:
        """Seconds until the deadline. Raises TimeoutError when it is over."""
        if (left := self.until - time.monotonic()) <= 0:
            raise TimeoutError
        return left

    def connect(self) -> None:
        """Connects, by IPv4 or IPv6, which smpplib's own cannot."""
        self._socket = socket.create_connection((self.host, self.port), timeout=min(CONNECT_SECONDS, self.left()))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.state = consts.SMPP_CLIENT_STATE_OPEN

    def close(self) -> None:
        """Closes the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def bind(self, command: str, system_id: str, password: str) -> int:
        """Binds, and returns the status of the answer: 0 for bound."""
        return self.answer_to(command, system_id=system_id, password=password)

    def answer_to(self, command: str, **fields: Any) -> int:
        """Sends this command and returns the status of its answer. Answers meanwhile what the server asks."""
        sequence = self.request(command, **fields)
        while (answer := self.receive()) is None or answer.sequence != sequence:
            pass
        return int(answer.status)

    def request(self, command: str, **fields: Any) -> int:
        """Sends this command and returns its number, which its answer has too."""
        pdu = smpp.make_pdu(command, client=self, **fields)
        self.send_pdu(pdu)
        return int(pdu.sequence)

    def receive(self) -> PDU | None:
        """The next answer to a command of ours; None for a command of the server's, which this answers if it must."""
        pdu = self.read_pdu()
        if pdu.is_response():
            return pdu
        if pdu.command in ("enquire_link", "unbind"):
            reply = smpp.make_pdu(f"{pdu.command}_resp", client=self)
            reply.sequence = pdu.sequence
            self.send_pdu(reply)
        if pdu.command == "deliver_sm":
            self.reports.append(Reported(pdu.sequence, self.report))
        if pdu.command == "unbind":
            raise exceptions.ConnectionError("The server ended the session.")
        return None

    def confirm(self, status: int) -> None:
        """Answers the server's reports: 0, or the status by which it must report again later."""
        for each in self.reports:
            reply = smpp.make_pdu("deliver_sm_resp", client=self, status=status)
            reply.sequence = each.sequence
            self.send_pdu(reply)
        self.reports.clear()

    def has_news(self, within: float = 0.0) -> bool:
        """Whether something comes within so many seconds: a packet, or the end of the connection."""
        return bool(select.select([self.connection()], [], [], min(within, self.left()))[0])

    def connection(self) -> socket.socket:
        """The socket, whose next wait ends at the deadline. Raises OSError if the session is closed."""
        if self._socket is None:
            raise OSError("The session is closed.")
        self._socket.settimeout(self.left())
        return self._socket

    def send_pdu(self, p: PDU) -> bool:
        """See smpplib; ends at the deadline."""
        self.connection()
        return bool(super().send_pdu(p))

    def read_pdu(self) -> PDU:
        """See smpplib, which cannot read a packet with an optional parameter that it does not expect there.

        An answer has one field before these, and nobody here reads more of it; of a command, its name alone, and of
        one that delivers, whether it is a report.
        """
        head = self._recv_exact(16)
        length, command = struct.unpack(">LL", head[:8])
        if not 16 <= length <= LONGEST_PDU:
            raise exceptions.PDUError("No SMPP packet has such a length.")
        body = self._recv_exact(length - 16)
        self.report = report_of(body) if command == DELIVER else None
        body = body[: body.find(0) + 1] if command & 0x80000000 else b""
        pdu = smpp.parse_pdu(head + body, client=self, allow_unknown_opt_params=True)
        if not pdu.is_error():
            self.state = consts.STATE_SETTERS.get(pdu.command, self.state)
        return pdu

    def _recv_exact(self, exact_size: int) -> bytes:
        """See smpplib, whose time-out is one between two octets: an answer that drips would hold it for ever."""
        received = b""
        while len(received) < exact_size:
            part = self.connection().recv(exact_size - len(received))
            if not part:
                raise exceptions.ConnectionError("The connection ended.")
            received += part
        return received
