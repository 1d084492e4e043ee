"""Studies repeat to the byte, here and in another process; UIDs are valid and unique; files are readable."""

import datetime as dt
import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset

from test_data.catalogue import DEMO_STUDIES, study_named
from test_data.generate import DEFAULT_ANCHOR, generate, instance_count
from test_data.phantoms.ct_chest import CtChest
from test_data.spec import SeriesSpec, StudySpec

NAMES = [study.name for study in DEMO_STUDIES]
# One of each encoding and most of the painters, and quick.
QUICK = ["shiomi-dx-chest", "us-heart", "yamane-mr-head", "shiomi-ct-head"]

Files = Callable[[str], tuple[tuple[str, bytes], ...]]
Images = Callable[[str], list[FileDataset]]


def short_chest() -> StudySpec:
    return replace(study_named("ct-chest"), series=(SeriesSpec("axial", "胸部", "CHEST", (CtChest(slices=2),)),))


@pytest.mark.parametrize("name", [*QUICK, "mammography"])
def test_a_study_is_the_same_twice(name: str, files_of: Files) -> None:
    assert files_of(name) == tuple(generate(study_named(name)))


def test_a_study_is_the_same_in_another_process(tmp_path: Path, files_of: Files) -> None:
    only = [argument for name in QUICK for argument in ("--only", name)]
    subprocess.run([sys.executable, "-m", "test_data", tmp_path, *only], check=True, capture_output=True)
    written = {
        path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()
    }
    assert {file: content for name in QUICK for file, content in files_of(name)} == written


@pytest.mark.parametrize("name", NAMES)
def test_every_instance_can_be_read_and_shown(name: str, files_of: Files, images_of: Images) -> None:
    assert instance_count(study_named(name)) == len(files_of(name))
    for image in images_of(name):
        assert image.file_meta.MediaStorageSOPInstanceUID == image.SOPInstanceUID
        shape = (int(image.get("NumberOfFrames", 1)), image.Rows, image.Columns)
        assert shape == np.atleast_3d(image.pixel_array.reshape(shape)).shape
        assert image.pixel_array.min() < image.pixel_array.max()


def test_uids_are_valid_and_unique(images_of: Images) -> None:
    images = [image for name in NAMES for image in images_of(name)]
    uids = [image.SOPInstanceUID for image in images]
    assert len(set(uids)) == len(uids)
    studies, series = ({image[word].value for image in images} for word in ("StudyInstanceUID", "SeriesInstanceUID"))
    assert len(studies) == len(DEMO_STUDIES)
    assert len(series) == sum(len(study.series) for study in DEMO_STUDIES)
    assert not studies & series | set(uids) & (studies | series)
    assert all(value.is_valid for value in [*uids, *studies, *series])


def test_another_anchor_moves_the_date_and_changes_uids_but_not_the_picture() -> None:
    study, later = short_chest(), DEFAULT_ANCHOR + dt.timedelta(days=200)
    for (_, old), (_, new) in zip(generate(study), generate(study, later), strict=True):
        before, after = pydicom.dcmread(io.BytesIO(old)), pydicom.dcmread(io.BytesIO(new))
        assert later.strftime("%Y%m%d") == after.StudyDate
        assert before.PixelData == after.PixelData
        for word in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID"):
            assert before[word].value != after[word].value


def test_a_changed_study_has_other_uids() -> None:
    study = short_chest()
    changed = replace(study, description="胸部CT")
    (_, one), (_, other) = next(generate(study)), next(generate(changed))
    assert pydicom.dcmread(io.BytesIO(one)).SOPInstanceUID != pydicom.dcmread(io.BytesIO(other)).SOPInstanceUID


def test_files_are_named_by_study_series_and_number(files_of: Files) -> None:
    names = [name for name, _ in files_of("mr-head")]
    expected = [f"mr-head/{series}/{number:04d}.dcm" for series in ("t1", "t2") for number in range(1, 25)]
    assert expected == names


def test_compressed_series_hold_what_was_drawn(images_of: Images) -> None:
    study = study_named("shiomi-dx-chest")
    native = replace(study, series=tuple(replace(one, compression="none") for one in study.series))
    drawn = pydicom.dcmread(io.BytesIO(next(generate(native))[1]))
    assert np.array_equal(drawn.pixel_array, images_of("shiomi-dx-chest")[0].pixel_array)
