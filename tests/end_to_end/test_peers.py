"""Independent programs against a running hub: dcmtk's storescu and echoscu, and dicomweb-client."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicomweb_client.api import DICOMwebClient
from requests import Session

from test_data.small import small_ct_series
from tests.support.hub_process import HubProcess, told
from tests.support.region import CLINIC_AE

pytestmark = pytest.mark.peer

needs_dcmtk = pytest.mark.skipif(
    shutil.which("storescu") is None, reason="Debian's dcmtk is not installed; make test installs it"
)


@pytest.fixture
def objects() -> list[bytes]:
    return small_ct_series(seed=301, slices=5)


def dicomweb(hub: HubProcess, login: str) -> DICOMwebClient:
    session = Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {told(hub.data, 'token', 'issue', login)}"
    return DICOMwebClient(f"{hub.url}/dicomweb", session=session)


@needs_dcmtk
def test_dcmtk_is_answered_and_stores(hub: HubProcess, objects: list[bytes], tmp_path: Path) -> None:
    for number, data in enumerate(objects):
        (tmp_path / f"{number}.dcm").write_bytes(data)
    host, port = hub.dicom
    about = ["-aet", CLINIC_AE, "-aec", hub.ae_title, host, str(port)]
    echoed = subprocess.run([_real("echoscu"), *about], capture_output=True, text=True, check=False)
    assert echoed.returncode == 0, echoed.stderr
    stored = subprocess.run([_real("storescu"), *about, "+sd", tmp_path], capture_output=True, text=True, check=False)
    assert stored.returncode == 0, stored.stderr
    uid = str(pydicom.dcmread(io.BytesIO(objects[0])).StudyInstanceUID)
    assert len(dicomweb(hub, "dokuei1").retrieve_study_metadata(uid)) == 5


def test_dicomweb_client_stores_searches_and_retrieves(hub: HubProcess) -> None:
    sent = [pydicom.dcmread(io.BytesIO(data)) for data in small_ct_series(seed=302, slices=3)]
    study, series = str(sent[0].StudyInstanceUID), str(sent[0].SeriesInstanceUID)

    told_back = dicomweb(hub, "gishi").store_instances(sent)
    assert len(told_back.ReferencedSOPSequence) == 3

    client = dicomweb(hub, "dokuei1")
    found = client.search_for_studies(search_filters={"StudyInstanceUID": study})
    assert [each["0020000D"]["Value"][0] for each in found] == [study]
    assert len(client.search_for_instances(study, series)) == 3
    back = client.retrieve_series(study, series, media_types=(("application/dicom", "*"),))
    assert {ds.SOPInstanceUID: ds for ds in back} == {ds.SOPInstanceUID: ds for ds in sent}
    frame = client.retrieve_instance_frames(
        study, series, sent[0].SOPInstanceUID, [1], media_types=("application/octet-stream",)
    )[0]
    assert frame == np.ascontiguousarray(sent[0].pixel_array).tobytes()
    assert client.retrieve_instance_rendered(study, series, sent[0].SOPInstanceUID, media_types=("image/png",))

    assert dicomweb(hub, "yoso").search_for_studies(search_filters={"StudyInstanceUID": study}) == []


def _real(name: str) -> str:
    """dcmtk's program, not the one of the same name that pynetdicom installs."""
    return str(Path("/usr/bin") / name)
