"""Proves that stored instances go out in native syntaxes with the same pixels, and with every other byte kept."""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filereader import read_dataset
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, RLELossless

from pacs_node.header.elements import BrokenDataSet
from pacs_node.ingest.part10 import read_header
from pacs_node.model import InstanceRecord
from pacs_node.transcoding.encoders import encode
from pacs_node.transcoding.errors import BrokenPixels, NotTranscodable
from pacs_node.transcoding.outgoing import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, NATIVE, outgoing, reachable
from pacs_node.transcoding.rewrite import ENCODINGS, Rewriter
from shared_kernel.clock import SystemClock
from tests.support.objects import Part10, ct, part10
from tests.support.shared_files import FOLDER, index, needs_shared_files


def record_of(path: Path) -> InstanceRecord:
    with path.open("rb") as file:
        meta = read_header(file)
    return InstanceRecord(
        study_uid="1",
        series_uid="1",
        sop_instance_uid=meta.sop_instance_uid,
        sop_class_uid=meta.sop_class_uid,
        transfer_syntax_uid=meta.transfer_syntax_uid,
        site_code="CLINIC",
        path=path,
        dataset_offset=meta.dataset_offset,
        size=path.stat().st_size,
        received_at=SystemClock().now(),
    )


def sent(path: Path, syntax: str, rules: tuple[str, ...] = ()) -> bytes:
    with outgoing(record_of(path), syntax, rules) as made:
        return os.pread(made.file, made.length, made.offset)


def read(data: bytes, syntax: str) -> Dataset:
    ds = read_dataset(io.BytesIO(data), is_implicit_VR=syntax == IMPLICIT_LITTLE, is_little_endian=True)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    return ds


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    return tmp_path / "stored.dcm"


def rich(syntax: str) -> Part10:
    """An image with sequences, private elements and numbers of every width."""
    item = Dataset()
    item.PixelSpacing, item.ReferencedFrameNumber = [0.5, 0.5], 3
    inner = Dataset()
    inner.CodeValue, inner.CodeMeaning = "T-1", "頭部"
    item.AnatomicRegionSequence = Sequence([inner, Dataset()])
    shorts = np.arange(256, dtype="<u2")
    order = ">" if syntax == EXPLICIT_BIG else "<"
    ds = dcmread(io.BytesIO(ct(EXPLICIT_LITTLE, pixels=b"\0" * 512).file))
    ds.PixelData = shorts.astype(f"{order}u2").tobytes()
    ds.SmallestImagePixelValue = 7
    ds.RequestAttributesSequence = Sequence([item])
    ds.ReferencedImageSequence = Sequence([])
    ds.FrameIncrementPointer = 0x00181063
    ds.DopplerCorrectionAngle = 1.25
    block = ds.private_block(0x0029, "DOKUEI TEST", create=True)
    block.add_new(0x01, "LO", "private")
    fresh = Dataset()
    fresh.update({element.tag: element for element in ds})
    return part10(fresh, syntax)


@pytest.mark.parametrize("source", [EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG])
@pytest.mark.parametrize("target", [EXPLICIT_LITTLE, IMPLICIT_LITTLE])
def test_native_syntaxes_become_each_other(stored: Path, source: str, target: str) -> None:
    stored.write_bytes(rich(source).file)
    made = read(sent(stored, target), target)
    before = dcmread(stored)
    assert np.array_equal(np.arange(256), made.pixel_array.ravel())
    assert str(before.PatientName) == str(made.PatientName)
    assert "頭部" == made.RequestAttributesSequence[0].AnatomicRegionSequence[0].CodeMeaning
    assert (2, 0) == (len(made.RequestAttributesSequence[0].AnatomicRegionSequence), len(made.ReferencedImageSequence))
    assert (7, 0x00181063, 1.25) == (
        made.SmallestImagePixelValue,
        made.FrameIncrementPointer,
        made.DopplerCorrectionAngle,
    )
    private = made[0x00291001].value
    assert "private" == (private if isinstance(private, str) else private.decode().strip())


def test_what_can_go_as_stored_is_not_touched(stored: Path) -> None:
    image = ct()
    stored.write_bytes(image.file)
    assert image.data_set == sent(stored, EXPLICIT_LITTLE)


def test_text_in_a_wrongly_declared_set_keeps_its_bytes(stored: Path) -> None:
    latin = dict.fromkeys(["PatientName", "ReferringPhysicianName", "StudyDescription"], "X")
    image = ct(SpecificCharacterSet="ISO_IR 100", PatientComments="x" * 12, **latin)
    shift_jis = "表ソ漢字ﾃｽﾄ".encode("cp932")[:12].ljust(12)
    stored.write_bytes(image.file.replace(b"x" * 12, shift_jis))
    assert shift_jis in sent(stored, IMPLICIT_LITTLE)


def test_deflated_and_compressed_go_out_native(stored: Path) -> None:
    image = ct(pixels=np.arange(256, dtype="<u2").tobytes())
    for syntax in (DeflatedExplicitVRLittleEndian, RLELossless):
        ds = dcmread(io.BytesIO(image.file))
        if syntax == RLELossless:
            ds.compress(RLELossless, generate_instance_uid=False)
        stored.write_bytes(part10(ds, syntax).file)
        for target in (EXPLICIT_LITTLE, IMPLICIT_LITTLE):
            made = read(sent(stored, target), target)
            assert np.array_equal(np.arange(256), made.pixel_array.ravel())
            assert image.sop_instance == made.SOPInstanceUID


def test_nothing_becomes_compressed(stored: Path) -> None:
    stored.write_bytes(ct().file)
    with pytest.raises(NotTranscodable), outgoing(record_of(stored), str(RLELossless)):
        pass


def test_a_damaged_codestream_is_named(stored: Path) -> None:
    ds = dcmread(io.BytesIO(ct(pixels=bytes(512)).file))
    ds.compress(RLELossless, generate_instance_uid=False)
    image = part10(ds, RLELossless)
    at = image.file.index(b"\xfe\xff\x00\xe0", image.file.index(b"\xe0\x7f\x10\x00") + 20)
    stored.write_bytes(image.file[: at + 8] + b"\xff" * (len(image.file) - at - 8))
    with pytest.raises(BrokenPixels), outgoing(record_of(stored), EXPLICIT_LITTLE):
        pass


def with_icon(colour: bool = False) -> Dataset:
    """A compressed image whose icon is compressed as well."""
    ds = dcmread(io.BytesIO(ct(pixels=np.arange(256, dtype="<u2").tobytes()).file))
    icon = Dataset()
    icon.SamplesPerPixel, icon.Rows, icon.Columns = 3 if colour else 1, 16, 16
    icon.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    icon.BitsAllocated = icon.BitsStored = 8
    icon.HighBit, icon.PixelRepresentation = 7, 0
    if colour:
        icon.PlanarConfiguration = 0
    icon.PixelData = bytes(range(256)) * icon.SamplesPerPixel
    icon["PixelData"].VR = "OB"
    icon.file_meta = FileMetaDataset()
    icon.file_meta.TransferSyntaxUID = EXPLICIT_LITTLE
    icon.set_original_encoding(False, True)
    icon.SOPClassUID, icon.SOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    icon.compress(RLELossless, generate_instance_uid=False)
    del icon.SOPClassUID, icon.SOPInstanceUID
    ds.compress(RLELossless, generate_instance_uid=False)
    ds.IconImageSequence = Sequence([icon])
    return ds


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("target", [EXPLICIT_LITTLE, IMPLICIT_LITTLE])
@pytest.mark.parametrize("defined", [False, True])
def test_a_compressed_icon_goes_out_native_too(stored: Path, target: str, *, colour: bool, defined: bool) -> None:
    """PS3.5 section A.4: an icon may or may not be compressed where the image is."""
    ds = with_icon(colour)
    ds.IconImageSequence[0].is_undefined_length_sequence_item = not defined
    stored.write_bytes(part10(ds, RLELossless).file)
    made = read(sent(stored, target), target)
    assert np.array_equal(np.arange(256), made.pixel_array.ravel())
    [icon] = made.IconImageSequence
    icon.file_meta = made.file_meta
    expected = np.tile(np.arange(256), 3 if colour else 1)
    assert np.array_equal(expected, icon.pixel_array.ravel())
    assert (8, "RGB" if colour else "MONOCHROME2") == (icon.BitsAllocated, icon.PhotometricInterpretation)
    assert "LossyImageCompression" not in icon
    assert (icon.get("PlanarConfiguration") == 0) is colour


def test_an_icon_that_is_native_stays_as_it_is(stored: Path) -> None:
    ds = with_icon()
    ds.decompress(generate_instance_uid=False)
    native = with_icon()
    icon = Dataset()
    icon.update({element.tag: element for element in native.IconImageSequence[0] if element.keyword != "PixelData"})
    icon.add_new(0x7FE00010, "OB", bytes(range(256)))
    native.IconImageSequence = Sequence([icon])
    stored.write_bytes(part10(native, RLELossless).file)
    [made] = read(sent(stored, EXPLICIT_LITTLE), EXPLICIT_LITTLE).IconImageSequence
    assert icon == made


@pytest.mark.parametrize("where", ["icon", "elsewhere"])
def test_compressed_pixels_in_a_sequence_that_can_not_be_decoded_are_named(stored: Path, where: str) -> None:
    ds = with_icon()
    if where == "icon":
        ds.IconImageSequence[0].PixelData = encapsulate([b"\x01\xff\xff\xff" * 4])
    else:
        ds.ReferencedImageSequence = ds.pop("IconImageSequence").value
    stored.write_bytes(part10(ds, RLELossless).file)
    with pytest.raises(BrokenPixels) as caught, outgoing(record_of(stored), EXPLICIT_LITTLE):
        pass
    assert ("its icon: " if where == "icon" else "compressed pixels") in str(caught.value.details["reason"])


def bomb() -> bytes:
    """A few bytes of JPEG 2000 that say that they are 22,000 × 22,000 pixels."""
    stream = encode(np.zeros((16, 16), np.uint16), JPEG2000Lossless, 16)
    size = struct.pack(">2I", 16, 16)
    return stream.replace(size, struct.pack(">2I", 22_000, 22_000), 1).replace(size, struct.pack(">2I", 22_000, 22_000))


@pytest.mark.parametrize("where", ["image", "icon"])
def test_a_decompression_bomb_reaches_no_decoder(stored: Path, where: str) -> None:
    ds = with_icon()
    sound = encode(np.zeros((16, 16), np.uint16), JPEG2000Lossless, 16)
    ds.PixelData = encapsulate([bomb() if where == "image" else sound])
    ds.IconImageSequence[0].PixelData = encapsulate([bomb()])
    stored.write_bytes(part10(ds, JPEG2000Lossless).file)
    with pytest.raises(BrokenPixels) as caught, outgoing(record_of(stored), EXPLICIT_LITTLE):
        pass
    reason = str(caught.value.details["reason"])
    assert "another size than the data set says: (22000, 22000)" in reason
    assert reason.startswith("its icon: ") is (where == "icon")


def test_frames_are_decoded_one_by_one(stored: Path) -> None:
    frames = np.random.default_rng(1).integers(0, 4096, (3, 16, 16)).astype(np.uint16)
    ds = dcmread(io.BytesIO(ct(pixels=bytes(512), NumberOfFrames=3).file))
    streams = [encode(frame, JPEG2000Lossless, 16) for frame in frames]
    ds.PixelData = encapsulate(streams)
    stored.write_bytes(part10(ds, JPEG2000Lossless).file)
    assert np.array_equal(frames, read(sent(stored, EXPLICIT_LITTLE), EXPLICIT_LITTLE).pixel_array)
    ds.NumberOfFrames = 4
    stored.write_bytes(part10(ds, JPEG2000Lossless).file)
    with pytest.raises(BrokenPixels):
        sent(stored, EXPLICIT_LITTLE)


def test_rules_of_the_peer_change_the_data_set(stored: Path) -> None:
    stored.write_bytes(ct(StudyDescription="CHEST").file)
    made = read(sent(stored, IMPLICIT_LITTLE, ('out StudyDescription: set "THORAX"',)), IMPLICIT_LITTLE)
    assert "THORAX" == made.StudyDescription


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400), st.sampled_from(sorted(ENCODINGS)), st.sampled_from([EXPLICIT_LITTLE, IMPLICIT_LITTLE]))
def test_any_bytes_end_in_order(data: bytes, source: str, target: str) -> None:
    out = io.BytesIO()
    try:
        Rewriter(io.BytesIO(data), out, ENCODINGS[source], ENCODINGS[target]).run(len(data))
    except BrokenDataSet:
        return
    assert len(out.getvalue()) <= 20 * len(data)


@needs_shared_files
@pytest.mark.parametrize(
    "row", [row for row in index() if row["path"].startswith("transfer_syntax/")], ids=lambda row: row["path"]
)
@pytest.mark.filterwarnings("ignore")
def test_every_transfer_syntax_goes_out_with_the_same_pixels(row: dict[str, str]) -> None:
    path = FOLDER / row["path"]
    record = record_of(path)
    targets = [each for each in reachable(record.transfer_syntax_uid) if each in (EXPLICIT_LITTLE, IMPLICIT_LITTLE)]
    if not targets:
        assert record.transfer_syntax_uid not in NATIVE
        return
    before = dcmread(path)
    try:
        expected = before.pixel_array
    except Exception:
        expected = None
    for target in targets:
        if expected is None:
            with pytest.raises(NotTranscodable):
                sent(path, target)
            continue
        made = read(sent(path, target), target)
        assert np.array_equal(expected, made.pixel_array), target
        assert before.SOPInstanceUID == made.SOPInstanceUID
