"""Proves that what the benchmarks send is valid DICOM of the sizes that they claim, fresh each time."""

from __future__ import annotations

import hashlib
import io
from random import Random

import pytest
from pydicom import dcmread

from benchmarks import objects
from benchmarks.objects import Template
from benchmarks.wire import EXPLICIT_LITTLE, IMPLICIT_LITTLE


@pytest.mark.parametrize(
    "made",
    [
        objects.large(),
        objects.small(),
        objects.giant(frames=3),
        objects.template("MR", rows=64, columns=32, name=(5, 2)),
        objects.template("CT", rows=64, columns=32, syntax=IMPLICIT_LITTLE),
    ],
)
def test_an_instance_is_read_by_pydicom(made: Template) -> None:
    identity = objects.series(7)[6]
    file = objects.part10(made, identity)
    ds = dcmread(io.BytesIO(file))
    assert identity[:3] == (ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID)
    assert identity[3:6] == (ds.PatientID, ds.AccessionNumber, ds.StudyDate)
    assert (made.sop_class, made.syntax, 7) == (ds.SOPClassUID, ds.file_meta.TransferSyntaxUID, ds.InstanceNumber)
    assert ds.Rows * ds.Columns * 2 * int(ds.get("NumberOfFrames", 1)) == len(ds.PixelData)
    assert 3 == len(str(ds.PatientName).split("="))
    data_set = file[-made.size :]
    assert hashlib.sha256(data_set).hexdigest() == made.digest(identity)
    assert b"".join(made.pieces(identity)) == data_set


def test_the_sizes_are_those_of_the_figures() -> None:
    assert 525_000 < objects.large().size < 527_000
    assert 35_000 < objects.small().size < 37_000
    assert 2**30 < objects.giant().size < 2**30 + 4096


def test_uids_are_fresh_unless_a_source_says_them() -> None:
    assert objects.series(2) != objects.series(2)
    assert objects.series(2, source=Random(4)) == objects.series(2, source=Random(4))
    first, second = objects.series(2)
    assert (first.study, first.series) == (second.study, second.series)
    assert first.instance != second.instance


def test_an_identity_of_another_width_is_refused() -> None:
    [identity] = objects.series(1)
    with pytest.raises(ValueError, match=r"2\.25\.1"):
        objects.small().head(identity._replace(study="2.25.1"))


def test_the_same_uid_with_other_content_differs_in_its_pixels_only() -> None:
    made, [identity] = objects.small(), objects.series(1)
    assert made.other_content().head(identity) == made.head(identity)
    assert made.other_content().digest(identity) != made.digest(identity)


@pytest.mark.parametrize("syntax", [EXPLICIT_LITTLE, IMPLICIT_LITTLE])
def test_a_header_can_say_other_things_before_the_same_pixels(syntax: str) -> None:
    made = objects.template(rows=64, columns=32, syntax=syntax)
    study = "2.25.123456789012345678901234567890123456789"
    changed = made.changed(StudyInstanceUID=study, PatientName="Takahashi^Hanako=高橋^花子")
    identity = objects.series(1)[0]._replace(study=study)
    ds = dcmread(io.BytesIO(objects.part10(changed, identity)))
    assert (study, identity.instance, "高橋^花子") == (
        ds.StudyInstanceUID,
        ds.SOPInstanceUID,
        ds.PatientName.ideographic,
    )
    assert "みなと診療所" == ds.InstitutionName
    assert b"".join(made.pieces(objects.series(1)[0]))[-made.pixels :] == ds.PixelData
