"""Proves that command sets come back as they went, read as pydicom reads them, and that no bytes do more than raise."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.filereader import read_dataset

from pacs_node.upper_layer import command_set as cs
from pacs_node.upper_layer.errors import MalformedPdu


@given(st.dictionaries(st.integers(1, 0xFFFF), st.binary(max_size=40)))
def test_elements_come_back(elements: dict[int, bytes]) -> None:
    decoded = cs.decode(cs.encode(elements))
    assert len(decoded.pop(0)) == 4
    assert elements == decoded


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_raise(data: bytes) -> None:
    try:
        found = cs.decode(data)
    except MalformedPdu:
        return
    assert sum(8 + len(value) for value in found.values()) <= len(data)


def test_pydicom_reads_it_alike() -> None:
    elements = {0x0002: "1.2.840.10008.1.1", 0x0100: cs.C_ECHO_RSP, 0x0120: 65535, 0x0800: 0x0101, 0x0900: 0xC000}
    encoded = cs.encode({**elements, 0x0902: "Why not"})
    ds = read_dataset(BytesIO(encoded), is_implicit_VR=True, is_little_endian=True)
    assert len(encoded) - 12 == ds.CommandGroupLength
    assert ("1.2.840.10008.1.1", 0x8030, 65535) == (
        ds.AffectedSOPClassUID,
        ds.CommandField,
        ds.MessageIDBeingRespondedTo,
    )
    assert (0xC000, "Why not") == (ds.Status, ds.ErrorComment)


def test_a_number_that_is_missing_or_none_is_named() -> None:
    command = cs.decode(cs.encode({0x0110: b"abc"}))
    for element in (0x0110, 0x0100):
        with pytest.raises(MalformedPdu, match=f"0000,{element:04X}"):
            command.number(element)
    assert command.number(0x0900, 7) == 7


@pytest.mark.parametrize("data", [b"\0" * 7, b"\0\0\0\0\xff\0\0\0", b"\x08\0\x18\0\0\0\0\0"])
def test_what_does_not_fit_or_belong_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedPdu):
        cs.decode(data)
