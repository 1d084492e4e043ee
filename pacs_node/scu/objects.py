"""Sending objects that the hub makes itself: they are files for as long as they are on their way."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from pacs_node.header.outgoing_text import encode_dataset_text
from pacs_node.ingest.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, read_header
from pacs_node.model import InstanceRecord
from pacs_node.peers.model import Peer
from pacs_node.scu.model import Sent
from pacs_node.scu.sending import StorageScu
from shared_kernel.clock import Clock


def send_objects(
    scu: StorageScu, peer: Peer, datasets: Sequence[Dataset], *, site_code: str, clock: Clock
) -> list[Sent]:
    """Send data sets with all their UIDs; their texts go in the smallest character set that the peer is known to take.

    Changes the data sets (SpecificCharacterSet). Raises ValueError for a peer without an address.
    """
    with tempfile.TemporaryDirectory() as folder:
        records = []
        for number, dataset in enumerate(datasets):
            encode_dataset_text(dataset, peer.intake.character_set)
            path = Path(folder) / f"{number}.dcm"
            write_part10(dataset, path)
            records.append(_record(dataset, path, site_code, clock))
        return list(scu.send(peer, records))


def write_part10(dataset: Dataset, path: Path) -> None:
    """Write a data set of our own as a Part 10 file in Explicit VR Little Endian."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    dataset.file_meta = meta
    dcmwrite(path, dataset, enforce_file_format=True)


def _record(dataset: Dataset, path: Path, site_code: str, clock: Clock) -> InstanceRecord:
    with path.open("rb") as file:
        meta = read_header(file)
    return InstanceRecord(
        study_uid=str(dataset.StudyInstanceUID),
        series_uid=str(dataset.SeriesInstanceUID),
        sop_instance_uid=meta.sop_instance_uid,
        sop_class_uid=meta.sop_class_uid,
        transfer_syntax_uid=meta.transfer_syntax_uid,
        site_code=site_code,
        path=path,
        dataset_offset=meta.dataset_offset,
        size=path.stat().st_size,
        received_at=clock.now(),
    )
