"""Proves that frames are found in every way of keeping them, and given in the form that the client accepts."""

from __future__ import annotations

import io
import threading

import numpy as np
import pytest
from pydicom import dcmread, dcmwrite
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.filebase import DicomBytesIO
from starlette.testclient import TestClient

from dicomweb.wado.frames import frame_numbers
from test_data.small import small_instance
from tests.dicomweb.support import parts_of, store
from tests.dicomweb.wado.test_instances import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, JPEG_LS, RLE, stored_at

OCTETS = "application/octet-stream"
PARTS = f'multipart/related; type="{OCTETS}"'
JPEG = "1.2.840.10008.1.2.4.50"


def expected_frame(file: bytes) -> bytes:
    return np.ascontiguousarray(dcmread(DicomBytesIO(file)).pixel_array).astype("<u2").tobytes()


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN, RLE, JPEG_LS])
def test_uncompressed_is_little_endian_whatever_is_stored(sender: TestClient, syntax: str) -> None:
    file = small_instance(transfer_syntax=syntax)
    url = f"{stored_at(sender, file)}/frames/1"
    bare = sender.get(url, headers={"Accept": OCTETS})
    assert bare.content == expected_frame(file)
    assert bare.headers["content-type"] == f"{OCTETS}; transfer-syntax={EXPLICIT}"
    assert bare.headers["cache-control"] == "private, no-cache"
    ((headers, content),) = parts_of(sender.get(url, headers={"Accept": PARTS}))
    assert content == expected_frame(file)
    assert headers["content-location"] == url


@pytest.mark.parametrize("syntax", [RLE, JPEG_LS])
def test_a_viewer_gets_what_is_stored(sender: TestClient, syntax: str) -> None:
    file = small_instance(transfer_syntax=syntax)
    url = f"{stored_at(sender, file)}/frames/1"
    ((headers, content),) = parts_of(sender.get(url, headers={"Accept": f"{PARTS}; transfer-syntax=*"}))
    assert headers["content-type"] == f"{OCTETS}; transfer-syntax={syntax}"
    assert content in file
    image = {RLE: "image/dicom-rle", JPEG_LS: "image/jls"}[syntax]
    for accept in (
        f'multipart/related; type="{image}"',
        f'multipart/related; type="{image}"; transfer-syntax={syntax}',
    ):
        ((headers, same),) = parts_of(sender.get(url, headers={"Accept": accept}))
        assert (same, headers["content-type"]) == (content, f"{image}; transfer-syntax={syntax}")
    assert sender.get(url, headers={"Accept": image}).content == content


def jpeg_file(*, frames: list[bytes], pixel_data: bytes, extended: tuple[bytes, bytes] | None = None) -> bytes:
    """A multi-frame file of these codestreams; what they decode to does not matter here."""
    ds = dcmread(DicomBytesIO(small_instance(NumberOfFrames=len(frames))))
    ds.file_meta.TransferSyntaxUID = JPEG
    ds.PixelData = pixel_data
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    if extended:
        ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths = extended
    buffer = io.BytesIO()
    dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()


FRAMES = [b"\xff\xd8\xff\xdb" + bytes([number]) * size for number, size in ((1, 60), (2, 100), (3, 80))]


def encapsulations() -> dict[str, bytes]:
    whole, offsets, lengths = encapsulate_extended(FRAMES)
    files = {
        "offset table": jpeg_file(frames=FRAMES, pixel_data=encapsulate(FRAMES)),
        "no offset table": jpeg_file(frames=FRAMES, pixel_data=encapsulate(FRAMES, has_bot=False)),
        "fragments": jpeg_file(frames=FRAMES, pixel_data=encapsulate(FRAMES, fragments_per_frame=3)),
        "fragments, no table": jpeg_file(
            frames=FRAMES, pixel_data=encapsulate(FRAMES, fragments_per_frame=3, has_bot=False)
        ),
        "extended table": jpeg_file(frames=FRAMES, pixel_data=whole, extended=(offsets, lengths)),
        "wrong extended table": jpeg_file(frames=FRAMES, pixel_data=whole, extended=(lengths, offsets)),
    }
    wrong = bytearray(encapsulate(FRAMES))
    wrong[12] ^= 0x55
    files["wrong table"] = jpeg_file(frames=FRAMES, pixel_data=bytes(wrong))
    return files


@pytest.mark.parametrize("kind", encapsulations())
def test_frames_are_found_however_they_are_kept(sender: TestClient, kind: str) -> None:
    url = stored_at(sender, encapsulations()[kind])
    parts = parts_of(sender.get(f"{url}/frames/3,1", headers={"Accept": f"{PARTS}; transfer-syntax=*"}))
    assert [content.rstrip(b"\0") for _, content in parts] == [FRAMES[2], FRAMES[0]]
    assert parts[0][0]["content-location"] == f"{url}/frames/3"


def test_frames_that_can_not_be_told_apart_are_an_error(sender: TestClient) -> None:
    pixel_data = encapsulate([b"\xff\xd8\xff\xdb" + b"x" * 40, b"y" * 40], has_bot=False)
    url = stored_at(sender, jpeg_file(frames=FRAMES, pixel_data=pixel_data))
    answer = sender.get(f"{url}/frames/1", headers={"Accept": f"{PARTS}; transfer-syntax=*"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "broken_pixel_data")


def test_frames_of_single_bits_begin_at_a_byte(sender: TestClient) -> None:
    bits = np.random.default_rng(1).integers(0, 2, (3, 5, 5), dtype=np.uint8)
    packed = np.packbits(bits.reshape(-1), bitorder="little").tobytes()
    file = small_instance(
        Rows=5, Columns=5, NumberOfFrames=3, BitsAllocated=1, BitsStored=1, HighBit=0, PixelRepresentation=0,
        PixelData=packed + b"\0" * (len(packed) % 2), rows=5, columns=5,
    )  # fmt: skip
    url = stored_at(sender, file)
    for number in (1, 2, 3):
        content = sender.get(f"{url}/frames/{number}", headers={"Accept": OCTETS}).content
        found = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")[:25]
        assert found.tolist() == bits[number - 1].reshape(-1).tolist()


@pytest.mark.parametrize("frames", ["0", "x", "1,", "1-3", "-1", "1,0", "９", "1" * 10, ",".join(["1"] * 10_001)])
def test_what_is_no_list_of_frames(sender: TestClient, frames: str) -> None:
    answer = sender.get(f"{stored_at(sender, small_instance())}/frames/{frames}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_frame_number")


def test_past_the_last_frame(sender: TestClient) -> None:
    answer = sender.get(f"{stored_at(sender, small_instance())}/frames/1,2")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no_such_frame")
    assert answer.json()["error"]["details"] == {"frames": 1, "asked": 2}


@pytest.mark.parametrize("accept", ["image/jpeg", f"{PARTS}; transfer-syntax=1.2.840.10008.1.2.4.100", "text/html"])
def test_what_a_native_frame_is_not(sender: TestClient, accept: str) -> None:
    answer = sender.get(f"{stored_at(sender, small_instance())}/frames/1", headers={"Accept": accept})
    assert answer.status_code == 406
    assert OCTETS in answer.json()["error"]["details"]["offered"]


def test_several_frames_are_never_run_together(sender: TestClient) -> None:
    url = stored_at(sender, jpeg_file(frames=FRAMES, pixel_data=encapsulate(FRAMES)))
    assert sender.get(f"{url}/frames/1,2", headers={"Accept": f"{OCTETS}; transfer-syntax=*"}).status_code == 406


def test_an_object_without_pixels_has_no_frames(sender: TestClient) -> None:
    url = stored_at(sender, small_instance(PixelData=None))
    answer = sender.get(f"{url}/frames/1")
    assert (answer.status_code, answer.json()["error"]["code"]) == (406, "no_pixels")


def test_pixels_that_end_too_early_are_an_error_not_a_short_frame(sender: TestClient) -> None:
    url = stored_at(sender, small_instance(PixelData=b"\0" * 100))
    answer = sender.get(f"{url}/frames/1")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "broken_pixel_data")


def test_a_frame_that_the_browser_holds_is_asked_for_again_and_not_sent(sender: TestClient) -> None:
    url = f"{stored_at(sender, small_instance())}/frames/1"
    tag = sender.get(url).headers["etag"]
    again = sender.get(url, headers={"If-None-Match": f'W/"x", {tag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert sender.get(url, headers={"Accept": OCTETS, "If-None-Match": tag}).status_code == 200
    assert store(sender, small_instance(seed=2)).status_code == 200


def test_a_bare_frame_comes_in_ranges(sender: TestClient) -> None:
    file = small_instance(transfer_syntax=JPEG_LS)
    url = f"{stored_at(sender, file)}/frames/1"
    for accept in ("image/jls", OCTETS):
        whole = sender.get(url, headers={"Accept": accept})
        assert whole.headers["accept-ranges"] == "bytes"
        for _ in range(2):  # the long way, and at once
            part = sender.get(url, headers={"Accept": accept, "Range": "bytes=4-19"})
            assert (part.status_code, part.content) == (206, whole.content[4:20])
            assert part.headers["content-range"] == f"bytes 4-19/{len(whole.content)}"
            behind = sender.get(url, headers={"Accept": accept, "Range": f"bytes={len(whole.content)}-"})
            assert behind.status_code == 416
            assert behind.headers["content-range"] == f"bytes */{len(whole.content)}"
    parts = sender.get(url, headers={"Accept": PARTS, "Range": "bytes=4-19"})
    assert parts.status_code == 200


@pytest.mark.parametrize(
    ("accept", "syntax"),
    [
        ("image/jphc", "1.2.840.10008.1.2.4.202"),
        ("image/jphc; transfer-syntax=1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.201"),
        ("image/jp2", "1.2.840.10008.1.2.4.90"),
        (f"{OCTETS}; transfer-syntax={JPEG_LS}", JPEG_LS),
        ("image/dicom-rle", RLE),
    ],
)
@pytest.mark.parametrize("stored", [EXPLICIT, JPEG_LS, BIG_ENDIAN])
def test_a_frame_is_compressed_for_who_asks(sender: TestClient, accept: str, syntax: str, stored: str) -> None:
    file = small_instance(transfer_syntax=stored)
    url = f"{stored_at(sender, file)}/frames/1"
    answer = sender.get(url, headers={"Accept": accept})
    assert answer.headers["content-type"].endswith(f"transfer-syntax={syntax}")
    ds = dcmread(DicomBytesIO(file))
    ds.file_meta.TransferSyntaxUID = syntax
    ds.PixelData = encapsulate([answer.content])
    ds["PixelData"].VR = "OB"
    assert np.array_equal(ds.pixel_array, dcmread(DicomBytesIO(file)).pixel_array)


def test_what_is_offered_is_to_be_had(sender: TestClient) -> None:
    url = f"{stored_at(sender, small_instance())}/frames/1"
    refused = sender.get(url, headers={"Accept": "text/html"})
    assert refused.status_code == 406
    offered = refused.json()["error"]["details"]["offered"]
    assert len(offered) > 5
    for accept in offered:
        assert sender.get(url, headers={"Accept": accept}).status_code == 200


@pytest.mark.parametrize(("count", "on_the_loop"), [(32, True), (33, False)])
def test_a_long_list_is_not_made_on_the_event_loop(
    sender: TestClient, monkeypatch: pytest.MonkeyPatch, count: int, on_the_loop: bool
) -> None:
    url = f"{stored_at(sender, small_instance())}/frames"
    assert sender.get(f"{url}/1").status_code == 200
    places = []

    def noted(text: str) -> list[int]:
        places.append("worker" not in threading.current_thread().name)
        return frame_numbers(text)

    monkeypatch.setattr("dicomweb.wado.frames.frame_numbers", noted)
    answer = sender.get(f"{url}/{','.join('1' * count)}", headers={"Accept": PARTS})
    assert len(parts_of(answer)) == count
    assert (True in places) is on_the_loop
