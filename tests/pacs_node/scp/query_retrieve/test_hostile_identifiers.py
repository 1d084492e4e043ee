"""Proves that no key of a query gets lost on the way: it counts, however long it is, or the query is refused."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from pacs_node.header.elements import BrokenDataSet
from pacs_node.scp.query_retrieve.identifier import read_identifier
from pacs_node.upper_layer.command_set import ERROR_COMMENT, encode
from pacs_node.upper_layer.requestor import Proposal, Requestor
from tests.pacs_node.scp.query_retrieve.conftest import STUDY_FIND, Find, keys

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
LEVEL, PATIENT_ID, STUDY_UID, NAME = 0x00080052, 0x00100020, 0x0020000D, 0x00100010
MODALITIES, REFERENCES = 0x00080061, 0x00081110
UNDEFINED = 0xFFFFFFFF
CLOSED = b"\xfe\xff\xdd\xe0\0\0\0\0"


def element(tag: int, value: bytes, length: int | None = None) -> bytes:
    value += b" " * (len(value) % 2)
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(value) if length is None else length) + value


STUDIES = element(LEVEL, b"STUDY")


def answered(address: tuple[str, int], identifier: bytes) -> tuple[list[int], str]:
    """The statuses to a query in implicit VR, and the last comment."""
    proposals = [Proposal(STUDY_FIND, (IMPLICIT,))]
    how = {"calling": "FINDER", "called": "DOKUEI", "implementation_class_uid": "2.25.1"}
    statuses = []
    with Requestor.open(address, proposals=proposals, **how) as association:
        command = {0x0002: STUDY_FIND, 0x0100: 0x0020, 0x0110: 1, 0x0700: 0, 0x0800: 1}
        association.send(1, encode(command), identifier)
        while not statuses or statuses[-1] in (0xFF00, 0xFF01):
            response = association.receive().command
            statuses.append(response.status)
    return statuses, response.text(ERROR_COMMENT)


@pytest.mark.parametrize(
    ("identifier", "status", "word"),
    [
        (STUDIES + element(PATIENT_ID, b"P" * 100_000) + element(STUDY_UID, b""), 0xA900, "PatientID"),
        (STUDIES + element(NAME, b"A" * 70_000) + element(STUDY_UID, b""), 0xA900, "PatientName"),
        (STUDIES + element(NAME, b"SATO=A=B=C") + element(STUDY_UID, b""), 0xA900, "PatientName"),
        (STUDIES + element(NAME, b"=" * 200) + element(STUDY_UID, b""), 0xA900, "PatientName"),
        (
            element(LEVEL, b"STUDY") + element(MODALITIES, b"\\".join(b"M%d" % n for n in range(1000))),
            0xA900,
            "ModalitiesInStudy",
        ),
        (STUDIES + element(STUDY_UID, b"\\".join(b"1.%d" % n for n in range(5001))), 0xA900, "StudyInstanceUID"),
        (STUDIES + element(PATIENT_ID, CLOSED, UNDEFINED), 0xC001, "(0010,0020)"),
        (STUDIES + element(PATIENT_ID, b"P-", 10), 0xC001, "(0010,0020)"),
        (STUDIES + element(PATIENT_ID, b"P-1") + element(PATIENT_ID, b""), 0xC001, "(0010,0020)"),
        (STUDIES + element(REFERENCES, b"\xfe\xff\0\xe0\0\0\0\0" * 70_000), 0xC001, "more than"),
    ],
)
def test_what_can_not_be_a_key_is_refused_by_name(
    asked: tuple[str, int], identifier: bytes, status: int, word: str
) -> None:
    statuses, comment = answered(asked, identifier)
    assert ([status], True) == (statuses, word in comment), comment


def test_thousands_of_uids_are_looked_for(asked: tuple[str, int]) -> None:
    """More than 64 KiB of them, which once counted as no key at all."""
    others = [b"1.2.392.200036.9116.2.6.1.48.%020d.%d" % (7, number) for number in range(4998)]
    uids = b"\\".join([b"1.1", *others, b"1.3"])
    assert len(uids) > 64 * 1024
    assert [0xFF00, 0xFF00, 0] == answered(asked, STUDIES + element(STUDY_UID, uids))[0]


def test_a_hundred_modalities_and_many_repetitions_are_looked_for(find: Find) -> None:
    many = [*(f"M{number}" for number in range(99)), *["MR"] * 900]
    found, _ = find(keys("STUDY", StudyInstanceUID="", ModalitiesInStudy=many))
    assert ["1.2"] == [ds.StudyInstanceUID for ds in found]


def test_a_sequence_of_keys_is_told_as_not_matched(find: Find) -> None:
    item = Dataset()
    item.ReferencedSOPInstanceUID = "9.9"
    found, statuses = find(keys("STUDY", StudyInstanceUID="1.2", ReferencedStudySequence=[item]))
    assert (1, [0xFF01, 0]) == (len(found), statuses)


@given(st.binary(max_size=200), st.sampled_from([IMPLICIT, EXPLICIT, "1.2.840.10008.1.2.2"]))
def test_whatever_bytes_are_an_identifier_or_are_refused(data: bytes, syntax: str) -> None:
    try:
        identifier = read_identifier(data, syntax)
    except BrokenDataSet:
        return
    assert all(isinstance(value, str) for value in identifier.keys.values())
