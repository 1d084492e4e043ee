"""Proves one examination over the running hub with other makers' programs: planned, begun, sent, confirmed, reported.

dcmtk asks for the worklist, sends, and receives the report; pynetdicom speaks MPPS and Storage Commitment; dciodvfy
judges the report that people wrote and signed.
"""

from __future__ import annotations

import io
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pypdf
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import AE, evt

from benchmarks.targets import Hub
from test_data.small import small_ct_series
from tests.pacs_node.procedures.test_performed import creation, ending
from tests.peers.conftest import SITE
from tests.peers.support import in_the_archive, uid_of
from tests.peers.test_dcmtk import answers, run
from tests.support import requesting
from tests.support.waiting import until

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(
        shutil.which("findscu") is None, reason="Debian's dcmtk is not installed; make test installs it"
    ),
]
MPPS, COMMITMENT = "1.2.840.10008.3.1.2.3.3", "1.2.840.10008.1.20.1"
CT_CLASS = "1.2.840.10008.5.1.4.1.1.2"
ACCESSION = "EXAM3299"
FINDINGS = "右肺上葉に結節を認めます。髙𠮷。"


def asked(hub: Hub, token: str, method: str, path: str, said: object = None) -> Any:
    """JSON in, JSON out; the answer must be a success."""
    body = None if said is None else json.dumps(said).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    status, answer = hub.ask(method, path, body, headers)
    assert status // 100 == 2, (path, answer)
    return json.loads(answer) if answer[:1] in {b"{", b"["} else answer


@contextmanager
def associated(hub: Hub, sop_class: str, handlers: Any = ()) -> Iterator[Any]:
    """A scanner's association by pynetdicom."""
    ae = AE("MODALITY")
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 30
    ae.add_requested_context(sop_class)
    assoc = requesting.associate(ae, *hub.node.address, ae_title=hub.node.called, evt_handlers=list(handlers))
    assert assoc.is_established
    yield assoc
    assoc.release()


@pytest.fixture
def reader(hub: Hub) -> str:
    """The token of a radiologist of the site."""
    words = ["person", "add", "exam-reader", "青葉 玲", "--site", SITE, "--role", "radiologist", "--password-stdin"]
    hub.command(*words, stdin="not-a-secret-of-anybody")
    return hub.command("token", "issue", "exam-reader").split()[-1]


@pytest.fixture
def receiver(hub: Hub, folder: Path) -> Iterator[Path]:
    """Where dcmtk's storescp writes what the hub sends to REPORTS."""
    place = folder / "received"
    place.mkdir()
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    program = subprocess.Popen(["/usr/bin/storescp", "-aet", "REPORTS", "-od", str(place), str(port)])
    try:

        def listening() -> bool:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return True
            return False

        until(listening, what="storescp")
        hub.command("peer", "add", "REPORTS", "--site", SITE, "--address", f"127.0.0.1:{port}")
        yield place
    finally:
        program.terminate()
        program.wait(20)


def test_from_the_worklist_to_the_report(  # noqa: PLR0915  # a play is told in one piece
    hub: Hub, folder: Path, reader: str, receiver: Path
) -> None:
    doctor = hub.tokens[SITE]
    files = small_ct_series(seed=3299, slices=3)
    first = dcmread(io.BytesIO(files[0]))

    # The clinic plans it; the scanner finds it.
    person = {"id": str(first.PatientID), "name": {"alphabetic": str(first.PatientName.alphabetic).replace("^", " ")}}
    planned = {"patient": person, "modality": "CT", "reason": "咳嗽", "accession_number": ACCESSION}
    request = asked(hub, doctor, "POST", "/api/requests", planned)
    keys = [f"AccessionNumber={ACCESSION}", "PatientName", "PatientID", "StudyInstanceUID"]
    keys += [
        "ScheduledProcedureStepSequence[0].Modality=CT",
        "ScheduledProcedureStepSequence[0].ScheduledStationAETitle",
    ]
    run("findscu", hub, "-W", "-X", "-od", folder, *[word for key in keys for word in ("-k", key)], "--")
    [item] = [dcmread(path, force=True) for path in answers(folder)]
    assert (request["study_uid"], first.PatientID) == (item.StudyInstanceUID, item.PatientID)

    # It begins, sends, and says what it made.
    sent = folder / "sent"
    sent.mkdir()
    for number, file in enumerate(files):
        ds = dcmread(io.BytesIO(file))
        ds.StudyInstanceUID, ds.AccessionNumber = item.StudyInstanceUID, ACCESSION
        ds.save_as(sent / f"{number}.dcm")
    uids = [uid_of(file) for file in files]
    scheduled = {"PatientID": str(first.PatientID), "PatientName": str(first.PatientName.alphabetic)}
    begun = creation(**scheduled, PatientSex=str(first.get("PatientSex", "")))
    begun.ScheduledStepAttributesSequence[0].StudyInstanceUID = item.StudyInstanceUID
    begun.ScheduledStepAttributesSequence[0].AccessionNumber = ACCESSION
    with associated(hub, MPPS) as assoc:
        assert 0x0000 == assoc.send_n_create(begun, MPPS, "2.25.3299")[0].Status
        run("storescu", hub, "-R", "--", "+sd", sent)
        assert 0x0000 == assoc.send_n_set(ending("COMPLETED", *uids), MPPS, "2.25.3299")[0].Status
    assert set(uids) <= set(in_the_archive(hub))

    # It asks whether it may delete them, and is told on the same association.
    told: list[tuple[int, Dataset]] = []

    def report(event: Any) -> tuple[int, None]:
        told.append((event.request.EventTypeID, event.event_information))
        return 0x0000, None

    wanted = Dataset()
    wanted.TransactionUID, wanted.ReferencedSOPSequence = "2.25.3202", []
    for uid in uids:
        reference = Dataset()
        reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = CT_CLASS, uid
        wanted.ReferencedSOPSequence.append(reference)
    with associated(hub, COMMITMENT, [(evt.EVT_N_EVENT_REPORT, report)]) as assoc:
        assert 0x0000 == assoc.send_n_action(wanted, 1, COMMITMENT, "1.2.840.10008.1.20.1.1")[0].Status
        until(lambda: told, what="the proof")
    [(kind, proof)] = told
    assert (1, "2.25.3202") == (kind, proof.TransactionUID)
    assert set(uids) == {one.ReferencedSOPInstanceUID for one in proof.ReferencedSOPSequence}

    # It is read and signed; the report goes to a peer as an object of the study.
    def due() -> Any:
        cases = asked(hub, reader, "GET", "/api/cases")["cases"]
        return next(
            (one for one in cases if one["study_uid"] == item.StudyInstanceUID and one["state"] == "unread"), None
        )

    case = f"/api/cases/{until(due, what='the case to be 未読')['id']}"
    assert "咳嗽" == asked(hub, reader, "GET", case)["reason"]
    asked(hub, reader, "POST", f"{case}/claim")
    draft = {"findings": FINDINGS, "impression": "経過観察", "revision": 0}
    revision = asked(hub, reader, "PUT", f"{case}/report/draft", draft)["revision"]
    signed = asked(hub, reader, "POST", f"{case}/report/sign", {"revision": revision})
    hub.command("report", "send", signed["id"], "--to", "REPORTS")
    [arrived] = list(receiver.iterdir())
    judged = subprocess.run(
        ["/usr/bin/dciodvfy", str(arrived)], capture_output=True, text=True, timeout=60, check=False
    )
    assert [] == [line for line in (judged.stdout + judged.stderr).splitlines() if line.startswith("Error")]
    document = folder / "report.pdf"
    subprocess.run(["/usr/bin/dcm2pdf", str(arrived), str(document)], check=True, timeout=60)
    text = "".join("".join(page.extract_text() for page in pypdf.PdfReader(document).pages).split())
    assert FINDINGS in text
    kept = dcmread(arrived, stop_before_pixels=True)
    assert (item.StudyInstanceUID, ACCESSION) == (kept.StudyInstanceUID, kept.AccessionNumber)
