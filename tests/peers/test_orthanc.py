"""Proves that Orthanc, which shares no code with the hub, sends to it, searches it and is sent to, every byte kept."""

from __future__ import annotations

import io
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from benchmarks import objects
from benchmarks.sending import Node, send
from benchmarks.targets import Hub, Orthanc
from test_data.small import small_ct_series
from tests.peers.support import digest, in_the_archive, uid_of
from tests.support.shared_files import FOLDER, index, needs_shared_files
from tests.support.waiting import until

pytestmark = pytest.mark.peer


def upload(orthanc: Orthanc, file: bytes) -> str:
    """Give Orthanc a file; returns its identifier of the study, empty when it does not want the file."""
    status, _ = orthanc.ask("POST", "/instances", file)
    if status != 200:
        return ""
    found = orthanc.rest("POST", "/tools/find", {"Level": "Study", "Query": {"StudyInstanceUID": _study(file)}})
    return str(found[0])


def _study(file: bytes) -> str:
    return str(dcmread(io.BytesIO(file), stop_before_pixels=True, force=True).StudyInstanceUID)


def stored_by(orthanc: Orthanc, study_uid: str) -> dict[str, str]:
    """Digests of what Orthanc has of a study."""
    [study] = orthanc.rest("POST", "/tools/find", {"Level": "Study", "Query": {"StudyInstanceUID": study_uid}})
    files = [
        orthanc.get(f"/instances/{each['ID']}/file")[1] for each in orthanc.rest("GET", f"/studies/{study}/instances")
    ]
    return {uid_of(file): digest(file) for file in files}


def query(orthanc: Orthanc, level: str, keys: dict[str, str]) -> tuple[str, list[dict[str, Any]]]:
    """C-FIND by Orthanc; its identifier of the query, and the answers by keyword."""
    made = orthanc.rest("POST", "/modalities/hub/query", {"Level": level, "Query": keys})["ID"]
    answers = orthanc.rest("GET", f"/queries/{made}/answers?expand&simplify")
    return made, answers


def test_orthanc_and_the_hub_answer_each_others_echo(hub: Hub, orthanc: Orthanc) -> None:
    assert {} == orthanc.rest("POST", "/modalities/hub/echo", {})
    hub.command("peer", "test", "ORTHANC")


def test_a_study_that_orthanc_sends_is_kept_byte_for_byte(hub: Hub, orthanc: Orthanc) -> None:
    files = small_ct_series(seed=3001, slices=8)
    study = [upload(orthanc, file) for file in files][-1]
    told = orthanc.rest("POST", "/modalities/hub/store", [study])
    assert (8, 0) == (told["InstancesCount"], told["FailedInstancesCount"])
    assert 8 == len(hub.query(f"/studies/{_study(files[0])}/instances", "PEERS"))
    there = in_the_archive(hub)
    assert {uid_of(file): digest(file) for file in files} == {uid_of(file): there.get(uid_of(file)) for file in files}


@needs_shared_files
@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, of odd files
def test_every_conformant_file_passes_through_orthanc_unchanged(hub: Hub, orthanc: Orthanc) -> None:
    """Whatever Orthanc takes of the shared files, whole series apart, it sends to the hub; the elements are the same.

    Orthanc writes data sets anew as it sends them, so the elements are compared, not the bytes.
    """
    sent: dict[str, bytes] = {}
    refused = []
    for line in index():
        if line["expected"] != "ok" or line["path"].startswith(("series/", "worklist/")):
            continue
        file = (FOLDER / line["path"]).read_bytes()
        if not upload(orthanc, file):
            continue
        uid = uid_of(file)
        if uid in sent:
            continue  # another object under a UID that is taken, as the index says
        sent[uid] = file
        [found] = orthanc.rest("POST", "/tools/find", {"Level": "Instance", "Query": {"SOPInstanceUID": uid}})
        try:
            orthanc.rest("POST", "/modalities/hub/store", [found])
        except RuntimeError as error:
            refused.append((line["path"], str(error)[:200]))
    assert len(sent) > 60
    there = in_the_archive(hub)
    wrong = [uid for uid in sent.keys() & there.keys() if not _same(hub, sent[uid])]
    assert [] == refused
    assert [] == wrong
    assert sent.keys() <= there.keys()


def test_orthanc_finds_what_the_hub_has(hub: Hub, orthanc: Orthanc) -> None:
    files = small_ct_series(seed=3002, slices=3)
    study = [upload(orthanc, file) for file in files][-1]
    orthanc.rest("POST", "/modalities/hub/store", [study])
    ds = dcmread(io.BytesIO(files[0]), stop_before_pixels=True)

    _, studies = query(
        orthanc, "Study", {"AccessionNumber": str(ds.AccessionNumber), "PatientName": "", "StudyDate": ""}
    )
    assert [(str(ds.StudyInstanceUID), str(ds.StudyDate))] == [
        (each["StudyInstanceUID"], each["StudyDate"]) for each in studies
    ]
    assert str(ds.PatientName).split("=")[0] == studies[0]["PatientName"].split("=")[0]
    _, series = query(orthanc, "Series", {"StudyInstanceUID": str(ds.StudyInstanceUID), "Modality": "CT"})
    assert [str(ds.SeriesInstanceUID)] == [each["SeriesInstanceUID"] for each in series]
    keys = {"StudyInstanceUID": str(ds.StudyInstanceUID), "SeriesInstanceUID": str(ds.SeriesInstanceUID)}
    _, instances = query(orthanc, "Instance", keys | {"SOPInstanceUID": ""})
    assert {uid_of(file) for file in files} == {each["SOPInstanceUID"] for each in instances}
    assert [] == query(orthanc, "Study", {"AccessionNumber": "NOBODY"})[1]


def test_orthanc_has_a_study_moved_to_itself(hub: Hub, orthanc: Orthanc) -> None:
    made, series = objects.large(), objects.series(6)
    modality = Node(hub.node.address, hub.node.called, "MODALITY")
    assert 0 == send(modality, [(made, identity) for identity in series]).refused
    found, answers = query(orthanc, "Study", {"PatientID": series[0].patient, "StudyInstanceUID": ""})
    assert [series[0].study] == [each["StudyInstanceUID"] for each in answers]
    orthanc.rest("POST", f"/queries/{found}/retrieve", {"TargetAet": "ORTHANC", "Synchronous": True})
    assert {each.instance: made.digest(each) for each in series} == stored_by(orthanc, series[0].study)


def test_the_hub_sends_a_study_to_orthanc(hub: Hub, orthanc: Orthanc) -> None:
    made, series = objects.large(), objects.series(6)
    modality = Node(hub.node.address, hub.node.called, "MODALITY")
    assert 0 == send(modality, [(made, identity) for identity in series]).refused
    hub.command("study", "send", series[0].study, "--to", "ORTHANC")
    assert {each.instance: made.digest(each) for each in series} == stored_by(orthanc, series[0].study)


def test_orthanc_gets_a_commitment_for_what_it_sent(hub: Hub, orthanc: Orthanc) -> None:
    files = small_ct_series(seed=3004, slices=3)
    study = [upload(orthanc, file) for file in files][-1]
    body = {"Resources": [study], "StorageCommitment": True, "Synchronous": False}
    job = orthanc.rest("POST", "/modalities/hub/store", body)["ID"]
    until(lambda: orthanc.rest("GET", f"/jobs/{job}")["State"] == "Success", seconds=60, what="Orthanc's job")
    transaction = orthanc.rest("GET", f"/jobs/{job}")["Content"]["StorageCommitmentTransactionUID"]

    def report() -> dict[str, Any] | None:
        said: dict[str, Any] = orthanc.rest("GET", f"/storage-commitment/{transaction}")
        return None if said["Status"] == "Pending" else said

    told = until(report, seconds=60, what="the commitment")
    assert ("Success", []) == (told["Status"], told["Failures"])
    assert {uid_of(file) for file in files} == {each["SOPInstanceUID"] for each in told["Success"]}


def _same(hub: Hub, file: bytes) -> bool:
    sent = dcmread(io.BytesIO(file))
    path = f"/studies/{sent.StudyInstanceUID}/series/{sent.SeriesInstanceUID}/instances/{sent.SOPInstanceUID}"
    assert hub.query(f"{path.rsplit('/', 2)[0]}/instances?SOPInstanceUID={sent.SOPInstanceUID}", "PEERS")
    body = hub.instance(sent.StudyInstanceUID, sent.SeriesInstanceUID, sent.SOPInstanceUID, site="PEERS")
    start = body.index(b"\r\n\r\n") + 4
    back = dcmread(io.BytesIO(body[start : body.rindex(b"\r\n--")]))
    return _plain(sent) == _plain(back)


def _plain(ds: Dataset) -> dict[str, Any]:
    """Elements by tag, without group lengths and padding, which a writer may leave out or put in."""
    return {
        f"{element.tag}": element.value.rstrip(b"\0") if isinstance(element.value, bytes) else element.value
        for element in ds
        if element.tag.element and element.tag not in (0xFFFCFFFC, 0x00080001) and not element.tag.is_private
    }
