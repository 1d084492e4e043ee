"""The little objects for other tests are readable, belong together, and carry what was asked for."""

import io

import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    RLELossless,
)

from test_data.patients import HANAKO_TAKASAKI
from test_data.small import small_ct_series, small_instance


def read(content: bytes) -> pydicom.FileDataset:
    return pydicom.dcmread(io.BytesIO(content))


def test_a_series_is_one_series_of_one_study() -> None:
    images = [read(content) for content in small_ct_series(HANAKO_TAKASAKI, slices=4, rows=8, columns=10)]
    assert [1, 2, 3, 4] == [image.InstanceNumber for image in images]
    assert len({image.StudyInstanceUID for image in images}) == 1
    assert len({image.SeriesInstanceUID for image in images}) == 1
    assert len({image.SOPInstanceUID for image in images}) == 4
    assert {(8, 10)} == {image.pixel_array.shape for image in images}
    assert {"髙﨑^花子"} == {image.PatientName.ideographic for image in images}


def test_another_seed_is_another_study() -> None:
    assert read(small_ct_series(seed=1)[0]).StudyInstanceUID != read(small_ct_series(seed=2)[0]).StudyInstanceUID


def test_the_same_call_gives_the_same_bytes() -> None:
    assert small_ct_series() == small_ct_series()


@pytest.mark.parametrize(
    "syntax",
    [
        ImplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
        RLELossless,
        JPEGLSLossless,
    ],
)
def test_every_syntax_holds_the_same_pixels(syntax: str) -> None:
    plain, other = read(small_instance()), read(small_instance(transfer_syntax=syntax))
    assert syntax == other.file_meta.TransferSyntaxUID
    assert ExplicitVRLittleEndian == plain.file_meta.TransferSyntaxUID
    assert np.array_equal(plain.pixel_array, other.pixel_array)
    assert plain.SOPInstanceUID == other.SOPInstanceUID


def test_keywords_are_laid_over_and_none_takes_away() -> None:
    image = read(small_instance(PatientID="X1", SOPInstanceUID="1.2.3", AccessionNumber=None, StudyID=None))
    assert image.PatientID == "X1"
    assert image.file_meta.MediaStorageSOPInstanceUID == "1.2.3"
    assert "AccessionNumber" not in image
    assert "StudyID" not in image


def test_a_word_that_is_no_keyword_is_refused() -> None:
    with pytest.raises(ValueError, match="PatientNam is no DICOM keyword"):
        small_instance(PatientNam="x")
