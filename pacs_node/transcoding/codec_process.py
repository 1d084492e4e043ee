"""The process in which codecs work: one frame at a time, asked and answered over a socket.

A codec that crashes, hangs or wants all memory over a damaged or hostile codestream takes this process along and not
the hub. Messages in both directions are a line of JSON and as many bytes as it says; nothing is unpickled.
"""

from __future__ import annotations

import json
import resource
import socket
import struct
import sys
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from pacs_node.transcoding import decoders
from pacs_node.transcoding.encoders import encode

MOST_MEMORY = 4 * 2**30
"""Address space of the process, in bytes: a frame of 512 MiB and what a decoder needs beside it."""

_HEAD = struct.Struct(">II")


def send(wire: socket.socket, head: dict[str, Any], data: bytes | memoryview = b"") -> None:
    """One message."""
    text = json.dumps(head).encode()
    wire.sendall(_HEAD.pack(len(text), len(data)) + text)
    wire.sendall(data)


def receive(wire: socket.socket) -> tuple[dict[str, Any], bytearray]:
    """The next message. Raises EOFError when the other side has gone, TimeoutError by the socket's timeout."""
    text_length, data_length = _HEAD.unpack(_exactly(wire, _HEAD.size))
    head = json.loads(bytes(_exactly(wire, text_length)))
    return head, _exactly(wire, data_length)


def _exactly(wire: socket.socket, count: int) -> bytearray:
    data = bytearray(count)
    view, got = memoryview(data), 0
    while got < count:
        more = wire.recv_into(view[got:])
        if not more:
            raise EOFError
        got += more
    return data


def decoded(codestream: bytes, syntax: str, options: dict[str, Any]) -> NDArray[Any]:
    """The samples of one frame, as pydicom and the decoders that it knows of give them."""
    return described(codestream, syntax, options)[0]


def described(codestream: bytes, syntax: str, options: dict[str, Any]) -> tuple[NDArray[Any], dict[str, Any]]:
    """The same, and what the Image Pixel module must say of them (pydicom's `pixel_properties`)."""
    source = encapsulate([codestream], has_bot=False)
    return get_decoder(UID(syntax)).as_array(source, index=0, **options)


def _answer(head: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    if head["do"] == "encode":
        samples = np.frombuffer(data, head["dtype"]).reshape(head["shape"])
        return {}, encode(samples, head["syntax"], head["bits_stored"])
    samples, told = described(data, head["syntax"], head["options"])
    samples = np.ascontiguousarray(samples, samples.dtype.newbyteorder("<"))
    return {"dtype": samples.dtype.str, "shape": samples.shape, "described": told}, samples.tobytes()


def main(descriptor: int) -> None:
    """Answer until the hub closes its end."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    with socket.socket(fileno=descriptor) as wire:
        while True:
            try:
                head, data = receive(wire)
            except EOFError:
                return
            try:
                told, made = _answer(head, bytes(data))
            except Exception as error:  # whatever a codec meets in a broken codestream
                told, made = {"error": f"{type(error).__name__}: {str(error)[:200]}"}, b""
            send(wire, told, made)


if __name__ == "__main__":
    assert decoders.decodable("1.2.840.10008.1.2.5")  # noqa: S101 - importing it has registered our decoders
    main(int(sys.argv[1]))
