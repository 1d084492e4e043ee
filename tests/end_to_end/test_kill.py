"""kill -9 while a scanner sends: after a restart every acknowledged instance is there, byte for byte."""

from __future__ import annotations

import contextlib
import io
import signal
import threading
from pathlib import Path

import httpx2
import pydicom
import pytest
from pynetdicom import AE

from test_data.small import small_ct_series
from tests.support import region, requesting, scanner
from tests.support.hub_process import HubProcess
from tests.support.waiting import until


def dataset_bytes(part10: bytes) -> bytes:
    """What follows the file meta information (preamble, prefix, group length element, group 2)."""
    length = pydicom.dcmread(io.BytesIO(part10), stop_before_pixels=True).file_meta.FileMetaInformationGroupLength
    return part10[128 + 4 + 12 + length :]


@pytest.mark.parametrize("acknowledged_before", [1, 40])
def test_every_acknowledged_instance_survives(tmp_path: Path, acknowledged_before: int) -> None:
    hub = HubProcess(tmp_path / "data").start()
    region.register(hub.data)
    objects = small_ct_series(slices=200, seed=7)
    sent = {str(pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True).SOPInstanceUID): data for data in objects}
    acknowledged: list[str] = []

    def keep_sending() -> None:
        ae = AE(ae_title=region.CLINIC_AE)
        first = pydicom.dcmread(io.BytesIO(objects[0]))
        ae.add_requested_context(first.SOPClassUID, first.file_meta.TransferSyntaxUID)
        assoc = requesting.associate(ae, *hub.dicom, ae_title=hub.ae_title)
        connection = assoc.dul.socket.socket
        for uid, data in sent.items():
            if not assoc.is_established:
                break
            status = assoc.send_c_store(pydicom.dcmread(io.BytesIO(data)))
            if status.get("Status") == 0:
                acknowledged.append(uid)
        assoc.abort()
        connection.close()  # pynetdicom leaves it open when the peer has died

    sender = threading.Thread(target=keep_sending)
    sender.start()
    until(lambda: len(acknowledged) >= acknowledged_before, what="the first acknowledgements")
    assert hub.stop(signal.SIGKILL) == -signal.SIGKILL
    sender.join(60)
    assert acknowledged_before <= len(acknowledged) < len(sent)

    again = HubProcess(hub.data).start()
    study_uid = str(pydicom.dcmread(io.BytesIO(objects[0])).StudyInstanceUID)
    with again.client("dokuei1") as client:
        stored = client.get(f"/dicomweb/studies/{study_uid}/instances", params={"limit": "1000"}).json()
        series_of = {each["00080018"]["Value"][0]: each["0020000E"]["Value"][0] for each in stored}
        assert set(acknowledged) <= set(series_of)
        for uid in acknowledged:
            answer = client.get(
                f"/dicomweb/studies/{study_uid}/series/{series_of[uid]}/instances/{uid}",
                headers={"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'},
            )
            assert dataset_bytes(sent[uid]) in answer.content

    # The scanner sends everything again: what was there is recognised, the rest is taken.
    assert set(scanner.send(again, objects, calling=region.CLINIC_AE)) == {0}
    with again.client("dokuei1") as client:
        study = client.get("/dicomweb/studies", params={"StudyInstanceUID": study_uid}).json()[0]
    assert study["00201208"]["Value"] == [200]
    assert again.stop() == 0


def test_every_acknowledged_instance_of_a_store_request_survives(tmp_path: Path) -> None:
    """kill -9 while requests of five instances come one behind the other."""
    hub = HubProcess(tmp_path / "data").start()
    region.register(hub.data)
    objects = small_ct_series(slices=200, seed=7)
    acknowledged: list[str] = []

    def keep_sending() -> None:
        kind = 'multipart/related; type="application/dicom"; boundary=b0undary'
        with hub.client("gishi") as client, contextlib.suppress(httpx2.HTTPError):
            for start in range(0, len(objects), 5):
                parts = [b"--b0undary\r\n\r\n" + data + b"\r\n" for data in objects[start : start + 5]]
                content = b"".join(parts) + b"--b0undary--"
                told = client.post("/dicomweb/studies", content=content, headers={"Content-Type": kind}).json()
                acknowledged.extend(each["00081155"]["Value"][0] for each in told["00081199"]["Value"])

    sender = threading.Thread(target=keep_sending)
    sender.start()
    until(lambda: len(acknowledged) >= 10, what="the first acknowledgements")
    assert hub.stop(signal.SIGKILL) == -signal.SIGKILL
    sender.join(60)
    assert 10 <= len(acknowledged) < len(objects)

    again = HubProcess(hub.data).start()
    with again.client("gishi") as client:
        stored = client.get("/dicomweb/instances", params={"limit": "1000"}).json()
    assert set(acknowledged) <= {each["00080018"]["Value"][0] for each in stored}
    assert [path for path in (hub.data / "incoming").rglob("*") if path.is_file()] == []
    assert again.stop() == 0
