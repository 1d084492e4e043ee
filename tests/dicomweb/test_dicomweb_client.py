"""Proves that dicomweb-client, an independent program, searches, retrieves and stores over a real connection."""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
import uvicorn
from dicomweb_client.api import DICOMwebClient
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.filebase import DicomBytesIO
from requests import Session

from test_data.small import small_ct_series
from tests.dicomweb.support import Hub

pytestmark = pytest.mark.peer

LITTLE_ENDIAN = "1.2.840.10008.1.2.1"


@pytest.fixture
def address(hub: Hub) -> Iterator[str]:
    """The application on a port that the system chooses."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(hub.app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/dicomweb"
    server.should_exit = True
    thread.join()
    listener.close()


def client_of(address: str, login: str) -> DICOMwebClient:
    session = Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {login}"
    return DICOMwebClient(address, session=session)


@pytest.fixture
def datasets() -> list[Dataset]:
    return [dcmread(DicomBytesIO(file)) for file in small_ct_series(slices=4, rows=64, columns=64)]


@pytest.fixture
def client(address: str, datasets: list[Dataset]) -> DICOMwebClient:
    made = client_of(address, "sender")
    told = made.store_instances(datasets)
    assert len(told.ReferencedSOPSequence) == len(datasets)
    assert "FailedSOPSequence" not in told
    return made


def test_everything_that_it_can_ask(client: DICOMwebClient, datasets: list[Dataset]) -> None:
    first = datasets[0]
    study, series, instance = first.StudyInstanceUID, first.SeriesInstanceUID, first.SOPInstanceUID

    (found,) = client.search_for_studies(search_filters={"PatientID": first.PatientID}, fields=["StudyDescription"])
    assert Dataset.from_json(found).StudyInstanceUID == study
    assert len(client.search_for_series(study)) == 1
    assert len(client.search_for_instances(study, series, limit=2)) == 2
    assert len(client.search_for_instances(study, limit=1, get_remaining=True)) == len(datasets)

    for back in (
        client.retrieve_study(study),
        client.retrieve_series(study, series),
        client.retrieve_series(study, series, media_types=(("application/dicom", "*"),)),
        list(client.iter_series(study, series)),
        [client.retrieve_instance(study, series, each.SOPInstanceUID) for each in datasets],
    ):
        assert back == datasets

    metadata = client.retrieve_instance_metadata(study, series, instance)
    assert metadata["00080018"]["Value"] == [instance]
    assert len(client.retrieve_study_metadata(study)) == len(client.retrieve_series_metadata(study, series)) == 4
    # This client leaves the port out of its Host header, so that no server can tell it back.
    uri = metadata["7FE00010"]["BulkDataURI"].replace("http://127.0.0.1/dicomweb", client.base_url)
    assert client.retrieve_bulkdata(uri) == [first.PixelData]

    pixels = np.ascontiguousarray(first.pixel_array).tobytes()
    for media_types in (None, ("application/octet-stream",), (("application/octet-stream", LITTLE_ENDIAN),)):
        assert client.retrieve_instance_frames(study, series, instance, [1], media_types=media_types) == [pixels]
    for picture in (
        client.retrieve_instance_rendered(study, series, instance, media_types=("image/png",)),
        client.retrieve_series_rendered(study, series, media_types=("image/jpeg",), params={"quality": 95}),
        client.retrieve_instance_frames_rendered(study, series, instance, [1], media_types=("image/jpeg",)),
    ):
        assert Image.open(io.BytesIO(picture)).size == (64, 64)


def test_storing_in_chunks_and_into_a_study(address: str, datasets: list[Dataset]) -> None:
    client = client_of(address, "sender")
    client.set_chunk_size(1000)
    told = client.store_instances(datasets, datasets[0].StudyInstanceUID)
    assert [item.ReferencedSOPInstanceUID for item in told.ReferencedSOPSequence] == [
        each.SOPInstanceUID for each in datasets
    ]


def test_another_site_finds_nothing(address: str, client: DICOMwebClient) -> None:
    assert client.search_for_studies() != []
    assert client_of(address, "stranger").search_for_studies() == []
