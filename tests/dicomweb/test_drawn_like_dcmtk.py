"""Proves on real files that a first frame is drawn as dcmtk's dcmj2pnm draws it: another renderer, other decoders.

Grey tones may differ by one step of 255 (rounding), colours by four (conversion of luminance and chrominance).
Overlays are left out: they are not drawn here, nor bits of them that lie beside the samples.
"""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.multival import MultiValue
from starlette.testclient import TestClient

from tests.dicomweb.support import TEST_FILES, Sample, needs_files, samples, store
from tests.dicomweb.test_shared_files import instance_url

pytestmark = [
    needs_files,
    pytest.mark.skipif(shutil.which("dcmj2pnm") is None, reason="dcmtk is not installed"),
]

GREY, COLOUR = 1, 4
_UNREAD = ("1.2.840.10008.1.2.4.9", "1.2.840.10008.1.2.4.20", "1.2.840.10008.1.2.8")
"""JPEG 2000, HTJ2K and deflated frames, which dcmtk 3.6.7 does not decode."""


def pictures() -> list[Sample]:
    """Every picture outside of the series, and the tenth of each series."""
    found = samples("ok", whole_series=False)
    series: dict[str, list[Sample]] = {}
    for sample in samples("ok"):
        if sample.path.startswith("series/"):
            series.setdefault(sample.path.split("/")[1], []).append(sample)
    return [*found, *(files[min(9, len(files) - 1)] for files in series.values())]


def drawn_by_dcmtk(file: Path, ds: Dataset, folder: Path) -> NDArray[Any] | None:
    voi: list[str] = []
    groups = ds.get("SharedFunctionalGroupsSequence") or ds.get("PerFrameFunctionalGroupsSequence")
    if ds.get("VOILUTSequence"):
        voi = ["+Wl", "1"]
    elif _has_window(ds) and ds.PhotometricInterpretation.startswith("MONO"):
        voi = ["+Wi", "1"]
    elif groups:
        return None  # dcmj2pnm does not look into functional groups
    elif ds.PhotometricInterpretation.startswith("MONO"):
        voi = ["+Wm"]
    made = folder / "dcmtk.png"
    done = subprocess.run(
        ["dcmj2pnm", "+on", "-O", "+F", "1", *voi, str(file), str(made)], capture_output=True, timeout=60, check=False
    )
    return np.asarray(Image.open(made)) if done.returncode == 0 and made.exists() else None


def _has_window(ds: Dataset) -> bool:
    """One that makes sense: a width of nought is written by some, and is none."""
    widths = ds.get("WindowWidth")
    first = widths[0] if isinstance(widths, MultiValue) and widths else widths
    return first not in (None, "") and float(first) >= 1


@pytest.mark.parametrize("sample", pictures(), ids=lambda sample: sample.path)
def test_the_same_tones(sender: TestClient, sample: Sample, tmp_path: Path) -> None:
    file = TEST_FILES / sample.path
    ds = dcmread(file, force=True, stop_before_pixels=True)
    syntax = str(ds.file_meta.get("TransferSyntaxUID", ""))
    if "Rows" not in ds or syntax.startswith(_UNREAD):
        pytest.skip("dcmtk does not draw it: no picture, or a transfer syntax that it does not decode")
    expected = drawn_by_dcmtk(file, ds, tmp_path)
    if expected is None:
        pytest.skip("dcmtk does not draw it")
    answer = sender.get(f"{instance_url(store(sender, sample.content))}/rendered", headers={"Accept": "image/png"})
    assert answer.status_code == 200, answer.text
    found = np.asarray(Image.open(io.BytesIO(answer.content)))
    if expected.ndim > found.ndim:
        expected = expected[..., 0]
    assert found.shape == expected.shape
    difference = np.abs(found.astype(int) - expected.astype(int))
    assert difference.max() <= (GREY if found.ndim == 2 else COLOUR), (difference.max(), (difference > 1).mean())
