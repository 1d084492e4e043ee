"""Proves what is drawn: the right tones for every way of saying them, the right size, an error rather than a guess."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.encaps import encapsulate
from pydicom.filebase import DicomBytesIO
from starlette.testclient import TestClient

from dicomweb.errors import NoFont
from dicomweb.rendering.annotation import _font, font_file
from test_data.small import small_ct_series, small_instance
from tests.dicomweb.support import parts_of, store
from tests.dicomweb.wado.test_instances import stored_at

PNG = {"Accept": "image/png"}


def _has_font() -> bool:
    try:
        return font_file().is_file()
    except NoFont:
        return False


needs_font = pytest.mark.skipif(not _has_font(), reason="the font of Debian's fonts-noto-cjk is not installed")
STEPS = np.array([[0, 100, 200, 300], [400, 500, 600, 700]], np.uint16)


def picture(samples: NDArray[Any] = STEPS, **keywords: Any) -> bytes:
    """A file of exactly these samples: rows × columns (× 3)."""
    bits = samples.dtype.itemsize * 8
    data = samples.tobytes()
    said: dict[str, Any] = {
        "Rows": samples.shape[0],
        "Columns": samples.shape[1],
        "BitsAllocated": bits,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": int(samples.dtype.kind == "i"),
        "PixelData": data + b"\0" * (len(data) % 2),
        "RescaleSlope": None,
        "RescaleIntercept": None,
        "RescaleType": None,
        "WindowCenter": None,
        "WindowWidth": None,
    }
    return small_instance(**(said | keywords))


def drawn(client: TestClient, url: str, **params: str) -> list[Any]:
    answer = client.get(f"{url}/rendered", headers=PNG, params=params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    tones: list[Any] = np.asarray(Image.open(io.BytesIO(answer.content))).tolist()
    return tones


def linear(values: NDArray[Any], centre: float, width: float) -> list[Any]:
    """PS3.3 section C.11.2.1.2.1, written as the standard writes it."""
    x = values.astype(float)
    y = ((x - (centre - 0.5)) / (width - 1) + 0.5) * 255
    y[x <= centre - 0.5 - (width - 1) / 2] = 0
    y[x > centre - 0.5 + (width - 1) / 2] = 255
    tones: list[Any] = np.rint(y).astype(int).tolist()
    return tones


def test_without_a_window_all_that_occurs_is_shown(sender: TestClient) -> None:
    expected = [[0, 36, 73, 109], [146, 182, 219, 255]]
    assert drawn(sender, stored_at(sender, picture())) == expected


def test_padding_does_not_widen_the_range(sender: TestClient) -> None:
    samples = np.array([[-2000, 0], [50, 100]], np.int16)
    url = stored_at(sender, picture(samples, PixelPaddingValue=-2000))
    assert drawn(sender, url) == [[0, 0], [128, 255]]


def test_the_window_of_the_data_set_after_the_rescale(sender: TestClient) -> None:
    url = stored_at(
        sender, picture(RescaleSlope="2", RescaleIntercept="-100", WindowCenter=["300", "9"], WindowWidth=["801", "9"])
    )
    assert drawn(sender, url) == linear(STEPS * 2.0 - 100, 300, 801)


def test_the_window_that_is_asked_for_comes_first(sender: TestClient) -> None:
    url = stored_at(sender, picture(WindowCenter="1", WindowWidth="2"))
    assert drawn(sender, url, window="350,401,linear") == linear(STEPS, 350, 401)
    assert drawn(sender, url, window="350,400,linear-exact")[1][0] == round((50 / 400 + 0.5) * 255)
    assert drawn(sender, url, window="300,400,sigmoid")[0][3] == 128


def test_low_is_bright_in_monochrome1(sender: TestClient) -> None:
    plain = drawn(sender, stored_at(sender, picture()))
    inverse = drawn(sender, stored_at(sender, picture(PhotometricInterpretation="MONOCHROME1", SOPInstanceUID="1.2.3")))
    assert inverse == [[255 - tone for tone in row] for row in plain]


def test_what_lies_beside_a_sample_in_its_word_is_not_drawn(sender: TestClient) -> None:
    samples = np.array([[0, 1], [2, 4095]], np.uint16)
    plain = drawn(sender, stored_at(sender, picture(samples, BitsStored=12, HighBit=11)))
    overlay = samples | np.array([[0xF000, 0], [0x1000, 0x8000]], np.uint16)
    above = picture(overlay, BitsStored=12, HighBit=11, SOPInstanceUID="1.2.31")
    assert drawn(sender, stored_at(sender, above)) == plain
    below = picture((samples << 4) | 0xA, BitsStored=12, HighBit=15, SOPInstanceUID="1.2.32")
    assert drawn(sender, stored_at(sender, below)) == plain


def test_the_sign_is_the_highest_bit_that_is_stored(sender: TestClient) -> None:
    samples = np.array([[0x0FFF, 0x0000], [0x0001, 0x07FF]], np.uint16)  # -1, 0, 1, 2047 in 12 bits
    file = picture(samples, BitsStored=12, HighBit=11, PixelRepresentation=1, WindowCenter="0", WindowWidth="5")
    assert drawn(sender, stored_at(sender, file)) == linear(np.array([[-1, 0], [1, 2047]]), 0, 5)


def test_a_frame_that_is_all_the_same_is_black(sender: TestClient) -> None:
    assert drawn(sender, stored_at(sender, picture(np.full((1, 2), 7, np.uint16)))) == [[0, 0]]


def test_a_lut_that_begins_below_nought_but_says_so_in_us(sender: TestClient) -> None:
    samples = np.array([[-1024, -1000], [0, 3000]], np.int16)
    table = [0, *[10] * 24, *[200] * 5000]
    file = picture(samples, ModalityLUTSequence=[lut(65536 - 1024, table, 16)], WindowCenter="128", WindowWidth="256")
    assert drawn(sender, stored_at(sender, file)) == [[0, 10], [200, 200]]


def lut(first: int, table: list[int], bits: int) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(table), first, bits])
    item.add_new("LUTData", "OW", np.array(table, "<u2").tobytes())
    return item


def test_a_voi_lut_comes_before_a_window(sender: TestClient) -> None:
    table = [0] * 300 + [15] * 200 + [7] * 100
    url = stored_at(sender, picture(VOILUTSequence=[lut(0, table, 4)], WindowCenter="1", WindowWidth="2"))
    assert drawn(sender, url) == [[0, 0, 0, 255], [255, 119, 119, 119]]


def test_a_modality_lut(sender: TestClient) -> None:
    table = [1000 if value == 300 else 0 for value in range(701)]
    url = stored_at(sender, picture(ModalityLUTSequence=[lut(0, table, 16)], WindowCenter="500", WindowWidth="100"))
    assert drawn(sender, url) == [[0, 0, 0, 255], [0, 0, 0, 0]]


def palette(bits: int, scale: int) -> dict[str, Any]:
    said: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for colour, table in (("Red", [0, 255, 0]), ("Green", [0, 0, 128]), ("Blue", [9, 0, 255])):
        said[f"{colour}PaletteColorLookupTableDescriptor"] = [3, 10, bits]
        said[f"{colour}PaletteColorLookupTableData"] = np.array([value * scale for value in table], "<u2").tobytes()
    return said


@pytest.mark.parametrize(("bits", "scale"), [(16, 257), (16, 1)])
def test_a_palette_also_one_that_overstates_its_bits(sender: TestClient, bits: int, scale: int) -> None:
    samples = np.array([[10, 11], [12, 99]], np.uint8)
    url = stored_at(sender, picture(samples, **palette(bits, scale)))
    assert drawn(sender, url) == [[[0, 0, 9], [255, 0, 0]], [[0, 128, 255], [0, 128, 255]]]


@pytest.mark.parametrize("planar", [0, 1])
def test_colour(sender: TestClient, planar: int) -> None:
    samples = np.arange(12, dtype=np.uint8).reshape(2, 2, 3) * 20
    stored = samples if planar == 0 else samples.transpose(2, 0, 1)
    url = stored_at(
        sender,
        picture(
            samples, PixelData=stored.tobytes(), SamplesPerPixel=3, PhotometricInterpretation="RGB",
            PlanarConfiguration=planar,
        ),
    )  # fmt: skip
    assert drawn(sender, url) == samples.tolist()


def test_luminance_and_chrominance_become_rgb(sender: TestClient) -> None:
    samples = np.array([[[128, 128, 128], [76, 85, 255]]], np.uint8)
    url = stored_at(
        sender,
        picture(samples, SamplesPerPixel=3, PhotometricInterpretation="YBR_FULL", PlanarConfiguration=0),
    )
    assert np.allclose(drawn(sender, url), [[[128, 128, 128], [255, 0, 0]]], atol=2)


def test_each_frame_by_its_own_functional_groups(sender: TestClient) -> None:
    def group(centre: str) -> Dataset:
        window, item = Dataset(), Dataset()
        window.WindowCenter, window.WindowWidth = centre, "101"
        item.FrameVOILUTSequence = [window]
        return item

    frames = np.stack([STEPS, STEPS])
    file = picture(
        STEPS, NumberOfFrames=2, PixelData=frames.tobytes(),
        PerFrameFunctionalGroupsSequence=[group("100"), group("600")],
    )  # fmt: skip
    url = stored_at(sender, file)
    for number, centre in ((1, 100), (2, 600)):
        answer = sender.get(f"{url}/frames/{number}/rendered", headers=PNG)
        assert np.asarray(Image.open(io.BytesIO(answer.content))).tolist() == linear(STEPS, centre, 101)


def size(answer: Any) -> tuple[int, int]:
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(answer.content)).size


def test_the_viewport_keeps_proportions(sender: TestClient) -> None:
    url = f"{stored_at(sender, small_instance(rows=20, columns=40))}/rendered"
    assert size(sender.get(url)) == (40, 20)
    assert size(sender.get(url, params={"viewport": "100,100"})) == (100, 50)
    assert size(sender.get(url, params={"viewport": "10,100"})) == (10, 5)
    assert size(sender.get(url, params={"viewport": "10,10,0,0,20,20"})) == (10, 10)


def test_a_part_is_cut_out_and_turned(sender: TestClient) -> None:
    url = stored_at(sender, picture())
    whole = drawn(sender, url)
    assert drawn(sender, url, viewport="2,1,1,0,2,1") == [whole[0][1:3]]
    assert drawn(sender, url, viewport="4,2,0,0,-4,2") == [row[::-1] for row in whole]
    assert drawn(sender, url, viewport="4,2,0,0,4,-2") == whole[::-1]


def test_what_is_left_out_of_a_part_reaches_to_the_end(sender: TestClient) -> None:
    url = stored_at(sender, picture())
    whole = drawn(sender, url)
    assert drawn(sender, url, viewport="4,2,,,,") == whole
    assert drawn(sender, url, viewport="2,2,2,,,") == [row[2:] for row in whole]
    assert drawn(sender, url, viewport="4,2,,,-4,") == [row[::-1] for row in whole]


def test_fewer_pixels_are_always_labelled(sender: TestClient) -> None:
    """In the answer, and in the file for whoever gets it next."""
    url = f"{stored_at(sender, small_instance(rows=64, columns=64))}/rendered"
    label = "reduced; not for diagnosis"
    for media_type in ("image/jpeg", "image/png"):
        reduced = sender.get(url, params={"viewport": "32,32"}, headers={"Accept": media_type})
        assert reduced.headers["dokuei-rendition"] == f"{label}; 32x32 of 64x64"
        info = Image.open(io.BytesIO(reduced.content)).info
        told = info["comment"].decode() if media_type == "image/jpeg" else info["Comment"]
        assert told == f"{label}: 32x32 of 64x64"
    for params in ({}, {"viewport": "64,64"}, {"viewport": "32,32,0,0,32,32"}):
        assert "dokuei-rendition" not in sender.get(url, params=params).headers


def marks(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("L")).astype(int)


@needs_font
def test_words_are_burned_in_where_they_are_asked_for(sender: TestClient) -> None:
    url = f"{stored_at(sender, small_instance(rows=256, columns=256, PatientName='=𠮷田^太郎', KVP='120'))}/rendered"
    plain = marks(sender.get(url, headers=PNG))
    answer = sender.get(url, headers=PNG, params={"annotation": "patient"})
    changed = marks(answer) != plain
    assert changed[:60].any()
    assert not changed[128:].any()
    assert answer.headers["cache-control"] == "no-store"
    technique = marks(sender.get(url, headers=PNG, params={"annotation": "technique"})) != plain
    assert technique[-30:].any()
    assert not technique[:128].any()
    both = sender.get(url, headers=PNG, params={"annotation": "technique,patient"})
    assert ((marks(both) != plain) == (changed | technique)).all()
    small = sender.get(url, params={"annotation": "patient", "viewport": "40,40"})
    assert (small.status_code, small.json()["error"]["details"]["parameter"]) == (400, "annotation")


def test_no_font_is_said_so(sender: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Path:
        raise NoFont(font="Noto", package="fonts-noto-cjk")

    _font.cache_clear()
    monkeypatch.setattr("dicomweb.rendering.annotation.font_file", none)
    answer = sender.get(f"{stored_at(sender, small_instance())}/rendered", params={"annotation": "patient"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (406, "no_font")


def test_the_colour_space_is_told_where_it_is_asked_for(sender: TestClient) -> None:
    samples = np.arange(12, dtype=np.uint8).reshape(2, 2, 3) * 20
    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    file = picture(samples, SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0, ICCProfile=own)
    url = f"{stored_at(sender, file)}/rendered"

    def found(profile: str) -> Image.Image:
        return Image.open(io.BytesIO(sender.get(url, headers=PNG, params={"iccprofile": profile}).content))

    assert "icc_profile" not in found("no").info
    assert found("yes").info["icc_profile"] == own
    assert "icc_profile" in found("srgb").info
    assert np.asarray(found("yes")).tolist() == samples.tolist()
    assert np.abs(np.asarray(found("srgb")).astype(int) - samples).max() <= 1


def test_all_pictures_in_parts(sender: TestClient) -> None:
    frames = np.stack([STEPS, STEPS[::-1], STEPS])
    instance = stored_at(sender, picture(STEPS, NumberOfFrames=3, PixelData=frames.tobytes()))
    series, study = instance.partition("/instances/")[0], instance.partition("/series/")[0]
    parts = {"Accept": 'multipart/related; type="image/png"'}
    for url, numbers in (
        (instance, [1, 2, 3]),
        (series, [1, 2, 3]),
        (study, [1, 2, 3]),
        (f"{instance}/frames/3,1", [3, 1]),
    ):
        found = parts_of(sender.get(f"{url}/rendered", headers=parts))
        places = [headers["content-location"] for headers, _ in found]
        assert places == [f"{instance}/frames/{number}/rendered" for number in numbers]
        for place, (headers, content) in zip(places, found, strict=True):
            assert headers["content-type"] == "image/png"
            assert sender.get(place, headers=PNG).content == content
    assert sender.get(f"{instance}/thumbnail", headers=parts).status_code == 406
    assert sender.get(f"{instance}/frames/9,1/rendered", headers=parts).status_code == 404


def test_thumbnails_of_everything(sender: TestClient) -> None:
    store(sender, *small_ct_series(rows=256, columns=128))
    instance = sender.get("/dicomweb/instances").json()[0]["00081190"]["Value"][0]
    series, study = instance.partition("/instances/")[0], instance.partition("/series/")[0]
    for url in (instance, series, study, f"{instance}/frames/1"):
        assert size(sender.get(f"{url}/thumbnail")) == (64, 128)
        assert size(sender.get(f"{url}/rendered")) == (128, 256)


def test_jpeg_unless_asked_otherwise_and_by_quality(sender: TestClient) -> None:
    url = f"{stored_at(sender, small_instance(rows=64, columns=64))}/rendered"
    best, poor = sender.get(url, params={"quality": "100"}), sender.get(url, params={"quality": "5"})
    assert best.headers["content-type"] == "image/jpeg"
    assert len(poor.content) < len(best.content)
    assert sender.get(url, headers={"Accept": "image/jpeg, image/gif"}).headers["content-type"] == "image/jpeg"
    refused = sender.get(url, headers={"Accept": "image/gif, video/mp4"})
    offered = ["image/jpeg", "image/png"]
    offered += [f'multipart/related; type="{kind}"' for kind in offered]
    assert (refused.status_code, refused.json()["error"]["details"]["offered"]) == (406, offered)
    tag = best.headers["etag"]
    assert sender.get(url, params={"quality": "100"}, headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("window", "1"),
        ("window", "1,0"),
        ("window", "1,nan"),
        ("window", "1,2,cubic"),
        ("window", "a,b"),
        ("viewport", "0,10"),
        ("viewport", "10"),
        ("viewport", "99999,10"),
        ("viewport", "10,10,0,0,99,99"),
        ("viewport", "10,10,0,0,0,5"),
        ("viewport", "10,10,inf,0,5,5"),
        ("annotation", "patient,weather"),
        ("iccprofile", "adobergb"),
        ("quality", "0"),
        ("quality", "101"),
        ("quality", "best"),
    ],
)
def test_a_wrong_parameter_is_named(sender: TestClient, parameter: str, value: str) -> None:
    answer = sender.get(f"{stored_at(sender, small_instance())}/rendered", params={parameter: value})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_parameter")
    assert answer.json()["error"]["details"]["parameter"] == parameter


def compressed(syntax: str, codestream: bytes, **keywords: Any) -> bytes:
    ds = dcmread(DicomBytesIO(picture(**keywords)))
    ds.file_meta.TransferSyntaxUID = syntax
    ds.PixelData = encapsulate([codestream])
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    buffer = io.BytesIO()
    dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()


def a_jpeg(columns: int, rows: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (columns, rows), 100).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("file", "status", "code"),
    [
        (small_instance(PixelData=None), 406, "no_pixels"),
        (small_instance(PixelData=b"\0\0"), 422, "broken_pixel_data"),
        (small_instance(PhotometricInterpretation="HSV"), 422, "broken_pixel_data"),
        (small_instance(PhotometricInterpretation="PALETTE COLOR"), 422, "broken_pixel_data"),
        (small_instance(Rows=0), 422, "broken_pixel_data"),
        (small_instance(Rows=65535, Columns=65535), 422, "broken_pixel_data"),
        (compressed("1.2.840.10008.1.2.4.50", b"\xff\xd8\xff\xdbnonsense"), 422, "broken_pixel_data"),
        (compressed("1.2.840.10008.1.2.4.50", a_jpeg(5000, 5000)), 422, "broken_pixel_data"),
        (compressed("1.2.840.10008.1.2.4.90", b"\xff\x4f\xff\x51" + b"\0" * 60), 422, "broken_pixel_data"),
        (compressed("1.2.840.10008.1.2.4.70", b"\xff\xd8\xff\xdb"), 422, "broken_pixel_data"),
        (compressed("1.2.840.10008.1.2.4.51", b"\xff\xd8\xff\xdb"), 422, "broken_pixel_data"),
        (compressed("1.2.840.10008.1.2.4.100", b"\0\0\1\xb3"), 406, "not_decodable"),
    ],
)
def test_an_error_rather_than_a_guess(sender: TestClient, file: bytes, status: int, code: str) -> None:
    url = stored_at(sender, file)
    for resource in ("rendered", "thumbnail", "frames/1/rendered"):
        answer = sender.get(f"{url}/{resource}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_series_of_reports_has_no_picture(sender: TestClient) -> None:
    url = stored_at(sender, small_instance(PixelData=None, Rows=None, Columns=None)).partition("/series/")[0]
    for resource in ("rendered", "thumbnail"):
        assert sender.get(f"{url}/{resource}").status_code == 406


def test_frames_are_drawn_one_at_a_time_and_must_exist(sender: TestClient) -> None:
    url = stored_at(sender, small_instance())
    assert sender.get(f"{url}/frames/1,1/rendered").status_code == 400
    assert sender.get(f"{url}/frames/2/rendered").status_code == 404
