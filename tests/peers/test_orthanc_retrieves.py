"""Proves that Orthanc is sent what it asks for by C-MOVE, and what the hub is told to send it, elements unchanged."""

from __future__ import annotations

import io

import pytest
from pydicom import dcmread

from benchmarks.targets import Hub, Orthanc
from test_data.small import small_ct_series
from tests.peers.support import digest, uid_of
from tests.peers.test_orthanc import query, stored_by

pytestmark = pytest.mark.peer


def _brought(hub: Hub, seed: int) -> tuple[str, list[bytes]]:
    """A study that only the hub has."""
    files = small_ct_series(seed=seed, slices=4)
    folder = hub.data.parent / f"study-{seed}"
    folder.mkdir()
    for number, file in enumerate(files):
        (folder / f"{number}.dcm").write_bytes(file)
    hub.command("study", "import", str(folder), "--site", "PEERS")
    return str(dcmread(io.BytesIO(files[0]), stop_before_pixels=True).StudyInstanceUID), files


def test_orthanc_retrieves_a_study(hub: Hub, orthanc: Orthanc) -> None:
    study, files = _brought(hub, 3201)
    made, answers = query(orthanc, "Study", {"StudyInstanceUID": study})
    assert [study] == [each["StudyInstanceUID"] for each in answers]
    orthanc.rest("POST", f"/queries/{made}/retrieve", {"TargetAet": "ORTHANC", "Synchronous": True})
    assert {uid_of(file): digest(file) for file in files} == stored_by(orthanc, study)


def test_a_study_is_sent_to_orthanc(hub: Hub, orthanc: Orthanc) -> None:
    study, files = _brought(hub, 3202)
    hub.command("study", "send", study, "--to", "ORTHANC")
    assert {uid_of(file): digest(file) for file in files} == stored_by(orthanc, study)
