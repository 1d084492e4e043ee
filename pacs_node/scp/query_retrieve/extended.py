"""Extended negotiation of Query/Retrieve (PS3.4 section C.5): what a requestor asks for and what it gets."""

from __future__ import annotations

from dataclasses import dataclass

_BYTES = 5
_SUPPORTED_FIND = (True, True, True, True, False)
_SUPPORTED_RETRIEVE = (True, False, False, False, False)


@dataclass(frozen=True, slots=True)
class Extended:
    """What is agreed on; nothing unless both sides say so (table C.5.1-1)."""

    relational: bool = False
    combined_date_time: bool = False
    fuzzy: bool = False
    timezone: bool = False


def agreed(information: bytes | None, *, find: bool) -> Extended:
    """What both sides want, from the requestor's service class application information."""
    return Extended(*(bool(byte) for byte in answered(information or b"", find=find)[:4]))


def answered(information: bytes, *, find: bool) -> bytes:
    """The acceptor's service class application information: as long as the requestor's, at most five bytes."""
    supported = _SUPPORTED_FIND if find else _SUPPORTED_RETRIEVE
    asked = information[:_BYTES]
    return bytes(int(byte == 1 and can) for byte, can in zip(asked, supported, strict=False))
