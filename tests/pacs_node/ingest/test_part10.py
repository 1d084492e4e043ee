"""Proves that file meta information gives a transfer syntax that is a UID and nothing that could split a header."""

from __future__ import annotations

import io

import pytest

from pacs_node.errors import NotDicom
from pacs_node.ingest.part10 import read_header, write_header
from tests.support.objects import EXPLICIT

_MARK = "9.9.9.9.9.9.9.9.9.9"


def with_syntax(value: bytes) -> io.BytesIO:
    """A file whose file meta has these bytes for its transfer syntax."""
    out = io.BytesIO()
    write_header(out, transfer_syntax_uid=_MARK, sop_class_uid="1.2", sop_instance_uid="1.3")
    padded = value + b"\0" * (len(value) % 2)
    before, after = (b"UI" + len(part).to_bytes(2, "little") + part for part in (_MARK.encode() + b"\0", padded))
    assert before in out.getvalue()
    return io.BytesIO(out.getvalue().replace(before, after))


@pytest.mark.parametrize("value", [EXPLICIT.encode(), b"1.2.840.10008.1.2 ", b"1" * 64])
def test_a_uid_is_taken(value: bytes) -> None:
    assert value.decode().strip() == read_header(with_syntax(value)).transfer_syntax_uid


@pytest.mark.parametrize(
    "value",
    [
        b"1.2.840.10008.1.2\r\nX-Injected: 1",
        b"1.2.840.10008.1.2\n",
        b"1.2\r3",
        b'1.2"; boundary="x',
        b"1.2;charset=x",
        b"1.2 3",
        b"1.2\x003",
        "１.２.８４０".encode(),
        b"1.2.\xff",
        b"1.2.a",
        b"1" * 65,
        b"",
    ],
)
def test_anything_else_is_refused(value: bytes) -> None:
    with pytest.raises(NotDicom):
        read_header(with_syntax(value))
