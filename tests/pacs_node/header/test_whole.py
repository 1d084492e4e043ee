"""Proves that a data set of a message is read to the byte or refused, and what it may cost is bounded before."""

from __future__ import annotations

import struct
import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pynetdicom.dsutils import encode

from pacs_node.header.dataset import read_dataset
from pacs_node.header.elements import BrokenDataSet
from pacs_node.header.whole import DEEPEST, MOST_PARTS, read_whole

FOUR_MIB = 4 * 2**20
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
REFERENCES, STUDY, DOSES, ROWS = 0x00081140, 0x0020000D, 0x00189346, 0x00280010
UNDEFINED = 0xFFFFFFFF


def head(tag: int, length: int) -> bytes:
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, length)


def sequence(inner: bytes, tag: int = REFERENCES) -> bytes:
    return head(tag, len(inner)) + inner


def nested(depth: int) -> bytes:
    opened = (head(REFERENCES, UNDEFINED) + head(ITEM, UNDEFINED)) * depth
    return opened + (head(ITEM_END, 0) + head(SEQUENCE_END, 0)) * depth


def references(count: int) -> Dataset:
    ds = Dataset()
    ds.SpecificCharacterSet, ds.PatientName = "\\ISO 2022 IR 87", "YAMADA^TARO=山田^太郎"
    ds.TransactionUID, ds.Rows, ds.PatientComments = "1.2.3", 512, ""
    ds.ReferencedSOPSequence = []
    for number in range(count):
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", f"1.2.{number}"
        ds.ReferencedSOPSequence.append(item)
    return ds


@pytest.mark.parametrize(("implicit", "little"), [(True, True), (False, True), (False, False)])
def test_what_is_whole_comes_back(implicit: bool, little: bool) -> None:
    said = references(3)
    encoded = encode(said, implicit, little)
    assert encoded is not None
    assert said == read_dataset(encoded, explicit=not implicit, big_endian=not little)


def test_a_commitment_of_ten_thousand_instances_is_read() -> None:
    encoded = encode(references(10_000), True, True)
    assert encoded is not None
    assert 10_000 == len(read_dataset(encoded, explicit=False, big_endian=False).ReferencedSOPSequence)


@pytest.mark.parametrize("delimited", [False, True])
def test_a_commitment_of_ten_thousand_instances_with_reasons_is_read(delimited: bool) -> None:
    said = references(10_000)
    for item in said.ReferencedSOPSequence:
        item.FailureReason, item.RetrieveAETitle = 0x0110, "A"
        item.is_undefined_length_sequence_item = delimited
    encoded = encode(said, False, True)
    assert encoded is not None
    assert 10_000 == len(read_dataset(encoded, explicit=True, big_endian=False).ReferencedSOPSequence)


@pytest.mark.parametrize(
    "data",
    [
        sequence(head(ITEM, 0) * (FOUR_MIB // 8 - 1)),
        head(REFERENCES, UNDEFINED) + head(ITEM, 0) * (FOUR_MIB // 8),
        b"".join(head(0x00091000 + number, 0) for number in range(MOST_PARTS + 1)),
        # Not a sequence by its length, but every value of it is an object.
        head(0x00081160, FOUR_MIB) + b"1\\" * (FOUR_MIB // 2),
        head(0x00280010, FOUR_MIB) + bytes(FOUR_MIB),
        nested(DEEPEST + 1),
        nested(100_000),
    ],
    ids=["items", "items without a length", "elements", "texts", "numbers", "deep", "very deep"],
)
def test_what_would_cost_much_is_refused_before_it_does(data: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(BrokenDataSet):
            read_dataset(data, explicit=False, big_endian=False)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20 * 2**20


def test_as_deep_as_it_may_be_is_read() -> None:
    assert [REFERENCES] == [element.tag for element in read_whole(nested(DEEPEST), explicit=False, big_endian=False)]


@pytest.mark.parametrize(
    "data",
    [
        head(STUDY, 6) + b"1.2.3",
        head(STUDY, 6) + b"1.2.3\0" + head(STUDY, 4) + b"1.3\0",
        head(STUDY, 4) + b"1.2\0" + b"\x20\0",
        head(REFERENCES, UNDEFINED) + head(ITEM, 0),
        sequence(head(ITEM, 8)),
        sequence(head(STUDY, 0)),
        head(ITEM, 0),
        head(ROWS, 3) + b"abc",
        head(STUDY, UNDEFINED) + head(SEQUENCE_END, 0),
    ],
    ids=[
        "cut off",
        "twice",
        "remainder",
        "no end",
        "long item",
        "no item",
        "an item alone",
        "half a number",
        "no sequence",
    ],
)
def test_what_is_not_whole_is_refused(data: bytes) -> None:
    with pytest.raises(BrokenDataSet):
        read_dataset(data, explicit=False, big_endian=False)


def test_a_sequence_that_is_declared_as_something_else_is_refused() -> None:
    with pytest.raises(BrokenDataSet, match="is a sequence"):
        read_dataset(b"\x08\0\x40\x11AE\4\0CT1 ", explicit=True, big_endian=False)


def test_what_devices_do_is_taken() -> None:
    implicit = head(STUDY, 4) + b"1.2\0"
    unknown = struct.pack("<HH2sHI", 0x0008, 0x1140, b"UN", 0, len(sequence(b""))) + head(ITEM, 0)
    assert "1.2" == read_dataset(implicit + bytes(2), explicit=False, big_endian=False).StudyInstanceUID
    assert "1.2" == read_dataset(implicit, explicit=True, big_endian=False).StudyInstanceUID
    assert 1 == len(read_dataset(unknown, explicit=True, big_endian=False).ReferencedImageSequence)


ENCODED = [encode(references(2), *how) or b"" for how in ((True, True), (False, True), (False, False))]


@given(st.sampled_from(range(3)), st.integers(0, 200), st.binary(max_size=12), st.booleans())
def test_no_bytes_do_more_than_raise(which: int, at: int, instead: bytes, insert: bool) -> None:
    data = ENCODED[which]
    changed = data[:at] + instead + data[at + (0 if insert else len(instead)) :]
    with suppress(BrokenDataSet):
        read_dataset(changed, explicit=which > 0, big_endian=which > 1)
