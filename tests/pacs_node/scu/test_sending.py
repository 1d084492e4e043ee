"""Proves that files of every transfer syntax arrive at a peer that takes one native syntax only, with their pixels."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.filereader import read_dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from pacs_node.model import InstanceRecord
from pacs_node.peers.model import Peer
from pacs_node.scu.contexts import batches, proposals
from pacs_node.scu.model import Fate, fate_of
from pacs_node.scu.sending import StorageScu
from pacs_node.transcoding.outgoing import reachable
from tests.pacs_node.scp.query_retrieve.receiver import receiver
from tests.pacs_node.transcoding.test_outgoing import record_of
from tests.support.objects import ct
from tests.support.shared_files import FOLDER, index, needs_shared_files
from tests.support.waiting import until


@needs_shared_files
@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
@pytest.mark.filterwarnings("ignore")
def test_every_transfer_syntax_arrives_native(syntax: str) -> None:
    by_uid: dict[str, InstanceRecord] = {}
    for row in index():
        if row["path"].startswith("transfer_syntax/"):
            record = record_of(FOLDER / row["path"])
            by_uid.setdefault(record.sop_instance_uid, record)
    records = list(by_uid.values())
    with receiver(syntaxes=[syntax]) as dest:
        peer = Peer(ae_title="DEST", site_code="CLINIC", address=dest.address)
        outcome = {sent.sop_instance_uid: sent for sent in StorageScu("DOKUEI", patience=60).send(peer, records)}
    assert by_uid.keys() == outcome.keys()
    for uid, record in by_uid.items():
        if str(syntax) not in reachable(record.transfer_syntax_uid):
            assert Fate.FAILED == outcome[uid].fate
            continue
        try:
            expected = dcmread(record.path).pixel_array
        except Exception:  # a picture that nothing decodes can't be sent decoded
            assert Fate.FAILED == outcome[uid].fate or uid in dest.received
            continue
        arrived = read_dataset(BytesIO(dest.received[uid]), syntax == ImplicitVRLittleEndian, True)
        arrived.file_meta = FileMetaDataset()
        arrived.file_meta.TransferSyntaxUID = syntax
        assert np.array_equal(expected, arrived.pixel_array), record.path.name
    assert len(dest.received) > len(records) / 2


def test_one_whose_file_is_gone_fails_alone_and_no_file_stays_open(tmp_path: Path) -> None:
    records = []
    for number in range(6):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(ct(InstanceNumber=number + 1).file)
        records.append(record_of(path))
    records[3].path.unlink()
    open_before = set(Path("/proc/self/fd").iterdir())

    def break_off(event: Any) -> None:
        if len(dest.order) == 1:
            event.assoc.abort()

    with receiver(before=break_off) as dest:
        peer = Peer(ae_title="DEST", site_code="CLINIC", address=dest.address)
        outcome = list(StorageScu("DOKUEI", patience=20).send(peer, records))
        assert [each.sop_instance_uid for each in records] == [sent.sop_instance_uid for sent in outcome]
        assert [Fate.SENT] * 3 + [Fate.FAILED] + [Fate.SENT] * 2 == [sent.fate for sent in outcome]
        assert outcome[3].again
        abandoned = StorageScu("DOKUEI", patience=20).send(peer, records)
        next(abandoned)
        abandoned.close()
    until(lambda: set(Path("/proc/self/fd").iterdir()) <= open_before)


def test_more_classes_than_an_association_has_contexts_go_on_several(tmp_path: Path) -> None:
    path = tmp_path / "one.dcm"
    path.write_bytes(ct().file)
    record = record_of(path)
    many = [
        InstanceRecord(
            study_uid="1",
            series_uid="1",
            sop_instance_uid=f"1.{number}",
            sop_class_uid=f"1.2.3.{number}",
            transfer_syntax_uid=record.transfer_syntax_uid,
            site_code="CLINIC",
            path=path,
            dataset_offset=record.dataset_offset,
            size=record.size,
            received_at=record.received_at,
        )
        for number in range(150)
    ]
    made = list(batches(many, ()))
    assert many == [each for batch in made for each in batch]
    assert all(len(proposals(batch, ())) <= 128 for batch in made)


@pytest.mark.parametrize(
    ("status", "fate"),
    [(0, Fate.SENT), (0xB000, Fate.WARNING), (0x0107, Fate.WARNING), (0xA700, Fate.FAILED), (0x0111, Fate.FAILED)],
)
def test_statuses_have_their_classes(status: int, fate: Fate) -> None:
    assert fate == fate_of(status)
