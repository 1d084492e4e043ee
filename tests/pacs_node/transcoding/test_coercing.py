"""Proves that rules for a peer change the header alone, in little memory, and that what is made needs room."""

from __future__ import annotations

import os
import struct
import threading
import tracemalloc
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEGBaseline8Bit

from pacs_node.model import InstanceRecord
from pacs_node.transcoding.errors import BrokenPixels
from pacs_node.transcoding.outgoing import outgoing
from pacs_node.transcoding.workspace import NoRoom, Workspace
from tests.pacs_node.transcoding.test_outgoing import EXPLICIT_LITTLE, IMPLICIT_LITTLE, read, record_of
from tests.support.objects import ct

RULES = ('out StudyDescription: set "THORAX"', 'out AccessionNumber: prefix "MINATO-"')
JAPANESE = ('out StudyDescription: set "胸部"',)


def large(folder: Path, megabytes: int) -> Path:
    """An instance with so many megabytes of pixels."""
    path = folder / "large.dcm"
    path.write_bytes(ct(StudyDescription="CHEST", AccessionNumber="A1", pixels=bytes(megabytes * 2**20)).file)
    return path


@pytest.mark.parametrize("rules", [RULES, JAPANESE])
@pytest.mark.parametrize("syntax", [EXPLICIT_LITTLE, IMPLICIT_LITTLE])
def test_a_large_instance_is_changed_in_little_memory(tmp_path: Path, rules: tuple[str, ...], syntax: str) -> None:
    record = record_of(large(tmp_path, 64))
    tracemalloc.start()
    try:
        with outgoing(record, syntax, rules, Workspace(lambda: tmp_path / "work")) as made:
            _, peak = tracemalloc.get_traced_memory()
            size, head = made.length, os.pread(made.file, 4096, made.offset)
    finally:
        tracemalloc.stop()
    assert peak < 16 * 2**20
    assert size > 64 * 2**20
    assert b"CHEST" not in head
    assert [] == list((tmp_path / "work").iterdir()), "no name, nothing to be left by a crash"


def test_pixels_and_everything_else_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "one.dcm"
    pixels = bytes(range(256)) * 64
    path.write_bytes(ct(StudyDescription="CHEST", AccessionNumber="A1", pixels=pixels).file)
    record = record_of(path)
    with outgoing(record, EXPLICIT_LITTLE, RULES) as made:
        changed = read(os.pread(made.file, made.length, made.offset), EXPLICIT_LITTLE)
    before = read(path.read_bytes()[record.dataset_offset :], EXPLICIT_LITTLE)
    assert ("THORAX", "MINATO-A1", pixels) == (changed.StudyDescription, changed.AccessionNumber, changed.PixelData)
    before.StudyDescription, before.AccessionNumber = changed.StudyDescription, changed.AccessionNumber
    assert before == changed


def test_a_deflated_data_set_stays_deflated(tmp_path: Path) -> None:
    path = tmp_path / "one.dcm"
    path.write_bytes(ct(StudyDescription="CHEST").file)
    made = dcmread(path)
    made.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    made.save_as(path, enforce_file_format=True)
    with outgoing(record_of(path), str(DeflatedExplicitVRLittleEndian), RULES) as sent:
        data = os.pread(sent.file, sent.length, sent.offset)
    assert 0 == len(data) % 2
    assert "THORAX" == read(zlib.decompressobj(-zlib.MAX_WBITS).decompress(data), EXPLICIT_LITTLE).StudyDescription


def test_without_room_nothing_is_made(tmp_path: Path) -> None:
    work = Workspace(lambda: tmp_path / "work", min_free=2**62)
    with pytest.raises(NoRoom, match="no space"), outgoing(record_of(large(tmp_path, 1)), EXPLICIT_LITTLE, RULES, work):
        pass
    with outgoing(record_of(large(tmp_path, 1)), EXPLICIT_LITTLE, (), work) as sent:
        assert sent.length > 2**20, "what goes as it is stored needs none"


def test_so_many_are_made_ready_at_once(tmp_path: Path) -> None:
    work = Workspace(lambda: tmp_path / "work", most=1, longest_wait=0.05)
    record = record_of(large(tmp_path, 1))
    with work.working(), pytest.raises(NoRoom, match="too many"), outgoing(record, EXPLICIT_LITTLE, RULES, work):
        pass
    with outgoing(record, EXPLICIT_LITTLE, RULES, work), outgoing(record, EXPLICIT_LITTLE, RULES, work):
        pass  # while it is sent, which may take long, others can be made ready


def test_the_wait_for_others_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float | None] = []

    class Taken(threading.BoundedSemaphore):
        def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
            waited.append(timeout)
            return False

    monkeypatch.setattr("pacs_node.transcoding.workspace.threading.BoundedSemaphore", Taken)
    with pytest.raises(NoRoom, match="too many"), Workspace(Path).working():
        pass
    assert [300] == waited


def test_a_broken_header_is_told(tmp_path: Path) -> None:
    path = large(tmp_path, 1)
    record = record_of(path)
    with path.open("r+b") as file:
        file.truncate(record.dataset_offset + 60)
    with pytest.raises(BrokenPixels), outgoing(record, EXPLICIT_LITTLE, RULES):
        pass


def element(tag: int, vr: str, value: bytes) -> bytes:
    """One element in explicit VR little endian, whatever its value."""
    value += b" " * (len(value) % 2)
    start = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr.encode()
    if vr in ("OB", "OW", "SQ"):
        return start + struct.pack("<HI", 0, len(value)) + value
    return start + struct.pack("<H", len(value)) + value


def with_elements(folder: Path, data_set: bytes, syntax: str = EXPLICIT_LITTLE) -> InstanceRecord:
    """An instance with these elements alone."""
    path = folder / "made.dcm"
    image = ct()
    path.write_bytes(image.file)
    record = replace(record_of(path), transfer_syntax_uid=syntax)
    path.write_bytes(image.file[: record.dataset_offset] + data_set)
    return record


CHARACTER_SET = element(0x00080005, "CS", b"ISO_IR 100")
DESCRIPTION = element(0x00081030, "LO", b"CHEST CT")
PIXELS = element(0x7FE00010, "OW", bytes(16))


@pytest.mark.parametrize(
    "broken",
    [
        element(0x00189073, "FD", b"1234"),
        element(0x00280011, "UL", b"\1\0"),
        element(0x00280010, "ZZ", b"\1\0"),
    ],
    ids=["short FD", "short UL", "unknown VR"],
)
def test_one_bad_value_fails_its_instance_alone(tmp_path: Path, broken: bytes) -> None:
    made = with_elements(tmp_path, CHARACTER_SET + DESCRIPTION + broken + PIXELS)
    work = Workspace(lambda: tmp_path / "work")
    with pytest.raises(BrokenPixels), outgoing(made, EXPLICIT_LITTLE, JAPANESE, work):
        pass


def item(value: bytes) -> bytes:
    """An item, or a fragment."""
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(value)) + value


SEQUENCE_END, ITEM_END = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0), struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
FRAGMENT = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")
COMPRESSED = struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OB", 0, 0xFFFFFFFF) + item(b"") + item(FRAGMENT) + SEQUENCE_END
ICON = element(0x00280010, "US", b"\1\0") + COMPRESSED
OPEN_ITEM = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
OPEN_ICONS = struct.pack("<HH2sHI", 0x88, 0x200, b"SQ", 0, 0xFFFFFFFF) + OPEN_ITEM + ICON + ITEM_END + SEQUENCE_END


@pytest.mark.parametrize("rules", [RULES, JAPANESE])
@pytest.mark.parametrize("icons", [element(0x00880200, "SQ", item(ICON)), OPEN_ICONS], ids=["lengths", "delimiters"])
def test_a_compressed_icon_stays_as_it_is(tmp_path: Path, icons: bytes, rules: tuple[str, ...]) -> None:
    made = with_elements(tmp_path, CHARACTER_SET + DESCRIPTION + icons + COMPRESSED, str(JPEGBaseline8Bit))
    with outgoing(made, str(JPEGBaseline8Bit), rules, Workspace(lambda: tmp_path / "work")) as sent:
        data = os.pread(sent.file, sent.length, sent.offset)
    changed = read(data, EXPLICIT_LITTLE)
    assert changed.StudyDescription in ("THORAX", "胸部")
    assert COMPRESSED[12:-8] == changed.PixelData == changed.IconImageSequence[0].PixelData
    assert data.endswith(COMPRESSED)


@pytest.mark.parametrize("rules", [RULES, JAPANESE, ()])
@pytest.mark.parametrize("wanted", [EXPLICIT_LITTLE, IMPLICIT_LITTLE])
def test_what_declares_explicit_and_is_implicit_goes_out(tmp_path: Path, wanted: str, rules: tuple[str, ...]) -> None:
    texts = dict.fromkeys(["PatientName", "ReferringPhysicianName"], "X")
    implicit = ct(IMPLICIT_LITTLE, SpecificCharacterSet="ISO_IR 100", StudyDescription="CHEST", **texts)
    made = with_elements(tmp_path, implicit.data_set, EXPLICIT_LITTLE)
    with outgoing(made, wanted, rules, Workspace(lambda: tmp_path / "work")) as sent:
        data = os.pread(sent.file, sent.length, sent.offset)
    changed = read(data, IMPLICIT_LITTLE)
    description = {RULES: "THORAX", JAPANESE: "胸部", (): "CHEST"}[rules]
    assert (description, bytes(512)) == (changed.StudyDescription, changed.PixelData)
