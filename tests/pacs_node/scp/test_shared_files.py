"""Proves that every real file of the shared folder, sent by C-STORE, is stored byte for byte or refused in order,
as its index says, and that the node answers after each."""

from __future__ import annotations

import io
from dataclasses import dataclass

import pytest
from pydicom import dcmread

from tests.pacs_node.conftest import Hub
from tests.support.raw_scu import IMPLICIT_LITTLE, VERIFICATION, association
from tests.support.shared_files import FOLDER, index, needs_shared_files

Address = tuple[str, int]

# index.csv calls worklist items conformant, which they are; but they are no instances: their data sets have
# no SOPInstanceUID.
_NO_INSTANCES = "worklist/"
# Statuses of PS3.4 table B.2-1 and PS3.7 annex C by which an instance is refused.
_REFUSALS = {0x0111, 0x0122, 0x0124, 0xA700, 0xA900, 0xC000}
_A_UID = "2.25.4711"


@dataclass
class Sendable:
    """What a sender that trusts the file would send."""

    sop_class: str
    sop_instance: str
    syntax: str
    data_set: bytes


def sendable(content: bytes) -> Sendable:
    """Take a file apart as a careless sender does: what can't be read is guessed, the bytes go as they are."""
    meta_end = 0
    if content[128:132] == b"DICM":
        meta_end = 132
        while content[meta_end : meta_end + 2] == b"\x02\x00":
            long = content[meta_end + 4 : meta_end + 6] in (b"OB", b"UN", b"UT")
            at = meta_end + (8 if long else 6)
            meta_end = at + (4 if long else 2) + int.from_bytes(content[at : at + (4 if long else 2)], "little")
    try:
        ds = dcmread(io.BytesIO(content), force=True, stop_before_pixels=True)
        guessed = IMPLICIT_LITTLE if ds.original_encoding[0] else ""
        syntax = str(ds.file_meta.get("TransferSyntaxUID", "")) or guessed
        uids = str(ds.get("SOPClassUID", "")), str(ds.get("SOPInstanceUID", ""))
    except Exception:
        syntax, uids = "", ("", "")
    sop_class, sop_instance = (uid if 0 < len(uid) <= 64 else "" for uid in uids)
    return Sendable(
        sop_class or "1.2.840.10008.5.1.4.1.1.7",
        sop_instance or _A_UID,
        syntax or "1.2.840.10008.1.2.1",
        content[meta_end:],
    )


def store(address: Address, sent: Sendable) -> int:
    """C-STORE the bytes, then C-ECHO on the same association; returns the status of the first."""
    with association(address, [(sent.sop_class, [sent.syntax]), (VERIFICATION, [IMPLICIT_LITTLE])]) as scu:
        status = scu.store(1, sent.sop_class, sent.sop_instance, sent.data_set).status
        assert scu.echo(3) == 0
    return status


@needs_shared_files
@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, of the files that are broken
def test_every_file_is_stored_byte_equal_or_refused_in_order(hub: Hub, address: Address) -> None:
    wrong: list[str] = []
    holders: dict[str, str] = {}
    for line in index():
        path, expected = line["path"], line["expected"]
        sent = sendable((FOLDER / path).read_bytes())
        before = len(hub.files_on_disk())
        status = store(address, sent)
        after = len(hub.files_on_disk())
        first = holders.get(sent.sop_instance)
        if status == 0:
            holders.setdefault(sent.sop_instance, path)
        allowed = {0} if expected == "ok" else _REFUSALS if expected == "reject" else {0, *_REFUSALS}
        if path.startswith(_NO_INSTANCES):
            allowed = _REFUSALS
        if first is not None:
            # The index's notes name these: other objects under a UID that is taken.
            allowed = {0x0111}
        if status not in allowed or after - before != (1 if status == 0 else 0):
            wrong.append(f"{path} ({expected}): status {status:04X}, {after - before} files kept")
    assert wrong == []
    assert len(holders) > 400
    not_equal = []
    for sop_instance, path in holders.items():
        study = next(iter(hub.studies_of(sop_instance)))
        [record] = hub.catalogue.instances(study, sop_instance_uid=sop_instance)
        if record.path.read_bytes()[record.dataset_offset :] != sendable((FOLDER / path).read_bytes()).data_set:
            not_equal.append(path)
    assert not_equal == []
