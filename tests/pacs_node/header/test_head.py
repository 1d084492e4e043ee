"""Proves that reading a header from memory says what the thorough walk says, or leaves it to that walk."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacs_node.errors import InstanceRefused
from pacs_node.header.scan import Header, scan, scan_head
from pacs_node.ingest.part10 import read_header
from tests.support.objects import BIG_ENDIAN, EXPLICIT, IMPLICIT, ct
from tests.support.shared_files import FOLDER, index, needs_shared_files

HEAD = 32 * 1024
WHOLE = {syntax: ct(syntax, pixels=b"").data_set for syntax in (EXPLICIT, IMPLICIT)}


def both(data: bytes, offset: int, syntax: str, **said: str) -> tuple[Header | str | None, Header | str]:
    """What the two ways say: a header or the code of a refusal; None where the first leaves it to the second."""

    def told(way: object) -> Header | str | None:
        try:
            return way()  # type: ignore[operator, no-any-return]
        except InstanceRefused as refusal:
            return refusal.code

    quick = told(lambda: scan_head(data[:HEAD], offset, syntax, **said))
    thorough = told(lambda: scan(io.BytesIO(data), offset, syntax, **said))
    assert thorough is not None
    return quick, thorough


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
def test_an_ordinary_image_is_read_from_memory(syntax: str) -> None:
    for _ in range(3):  # the second one of a kind takes another way
        quick, thorough = both(ct(syntax).data_set, 0, syntax)
        assert quick == thorough
        assert isinstance(quick, Header)


def test_a_series_shares_its_likeness_and_no_more() -> None:
    same = {"StudyInstanceUID": "2.25.7", "SeriesInstanceUID": "2.25.8"}
    headers = [
        scan_head(ct(**same, **more).data_set, 0, EXPLICIT)
        for more in (
            {"InstanceNumber": 1},
            {"InstanceNumber": 2},
            {"InstanceNumber": 3},
            {"PatientName": "Sato^Hanako"},
        )
    ]
    _, second, third, other = headers
    assert second is not None
    assert third is not None
    assert other is not None
    assert second.likeness is third.likeness is not None
    assert (second.instance_number, third.instance_number) == (2, 3)
    assert second.sop_instance_uid != third.sop_instance_uid
    assert other.likeness is not second.likeness
    assert other.patient_name.alphabetic == "Sato^Hanako"


def test_another_character_set_is_another_likeness() -> None:
    data = ct(EXPLICIT).data_set
    plain, overridden = scan_head(data, 0, EXPLICIT), scan_head(data, 0, EXPLICIT, character_set="ISO_IR 100")
    assert plain is not None
    assert overridden is not None
    assert plain.likeness is not overridden.likeness


@pytest.mark.parametrize("syntax", [BIG_ENDIAN, "1.2.840.10008.1.2.1.99"])
def test_what_is_unusual_is_left_to_the_thorough_walk(syntax: str) -> None:
    assert scan_head(ct(syntax).data_set, 0, syntax) is None


@settings(max_examples=400, deadline=None)
@given(data=st.data(), syntax=st.sampled_from([EXPLICIT, IMPLICIT]))
def test_damaged_bytes_are_never_read_otherwise(data: st.DataObject, syntax: str) -> None:
    whole = bytearray(WHOLE[syntax])
    for _ in range(data.draw(st.integers(0, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    quick, thorough = both(bytes(whole[:cut]), 0, syntax)
    assert quick is None or quick == thorough


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=600))
def test_random_bytes_are_never_read_otherwise(noise: bytes) -> None:
    for syntax in (EXPLICIT, IMPLICIT):
        quick, thorough = both(noise, 0, syntax)
        assert quick is None or quick == thorough


@needs_shared_files
def test_real_files_are_read_alike() -> None:
    from_memory = 0
    for line in index():
        data = (FOLDER / line["path"]).read_bytes()
        try:
            meta = read_header(io.BytesIO(data))
        except InstanceRefused:
            continue  # no Part 10 file: there is nothing to scan
        quick, thorough = both(data, meta.dataset_offset, meta.transfer_syntax_uid, sop_class_uid=meta.sop_class_uid)
        assert quick is None or quick == thorough, line["path"]
        from_memory += isinstance(quick, Header)
    assert from_memory > len(index()) / 2


def test_objects_without_a_study_share_no_likeness() -> None:
    def padded(number: int) -> Header | None:
        data = ct(StudyInstanceUID="2.25", SeriesInstanceUID="2.26", SOPInstanceUID=f"1.2.{number}").data_set
        return scan_head(data.replace(b"2.25", b"\0\0\0\0").replace(b"2.26", b"    "), 0, EXPLICIT)

    one, other = padded(3), padded(4)
    assert one is not None
    assert other is not None
    assert one.study_uid != other.study_uid
