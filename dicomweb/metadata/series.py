"""The metadata of a whole series: one compressed block, made once for the files that it has."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from dicomweb.metadata.block_files import BlockFiles
from dicomweb.metadata.gzip_joining import FAST, SMALL, Packed, pack, unpack
from dicomweb.metadata.instance import InstanceJson, at_address
from pacs_node.model import InstanceRecord

# Raised with every change in how DICOM JSON is written: blocks of before are then made anew.
_WRITING = 2
_LONGEST_WAIT_SECONDS = 60.0


class SeriesMetadata:
    """Blocks of JSON objects with commas between, in the order of the records.

    A block counts for exactly the files that it was made of, in their order: images that come later, a new version,
    another order or fewer images give another stamp, and the block is made anew. Whether somebody may see it is
    asked elsewhere, and before.
    """

    def __init__(self, files: BlockFiles, address: str = "") -> None:
        """`address` is the service's, where it is known before anybody asks."""
        self._files = files
        self._instances = InstanceJson()
        self._making = threading.Lock()
        self._address = address

    def instance(self, record: InstanceRecord, address: str) -> bytes:
        """One instance's JSON object."""
        return at_address(self._instances.of(record)[0], address)

    def kept(self, records: Sequence[InstanceRecord], address: str) -> Packed | None:
        """The block of all records of a series, if it is made already."""
        self._address = address
        study_uid, series_uid = records[0].study_uid, records[0].series_uid
        stamp = _stamp(records)
        found = self._files.read(study_uid, series_uid, stamp)
        if found is None:
            return None
        before, packed = found
        if before == address:
            return packed
        moved = pack([at_address(unpack(packed), address, before)], FAST)
        if not before:  # made before anybody had asked; hubs that have several addresses would write without end
            self._files.write(study_uid, series_uid, stamp, address, moved)
        return moved

    def get(self, records: Sequence[InstanceRecord], address: str) -> tuple[Packed, bool]:
        """The block of all records of a series, made now if it has to be; and whether all files could be read.

        What lacks something is not kept, here or by callers: the file may be put right tomorrow.
        """
        found = self.kept(records, address)
        if found is not None:
            return found, True
        # One at a time: who comes for the same series finds it made, and two at once would take the same processor.
        alone = self._making.acquire(timeout=_LONGEST_WAIT_SECONDS)
        try:
            found = self.kept(records, address)
            return (found, True) if found is not None else self._make(records, address, keep=True)
        finally:
            if alone:
                self._making.release()

    def prepare(self, records: Sequence[InstanceRecord], breathe: Callable[[], None]) -> bool:
        """Make the block in the background, for the address that was asked for last; False: it was there.

        `breathe` is called before each instance; what it raises ends the work, and nothing is kept of it.
        """
        if self._files.read(records[0].study_uid, records[0].series_uid, _stamp(records)) is not None:
            return False
        self._make(records, self._address, keep=False, breathe=breathe)
        return True

    def _make(
        self, records: Sequence[InstanceRecord], address: str, *, keep: bool, breathe: Callable[[], None] | None = None
    ) -> tuple[Packed, bool]:
        complete = True

        def pieces() -> Iterator[bytes]:
            nonlocal complete
            for number, record in enumerate(records):
                if breathe is not None:
                    breathe()
                text, readable = self._instances.of(record, keep=keep)
                complete = complete and readable
                yield (b"," if number else b"") + at_address(text, address)

        packed = pack(pieces(), SMALL)
        if complete:
            self._files.write(records[0].study_uid, records[0].series_uid, _stamp(records), address, packed)
        return packed, complete


def by_series(records: Sequence[InstanceRecord]) -> list[list[InstanceRecord]]:
    """Records that are ordered by series, one list a series."""
    return [list(group) for _, group in groupby(records, lambda record: record.series_uid)]


def _stamp(records: Sequence[InstanceRecord]) -> str:
    digest = hashlib.blake2b(str(_WRITING).encode(), digest_size=16)
    for record in records:
        told = f"|{record.sop_instance_uid}|{record.path.name}|{record.size}|{record.received_at.timestamp()}"
        digest.update(told.encode())
    return digest.hexdigest()
