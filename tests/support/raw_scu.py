"""A DICOM sender that ships any bytes as a data set, and breaks off wherever a test wants it to.

Written from PS3.7 and PS3.8 alone, so that it shares no mistake with the library on the other side.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
VERIFICATION = "1.2.840.10008.1.1"
IMPLICIT_LITTLE = "1.2.840.10008.1.2"
_NO_DATA_SET = 0x0101
_TIMEOUT = 30.0

ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ, P_DATA, RELEASE_RQ, RELEASE_RP, ABORT = range(1, 8)


class Rejected(Exception):
    """A-ASSOCIATE-RJ: result, source, reason (PS3.8 section 9.3.4)."""

    def __init__(self, result: int, source: int, reason: int) -> None:
        super().__init__(f"rejected: {result}, {source}, {reason}")
        self.why = (result, source, reason)


class Closed(Exception):
    """The node has aborted or closed the connection."""


@dataclass(frozen=True)
class Response:
    """A DIMSE response: its status, and all elements of its command set."""

    status: int
    command: Mapping[int, bytes]

    @property
    def comment(self) -> str:
        """ErrorComment (0000,0902)."""
        return self.command.get(0x0902, b"").decode("ascii").rstrip()


class RawScu:
    """One association; `contexts` are pairs of abstract syntax and transfer syntaxes, numbered 1, 3, 5, …"""

    also: Sequence[tuple[str, Sequence[str]]] = ()
    """Proposed behind whatever a test proposes."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=_TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.accepted: dict[int, str] = {}
        self.maximum_pdu = 0
        self._message_id = 0

    def associate(
        self, calling: str, called: str, contexts: Sequence[tuple[str, Sequence[str]]], maximum_pdu: int = 65536
    ) -> None:
        """Open the association. Raises Rejected."""
        self.send_pdu(ASSOCIATE_RQ, association_request(calling, called, [*contexts, *self.also], maximum_pdu))
        kind, body = self.read_pdu()
        if kind == ASSOCIATE_RJ:
            raise Rejected(*body[1:4])
        assert kind == ASSOCIATE_AC
        for item_type, item in _items(body[68:]):
            if item_type == 0x21 and item[2] == 0:
                self.accepted[item[0]] = next(value.decode() for sub, value in _items(item[4:]) if sub == 0x40)
            if item_type == 0x50:
                self.maximum_pdu = next(struct.unpack(">I", value)[0] for sub, value in _items(item) if sub == 0x51)

    def echo(self, context: int = 1) -> int:
        """C-ECHO; returns the status."""
        self._message_id += 1
        command = {0x0002: _uid(VERIFICATION), 0x0100: _us(0x0030), 0x0110: _us(self._message_id)}
        self.send_command(context, {**command, 0x0800: _us(_NO_DATA_SET)})
        return self.read_response().status

    def store(self, context: int, sop_class: str, sop_instance: str, data_set: bytes) -> Response:
        """C-STORE the bytes as they are; returns the response."""
        self.send_store_command(context, sop_class, sop_instance)
        self.send_data(context, data_set)
        return self.read_response()

    def send_store_command(self, context: int, sop_class: str, sop_instance: str, data_set_type: int = 1) -> None:
        """Send a C-STORE-RQ without its data set."""
        self._message_id += 1
        self.send_command(
            context,
            {
                0x0002: _uid(sop_class),
                0x0100: _us(0x0001),
                0x0110: _us(self._message_id),
                0x0700: _us(0),
                0x0800: _us(data_set_type),
                0x1000: _uid(sop_instance),
            },
        )

    def send_command(self, context: int, elements: Mapping[int, bytes]) -> None:
        """Send a command set in one fragment."""
        encoded = b"".join(struct.pack("<HHI", 0, tag, len(value)) + value for tag, value in sorted(elements.items()))
        length = struct.pack("<HHII", 0, 0, 4, len(encoded))
        self.send_pdu(P_DATA, _pdv(context, 0x03, length + encoded))

    def send_data(self, context: int, data_set: bytes, *, last: bool = True) -> None:
        """Send a data set, or with `last` off the beginning of one."""
        size = min(self.maximum_pdu or 16384, 128 * 1024) - 6
        starts = range(0, len(data_set), size) if data_set else [0]
        for start in starts:
            whole = start + size >= len(data_set)
            self.send_pdu(P_DATA, _pdv(context, 0x02 if whole and last else 0x00, data_set[start : start + size]))

    def read_response(self) -> Response:
        """The next DIMSE response. Raises Closed."""
        kind, body = self.read_pdu()
        if kind != P_DATA:
            raise Closed(f"PDU type {kind}")
        command: dict[int, bytes] = {}
        at = 6
        while at < len(body):
            _, tag, length = struct.unpack_from("<HHI", body, at)
            command[tag] = body[at + 8 : at + 8 + length]
            at += 8 + length
        return Response(struct.unpack("<H", command[0x0900])[0], command)

    def release(self) -> None:
        """Release the association and wait for the node's agreement."""
        self.send_pdu(RELEASE_RQ, bytes(4))
        kind, _ = self.read_pdu()
        assert kind == RELEASE_RP

    def abort(self) -> None:
        """Send A-ABORT."""
        self.send_pdu(ABORT, bytes(4))

    def send_pdu(self, kind: int, body: bytes) -> None:
        """Send one whole PDU."""
        self.send_bytes(struct.pack(">BBI", kind, 0, len(body)) + body)

    def send_bytes(self, data: bytes) -> None:
        """Send anything. Raises Closed."""
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Closed(str(error)) from error

    def read_pdu(self) -> tuple[int, bytes]:
        """The next PDU's type and body. Raises Closed."""
        kind, _, length = struct.unpack(">BBI", self._read(6))
        return kind, self._read(length)

    def close(self) -> None:
        """Close the connection without a word."""
        self.socket.close()

    def _read(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            try:
                part = self.socket.recv(length - len(data))
            except ConnectionError as error:
                raise Closed(str(error)) from error
            if not part:
                raise Closed("end of the connection")
            data += part
        return data


@contextmanager
def association(
    address: tuple[str, int],
    contexts: Sequence[tuple[str, Sequence[str]]],
    *,
    calling: str = "CLINIC_CT",
    called: str = "DOKUEI",
) -> Iterator[RawScu]:
    """An association that is released at the end, unless the test or the node has ended it."""
    scu = RawScu(address)
    try:
        scu.associate(calling, called, contexts)
        yield scu
        scu.release()
    finally:
        scu.close()


def echo(address: tuple[str, int], *, calling: str = "CLINIC_CT", called: str = "DOKUEI") -> int:
    """Open an association for one C-ECHO; returns its status. Raises Rejected."""
    with association(address, [(VERIFICATION, [IMPLICIT_LITTLE])], calling=calling, called=called) as scu:
        return scu.echo()


def association_request(
    calling: str, called: str, contexts: Sequence[tuple[str, Sequence[str]]], maximum_pdu: int = 65536
) -> bytes:
    """The body of an A-ASSOCIATE-RQ (PS3.8 section 9.3.2)."""
    items = _item(0x10, APPLICATION_CONTEXT.encode())
    for number, (abstract, syntaxes) in enumerate(contexts):
        inner = _item(0x30, abstract.encode()) + b"".join(_item(0x40, syntax.encode()) for syntax in syntaxes)
        items += _item(0x20, bytes([2 * number + 1, 0, 0, 0]) + inner)
    user = _item(0x51, struct.pack(">I", maximum_pdu)) + _item(0x52, b"2.25.15")
    fixed = struct.pack(">HH16s16s32x", 1, 0, called.ljust(16).encode(), calling.ljust(16).encode())
    return fixed + items + _item(0x50, user)


def _item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(value)) + value


def _items(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        kind, _, length = struct.unpack_from(">BBH", data, at)
        yield kind, data[at + 4 : at + 4 + length]
        at += 4 + length


def _pdv(context: int, control: int, fragment: bytes) -> bytes:
    return struct.pack(">IBB", len(fragment) + 2, context, control) + fragment


def _uid(value: str) -> bytes:
    encoded = value.encode("ascii")
    return encoded + b"\0" * (len(encoded) % 2)


def _us(value: int) -> bytes:
    return struct.pack("<H", value)
