"""The items within A-ASSOCIATE PDUs, those of the user information among them (PS3.8 annex D, PS3.7 annex D.3.3)."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from pacs_node.upper_layer.errors import MalformedPdu
from pacs_node.upper_layer.items import Role, UserIdentity, UserInformation

_ITEM = struct.Struct(">BBH")
_USER = 0x50
_MAXIMUM, _CLASS, _ASYNCHRONOUS, _ROLE, _VERSION, _EXTENDED, _COMMON, _IDENTITY, _IDENTITY_AC = range(0x51, 0x5A)
MOST_OF_A_KIND = 256
"""Sub-items of one kind; those of a SOP class that is not proposed have no meaning, and 128 can be."""
_SHORTEST_MAXIMUM = 16
# Trailing spaces and NULs are cut before: PS3.8 annex F forbids padding here, and devices send it.
_UID = re.compile(rb"[0-9.]{1,64}")


def item(kind: int, value: bytes) -> bytes:
    """An item or sub-item. Raises ValueError when it is longer than its length field can say."""
    if len(value) > 0xFFFF:  # noqa: PLR2004 - two bytes
        raise ValueError("an item has at most 65535 bytes")
    return _ITEM.pack(kind, 0, len(value)) + value


def items(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Type and value of each item; together they are `data` to the byte."""
    at, end = 0, len(data)
    while at < end:
        if end - at < _ITEM.size:
            raise MalformedPdu("an item that is cut off")
        kind, _, length = _ITEM.unpack_from(data, at)
        at += _ITEM.size
        if length > end - at:
            raise MalformedPdu(f"an item of type {kind:02X}H that is longer than what it is in")
        yield kind, data[at : at + length]
        at += length


def decode_uid(value: memoryview) -> str:
    """A UID."""
    found = bytes(value).rstrip(b"\0 ")
    if not _UID.fullmatch(found):
        raise MalformedPdu("a UID that is none")
    return found.decode("ascii")


def encode_user(user: UserInformation) -> bytes:
    """The user information item."""
    parts = [item(_MAXIMUM, struct.pack(">I", user.maximum_length))]
    if user.implementation_class_uid:
        parts.append(item(_CLASS, user.implementation_class_uid.encode("ascii")))
    if user.asynchronous is not None:
        parts.append(item(_ASYNCHRONOUS, struct.pack(">HH", *user.asynchronous)))
    for role in user.roles:
        uid = role.sop_class_uid.encode("ascii")
        parts.append(item(_ROLE, struct.pack(">H", len(uid)) + uid + bytes((role.scu, role.scp))))
    if user.implementation_version_name:
        parts.append(item(_VERSION, user.implementation_version_name.encode("ascii")))
    for name, information in user.extended:
        uid = name.encode("ascii")
        parts.append(item(_EXTENDED, struct.pack(">H", len(uid)) + uid + information))
    parts += [item(_COMMON, value) for value in user.common_extended]
    if user.identity is not None:
        said = user.identity
        fields = bytes((said.kind, said.response_requested)) + _short(said.primary) + _short(said.secondary)
        parts.append(item(_IDENTITY, fields))
    if user.identity_response is not None:
        parts.append(item(_IDENTITY_AC, _short(user.identity_response)))
    return item(_USER, b"".join(parts))


def decode_user(value: memoryview, *, accept: bool) -> UserInformation:
    """The value of a user information item, of a request or an acceptance.

    Of items that belong there once (once for each SOP class: role selection, extended negotiation) the first counts.
    """
    found: dict[str, object] = {}
    roles: dict[str, Role] = {}
    extended: dict[str, bytes] = {}
    common: list[bytes] = []
    for kind, inner in items(value):
        if kind == _MAXIMUM:
            found.setdefault("maximum_length", _maximum(inner))
        elif kind == _CLASS:
            found.setdefault("implementation_class_uid", decode_uid(inner))
        elif kind == _VERSION:
            found.setdefault("implementation_version_name", bytes(inner).decode("latin-1").strip("\0 "))
        elif kind == _ASYNCHRONOUS:
            found.setdefault("asynchronous", _window(inner))
        elif kind == _ROLE:
            role = _role(inner)
            roles.setdefault(role.sop_class_uid, role)
        elif kind == _EXTENDED:
            name, rest = _named(inner)
            extended.setdefault(name, bytes(rest))
        elif kind == _COMMON:
            common.append(bytes(inner))
        elif kind == _IDENTITY and not accept:
            found.setdefault("identity", _identity(inner))
        elif kind == _IDENTITY_AC and accept:
            found.setdefault("identity_response", bytes(_counted(inner)[0]))
        if max(len(roles), len(extended), len(common)) > MOST_OF_A_KIND:
            raise MalformedPdu(f"more than {MOST_OF_A_KIND} items of type {kind:02X}H")
    return UserInformation(
        roles=tuple(roles.values()),
        extended=tuple(extended.items()),
        common_extended=tuple(common),
        **found,  # type: ignore[arg-type]  # each under the name of its field
    )


def _maximum(value: memoryview) -> int:
    if len(value) != 4:  # noqa: PLR2004 - PS3.8 table D.1-1
        raise MalformedPdu("a maximum length that is no number of four bytes")
    length = int.from_bytes(value, "big")
    if 0 < length < _SHORTEST_MAXIMUM:
        raise MalformedPdu(f"a maximum length of {length}, in which nothing can be sent")
    return length


def _window(value: memoryview) -> tuple[int, int]:
    if len(value) != 4:  # noqa: PLR2004 - PS3.7 table D.3-7
        raise MalformedPdu("an asynchronous operations window that is no pair of numbers")
    return int.from_bytes(value[:2], "big"), int.from_bytes(value[2:], "big")


def _role(value: memoryview) -> Role:
    name, roles = _named(value)
    if len(roles) != 2 or max(roles) > 1:  # noqa: PLR2004 - SCU and SCP
        raise MalformedPdu("a role selection without two roles")
    return Role(name, bool(roles[0]), bool(roles[1]))


def _named(value: memoryview) -> tuple[str, memoryview]:
    name, rest = _counted(value)
    return decode_uid(name), rest


def _identity(value: memoryview) -> UserIdentity:
    if len(value) < 2:  # noqa: PLR2004 - type and response requested
        raise MalformedPdu("a user identity that is cut off")
    primary, rest = _counted(value[2:])
    secondary, rest = _counted(rest)
    if len(rest):
        raise MalformedPdu("a user identity with a remainder")
    return UserIdentity(value[0], bool(value[1]), bytes(primary), bytes(secondary))


def _counted(value: memoryview) -> tuple[memoryview, memoryview]:
    length = int.from_bytes(value[:2], "big")
    if len(value) < 2 + length:
        raise MalformedPdu("a field that is longer than its item")
    return value[2 : 2 + length], value[2 + length :]


def _short(value: bytes) -> bytes:
    return struct.pack(">H", len(value)) + value
