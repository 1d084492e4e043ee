"""A DICOM requestor that costs its side next to nothing (PS3.8 section 9.3, PS3.7 section 6.3).

Written for measuring: the client's own work must not be what is measured. It trusts the peer's PDUs and keeps no
state table; it is no example of an upper layer.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

VERIFICATION = "1.2.840.10008.1.1"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"

C_STORE_RQ, C_GET_RQ, C_FIND_RQ, C_MOVE_RQ, C_ECHO_RQ = 0x0001, 0x0010, 0x0020, 0x0021, 0x0030
C_STORE_RSP, C_GET_RSP = 0x8001, 0x8010
NO_DATA_SET = 0x0101
PENDING = {0xFF00, 0xFF01}

_APPLICATION_CONTEXT = b"1.2.840.10008.3.1.1.1"
_IMPLEMENTATION = b"2.25.304168129938452046181774203011772061"
_LONGEST_FRAGMENT = 1 << 20
_BUFFER = 1 << 18

Address = tuple[str, int]


class NotServed(Exception):
    """The peer rejects the association or the presentation context: this cannot be measured against it."""


class Broken(Exception):
    """The peer aborted or closed the connection, or answered with something that is no answer."""


@dataclass(frozen=True, slots=True)
class Message:
    """A DIMSE message: elements of group 0000 by element number, and the data set's bytes (empty if none)."""

    context: int
    command: Mapping[int, bytes]
    data_set: bytes

    def number(self, element: int) -> int:
        """A command element of VR US; 0 where it is absent."""
        value = self.command.get(element)
        return int(struct.unpack("<H", value)[0]) if value else 0

    @property
    def status(self) -> int:
        """Status (0000,0900)."""
        return self.number(0x0900)


class Association:
    """An association as its requestor; contexts get the ids 1, 3, 5, … in the order given.

    Of the SOP classes in `provided` it proposes to be the SCP, as C-GET asks (PS3.7 annex D.3.3.4).
    Raises NotServed when it is rejected; OSError when nobody listens.
    """

    def __init__(
        self,
        address: Address,
        contexts: Sequence[tuple[str, Sequence[str]]],
        *,
        calling: str,
        called: str,
        seconds: float = 600,
        provided: Sequence[str] = (),
    ) -> None:
        self.socket = socket.create_connection(address, timeout=seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = self.socket.makefile("rb", _BUFFER)
        self.accepted: dict[int, str] = {}
        """Transfer syntax by context id."""
        self.fragment = 16384 - 6
        """The most bytes of a message in one PDV."""
        try:
            self._associate(association_request(contexts, calling, called, provided))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.release()
        else:
            self.close()

    def _associate(self, request: bytes) -> None:
        self.socket.sendall(request)
        kind, body = self.read_pdu()
        if kind == 3:
            raise NotServed(f"A-ASSOCIATE-RJ, result {body[1]}, source {body[2]}, reason {body[3]}")
        if kind != 2:
            raise Broken(f"PDU of type {kind} instead of A-ASSOCIATE-AC")
        for item, value in _items(body[68:]):
            if item == 0x21 and value[2] == 0:
                self.accepted[value[0]] = next(text.decode() for sub, text in _items(value[4:]) if sub == 0x40)
            if item == 0x50:
                longest = next((struct.unpack(">I", text)[0] for sub, text in _items(value) if sub == 0x51), 0)
                self.fragment = min(longest or _LONGEST_FRAGMENT, _LONGEST_FRAGMENT) - 6

    def need(self, context: int) -> str:
        """The transfer syntax of a context. Raises NotServed where the peer did not accept it."""
        if context not in self.accepted:
            raise NotServed(f"presentation context {context} was not accepted")
        return self.accepted[context]

    def request(self, context: int, command: Mapping[int, bytes], identifier: bytes = b"") -> None:
        """Send a command set, and behind it a data set that fits into one PDV."""
        data = [pdv(context, 0x02, identifier)] if identifier else []
        self.socket.sendall(b"".join([pdv(context, 0x03, command_set(command)), *data]))

    def echo(self, context: int = 1) -> int:
        """C-ECHO (PS3.7 section 9.1.5); returns the status."""
        self.request(context, {0x0002: ui(VERIFICATION), 0x0100: us(C_ECHO_RQ), 0x0110: us(1), 0x0800: us(NO_DATA_SET)})
        return self.read_message().status

    def read_message(self) -> Message:
        """The next message of the peer, whole. Raises Broken."""
        command: dict[int, bytes] | None = None
        context, pieces = 0, []
        while True:
            kind, body = self.read_pdu()
            if kind != 4:
                raise Broken(f"PDU of type {kind} instead of P-DATA")
            at = 0
            while at < len(body):
                length, context, control = struct.unpack_from(">IBB", body, at)
                pieces.append(body[at + 6 : at + 4 + length])
                at += 4 + length
                if control & 2 and control & 1:
                    command, pieces = parse_command(b"".join(pieces)), []
                    if command.get(0x0800) == us(NO_DATA_SET):
                        return Message(context, command, b"")
                elif control & 2:
                    if command is None:
                        raise Broken("a data set without a command set")
                    return Message(context, command, b"".join(pieces))

    def read_status(self) -> int:
        """The status of a C-STORE response, which every peer sends in one PDU. Raises Broken."""
        kind, body = self.read_pdu()
        if kind != 4:
            raise Broken(f"PDU of type {kind} instead of P-DATA")
        return int(struct.unpack("<H", parse_command(body[6:])[0x0900])[0])

    def read_pdu(self) -> tuple[int, bytes]:
        """Type and body of the next PDU. Raises Broken."""
        kind, _, length = struct.unpack(">BBI", self._read(6))
        return kind, self._read(length)

    def release(self) -> None:
        """Release, and close whatever the peer says to it."""
        try:
            self.socket.sendall(struct.pack(">BBIxxxx", 5, 0, 4))
            self.read_pdu()
        except (OSError, Broken):
            pass
        finally:
            self.close()

    def abort(self) -> None:
        """A-ABORT and close."""
        try:
            self.socket.sendall(struct.pack(">BBIxxxx", 7, 0, 4))
        finally:
            self.close()

    def close(self) -> None:
        """Close the connection."""
        self._reader.close()
        self.socket.close()

    def _read(self, length: int) -> bytes:
        try:
            data: bytes | None = self._reader.read(length)
        except ConnectionError as error:
            raise Broken(str(error)) from error
        if data is None or len(data) < length:
            raise Broken("the peer closed the connection")
        return data


def association_request(
    contexts: Sequence[tuple[str, Sequence[str]]], calling: str, called: str, provided: Sequence[str] = ()
) -> bytes:
    """A whole A-ASSOCIATE-RQ (PS3.8 section 9.3.2); `provided`: of these SOP classes the SCP, and not the SCU."""
    items = item(0x10, _APPLICATION_CONTEXT)
    for number, (abstract, syntaxes) in enumerate(contexts):
        inner = item(0x30, abstract.encode()) + b"".join(item(0x40, syntax.encode()) for syntax in syntaxes)
        items += item(0x20, bytes([2 * number + 1, 0, 0, 0]) + inner)
    user = item(0x51, struct.pack(">I", _BUFFER)) + item(0x52, _IMPLEMENTATION)
    for each in provided:
        user += item(0x54, struct.pack(">H", len(each)) + each.encode() + bytes([0, 1]))
    user += item(0x55, b"DOKUEI_BENCH")
    body = struct.pack(">HH16s16s32x", 1, 0, called.ljust(16).encode(), calling.ljust(16).encode())
    body += items + item(0x50, user)
    return struct.pack(">BBI", 1, 0, len(body)) + body


def item(kind: int, value: bytes) -> bytes:
    """An item of an A-ASSOCIATE PDU."""
    return struct.pack(">BBH", kind, 0, len(value)) + value


def pdv(context: int, control: int, fragment: bytes) -> bytes:
    """A P-DATA-TF PDU of one presentation data value; control: 1 command, 2 last fragment."""
    return struct.pack(">BBIIBB", 4, 0, len(fragment) + 6, len(fragment) + 2, context, control) + fragment


def command_set(elements: Mapping[int, bytes]) -> bytes:
    """A command set with its group length, implicit VR little endian (PS3.7 section 6.3.1)."""
    encoded = b"".join(struct.pack("<HHI", 0, tag, len(value)) + value for tag, value in sorted(elements.items()))
    return struct.pack("<HHII", 0, 0, 4, len(encoded)) + encoded


def parse_command(data: bytes) -> dict[int, bytes]:
    """The elements of a command set, by element number."""
    found, at = {}, 0
    while at + 8 <= len(data):
        _, tag, length = struct.unpack_from("<HHI", data, at)
        found[tag] = data[at + 8 : at + 8 + length]
        at += 8 + length
    return found


def identifier(elements: Mapping[tuple[int, int], str]) -> bytes:
    """An identifier of text elements, implicit VR little endian."""
    encoded = b""
    for (group, element), text in sorted(elements.items()):
        value = text.encode("utf-8")
        value += b" " * (len(value) % 2)
        encoded += struct.pack("<HHI", group, element, len(value)) + value
    return encoded


def ui(value: str) -> bytes:
    """A UID, padded to even length."""
    encoded = value.encode("ascii")
    return encoded + b"\0" * (len(encoded) % 2)


def us(value: int) -> bytes:
    """An unsigned short."""
    return struct.pack("<H", value)


def _items(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        kind, _, length = struct.unpack_from(">BBH", data, at)
        yield kind, data[at + 4 : at + 4 + length]
        at += 4 + length
