"""Proves that a signed report arrives at a DICOM peer as a valid Encapsulated PDF object of its study."""

from __future__ import annotations

import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.filereader import read_dataset

from access_control.gate import AccessGate
from access_control.model import Actor
from pacs_node.archive.catalogue import Catalogue
from pacs_node.archive.files import FileStore
from pacs_node.model import PersonName
from pacs_node.peers.service import PeerDirectory
from pacs_node.scu.errors import DestinationMayNotSee, DestinationUnknown
from pacs_node.scu.model import Fate
from pacs_node.scu.objects import write_part10
from pacs_node.scu.queue import OutgoingQueue
from pacs_node.scu.sending import StorageScu
from reporting.forms.encapsulated_pdf import encapsulated_pdf
from reporting.sending import ReportSender
from reporting.service import ReportService
from reporting.signed import SignedReport
from shared_kernel.clock import SetClock
from shared_kernel.database import Database
from shared_kernel.settings import Address
from tests.pacs_node.scp.query_retrieve.receiver import receiver
from tests.reporting.fakes import READER, signed_report

STUDY: dict[str, Any] = {
    "PatientName": PersonName(alphabetic="Yamada^Taro", ideographic="山田^太郎", phonetic="やまだ^たろう"),
    "PatientID": "P-1",
    "PatientBirthDate": "19700102",
    "StudyDate": "20260401",
    "StudyTime": "093000",
    "AccessionNumber": "A1",
    "StudyID": "1",
}
DOCUMENT = b"%PDF-1.7 not a whole one %%EOF!"


class Signed(ReportService):
    """Has one signed report."""

    def signed(self, actor: Actor, report_id: str, *, opens: bool) -> tuple[SignedReport, str]:
        return signed_report(), "0" * 64


@pytest.fixture
def sender(
    database: Database, clock: SetClock, tmp_path: Path, desk: Any, monkeypatch: pytest.MonkeyPatch
) -> ReportSender:
    monkeypatch.setattr("reporting.sending.pdf", lambda *_: DOCUMENT)
    gate, scu = AccessGate(database, clock), StorageScu("DOKUEI", patience=5)
    catalogue, peers = Catalogue(database, FileStore(tmp_path)), PeerDirectory(database, clock)
    queue = OutgoingQueue(database, clock, gate, catalogue, peers=peers, scu=scu)
    return ReportSender(database, clock, Signed(database, clock, gate, desk), queue, scu)


def know(database: Database, clock: SetClock, site: str, address: Address) -> None:
    with database.write() as session:
        PeerDirectory(database, clock).add(session, "DEST", site, address)


def test_the_object_is_valid(tmp_path: Path) -> None:
    path = tmp_path / "report.dcm"
    made = encapsulated_pdf(signed_report(), "0" * 64, DOCUMENT, STUDY)
    made.SpecificCharacterSet = "ISO_IR 192"
    write_part10(made, path)
    done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, timeout=60, check=False)
    assert [] == [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")]
    read = dcmread(path)
    assert DOCUMENT == read.EncapsulatedDocument[: read.EncapsulatedDocumentLength]
    assert "Yamada^Taro=山田^太郎=やまだ^たろう" == str(read.PatientName)


def test_the_same_version_is_the_same_object() -> None:
    one, again = (encapsulated_pdf(signed_report(), "0" * 64, DOCUMENT, STUDY) for _ in range(2))
    other = encapsulated_pdf(signed_report(), "1" * 64, DOCUMENT, STUDY)
    assert one.SOPInstanceUID == again.SOPInstanceUID != other.SOPInstanceUID
    assert one.SeriesInstanceUID == other.SeriesInstanceUID


def test_a_report_arrives(sender: ReportSender, database: Database, clock: SetClock) -> None:
    report = signed_report()
    with receiver() as dest:
        know(database, clock, report.site.code, dest.address)
        sent = sender.send(READER, report.report_id, "DEST")
    assert (Fate.SENT, 0) == (sent.fate, sent.status)
    implicit = dest.syntaxes[sent.sop_instance_uid] == "1.2.840.10008.1.2"
    arrived = read_dataset(BytesIO(dest.received[sent.sop_instance_uid]), implicit, True)
    assert report.study.study_uid == arrived.StudyInstanceUID
    assert "読影レポート" == arrived.DocumentTitle


def test_no_report_goes_where_its_study_may_not(sender: ReportSender, database: Database, clock: SetClock) -> None:
    with pytest.raises(DestinationUnknown):
        sender.send(READER, "1", "DEST")
    know(database, clock, "SOMEBODY", Address("127.0.0.1", 1))
    with pytest.raises(DestinationMayNotSee):
        sender.send(READER, "1", "DEST")
