"""Messages put together from fragments, in memory and within limits (PS3.7 section 6.3, PS3.8 annex E)."""

from __future__ import annotations

from dataclasses import dataclass

from pacs_node.upper_layer import pdu
from pacs_node.upper_layer.command_set import CommandSet, decode
from pacs_node.upper_layer.errors import MalformedPdu

LONGEST_COMMAND_SET = 64 * 1024
"""Bytes; no command set that the standard knows comes near (PS3.7 section 9.3)."""
LONGEST_DATA_SET = 4 * 2**20
"""Bytes of a data set that is not stored: an identifier, or what a modality says of its work."""


@dataclass(frozen=True, slots=True)
class Message:
    """A command set and its data set, which is empty where there is none, on a presentation context."""

    context_id: int
    command: CommandSet
    data_set: bytes


class Assembler:
    """Takes fragments in the order in which they come. Raises MalformedPdu for what has no place."""

    def __init__(self) -> None:
        self._context_id = 0
        self._parts = bytearray()
        self._command: CommandSet | None = None

    def take(self, context_id: int, control: int, fragment: memoryview) -> Message | None:
        """The message, when this was its last fragment."""
        within = self._command is not None
        if bool(control & pdu.COMMAND) is within:
            raise MalformedPdu("a command in the middle of a data set" if within else "a data set without a request")
        if (self._parts or within) and context_id != self._context_id:
            raise MalformedPdu("a message on two presentation contexts")
        self._context_id = context_id
        limit = LONGEST_DATA_SET if within else LONGEST_COMMAND_SET
        if len(self._parts) + len(fragment) > limit:
            raise MalformedPdu(f"a {'data' if within else 'command'} set of more than {limit} bytes")
        self._parts += fragment
        if not control & pdu.LAST:
            return None
        whole, self._parts = bytes(self._parts), bytearray()
        if self._command is not None:
            message, self._command = Message(context_id, self._command, whole), None
            return message
        command = decode(whole)
        if command.has_data_set:
            self._command = command
            return None
        return Message(context_id, command, b"")
