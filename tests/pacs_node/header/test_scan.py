"""Proves that the header scan reads what a full reader reads, in every encoding, and that no bytes break it."""

from __future__ import annotations

import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset

from pacs_node.errors import InstanceRefused, MissingIdentifier, NotDicom
from pacs_node.header.person_name import encoded
from pacs_node.header.scan import DEFLATED, Header, scan
from pacs_node.ingest.part10 import read_header, write_header
from tests.support.objects import BIG_ENDIAN, EXPLICIT, IMPLICIT, ct, part10
from tests.support.shared_files import FOLDER, charset_expected, index, needs_shared_files

SYNTAXES = [EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED]
_TEXTS = {
    "StudyInstanceUID": "study_uid",
    "SeriesInstanceUID": "series_uid",
    "SOPInstanceUID": "sop_instance_uid",
    "SOPClassUID": "sop_class_uid",
    "Modality": "modality",
    "SeriesNumber": "series_number",
    "InstanceNumber": "instance_number",
    "Rows": "rows",
    "Columns": "columns",
}


def scan_file(content: bytes) -> Header:
    """The header of a whole file."""
    file = io.BytesIO(content)
    meta = read_header(file)
    return scan(file, meta.dataset_offset, meta.transfer_syntax_uid, meta.sop_class_uid)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_every_value_is_read_in_every_encoding(syntax: str) -> None:
    sent = ct(syntax, InstanceNumber=7, NumberOfFrames=2, pixels=bytes(1024))
    header = scan_file(sent.file)
    assert (sent.study, sent.sop_instance, sent.sop_class) == (
        header.study_uid,
        header.sop_instance_uid,
        header.sop_class_uid,
    )
    assert encoded(header.patient_name) == "Yamada^Taro=山田^太郎=やまだ^たろう"
    assert ("20260401", "093000.000000") == (header.study_date, header.study_time)
    assert ("P-1", "19700102", "M") == (header.patient_id, header.birth_date, header.sex)
    assert ("頭部単純ＣＴ", "HEAD", "CT") == (header.study_description, header.body_part, header.modality)
    assert (7, 2, 16, 16) == (header.instance_number, header.number_of_frames, header.rows, header.columns)


@needs_shared_files
@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, of the files that are broken
def test_real_files_are_read_as_pydicom_reads_them() -> None:
    differing = []
    compared = 0
    for line in index():
        content = (FOLDER / line["path"]).read_bytes()
        try:
            header = scan_file(content)
        except InstanceRefused:
            continue
        ds = dcmread(io.BytesIO(content), stop_before_pixels=True)
        for keyword, field in _TEXTS.items():
            if keyword.endswith("InstanceUID") and keyword not in ds:
                continue  # an object of no study, kept under a UID of ours
            expected, found = ds.get(keyword), getattr(header, field)
            if found != (
                None
                if expected in (None, "") and not isinstance(found, str)
                else ("" if expected is None else expected)
            ):
                differing.append((line["path"], keyword, expected, found))
        compared += 1
    assert differing == []
    assert compared > 400


@needs_shared_files
@pytest.mark.parametrize("path", [path for path in charset_expected() if path.startswith("charset/")])
def test_names_and_texts_of_every_character_set(path: str) -> None:
    header = scan_file((FOLDER / path).read_bytes())
    expected = charset_expected()[path]
    assert expected["PatientName"] == encoded(header.patient_name)
    assert expected.get("StudyDescription", header.study_description) == header.study_description


def test_impossible_dates_and_times_are_unknown() -> None:
    # Same lengths, so that the bytes can be put in by hand.
    content = ct().file.replace(b"20260401", b"20261341").replace(b"093000", b"996199")
    header = scan_file(content)
    assert ("", "") == (header.study_date, header.study_time)


def test_control_characters_are_cleaned_for_the_index() -> None:
    header = scan_file(ct().file.replace(b"Yamada^Taro", b"Yam\0da^T\x1b[o").replace(b"P-1 ", b"P\0\n1"))
    assert header.patient_name.alphabetic == "Yamda^T[o"
    assert header.patient_id == "P1"


def test_a_value_that_lacks_its_end_is_not_read() -> None:
    content = ct().file
    at = content.rindex(b"\x20\0\x0d\0UI")
    with pytest.raises(MissingIdentifier):
        scan_file(content[: at + 20])


def test_sequences_of_undefined_length_are_walked_over() -> None:
    ds = dcmread(io.BytesIO(ct().file))
    inner = Dataset()
    inner.StudyInstanceUID = "9.9.9"
    middle = Dataset()
    middle.ReferencedSeriesSequence = [inner]
    middle["ReferencedSeriesSequence"].is_undefined_length = True
    ds.ReferencedStudySequence = [middle, middle]
    ds["ReferencedStudySequence"].is_undefined_length = True
    study = str(ds.StudyInstanceUID)
    assert scan_file(part10(ds).file).study_uid == study


def test_endless_nesting_is_refused() -> None:
    out = io.BytesIO()
    write_header(out, transfer_syntax_uid=IMPLICIT, sop_class_uid="1.2", sop_instance_uid="1.3")
    opening = b"\x08\0\x10\x11\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    with pytest.raises(NotDicom):
        scan_file(out.getvalue() + opening * 100_000)


def test_a_deflated_bomb_costs_little() -> None:
    out = io.BytesIO()
    write_header(out, transfer_syntax_uid=DEFLATED, sop_class_uid="1.2", sop_instance_uid="1.3")
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    bomb = b"".join(deflater.compress(bytes(2**20)) for _ in range(256)) + deflater.flush()
    with pytest.raises(InstanceRefused):
        scan_file(out.getvalue() + bomb)


@given(content=st.binary(max_size=600), syntax=st.sampled_from(SYNTAXES))
def test_random_bytes_raise_nothing_but_refusals(content: bytes, syntax: str) -> None:
    try:
        header = scan(io.BytesIO(content), 0, syntax)
    except InstanceRefused:
        return
    assert header.study_uid


_WHOLE = {syntax: ct(syntax).file for syntax in SYNTAXES}


@given(
    syntax=st.sampled_from(SYNTAXES),
    changes=st.lists(st.tuples(st.integers(132, 1200), st.integers(0, 255)), max_size=12),
    cut=st.integers(0, 1400),
)
def test_damaged_files_raise_nothing_but_refusals(syntax: str, changes: list[tuple[int, int]], cut: int) -> None:
    content = bytearray(_WHOLE[syntax])
    for at, value in changes:
        if at < len(content):
            content[at] = value
    try:
        scan_file(bytes(content[:cut]))
    except InstanceRefused:
        return
